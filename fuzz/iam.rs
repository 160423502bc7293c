//! What holds for any bytes that are read as IAM policies. Fuzz targets call it, and a test that replays their corpora.
#![allow(dead_code, reason = "each fuzz target calls one of these")]

use ringwall_document::Reader;
use ringwall_iam::inventory::Inventory;
use ringwall_iam::line::{Answer, Question};
use ringwall_iam::{Outcome, Policy, PolicyKind, View, decide};
use ringwall_model::Source;

const KINDS: [PolicyKind; 8] = [
    PolicyKind::Identity,
    PolicyKind::Boundary,
    PolicyKind::Session,
    PolicyKind::Resource,
    PolicyKind::Trust,
    PolicyKind::VpcEndpoint,
    PolicyKind::Scp,
    PolicyKind::Rcp,
];

/// A policy document gives a policy or says why not. Tells of how many kinds it can be.
pub(crate) fn policy(bytes: &[u8]) -> usize {
    let mut documents = Vec::new();
    Reader::default().read(&"fuzz.json".into(), bytes, &mut |document| documents.push(document.tree));
    let parse = |document, kind| {
        Policy::parse(kind, "fuzz", document, &Source::new("fuzz.json", 1))
            .inspect_err(|problems| assert!(!problems.is_empty(), "refused for no reason"))
            .is_ok()
    };
    let taken = |document| KINDS.iter().filter(|kind| parse(document, **kind)).count();
    documents.iter().map(taken).sum()
}

/// A line that cannot be evaluated allows nothing, the same line has the same answer, and what is allowed at worst is
/// allowed with absent keys, and that at best. Gives the answer, if it is JSON at all.
pub(crate) fn line(bytes: &[u8]) -> Option<Answer> {
    let source = Source::new("fuzz.jsonl", 1);
    let tree = Reader::default().read_line(&source.file, 1, bytes).ok()??;
    let answer = ringwall_iam::line::answer(&tree, &source);
    assert_eq!(answer, ringwall_iam::line::answer(&tree, &source), "asked again");
    let Ok(question) = Question::parse(&tree, &source) else {
        assert!(answer.error.is_some() && answer.statements.is_empty(), "refused: {answer:?}");
        assert_eq!(answer.decision, Outcome::ImplicitlyDenied);
        return Some(answer);
    };
    assert_eq!(answer.error, None);
    let allows = |view| decide(question.request(), &question.policies(), view).outcome == Outcome::Allowed;
    let views = [View::Worst, View::Closed, View::Best].map(allows);
    assert!(views.is_sorted(), "worst, closed, best: {views:?}");
    assert_eq!(views[1], answer.decision == Outcome::Allowed);
    Some(answer)
}

/// A file of the AWS CLI gives an inventory. Tells how many principals it has.
pub(crate) fn exports(bytes: &[u8]) -> usize {
    let snapshot = ringwall_snapshot::exports_of(&mut Reader::default(), &"aws/fuzz.json".into(), bytes);
    Inventory::of(&snapshot.cluster).principals().len()
}
