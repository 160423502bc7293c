//! Audit and CloudTrail logs.

use std::io::Write;

use ringwall_model::{LogKind, Tree};
use ringwall_snapshot::read_log;

use crate::folder::Folder;

/// The events of a folder's logs by line and `n`, and the problems.
fn events(folder: &Folder) -> (Vec<(u32, i64)>, Vec<String>) {
    let (mut events, mut problems) = (Vec::new(), Vec::new());
    for log in &folder.read().cluster.logs {
        let found = read_log(folder.root(), log, &mut |line, tree| {
            events.push((line, tree.get("n").and_then(Tree::as_i64).unwrap()));
        });
        problems.extend(found.iter().map(ToString::to_string));
    }
    (events, problems)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame with one raw block.
fn zstd(text: &str) -> Vec<u8> {
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38];
    let header = 1 | u32::try_from(text.len()).unwrap() << 3;
    frame.extend_from_slice(&header.to_le_bytes()[..3]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

#[test]
fn a_bad_line_costs_itself_alone() {
    let text = "{\"n\": 1}\n{\"n\": \n\n[2]\n{\"n\": 3} {}\n{\"n\": 4}\r\n{\"n\": 5}";
    let (found, problems) = events(&Folder::with(&[("audit/a.log", text)]));
    assert_eq!(found, [(1, 1), (6, 4), (7, 5)]);
    assert_eq!(problems.len(), 3, "{problems:#?}");
    assert!(problems[0].starts_with("audit/a.log:2: not valid JSON"), "{problems:#?}");
    assert_eq!(problems[1], "audit/a.log:4: an audit event is expected, not a list");
    assert_eq!(problems[2], "audit/a.log:5: more than one value stands in the line");
}

#[test]
fn logs_may_be_compressed() {
    let text = "{\"n\": 1}\n{\"n\": 2}\n";
    for (name, bytes) in [("audit/a.log.gz", gzip(text)), ("audit/a.jsonl.zst", zstd(text))] {
        assert_eq!(events(&Folder::new().file(name, bytes)), (vec![(1, 1), (2, 2)], Vec::new()), "{name}");
    }
    let cut = gzip(text);
    let (_, problems) = events(&Folder::new().file("audit/a.gz", &cut[..cut.len() - 9]));
    assert_eq!(problems.len(), 1);
}

#[test]
fn an_overlong_line_is_skipped() {
    let text = format!(
        "{{\"n\": 1}}\n{}\n{{\"n\": 3}}\n",
        "x".repeat(ringwall_snapshot::limits::MAX_LINE_BYTES + 10)
    );
    let (found, problems) = events(&Folder::with(&[("audit/a.log", &text)]));
    assert_eq!(found, [(1, 1), (3, 3)]);
    assert_eq!(problems, ["audit/a.log:2: the line is longer than 8 MiB"]);
}

#[test]
fn cloud_trail_files_hold_records() {
    let folder = Folder::with(&[
        ("cloudtrail/a.json", "{\"Records\": [\n{\"n\": 1},\n{\"n\": 2}]}"),
        ("cloudtrail/b/empty.json", "{\"Records\": []}"),
        ("cloudtrail/c.json", "{\"records\": []}"),
    ])
    .file("cloudtrail/d.json.gz", gzip("{\"Records\": [{\"n\": 3}]}"));
    let logs = folder.read().cluster.logs;
    assert!(logs.iter().all(|log| log.kind == LogKind::CloudTrail && log.bytes > 0));
    let (found, problems) = events(&folder);
    assert_eq!(found, [(2, 1), (3, 2), (1, 3)]);
    assert_eq!(problems, ["cloudtrail/c.json:1: no CloudTrail file: it has no list `Records`"]);
}
