//! Filters: the cases under `cases/detect/filters`, and a twin that is slower and simpler.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use ringwall_detect::filter::{Action, Filters, MAX_FILTERS, NotAFilter};
use ringwall_detect::finding::{Finding, Place, Verdict};
use ringwall_detect::output::{Form, Scope, guardduty};
use ringwall_detect::{Detector, audit, cloudtrail};
use serde_json::{Value, json};

use crate::cloudtrail::{cases, merge};

fn file(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(cases("filters").join(name)).unwrap()).unwrap()
}

fn scope() -> Scope {
    let text = |text: &str| Some(text.to_owned());
    Scope {
        account: text("111122223333"),
        region: text("eu-west-1"),
        cluster: text("shop"),
        ..Scope::default()
    }
}

/// What is found in the case's logs.
fn detector(file: &Value, case: &Value) -> Detector {
    let mut detector = Detector::new();
    for (base, changes, id, time) in [
        ("event", "audit", "auditID", "requestReceivedTimestamp"),
        ("record", "cloudtrail", "eventID", "eventTime"),
    ] {
        for (change, line) in case[changes].as_array().into_iter().flatten().zip(1..) {
            let mut event = file[base].clone();
            event[id] = json!(format!("{id}-{line}"));
            event[time] = json!("2026-11-02T09:00:00Z");
            merge(&mut event, change);
            let (text, place) = (event.to_string(), Place { file: changes.into(), line });
            if base == "event" {
                audit::read(&text, &mut |event| detector.audit(event, &place)).unwrap();
            } else {
                cloudtrail::read(&text, &mut |record| detector.cloudtrail(record, &place)).unwrap();
            }
        }
    }
    detector
}

