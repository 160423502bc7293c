//! What is read of rules, and what is said of those that can't be.

use std::fs;
use std::sync::Arc;

use ringwall_detect::finding::Place;
use ringwall_detect::output::{Scope, json};
use ringwall_detect::{Detector, audit};
use ringwall_model::Severity;
use ringwall_sigma::limits::{MAX_CORRELATIONS, MAX_DEPTH, MAX_PATTERNS, MAX_RULES};
use ringwall_sigma::{Origin, Rules, Sigma};

use crate::{look, parsed};

const EXEC: &str = r#"{"auditID":"a-1","stage":"ResponseComplete","verb":"create","user":{"username":"ann"},"sourceIPs":["192.0.2.7"],
    "objectRef":{"resource":"pods","subresource":"exec","namespace":"shop","name":"web"},"responseStatus":{"code":101},
    "requestObject":{"spec":{"containers":[{"name":"a","securityContext":{"capabilities":{"add":["SYS_ADMIN"]}}},
    {"name":"b","image":"x"}]}},"requestReceivedTimestamp":"2026-11-02T09:00:00.000001Z"}"#;

/// A rule with this detection.
fn rule(id: &str, rest: &str) -> String {
    format!(
        "title: Rule {id}\nid: {id}\nlogsource: {{category: application, product: kubernetes, service: audit}}\n{rest}\n"
    )
}

fn told(rules: &str) -> Vec<String> {
    let mut sigma = Sigma::new(parsed(rules)).unwrap();
    look(&mut sigma, EXEC, 1).iter().map(|found| found.rule.key.to_string()).collect()
}

fn problems(text: &str) -> Vec<String> {
    let problems = Rules::parse("bad.yml", text.as_bytes()).unwrap_err();
    problems
        .iter()
        .map(|problem| format!("{problem} ({})", problem.hint.as_deref().unwrap_or_default()))
        .collect()
}

