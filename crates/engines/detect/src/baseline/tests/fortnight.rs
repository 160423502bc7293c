//! What is told of two ordinary weeks, and of what is no part of them.

use std::sync::LazyLock;

use ringwall_model::Severity;

use super::days::{self, Chance, FIRST_HOUR, Request, account, developer};
use crate::Detector;
use crate::audit::read;
use crate::baseline::{Baseline, UNUSUAL};
use crate::finding::{Finding, Place};

const HOURS: i64 = 14 * 24;
/// What people read of it, with an example.
const ANOMALIES: &str = include_str!("../../../../../../docs/detection/anomalies.md");

fn send(detector: &mut Detector, request: &Request) {
    let place = Place { file: "audit.log".into(), line: request.number };
    read(&request.json(), &mut |event| detector.audit(event, &place)).unwrap();
}

static AFTER: LazyLock<Baseline> = LazyLock::new(|| after(1).into_baseline());

/// After a fortnight.
fn after(seed: u64) -> Detector {
    let mut detector = Detector::new();
    let mut chance = Chance(seed);
    for number in 0..HOURS {
        days::hour(&mut chance, number).iter().for_each(|request| send(&mut detector, request));
    }
    detector
}

/// What is told of requests on the Monday after.
fn told(requests: &[Request]) -> Vec<Finding> {
    let mut detector = Detector::new().with_baseline(AFTER.clone());
    let mut chance = Chance(99);
    for number in HOURS..HOURS + 10 {
        days::hour(&mut chance, number).iter().for_each(|request| send(&mut detector, request));
    }
    for (request, number) in requests.iter().zip(1_u64..) {
        send(&mut detector, &Request { hour: FIRST_HOUR + HOURS + 10, number, ..request.clone() });
    }
    detector.findings().into_iter().cloned().collect()
}

/// Type and terms of each.
fn terms(findings: &[Finding]) -> Vec<(&str, Vec<(&str, &str)>)> {
    findings
        .iter()
        .map(|finding| {
            let terms = finding.details.terms.iter().map(|term| (&*term.feature, term.value.as_str()));
            (finding.kind.name.rsplit('.').next().unwrap(), terms.collect())
        })
        .collect()
}

#[test]
fn two_ordinary_weeks_tell_nothing() {
    for seed in 1..4 {
        let detector = after(seed);
        let told: Vec<_> = detector
            .findings()
            .into_iter()
            .map(|finding| (finding.kind.name, &finding.details.description, &finding.details.terms))
            .collect();
        assert!(told.is_empty(), "seed {seed}: {} findings: {told:#?}", told.len());
        assert!(detector.baseline().is_learned());
    }
}

#[test]
fn a_stolen_credential_is_told_by_where_and_how_it_is_used() {
    let mut thief = developer("ann");
    thief.address = "100.64.9.9".into();
    thief.agent = "python-requests/2.32.3";
    let request = Request { resource: "secrets", namespace: "billing".into(), ..thief };
    let findings = told(&[request.clone(), request]);
    assert_eq!(
        terms(&findings),
        [(
            "SecretsAccessed",
            vec![
                ("source network", "100.64.9.0/24"),
                ("user agent", "python-requests"),
                ("namespace", "billing"),
            ]
        )]
    );
    let finding = &findings[0];
    assert_eq!((finding.count, finding.severity), (2, Severity::Medium));
    assert!(finding.details.terms.iter().all(|term| term.seen_of_actor == 0));
    for term in &finding.details.terms {
        let row = format!(
            "| {} | `{}` | {:.2} | {} | {} |",
            term.feature, term.value, term.bits, term.seen_of_actor, term.seen_of_all
        );
        assert!(ANOMALIES.contains(&row), "the documentation's example lacks {row}");
    }
    assert!(finding.details.terms.iter().map(|term| term.bits).sum::<f64>() > 2.0 * UNUSUAL);
}

