//! The layers of policies, and the flow chart that joins them.

use serde_json::{Value, json};

use super::principal::Grant;
use super::question::{Caller, OWN_ACCOUNT, Question, note};
use super::statement;

pub(crate) const LAYERS: &[&str] =
    &["scp", "rcp", "resource", "boundary", "session", "identity", "vpcEndpoint"];

/// One policy as the line gives it, and where.
pub(crate) struct Given<'a> {
    pub(crate) layer: &'static str,
    /// Which level from the root down, for `scp` and `rcp`.
    level: usize,
    pub(crate) name: &'a str,
    pub(crate) document: &'a Value,
}

/// All policies of a line, in the order of layers.
pub(crate) fn policies(line: &Value) -> Vec<Given<'_>> {
    let mut all = Vec::new();
    for &layer in LAYERS {
        let given = &line["policies"][layer];
        let levels: Vec<Vec<&Value>> = match given {
            Value::Array(levels) if ["scp", "rcp"].contains(&layer) => levels
                .iter()
                .map(|level| level["policies"].as_array().into_iter().flatten().collect())
                .collect(),
            Value::Array(policies) => vec![policies.iter().collect()],
            Value::Null => Vec::new(),
            one => vec![vec![one]],
        };
        for (level, policies) in levels.into_iter().enumerate() {
            for policy in policies {
                let name = policy["name"].as_str().unwrap_or_default();
                all.push(Given { layer, level, name, document: &policy["policy"] });
            }
        }
    }
    all
}

struct Found {
    layer: &'static str,
    level: usize,
    allow: bool,
    grant: Grant,
    shown: Value,
}

fn statements(document: &Value) -> Vec<&Value> {
    match &document["Statement"] {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    }
}

/// Whether the caller or the service is one whom the layer can concern.
fn concerns(layer: &str, question: &Question<'_>) -> bool {
    let has_account = question.caller.account().is_some();
    match layer {
        "scp" => has_account && !question.caller.is_service_linked(),
        "rcp" => (question.facts.rcp_supported)(&question.service()) && !question.caller.is_service_linked(),
        "boundary" | "session" | "identity" => has_account,
        _ => true,
    }
}

fn has_variables(document: &Value) -> bool {
    document["Version"] == "2012-10-17"
}

fn find(question: &Question<'_>, policies: &[Given<'_>], notes: &mut Vec<String>) -> Vec<Found> {
    let mut denied = Vec::new();
    if question.is_pattern {
        for given in policies.iter().filter(|given| concerns(given.layer, question)) {
            for one in statements(given.document) {
                denied.extend(statement::denied(one, has_variables(given.document), question));
            }
        }
    }
    let mut all = Vec::new();
    for given in policies.iter().filter(|given| concerns(given.layer, question)) {
        for (index, one) in statements(given.document).into_iter().enumerate() {
            let Some(grant) =
                statement::applies(one, has_variables(given.document), question, &denied, notes)
            else {
                continue;
            };
            let shown = json!({
                "layer": given.layer, "policy": given.name, "index": index,
                "sid": one["Sid"], "effect": one["Effect"],
            });
            let (layer, level) = (given.layer, given.level);
            all.push(Found { layer, level, allow: statement::is_allow(one), grant, shown });
        }
    }
    all
}

/// The flow chart: an explicit Deny anywhere; else each layer that is needed has to allow.
pub(crate) fn decide(question: &Question<'_>, policies: &[Given<'_>], given: &Value) -> Value {
    if question.caller.account().is_some() && question.is_action("sts:GetCallerIdentity") {
        return answer("Allowed", Vec::new(), Vec::new(), Vec::new());
    }
    let mut notes = Vec::new();
    if question.own_account_taken && question.caller.account().is_some() && !given["resource"].is_null() {
        note(&mut notes, OWN_ACCOUNT.to_owned());
    }
    let found = find(question, policies, &mut notes);

    let denies = |one: &&Found| !one.allow;
    let denying: Vec<&Found> = found.iter().filter(denies).collect();
    if !denying.is_empty() {
        let blocked = |layer: &&str| denying.iter().any(|one| one.layer == *layer);
        let blocked_by = LAYERS.iter().copied().filter(blocked).collect();
        return answer("ExplicitlyDenied", blocked_by, shown(&denying), notes);
    }
    if is_refused_always(question) {
        return answer("ImplicitlyDenied", vec!["resource"], Vec::new(), notes);
    }
    let allowing: Vec<&Found> = found.iter().filter(|one| one.allow).collect();
    let blocks = |layer: &&str| {
        is_needed(layer, question, given, &allowing) && !allows(layer, question, given, &allowing)
    };
    let blocked_by: Vec<&str> = LAYERS.iter().copied().filter(blocks).collect();
    if blocked_by.is_empty() {
        answer("Allowed", blocked_by, shown(&allowing), notes)
    } else {
        answer("ImplicitlyDenied", blocked_by, Vec::new(), notes)
    }
}