#[test]
fn each_case_has_what_it_says_archived() {
    let (file, scope) = (file("filters.json"), scope());
    let mut wrong = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        let filters = Filters::read(&case["filters"].to_string());
        let filters = filters.unwrap_or_else(|error| panic!("{}: {error}", case["what"]));
        let detector = detector(&file, case);
        let told: BTreeMap<&str, &str> = detector
            .findings()
            .into_iter()
            .map(|finding| {
                let filter = filters.archiving(finding, &scope);
                (finding.kind.name, filter.map_or("", |filter| &*filter.name))
            })
            .collect();
        let expected: BTreeMap<&str, &str> = case["expect"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(kind, filter)| (kind.as_str(), filter.as_str().unwrap()))
            .collect();
        if told != expected {
            wrong.push(format!("{}:\n  expected {expected:?}\n  found    {told:?}", case["what"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_filter_is_told_why() {
    for case in file("not-filters.json").as_array().unwrap() {
        let (text, why) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
        let said = Filters::read(text).expect_err(text).to_string();
        assert!(said.contains(why), "{text}\n  expected {why}\n  said     {said}");
    }
}

#[test]
fn filters_come_back_as_they_are_printed() {
    for case in file("filters.json")["cases"].as_array().unwrap() {
        let filters = Filters::read(&case["filters"].to_string()).unwrap();
        // One after another, as a shell's loop over `get-filter` prints them, with what that adds.
        let printed: String = filters
            .all()
            .iter()
            .map(|filter| {
                let mut json = filter.to_json();
                json["Tags"] = json!({});
                json["CreatedAt"] = json!("2026-11-02T09:00:00+00:00");
                json["Version"] = json!(3);
                format!("{json:#}\n")
            })
            .collect();
        assert_eq!(Filters::read(&printed).unwrap(), filters);
    }
}

#[test]
fn there_are_no_more_filters_than_an_account_has() {
    let filter = |name: usize| json!({"name": format!("f-{name}"), "findingCriteria": {"criterion": {"type": {"equals": ["x"]}}}});
    let all = |names: std::ops::Range<usize>| Value::from(names.map(filter).collect::<Vec<_>>()).to_string();
    let mut filters = Filters::read(&all(0..MAX_FILTERS)).unwrap();
    assert_eq!(Filters::read(&all(0..MAX_FILTERS + 1)), Err(NotAFilter::TooMany));
    let more = Filters::read(&all(MAX_FILTERS..MAX_FILTERS + 1)).unwrap();
    assert_eq!(filters.add(more), Err(NotAFilter::TooMany));
    let values: Vec<String> = (0..51).map(|at| at.to_string()).collect();
    let text =
        json!({"name": "many", "findingCriteria": {"criterion": {"type": {"equals": values}}}}).to_string();
    assert!(Filters::read(&text).unwrap_err().to_string().contains("51 values"));
}

#[test]
fn an_archived_finding_says_so_in_every_form() {
    let (file, scope) = (file("filters.json"), scope());
    let detector = detector(&file, &json!({"cloudtrail": [{}]}));
    let [finding] = detector.findings()[..] else { panic!("there is one") };
    let filters =
        r#"{"name":"all","action":"ARCHIVE","findingCriteria":{"criterion":{"severity":{"gte":0}}}}"#;
    let filters = Filters::read(filters).unwrap();
    let mut marks = ringwall_detect::finding::Marks::default();
    let id = ringwall_detect::output::id(finding, &scope);
    marks.rate(&id, ringwall_detect::finding::Rating::NotUseful, "a drill", 1_793_610_000_000).unwrap();
    let verdict = marks.verdict(&id, filters.archiving(finding, &scope));
    let render = |form: Form| form.render(finding, &scope, &verdict);
    let guardduty = render(Form::GuardDuty);
    assert_eq!(guardduty.pointer("/service/archived"), Some(&json!(true)));
    assert_eq!(guardduty.pointer("/service/userFeedback"), Some(&json!("NOT_USEFUL")));
    let json_form = render(Form::Json);
    assert_eq!(json_form["archivedBy"], json!({"filter": "all"}));
    assert_eq!(
        json_form["feedback"],
        json!({"rating": "NOT_USEFUL", "comment": "a drill", "time": "2026-11-02T09:00:00.000Z"})
    );
    let asff = render(Form::Asff);
    assert_eq!(asff["RecordState"], "ARCHIVED");
    assert_eq!(asff["ProductFields"]["ringwall/service/userFeedback"], "NOT_USEFUL");
    let ocsf = render(Form::Ocsf);
    assert_eq!((&ocsf["status_id"], &ocsf["comment"]), (&json!(3), &json!("a drill")));
    assert_eq!(render(Form::Sigma)["archived"], true);
    let plain = Form::GuardDuty.render(finding, &scope, &Verdict::default());
    assert_eq!(plain.pointer("/service/archived"), Some(&json!(false)));
    assert_eq!(plain.pointer("/service/userFeedback"), None);
}

/// Attributes that the cases' findings have, and some that they have not.
const ATTRIBUTES: [&str; 14] = [
    "type",
    "severity",
    "updatedAt",
    "resource.kubernetesDetails.kubernetesUserDetails.username",
    "resource.kubernetesDetails.kubernetesUserDetails.groups",
    "resource.kubernetesDetails.kubernetesWorkloadDetails.containers.imagePrefix",
    "resource.kubernetesDetails.kubernetesWorkloadDetails.containers.securityContext.privileged",
    "resource.accessKeyDetails.userName",
    "service.count",
    "service.action.kubernetesApiCallAction.statusCode",
    "service.action.kubernetesApiCallAction.sourceIPs",
    "service.action.awsApiCallAction.api",
    "service.additionalInfo.threatListName",
    "resource.instanceDetails.instanceId",
];

fn texts() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "ann",
        "bob",
        "devs",
        "registry.example.com/tools",
        "registry.example.com/shop",
        "Stealth:IAMUser/CloudTrailLoggingDisabled",
        "StopLogging",
        "198.51.100.7",
        "true",
        "false",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[abd*?]{0,4}"]
}

fn patterns() -> impl Strategy<Value = String> {
    // A text in which some stretches became wildcards.
    (
        texts(),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        prop::sample::select(vec!["*", "?", "*?*"]),
    )
        .prop_map(|(text, one, other, wildcard)| {
            let letters: Vec<char> = text.chars().collect();
            let (one, other) = (one.index(letters.len() + 1), other.index(letters.len() + 1));
            let (from, to) = (one.min(other), one.max(other));
            let part = |range: std::ops::Range<usize>| letters[range].iter().collect::<String>();
            part(0..from) + wildcard + &part(to..letters.len())
        })
}

/// A condition that may be said of an attribute.
fn condition(attribute: &'static str) -> impl Strategy<Value = Value> {
    let is_number = matches!(
        attribute,
        "severity" | "updatedAt" | "service.count" | "service.action.kubernetesApiCallAction.statusCode"
    );
    let number = prop::sample::select(vec![0_i64, 1, 2, 5, 8, 201, 1_793_610_000_000]);
    let compare = prop::sample::select(vec!["greaterThan", "gte", "LessThan", "Lte"]);
    let of_number = prop_oneof![
        (compare, number.clone()).prop_map(|(name, bound)| json!({ name: bound })),
        (prop::sample::select(vec!["equals", "Neq"]), prop::collection::vec(number, 1..3)).prop_map(
            |(name, values)| json!({ name: values.iter().map(ToString::to_string).collect::<Vec<_>>() })
        ),
    ];
    let of_text = prop_oneof![
        (prop::sample::select(vec!["Equals", "notEquals"]), prop::collection::vec(texts(), 1..4))
            .prop_map(|(name, values)| json!({ name: values })),
        (prop::sample::select(vec!["matches", "NotMatches"]), prop::collection::vec(patterns(), 1..4))
            .prop_map(|(name, values)| json!({ name: values })),
    ];
    if is_number { of_number.boxed() } else { of_text.boxed() }
}

fn criteria() -> impl Strategy<Value = BTreeMap<&'static str, Value>> {
    let one = prop::sample::select(ATTRIBUTES.to_vec())
        .prop_flat_map(|attribute| condition(attribute).prop_map(move |condition| (attribute, condition)));
    prop::collection::vec(one, 1..4).prop_map(|all| all.into_iter().collect())
}

/// The values at a path, by flattening the whole finding.
fn flat(value: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flat(inner, &path, out);
            }
        }
        Value::Array(all) => all.iter().for_each(|inner| flat(inner, path, out)),
        leaf => out.push((path.to_owned(), leaf.clone())),
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|at| like(rest, &text[at..])),
        ['?', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        [letter, rest @ ..] => text.first() == Some(letter) && like(rest, &text[1..]),
    }
}

