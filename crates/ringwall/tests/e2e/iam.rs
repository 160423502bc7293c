//! Against independent IAM evaluators: every decision of `ringwall iam eval --batch` that one of them makes as well is the
//! same, or is a difference that `docs/iam-differences.md` has, with AWS's documentation on Ringwall's side.
//!
//! `cargo xtask test` sets the evaluators up (`testbed/iam`) and runs these.

mod generate;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::seeded::Seeded;
use crate::{SHOWN, answers_to, repository, seed};

/// Names the file with the commands of the evaluators: what `cargo xtask iam-peers` prints.
const PEERS_VARIABLE: &str = "RINGWALL_IAM_PEERS";

/// Questions generated in one run.
const GENERATED: usize = 5_000;

/// By evaluator, how many cases and how many generated questions have to be compared: some two thirds of what was when
/// it was set up. One that answers less says too little.
const LEAST: [(&str, usize, usize); 6] = [
    ("iam-rs", 500, 1_500),
    ("iamprover", 280, 800),
    ("lambda-preflight", 300, 950),
    ("minio", 100, 280),
    ("moto", 90, 200),
    ("pbac", 350, 750),
];

/// The evaluators by name, each with the program and arguments to start it.
fn peers() -> BTreeMap<String, Vec<String>> {
    let path = std::env::var_os(PEERS_VARIABLE)
        .unwrap_or_else(|| panic!("{PEERS_VARIABLE} names the list of evaluators: run `cargo xtask test`"));
    let list: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let peers: BTreeMap<String, Vec<String>> = serde_json::from_value(list["peers"].clone()).unwrap();
    assert!(!peers.is_empty(), "there is no evaluator to compare with: {}", list["gaps"]);
    peers
}

