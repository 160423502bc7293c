//! Notices for tests.

use ringwall_detect::finding::{
    Actor, ApiCall, Details, Evidence, Finding, Findings, Place, Signal, Workload,
};
use ringwall_detect::output::Scope;
use ringwall_detect::rules::KINDS;
use ringwall_sinks::{Notice, What};

/// A finding of a type, about a pod.
pub(crate) fn finding(kind: &str, pod: &str) -> Finding {
    let kind = KINDS.iter().map(|listed| listed.kind).find(|known| known.name == kind).unwrap();
    let signal = Signal {
        kind,
        severity: kind.severity,
        cause: format!("mallory {pod}"),
        time: Some(1_795_000_000_123),
        evidence: Evidence {
            id: format!("audit-{pod}"),
            is_record: false,
            place: Place { file: "audit.log".into(), line: 7 },
        },
        details: Details {
            description: format!("mallory ran a command in the pod shop/{pod} «λ»."),
            actor: Actor { username: "mallory".to_owned(), ..Actor::default() },
            api_call: Some(ApiCall {
                verb: "create".to_owned(),
                resource: "pods".to_owned(),
                subresource: "exec".to_owned(),
                namespace: "shop".to_owned(),
                name: pod.to_owned(),
                source_ips: vec!["203.0.113.9".to_owned()],
                ..ApiCall::default()
            }),
            workload: Some(Workload {
                kind: "pods".to_owned(),
                name: pod.to_owned(),
                namespace: "shop".to_owned(),
                ..Workload::default()
            }),
            ..Details::default()
        },
    };
    Findings::default().add(signal).clone()
}

/// Notices of different findings, at the positions from 1 on.
pub(crate) fn notices(count: u64) -> Vec<Notice> {
    (1..=count).map(notice).collect()
}

/// The notice at a position.
pub(crate) fn notice(position: u64) -> Notice {
    let scope = Scope {
        account: Some("111122223333".to_owned()),
        region: Some("eu-central-1".to_owned()),
        cluster: Some("shop".to_owned()),
        cluster_arn: None,
        now: 1_795_000_000_000,
    };
    let finding = finding("Execution:Kubernetes/ExecInKubeSystemPod", &format!("pod-{position}"));
    Notice { finding, scope, what: What::New, position }
}
