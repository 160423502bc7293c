//! The same verdicts as the engine alone gives on a whole tree of every event: the naive twin of the prefilter and of trees that are
//! built in parts.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use ringwall_detect::finding::Log;
use ringwall_sigma::{Rules, Sigma};
use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::parse_sigma_yaml;
use serde_json::{Value, json};

use crate::{look, text};

/// One rule of each, by its number.
fn twin(texts: &[String]) -> (Sigma, Engine) {
    let all = texts.join("\n---\n");
    let rules =
        Rules::parse("rules.yml", all.as_bytes()).unwrap_or_else(|problems| panic!("{problems:#?}\n{all}"));
    let mut engine = Engine::new();
    engine.add_collection(&parse_sigma_yaml(&all).unwrap()).unwrap();
    (Sigma::new(Arc::new(rules)).unwrap(), engine)
}

fn verdicts(sigma: &mut Sigma, engine: &Engine, event: &Value) -> [BTreeSet<String>; 2] {
    let ours = look(sigma, &event.to_string(), 1).into_iter().map(|found| found.rule.key.to_string());
    let theirs = engine.evaluate(&JsonEvent::borrow(event)).into_iter();
    [ours.collect(), theirs.filter_map(|found| found.header.rule_id).collect()]
}

/// Values of fields that the prefilter reads, and of some that it does not.
fn item() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec![
        "verb",
        "objectRef.resource",
        "objectRef.subresource",
        "objectRef.namespace",
        "user.username",
        "user.groups",
        "requestObject.spec.containers.image",
        "responseStatus.code",
    ]);
    let modifier =
        prop::sample::select(vec!["", "", "", "|contains", "|startswith", "|exists", "|re", "|cased"]);
    let text = prop::sample::select(vec![
        "get", "GET", "pods", "exec", "a", "b", "'*'", "g?t", "''", "null", "7", "200",
    ]);
    (field, modifier, prop::collection::vec(text, 1..3)).prop_map(|(field, modifier, texts)| match modifier {
        "|exists" => format!("        {field}|exists: {}\n", texts.len() == 1),
        "|re" => format!("        {field}|re: '^(get|pods)$'\n"),
        "|contains" | "|startswith" | "|cased" => format!("        {field}{modifier}: [a, g, pods]\n"),
        _ => format!("        {field}: [{}]\n", texts.join(", ")),
    })
}

fn rule() -> impl Strategy<Value = String> {
    let selection = prop::collection::btree_map(0..4_u8, item(), 1..3);
    let condition = prop::sample::select(vec![
        "s0",
        "s0 and s1",
        "s0 or s1",
        "s0 and not s1",
        "not s0",
        "1 of s*",
        "all of them",
        "s0 or (s1 and not s2)",
        "(s0 or s1) and s2",
    ]);
    (prop::collection::vec(selection, 3), condition).prop_filter_map(
        "a key stands twice",
        |(selections, condition)| {
            let mut written = String::new();
            for (number, selection) in selections.iter().enumerate() {
                let mut keys = BTreeSet::new();
                written.push_str(&format!("    s{number}:\n"));
                for item in selection.values() {
                    if !keys.insert(item.split(": ").next()?.to_owned()) {
                        return None;
                    }
                    written.push_str(item);
                }
            }
            Some(format!("detection:\n{written}    condition: {condition}\n"))
        },
    )
}

fn event() -> impl Strategy<Value = Value> {
    let text = || {
        prop::sample::select(vec![
            json!("get"),
            json!("GET"),
            json!("pods"),
            json!("exec"),
            json!("a"),
            json!("Ab"),
            json!(""),
            json!(null),
            json!(7),
            json!(["get", "a"]),
            json!({"a": "get"}),
            json!("gét"),
        ])
    };
    let part = || prop::option::of(text());
    (part(), part(), part(), part(), part(), prop::collection::vec(text(), 0..3)).prop_map(
        |(verb, resource, subresource, namespace, user, images)| {
            let mut event =
                json!({"auditID": "a", "stage": "ResponseComplete", "responseStatus": {"code": 200}});
            let mut put = |path: &str, value: Option<Value>| {
                if let Some(value) = value {
                    let (outer, inner) = path.split_once('.').unwrap_or((path, ""));
                    if inner.is_empty() {
                        event[outer] = value;
                    } else {
                        event[outer][inner] = value;
                    }
                }
            };
            // A text of its own is an object to us and a text to nobody else, so that no rule asks for one here.
            put("verb", verb.filter(|value| !value.is_object()));
            put("objectRef.resource", resource);
            put("objectRef.subresource", subresource);
            put("objectRef.namespace", namespace);
            put("user.username", user);
            let containers: Vec<Value> = images.into_iter().map(|image| json!({"image": image})).collect();
            event["requestObject"] = json!({"spec": {"containers": containers}});
            event
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_rules_match_the_same_events(
        rules in prop::collection::vec(rule(), 1..6),
        events in prop::collection::vec(event(), 1..12),
    ) {
        let texts: Vec<String> = rules
            .iter()
            .enumerate()
            .map(|(number, rule)| {
                format!("title: r{number}\nid: r{number}\nlogsource: {{product: kubernetes, service: audit}}\n{rule}")
            })
            .collect();
        let (mut sigma, engine) = twin(&texts);
        for event in &events {
            let [ours, theirs] = verdicts(&mut sigma, &engine, event);
            prop_assert_eq!(ours, theirs, "{}\n{}", event, texts.join("---\n"));
        }
    }
}

#[test]
fn the_pack_matches_the_same_cases() {
    let texts: Vec<String> = crate::pack::pack()
        .all()
        .iter()
        .map(|rule| rule.source.file.to_string())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(text)
        .collect();
    let mut engine = Engine::new();
    engine.add_collection(&parse_sigma_yaml(&texts.join("\n---\n")).unwrap()).unwrap();
    let mut sigma = Sigma::new(crate::pack::pack()).unwrap();
    let rules = Arc::clone(sigma.rules());
    let rule = |key: &String| rules.all().iter().find(|rule| *rule.key == **key).unwrap();
    let (mut seen, mut matched) = (0, 0);
    for case in std::fs::read_dir(crate::folder("cases/detect/sigma")).unwrap() {
        let case = case.unwrap().path();
        if case.extension().is_none_or(|ending| ending != "jsonl") {
            continue;
        }
        for line in text(case).lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            for event in case["events"].as_array().unwrap() {
                let is_record = event.get("eventSource").is_some();
                let [ours, theirs] = verdicts(&mut sigma, &engine, event);
                // What detections tell: correlations are another test's, and rules for them alone are silent.
                let ours: BTreeSet<_> = ours.into_iter().filter(|key| !rule(key).is_correlation).collect();
                let is_theirs =
                    |key: &String| (rule(key).log == Log::CloudTrail) == is_record && !rule(key).is_silent;
                let theirs: BTreeSet<_> = theirs.into_iter().filter(is_theirs).collect();
                assert_eq!(ours, theirs, "{event}");
                (seen, matched) = (seen + 1, matched + ours.len());
            }
        }
    }
    assert!(seen > 150 && matched > 15, "{seen} events, {matched} matches");
}
