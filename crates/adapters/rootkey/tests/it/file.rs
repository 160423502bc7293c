use std::fs;
use std::os::unix::fs::{chown, symlink};

use ringwall_model::Secret;

use super::{Folders, mode, refusal, set_mode, wraps_and_unwraps};

#[test]
fn a_key_file_is_made_once_for_its_owner_alone() {
    let folders = Folders::new();
    let source = folders.source("file", "root.key");
    let created = source.create(&folders.data()).unwrap();
    wraps_and_unwraps(&*created);
    assert_eq!(mode(&folders.path("root.key")), 0o600);

    let opened = source.open(&folders.data()).unwrap();
    assert_eq!(created.describe(), opened.describe());
    let wrapped = created.wrap("test", &Secret::new(b"key".to_vec())).unwrap();
    assert_eq!(opened.unwrap("test", &wrapped).unwrap().expose(), b"key");

    let before = fs::read(folders.path("root.key")).unwrap();
    let again = refusal(source.create(&folders.data()), &folders);
    assert!(again.starts_with("`…/root.key` exists already"), "{again}");
    assert_eq!(fs::read(folders.path("root.key")).unwrap(), before);
}

#[test]
fn the_file_is_that_of_the_reference() {
    let folders = Folders::new();
    let example = include_str!("../../../../../docs/reference/root-keys.md");
    let lines: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix("    ")).take(2).collect();
    folders.write("root.key", &lines.join("\n"), 0o600);
    let root = folders.source("file", "root.key").open(&folders.data()).unwrap();
    assert!(root.describe().starts_with("the root key da0dbad48163a562 in "));
}

#[test]
fn what_it_says_of_itself_is_no_secret() {
    let folders = Folders::new();
    let root = folders.source("file", "root.key").create(&folders.data()).unwrap();
    let text = String::from_utf8(fs::read(folders.path("root.key")).unwrap()).unwrap();
    let key = text.lines().nth(1).unwrap();
    assert!(!root.describe().contains(key));
}

#[test]
fn a_file_that_others_can_use_is_refused() {
    let folders = Folders::new();
    let source = folders.source("file", "root.key");
    source.create(&folders.data()).unwrap();
    for exposed in [0o640, 0o604, 0o620, 0o601, 0o644, 0o777] {
        set_mode(&folders.path("root.key"), exposed);
        let expected = format!(
            "`…/root.key` can be used by others than its owner, its mode is {exposed:04o} (hint: chmod 600)"
        );
        assert_eq!(refusal(source.open(&folders.data()), &folders), expected);
    }
    set_mode(&folders.path("root.key"), 0o400);
    source.open(&folders.data()).unwrap();
}

#[test]
fn a_file_of_another_user_is_refused() {
    let folders = Folders::new();
    let source = folders.source("file", "root.key");
    source.create(&folders.data()).unwrap();
    // Only root can give a file away; for others there is no such file to open.
    if chown(folders.path("root.key"), Some(65534), None).is_ok() {
        let refused = refusal(source.open(&folders.data()), &folders);
        assert!(refused.starts_with("`…/root.key` belongs to user 65534"), "{refused}");
    }
}

#[test]
fn links_and_what_is_no_file_are_refused() {
    let folders = Folders::new();
    folders.source("file", "root.key").create(&folders.data()).unwrap();
    symlink(folders.path("root.key"), folders.path("link")).unwrap();
    let link = folders.source("file", "link");
    let refused = refusal(link.open(&folders.data()), &folders);
    assert!(refused.starts_with("`…/link` is a symbolic link"), "{refused}");

    symlink(folders.path("nowhere"), folders.path("dangling")).unwrap();
    let dangling = folders.source("file", "dangling");
    let refused = refusal(dangling.create(&folders.data()), &folders);
    assert!(refused.starts_with("`…/dangling` exists already"), "{refused}");
    assert!(!folders.path("nowhere").exists(), "made through the link");

    fs::create_dir(folders.path("folder")).unwrap();
    let refused = refusal(folders.source("file", "folder").open(&folders.data()), &folders);
    assert_eq!(refused, "`…/folder` is not a regular file");

    make_pipe(&folders);
    let refused = refusal(folders.source("file", "pipe").open(&folders.data()), &folders);
    assert_eq!(refused, "`…/pipe` is not a regular file");
}

