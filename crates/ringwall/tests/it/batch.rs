use serde_json::{Value, json};

use crate::snapshot::Asked;

fn batch(lines: &str) -> (i32, Vec<Value>) {
    let said = Asked::about_shop().run_with_input("can", "--batch -", lines);
    (said.status, said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn a_line_for_a_line_in_the_same_order() {
    let (status, answers) = batch(
        r#"{"user":"x","groups":["devs"],"resourceAttributes":{"verb":"list","resource":"pods","namespace":"shop"}}
{"user":"x","resourceAttributes":{"verb":"list","resource":"pods","namespace":"shop"}}
{"user":"scraper","nonResourceAttributes":{"verb":"get","path":"/metrics"}}
"#,
    );
    assert_eq!(status, 0);
    let decisions: Vec<&str> = answers.iter().map(|answer| answer["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["allowed", "denied", "allowed"]);
    assert_eq!(answers[1], json!({"decision": "denied", "reasons": [], "not_evaluated": []}));
}

#[test]
fn groups_are_those_in_the_line_no_more() {
    // A service account's own groups do not come by themselves, its name is enough for its binding.
    let (_, answers) = batch(
        r#"{"user":"system:serviceaccount:shop:checkout","resourceAttributes":{"verb":"list","resource":"pods","namespace":"shop"}}"#,
    );
    assert_eq!(answers[0]["decision"], "allowed");
}

#[test]
fn what_the_snapshot_does_not_know_is_no_error() {
    let (status, answers) = batch(
        r#"{"user":"x","resourceAttributes":{"verb":"frobnicate","group":"none.example.com","resource":"things","namespace":"nowhere"}}"#,
    );
    assert_eq!((status, &answers[0]["decision"]), (0, &"denied".into()));
}

#[test]
fn nulls_and_unknown_fields_are_taken_as_the_apiserver_takes_them() {
    let (status, answers) = batch(
        r#"{"user":"x","groups":["devs"],"extra":{"a":["b"]},"uid":"1","more":1,"nonResourceAttributes":null,"resourceAttributes":{"verb":"list","version":"v1","resource":"pods","namespace":"shop","name":null}}"#,
    );
    assert_eq!((status, &answers[0]["decision"]), (0, &"allowed".into()));
}

#[test]
fn a_line_that_cannot_be_answered_says_why_and_the_rest_goes_on() {
    let good = r#"{"user":"scraper","nonResourceAttributes":{"verb":"get","path":"/metrics"}}"#;
    let neither = r#"{"user":"x"}"#;
    let nobody = r#"{"nonResourceAttributes":{"verb":"get","path":"/metrics"}}"#;
    let long = "x".repeat(2 * 1024 * 1024 + 1);
    let (status, answers) = batch(&format!("{good}\nnonsense\n\n{neither}\n{nobody}\n{long}\n[]\n{good}\n"));
    assert_eq!((status, answers.len()), (2, 8));
    assert_eq!(answers[0]["decision"], "allowed");
    assert_eq!(answers[7]["decision"], "allowed");
    for answer in &answers[1..7] {
        assert_eq!(answer["decision"], Value::Null);
        assert!(!answer["error"].as_str().unwrap().is_empty());
    }
    assert!(answers[5]["error"].as_str().unwrap().contains("the limit is"), "{}", answers[5]);
}

#[test]
fn a_file_that_is_not_there_is_misuse() {
    let said = Asked::about_shop().run("can", "--batch nowhere.jsonl");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("`nowhere.jsonl` cannot be read"), "{said:?}");
}
