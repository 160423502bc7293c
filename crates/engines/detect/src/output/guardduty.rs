//! GuardDuty's own form, as EventBridge and the export to S3 have it.
//!
//! Source: AWS GuardDuty API Reference, `Finding` and what it holds; the names on the wire are those of the service's model.

use std::net::IpAddr;

use ringwall_model::time;
use serde_json::{Map, Value};

use super::object::Object;
use super::{Scope, digest, evidence, id, is_of_cluster, responsible, sequence, times};
use crate::finding::{Actor, Archived, AwsCall, Details, Finding, Log, Term, Verdict, Workload, number};

/// A finding as GuardDuty would give it, without anything that its schema has not.
pub(super) fn guardduty(finding: &Finding, scope: &Scope, verdict: &Verdict) -> Value {
    finding_object(finding, scope, verdict).into_value()
}

/// The same, with what GuardDuty's schema has no room for: the events, who must act, what to do, the terms of an anomaly's score.
pub(super) fn json(finding: &Finding, scope: &Scope, verdict: &Verdict) -> Value {
    let archived_by = match &verdict.archived {
        Some(Archived::ByHand) => Object::default().value("hand", true),
        Some(Archived::ByFilter(name)) => Object::default().text("filter", name),
        None => Object::default(),
    };
    let feedback = verdict.feedback.as_ref().map(|said| {
        Object::default()
            .text("rating", said.rating.name())
            .text("comment", &said.comment)
            .value("time", time::text(said.time))
    });
    let sequence = finding.details.sequence.as_ref().map(sequence::reckoned);
    finding_object(finding, scope, verdict)
        .object("archivedBy", archived_by)
        .object("feedback", feedback.unwrap_or_default())
        .object("sequence", sequence.unwrap_or_default())
        .list("unusual", finding.details.terms.iter().map(term).collect())
        .text("responsible", responsible(finding))
        .text("remedy", finding.kind.remedy)
        .object("rule", rule(finding).unwrap_or_default())
        .value("evidence", evidence(finding))
        .into_value()
}

/// The rule of somebody's own that matched.
fn rule(finding: &Finding) -> Option<Object> {
    let rule = finding.details.rule.as_deref()?;
    let object = Object::default()
        .value("id", rule.id.as_str())
        .value("mode", if rule.is_dry_run { "DRY_RUN" } else { "LIVE" })
        .texts("tags", &rule.tags)
        .texts("falsePositives", &rule.false_positives)
        .text("file", &rule.place.file)
        .value("line", rule.place.line);
    Some(object)
}

fn finding_object(finding: &Finding, scope: &Scope, verdict: &Verdict) -> Object {
    let (first, last) = times(finding, scope);
    let (id, place) = (id(finding, scope), scope.place(finding));
    let (partition, region, account) = (place.partition, place.region, place.account);
    // GuardDuty has one detector an account and region; so has this.
    let detector = digest(&["detector", account, region]);
    let arn = format!("arn:{partition}:guardduty:{region}:{account}:detector/{detector}/finding/{id}");
    Object::default()
        .value("schemaVersion", "2.0")
        .value("accountId", account)
        .value("region", region)
        .value("partition", partition)
        .value("id", id)
        .value("arn", arn)
        .value("type", finding.kind.name)
        .value("severity", number(finding.severity))
        .value("title", finding.title())
        .text("description", &finding.details.description)
        .text("customDetectionRuleName", finding.details.rule.as_deref().map_or("", |rule| &rule.title))
        .value("createdAt", first.as_str())
        .value("updatedAt", last.as_str())
        .value("resource", resource(finding, scope).into_value())
        .value("service", service(finding, scope, verdict, &detector).into_value())
}

fn resource(finding: &Finding, scope: &Scope) -> Object {
    let (details, place) = (&finding.details, scope.place(finding));
    let is_of_cluster = is_of_cluster(finding);
    let kind = if finding.kind.purpose() == "AttackSequence" {
        "AttackSequence"
    } else if is_of_cluster {
        "EKSCluster"
    } else {
        "AccessKey"
    };
    let mut resource = Object::default().value("resourceType", kind);
    if is_of_cluster {
        let cluster = Object::default().text("name", place.cluster).text("arn", &place.cluster_arn);
        let kubernetes = Object::default()
            .object("kubernetesUserDetails", user(&details.actor))
            .object("kubernetesWorkloadDetails", details.workload.as_ref().map(workload).unwrap_or_default());
        resource = resource.object("eksClusterDetails", cluster).object("kubernetesDetails", kubernetes);
    }
    let actor = &details.actor;
    let key = Object::default()
        .text("accessKeyId", &actor.access_key_id)
        .text("principalId", &actor.principal_id)
        .text("userName", user_name(&actor.arn))
        .text("userType", &actor.kind);
    resource.object("accessKeyDetails", key)
}

