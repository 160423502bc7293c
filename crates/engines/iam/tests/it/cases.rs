//! The cases under `cases/iam`, each with the rule of AWS that it holds us to.

use std::path::Path;

use serde_json::Value;

use crate::answer::engine;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().join("cases/iam")
}

/// Every case with the name of its file, in order.
pub(crate) fn cases() -> Vec<(String, Value)> {
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let json = files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "json"));
    json.flat_map(|file| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let mut content: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let cases = content["cases"].as_array_mut().unwrap().split_off(0);
        cases.into_iter().map(move |case| (name.clone(), case))
    })
    .collect()
}

/// What differs between what a case expects and an answer.
pub(crate) fn differences(case: &Value, answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (field, expected) in case["expect"].as_object().unwrap() {
        let given = &answer[field];
        let same = match (field.as_str(), expected) {
            ("error", Value::Bool(expected)) => given.is_string() == *expected,
            ("statements", Value::Array(expected)) => {
                let given = given.as_array().unwrap();
                let agrees = |(expected, given): (&Value, &Value)| {
                    expected.as_object().unwrap().iter().all(|(key, value)| given[key] == *value)
                };
                expected.len() == given.len() && expected.iter().zip(given).all(agrees)
            }
            _ => expected == given,
        };
        if !same {
            found.push(format!("{field}: expected {expected}, got {given}"));
        }
    }
    if case["expect"].get("error").is_none() && answer["error"].is_string() {
        found.push(format!("error: {}", answer["error"]));
    }
    found
}

#[test]
fn every_case_is_decided_as_aws_documents() {
    let cases = cases();
    assert!(cases.len() >= 400, "only {} cases", cases.len());
    let failed: Vec<String> = cases
        .iter()
        .flat_map(|(file, case)| {
            let found = differences(case, &engine(&case["request"]));
            found.into_iter().map(move |difference| format!("{file}: {}: {difference}", case["name"]))
        })
        .collect();
    assert!(failed.is_empty(), "{} differences:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_case_names_its_rule_and_source() {
    for (file, case) in cases() {
        for field in ["name", "rule", "source"] {
            assert!(
                case[field].as_str().is_some_and(|text| !text.is_empty()),
                "{file}: {case} has no {field}"
            );
        }
        assert!(
            case["expect"]["decision"].is_string() && case["expect"]["blockedBy"].is_array(),
            "{file}: {case}"
        );
    }
}
