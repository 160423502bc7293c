//! Managed policies of users, groups and roles.
//!
//! Source: AWS IAM API Reference, *AttachRolePolicy*, *DetachRolePolicy*, *ListAttachedRolePolicies* and those of users
//! and groups.

use ringwall_store::Batch;
use serde::Deserialize;

use super::entity::{Entity, Tries, allowed, allowed_with, check_arn, count_use, put};
use super::fault::{delete_conflict, no_such, quota};
use super::page::Page;
use super::rows::Attached;
use super::{limits, managed, shown};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};

#[derive(Debug, Deserialize)]
pub(crate) struct Attachment {
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(rename = "PolicyArn")]
    arn: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(rename = "PathPrefix")]
    path_prefix: Option<String>,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn attach<T: Entity>(call: &Call<'_>, input: Attachment) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let ask = |ask: Ask| ask.with("iam:PolicyARN", input.arn.as_str());
        let (permit, row) = allowed_with::<T>(call, &input.name, ask).await?;
        check_arn(&input.arn)?;
        if managed::is_for_services_alone(&input.arn) {
            let message = format!("Cannot attach a Service Role Policy to a Customer Role: {}", input.arn);
            return Err(ApiError::new("PolicyNotAttachable", message));
        }
        let mut value = row.value.clone();
        let mut batch = Batch::new();
        let is_new = value.attached_mut().managed.insert(input.arn.clone());
        if value.attached().managed.len() > limits::ATTACHED_POLICIES {
            let mut kind = T::TYPE.to_owned();
            kind.get_mut(..1).map(str::make_ascii_uppercase).unwrap_or_default();
            return Err(quota(&format!("PoliciesPer{kind}"), limits::ATTACHED_POLICIES));
        }
        let is_there = count_use(call, &mut batch, &input.arn, |policy| {
            policy.attachments = policy.attachments.saturating_add(u32::from(is_new));
        });
        if !is_there.await? {
            return Err(no_such(format!("Policy {} does not exist or is not attachable.", input.arn)));
        }
        put(call, &mut batch, &row, &value);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn detach<T: Entity>(call: &Call<'_>, input: Attachment) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let ask = |ask: Ask| ask.with("iam:PolicyARN", input.arn.as_str());
        let (permit, row) = allowed_with::<T>(call, &input.name, ask).await?;
        let mut value = row.value.clone();
        if !value.attached_mut().managed.remove(&input.arn) {
            return Err(no_such(format!("Policy {} was not found.", input.arn)));
        }
        let mut batch = Batch::new();
        let fewer = |policy: &mut super::rows::ManagedPolicy| {
            policy.attachments = policy.attachments.saturating_sub(1);
        };
        count_use(call, &mut batch, &input.arn, fewer).await?;
        put(call, &mut batch, &row, &value);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn list<T: Entity>(call: &Call<'_>, input: Listing) -> Result<Answer> {
    let (permit, row) = allowed::<T>(call, &input.name).await?;
    let wanted = |arn: &&String| {
        let path = arn
            .split_once(":policy")
            .and_then(|(_, rest)| Some(rest.rsplit_once('/')?.0))
            .unwrap_or_default();
        input.path_prefix.as_deref().is_none_or(|prefix| format!("{path}/").starts_with(prefix))
    };
    let arns = row.value.attached().managed.iter().filter(wanted).map(|arn| (arn.as_str(), arn));
    let answer = input.page.of(arns, "AttachedPolicies", |arn| shown::attached_policy(arn))?;
    Ok(permit.answer(answer))
}

/// Refuses to delete what still has policies.
pub(crate) fn detached(policies: &Attached) -> Result<()> {
    if !policies.managed.is_empty() {
        return Err(delete_conflict("detach all policies"));
    }
    if !policies.inline.is_empty() {
        return Err(delete_conflict("delete policies"));
    }
    Ok(())
}
