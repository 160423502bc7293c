//! What happens to keys when its time has come, without anybody's call: they rotate, or they are deleted.
//!
//! A key whose time is over counts as deleted at once, and one that is due rotates before it seals again. What is done here
//! destroys the material, and keeps keys that nobody uses in step.

use ringwall_store::{Batch, Change, Expect, Row, Scan, StoreError};

use super::grants::retirable;
use super::material;
use super::rows::{self, Key, Rotated};
use crate::error::{ApiError, Result};
use crate::shared::Shared;

/// Keys that are read at once.
const PAGE: usize = 200;

/// Grants that are deleted at once: two records each, and a batch takes a thousand.
const GRANTS: usize = 400;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Keys that were deleted.
    pub deleted: usize,
    /// Keys that were rotated.
    pub rotated: usize,
    /// Secrets of Secrets Manager that were deleted.
    pub secrets: usize,
}

/// Goes through all keys of all accounts.
pub(crate) async fn sweep(shared: &Shared) -> Result<Swept> {
    let now = (shared.clock)();
    let mut swept = Swept::default();
    let mut after = None;
    loop {
        let rows = shared.kms.keys.scan_all(after.as_ref(), PAGE).await?;
        let full = rows.len() == PAGE;
        after = rows.last().map(|row| row.place.clone());
        for row in rows {
            if row.value.is_gone(now) {
                swept.deleted += usize::from(delete(shared, &row).await?);
            } else if row.value.is_rotation_due(now) {
                swept.rotated += usize::from(rotate(shared, &row, now).await?);
            }
        }
        if !full {
            return Ok(swept);
        }
    }
}

/// Deletes a key for good, and what belongs to it: its grants first, so that whatever is left after a crash is found again.
async fn delete(shared: &Shared, row: &Row<Key>) -> Result<bool> {
    let (account, region, id) = (&row.place.account, &row.place.region, &row.place.name);
    let tables = &shared.kms;
    let prefix = format!("{id}/");
    loop {
        let scan = Scan { prefix: &prefix, limit: GRANTS, ..Scan::default() };
        let grants = tables.grants.scan(account, region, scan).await?;
        if grants.is_empty() {
            break;
        }
        let mut batch = Batch::new();
        for grant in &grants {
            tables.grants.delete(&mut batch, account, region, &grant.place.name, Expect::Any);
            if let Some(retiring) = &grant.value.retiring {
                let grant = grant.place.name.strip_prefix(&prefix).unwrap_or_default();
                let (account, name) = retirable(retiring, grant);
                tables.retirable.delete(&mut batch, &account, region, &name, Expect::Any);
            }
        }
        shared.store.commit(batch).await?;
    }
    let mut batch = Batch::new();
    tables.keys.delete(&mut batch, account, region, id, Expect::Revision(row.revision));
    for alias in &row.value.aliases {
        tables.aliases.delete(&mut batch, account, region, alias, Expect::Any);
    }
    match shared.store.commit(batch).await {
        Ok(_) => {
            tracing::info!(key = rows::arn(region, account, id), "a key was deleted for good");
            Ok(true)
        }
        // Another replica came first, or is about to.
        Err(StoreError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn rotate(shared: &Shared, row: &Row<Key>, now: i64) -> Result<bool> {
    let arn = rows::arn(&row.place.region, &row.place.account, &row.place.name);
    let new = material::generate(shared, &arn, Rotated::Automatic, now)?;
    let id = new.id.clone();
    let change = |key: Option<&Key>| match key.filter(|key| key.is_rotation_due(now)) {
        Some(key) => Ok::<_, ApiError>(Change::Put(key.rotated(new.clone()))),
        None => Ok(Change::Keep),
    };
    let after = shared.kms.keys.update(&row.place, change).await?;
    let rotated = after.is_some_and(|row| row.value.current().is_some_and(|(_, material)| material.id == id));
    if rotated {
        tracing::info!(key = arn, "a key was rotated");
    }
    Ok(rotated)
}
