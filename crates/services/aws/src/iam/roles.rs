//! Roles.
//!
//! Source: AWS IAM API Reference, *CreateRole*, *GetRole*, *ListRoles*, *UpdateRole*, *UpdateRoleDescription*,
//! *UpdateAssumeRolePolicy*, *DeleteRole*.

use std::collections::BTreeSet;

use ringwall_iam::PolicyKind;
use ringwall_store::Batch;
use serde::Deserialize;
use serde_json::json;

use super::entity::{Kept, Tries, allowed, delete, put};
use super::fault::{delete_conflict, quota};
use super::page;
use super::rows::{Attached, Role, arn};
use super::users::ByPath;
use super::{attach, boundary, create, limits, shown, tags};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::id::{self, Prefix};
use crate::principals::{Bearer, Kind, ResourceDocument};
use crate::sts::issue::Tag;

/// Longest session in seconds unless the caller says otherwise. Source: AWS IAM API Reference, *CreateRole*,
/// `MaxSessionDuration`.
const MAX_SESSION: i64 = 3600;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateRole {
    role_name: String,
    assume_role_policy_document: String,
    path: Option<String>,
    description: Option<String>,
    max_session_duration: Option<i64>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(crate) async fn create_role(call: &Call<'_>, input: CreateRole) -> Result<Answer> {
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    let arn = arn(call.account(), Role::TYPE, &path, &input.role_name);
    let limit = input.permissions_boundary.as_deref();
    let permit = create::permit::<Role>(call, &arn, Some("iam:TagRole"), &input.tags, |ask: Ask| {
        ask.with_some("iam:PermissionsBoundary", limit)
    })?;
    create::vacant::<Role>(call, "Role", &input.role_name).await?;
    let role = Role {
        trust: trust(call, input.assume_role_policy_document).await?,
        name: input.role_name,
        path,
        id: id::unique(Prefix::Role)?,
        created: call.now(),
        description: input.description,
        max_session: input.max_session_duration.unwrap_or(MAX_SESSION),
        profiles: BTreeSet::new(),
        tags: tags::checked(&input.tags)?,
        boundary: input.permissions_boundary,
        policies: Attached::default(),
    };
    loop {
        let mut batch = Batch::new();
        boundary::count(call, &mut batch, None, role.boundary.as_deref()).await?;
        let at = (role.path.as_str(), role.name.as_str());
        Bearer::put(&call.shared.iam, &mut batch, call.account(), Kind::Role, &role.id, at);
        if create::file(call, batch, "Role", &role.name, &role).await? {
            let shown = shown::role(call.shared, call.account(), &role, true).await?;
            return Ok(permit.answer(json!({ "Role": shown })));
        }
    }
}

/// A trust policy that AWS would take.
async fn trust(call: &Call<'_>, document: String) -> Result<ResourceDocument> {
    if limits::size(&document) > limits::TRUST_POLICY_SIZE {
        return Err(quota("ACLSizePerRole", limits::TRUST_POLICY_SIZE));
    }
    let trust = ResourceDocument::new(call.shared, PolicyKind::Trust, "trust policy", document).await;
    trust.map_err(|refused| refused.into_error("MalformedPolicyDocument"))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ThatRole {
    role_name: String,
}

pub(crate) async fn get_role(call: &Call<'_>, input: ThatRole) -> Result<Answer> {
    let (permit, row) = allowed::<Role>(call, &input.role_name).await?;
    let shown = shown::role(call.shared, call.account(), &row.value, true).await?;
    Ok(permit.answer(json!({ "Role": shown })))
}

pub(crate) async fn list_roles(call: &Call<'_>, input: ByPath) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:ListRoles", "*"))?;
    let (rows, last) = page::rows::<Role>(call, &input.page, |role| input.has(&role.path)).await?;
    let mut roles = Vec::with_capacity(rows.len());
    for row in &rows {
        roles.push(shown::role(call.shared, call.account(), &row.value, false).await?);
    }
    Ok(permit.answer(page::answer("Roles", roles, last.as_deref())))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateRole {
    role_name: String,
    description: Option<String>,
    max_session_duration: Option<i64>,
}

pub(crate) async fn update_role(call: &Call<'_>, input: UpdateRole) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<Role>(call, &input.role_name).await?;
        let mut role = row.value.clone();
        // "If you do not specify a value for this setting, the default value of one hour is applied."
        role.max_session = input.max_session_duration.unwrap_or(MAX_SESSION);
        if input.description.is_some() {
            role.description.clone_from(&input.description);
        }
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &role);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateRoleDescription {
    role_name: String,
    description: String,
}

pub(crate) async fn update_role_description(call: &Call<'_>, input: UpdateRoleDescription) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<Role>(call, &input.role_name).await?;
        let mut role = row.value.clone();
        role.description = Some(input.description.clone());
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &role);
        if tries.commit(call, batch).await? {
            let shown = shown::role(call.shared, call.account(), &role, true).await?;
            return Ok(permit.answer(json!({ "Role": shown })));
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateAssumeRolePolicy {
    role_name: String,
    policy_document: String,
}

pub(crate) async fn update_assume_role_policy(
    call: &Call<'_>,
    input: UpdateAssumeRolePolicy,
) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<Role>(call, &input.role_name).await?;
        let mut role = row.value.clone();
        role.trust = trust(call, input.policy_document.clone()).await?;
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &role);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn delete_role(call: &Call<'_>, input: ThatRole) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<Role>(call, &input.role_name).await?;
        if !row.value.profiles.is_empty() {
            return Err(delete_conflict("remove roles from instance profile"));
        }
        attach::detached(&row.value.policies)?;
        let mut batch = Batch::new();
        boundary::count(call, &mut batch, row.value.boundary.as_deref(), None).await?;
        Bearer::delete(&call.shared.iam, &mut batch, &row.value.id);
        delete(call, &mut batch, &row);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}
