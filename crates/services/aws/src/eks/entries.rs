//! Access entries: which IAM principals get into a cluster, as whom.
//!
//! Sources: AWS EKS API Reference, *CreateAccessEntry*, *UpdateAccessEntry*; AWS EKS User Guide, *Grant IAM users access to
//! Kubernetes with EKS access entries*, *Create access entries*.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_model::Arn;
use ringwall_store::{Change, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rows::{AccessEntry, Cluster};
use super::{
    MAX_TAGS, PAGE, cluster, invalid_parameter, invalid_request, no_cluster, not_found, on_cluster, seconds,
};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::{id, page};

/// Types of entries for nodes, which take no groups and no policies.
///
/// Source: AWS EKS User Guide, *Create access entries*, "Type".
const NODE_TYPES: [&str; 6] =
    ["EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"];

/// How custom user names must not begin. Source: AWS EKS User Guide, *Create access entries*, "Username".
const RESERVED_NAMES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// Most entries of a cluster. Source: AWS EKS User Guide, *View and manage Amazon EKS and Fargate service quotas*.
const MAX_ENTRIES: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateAccessEntry {
    cluster_name: String,
    principal_arn: String,
    #[serde(default)]
    kubernetes_groups: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    client_request_token: Option<String>,
    username: Option<String>,
    r#type: Option<String>,
}

pub(crate) async fn create(call: &Call<'_>, input: CreateAccessEntry) -> Result<Answer> {
    let name = &input.cluster_name;
    let kind = input.r#type.as_deref().unwrap_or("STANDARD");
    let cluster_row = cluster(call, name).await?;
    let ask = on_cluster(call, "eks:CreateAccessEntry", name, cluster_row.as_deref())
        .with("eks:principalArn", input.principal_arn.as_str())
        .with("eks:accessEntryType", kind)
        .with_all("eks:kubernetesGroups", input.kubernetes_groups.iter().map(String::as_str))
        .with_some("eks:username", input.username.as_deref())
        .request_tags(input.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let permit = call.authorize(&ask)?;
    let cluster_row = cluster_row.ok_or_else(|| no_cluster(name))?;
    has_entries(&cluster_row.value)?;
    let principal = principal(call, &input.principal_arn, kind).await?;
    if kind != "STANDARD" && !NODE_TYPES.contains(&kind) {
        return Err(invalid_parameter(format!("The type {kind} of an access entry is not known")));
    }
    if kind != "STANDARD" && !(input.kubernetes_groups.is_empty() && input.username.is_none()) {
        return Err(invalid_request(format!(
            "The kubernetesGroups and username of an access entry can't be set when its type is {kind}"
        )));
    }
    if input.tags.len() > MAX_TAGS {
        return Err(invalid_parameter(format!("At most {MAX_TAGS} tags are allowed")));
    }
    groups(&input.kubernetes_groups)?;
    let username = match &input.username {
        Some(name) => custom_name(name)?,
        None => default_name(&principal, kind),
    };
    let (account, region) = (call.account(), call.region());
    let table = &call.shared.eks.entries;
    let prefix = format!("{name}/");
    if page::all(table, account, region, &prefix).await?.len() >= MAX_ENTRIES {
        let message = format!("A cluster has at most {MAX_ENTRIES} access entries");
        return Err(ApiError::new("ResourceLimitExceededException", message));
    }
    let entry = AccessEntry {
        principal: input.principal_arn.clone(),
        principal_id: principal.id.clone(),
        uuid: id::uuid()?,
        kind: kind.to_owned(),
        username,
        groups: input.kubernetes_groups,
        tags: input.tags,
        created: call.now(),
        modified: call.now(),
        policies: BTreeMap::new(),
        token: input.client_request_token,
    };
    let place = table.place(account, region, &format!("{prefix}{}", input.principal_arn));
    let row = table
        .update(&place, |known| match known {
            None => Ok(Change::Put(entry.clone())),
            Some(known) if known.token.is_some() && known.token == entry.token => Ok(Change::Keep),
            Some(_) => Err(ApiError::new(
                "ResourceInUseException",
                "The specified access entry resource is already in use on this cluster.",
            )),
        })
        .await?;
    let row = row.ok_or_else(|| ApiError::internal(&"an access entry that was written is not there"))?;
    let arn = entry_arn(call, name, &row.value);
    call.note_resource(&arn, account, "AWS::EKS::AccessEntry");
    Ok(permit.answer(json!({ "accessEntry": shown(name, &arn, &row.value) })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfEntry {
    pub(crate) cluster_name: String,
    pub(crate) principal_arn: String,
}

pub(crate) async fn describe(call: &Call<'_>, input: OfEntry) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.principal_arn).await?;
    let permit = call.authorize(&found.ask("eks:DescribeAccessEntry"))?;
    let row = found.there(&input.principal_arn)?;
    Ok(permit.answer(json!({ "accessEntry": shown(&input.cluster_name, &found.arn, &row.value) })))
}

pub(crate) async fn delete(call: &Call<'_>, input: OfEntry) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.principal_arn).await?;
    let permit = call.authorize(&found.ask("eks:DeleteAccessEntry"))?;
    let row = found.there(&input.principal_arn)?;
    call.shared.eks.entries.update::<ApiError>(&row.place, |_| Ok(Change::Delete)).await?;
    call.note_resource(&found.arn, call.account(), "AWS::EKS::AccessEntry");
    Ok(permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateAccessEntry {
    cluster_name: String,
    principal_arn: String,
    kubernetes_groups: Option<Vec<String>>,
    username: Option<String>,
}

pub(crate) async fn update(call: &Call<'_>, input: UpdateAccessEntry) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.principal_arn).await?;
    let permit = call.authorize(&found.ask("eks:UpdateAccessEntry"))?;
    let row = found.there(&input.principal_arn)?;
    if row.value.kind != "STANDARD" {
        return Err(invalid_request(format!(
            "An access entry of the type {} can't be updated",
            row.value.kind
        )));
    }
    groups(input.kubernetes_groups.as_deref().unwrap_or_default())?;
    let username = input.username.as_deref().map(custom_name).transpose()?;
    let updated = call
        .shared
        .eks
        .entries
        .update(&row.place, |known| {
            let known = known.ok_or_else(|| missing(&input.principal_arn))?;
            Ok::<_, ApiError>(Change::Put(AccessEntry {
                groups: input.kubernetes_groups.clone().unwrap_or_else(|| known.groups.clone()),
                username: username.clone().unwrap_or_else(|| known.username.clone()),
                modified: call.now(),
                ..known.clone()
            }))
        })
        .await?;
    let updated = updated.ok_or_else(|| missing(&input.principal_arn))?;
    call.note_resource(&found.arn, call.account(), "AWS::EKS::AccessEntry");
    Ok(permit.answer(json!({ "accessEntry": shown(&input.cluster_name, &found.arn, &updated.value) })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListAccessEntries {
    cluster_name: String,
    associated_policy_arn: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(crate) async fn list(call: &Call<'_>, input: ListAccessEntries) -> Result<Answer> {
    let name = &input.cluster_name;
    let row = cluster(call, name).await?;
    let permit = call.authorize(&on_cluster(call, "eks:ListAccessEntries", name, row.as_deref()))?;
    row.ok_or_else(|| no_cluster(name))?;
    let (rows, next) = page::page(
        &call.shared.eks.entries,
        call.account(),
        call.region(),
        &format!("{name}/"),
        input.next_token.as_deref(),
        input.max_results.unwrap_or(PAGE),
    )
    .await?;
    let wanted = |entry: &AccessEntry| {
        input.associated_policy_arn.as_ref().is_none_or(|arn| entry.policies.contains_key(arn))
    };
    let arns: Vec<String> =
        rows.into_iter().filter(|row| wanted(&row.value)).map(|row| row.value.principal).collect();
    let mut answer = json!({ "accessEntries": arns });
    crate::sts::put(&mut answer, "nextToken", next);
    Ok(permit.answer(answer))
}

/// An entry that is asked for: its cluster, its ARN, and itself if it is there.
pub(crate) struct Found {
    pub(crate) arn: String,
    pub(crate) cluster: Option<Arc<Row<Cluster>>>,
    pub(crate) row: Option<Arc<Row<AccessEntry>>>,
    cluster_name: String,
}

impl Found {
    /// An action on it.
    pub(crate) fn ask(&self, action: &str) -> Ask {
        let ask = Ask::new(action, self.arn.as_str()).with("eks:clusterName", self.cluster_name.as_str());
        let Some(row) = &self.row else { return ask };
        let entry = &row.value;
        ask.with("eks:principalArn", entry.principal.as_str())
            .with("eks:accessEntryType", entry.kind.as_str())
            .with("eks:username", entry.username.as_str())
            .with_all("eks:kubernetesGroups", entry.groups.iter().map(String::as_str))
            .resource_tags(None, entry.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }

    /// The entry, for whoever may know.
    pub(crate) fn there(&self, principal: &str) -> Result<&Row<AccessEntry>> {
        let cluster = self.cluster.as_ref().ok_or_else(|| no_cluster(&self.cluster_name))?;
        has_entries(&cluster.value)?;
        self.row.as_deref().ok_or_else(|| missing(principal))
    }
}

/// Looks for an entry.
pub(crate) async fn find(call: &Call<'_>, cluster_name: &str, principal: &str) -> Result<Found> {
    let cluster = cluster(call, cluster_name).await?;
    let name = format!("{cluster_name}/{principal}");
    let row = call.shared.eks.entries.get(call.account(), call.region(), &name).await?;
    let arn = match &row {
        Some(row) => entry_arn(call, cluster_name, &row.value),
        None => {
            let tail = arn_tail(principal).ok_or_else(|| invalid_principal(principal))?;
            format!("arn:aws:eks:{}:{}:access-entry/{cluster_name}/{tail}/*", call.region(), call.account())
        }
    };
    Ok(Found { arn, cluster, row, cluster_name: cluster_name.to_owned() })
}

/// `access-entry/CLUSTER/role/ACCOUNT/NAME/UUID`.
fn entry_arn(call: &Call<'_>, cluster: &str, entry: &AccessEntry) -> String {
    let tail = arn_tail(&entry.principal).unwrap_or_default();
    format!("arn:aws:eks:{}:{}:access-entry/{cluster}/{tail}/{}", call.region(), call.account(), entry.uuid)
}

/// Kind, account and name of a principal, as an entry's ARN has them.
fn arn_tail(principal: &str) -> Option<String> {
    let arn: Arn = principal.parse().ok()?;
    let (kind, _) = arn.kind_and_rest()?;
    Some(format!("{kind}/{}/{}", arn.account, arn.name()))
}

struct Principal {
    arn: Arn,
    /// Unique id, if its account is one of these.
    id: Option<String>,
}

/// A principal that may have an entry: a role or user that is there.
async fn principal(call: &Call<'_>, text: &str, kind: &str) -> Result<Principal> {
    let arn: Arn = text.parse().map_err(|_| invalid_principal(text))?;
    let is_user = match (arn.service.as_str(), arn.kind_and_rest()) {
        ("iam", Some(("role", _))) => false,
        ("iam", Some(("user", _))) => true,
        _ => return Err(invalid_principal(text)),
    };
    if arn.resource.contains("/aws-service-role/") {
        return Err(invalid_parameter(
            "The caller is not allowed to use a service-linked role as principalArn",
        ));
    }
    if kind != "STANDARD" && (is_user || arn.account != call.account()) {
        return Err(invalid_parameter(format!(
            "An access entry of the type {kind} needs a role of the cluster's account"
        )));
    }
    let iam = &call.shared.iam;
    let name = arn.name().to_ascii_lowercase();
    let (id, there) = if is_user {
        let row = iam.users.get(&arn.account, "", &name).await?;
        row.map_or((None, None), |row| (Some(row.value.id.clone()), Some(row.value.arn(&arn.account))))
    } else {
        let row = iam.roles.get(&arn.account, "", &name).await?;
        row.map_or((None, None), |row| (Some(row.value.id.clone()), Some(row.value.arn(&arn.account))))
    };
    let known = iam.accounts.get("", "", &arn.account).await?.is_some();
    if known && there.as_deref() != Some(text) {
        return Err(invalid_parameter(format!(
            "The specified principalArn is invalid: invalid principal: {text}"
        )));
    }
    Ok(Principal { arn, id })
}

fn default_name(principal: &Principal, kind: &str) -> String {
    let arn = &principal.arn;
    match kind {
        "EC2" | "EC2_LINUX" | "EC2_WINDOWS" => "system:node:{{EC2PrivateDNSName}}".to_owned(),
        "STANDARD" if arn.resource.starts_with("role/") => format!(
            "arn:{}:sts::{}:assumed-role/{}/{{{{SessionName}}}}",
            arn.partition,
            arn.account,
            arn.name()
        ),
        "STANDARD" => format!("arn:{}:iam::{}:{}", arn.partition, arn.account, arn.resource),
        _ => "system:node:{{SessionName}}".to_owned(),
    }
}

/// A user name that somebody chose.
///
/// Source: AWS EKS User Guide, *Create access entries*, "Username".
fn custom_name(name: &str) -> Result<String> {
    if RESERVED_NAMES.iter().any(|reserved| name.starts_with(reserved)) {
        return Err(invalid_parameter("The username prefix is reserved"));
    }
    let session = name.find("{{SessionName").map(|at| name.split_at(at).0);
    if session.is_some_and(|before| !before.contains(':')) {
        return Err(invalid_parameter("The username needs a `:` before `{{SessionName}}`"));
    }
    if name.is_empty() || name.len() > 256 {
        return Err(invalid_parameter("The username needs 1 to 256 bytes"));
    }
    Ok(name.to_owned())
}

/// Groups that an entry may have: not Kubernetes' own.
///
/// Source: AWS EKS User Guide, *Create access entries*, "Groups": names "can't start with `system:`, `eks:`, `aws:`, `amazon:`,
/// or `iam:`".
fn groups(groups: &[String]) -> Result<()> {
    match groups.iter().find(|group| RESERVED_NAMES.iter().any(|reserved| group.starts_with(reserved))) {
        Some(group) => Err(invalid_parameter(format!(
            "The kubernetes group name {group} is invalid, it cannot start with {}",
            group.split_inclusive(':').next().unwrap_or_default()
        ))),
        None => Ok(()),
    }
}

/// Whether access entries count in the cluster at all.
pub(crate) fn has_entries(cluster: &Cluster) -> Result<()> {
    if cluster.mode.has_entries() {
        return Ok(());
    }
    Err(invalid_request(
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    ))
}

fn shown(cluster: &str, arn: &str, entry: &AccessEntry) -> Value {
    json!({
        "clusterName": cluster,
        "principalArn": entry.principal,
        "kubernetesGroups": entry.groups,
        "accessEntryArn": arn,
        "createdAt": seconds(entry.created),
        "modifiedAt": seconds(entry.modified),
        "tags": entry.tags,
        "username": entry.username,
        "type": entry.kind,
    })
}

fn missing(principal: &str) -> ApiError {
    not_found(format!(
        "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries': {principal}"
    ))
}

fn invalid_principal(text: &str) -> ApiError {
    invalid_parameter(format!(
        "The specified principalArn is invalid: {text} is no ARN of an IAM role or user"
    ))
}
