//! Access policies: EKS's own sets of Kubernetes permissions, given to an access entry for a cluster or some namespaces.
//!
//! Sources: AWS EKS API Reference, *AssociateAccessPolicy*; AWS EKS User Guide, *Associate access policies with access
//! entries*.

use std::collections::BTreeSet;

use ringwall_rbac::entry::AccessPolicies;
use ringwall_store::Change;
use serde::Deserialize;
use serde_json::{Value, json};

use super::entries::{Found, find};
use super::rows::{AccessEntry, AssociatedPolicy};
use super::{PAGE, invalid_parameter, invalid_request, not_found, seconds};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::page;

/// Most namespaces of a scope, so that a record stays small.
const MAX_NAMESPACES: usize = 100;

/// Longest pattern of a namespace: a Kubernetes name has 63 bytes.
const MAX_NAMESPACE_BYTES: usize = 63;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssociateAccessPolicy {
    cluster_name: String,
    principal_arn: String,
    policy_arn: String,
    access_scope: AccessScope,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessScope {
    r#type: Option<String>,
    #[serde(default)]
    namespaces: BTreeSet<String>,
}

pub(crate) async fn associate(call: &Call<'_>, input: AssociateAccessPolicy) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.principal_arn).await?;
    let scope = input.access_scope.r#type.as_deref().unwrap_or("cluster");
    let namespaces = &input.access_scope.namespaces;
    let permit =
        call.authorize(&ask(&found, "eks:AssociateAccessPolicy", &input.policy_arn, scope, namespaces))?;
    let row = found.current(call).await?;
    let known = AccessPolicies::built_in().get(&input.policy_arn);
    // Conditions are about the ARN as it was written: a policy has one name.
    if known.is_none_or(|policy| policy.arn() != input.policy_arn) {
        return Err(not_found(format!("The specified policyArn could not be found: {}", input.policy_arn)));
    }
    // Nodes of EKS Auto Mode get what they may do by the policy AmazonEKSAutoNodePolicy.
    if !matches!(row.value.kind.as_str(), "STANDARD" | "EC2") {
        let message = format!(
            "Access policies can't be associated with an access entry of the type {}",
            row.value.kind
        );
        return Err(invalid_request(message));
    }
    check_scope(scope, namespaces)?;
    let now = call.now();
    let updated = call
        .shared
        .eks
        .entries
        .update(&row.place, |known| {
            let mut entry: AccessEntry = known.cloned().ok_or_else(|| gone(&input.principal_arn))?;
            let associated = entry.policies.get(&input.policy_arn).map_or(now, |policy| policy.associated);
            let policy = AssociatedPolicy { namespaces: namespaces.clone(), associated, modified: now };
            entry.policies.insert(input.policy_arn.clone(), policy);
            Ok::<_, ApiError>(Change::Put(entry))
        })
        .await?
        .ok_or_else(|| gone(&input.principal_arn))?;
    call.note_resource(&found.arn, call.account(), "AWS::EKS::AccessEntry");
    let policy = updated.value.policies.get(&input.policy_arn).map(|policy| shown(&input.policy_arn, policy));
    Ok(permit.answer(json!({
        "clusterName": input.cluster_name,
        "principalArn": input.principal_arn,
        "associatedAccessPolicy": policy,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DisassociateAccessPolicy {
    cluster_name: String,
    principal_arn: String,
    policy_arn: String,
}

pub(crate) async fn disassociate(call: &Call<'_>, input: DisassociateAccessPolicy) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.principal_arn).await?;
    let namespaces = found.row.as_ref().and_then(|row| row.value.policies.get(&input.policy_arn));
    let namespaces = namespaces.map(|policy| policy.namespaces.clone()).unwrap_or_default();
    let scope = scope_of(&namespaces);
    let permit =
        call.authorize(&ask(&found, "eks:DisassociateAccessPolicy", &input.policy_arn, scope, &namespaces))?;
    let row = found.there()?;
    let missing = || not_found(format!("The specified policyArn is not associated: {}", input.policy_arn));
    call.shared
        .eks
        .entries
        .update(&row.place, |known| {
            let mut entry: AccessEntry = known.cloned().ok_or_else(|| gone(&input.principal_arn))?;
            entry.policies.remove(&input.policy_arn).ok_or_else(missing)?;
            Ok::<_, ApiError>(Change::Put(entry))
        })
        .await?;
    call.note_resource(&found.arn, call.account(), "AWS::EKS::AccessEntry");
    Ok(permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListAssociated {
    cluster_name: String,
    principal_arn: String,
}

/// All of them at once: an entry has at most as many as there are policies.
pub(crate) async fn list_associated(call: &Call<'_>, input: ListAssociated) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.principal_arn).await?;
    let permit = call.authorize(&found.ask("eks:ListAssociatedAccessPolicies"))?;
    let row = found.there()?;
    let policies: Vec<Value> = row.value.policies.iter().map(|(arn, policy)| shown(arn, policy)).collect();
    Ok(permit.answer(json!({
        "clusterName": input.cluster_name,
        "principalArn": input.principal_arn,
        "associatedAccessPolicies": policies,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListAccessPolicies {
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(crate) async fn list(call: &Call<'_>, input: ListAccessPolicies) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("eks:ListAccessPolicies", "*"))?;
    let after = page::after(input.next_token.as_deref())?.unwrap_or_default();
    let limit = input.max_results.unwrap_or(PAGE);
    let mut policies: Vec<(&str, &str)> =
        AccessPolicies::built_in().all().iter().map(|policy| (policy.name(), policy.arn())).collect();
    policies.sort_unstable();
    let mut rest = policies.into_iter().filter(|(name, _)| *name > after.as_str());
    let page: Vec<(&str, &str)> = rest.by_ref().take(limit).collect();
    let shown: Vec<Value> = page.iter().map(|(name, arn)| json!({ "name": name, "arn": arn })).collect();
    let mut answer = json!({ "accessPolicies": shown });
    if rest.next().is_some() {
        crate::sts::put(&mut answer, "nextToken", page.last().map(|(name, _)| page::token(name)));
    }
    Ok(permit.answer(answer))
}

fn ask(found: &Found, action: &str, policy: &str, scope: &str, namespaces: &BTreeSet<String>) -> Ask {
    found
        .ask(action)
        .with("eks:policyArn", policy)
        .with("eks:accessScope", scope)
        .with_all("eks:namespaces", namespaces.iter().map(String::as_str))
}

/// A scope that means what it says.
///
/// Source: AWS EKS API Reference, *AccessScope*: namespaces if and only if the type is `namespace`; `*` at the end stands for
/// any rest.
fn check_scope(scope: &str, namespaces: &BTreeSet<String>) -> Result<()> {
    if (scope == "namespace") == namespaces.is_empty() {
        return Err(invalid_parameter(
            "The scope `namespace` needs namespaces, and the scope `cluster` takes none",
        ));
    }
    if namespaces.len() > MAX_NAMESPACES {
        return Err(invalid_parameter(format!("A scope has at most {MAX_NAMESPACES} namespaces")));
    }
    let is_name = |name: &String| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let stem = name.strip_suffix('*').unwrap_or(name);
        !name.is_empty() && name.len() <= MAX_NAMESPACE_BYTES && stem.bytes().all(inner)
    };
    match namespaces.iter().find(|name| !is_name(name)) {
        Some(name) => {
            Err(invalid_parameter(format!("`{name}` is no namespace, nor a prefix of some that ends in `*`")))
        }
        None => Ok(()),
    }
}

fn scope_of(namespaces: &BTreeSet<String>) -> &'static str {
    if namespaces.is_empty() { "cluster" } else { "namespace" }
}

fn shown(arn: &str, policy: &AssociatedPolicy) -> Value {
    json!({
        "policyArn": arn,
        "accessScope": { "type": scope_of(&policy.namespaces), "namespaces": policy.namespaces },
        "associatedAt": seconds(policy.associated),
        "modifiedAt": seconds(policy.modified),
    })
}

fn gone(principal: &str) -> ApiError {
    not_found(format!("The access entry of {principal} is gone"))
}
