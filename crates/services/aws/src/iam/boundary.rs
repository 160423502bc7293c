//! Permissions boundaries.
//!
//! Source: AWS IAM User Guide, *Permissions boundaries for IAM entities*; AWS IAM API Reference,
//! *PutRolePermissionsBoundary*, *DeleteRolePermissionsBoundary* and those of users.

use ringwall_store::Batch;
use serde::Deserialize;

use super::entity::{Bounded, Tries, allowed, allowed_with, count_use, put};
use super::fault::no_such;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;

#[derive(Debug, Deserialize)]
pub(crate) struct PutBoundary {
    #[serde(alias = "UserName", alias = "RoleName")]
    name: String,
    #[serde(rename = "PermissionsBoundary")]
    boundary: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeleteBoundary {
    #[serde(alias = "UserName", alias = "RoleName")]
    name: String,
}

/// The key `iam:PermissionsBoundary` is the boundary that is to be set.
///
/// Source: Service Authorization Reference, *AWS IAM*; AWS IAM User Guide, *Delegating responsibility to others using
/// permissions boundaries*.
pub(crate) async fn put_boundary<T: Bounded>(call: &Call<'_>, input: PutBoundary) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let ask = |ask: Ask| ask.with("iam:PermissionsBoundary", input.boundary.as_str());
        let (permit, row) = allowed_with::<T>(call, &input.name, ask).await?;
        let mut value = row.value.clone();
        let mut batch = Batch::new();
        count(call, &mut batch, value.boundary(), Some(&input.boundary)).await?;
        *value.boundary_mut() = Some(input.boundary.clone());
        put(call, &mut batch, &row, &value);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

pub(crate) async fn delete_boundary<T: Bounded>(call: &Call<'_>, input: DeleteBoundary) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<T>(call, &input.name).await?;
        let mut value = row.value.clone();
        if value.boundary().is_none() {
            let message = format!("The permissions boundary for {} {} cannot be found.", T::TYPE, input.name);
            return Err(no_such(message));
        }
        let mut batch = Batch::new();
        count(call, &mut batch, value.boundary(), None).await?;
        *value.boundary_mut() = None;
        put(call, &mut batch, &row, &value);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

/// Counts the use of policies as boundaries, where one takes the place of another.
pub(crate) async fn count(
    call: &Call<'_>,
    batch: &mut Batch,
    old: Option<&str>,
    new: Option<&str>,
) -> Result<()> {
    if old == new {
        return Ok(());
    }
    if let Some(old) = old {
        count_use(call, batch, old, |policy| policy.boundaries = policy.boundaries.saturating_sub(1)).await?;
    }
    if let Some(new) = new
        && !count_use(call, batch, new, |policy| policy.boundaries = policy.boundaries.saturating_add(1))
            .await?
    {
        return Err(no_such(format!("Scope ARN: {new} does not exist or is not attachable.")));
    }
    Ok(())
}
