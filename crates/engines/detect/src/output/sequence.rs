//! What belongs together, as GuardDuty tells it of an attack sequence.
//!
//! Source: AWS GuardDuty API Reference, `Sequence`, `Signal`, `Actor`, `ResourceV2`, `NetworkEndpoint`, `Indicator`.

use ringwall_model::time;
use serde_json::Value;

use super::guardduty::user_name;
use super::object::Object;
use super::{Place, Scope, digest};
use crate::finding::{Actor, Sequence, SequenceSignal, SignalSource, number};
use crate::sequence::THRESHOLD;

/// Kubernetes' resources that GuardDuty has as workloads, with its words for them.
/// Source: AWS GuardDuty API Reference, `KubernetesWorkload`.
const WORKLOADS: [(&str, &str); 8] = [
    ("pods", "PODS"),
    ("jobs", "JOBS"),
    ("cronjobs", "CRONJOBS"),
    ("deployments", "DEPLOYMENTS"),
    ("daemonsets", "DAEMONSETS"),
    ("statefulsets", "STATEFULSETS"),
    ("replicasets", "REPLICASETS"),
    ("replicationcontrollers", "REPLICATIONCONTROLLERS"),
];

/// `service.detection.sequence`.
pub(super) fn sequence(sequence: &Sequence, scope: &Scope, place: &Place<'_>) -> Object {
    let actors: Vec<Value> = sequence.actors.iter().map(|actor| self::actor(actor).into_value()).collect();
    let endpoints = sequence
        .endpoints
        .iter()
        .map(|address| Object::default().text("id", address).text("ip", address).into_value());
    let signals =
        sequence.signals.iter().map(|signal| self::signal(signal, &sequence.uid, scope).into_value());
    let indicators = sequence
        .indicators
        .iter()
        .map(|(key, values)| Object::default().text("key", key).texts("values", values).into_value());
    Object::default()
        .text("uid", &sequence.uid)
        .text("description", &sequence.description)
        .list("actors", actors)
        .list("resources", resources(sequence, place))
        .list("endpoints", endpoints.collect())
        .list("signals", signals.collect())
        .list("sequenceIndicators", indicators.collect())
}

/// What makes it a sequence, so that anybody can recompute that: docs/detection/sequences.md has the weights.
pub(super) fn reckoned(sequence: &Sequence) -> Object {
    let signals = sequence.signals.iter().map(|signal| {
        Object::default()
            .text("name", &signal.name)
            .text("stage", &signal.stage)
            .value("count", signal.count)
            .value("weight", signal.weight)
            .into_value()
    });
    Object::default()
        .value("score", sequence.score)
        .value("threshold", THRESHOLD)
        .list("signals", signals.collect())
        .texts("resources", &sequence.resources)
}

/// A signal's id: the same for the same signal of the same sequence.
pub(super) fn signal_id(sequence: &str, name: &str) -> String {
    digest(&["signal", sequence, name])
}

fn signal(signal: &SequenceSignal, sequence: &str, scope: &Scope) -> Object {
    let kind = match signal.source {
        SignalSource::Finding => "FINDING",
        SignalSource::CloudTrail => "CLOUD_TRAIL",
        SignalSource::AuditLog => "EKS_AUDIT_LOGS",
    };
    let first = time::text(signal.first_seen.unwrap_or(scope.now));
    let last = time::text(signal.last_seen.unwrap_or(scope.now));
    Object::default()
        .value("uid", signal_id(sequence, &signal.name))
        .value("type", kind)
        .text("name", &signal.name)
        .value("createdAt", first.as_str())
        .value("updatedAt", last.as_str())
        .value("firstSeenAt", first.as_str())
        .value("lastSeenAt", last.as_str())
        .maybe("severity", signal.severity.map(number))
        .value("count", signal.count)
}

fn actor(actor: &Actor) -> Object {
    let name = [user_name(&actor.arn), &actor.username, &actor.principal_id];
    let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or("unknown");
    let id = [&actor.arn, &actor.username].into_iter().find(|id| !id.is_empty()).map_or(name, String::as_str);
    let uid =
        [&actor.principal_id, &actor.uid].into_iter().find(|uid| !uid.is_empty()).map_or(id, String::as_str);
    let account = actor.arn.split(':').nth(4).unwrap_or_default();
    let user = Object::default()
        .value("name", name)
        .value("uid", uid)
        .value("type", if actor.kind.is_empty() { "KubernetesUser" } else { &actor.kind })
        .text("credentialUid", &actor.access_key_id)
        .object("account", Object::default().text("uid", account));
    Object::default().value("id", id).object("user", user)
}

/// Those that GuardDuty's schema knows: the cluster, workloads and access keys. The rest is in [`reckoned`].
fn resources(sequence: &Sequence, place: &Place<'_>) -> Vec<Value> {
    let resource = |uid: &str, name: &str, kind: &str, service: &str, data: Object| {
        Object::default()
            .value("uid", uid)
            .text("name", name)
            .value("resourceType", kind)
            .value("accountId", place.account)
            .value("region", place.region)
            .text("service", service)
            .value("cloudPartition", place.partition)
            .object("data", data)
            .into_value()
    };
    let mut resources = Vec::new();
    // What is of AWS begins with the account.
    let is_of_cluster = |named: &&String| !named.starts_with(|first: char| first.is_ascii_digit());
    if sequence.resources.iter().any(|named| is_of_cluster(&named)) {
        let uid = [place.cluster_arn.as_str(), place.cluster].into_iter().find(|uid| !uid.is_empty());
        let cluster = Object::default().text("arn", &place.cluster_arn);
        let data = Object::default().object("eksCluster", cluster);
        resources.push(resource(uid.unwrap_or("unknown"), place.cluster, "EKS_CLUSTER", "eks", data));
    }
    for named in sequence.resources.iter().filter(is_of_cluster) {
        let mut parts = named.split('/');
        let (kind, namespace, name) = (parts.next(), parts.next(), parts.next());
        let kind = kind.and_then(|kind| WORKLOADS.iter().find(|(known, _)| *known == kind));
        let (Some((_, kind)), Some(name)) = (kind, name) else { continue };
        let workload =
            Object::default().text("namespace", namespace.unwrap_or_default()).value("type", *kind);
        let data = Object::default().object("kubernetesWorkload", workload);
        resources.push(resource(named, name, "KUBERNETES_WORKLOAD", "eks", data));
    }
    for actor in sequence.actors.iter().filter(|actor| !actor.access_key_id.is_empty()) {
        let key = Object::default()
            .text("principalId", &actor.principal_id)
            .text("userName", user_name(&actor.arn))
            .text("userType", &actor.kind);
        let data = Object::default().object("accessKey", key);
        resources.push(resource(&actor.access_key_id, "", "ACCESS_KEY", "iam", data));
    }
    resources
}
