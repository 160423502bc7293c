//! The engine and the naive evaluator give the same answers.

use proptest::prelude::*;
use serde_json::Value;

use crate::answer::engine;
use crate::cases::{cases, differences};
use crate::naive_facts::FACTS;
use crate::{generate, naive};

/// Questions that are generated in one run.
const QUESTIONS: u32 = 4_000;

/// Both answers without the wording of what only tells people: why an error is one, why nothing could be compared.
fn both(line: &Value) -> (Value, Value) {
    let comparable = |mut answer: Value| {
        answer["error"] = answer["error"].is_string().into();
        let mut assumed: Vec<String> = Vec::new();
        for text in answer["assumed"].as_array().unwrap().iter().filter_map(Value::as_str) {
            let ways = [" is not of the operator's type", " has several values and no set operator"];
            let key = ways.iter().find_map(|way| text.strip_suffix(way));
            let text = key.map_or_else(|| text.to_owned(), |key| format!("{key} cannot be compared"));
            if !assumed.contains(&text) {
                assumed.push(text);
            }
        }
        answer["assumed"] = assumed.into();
        answer
    };
    (comparable(engine(line)), comparable(naive::evaluate(line, &FACTS)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(QUESTIONS) })]

    #[test]
    fn on_generated_questions(line in generate::line()) {
        let (engine, naive) = both(&line);
        prop_assert_eq!(engine, naive, "{}", line);
    }
}

#[test]
fn on_every_case() {
    let failed: Vec<String> = cases()
        .iter()
        .flat_map(|(file, case)| {
            let found = differences(case, &naive::evaluate(&case["request"], &FACTS));
            found.into_iter().map(move |difference| format!("{file}: {}: {difference}", case["name"]))
        })
        .collect();
    assert!(failed.is_empty(), "{} differences:\n{}", failed.len(), failed.join("\n"));
}