#[test]
fn the_first_command_of_an_account_that_runs_none_is_told() {
    let exec = Request {
        verb: "create",
        subresource: "exec",
        namespace: "monitoring".into(),
        ..account("monitoring", "prometheus-operator", "PrometheusOperator/0.83.0", 4)
    };
    let findings = told(&[exec]);
    assert_eq!(terms(&findings), [("ExecInPod", vec![("resource", "pods/exec")])]);
}

#[test]
fn secrets_of_a_namespace_never_touched_are_told() {
    let secrets = Request {
        resource: "secrets",
        namespace: "kube-system".into(),
        ..account("external-secrets", "external-secrets", "external-secrets/v0.18.0", 3)
    };
    let findings = told(&[secrets]);
    assert_eq!(terms(&findings), [("SecretsAccessed", vec![("namespace", "kube-system")])]);
}

#[test]
fn an_image_that_nobody_ever_deployed_is_told_of_whoever_deploys_the_same_all_day() {
    let body = r#"{"spec":{"template":{"spec":{"containers":[{"image":"example.com/miner:1"}]}}}}"#;
    let deploy = Request {
        verb: "patch",
        group: "apps",
        resource: "deployments",
        namespace: "shop".into(),
        body: body.into(),
        ..account("argocd", "argocd-application-controller", "argocd-application-controller/v3.0.6", 8)
    };
    let findings = told(&[deploy]);
    assert_eq!(terms(&findings), [("WorkloadDeployed", vec![("image", "example.com/miner")])]);
    let workload = findings[0].details.workload.as_ref().unwrap();
    assert_eq!(workload.containers[0].image, "example.com/miner:1");
}

#[test]
fn somebody_new_is_told_and_a_new_service_account_is_not() {
    let secrets = |who: Request| Request { resource: "secrets", namespace: "shop".into(), ..who };
    assert_eq!(told(&[secrets(account("shop", "web", "web/0.1", 3))]), []);
    let findings = told(&[secrets(developer("zoe"))]);
    assert_eq!(terms(&findings)[0].1[0], ("user", "zoe@example.com"));
}

#[test]
fn what_was_refused_or_only_tried_out_is_neither_told_nor_learned() {
    let operator = account("monitoring", "prometheus-operator", "PrometheusOperator/0.83.0", 4);
    let body = r#"{"spec":{"template":{"spec":{"containers":[{"image":"example.com/miner:1"}]}}}}"#;
    let deploy = Request {
        verb: "update",
        group: "apps",
        resource: "statefulsets",
        namespace: "monitoring".into(),
        body: body.into(),
        hour: FIRST_HOUR + HOURS,
        ..operator.clone()
    };
    let exec = Request { verb: "create", subresource: "exec", namespace: "monitoring".into(), ..operator };
    let dry = |request: &Request| request.json().replacen(r#"","verb""#, r#"?dryRun=All","verb""#, 1);
    let told = |line: &str| {
        let mut detector = Detector::new().with_baseline(AFTER.clone());
        let place = Place { file: "audit.log".into(), line: 1 };
        read(line, &mut |event| detector.audit(event, &place)).unwrap();
        let told = detector.findings().len();
        (told, detector.baseline().actors.cells() == AFTER.actors.cells())
    };
    assert_eq!(told(&deploy.json().replace(r#""code":200"#, r#""code":403"#)), (0, true));
    assert_eq!(told(&dry(&deploy)), (0, true));
    assert_eq!(told(&deploy.json()), (1, false));
    // A command is run whatever its query says.
    assert_eq!(told(&dry(&exec)), (1, false));
}

#[test]
fn without_a_baseline_nothing_is_unusual() {
    let mut detector = Detector::new();
    let mut stranger = developer("zoe");
    for number in 0..1000 {
        stranger = Request { number, resource: "secrets", namespace: format!("ns-{number}"), ..stranger };
        send(&mut detector, &stranger);
    }
    // It is many, which a rule tells.
    assert!(detector.findings().iter().all(|finding| finding.details.terms.is_empty()));
}
