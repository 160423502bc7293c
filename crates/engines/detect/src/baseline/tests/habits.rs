//! What is dangerous in itself, and customary.

use std::net::{IpAddr, Ipv4Addr};

use ringwall_model::Severity;

use super::days::{self, Request, account};
use super::{learn, taught};
use crate::act::Act;
use crate::audit::read;
use crate::baseline::{Baseline, Features};
use crate::finding::{
    Container, DefinedBy, Details, Evidence, Kind, ListMatch, Log, Place, Signal, Workload,
};

static KIND: Kind = Kind {
    name: "PrivilegeEscalation:Kubernetes/AnomalousBehavior.WorkloadDeployed!PrivilegedContainer",
    severity: Severity::High,
    by: DefinedBy::GuardDuty,
    log: Log::Audit,
    title: "",
    remedy: "",
    responsible: ringwall_model::Responsible::Customer,
    at_metadata: "",
};

fn signal(severity: Severity, image: &str, hour: i64) -> Signal {
    let container = Container { image: image.to_owned(), ..Container::default() };
    let workload =
        Workload { namespace: "monitoring".to_owned(), containers: vec![container], ..Workload::default() };
    Signal {
        kind: &KIND,
        severity,
        cause: String::new(),
        time: Some((days::FIRST_HOUR + hour) * 3_600_000),
        evidence: Evidence {
            id: String::new(),
            is_record: false,
            place: Place { file: "audit.log".into(), line: 1 },
        },
        details: Details { workload: Some(workload), ..Details::default() },
    }
}

fn request(user: &str, hour: i64) -> Request {
    let mut request = account("monitoring", "prometheus-operator", "PrometheusOperator/0.83.0", 4);
    if !user.is_empty() {
        request.user = user.to_owned();
    }
    (request.verb, request.resource, request.group) = ("update", "daemonsets", "apps");
    Request { namespace: "monitoring".into(), hour: days::FIRST_HOUR + hour, ..request }
}

fn with_features<T>(request: &Request, mut ask: impl FnMut(&Features<'_>) -> T) -> T {
    let mut found = None;
    read(&request.json(), &mut |event| found = Some(ask(&Features::of(&Act::of(event))))).unwrap();
    found.unwrap()
}

fn ranked(baseline: &Baseline, signal: &Signal, user: &str) -> Option<Signal> {
    let hour = signal.time.unwrap() / 3_600_000 - days::FIRST_HOUR;
    with_features(&request(user, hour), |features| {
        let judgement = baseline.judge(features, signal.time);
        baseline.rank(signal.clone(), features, &judgement)
    })
}

/// The same node agent is deployed at noon of some days, for nine days.
fn baseline(days: &[i64], user: &str) -> Baseline {
    let mut baseline = Baseline::new();
    for hour in 0..9 * 24 {
        learn(&mut baseline, &request(user, hour));
        if hour % 24 == 12 && days.contains(&(hour / 24)) {
            let told = signal(Severity::High, "example.com/agent:1.2", hour);
            with_features(&request(user, hour), |features| baseline.learn_signal(&told, features));
        }
    }
    baseline
}

const NOW: i64 = 9 * 24 - 1;

#[test]
fn what_somebody_does_day_after_day_is_quietened_by_one_step() {
    let known = baseline(&[5, 6, 7], "");
    for (severity, expected) in [
        (Severity::Critical, Some(Severity::Critical)),
        (Severity::High, Some(Severity::Medium)),
        (Severity::Medium, Some(Severity::Low)),
        (Severity::Low, None),
    ] {
        // Another version of it is the same custom.
        let signal = signal(severity, "example.com/agent:1.3", NOW);
        assert_eq!(ranked(&known, &signal, "").map(|signal| signal.severity), expected);
    }
}

#[test]
fn what_is_not_quite_the_same_or_not_yet_a_custom_is_told_as_it_is() {
    let known = baseline(&[5, 6, 7], "");
    let high = |image: &str| signal(Severity::High, image, NOW);
    let severity = |signal: Option<Signal>| signal.unwrap().severity;
    assert_eq!(severity(ranked(&known, &high("example.com/other:1.2"), "")), Severity::High);
    assert_eq!(severity(ranked(&known, &high("example.com/agent:1.2"), "eve")), Severity::High);
    let mut elsewhere = high("example.com/agent:1.2");
    elsewhere.details.workload.as_mut().unwrap().namespace = "shop".to_owned();
    assert_eq!(severity(ranked(&known, &elsewhere, "")), Severity::High);
    let twice = baseline(&[6, 7], "");
    assert_eq!(severity(ranked(&twice, &high("example.com/agent:1.2"), "")), Severity::High);
    // A thousand times on one day are one day.
    let mut hasty = baseline(&[], "");
    with_features(&request("", NOW), |features| {
        (0..1000).for_each(|_| hasty.learn_signal(&high("example.com/agent:1.2"), features));
    });
    assert_eq!(severity(ranked(&hasty, &high("example.com/agent:1.2"), "")), Severity::High);
}

#[test]
fn nobody_and_listed_addresses_have_no_customs() {
    let told = |signal: &Signal, user: &str| {
        let known = baseline(&[4, 5, 6, 7], user);
        ranked(&known, signal, user).map(|signal| signal.severity)
    };
    let high = signal(Severity::High, "example.com/agent:1.2", NOW);
    assert_eq!(told(&high, "system:anonymous"), Some(Severity::High));
    let mut listed = high.clone();
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    listed.details.lists = vec![ListMatch { address, list: "tor".into(), threats: Vec::new() }];
    assert_eq!(told(&listed, ""), Some(Severity::High));
    assert_eq!(told(&high, ""), Some(Severity::Medium));
}

#[test]
fn it_is_ranked_by_how_unusual_it_is_and_without_a_baseline_left_alone() {
    let learned = taught(6, 200);
    let signal = signal(Severity::High, "example.com/agent:1.2", 200);
    let terms = |user: &str| ranked(&learned, &signal, user).unwrap().details.terms;
    let usual: f64 = terms("").iter().map(|term| term.bits).sum();
    let unusual: f64 = terms("eve").iter().map(|term| term.bits).sum();
    assert!(unusual > usual && usual > 0.0, "{unusual} and {usual}");
    assert_eq!(ranked(&Baseline::new(), &signal, "eve").unwrap().details.terms, []);
}
