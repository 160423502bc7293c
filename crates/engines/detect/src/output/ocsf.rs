//! OCSF's Detection Finding, class 2004.
//!
//! Source: the Open Cybersecurity Schema Framework, `detection_finding` and the objects that it holds, version 1.5.0.

use ringwall_model::Severity;
use serde_json::Value;

use super::object::Object;
use super::{Scope, id, is_of_cluster, milliseconds, responsible, sequence};
use crate::finding::{Evidence, Finding, Log, Sequence, Verdict};

/// The version of the schema.
const VERSION: &str = "1.5.0";
/// The class, its category, and the type: the class's activity `Create`.
const CLASS: u32 = 2004;
/// See [`CLASS`].
const CATEGORY: u32 = 2;
/// See [`CLASS`].
const CREATE: u32 = 1;

/// A finding in OCSF. Times are Unix milliseconds.
pub(super) fn ocsf(finding: &Finding, scope: &Scope, verdict: &Verdict) -> Value {
    let place = scope.place(finding);
    let (first, last) = milliseconds(finding, scope);
    let (severity_id, severity) = severity(finding.severity);
    let (status_id, status) = match &verdict.archived {
        None => (1, "New"),
        Some(_) => (3, "Suppressed"),
    };
    let feedback = verdict.feedback.as_ref();
    let product = Object::default().value("name", "Ringwall").value("vendor_name", "Ringwall");
    let metadata = Object::default()
        .value("version", VERSION)
        .object("product", product)
        .list("profiles", vec!["cloud".into()])
        .value("log_name", log(finding.kind.log));
    let cloud = Object::default()
        .value("provider", "AWS")
        .value("region", place.region)
        .value("cloud_partition", place.partition)
        .object("account", Object::default().value("uid", place.account));
    let rule = finding.details.rule.as_deref();
    let analytic = Object::default()
        .value("type_id", 1)
        .value("type", "Rule")
        .value("name", rule.map_or(finding.kind.name, |rule| &rule.title))
        .text("uid", rule.map_or("", |rule| &rule.id));
    let info = Object::default()
        .value("uid", id(finding, scope))
        .value("title", finding.title())
        .text("desc", &finding.details.description)
        .list("types", vec![finding.kind.name.into()])
        .value("created_time", first)
        .value("modified_time", last)
        .value("first_seen_time", first)
        .value("last_seen_time", last)
        .list("data_sources", vec![log(finding.kind.log).into()])
        .list("related_events", finding.details.sequence.iter().flat_map(related).collect())
        .object("analytic", analytic);
    Object::default()
        .value("class_uid", CLASS)
        .value("class_name", "Detection Finding")
        .value("category_uid", CATEGORY)
        .value("category_name", "Findings")
        .value("activity_id", CREATE)
        .value("activity_name", "Create")
        .value("type_uid", CLASS.saturating_mul(100).saturating_add(CREATE))
        .value("time", first)
        .value("start_time", first)
        .value("end_time", last)
        .value("count", finding.count)
        .value("severity_id", severity_id)
        .value("severity", severity)
        .value("status_id", status_id)
        .value("status", status)
        .value("is_alert", !finding.is_dry_run())
        .value(
            "message",
            if finding.details.description.is_empty() {
                finding.title()
            } else {
                finding.details.description.as_str()
            },
        )
        .object("metadata", metadata)
        .object("cloud", cloud)
        .object("finding_info", info)
        .list("evidences", finding.evidence().iter().map(|event| evidence(finding, event)).collect())
        .list("resources", resources(finding, scope))
        .list("observables", observables(finding))
        .object("remediation", Object::default().text("desc", finding.kind.remedy))
        .text("comment", feedback.map_or("", |said| &said.comment))
        .object(
            "unmapped",
            Object::default()
                .text("responsible", responsible(finding))
                .text("userFeedback", feedback.map_or("", |said| said.rating.name()))
                .object(
                    "sequence",
                    finding.details.sequence.as_ref().map(sequence::reckoned).unwrap_or_default(),
                ),
        )
        .into_value()
}

/// The signals of a sequence.
fn related(of: &Sequence) -> impl Iterator<Item = Value> {
    of.signals.iter().map(|signal| {
        let severity = signal.severity.map(severity);
        Object::default()
            .value("uid", sequence::signal_id(&of.uid, &signal.name))
            .text("title", &signal.name)
            .value("count", signal.count)
            .maybe("first_seen_time", signal.first_seen)
            .maybe("last_seen_time", signal.last_seen)
            .maybe("severity_id", severity.map(|(id, _)| id))
            .maybe("severity", severity.map(|(_, name)| name))
            .list(
                "tags",
                Some(&*signal.stage).filter(|stage| !stage.is_empty()).map(tactic).into_iter().collect(),
            )
            .into_value()
    })
}

