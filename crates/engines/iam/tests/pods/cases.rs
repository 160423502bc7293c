use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use ringwall_iam::inventory::Inventory;
use ringwall_iam::pods::{Pods, Route, RouteKind, accounts_that_can_assume, check_ids};
use ringwall_model::{Cluster, Outcome, Verdict};
use serde_json::{Value, json};

use crate::snapshot::{cluster, items};

/// Cases that are there at least, so that a file that is not found does not go unnoticed.
const AT_LEAST: usize = 180;

fn word(verdict: Verdict) -> String {
    format!("{verdict:?}").to_lowercase()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `irsa arn:aws:iam::111122223333:role/orders allowed`
fn line(route: &Route) -> String {
    format!("{} {} {}", route.kind.name(), route.role_arn, word(route.decision.verdict))
}

fn expected(value: &Value) -> String {
    format!("{} {} {}", text(&value["kind"]), text(&value["role"]), text(&value["verdict"]))
}

fn split(account: &str) -> (&str, &str) {
    account.split_once('/').unwrap()
}

fn routes_for(pods: &Pods<'_>, cluster: &Cluster, question: &Value) -> Vec<Route> {
    if let Some(account) = question["account"].as_str() {
        let (namespace, name) = split(account);
        return pods.routes(namespace, name);
    }
    let (namespace, name) = split(text(&question["pod"]));
    let pod = (cluster.pods.iter())
        .find(|pod| pod.reference.namespace.as_deref() == Some(namespace) && *pod.reference.name == *name);
    pods.routes_of_pod(pod.unwrap())
}

fn check_routes(pods: &Pods<'_>, cluster: &Cluster, question: &Value, at: &str) {
    let routes = routes_for(pods, cluster, question);
    let wanted: Vec<String> = items(&question["expect"]).iter().map(expected).collect();
    let found: Vec<String> = routes.iter().map(line).collect();
    assert_eq!(found, wanted, "{at}: {routes:#?}");
    for (route, wanted) in routes.iter().zip(items(&question["expect"])) {
        for how in items(&wanted["how"]) {
            assert!(route.how.contains(text(how)), "{at}: `{}` does not say {how}", route.how);
        }
        for gap in items(&wanted["notEvaluated"]) {
            let told = route.decision.not_evaluated.iter().any(|line| line.contains(text(gap)));
            assert!(told, "{at}: {gap} is not in {:?}", route.decision.not_evaluated);
        }
        for reason in items(&wanted["reasons"]) {
            let found = route.decision.reasons.iter().any(|found| {
                *found.source.file == *text(&reason["file"]) && found.text.contains(text(&reason["text"]))
            });
            assert!(found, "{at}: {reason} is not in {:#?}", route.decision.reasons);
        }
        assert!(
            route.decision.reasons.iter().all(|reason| reason.source.line > 0),
            "{at}: a reason without its line: {:#?}",
            route.decision.reasons
        );
        if let Some(session) = wanted["session"].as_str() {
            assert_eq!(&**route.session.arn(), session, "{at}");
        }
        for (key, value) in wanted["context"].as_object().into_iter().flatten() {
            let known = route.context.named(key);
            let known: Option<Vec<&str>> = known.map(|values| values.iter().map(|value| &**value).collect());
            assert_eq!(known, value.as_str().map(|value| vec![value]), "{at}: {key}");
        }
    }
}

fn check_asks(pods: &Pods<'_>, cluster: &Cluster, question: &Value, at: &str) {
    let routes = routes_for(pods, cluster, question);
    let by = |route: &&Route| route.kind.name() == text(&question["kind"]);
    let route = routes.iter().find(by).unwrap_or_else(|| panic!("{at}: no such route: {routes:#?}"));
    let reply = pods.ask(route, &text(&question["action"]).into(), &text(&question["resource"]).into());
    let decision = reply.unwrap().decision;
    assert_eq!(word(decision.verdict), text(&question["verdict"]), "{at}: {question}: {decision:#?}");
}

fn check(case: &Value, at: &str) {
    let cluster = cluster(case);
    let inventory = Inventory::of(&cluster);
    let pods = Pods::of(&inventory);
    for question in items(&case["routes"]) {
        check_routes(&pods, &cluster, question, at);
    }
    for question in items(&case["asks"]) {
        check_asks(&pods, &cluster, question, at);
    }
    for question in items(&case["whoCanAssume"]) {
        let found = accounts_that_can_assume(&inventory, text(&question["role"]));
        let found: Vec<String> = (found.iter())
            .map(|(namespace, name, route)| {
                format!("{namespace}/{name} {} {}", route.kind.name(), word(route.decision.verdict))
            })
            .collect();
        let wanted: Vec<&str> = items(&question["expect"]).iter().map(text).collect();
        assert_eq!(found, wanted, "{at}: {question}");
    }
    if case["checks"].is_object() {
        check_results(&pods, &case["checks"], at);
    }
    if case["takeovers"].is_array() {
        check_takeovers(&pods, &case["takeovers"], at);
    }
    for question in items(&case["gaps"]) {
        let (namespace, name) = split(text(&question["account"]));
        let gaps = pods.gaps(namespace, name);
        let told = gaps.iter().any(|gap| gap.contains(text(&question["expect"])));
        assert!(told, "{at}: {question}: {gaps:?}");
    }
}

fn check_results(pods: &Pods<'_>, question: &Value, at: &str) {
    let results = pods.results();
    let known: Vec<&str> = check_ids().collect();
    for result in &results {
        assert!(known.contains(&result.check), "{at}: {} is no check", result.check);
        assert!(!result.why.is_empty() && !result.remedy.is_empty(), "{at}: {result:#?}");
        if result.outcome == Outcome::Fail {
            let told = result.object.is_some() || result.arn.is_some();
            assert!(told && result.source.line > 0 && !result.reasons.is_empty(), "{at}: {result:#?}");
        }
    }
    for id in &known {
        assert!(results.iter().any(|result| result.check == *id), "{at}: {id} says nothing");
    }
    let of = |outcome| results.iter().filter(move |result| result.outcome == outcome);
    let mut failed: Vec<String> =
        of(Outcome::Fail).map(|result| format!("{} {}", result.check, result.severity)).collect();
    failed.sort();
    let mut wanted: Vec<String> = items(&question["fails"])
        .iter()
        .map(|wanted| format!("{} {}", text(&wanted["check"]), text(&wanted["severity"])))
        .collect();
    wanted.sort();
    let whys: Vec<&str> = of(Outcome::Fail).map(|result| &*result.why).collect();
    assert_eq!(failed, wanted, "{at}: {whys:#?}");
    for wanted in items(&question["fails"]) {
        for part in items(&wanted["why"]) {
            let told = of(Outcome::Fail)
                .any(|result| result.check == text(&wanted["check"]) && result.why.contains(text(part)));
            assert!(told, "{at}: {part} is not in {whys:#?}");
        }
        for part in items(&wanted["whyNot"]) {
            let told = of(Outcome::Fail)
                .any(|result| result.check == text(&wanted["check"]) && result.why.contains(text(part)));
            assert!(!told, "{at}: {part} is in {whys:#?}");
        }
    }
    for (key, outcome) in
        [("unknown", Outcome::Unknown), ("passes", Outcome::Pass), ("notApplicable", Outcome::NotApplicable)]
    {
        for id in items(&question[key]) {
            let found = of(outcome).any(|result| result.check == text(id));
            assert!(found, "{at}: {id} is not {key}: {results:#?}");
        }
    }
}

fn check_takeovers(pods: &Pods<'_>, wanted: &Value, at: &str) {
    let found: Vec<Value> = pods
        .accounts_by_role()
        .iter()
        .filter_map(|(role, takings)| {
            // The node's role needs no certain service account.
            let of_account = takings.iter().filter(|(_, _, route)| route.kind != RouteKind::NodeRole);
            let accounts: Vec<String> = of_account
                .map(|(namespace, name, route)| format!("{namespace}/{name} {}", route.kind.name()))
                .collect();
            (!accounts.is_empty()).then(|| json!({"role": &**role, "accounts": accounts}))
        })
        .collect();
    assert_eq!(Value::from(found), *wanted, "{at}");
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/pods");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|file| file.extension().is_some_and(|kind| kind == "json")).collect();
    files.sort();
    files
}

#[test]
fn every_case_is_decided_as_it_says() {
    let mut count = 0;
    let mut failures = Vec::new();
    for file in files() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let given: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        for case in items(&given["cases"]) {
            let at = format!("{name}: {}", text(&case["name"]));
            assert!(case["source"].is_string(), "{at} says no source");
            if let Err(failure) = panic::catch_unwind(|| check(case, &at)) {
                let text = failure.downcast_ref::<String>().map_or("no message", String::as_str);
                failures.push(text.to_owned());
            }
            count += 1;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(count >= AT_LEAST, "{count} cases");
}
