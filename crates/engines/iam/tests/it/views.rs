//! The views bound each other: what is allowed at worst is allowed with absent keys, and that at best.

use proptest::prelude::*;
use ringwall_iam::line::Question;
use ringwall_iam::{View, decide};
use serde_json::{Value, json};

use crate::cases::cases;
use crate::generate;
use crate::tree::{source, tree};

/// Whether a line is allowed at worst, with absent keys, and at best; `None` if it cannot be evaluated.
fn views(line: &Value) -> Option<[bool; 3]> {
    let question = Question::parse(&tree(line), &source()).ok()?;
    let allowed = |view| decide(question.request(), &question.policies(), view).is_allowed();
    Some([View::Worst, View::Closed, View::Best].map(allowed))
}

fn are_in_order(line: &Value) -> bool {
    views(line).is_none_or(|views| views.is_sorted())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn views_are_in_order_on_generated_questions(line in generate::line()) {
        prop_assert!(are_in_order(&line), "{:?} {}", views(&line), line);
    }
}

#[test]
fn views_are_in_order_on_every_case() {
    for (file, case) in cases() {
        let request = &case["request"];
        assert!(are_in_order(request), "{file}: {}: {:?}", case["name"], views(request));
    }
}

#[test]
fn an_open_exception_of_a_deny_spares_nothing_at_worst() {
    let statements = json!([
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
        {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::a/*", "arn:aws:s3:::${aws:userid}/*"]},
    ]);
    let line = json!({
        "principal": "arn:aws:iam::111122223333:user/jane",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::*",
        "resourceAccount": "111122223333",
        "policies": {"identity": [{"name": "p", "policy": {"Version": "2012-10-17", "Statement": statements}}]},
    });
    assert_eq!(views(&line), Some([false, false, true]));
}
