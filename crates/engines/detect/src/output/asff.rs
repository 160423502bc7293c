//! The AWS Security Finding Format, as Security Hub's `BatchImportFindings` takes it.
//!
//! Source: AWS Security Hub User Guide, *AWS Security Finding Format (ASFF)*; the lengths are those of its syntax.

use ringwall_model::Severity;
use serde_json::{Map, Value};

use super::guardduty::guardduty;
use super::object::Object;
use super::{Scope, cut, id, is_of_cluster, responsible, times};
use crate::finding::{Finding, Verdict, number};

/// Most characters of a title and of a description.
const MAX_TITLE: usize = 256;
/// See [`MAX_TITLE`].
const MAX_DESCRIPTION: usize = 1024;
/// Most characters of the text that recommends something.
const MAX_RECOMMENDATION: usize = 512;
/// Most fields of a product, and the most characters of their names and values.
const MAX_FIELDS: usize = 50;
/// See [`MAX_FIELDS`].
const MAX_NAME: usize = 128;
/// See [`MAX_FIELDS`].
const MAX_VALUE: usize = 2048;

/// A finding in ASFF. The product is the account's own, as for every integration that AWS does not list.
pub(super) fn asff(finding: &Finding, scope: &Scope, verdict: &Verdict) -> Value {
    let place = scope.place(finding);
    let (partition, region, account) = (place.partition, place.region, place.account);
    let id = id(finding, scope);
    let (first, last) = times(finding, scope);
    let details = &finding.details;
    let description =
        if details.description.is_empty() { finding.title() } else { details.description.as_str() };
    let severity = Object::default()
        .value("Label", label(finding.severity))
        .value("Original", number(finding.severity).to_string());
    let recommendation = Object::default().value("Text", cut(finding.kind.remedy, MAX_RECOMMENDATION));
    let source = details.api_call.as_ref().and_then(|call| call.source_ips.first());
    let source = source.or(details.aws_call.as_ref().map(|call| &call.source));
    let network = match source.and_then(|source| source.parse::<std::net::IpAddr>().ok()) {
        Some(address) => Object::default()
            .value("Direction", "IN")
            .value(if address.is_ipv4() { "SourceIpV4" } else { "SourceIpV6" }, address.to_string()),
        None => Object::default(),
    };
    Object::default()
        .value("SchemaVersion", "2018-10-08")
        .value("Id", format!("arn:{partition}:ringwall:{region}:{account}:finding/{id}"))
        .value(
            "ProductArn",
            format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        )
        .value("ProductName", "Ringwall")
        .value("CompanyName", "Ringwall")
        .value("Region", region)
        .value("GeneratorId", format!("ringwall/{}", finding.kind.name))
        .value("AwsAccountId", account)
        .list("Types", vec![types(finding.kind.name).into()])
        .value("FirstObservedAt", first.as_str())
        .value("LastObservedAt", last.as_str())
        .value("CreatedAt", first.as_str())
        .value("UpdatedAt", last.as_str())
        .object("Severity", severity)
        .value("Title", cut(finding.title(), MAX_TITLE))
        .value("Description", cut(description, MAX_DESCRIPTION))
        .object("Remediation", Object::default().object("Recommendation", recommendation))
        .value("ProductFields", fields(finding, scope, verdict))
        .object("Network", network)
        .list("Resources", resources(finding, scope))
        .value("RecordState", if verdict.is_archived() { "ARCHIVED" } else { "ACTIVE" })
        .into_value()
}

fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