/// A key-value object, as OCSF has tags.
fn tactic(stage: &str) -> Value {
    Object::default().value("name", "tactic").value("value", stage).into_value()
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn log(log: Log) -> &'static str {
    match log {
        Log::Audit => "kube-apiserver audit",
        Log::CloudTrail => "CloudTrail",
        Log::Both => "kube-apiserver audit and CloudTrail",
    }
}

/// The call is known of the worst event alone; of the others their places are.
fn evidence(finding: &Finding, event: &Evidence) -> Value {
    let details = &finding.details;
    let actor = &details.actor;
    let groups = actor.groups.iter().map(|name| Object::default().value("name", name.as_str()).into_value());
    let name = if actor.username.is_empty() { &actor.arn } else { &actor.username };
    let user = Object::default()
        .text("name", name)
        .text("uid", if actor.uid.is_empty() { &actor.principal_id } else { &actor.uid })
        .text("credential_uid", &actor.access_key_id)
        .list("groups", groups.collect());
    let request = Object::default().text("uid", &event.id);
    let mut source = Object::default();
    let mut api = Object::default();
    if let Some(call) = &details.api_call {
        source = source.text("ip", call.source_ips.first().map_or("", String::as_str));
        api = api
            .text("operation", &call.verb)
            .object("service", Object::default().value("name", "kube-apiserver"))
            .object("response", Object::default().maybe("code", call.status));
    } else if let Some(call) = &details.aws_call {
        let is_address = call.source.parse::<std::net::IpAddr>().is_ok();
        source = source.text(if is_address { "ip" } else { "svc_name" }, &call.source);
        api = api
            .text("operation", &call.action)
            .object("service", Object::default().text("name", &call.service))
            .object("response", Object::default().text("error", &call.error_code));
    }
    let data = Object::default().text("file", &event.place.file).value("line", event.place.line);
    Object::default()
        .object("actor", Object::default().object("user", user))
        .object("api", api.object("request", request))
        .object("src_endpoint", source)
        .object("data", data)
        .into_value()
}

fn resources(finding: &Finding, scope: &Scope) -> Vec<Value> {
    let place = scope.place(finding);
    let mut resources = Vec::new();
    if is_of_cluster(finding) && !place.cluster.is_empty() {
        let cluster = Object::default()
            .value("type", "AWS::EKS::Cluster")
            .value("name", place.cluster)
            .text("uid", &place.cluster_arn)
            .value("region", place.region);
        resources.push(cluster.into_value());
    }
    if let Some(workload) = &finding.details.workload {
        let workload = Object::default()
            .text("type", &workload.kind)
            .text("name", &workload.name)
            .text("uid", &workload.uid)
            .text("namespace", &workload.namespace);
        resources.push(workload.into_value());
    } else if let Some(call) = finding.details.api_call.as_ref().filter(|call| !call.resource.is_empty()) {
        let object = Object::default()
            .text("type", &call.resource)
            .text("name", &call.name)
            .text("namespace", &call.namespace);
        resources.push(object.into_value());
    }
    resources
}

/// What to look for elsewhere. The types' numbers are OCSF's: 2 an address, 4 a user name, 16 a user agent.
fn observables(finding: &Finding) -> Vec<Value> {
    let details = &finding.details;
    let (mut addresses, mut agent): (Vec<&str>, &str) = (Vec::new(), "");
    if let Some(call) = &details.api_call {
        addresses.extend(call.source_ips.first().map(String::as_str));
        agent = &call.user_agent;
    } else if let Some(call) = &details.aws_call {
        addresses
            .extend(Some(call.source.as_str()).filter(|source| source.parse::<std::net::IpAddr>().is_ok()));
        agent = &call.user_agent;
    }
    let observable = |kind: u32, name: &str, value: &str| {
        Object::default().value("type_id", kind).value("name", name).value("value", value).into_value()
    };
    let user = Some(details.actor.username.as_str()).filter(|name| !name.is_empty());
    let agent = Some(agent).filter(|agent| !agent.is_empty());
    addresses
        .into_iter()
        .map(|address| observable(2, "evidences[].src_endpoint.ip", address))
        .chain(user.map(|name| observable(4, "evidences[].actor.user.name", name)))
        .chain(agent.map(|agent| observable(16, "evidences[].http_request.user_agent", agent)))
        .collect()
}
