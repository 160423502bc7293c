use std::process::{Command, Output};

use crate::lake::make;

fn hunt(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ringwall-hunt")).args(arguments).output().unwrap()
}

#[tokio::test]
async fn the_program_lists_answers_and_refuses() {
    let made = make().await;
    let lake = made.path().to_str().unwrap();
    let listed = String::from_utf8(hunt(&["--list"]).stdout).unwrap();
    assert!(listed.contains("secrets-read") && listed.contains("--set who, since, until"), "{listed}");
    let answer = hunt(&["timeline-of", lake, "--set", "who=o'neil", "--output", "csv"]);
    let told = String::from_utf8(answer.stdout).unwrap();
    let expected = made.audit.iter().filter(|event| event["user"]["username"] == "o'neil").count();
    assert_eq!((told.lines().count() - 1, answer.status.code()), (expected, Some(0)), "{told}");
    assert!(told.starts_with("when_at,what,on_what,outcome,from_where,to_where,event_id\n"));
    let part = hunt(&["SELECT who FROM events", lake, "--rows", "2"]);
    assert_eq!((part.stdout.split(|byte| *byte == b'\n').count(), part.status.code()), (4, Some(3)));
    for wrong in [
        &["DROP TABLE lake_events", lake][..],
        &["nothing", lake],
        &["SELECT 1"],
        &["exec", lake, "--set", "x=1"],
    ] {
        let refused = hunt(wrong);
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
        assert!(!refused.stderr.is_empty());
    }
}