fn make_pipe(folders: &Folders) {
    let made = std::process::Command::new("mkfifo").arg(folders.path("pipe")).status().unwrap();
    assert!(made.success());
}

#[test]
fn a_key_does_not_lie_in_the_data_folder() {
    let folders = Folders::new();
    fs::create_dir(folders.path("data/deep")).unwrap();
    symlink(folders.path("data"), folders.path("way-in")).unwrap();
    let before = "lies in the data folder `…/data`";
    for inside in ["data/root.key", "data/deep/root.key", "way-in/root.key", "data/../data/root.key"] {
        let source = folders.source("file", inside);
        for refused in [
            refusal(source.create(&folders.data()), &folders),
            refusal(source.open(&folders.data()), &folders),
        ] {
            assert!(refused.contains(before), "{inside}: {refused}");
        }
        assert!(!folders.path(inside).exists(), "{inside}");
    }
    // A name that only begins like the folder's, and a data folder that isn't there yet.
    fs::create_dir(folders.path("database")).unwrap();
    folders.source("file", "database/root.key").create(&folders.data()).unwrap();
    folders.source("file", "other.key").create(&folders.path("not-yet")).unwrap();
}

#[test]
fn what_is_no_key_file_is_told() {
    let folders = Folders::new();
    let source = folders.source("file", "root.key");
    let missing = refusal(source.open(&folders.data()), &folders);
    assert!(missing.starts_with("`…/root.key`: opening it: No such file"), "{missing}");
    let nowhere = refusal(folders.source("file", "no/root.key").create(&folders.data()), &folders);
    assert!(nowhere.starts_with("`…/no`: looking for the folder: No such file"), "{nowhere}");

    source.create(&folders.data()).unwrap();
    let good = String::from_utf8(fs::read(folders.path("root.key")).unwrap()).unwrap();
    let (head, key) = good.split_once('\n').unwrap();
    let typo = format!("{head}\n{}{}", if key.starts_with('A') { 'B' } else { 'A' }, &key[1..]);
    let short = good.trim_end().trim_end_matches('=').to_owned();
    let damaged = "`…/root.key`: the root key in it is damaged (hint: take your copy of it)";
    let other = "`…/root.key`: it is not a root key's file (hint: it is made by `ringwall init`)";
    let too_long = "`…/root.key`: it is too long to hold a secret";
    let long = format!("{good}{}", "x".repeat(4096));
    let empty =
        "`…/root.key`: it is empty: making it was interrupted (hint: nothing was sealed under it, remove it)";
    for (contents, expected) in [
        ("", empty),
        ("hunter2\n", other),
        ("ringwall-root-key v2 00\n", other),
        ("ringwall-root-key v1 0011223344556677\n", damaged),
        (&typo, damaged),
        (&short, damaged),
        (&format!("{good}more\n"), damaged),
        (&long, too_long),
    ] {
        folders.write("root.key", contents, 0o600);
        assert_eq!(refusal(source.open(&folders.data()), &folders), expected, "{contents:?}");
    }
    folders.write("root.key", good.trim_end(), 0o600);
    source.open(&folders.data()).unwrap();
}

#[test]
fn another_key_file_is_told_by_its_id() {
    let folders = Folders::new();
    let one = folders.source("file", "one.key").create(&folders.data()).unwrap();
    let two = folders.source("file", "two.key").create(&folders.data()).unwrap();
    let wrapped = one.wrap("test", &Secret::new(vec![1; 32])).unwrap();
    let refused = two.unwrap("test", &wrapped).unwrap_err().to_string();
    assert!(refused.starts_with("wrapped by the root key "), "{refused}");
    assert!(refused.ends_with("(hint: give the key file that was used before)"), "{refused}");
}
