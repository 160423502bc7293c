//! Access entries: which IAM principals get into a cluster, as whom.
//!
//! Sources: AWS EKS API Reference, *CreateAccessEntry*, *UpdateAccessEntry*; AWS EKS User Guide, *Grant IAM users access to
//! Kubernetes with EKS access entries*, *Create access entries*.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_model::Arn;
use ringwall_store::{Batch, Change, Expect, Row, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rows::{AccessEntry, Cluster};
use super::{
    PAGE, check_tags, cluster, invalid_parameter, invalid_request, no_cluster, not_found, on_cluster, seconds,
};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::principals::{self, Found as Who};
use crate::{id, page};

/// Types of entries for nodes, which take no groups, and no policies but for `EC2`.
///
/// Sources: AWS EKS User Guide, *Create access entries*, "Type"; *Create a Node Class for Amazon EKS*, which associates a policy
/// with an entry of the type `EC2`.
const NODE_TYPES: [&str; 6] =
    ["EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"];

/// How custom user names must not begin. Source: AWS EKS User Guide, *Create access entries*, "Username".
const RESERVED_NAMES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// Most entries of a cluster. Source: AWS EKS User Guide, *View and manage Amazon EKS and Fargate service quotas*.
const MAX_ENTRIES: usize = 1000;

/// Most groups of an entry, so that its record and every request of its principal stay small.
const MAX_GROUPS: usize = 100;

/// Longest user name and group, in bytes. EKS tells no limit; Kubernetes' own names have at most 253.
const MAX_NAME_BYTES: usize = 256;

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
    check_tags(&input.tags).map_err(invalid_parameter)?;
    groups(&input.kubernetes_groups)?;
    let username = match &input.username {
        Some(name) => custom_name(name)?,
        None => default_name(&principal, kind),
    };
    let (account, region) = (call.account(), call.region());
    let (table, clusters) = (&call.shared.eks.entries, &call.shared.eks.clusters);
    let prefix = format!("{name}/");
    let filed = format!("{prefix}{}", input.principal_arn);
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
    let in_use = || {
        ApiError::new(
            "ResourceInUseException",
            "The specified access entry resource is already in use on this cluster.",
        )
    };
    if let Some(known) = table.get(account, region, &filed).await? {
        if !entry.is_asked_for_again(&known.value) {
            return Err(in_use());
        }
        let arn = entry_arn(call, name, &known.value);
        return Ok(permit.answer(json!({ "accessEntry": shown(name, &arn, &known.value) })));
    }
    if page::all(table, account, region, &prefix).await?.len() >= MAX_ENTRIES {
        let message = format!("A cluster has at most {MAX_ENTRIES} access entries");
        return Err(ApiError::new("ResourceLimitExceededException", message));
    }
    let mut batch = Batch::new();
    clusters.require(&mut batch, account, region, name, Expect::Present);
    table.put(&mut batch, account, region, &filed, &entry, Expect::Absent);
    match call.shared.store.commit(batch).await {
        Ok(_) => {}
        Err(StoreError::Conflict(place)) if place.kind == clusters.kind() => return Err(no_cluster(name)),
        Err(StoreError::Conflict(_)) => return Err(in_use()),
        Err(error) => return Err(error.into()),
    }
    let arn = entry_arn(call, name, &entry);
    call.note_resource(&arn, account, "AWS::EKS::AccessEntry");
    Ok(permit.answer(json!({ "accessEntry": shown(name, &arn, &entry) })))
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
    let row = found.there()?;
    Ok(permit.answer(json!({ "accessEntry": shown(&input.cluster_name, &found.arn, &row.value) })))
}

pub(crate) async fn delete(call: &Call<'_>, input: OfEntry) -> Result<Answer> {
    let found = find(call, &input.cluster_name, &input.principal_arn).await?;
    let permit = call.authorize(&found.ask("eks:DeleteAccessEntry"))?;
    let row = found.there()?;
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
    let ask = found.ask_with(
        "eks:UpdateAccessEntry",
        input.username.as_deref(),
        input.kubernetes_groups.as_deref(),
    );
    let permit = call.authorize(&ask)?;
    let row = found.current(call).await?;
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
    has_entries(&row.ok_or_else(|| no_cluster(name))?.value)?;
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
    principal: String,
}

impl Found {
    /// An action on it.
    pub(crate) fn ask(&self, action: &str) -> Ask {
        self.ask_with(action, None, None)
    }

