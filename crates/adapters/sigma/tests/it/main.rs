//! Rules from files, events from lines, matches from both.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy lets unit tests panic, but not the helpers of integration tests"
)]

mod corpus;
mod pack;
mod peer;
mod rules;
#[path = "../../../../../fuzz/sigma.rs"]
mod sigma;
mod state;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use ringwall_detect::finding::Place;
use ringwall_detect::{audit, cloudtrail};
use ringwall_sigma::{Match, Rules, Sigma};

/// A file of the repository.
fn text(path: impl AsRef<std::path::Path>) -> String {
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// A folder of the repository.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..").join(name)
}

fn parsed(text: &str) -> Arc<Rules> {
    Arc::new(Rules::parse("rules.yml", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:#?}")))
}

/// Looks at a line of either log.
fn look(sigma: &mut Sigma, text: &str, line: u64) -> Vec<Match> {
    let mut found = Vec::new();
    let mut tell = |one| found.push(one);
    let is_record = text.contains(r#""eventSource""#);
    let place = Place { file: if is_record { "trail.json" } else { "audit.log" }.into(), line };
    if is_record {
        cloudtrail::read_with_json(text, &mut |record, json| {
            sigma.cloudtrail(record, json, &place, &mut tell)
        })
        .unwrap();
    } else {
        audit::read_with_json(text, &mut |event, json| sigma.audit(event, json, &place, &mut tell)).unwrap();
    }
    found
}