#[test]
fn arrays_are_asked_for_in_each_way() {
    for detection in [
        "detection: {s: {requestObject.spec.containers.name: b}, condition: s}",
        "detection: {s: {'requestObject.spec.containers[*].name': b}, condition: s}",
        "sigma-version: 3\ndetection: {s: {'requestObject.spec.containers[1].name': b}, condition: s}",
        "sigma-version: 3\ndetection: {s: {'requestObject.spec.containers[-1].name': b}, condition: s}",
        "detection: {s: {sourceIPs: 192.0.2.7}, condition: s}",
        "detection: {s: {'sourceIPs|cidr': 192.0.2.0/24}, condition: s}",
        "sigma-version: 3\ndetection: {s: {'requestObject.spec.containers[any]': {name: b, image: x}}, condition: s}",
        "sigma-version: 3\ndetection: {s: {'requestObject.spec.containers[*]': {name: b, image: x}}, condition: s}",
        "sigma-version: 3\ndetection: {s: {'requestObject.spec.containers[none]': {name: c}}, condition: s}",
        "detection: {s: {capabilities: '*'}, condition: s}",
        "detection: {s: {'requestObject|contains': SYS_ADMIN}, condition: s}",
        "detection: {s: [SYS_ADMIN], condition: s}",
    ] {
        assert_eq!(told(&rule("all", detection)), ["all"], "{detection}");
    }
    for detection in [
        "detection: {s: {requestObject.spec.containers.name: c}, condition: s}",
        "sigma-version: 3\ndetection: {s: {'requestObject.spec.containers[0].name': b}, condition: s}",
        // `a` has no image: no single container has both.
        "sigma-version: 3\ndetection: {s: {'requestObject.spec.containers[any]': {name: a, image: x}}, condition: s}",
        "sigma-version: 3\ndetection: {s: {'requestObject.spec.containers[all]': {image: x}}, condition: s}",
        "detection: {s: {hostPath: '*'}, condition: s}",
        "detection: {s: [SYS_PTRACE], condition: s}",
    ] {
        assert!(told(&rule("none", detection)).is_empty(), "{detection}");
    }
    // Without one element's bounds, two containers together have both.
    let loose = "detection: {s: {requestObject.spec.containers.name: a, requestObject.spec.containers.image: x}, condition: s}";
    assert_eq!(told(&rule("loose", loose)), ["loose"]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let good = "detection: {s: {verb: get}, condition: s}";
    for (text, expected) in [
        ("title: [\n".to_owned(), "bad.yml:"),
        ("title: a\nlogsource: {product: kubernetes}\n".to_owned(), "bad.yml:1: "),
        (rule("a", "detection:\n    s: {verb: get}\n    condition: t"), "bad.yml:4: "),
        (rule("a", "detection: {s: {verb: get}, condition: 's and'}"), "bad.yml:4: "),
        (
            rule(
                "a",
                "detection:\n    s:\n        verb|re:\n            - get\n            - '('\n    condition: s",
            ),
            "bad.yml:8: `(` is no regular expression",
        ),
        (
            rule("a", "detection:\n    s:\n        verb|re: '(a{1000}){1000}'\n    condition: s"),
            "bad.yml:6: ",
        ),
        (
            rule("a", "detection:\n    s: {'rules[any].verbs': get}\n    condition: s"),
            "bad.yml:5: `rules[any].verbs` asks into a list",
        ),
        (
            rule("a", "detection: {s: {verb|expand: '%x%'}, condition: s}"),
            "bad.yml:4: `verb|expand` stands for",
        ),
        (rule("a", "detection: {s: {verb|nonsense: get}, condition: s}"), "bad.yml:4: "),
        (
            rule("a", &format!("{good}\nmode: perhaps")),
            "bad.yml:5: a rule's `mode` is none that there is (`live` or `dry-run`)",
        ),
        (rule("a", &format!("{good}\nlevel: dire")), "bad.yml:4: invalid level"),
        (
            rule("a", &format!("{good}\nrsigma.action: reset")),
            "bad.yml:5: `rsigma.action` is a setting of another program",
        ),
        (rule("a", &format!("{good}\naction: global")), "bad.yml:5: documents with `action`"),
        (format!("{}---\n{}", rule("a", good), rule("a", good)), "bad.yml:6: `a` is bad.yml:1 as well"),
        (
            "title: c\ncorrelation: {type: event_count, rules: [x], timespan: 5m, condition: {gte: 2}}\n"
                .to_owned(),
            "bad.yml:1: no rule has the id or the name `x`",
        ),
        (
            format!(
                "{}---\ntitle: c\ncorrelation: {{type: event_count, rules: [a], timespan: 5m, condition: {{gte: 2000}}}}\n",
                rule("a", good)
            ),
            "bad.yml:7: a correlation counts to 1000 at most",
        ),
        (
            format!(
                "{}---\ntitle: c\ncorrelation: {{type: event_count, rules: [a], timespan: 90d, condition: {{gte: 2}}}}\n",
                rule("a", good)
            ),
            "bad.yml:7: `90d` is longer",
        ),
        (
            "title: c\nid: c\ncorrelation: {type: temporal, rules: [c], timespan: 5m}\n".to_owned(),
            "bad.yml:1: no rule has the id or the name",
        ),
    ] {
        let told = problems(&text);
        assert!(told.first().is_some_and(|first| first.starts_with(expected)), "{text}\n{told:?}");
    }
}

#[test]
fn each_problem_of_a_folder_is_told_and_none_of_its_rules_is_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yml"), rule("a", "detection: {s: {verb: create}, condition: s}"))
        .unwrap();
    let origins = [Origin { path: folder.path().to_owned(), is_dry_run: false }];
    let rules = Arc::new(Rules::load(&origins).unwrap());
    assert!(rules.reload().unwrap().is_none(), "nothing changed");
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("more/b.yaml"), rule("b", "detection: {s: {verb: create}, condition: t}"))
        .unwrap();
    fs::write(folder.path().join("more/c.yml"), "title: c\n").unwrap();
    fs::write(folder.path().join("more/d.txt"), "no rule").unwrap();
    let told = rules.reload().unwrap_err();
    let files: Vec<_> = told.iter().map(|problem| problem.source.file.rsplit('/').next().unwrap()).collect();
    assert_eq!(files, ["b.yaml", "c.yml"]);
    assert_eq!(rules.all().len(), 1, "the old rules are still there");
    fs::remove_file(folder.path().join("more/c.yml")).unwrap();
    fs::write(folder.path().join("more/b.yaml"), rule("b", "detection: {s: {verb: create}, condition: s}"))
        .unwrap();
    let new = rules.reload().unwrap().expect("it changed");
    assert_eq!(new.all().len(), 2);
}

#[test]
fn a_mode_is_the_rules_or_the_folders() {
    let rules = parsed(&format!(
        "{}---\n{}",
        rule("live", "detection: {s: {verb: create}, condition: s}"),
        rule("tried", "mode: dry-run\ndetection: {s: {verb: create}, condition: s}")
    ));
    let modes = |rules: &Rules| -> Vec<bool> { rules.all().iter().map(|rule| rule.is_dry_run).collect() };
    assert_eq!(modes(&rules), [false, true]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.yml"),
        rule("a", "mode: live\ndetection: {s: {verb: create}, condition: s}"),
    )
    .unwrap();
    let origins = [Origin { path: folder.path().join("a.yml"), is_dry_run: true }];
    assert_eq!(modes(&Rules::load(&origins).unwrap()), [true]);
}

#[test]
fn rules_of_other_logs_are_left_out() {
    let windows = "title: w\nname: w\nlogsource: {product: windows, service: security}\ndetection: {s: {EventID: 1}, condition: s}\n---\n\
        title: c\ncorrelation: {type: event_count, rules: [w], timespan: 5m, condition: {gte: 2}}\n---\n";
    let rules = parsed(&format!("{windows}{}", rule("a", "detection: {s: {verb: get}, condition: s}")));
    assert_eq!((rules.all().len(), rules.others()), (1, 2));
}