/// The user's or role's name in an ARN of IAM or STS.
pub(crate) fn user_name(arn: &str) -> &str {
    let mut parts = arn.splitn(6, ':').nth(5).unwrap_or_default().split('/');
    match (parts.next(), parts.next()) {
        (Some("assumed-role"), Some(role)) => role,
        (Some("user" | "role"), Some(_)) => arn.rsplit('/').next().unwrap_or_default(),
        (Some(only), None) => only,
        _ => "",
    }
}

fn user(actor: &Actor) -> Object {
    let impersonated = actor
        .impersonated
        .as_ref()
        .map(|(username, groups)| Object::default().text("username", username).texts("groups", groups));
    Object::default()
        .text("username", &actor.username)
        .text("uid", &actor.uid)
        .texts("groups", &actor.groups)
        .texts("sessionName", &actor.session_names)
        .object("impersonatedUser", impersonated.unwrap_or_default())
}

fn workload(workload: &Workload) -> Object {
    let containers = workload.containers.iter().map(|container| {
        let mounts = container
            .mounts
            .iter()
            .map(|(name, path)| Object::default().text("name", name).text("mountPath", path).into_value());
        let security = Object::default()
            .value("privileged", container.privileged)
            .maybe("allowPrivilegeEscalation", container.allow_privilege_escalation);
        Object::default()
            .text("name", &container.name)
            .text("image", &container.image)
            .text("imagePrefix", image_prefix(&container.image))
            .list("volumeMounts", mounts.collect())
            .object("securityContext", security)
            .into_value()
    });
    let volumes = workload.host_paths.iter().map(|(name, path)| {
        Object::default()
            .text("name", name)
            .object("hostPath", Object::default().text("path", path))
            .into_value()
    });
    Object::default()
        .text("name", &workload.name)
        .text("type", &workload.kind)
        .text("uid", &workload.uid)
        .text("namespace", &workload.namespace)
        .text("serviceAccountName", &workload.service_account)
        .value("hostNetwork", workload.host_network)
        .value("hostIPC", workload.host_ipc)
        .value("hostPID", workload.host_pid)
        .list("containers", containers.collect())
        .list("volumes", volumes.collect())
}

/// The registry and folder of an image: what GuardDuty proposes to suppress by.
fn image_prefix(image: &str) -> &str {
    image.rsplit_once('/').map_or("", |(prefix, _)| prefix)
}

fn service(finding: &Finding, scope: &Scope, verdict: &Verdict, detector: &str) -> Object {
    let details = &finding.details;
    let (first, last) = times(finding, scope);
    let sequence = details.sequence.as_ref().map(|of| sequence::sequence(of, scope, &scope.place(finding)));
    let detection = Object::default()
        .object("anomaly", anomaly(&details.terms, finding.kind.log))
        .object("sequence", sequence.unwrap_or_default());
    let lists = details.lists.iter().map(|of| {
        Object::default().text("threatListName", &of.list).texts("threatNames", &of.threats).into_value()
    });
    let evidence = Object::default().list("threatIntelligenceDetails", lists.collect());
    let feature = match finding.kind.log {
        Log::Audit => "EKS_AUDIT_LOGS",
        Log::CloudTrail => "CLOUD_TRAIL",
        Log::Both => "",
    };
    Object::default()
        .value("serviceName", "guardduty")
        .value("detectorId", detector)
        .text("featureName", feature)
        .value("resourceRole", "TARGET")
        .value("archived", verdict.is_archived())
        .value("count", finding.count)
        .value("eventFirstSeen", first)
        .value("eventLastSeen", last)
        .object("action", action(details))
        .object("evidence", evidence)
        .object("detection", detection)
        .text("userFeedback", verdict.feedback.as_ref().map_or("", |said| said.rating.name()))
        .value("additionalInfo", additional(details).into_value())
}