    /// An action that gives it a user name and groups. What it is to have counts, and not what it had: else who may only
    /// give some groups could give all to an entry that has those.
    fn ask_with(&self, action: &str, username: Option<&str>, groups: Option<&[String]>) -> Ask {
        let entry = self.row.as_ref().map(|row| &row.value);
        let username = username.or(entry.map(|entry| entry.username.as_str()));
        let groups = groups.or(entry.map(|entry| entry.groups.as_slice())).unwrap_or_default();
        let tags = entry.into_iter().flat_map(|entry| &entry.tags);
        Ask::new(action, self.arn.as_str())
            .with("eks:clusterName", self.cluster_name.as_str())
            .with("eks:principalArn", self.principal.as_str())
            .with_some("eks:accessEntryType", entry.map(|entry| entry.kind.as_str()))
            .with_some("eks:username", username)
            .with_all("eks:kubernetesGroups", groups.iter().map(String::as_str))
            .resource_tags(None, tags.map(|(key, value)| (key.as_str(), value.as_str())))
    }

    /// The entry, for whoever may know.
    pub(crate) fn there(&self) -> Result<&Row<AccessEntry>> {
        let cluster = self.cluster.as_ref().ok_or_else(|| no_cluster(&self.cluster_name))?;
        has_entries(&cluster.value)?;
        self.row.as_deref().ok_or_else(|| missing(&self.principal))
    }

    /// The entry, if its principal still is the one that it was made for. To one of another principal nothing is given any
    /// more: it lets nobody in, and would only look as if it did.
    ///
    /// Source: AWS EKS User Guide, *Create access entries*: for a principal that was made again the entry has to be deleted and
    /// created anew, "even though the ARN is the same".
    pub(crate) async fn current(&self, call: &Call<'_>) -> Result<&Row<AccessEntry>> {
        let row = self.there()?;
        let arn: Arn = self.principal.parse().map_err(|_| invalid_principal(&self.principal))?;
        if identity(call, &arn).await?.0 == row.value.principal_id {
            return Ok(row);
        }
        Err(invalid_request(format!(
            "The access entry is of a principal that is gone, whatever bears its ARN now: delete the entry and create it again for {}",
            self.principal
        )))
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
    Ok(Found { arn, cluster, row, cluster_name: cluster_name.to_owned(), principal: principal.to_owned() })
}

/// `access-entry/CLUSTER/role/ACCOUNT/NAME/UUID`.
pub(super) fn entry_arn(call: &Call<'_>, cluster: &str, entry: &AccessEntry) -> String {
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
    let is_account = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
    // Of another installation's principal no more is known than what it is called.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte);
    if !is_account || !arn.region.is_empty() || !arn.resource.bytes().all(is_name) || arn.name().is_empty() {
        return Err(invalid_principal(text));
    }
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
    let (id, is_known) = identity(call, &arn).await?;
    if is_known && id.is_none() {
        return Err(invalid_parameter(format!(
            "The specified principalArn is invalid: invalid principal: {text}"
        )));
    }
    Ok(Principal { arn, id })
}

/// The unique id of whoever bears an ARN now, and whether its account is one of these.
async fn identity(call: &Call<'_>, arn: &Arn) -> Result<(Option<String>, bool)> {
    let iam = &call.shared.iam;
    let is_known = iam.accounts.get("", "", &arn.account).await?.is_some();
    let found = principals::find(call.shared, &arn.to_string()).await;
    match found {
        Ok(Who::Id(id)) => Ok((Some(id), is_known)),
        Ok(_) => Ok((None, is_known)),
        Err(refused) => Err(refused.into_error("InvalidParameterException")),
    }
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
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(invalid_parameter(format!("The username needs 1 to {MAX_NAME_BYTES} bytes")));
    }
    Ok(name.to_owned())
}

/// Groups that an entry may have: not Kubernetes' own, and so many that its record stays small.
///
/// Source: AWS EKS User Guide, *Create access entries*, "Groups": names "can't start with `system:`, `eks:`, `aws:`, `amazon:`,
/// or `iam:`".
fn groups(groups: &[String]) -> Result<()> {
    if groups.len() > MAX_GROUPS
        || groups.iter().any(|group| group.is_empty() || group.len() > MAX_NAME_BYTES)
    {
        let message =
            format!("An access entry has at most {MAX_GROUPS} groups of 1 to {MAX_NAME_BYTES} bytes");
        return Err(invalid_parameter(message));
    }
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