#[test]
fn a_filter_takes_out_what_it_names() {
    let filter = "title: f\nlogsource: {product: kubernetes, service: audit}\nfilter:\n    rules: [a]\n    s: {user.username: ann}\n    condition: not s\n";
    let base = rule("a", "detection: {s: {verb: create}, condition: s}");
    assert_eq!(told(&base), ["a"]);
    assert!(told(&format!("{base}---\n{filter}")).is_empty());
}

#[test]
fn a_match_becomes_a_finding_of_its_rule() {
    let rules = parsed(&rule(
        "a",
        "level: critical\nmode: dry-run\ntags: [attack.execution]\nfalsepositives: [drills]\ndetection: {s: {verb: create}, condition: s}",
    ));
    let mut sigma = Sigma::new(rules).unwrap();
    let mut detector = Detector::new();
    let other = EXEC.replace("a-1", "a-3").replace("ann", "bob");
    for (line, at) in [EXEC.to_owned(), EXEC.replace("a-1", "a-2"), EXEC.to_owned(), other].iter().zip(1..) {
        let place = Place { file: "audit.log".into(), line: at };
        audit::read_with_json(line, &mut |event, json| {
            if detector.judge_audit(event, &place) {
                sigma.audit(event, json, &place, &mut |found| detector.tell(found.signal, found.earlier));
            }
        })
        .unwrap();
    }
    let findings = detector.findings();
    let scope = Scope {
        account: Some("111122223333".into()),
        region: Some("eu-central-1".into()),
        ..Scope::default()
    };
    let of_rule = findings.iter().filter(|finding| finding.details.rule.is_some());
    let told: Vec<_> = of_rule
        .clone()
        .map(|finding| (finding.count, finding.evidence().len(), finding.is_dry_run()))
        .collect();
    assert_eq!(told, [(2, 2, true), (1, 1, true)]);
    let first = of_rule.clone().next().unwrap();
    assert_eq!(first.severity, Severity::Critical);
    let first = json(first, &scope);
    assert_eq!(first["type"], "Custom:Kubernetes/Ringwall.SigmaRule");
    assert_eq!(first["title"], "Rule a");
    assert_eq!(first["customDetectionRuleName"], "Rule a");
    assert_eq!(first["severity"], 9.0);
    assert_eq!(first["rule"]["mode"], "DRY_RUN");
    assert_eq!(first["rule"]["id"], "a");
    assert_eq!(first["rule"]["line"], 1);
    assert_eq!(first["evidence"][1]["auditID"], "a-2");
    assert_eq!(first["service"]["action"]["kubernetesApiCallAction"]["subresource"], "exec");
    assert_eq!(first["description"], "Rule a: by ann (verb create)");
}

#[test]
fn what_is_secret_is_matched_and_not_told() {
    let rules = [
        rule("deep", "detection: {s: {requestObject.data.key: cGxhbnRlZA==}, condition: s}"),
        rule("whole", "detection: {s: {'requestObject|contains': cGxhbnRlZA==}, condition: s}"),
        rule("any", "detection: {s: [cGxhbnRlZA==], condition: s}"),
    ];
    let mut sigma = Sigma::new(parsed(&rules.join("---\n"))).unwrap();
    let event = EXEC
        .replace(r#""resource":"pods","subresource":"exec""#, r#""resource":"secrets""#)
        .replace(r#""requestObject":{"#, r#""requestObject":{"data":{"key":"cGxhbnRlZA=="},"#);
    let found = look(&mut sigma, &event, 1);
    assert_eq!(found.len(), 3);
    assert!(!format!("{:?}", found.iter().map(|found| &found.signal).collect::<Vec<_>>()).contains("cGxh"));
}

#[test]
fn there_are_bounds_to_a_set_of_rules() {
    let many = |number: usize, one: &dyn Fn(usize) -> String| -> String { (0..number).map(one).collect() };
    let rules = many(MAX_RULES + 1, &|at| {
        format!("{}---\n", rule(&at.to_string(), "detection: {s: {verb: get}, condition: s}"))
    });
    assert!(problems(&rules).first().unwrap().contains("more than 5000 rules"));
    let correlations = many(MAX_CORRELATIONS + 1, &|at| {
        format!("title: c{at}\ncorrelation: {{type: temporal, rules: [c{}], timespan: 1m}}\n---\n", at + 1)
    });
    assert!(problems(&correlations).first().unwrap().contains("more than 500 correlations"));
    let list: Vec<String> = (0..=MAX_PATTERNS).map(|at| format!("a{at}")).collect();
    let patterns = rule("a", &format!("detection: {{s: {{verb|re: [{}]}}, condition: s}}", list.join(", ")));
    assert!(problems(&patterns).first().unwrap().contains("more than 1000 regular expressions"));
    let deep =
        format!("detection: {{s: {}{}, condition: s}}", "{a: ".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
    assert!(problems(&rule("a", &deep)).first().unwrap().contains("at most 20000 values, 32 deep"));
}
