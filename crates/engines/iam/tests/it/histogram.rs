//! What generated lines lead to: a generator whose lines are all denied tests nothing.

use std::collections::BTreeMap;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::naive_facts::FACTS;
use crate::{generate, naive};

const LINES: usize = 1_500;

/// How many lines have each outcome: the decision, what blocks, what is listed.
fn histogram() -> BTreeMap<String, usize> {
    let mut runner = TestRunner::deterministic();
    let mut counts = BTreeMap::new();
    let mut count = |name: String| *counts.entry(name).or_insert(0) += 1;
    for _ in 0..LINES {
        let line = generate::line().new_tree(&mut runner).unwrap().current();
        let answer = naive::evaluate(&line, &FACTS);
        if answer["error"].is_string() {
            assert_eq!(answer["decision"], "ImplicitlyDenied", "{line}");
            count("refused".to_owned());
            continue;
        }
        let decision = answer["decision"].as_str().unwrap();
        count(decision.to_owned());
        if line["resource"].as_str().unwrap().contains(['*', '?']) {
            count(format!("{decision} pattern"));
        }
        for layer in answer["blockedBy"].as_array().unwrap() {
            count(format!("{decision} by {layer}"));
        }
        for statement in answer["statements"].as_array().unwrap() {
            count(format!("{decision} listing {}", statement["layer"]));
        }
        let ends = |end: &str| {
            answer["assumed"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .any(|text| text.ends_with(end))
        };
        for end in [" absent", " cannot be compared", " own"] {
            if ends(end) {
                count(format!("assumed{end}"));
            }
        }
    }
    counts
}

#[test]
fn generated_lines_reach_everything() {
    let counts = histogram();
    let share = |name: &str| counts.get(name).copied().unwrap_or_default() * 100 / LINES;
    assert!((25..=45).contains(&share("Allowed")), "{counts:#?}");
    assert!((10..=35).contains(&share("ExplicitlyDenied")), "{counts:#?}");
    assert!((1..=5).contains(&share("refused")), "{counts:#?}");
    for layer in ["scp", "rcp", "resource", "boundary", "session", "identity", "vpcEndpoint"] {
        for outcome in ["ImplicitlyDenied by", "ExplicitlyDenied by", "Allowed listing"] {
            let name = format!("{outcome} \"{layer}\"");
            assert!(counts.contains_key(&name), "{name}: {counts:#?}");
        }
    }
    assert!(share("assumed absent") >= 10 && share("assumed cannot be compared") >= 1, "{counts:#?}");
}
