use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::snapshot::{Said, run};

fn eval(lines: &str) -> Said {
    run(&["iam", "eval", "--batch", "-"].map(str::to_owned), lines)
}

fn answers(lines: &str) -> (i32, Vec<Value>) {
    let said = eval(lines);
    assert_eq!(said.stderr, "");
    (said.status, said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn statement(effect: &str, action: &str, resource: &str) -> Value {
    json!({"Sid": effect, "Effect": effect, "Action": action, "Resource": resource})
}

fn request(action: &str, statements: &[Value]) -> String {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    json!({
        "principal": "arn:aws:iam::111122223333:role/app",
        "action": action,
        "resource": "arn:aws:s3:::data/report.csv",
        "resourceAccount": "111122223333",
        "policies": {"identity": [{"name": "read", "policy": policy}]},
    })
    .to_string()
}

fn good() -> String {
    request("s3:GetObject", &[statement("Allow", "s3:Get*", "arn:aws:s3:::data/*")])
}

/// The line is answered with an error that has these words; those around it are answered as ever.
fn check_error(line: &str, words: &str) {
    let (status, answers) = answers(&format!("{}\n{line}\n{}\n", good(), good()));
    assert_eq!((status, answers.len()), (2, 3), "{words}");
    assert_eq!((&answers[0]["decision"], &answers[2]["decision"]), (&"Allowed".into(), &"Allowed".into()));
    let Value::Object(mut refused) = answers[1].clone() else { panic!("{answers:?}") };
    let error = refused.remove("error").unwrap();
    assert!(error.as_str().unwrap().contains(words), "{error}");
    let rest = json!({"decision": "ImplicitlyDenied", "blockedBy": [], "statements": [], "assumed": []});
    assert_eq!(Value::from(refused), rest);
}

#[test]
fn a_line_for_a_line_in_the_same_order() {
    let both = [statement("Allow", "*", "*"), statement("Deny", "s3:PutObject", "*")];
    let other = [statement("Allow", "s3:List*", "*")];
    let lines = [good(), request("s3:PutObject", &both), request("s3:PutObject", &other)].join("\n");
    let said = eval(&lines);
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    let expect = [
        r#"{"decision":"Allowed","blockedBy":[],"statements":[{"layer":"identity","policy":"read","index":0,"sid":"Allow","effect":"Allow"}],"assumed":[],"error":null}"#,
        r#"{"decision":"ExplicitlyDenied","blockedBy":["identity"],"statements":[{"layer":"identity","policy":"read","index":1,"sid":"Deny","effect":"Deny"}],"assumed":[],"error":null}"#,
        r#"{"decision":"ImplicitlyDenied","blockedBy":["identity"],"statements":[],"assumed":[],"error":null}"#,
    ];
    assert_eq!(said.stdout.lines().collect::<Vec<_>>(), expect);
}

#[test]
fn a_line_that_cannot_be_answered_says_why_and_the_rest_goes_on() {
    check_error("", "the line is blank");
    check_error("   ", "the line is blank");
    check_error("nonsense", "JSON");
    check_error("[]", "not an object");
    check_error("{}", "`principal` is missing");
    check_error(&format!("{} {}", good(), good()), "more than one value stands in the line");
    check_error(&good().replacen('{', r#"{"action": "s3:PutObject", "#, 1), "action");
    check_error(&good().replace(r#""Effect":"#, r#""Effect":"Deny","Effect":"#), "Effect");
    check_error(&good().replace("\"Allow\"", "\"allow\""), "policy `read`: unknown effect `allow`");
}

#[test]
fn input_without_bound_costs_its_line_alone() {
    check_error(&"x".repeat(4 * 1024 * 1024 + 1), "the line has 4194305 bytes; the limit is 4194304");
    let long = "a".repeat(10 * 1024 * 1024);
    check_error(&request("s3:GetObject", &[statement("Allow", "s3:GetObject", &long)]), "the limit is");
    let many = vec![statement("Allow", "s3:GetObject", "arn:aws:s3:::data/*"); 10_000];
    check_error(&request("s3:GetObject", &many), "policy `read`: the policy has");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check_error(&deep, "nested");
    check_error(&good().replace("\"arn:aws:s3:::data/*\"", &deep), "nested");
    let deep = format!("{}{}", "[".repeat(50), "]".repeat(50));
    check_error(&good().replace("\"arn:aws:s3:::data/*\"", &deep), "policy `read`: values are nested deeper");
}

#[test]
fn a_policy_as_large_as_a_line_may_hold_is_refused() {
    let whole = request("s3:GetObject", &[statement("Allow", "s3:GetObject", &"a".repeat(10 * 1024 * 1024))]);
    check_error(&whole, "bytes; the limit is 4194304");
    let million = format!("arn:aws:s3:::data/{}", "*a".repeat(1_000_000));
    check_error(
        &request("s3:GetObject", &[statement("Allow", "s3:GetObject", &million)]),
        "policy `read`: the policy has 2000",
    );
    let nested = format!("{}\"a\"{}", "[".repeat(200), "]".repeat(200));
    check_error(&good().replace("\"arn:aws:s3:::data/*\"", &nested), "nested");
    check_error(&good().replace(r#""Resource":"#, r#""Resource":"*","Resource":"#), "Resource");
}

#[test]
fn the_longest_patterns_that_are_taken_are_answered() {
    // How often pieces are looked at is counted where they are matched; here they only have to end.
    let resource = format!("arn:aws:s3:::data/{}", "a".repeat(4000));
    let patterns = [
        format!("arn:aws:s3:::data/{}b", "*a".repeat(60_000)),
        format!("arn:a*:s*3:::{}b", "*a".repeat(60_000)),
        format!("arn:a*:s*3:::{}b", "*a".repeat(1_000)),
        format!("arn:aws:s3:::*{}b", "?".repeat(1_000)),
    ];
    for pattern in patterns {
        let line = request("s3:GetObject", &[statement("Allow", "s3:GetObject", &pattern)]);
        let (status, answers) = answers(&line.replace("arn:aws:s3:::data/report.csv", &resource));
        assert_eq!((status, &answers[0]["decision"]), (0, &json!("ImplicitlyDenied")));
    }
}

#[test]
fn a_context_holds_no_more_keys_than_told() {
    let line = |count: usize| {
        let context: serde_json::Map<String, Value> =
            (0..count).map(|at| (format!("aws:RequestTag/t{at}"), json!(["x"]))).collect();
        let mut line: Value = serde_json::from_str(&good()).unwrap();
        line["context"] = context.into();
        line.to_string()
    };
    let (status, answers) = answers(&line(10_000));
    assert_eq!((status, &answers[0]["decision"]), (0, &json!("Allowed")));
    check_error(&line(10_001), "`context` has more than 10000 keys");
}

#[test]
fn nothing_asked_is_nothing_answered() {
    assert_eq!(answers(""), (0, Vec::new()));
    assert_eq!(answers("\n").1.len(), 1);
    assert_eq!(answers(&good()).1.len(), 1, "the last line needs no line end");
}

#[test]
fn a_line_is_answered_before_the_next_is_written() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["iam", "eval", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        // The begin of the next line may already be there.
        let line = good();
        let (begin, end) = line.split_at(20);
        stdin.write_all(end.as_bytes()).unwrap();
        writeln!(stdin).unwrap();
        write!(stdin, "{begin}").unwrap();
        stdin.flush().unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.starts_with(r#"{"decision":"#), "{answer}");
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_file_that_is_not_there_is_misuse() {
    let said = run(&["iam", "eval", "--batch", "nowhere.jsonl"].map(str::to_owned), "");
    assert_eq!((said.status, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("`nowhere.jsonl` cannot be read"), "{said:?}");
}
