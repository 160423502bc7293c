//! Logs in every form, and broken in every way.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "these are tests")]

mod corpus;
mod files;
mod follow;
mod forms;
mod hostile;
mod pieces;

use ringwall_detect::audit;
use ringwall_logs::{End, Entry, EntryKind, Reader, Tally};

/// An audit event as the apiserver writes it.
fn event(id: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"{id}","stage":"ResponseComplete","requestURI":"/api","verb":"get","user":{{"username":"ann","groups":["a","b"]}}}}"#
    )
}

/// A record as CloudTrail writes it.
fn record(id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","eventSource":"eks.amazonaws.com","eventName":"DescribeCluster","requestParameters":{{"name":"shop"}},"eventID":"{id}"}}"#
    )
}

/// Notes what is handed over: `audit` or `trail`, the id, the line, and `…` if it was cut.
fn note(entry: &Entry<'_>, entries: &mut Vec<String>) -> Result<End, String> {
    let is_cut = match entry.kind {
        EntryKind::Audit => audit::read(entry.text, &mut |_| {}).map_err(|error| error.to_string())?.cut,
        EntryKind::CloudTrail => entry.is_cut,
    };
    assert!(is_cut || !entry.is_cut);
    let id = entry.text.split(r#""auditID":"#).nth(1).or_else(|| entry.text.split(r#""eventID":"#).nth(1));
    let id = id.and_then(|rest| rest.trim_start().split('"').nth(1)).unwrap_or_default();
    let kind = if entry.kind == EntryKind::Audit { "audit" } else { "trail" };
    entries.push(format!("{kind} {id}:{}{}", entry.line, if is_cut { "…" } else { "" }));
    Ok(if is_cut { End::Missing } else { End::There })
}

/// Reads a text as a file of a name.
fn read_as(name: &str, bytes: &[u8]) -> (Vec<String>, Tally) {
    let mut entries = Vec::new();
    let mut reader = Reader::new(name.into());
    let mut sink = |entry: &Entry<'_>| note(entry, &mut entries);
    reader.feed(bytes, &mut sink);
    reader.finish(&mut sink);
    (entries, reader.into_tally())
}

fn read(text: &str) -> (Vec<String>, Tally) {
    read_as("log", text.as_bytes())
}

/// Lines that could not be read.
fn spots(tally: &Tally) -> Vec<u64> {
    tally.spots.iter().map(|spot| spot.line).collect()
}
