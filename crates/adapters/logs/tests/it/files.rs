use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use ringwall_logs::limits::{MAX_RATIO, RATIO_FREE_BYTES};
use ringwall_logs::{Entry, Found, Tally, find};

use crate::{event, note, record};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn read_all(found: &Found) -> (Vec<String>, Vec<Tally>) {
    let mut entries = Vec::new();
    let read = |file| {
        let mut taken = 0;
        let mut sink = |entry: &Entry<'_>| note(entry, &mut entries);
        let tally = ringwall_logs::read(file, &mut sink, &mut |bytes| taken = bytes);
        assert!(tally.stopped.is_some() || taken == file.bytes, "{taken} of {}", file.bytes);
        tally
    };
    let tallies = found.files.iter().map(read).collect();
    (entries, tallies)
}

#[test]
fn compression_is_told_by_content_and_may_have_many_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (format!("{}\n", event("a")), format!("{}\n", event("b")));
    let skipped = [b"\x50\x2a\x4d\x18\x03\0\0\0xyz".to_vec(), zstd(b.as_bytes())].concat();
    let bytes = [
        ("1.gz", [gzip(a.as_bytes()), gzip(b.as_bytes())].concat()),
        ("2.zst", [zstd(a.as_bytes()), skipped].concat()),
        ("3", gzip((a + &b).as_bytes())),
        ("4.gz", event("c").into_bytes()),
    ];
    for (name, bytes) in bytes {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let (entries, _) = read_all(&find(&[folder.path().to_owned()]));
    let pair = ["audit a:1", "audit b:2"];
    assert_eq!(entries, [&pair[..], &pair[..], &pair[..], &["audit c:1"]].concat());
}

#[test]
fn folders_are_read_by_name_and_what_is_no_log_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let trail = gzip(format!("{{\"Records\":[{}]}}", record("t")).as_bytes());
    let line = |id| format!("{}\n", event(id)).into_bytes();
    let files: [(&str, Vec<u8>); 10] = [
        ("b.jsonl", line("b")),
        ("a/2.jsonl", line("a2")),
        ("a/10.jsonl", line("a10")),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/12/x.json.gz", trail.clone()),
        ("AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/2026/10/12/y.json.gz", trail),
        ("AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/d.json.gz", line("digest")),
        ("AWSLogs/111122223333/vpcflowlogs/eu-west-1/f.log", line("flow")),
        (".hidden", line("hidden")),
        ("README.md", line("readme")),
        ("aws-logs-write-test", line("test")),
    ];
    for (name, bytes) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    std::os::unix::fs::symlink(root, root.join("a/loop")).unwrap();
    let named = [root.to_owned(), root.join("b.jsonl"), root.join("nothing")];
    let found = find(&named);
    let (entries, tallies) = read_all(&found);
    assert_eq!(entries, ["trail t:1", "trail t:1", "audit a10:1", "audit a2:1", "audit b:1"]);
    assert_eq!(&*tallies[4].file, root.join("b.jsonl").to_str().unwrap());
    assert_eq!((found.other_services, found.problems.len()), (1, 1));
    assert_eq!(found.problems[0].why, "there is no such file or folder");
}

#[test]
fn of_a_snapshot_its_logs_are_read() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../examples/storefront"));
    let (entries, tallies) = read_all(&find(&[root]));
    assert!(tallies.iter().all(|tally| !tally.is_incomplete()), "{tallies:?}");
    assert_eq!(tallies.len(), 7);
    assert!(entries.iter().any(|entry| entry.starts_with("trail")) && entries.len() > 12);
}

#[test]
fn a_bomb_and_a_damaged_file_cost_themselves_alone() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = vec![b'\n'; usize::try_from(RATIO_FREE_BYTES * 2).unwrap()];
    let bomb = gzip(&nothing);
    assert!(bomb.len() as u64 * MAX_RATIO < nothing.len() as u64);
    let lines = (0..1000).map(|id| event(&id.to_string()) + "\n").collect::<String>();
    let damaged = gzip(lines.as_bytes());
    fs::write(folder.path().join("1-bomb.gz"), bomb).unwrap();
    fs::write(folder.path().join("2-damaged.gz"), &damaged[..damaged.len() / 2]).unwrap();
    fs::write(folder.path().join("3.jsonl"), event("last")).unwrap();
    let (entries, tallies) = read_all(&find(&[folder.path().to_owned()]));
    let why: Vec<_> =
        tallies.iter().map(|tally| tally.stopped.as_ref().map(|why| why.why.as_str())).collect();
    assert_eq!(why[0], Some("it grows more than 300 times when decompressed"));
    assert!(why[1].is_some_and(|why| why.starts_with("can't decompress it")) && tallies[1].audit > 100);
    assert_eq!((why[2], entries.last().map(String::as_str)), (None, Some("audit last:1")));
}