/// The type in ASFF's taxonomy.
///
/// Source: AWS GuardDuty User Guide, *Integrating AWS Security Hub with GuardDuty*, "Types of findings that GuardDuty sends": of
/// Kubernetes, policies are best practices, anomalies have a class of their own and lose the family's name, the rest has its tactic.
fn types(kind: &str) -> String {
    let (purpose, rest) = kind.split_once(':').unwrap_or(("", kind));
    let (resource, family) = rest.split_once('/').unwrap_or(("", rest));
    let flat = kind.replace('/', "-");
    match (purpose, resource) {
        ("Policy", "Kubernetes") => {
            format!("Software and Configuration Checks/AWS Security Best Practices/{flat}")
        }
        (_, "Kubernetes") if family.starts_with("AnomalousBehavior.") => {
            let mechanism = family.trim_start_matches("AnomalousBehavior.");
            format!("TTPs/AnomalousBehavior/{purpose}:Kubernetes-{mechanism}")
        }
        (_, "Kubernetes") => format!("TTPs/{purpose}/{flat}"),
        _ => match tactic(purpose) {
            Some(tactic) if rest == "IAMUser/AnomalousBehavior" => {
                format!("TTPs/{tactic}/IAMUser-AnomalousBehavior")
            }
            Some(tactic) => format!("TTPs/{tactic}/{flat}"),
            None => format!("TTPs/{flat}"),
        },
    }
}

/// The taxonomy's name of a purpose; some have none.
fn tactic(purpose: &str) -> Option<&'static str> {
    Some(match purpose {
        "CredentialAccess" => "Credential Access",
        "DefenseEvasion" | "Stealth" => "Defense Evasion",
        "Discovery" | "Recon" => "Discovery",
        "Execution" => "Execution",
        "Exfiltration" => "Exfiltration",
        "Impact" => "Impact",
        "InitialAccess" => "Initial Access",
        "Persistence" => "Persistence",
        "PrivilegeEscalation" => "Privilege Escalation",
        "UnauthorizedAccess" => "Unauthorized Access",
        _ => return None,
    })
}

fn resources(finding: &Finding, scope: &Scope) -> Vec<Value> {
    let place = scope.place(finding);
    let actor = &finding.details.actor;
    let resource = |kind: &str, id: &str, details: Object| {
        Object::default()
            .value("Type", kind)
            .value("Id", id)
            .value("Partition", place.partition)
            .value("Region", place.region)
            .object("Details", details)
            .into_value()
    };
    let mut resources = Vec::new();
    if is_of_cluster(finding) {
        let named = if place.cluster.is_empty() { "unknown" } else { place.cluster };
        let id = if place.cluster_arn.is_empty() { named } else { &place.cluster_arn };
        let cluster = Object::default().text("Name", place.cluster).text("Arn", &place.cluster_arn);
        resources.push(resource("AwsEksCluster", id, Object::default().object("AwsEksCluster", cluster)));
    }
    if let Some(workload) = &finding.details.workload {
        for container in &workload.containers {
            let of_container = Object::default()
                .text("Name", &container.name)
                .text("ImageName", &container.image)
                .value("Privileged", container.privileged);
            let id = format!("{}/{}/{}/{}", workload.namespace, workload.kind, workload.name, container.name);
            // 32 is the most that there may be; nobody's pod has so many containers.
            if resources.len() < 30 {
                resources.push(resource(
                    "Container",
                    &id,
                    Object::default().object("Container", of_container),
                ));
            }
        }
    }
    if !actor.access_key_id.is_empty() || resources.is_empty() {
        let key = Object::default()
            .text("AccessKeyId", &actor.access_key_id)
            .text("PrincipalId", &actor.principal_id)
            .text("PrincipalType", &actor.kind)
            .text("PrincipalName", &actor.arn);
        let id = if actor.access_key_id.is_empty() { "unknown" } else { &actor.access_key_id };
        let id = format!("AWS::IAM::AccessKey:{id}");
        resources.push(resource("AwsIamAccessKey", &id, Object::default().object("AwsIamAccessKey", key)));
    }
    resources
}

