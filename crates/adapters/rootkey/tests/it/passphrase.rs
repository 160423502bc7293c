use std::process::Command;

use ringwall_model::Secret;
use ringwall_rootkey::Source;

use super::{Folders, refusal, wraps_and_unwraps};

#[test]
fn a_passphrase_wraps_and_its_line_end_is_no_part_of_it() {
    let folders = Folders::new();
    folders.write("phrase", "correct horse battery\n", 0o600);
    folders.write("same", "correct horse battery\r\n", 0o600);
    folders.write("other", "correct horse battery\n\n", 0o600);
    let open = |name: &str| folders.source("passphrase:file", name).open(&folders.data()).unwrap();
    let root = open("phrase");
    wraps_and_unwraps(&*root);

    let wrapped = root.wrap("test", &Secret::new(vec![7; 32])).unwrap();
    assert_eq!(open("same").unwrap("test", &wrapped).unwrap().expose(), [7; 32]);
    let refused = refusal(open("other").unwrap("test", &wrapped), &folders);
    let expected =
        "the passphrase of `file:…/other` does not open it: another one wrapped it, or it was changed";
    assert_eq!(refused, expected);
}

/// A process's environment is set when it starts, so the test starts itself again with the variable.
#[test]
fn a_passphrase_of_the_environment_is_that_of_the_file() {
    const VARIABLE: &str = "RINGWALL_TEST_PASSPHRASE";
    const PHRASE: &str = "correct horse battery";
    let folders = Folders::new();
    let source: Source = format!("passphrase:env:{VARIABLE}").parse().unwrap();
    if std::env::var_os(VARIABLE).is_none() {
        let refused = refusal(source.open(&folders.data()), &folders);
        assert_eq!(refused, format!("the environment variable `{VARIABLE}` holds no text"));
        let again = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "passphrase::a_passphrase_of_the_environment_is_that_of_the_file"])
            .env(VARIABLE, PHRASE)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success() && printed.contains("1 passed"), "{printed}");
        return;
    }
    folders.write("phrase", PHRASE, 0o600);
    let file = folders.source("passphrase:file", "phrase").open(&folders.data()).unwrap();
    let wrapped = file.wrap("test", &Secret::new(vec![7; 32])).unwrap();
    let opened = source.open(&folders.data()).unwrap();
    assert_eq!(opened.unwrap("test", &wrapped).unwrap().expose(), [7; 32]);
}

#[test]
fn its_file_is_as_private_as_a_key_and_as_far_from_the_data() {
    let folders = Folders::new();
    folders.write("phrase", "correct horse battery", 0o644);
    folders.write("short", "hunter2hunter2\n", 0o600);
    folders.write("data/phrase", "correct horse battery", 0o600);
    let refused =
        |name: &str| refusal(folders.source("passphrase:file", name).open(&folders.data()), &folders);
    assert!(refused("phrase").contains("its mode is 0644"));
    assert!(refused("data/phrase").contains("lies in the data folder"));
    let short = "the passphrase has fewer than 15 bytes (hint: take some random words)";
    assert_eq!(refused("short"), short);
}
