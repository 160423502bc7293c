//! Inline policies of users, groups and roles.
//!
//! Source: AWS IAM API Reference, *PutRolePolicy*, *GetRolePolicy*, *DeleteRolePolicy*, *ListRolePolicies* and those of
//! users and groups.

use ringwall_iam::PolicyKind;
use ringwall_store::Batch;
use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::{Entity, Tries, allowed, encoded, put};
use super::fault::{malformed, no_such};
use super::limits;
use super::page::Page;
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::policy::Document;

#[derive(Debug, Deserialize)]
pub(crate) struct PutPolicy {
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(rename = "PolicyName")]
    policy: String,
    #[serde(rename = "PolicyDocument")]
    document: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ThatPolicy {
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(rename = "PolicyName")]
    policy: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(flatten)]
    page: Page,
}

pub(crate) async fn put_policy<T: Entity>(call: &Call<'_>, input: PutPolicy) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<T>(call, &input.name).await?;
        let document = Document::new(PolicyKind::Identity, &input.policy, input.document.clone());
        let mut value = row.value.clone();
        let inline = &mut value.attached_mut().inline;
        inline.insert(input.policy.clone(), document.map_err(malformed)?);
        let size: usize = inline.values().map(|document| limits::size(document.text())).sum();
        if size > T::INLINE_SIZE {
            let (limit, kind) = (T::INLINE_SIZE, T::TYPE);
            let message = format!("Maximum policy size of {limit} bytes exceeded for {kind} {}", input.name);
            return Err(ApiError::new("LimitExceeded", message));
        }
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &value);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn get_policy<T: Entity>(call: &Call<'_>, input: ThatPolicy) -> Result<Answer> {
    let (permit, row) = allowed::<T>(call, &input.name).await?;
    let document = row.value.attached().inline.get(&input.policy);
    let document = document.ok_or_else(|| missing::<T>(&input))?;
    // Of the three names the model has one.
    Ok(permit.answer(json!({
        of::<T>(): input.name,
        "PolicyName": input.policy,
        "PolicyDocument": encoded(document.text()),
    })))
}

pub(crate) async fn delete_policy<T: Entity>(call: &Call<'_>, input: ThatPolicy) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<T>(call, &input.name).await?;
        let mut value = row.value.clone();
        value.attached_mut().inline.remove(&input.policy).ok_or_else(|| missing::<T>(&input))?;
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &value);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn list<T: Entity>(call: &Call<'_>, input: Listing) -> Result<Answer> {
    let (permit, row) = allowed::<T>(call, &input.name).await?;
    let names = row.value.attached().inline.keys().map(|name| (name.as_str(), name.as_str()));
    Ok(permit.answer(input.page.of(names, "PolicyNames", Value::from)?))
}

fn missing<T: Entity>(input: &ThatPolicy) -> ApiError {
    no_such(format!("The {} policy with name {} cannot be found.", T::TYPE, input.policy))
}

/// Name of the member that names a user, group or role.
fn of<T: Entity>() -> &'static str {
    match T::TYPE {
        "user" => "UserName",
        "group" => "GroupName",
        _ => "RoleName",
    }
}