/// What has no member of its own: GuardDuty's members by their paths, and the events.
fn fields(finding: &Finding, scope: &Scope, verdict: &Verdict) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut add = |name: String, value: String| {
        if fields.len() < MAX_FIELDS && name.chars().count() <= MAX_NAME && !value.is_empty() {
            fields.insert(name, cut(&value, MAX_VALUE).into());
        }
    };
    for (at, event) in finding.evidence().iter().take(5).enumerate() {
        let kind = if event.is_record { "eventID" } else { "auditID" };
        add(format!("ringwall/evidence.{at}_/{kind}"), event.id.clone());
        add(format!("ringwall/evidence.{at}_/place"), format!("{}:{}", event.place.file, event.place.line));
    }
    add("ringwall/responsible".to_owned(), responsible(finding).to_owned());
    let mut whole = guardduty(finding, scope, verdict);
    if let Some(sequence) = &finding.details.sequence {
        // Whole, it would take all the fields that there may be.
        if let Some(Value::Object(detection)) = whole.pointer_mut("/service/detection") {
            detection.remove("sequence");
        }
        add("ringwall/sequence/uid".to_owned(), sequence.uid.clone());
        add("ringwall/sequence/score".to_owned(), sequence.score.to_string());
        for (at, signal) in sequence.signals.iter().take(15).enumerate() {
            add(format!("ringwall/sequence/signals.{at}_"), format!("{} ({})", signal.name, signal.count));
        }
        for (at, (key, values)) in sequence.indicators.iter().enumerate() {
            add(format!("ringwall/sequence/indicators.{at}_"), format!("{key}: {}", values.join(", ")));
        }
        add("ringwall/sequence/endpoints".to_owned(), sequence.endpoints.join(", "));
    }
    for member in ["service", "resource"] {
        flatten(&format!("ringwall/{member}"), whole.get(member).unwrap_or(&Value::Null), &mut add);
    }
    fields
}

/// Paths as GuardDuty writes them: elements of lists are `name.0_`.
fn flatten(path: &str, value: &Value, add: &mut impl FnMut(String, String)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                flatten(&format!("{path}/{name}"), member, add);
            }
        }
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                flatten(&format!("{path}.{at}_"), element, add);
            }
        }
        Value::Null => {}
        Value::String(text) => add(path.to_owned(), text.clone()),
        Value::Bool(_) | Value::Number(_) => add(path.to_owned(), value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::types;

    #[test]
    fn types_are_those_that_guardduty_sends() {
        for (kind, told) in [
            (
                "Discovery:Kubernetes/MaliciousIPCaller",
                "TTPs/Discovery/Discovery:Kubernetes-MaliciousIPCaller",
            ),
            (
                "Discovery:Kubernetes/AnomalousBehavior.PermissionChecked",
                "TTPs/AnomalousBehavior/Discovery:Kubernetes-PermissionChecked",
            ),
            (
                "PrivilegeEscalation:Kubernetes/PrivilegedContainer",
                "TTPs/PrivilegeEscalation/PrivilegeEscalation:Kubernetes-PrivilegedContainer",
            ),
            (
                "Policy:Kubernetes/ExposedDashboard",
                "Software and Configuration Checks/AWS Security Best Practices/Policy:Kubernetes-ExposedDashboard",
            ),
            (
                "Stealth:IAMUser/CloudTrailLoggingDisabled",
                "TTPs/Defense Evasion/Stealth:IAMUser-CloudTrailLoggingDisabled",
            ),
            (
                "CredentialAccess:IAMUser/AnomalousBehavior",
                "TTPs/Credential Access/IAMUser-AnomalousBehavior",
            ),
            (
                "DefenseEvasion:IAMUser/BedrockLoggingDisabled",
                "TTPs/Defense Evasion/DefenseEvasion:IAMUser-BedrockLoggingDisabled",
            ),
            ("Policy:IAMUser/RootCredentialUsage", "TTPs/Policy:IAMUser-RootCredentialUsage"),
        ] {
            assert_eq!(types(kind), told);
        }
    }
}