fn action(details: &Details) -> Object {
    if let Some(call) = &details.api_call {
        let of_call = Object::default()
            .text("requestUri", &call.request_uri)
            .text("verb", &call.verb)
            .text("resource", &call.resource)
            .text("subresource", &call.subresource)
            .text("namespace", &call.namespace)
            .text("resourceName", &call.name)
            .texts("sourceIPs", &call.source_ips)
            .text("userAgent", &call.user_agent)
            .object("remoteIpDetails", address(call.source_ips.first().map_or("", String::as_str)))
            .maybe("statusCode", call.status);
        let permission = details.permission.as_ref().map(|asked| {
            Object::default()
                .text("verb", &asked.verb)
                .text("resource", &asked.resource)
                .text("namespace", &asked.namespace)
                .maybe("allowed", asked.allowed)
        });
        let binding = details.binding.as_ref().map(|made| {
            Object::default()
                .text("kind", &made.kind)
                .text("name", &made.name)
                .text("uid", &made.uid)
                .text("roleRefName", &made.role)
                .text("roleRefKind", &made.role_kind)
        });
        let role = details.role.as_ref().map(|made| {
            Object::default().text("kind", &made.kind).text("name", &made.name).text("uid", &made.uid)
        });
        return Object::default()
            .value("actionType", "KUBERNETES_API_CALL")
            .object("kubernetesApiCallAction", of_call)
            .object("kubernetesPermissionCheckedDetails", permission.unwrap_or_default())
            .object("kubernetesRoleBindingDetails", binding.unwrap_or_default())
            .object("kubernetesRoleDetails", role.unwrap_or_default());
    }
    let Some(call) = &details.aws_call else { return Object::default() };
    let remote = address(&call.source);
    // What calls in somebody's name is a service, which is recorded by its domain.
    let is_address = call.source.parse::<IpAddr>().is_ok();
    let domain = if is_address { "" } else { &call.source };
    let of_call = Object::default()
        .text("api", &call.action)
        .text("serviceName", &call.service)
        .value("callerType", if is_address { "Remote IP" } else { "Domain" })
        .text("errorCode", &call.error_code)
        .text("userAgent", &call.user_agent)
        .object("remoteIpDetails", remote)
        .object("domainDetails", Object::default().text("domain", domain));
    Object::default().value("actionType", "AWS_API_CALL").object("awsApiCallAction", of_call)
}

/// An address, if it is one; where it lies is not known.
fn address(text: &str) -> Object {
    match text.parse() {
        Ok(IpAddr::V4(address)) => Object::default().value("ipAddressV4", address.to_string()),
        Ok(IpAddr::V6(address)) => Object::default().value("ipAddressV6", address.to_string()),
        Err(_) => Object::default(),
    }
}

/// What is unusual, for the actor and for everybody.
fn anomaly(terms: &[Term], log: Log) -> Object {
    if terms.is_empty() {
        return Object::default();
    }
    let features = |seen: fn(&Term) -> u64| {
        let features = terms.iter().map(|term| {
            let texts = Object::default().list("text", vec![term.value.as_str().into()]);
            let unusual = Object::default()
                .value("profileType", "FREQUENCY")
                .value("profileSubtype", frequency(seen(term)))
                .object("observations", texts);
            (term.feature.clone().into_owned(), unusual.into_value())
        });
        features.collect::<Map<_, _>>()
    };
    let everybody = if log == Log::CloudTrail { "account" } else { "cluster" };
    let behavior = Object::default()
        .value("actor", features(|term| term.seen_of_actor))
        .value(everybody, features(|term| term.seen_of_all));
    Object::default().object("unusual", Object::default().object("behavior", behavior))
}

/// How often is often: GuardDuty names the classes and not their bounds.
fn frequency(seen: u64) -> &'static str {
    match seen {
        0 => "UNSEEN",
        1..=3 => "RARE",
        4..=20 => "INFREQUENT",
        _ => "FREQUENT",
    }
}

/// What has no member of its own, as JSON in a text: that is how GuardDuty gives it.
fn additional(details: &Details) -> Object {
    let list = details.lists.first();
    let value = Object::default()
        .text("threatListName", list.map_or("", |list| &list.list))
        .text("threatName", list.and_then(|list| list.threats.first()).map_or("", String::as_str))
        .object("anomalies", anomalies(details))
        .list("unusual", details.terms.iter().map(term).collect());
    Object::default().value("value", value.into_value().to_string()).value("type", "default")
}

/// The call that is unusual, as GuardDuty writes it: `iam.amazonaws.com:[CreateAccessKey:success]`.
fn anomalies(details: &Details) -> Object {
    let call = details.aws_call.as_ref().filter(|_| !details.terms.is_empty());
    let Some(AwsCall { action, service, error_code, .. }) = call else { return Object::default() };
    let outcome = if error_code.is_empty() { "success" } else { error_code };
    Object::default().value("anomalousAPIs", format!("{service}:[{action}:{outcome}]"))
}

fn term(term: &Term) -> Value {
    Object::default()
        .text("feature", &term.feature)
        .text("value", &term.value)
        .value("bits", (term.bits * 100.0).round() / 100.0)
        .value("seenOfActor", term.seen_of_actor)
        .value("seenOfAll", term.seen_of_all)
        .into_value()
}
