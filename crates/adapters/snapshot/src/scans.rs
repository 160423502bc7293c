//! `images/`: what scans of images told.

use std::sync::Arc;

use ringwall_model::{ImageFindings, Problem, ScannedImage, Source, Tree, Value};

use crate::fields::{text, text_at};

/// Reads the documents of `images/`, each the JSON of a scan.
pub(crate) fn read(documents: Vec<(Source, Tree)>, problems: &mut Vec<Problem>) -> Vec<ScannedImage> {
    let scans = documents.into_iter().filter_map(|(source, tree)| match scan(&source, &tree) {
        Some(scan) => Some(scan),
        None => {
            let problem = Problem::error(source, "it is not what a scan of an image prints");
            problems.push(problem.hint("made by `ringwall scan IMAGE --output json`"));
            None
        }
    });
    scans.collect()
}

fn scan(source: &Source, tree: &Tree) -> Option<ScannedImage> {
    let subject = tree.get("subject")?;
    let list = |key: &str| tree.get(key).filter(|list| matches!(list.value, Value::Sequence(_)));
    let (packages, found) = (list("packages")?, list("findings")?);
    let mut findings = ImageFindings::default();
    for finding in found.items() {
        if finding.get("suppressed").is_some() {
            continue;
        }
        let count = match finding.str("severity")? {
            "CRITICAL" => &mut findings.critical,
            "HIGH" => &mut findings.high,
            "MEDIUM" => &mut findings.medium,
            "LOW" => &mut findings.low,
            _ => &mut findings.other,
        };
        *count += 1;
        findings.fixable += usize::from(finding.str("fixedIn").is_some());
        findings.exploited +=
            usize::from(finding.get("exploited").and_then(Tree::as_bool).unwrap_or_default());
    }
    let written = |text: Option<Arc<str>>| text.filter(|text| !text.is_empty());
    Some(ScannedImage {
        source: source.clone(),
        name: text(subject, "name")?,
        digest: written(text_at(tree, &["subject", "digest"])),
        created: written(text(tree, "created")),
        advisories_as_of: written(text(tree, "advisoriesAsOf")),
        packages: packages.items().len(),
        problems: tree.list("problems").len(),
        findings,
    })
}