/// The twin: whether a finding meets criteria.
fn meets(finding: &Value, criteria: &BTreeMap<&str, Value>) -> bool {
    let mut all = Vec::new();
    flat(finding, "", &mut all);
    criteria.iter().all(|(attribute, condition)| {
        let values: Vec<String> = all
            .iter()
            .filter(|(path, _)| path == attribute)
            .map(|(_, value)| match value {
                Value::String(text) if *attribute == "updatedAt" => {
                    assert_eq!(text, "2026-11-02T09:00:00.000Z");
                    "1793610000000".to_owned()
                }
                Value::String(text) => text.clone(),
                Value::Number(number) => number.as_f64().unwrap().to_string(),
                other => other.to_string(),
            })
            .collect();
        condition.as_object().unwrap().iter().all(|(operator, written)| {
            let operator = operator.to_lowercase();
            let written_texts = || -> Vec<String> {
                written.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
            };
            let number = |text: &String| text.parse::<f64>().unwrap();
            let bound = || written.as_f64().unwrap();
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let equal = || values.iter().any(|value| written_texts().contains(value));
            let matching = || {
                values.iter().any(|value| written_texts().iter().any(|one| like(&chars(one), &chars(value))))
            };
            match operator.as_str() {
                "equals" | "eq" => equal(),
                "notequals" | "neq" => !equal(),
                "matches" => matching(),
                "notmatches" => !matching(),
                "greaterthan" | "gt" => values.iter().any(|value| number(value) > bound()),
                "greaterthanorequal" | "gte" => values.iter().any(|value| number(value) >= bound()),
                "lessthan" | "lt" => values.iter().any(|value| number(value) < bound()),
                "lessthanorequal" | "lte" => values.iter().any(|value| number(value) <= bound()),
                other => panic!("{other}"),
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn filters_decide_as_their_twin_does(
        all in prop::collection::vec((criteria(), prop::option::of(1_u8..=4), any::<bool>()), 1..6),
    ) {
        static FOUND: LazyLock<Detector> = LazyLock::new(|| {
            let changes = json!([{}, {"user": {"username": "bob", "groups": []}}]);
            detector(&file("filters.json"), &json!({"audit": changes, "cloudtrail": [{}]}))
        });
        let scope = scope();
        let written: Vec<Value> = all.iter().enumerate().map(|(at, (criteria, rank, archives))| {
            let mut filter = json!({"name": format!("f-{at}"), "findingCriteria": {"criterion": criteria}});
            if let Some(rank) = rank { filter["rank"] = json!(rank); }
            if *archives { filter["action"] = json!("ARCHIVE"); }
            filter
        }).collect();
        let filters = Filters::read(&Value::from(written).to_string()).unwrap();
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|at| (all[*at].1.unwrap_or(101), *at));
        let findings: Vec<&Finding> = FOUND.findings();
        prop_assert_eq!(findings.len(), 3);
        for finding in findings {
            let rendered = guardduty(finding, &scope);
            let first = order.iter().copied().find(|at| meets(&rendered, &all[*at].0));
            let told = filters.first(finding, &scope);
            prop_assert_eq!(told.map(|filter| filter.name.clone()), first.map(|at| format!("f-{at}")));
            let archives = first.is_some_and(|at| all[at].2);
            prop_assert_eq!(told.map(|filter| filter.action), first.map(|_| if archives { Action::Archive } else { Action::Noop }));
            prop_assert_eq!(filters.archiving(finding, &scope).is_some(), archives);
        }
    }
}
