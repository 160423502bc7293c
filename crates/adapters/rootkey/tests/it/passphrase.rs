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

#[test]
fn a_passphrase_of_the_environment_that_is_not_there_is_told() {
    let folders = Folders::new();
    let source: Source = "passphrase:env:RINGWALL_TEST_NO_SUCH_VARIABLE".parse().unwrap();
    let refused = refusal(source.open(&folders.data()), &folders);
    assert_eq!(refused, "the environment variable `RINGWALL_TEST_NO_SUCH_VARIABLE` holds no text");
    // The longest that every test has: cargo's own.
    let source: Source = "passphrase:env:CARGO_MANIFEST_DIR".parse().unwrap();
    source.open(&folders.data()).unwrap();
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
