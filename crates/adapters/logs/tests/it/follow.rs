use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use ringwall_logs::{Entry, Follower, Mark, Polled, Start};

use crate::{event, note};

fn poll(follower: &mut Follower) -> (Vec<String>, Polled) {
    let mut entries = Vec::new();
    let polled = follower.poll(&mut |entry: &Entry<'_>| note(entry, &mut entries));
    (entries, polled)
}

fn entries(follower: &mut Follower) -> Vec<String> {
    poll(follower).0
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn line(id: &str) -> String {
    event(id) + "\n"
}

#[test]
fn a_file_is_followed_while_it_grows_in_whatever_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let mut follower = Follower::new(vec![path.clone()], Start::Beginning);
    assert_eq!(poll(&mut follower).1.problems.len(), 1, "it is not there yet");
    append(&path, &line("a"));
    assert_eq!(entries(&mut follower), ["audit a:1"]);
    let (first, second) = (&line("b")[..50], &line("b")[50..]);
    append(&path, first);
    assert_eq!(entries(&mut follower), [""; 0]);
    append(&path, second);
    append(&path, &line("c"));
    assert_eq!(entries(&mut follower), ["audit b:2", "audit c:3"]);
    assert_eq!(poll(&mut follower).1.bytes, 0);
    assert_eq!(follower.tallies().map(|tally| tally.audit).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_renamed_file_is_read_to_its_end_and_the_next_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("audit.log"), folder.path().join("audit-old.log"));
    for named in [path.clone(), folder.path().to_owned()] {
        let is_folder = named.is_dir();
        append(&path, &line("a"));
        let mut follower = Follower::new(vec![named], Start::Beginning);
        assert_eq!(entries(&mut follower), ["audit a:1"]);
        let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
        writer.write_all(line("b").as_bytes()).unwrap();
        fs::rename(&path, &old).unwrap();
        append(&path, &line("c"));
        assert_eq!(entries(&mut follower), ["audit b:2", "audit c:1"]);
        // Whoever writes does not know yet.
        writer.write_all(line("late").as_bytes()).unwrap();
        let (told, polled) = poll(&mut follower);
        assert_eq!(told, ["audit late:3"]);
        // In a folder it is still there.
        let done: Vec<u64> = polled.done.iter().map(|tally| tally.audit).collect();
        assert_eq!(done, if is_folder { vec![] } else { vec![3] });
        fs::remove_file(&path).unwrap();
        fs::remove_file(&old).unwrap();
    }
}

#[test]
fn an_emptied_file_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    append(&path, &line("a"));
    let mut follower = Follower::new(vec![path.clone()], Start::Beginning);
    assert_eq!(entries(&mut follower), ["audit a:1"]);
    File::create(&path).unwrap();
    append(&path, &line("b"));
    assert_eq!(entries(&mut follower), ["audit b:1"], "of the same length");
    File::create(&path).unwrap();
    append(&path, &(line("c") + &line("d")));
    let (told, polled) = poll(&mut follower);
    assert_eq!(told, ["audit c:1", "audit d:2"], "longer than before");
    assert_eq!(polled.done.len(), 1);
}

#[test]
fn a_folder_is_watched_for_new_files() {
    let folder = tempfile::tempdir().unwrap();
    append(&folder.path().join("old.log"), &line("old"));
    let mut follower = Follower::new(vec![folder.path().to_owned()], Start::End);
    assert_eq!(entries(&mut follower), [""; 0]);
    append(&folder.path().join("old.log"), &line("a"));
    fs::create_dir(folder.path().join("below")).unwrap();
    append(&folder.path().join("below/new.log"), &line("b"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(line("packed").as_bytes()).unwrap();
    fs::write(folder.path().join("z.gz"), gzip.finish().unwrap()).unwrap();
    let mut all = entries(&mut follower);
    all.extend(entries(&mut follower));
    all.sort();
    assert_eq!(all, ["audit a:1", "audit b:1", "audit packed:1"]);
    assert_eq!(entries(&mut follower), [""; 0]);
}

#[test]
fn another_follower_goes_on_where_one_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let named = || Follower::new(vec![folder.path().to_owned()], Start::End);
    append(&path, &line("old"));
    let mut follower = named();
    assert_eq!(entries(&mut follower), [""; 0], "it was there before");
    append(&path, &(line("a") + &line("b")[..40]));
    assert_eq!(entries(&mut follower), ["audit a:1"]);
    let marks: Vec<Mark> = serde_json::from_slice(&serde_json::to_vec(&follower.marks()).unwrap()).unwrap();
    assert_eq!(marks, follower.marks());

    append(&path, &line("b")[40..]);
    fs::rename(&path, folder.path().join("audit-1.log")).unwrap();
    append(&path, &line("c"));
    let mut follower = named().resume(marks.clone());
    assert_eq!(entries(&mut follower), ["audit b:2", "audit c:1"], "the open line whole, and the new file");
    assert_eq!(entries(&mut named().resume(follower.marks())), [""; 0]);

    // Another file in its place is not gone on with.
    fs::write(folder.path().join("audit-1.log"), line("x") + &line("y") + &line("z")).unwrap();
    let mut follower = named().resume(marks);
    assert_eq!(entries(&mut follower), ["audit x:1", "audit y:2", "audit z:3", "audit c:1"]);
}

#[test]
fn within_a_document_there_is_no_going_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.json");
    append(&path, &line("a"));
    let mut follower = Follower::new(vec![path.clone()], Start::Beginning);
    entries(&mut follower);
    append(&path, &format!("{{\"kind\": \"EventList\", \"items\": [\n{},\n", event("b")));
    assert_eq!(entries(&mut follower), ["audit b:3"]);
    append(&path, &format!("{}\n]}}\n", event("c")));
    let mut other = Follower::new(vec![path], Start::Beginning).resume(follower.marks());
    assert_eq!(entries(&mut other), ["audit b:3", "audit c:4"], "again, rather than not");
}
