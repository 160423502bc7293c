use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::snapshot::{Said, run};

fn lake(arguments: &[&str]) -> Said {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    run(&arguments, "")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[test]
fn logs_are_added_once_compacted_and_expired() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/storefront");
    let add = || {
        lake(&[
            "lake",
            "add",
            logs.join("audit").to_str().unwrap(),
            logs.join("cloudtrail").to_str().unwrap(),
            "--to",
            to,
            "--detect",
        ])
    };
    let added = add();
    assert_eq!(added.status, 0, "{}", added.stderr);
    assert!(added.stderr.contains("added "), "{}", added.stderr);
    let first = files(folder.path());
    assert!(first.iter().any(|file| file.to_str().unwrap().contains("ringwall-findings/")), "{first:?}");
    assert!(first.iter().all(|file| file.to_str().unwrap().contains("/accountId=")));
    assert_eq!(add().status, 0);
    assert_eq!(files(folder.path()), first, "the same files, added again, are the same");
    let compacted = lake(&["lake", "compact", to, "--grace", "0"]);
    assert_eq!(compacted.status, 0, "{}", compacted.stderr);
    assert!(compacted.stderr.contains("files became"), "{}", compacted.stderr);
    let expired = lake(&["lake", "expire", to, "--days", "0"]);
    assert_eq!(expired.status, 0, "{}", expired.stderr);
    // Of one name, and not the same: nothing of the first is lost.
    let log = folder.path().join("audit.log");
    for (second, ids) in [(1, ["a", "b"]), (2, ["c", "d"])] {
        let line = |id: &str| {
            format!(
                r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"{id}","stage":"ResponseComplete","verb":"get","user":{{"username":"u"}},"requestURI":"/","requestReceivedTimestamp":"2026-10-12T08:05:{second:02}.0Z"}}"#
            )
        };
        fs::write(&log, ids.map(line).join("\n")).unwrap();
        let before = files(&folder.path().join("ext")).len();
        assert_eq!(lake(&["lake", "add", log.to_str().unwrap(), "--to", to]).status, 0);
        assert_eq!(files(&folder.path().join("ext")).len(), before + 1);
    }
    let nowhere = lake(&["lake", "add", "/nowhere", "--to", to]);
    assert_eq!(nowhere.status, 2);
    let wrong = lake(&["lake", "compact", "ftp://x"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.stderr.contains("`ftp://x` is no place for objects"), "{}", wrong.stderr);
}

/// Whatever it is given goes to the program as it is.
#[test]
fn hunt_becomes_the_program_that_is_in_path() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ringwall-hunt");
    let hunt = |arguments: &[&str]| {
        // Beside the binary that is tested there may be a real one.
        let copy = folder.path().join("bin/ringwall");
        if !copy.exists() {
            fs::create_dir_all(folder.path().join("bin")).unwrap();
            fs::copy(env!("CARGO_BIN_EXE_ringwall"), &copy).unwrap();
        }
        let mut command = Command::new(&copy);
        command
            .arg("hunt")
            .args(arguments)
            .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
            .output()
            .unwrap()
    };
    let none = hunt(&["--list"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("cargo build --release -p ringwall-hunt"));
    fs::write(&program, "#!/bin/sh\necho \"$@\"\nexit 3\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let answered = hunt(&["SELECT 1", "lake", "--set", "a=b", "--help"]);
    assert_eq!(String::from_utf8_lossy(&answered.stdout), "SELECT 1 lake --set a=b --help\n");
    assert_eq!(answered.status.code(), Some(3));
}
