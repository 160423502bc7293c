//! Managed policies.
//!
//! Source: AWS IAM API Reference, *CreatePolicy*, *GetPolicy*, *ListPolicies*, *DeletePolicy*, *ListEntitiesForPolicy*.

use std::collections::BTreeMap;

use ringwall_iam::PolicyKind;
use ringwall_store::Batch;
use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::{Entity, Kept, Tries, all, allowed, ask, delete, find_arn, missing};
use super::fault::{malformed, quota};
use super::page::Page;
use super::rows::{Group, ManagedPolicy, PolicyVersion, Role, User, arn};
use super::{create, limits, managed, shown, tags};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id::{self, Prefix};
use crate::policy::Document;
use crate::sts::issue::Tag;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatePolicy {
    policy_name: String,
    policy_document: String,
    path: Option<String>,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(crate) async fn create_policy(call: &Call<'_>, input: CreatePolicy) -> Result<Answer> {
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    let arn = arn(call.account(), ManagedPolicy::TYPE, &path, &input.policy_name);
    let permit = create::permit::<ManagedPolicy>(call, &arn, Some("iam:TagPolicy"), &input.tags, |ask| ask)?;
    if super::entity::find::<ManagedPolicy>(call, &input.policy_name).await?.is_some() {
        return Err(taken(&input.policy_name));
    }
    super::entity::room::<ManagedPolicy>(call).await?;
    let version = PolicyVersion { document: document(&arn, input.policy_document)?, created: call.now() };
    let policy = ManagedPolicy {
        name: input.policy_name,
        path,
        id: id::unique(Prefix::ManagedPolicy)?,
        description: input.description,
        created: call.now(),
        updated: call.now(),
        tags: tags::checked(&input.tags)?,
        versions: BTreeMap::from([(1, version)]),
        default: 1,
        next: 2,
        attachments: 0,
        boundaries: 0,
    };
    let filed = create::file(call, Batch::new(), "Policy", &policy.name, &policy).await;
    filed.map_err(|error| if error.code == "EntityAlreadyExists" { taken(&policy.name) } else { error })?;
    Ok(permit.answer(json!({ "Policy": shown::policy(call.account(), &policy, true) })))
}

fn taken(name: &str) -> ApiError {
    let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
    ApiError::new("EntityAlreadyExists", message)
}

/// A managed policy's document that AWS would take.
pub(crate) fn document(arn: &str, text: String) -> Result<Document> {
    if limits::size(&text) > limits::MANAGED_POLICY_SIZE {
        return Err(quota("PolicySize", limits::MANAGED_POLICY_SIZE));
    }
    Document::new(PolicyKind::Identity, arn, text).map_err(malformed)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ThatPolicy {
    policy_arn: String,
}

pub(crate) async fn get_policy(call: &Call<'_>, input: ThatPolicy) -> Result<Answer> {
    let row = find_arn::<ManagedPolicy>(call, &input.policy_arn).await?;
    let permit = call.authorize(&ask(call, row.as_ref(), &input.policy_arn))?;
    let shown = match row {
        Some(row) => shown::policy(call.account(), &row.value, true),
        None => {
            let policy = managed::find(&input.policy_arn);
            let policy = policy.ok_or_else(|| missing::<ManagedPolicy>(&input.policy_arn))?;
            policy.shown(usage(call).await?.get(&input.policy_arn).copied().unwrap_or_default())
        }
    };
    Ok(permit.answer(json!({ "Policy": shown })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListPolicies {
    scope: Option<String>,
    #[serde(default)]
    only_attached: bool,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn list_policies(call: &Call<'_>, input: ListPolicies) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:ListPolicies", "*"))?;
    let used = |use_: Use| match input.policy_usage_filter.as_deref() {
        Some("PermissionsPolicy") => use_.attachments > 0 || !input.only_attached,
        Some("PermissionsBoundary") => use_.boundaries > 0,
        _ => !input.only_attached || use_.attachments > 0,
    };
    let has = |path: &str| input.path_prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix));
    let scope = input.scope.as_deref().unwrap_or("All");
    // By ARNs, so that AWS's own and the account's are one list.
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    if scope != "AWS" {
        for row in all::<ManagedPolicy>(call).await? {
            let policy = &row.value;
            if has(&policy.path)
                && used(Use { attachments: policy.attachments, boundaries: policy.boundaries })
            {
                found.insert(policy.arn(call.account()), shown::policy(call.account(), policy, false));
            }
        }
    }
    if scope != "Local" {
        let usage = usage(call).await?;
        for policy in managed::all() {
            let use_ = usage.get(policy.arn()).copied().unwrap_or_default();
            if has(policy.path()) && used(use_) {
                found.insert(policy.arn().to_owned(), policy.shown(use_));
            }
        }
    }
    let items = found.iter().map(|(arn, shown)| (arn.as_str(), shown));
    Ok(permit.answer(input.page.of(items, "Policies", Value::clone)?))
}

/// How often a managed policy is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) attachments: u32,
    pub(crate) boundaries: u32,
}

/// How often each managed policy is used in the account.
pub(crate) async fn usage(call: &Call<'_>) -> Result<BTreeMap<String, Use>> {
    let mut usage = BTreeMap::new();
    count::<User>(call, &mut usage).await?;
    count::<Group>(call, &mut usage).await?;
    count::<Role>(call, &mut usage).await?;
    Ok(usage)
}

async fn count<T: Entity>(call: &Call<'_>, usage: &mut BTreeMap<String, Use>) -> Result<()> {
    for row in all::<T>(call).await? {
        for arn in &row.value.attached().managed {
            usage.entry(arn.clone()).or_default().attachments += 1;
        }
        if let Some(arn) = row.value.boundary() {
            usage.entry(arn.to_owned()).or_default().boundaries += 1;
        }
    }
    Ok(())
}

/// Source: AWS IAM API Reference, *DeletePolicy*: it has to be detached, and all versions but the default one deleted.
pub(crate) async fn delete_policy(call: &Call<'_>, input: ThatPolicy) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<ManagedPolicy>(call, &input.policy_arn).await?;
        let conflict = |message: &str| Err(ApiError::new("DeleteConflict", message));
        if row.value.attachments > 0 || row.value.boundaries > 0 {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if row.value.versions.len() > 1 {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            );
        }
        let mut batch = Batch::new();
        delete(call, &mut batch, &row);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EntitiesForPolicy {
    policy_arn: String,
    entity_filter: Option<String>,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn list_entities_for_policy(call: &Call<'_>, input: EntitiesForPolicy) -> Result<Answer> {
    let row = find_arn::<ManagedPolicy>(call, &input.policy_arn).await?;
    let permit = call.authorize(&ask(call, row.as_ref(), &input.policy_arn))?;
    if row.is_none() && managed::find(&input.policy_arn).is_none() {
        return Err(missing::<ManagedPolicy>(&input.policy_arn));
    }
    // One list of all three kinds, told apart by the name of the member that shows them.
    let mut found = BTreeMap::new();
    users_of::<Group>(call, &input, &mut found, ("Group", "PolicyGroups", "GroupName", "GroupId")).await?;
    users_of::<Role>(call, &input, &mut found, ("Role", "PolicyRoles", "RoleName", "RoleId")).await?;
    users_of::<User>(call, &input, &mut found, ("User", "PolicyUsers", "UserName", "UserId")).await?;
    let items = found.iter().map(|(key, shown)| (key.as_str(), (key, shown)));
    let mut answer = input.page.of(items, "Found", |(key, shown)| json!([key, shown]))?;
    let Some(page) = answer.as_object_mut() else { return Ok(permit.answer(answer)) };
    let shown = page.remove("Found").unwrap_or_default();
    for member in ["PolicyGroups", "PolicyRoles", "PolicyUsers"] {
        let of =
            |item: &&Value| item.get(0).and_then(Value::as_str).is_some_and(|key| key.starts_with(member));
        let items = shown.as_array().into_iter().flatten().filter(of).filter_map(|item| item.get(1).cloned());
        page.insert(member.to_owned(), items.collect());
    }
    Ok(permit.answer(answer))
}

async fn users_of<T: Entity>(
    call: &Call<'_>,
    input: &EntitiesForPolicy,
    found: &mut BTreeMap<String, Value>,
    names: (&str, &str, &str, &str),
) -> Result<()> {
    let (filter, list, name, id) = names;
    if input.entity_filter.as_deref().is_some_and(|wanted| wanted != filter) {
        return Ok(());
    }
    for row in all::<T>(call).await? {
        let value = &row.value;
        let arn = &input.policy_arn;
        let has = match input.policy_usage_filter.as_deref() {
            Some("PermissionsBoundary") => value.boundary() == Some(arn),
            Some(_) => value.attached().managed.contains(arn),
            None => value.boundary() == Some(arn) || value.attached().managed.contains(arn),
        };
        let wanted = input.path_prefix.as_deref().is_none_or(|prefix| value.path().starts_with(prefix));
        if has && wanted {
            let shown = json!({ name: value.name(), id: value.id() });
            found.insert(format!("{list}/{}", row.place.name), shown);
        }
    }
    Ok(())
}