fn answer(decision: &str, blocked_by: Vec<&str>, statements: Vec<Value>, assumed: Vec<String>) -> Value {
    json!({
        "decision": decision, "blockedBy": blocked_by, "statements": statements, "assumed": assumed,
        "error": null,
    })
}

fn shown(found: &[&Found]) -> Vec<Value> {
    found.iter().map(|one| one.shown.clone()).collect()
}

/// An empty list applies as little as one that is left out.
fn is_given(layer: &str, given: &Value) -> bool {
    !given[layer].is_null() && given[layer].as_array().is_none_or(|list| !list.is_empty())
}

fn is_needed(layer: &str, question: &Question<'_>, given: &Value, allowing: &[&Found]) -> bool {
    if !concerns(layer, question) {
        return false;
    }
    let grant = allowing.iter().filter(|one| one.layer == "resource").map(|one| one.grant).max();
    let same_account = question.caller.account() == question.resource_account.as_deref();
    match layer {
        "scp" | "rcp" | "vpcEndpoint" => is_given(layer, given),
        "resource" => question.caller.account().is_none() || !same_account || has_no_account_trust(question),
        "identity" => !(same_account && grant >= Some(Grant::Role)),
        _ => is_given(layer, given) && !(same_account && grant == Some(Grant::Direct)),
    }
}

fn allows(layer: &str, question: &Question<'_>, given: &Value, allowing: &[&Found]) -> bool {
    let mut of_layer = allowing.iter().filter(|one| one.layer == layer);
    match layer {
        "scp" | "rcp" => {
            let levels = given[layer].as_array().map_or(0, Vec::len);
            (0..levels).all(|level| of_layer.clone().any(|one| one.level == level))
        }
        "identity" => matches!(question.caller, Caller::Root { .. }) || of_layer.next().is_some(),
        _ => of_layer.next().is_some(),
    }
}

/// KMS keys and roles: being of the same account gives nothing unless the resource's own policy says so.
fn has_no_account_trust(question: &Question<'_>) -> bool {
    let action = question.action.to_ascii_lowercase();
    let of_role = action.starts_with("sts:assumerole")
        || ["sts:tagsession", "sts:setsourceidentity"].contains(&action.as_str());
    if (question.facts.star_only)(&action) {
        return false;
    }
    let of_key = question.service() == "kms" && !question.resource.contains(":alias/");
    of_key || (of_role && (question.is_role() || question.is_pattern))
}

/// What belongs to AWS: roles linked to services and reserved, AWS-managed policies, AWS-managed keys' aliases.
fn is_refused_always(question: &Question<'_>) -> bool {
    const ALLOWED: &[&str] = &[
        "iam:PassRole",
        "iam:CreateServiceLinkedRole",
        "iam:DeleteServiceLinkedRole",
        "iam:UpdateRoleDescription",
    ];
    let level = (question.facts.access_level)(&question.action);
    if !matches!(level, Some("Write" | "Tagging" | "Permissions management")) {
        return false;
    }
    let part = question.resource_part();
    match question.service().as_str() {
        "iam" if part.starts_with("role/aws-service-role/") || part.starts_with("role/aws-reserved/") => {
            !ALLOWED.iter().any(|name| question.is_action(name))
        }
        "iam" => part.starts_with("policy/") && question.resource.split(':').nth(4) == Some("aws"),
        "kms" => part.starts_with("alias/aws/"),
        _ => false,
    }
}
