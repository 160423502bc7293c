//! What a tool that runs Sigma rules would say: the rule, its level and log source, and the fields of the event under the log's own
//! names.
//!
//! Source: *Sigma Rules Specification* 2.1: `level`, `logsource` and `tags`; tags of tactics are `attack.NAME`.

use serde_json::Value;

use super::object::Object;
use super::{Scope, digest, evidence, id, times};
use crate::finding::{Details, Finding, Log, Verdict};

/// A finding as a match of a Sigma rule.
pub(super) fn sigma(finding: &Finding, scope: &Scope, verdict: &Verdict) -> Value {
    let (first, last) = times(finding, scope);
    let (product, service) = match finding.kind.log {
        Log::Audit => ("kubernetes", "audit"),
        Log::CloudTrail => ("aws", "cloudtrail"),
        Log::Both => ("kubernetes", ""),
    };
    let rule = finding.details.rule.as_deref();
    let tags: Vec<Value> = match rule {
        Some(rule) => rule.tags.iter().map(|tag| tag.as_str().into()).collect(),
        None => tactic(finding.kind.purpose())
            .map(|tactic| format!("attack.{tactic}").into())
            .into_iter()
            .collect(),
    };
    Object::default()
        .value("title", finding.title())
        .value("id", rule.map_or_else(|| uuid(finding.kind.name), |rule| rule.id.clone()))
        .value("name", finding.kind.name)
        .value("level", finding.severity.name())
        .object("logsource", Object::default().value("product", product).text("service", service))
        .list("tags", tags)
        .text("description", &finding.details.description)
        .value("finding", id(finding, scope))
        .value("count", finding.count)
        .value("first", first)
        .value("last", last)
        .maybe("archived", verdict.is_archived().then_some(true))
        .object("fields", fields(&finding.details))
        .value("evidence", evidence(finding))
        .into_value()
}

/// The rule's id: of version 8, which is left to whoever makes it. Source: RFC 9562, section 5.8.
fn uuid(name: &str) -> String {
    let digest = digest(&["sigma rule", name]);
    let mut digits = digest.chars();
    let mut take = |count: usize| digits.by_ref().take(count).collect::<String>();
    let (first, second) = (take(8), take(4));
    let (third, fourth, last) = (take(4), take(4), take(12));
    let (third, fourth) = (third.get(1..).unwrap_or_default(), fourth.get(1..).unwrap_or_default());
    format!("{first}-{second}-8{third}-8{fourth}-{last}")
}

fn tactic(purpose: &str) -> Option<&'static str> {
    Some(match purpose {
        "CredentialAccess" => "credential-access",
        "DefenseEvasion" | "Stealth" => "defense-evasion",
        "Discovery" | "Recon" => "discovery",
        "Execution" => "execution",
        "Exfiltration" => "exfiltration",
        "Impact" => "impact",
        "InitialAccess" => "initial-access",
        "Persistence" => "persistence",
        "PrivilegeEscalation" => "privilege-escalation",
        _ => return None,
    })
}

fn fields(details: &Details) -> Object {
    let actor = &details.actor;
    if let Some(call) = &details.api_call {
        return Object::default()
            .text("verb", &call.verb)
            .text("requestURI", &call.request_uri)
            .text("user.username", &actor.username)
            .texts("user.groups", &actor.groups)
            .texts("sourceIPs", &call.source_ips)
            .text("userAgent", &call.user_agent)
            .text("objectRef.resource", &call.resource)
            .text("objectRef.subresource", &call.subresource)
            .text("objectRef.namespace", &call.namespace)
            .text("objectRef.name", &call.name)
            .maybe("responseStatus.code", call.status);
    }
    let Some(call) = &details.aws_call else { return Object::default() };
    Object::default()
        .text("eventSource", &call.service)
        .text("eventName", &call.action)
        .text("awsRegion", &call.region)
        .text("sourceIPAddress", &call.source)
        .text("userAgent", &call.user_agent)
        .text("errorCode", &call.error_code)
        .text("userIdentity.type", &actor.kind)
        .text("userIdentity.arn", &actor.arn)
        .text("userIdentity.accessKeyId", &actor.access_key_id)
}