/// The lines of a file of `testbed/iam`.
fn lines(name: &str) -> Vec<Value> {
    let path = repository().join("testbed/iam").join(name);
    let text = String::from_utf8(fs::read(path).unwrap()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn questions(lines: &[Value]) -> Vec<Value> {
    lines.iter().map(|line| line["question"].clone()).collect()
}

fn ask(command: &[String], questions: &[Value]) -> Vec<Value> {
    let (program, arguments) = command.split_first().unwrap();
    let lines: Vec<String> = questions.iter().map(Value::to_string).collect();
    let answers = answers_to(Path::new(program), arguments, &lines);
    assert_eq!(answers.len(), questions.len(), "a line for a line from {command:?}");
    answers
}

/// Ringwall's answers; none may be an error.
fn ringwall(questions: &[Value]) -> Vec<Value> {
    let command = [env!("CARGO_BIN_EXE_ringwall"), "iam", "eval", "--batch", "-"].map(str::to_owned);
    let answers = ask(&command, questions);
    for (question, answer) in questions.iter().zip(&answers) {
        assert!(answer["error"].is_null(), "{}\n{question}", answer["error"]);
    }
    answers
}

/// What a peer said: its decision, or in a word why it made none.
fn outcome(answer: &Value) -> &str {
    if let Some(decision) = answer["decision"].as_str() {
        return decision;
    }
    let words = ["unsupported", "error"];
    let word = words.into_iter().find(|word| answer[*word].is_string());
    word.unwrap_or_else(|| panic!("neither a decision nor why there is none: {answer}"))
}

/// The names of the differences that a peer says a line touches.
fn remarks(answer: &Value) -> BTreeSet<&str> {
    answer["differs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[derive(Debug, Default)]
struct Count {
    compared: usize,
    agreed: usize,
    remarked: usize,
    errors: usize,
}

/// Asks Ringwall and every evaluator, and compares all decisions that come without a remark.
fn compare(what: &str, asked: &[Value], least: impl Fn(&(&'static str, usize, usize)) -> usize) {
    let differences = lines("differences.jsonl");
    let ours = ringwall(asked);
    let mut failures = Vec::new();
    for (peer, command) in peers() {
        let known: BTreeSet<&str> = (differences.iter())
            .filter(|line| line["peer"] == peer.as_str())
            .filter_map(|line| line["id"].as_str())
            .collect();
        let mut count = Count::default();
        for ((question, ours), theirs) in asked.iter().zip(&ours).zip(ask(&command, asked)) {
            let names = remarks(&theirs);
            assert!(names.is_subset(&known), "`{peer}` has no row for one of {names:?}");
            match outcome(&theirs) {
                "unsupported" => {}
                "error" => count.errors += 1,
                _ if !names.is_empty() => count.remarked += 1,
                decision => {
                    count.compared += 1;
                    if ours["decision"] == decision {
                        count.agreed += 1;
                    } else {
                        failures.push(format!("{question}\n  {peer}: {theirs}\n  ringwall: {ours}"));
                    }
                }
            }
        }
        let Count { compared, agreed, remarked, errors } = count;
        let all = asked.len();
        println!(
            "{peer}: {agreed} of {compared} {what} agree; {remarked} more touch a known difference, {errors} are errors of \
             its own, {} it does not evaluate",
            all - compared - remarked - errors
        );
        let row = LEAST.iter().find(|(name, ..)| *name == peer);
        let least = least(row.unwrap_or_else(|| panic!("no least number of lines is set for `{peer}`")));
        assert!(
            compared >= least,
            "`{peer}` decided {compared} of {all} {what}: at least {least} say something"
        );
    }
    let shown = &failures[..failures.len().min(SHOWN)];
    assert!(failures.is_empty(), "{} of {what} differ:\n{}", failures.len(), shown.join("\n"));
}

#[test]
#[ignore = "needs the IAM evaluators: cargo xtask test"]
fn what_is_known_is_answered_so() {
    let known = lines("known.jsonl");
    let asked = questions(&known);
    for (line, ours) in known.iter().zip(ringwall(&asked)) {
        assert_eq!(ours["decision"], line["decision"], "{}", line["name"]);
    }
    for (peer, command) in peers() {
        for (line, theirs) in known.iter().zip(ask(&command, &asked)) {
            let name = &line["name"];
            if line["peers"].as_array().unwrap().iter().any(|one| *one == peer.as_str()) {
                assert_eq!(outcome(&theirs), line["decision"], "{peer}: {name}");
                assert!(remarks(&theirs).is_empty(), "{peer}: {name}: {theirs}");
            } else {
                let unsure = outcome(&theirs) == "unsupported" || !remarks(&theirs).is_empty();
                assert!(unsure, "{peer}: {name}: {theirs}");
            }
        }
    }
}

#[test]
#[ignore = "needs the IAM evaluators: cargo xtask test"]
fn where_others_differ_aws_decides() {
    let differences = lines("differences.jsonl");
    for (line, ours) in differences.iter().zip(ringwall(&questions(&differences))) {
        assert_eq!(ours["decision"], line["aws"], "{} {}", line["peer"], line["id"]);
    }
    for (peer, command) in peers() {
        let mine: Vec<Value> =
            differences.iter().filter(|line| line["peer"] == peer.as_str()).cloned().collect();
        for (line, theirs) in mine.iter().zip(ask(&command, &questions(&mine))) {
            let id = line["id"].as_str().unwrap();
            assert_eq!(outcome(&theirs), line["says"], "{peer} no longer answers as the row `{id}` says");
            assert!(remarks(&theirs).contains(id), "{peer} {id}: {theirs}");
        }
    }
}

#[test]
#[ignore = "needs the IAM evaluators: cargo xtask test"]
fn the_cases_are_decided_alike() {
    let mut files: Vec<_> = fs::read_dir(repository().join("cases/iam")).unwrap().collect();
    files.sort_by_key(|file| file.as_ref().unwrap().path());
    let (mut asked, mut expected) = (Vec::new(), Vec::new());
    for path in files.into_iter().map(|file| file.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            // A policy that AWS refuses has no decision of AWS.
            if case["expect"]["error"] != true {
                asked.push(case["request"].clone());
                expected.push(case["expect"]["decision"].clone());
            }
        }
    }
    for ((question, expected), ours) in asked.iter().zip(&expected).zip(ringwall(&asked)) {
        assert_eq!(ours["decision"], *expected, "{question}");
    }
    compare("cases", &asked, |(_, cases, _)| *cases);
}

#[test]
#[ignore = "needs the IAM evaluators: cargo xtask test"]
fn generated_questions_are_decided_alike() {
    let seed = seed();
    println!("seed {seed}");
    let mut seeded = Seeded::new(seed);
    let asked: Vec<Value> = (0..GENERATED).map(|_| generate::line(&mut seeded)).collect();
    compare("generated questions", &asked, |(_, _, generated)| *generated);
}
