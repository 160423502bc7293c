//! Aliases: names of keys, which can be led to another key.

use std::sync::Arc;

use ringwall_store::{Batch, Expect, Row, Scan};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Allowed, Wish, allowed, common};
use super::identifier::{Forms, not_found, seek};
use super::page::{Page, Paged};
use super::rows::{self, Alias, Key};
use super::{MAX_TRIES, commit, contended, put_key, seconds};
use crate::authorize::{Answer, Ask, Permit};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Most aliases of a key.
///
/// Source: AWS, *KMS Developer Guide*, "Resource quotas": aliases per KMS key, 50.
const MAX_ALIASES: usize = 50;

/// Aliases in an answer unless told otherwise.
///
/// Source: AWS, *KMS API Reference*, ListAliases, `Limit`.
const PAGE: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Naming {
    alias_name: String,
    target_key_id: String,
}

/// Source: AWS, *KMS API Reference*, CreateAlias (permission on the alias and on the key).
pub(crate) async fn create_alias(call: &Call<'_>, input: Naming) -> Result<Answer> {
    let name = check_name(&input.alias_name)?;
    let permit = may(call, "kms:CreateAlias", name)?;
    for _ in 0..MAX_TRIES {
        let key = allowed(call, &input.target_key_id, Forms::Own, &Wish::new("CreateAlias")).await?;
        key.not_pending()?;
        let tables = &call.shared.kms;
        if tables.aliases.get(call.account(), call.region(), name).await?.is_some() {
            let arn = rows::alias_arn(call.region(), call.account(), name);
            let message = format!("An alias with the name {arn} already exists");
            return Err(ApiError::new("AlreadyExistsException", message));
        }
        let row = Alias { key: key.id().to_owned(), created: call.now(), updated: call.now() };
        let mut batch = Batch::new();
        tables.aliases.put(&mut batch, call.account(), call.region(), name, &row, Expect::Absent);
        put_key(call, &mut batch, &key, &with(&key, name)?);
        if commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
    Err(contended())
}

/// Permission is needed on the alias, on the key that it leads to, and on the one that it shall lead to.
///
/// Source: AWS, *KMS API Reference*, UpdateAlias.
pub(crate) async fn update_alias(call: &Call<'_>, input: Naming) -> Result<Answer> {
    let name = check_name(&input.alias_name)?;
    let permit = may(call, "kms:UpdateAlias", name)?;
    for _ in 0..MAX_TRIES {
        let (alias, old) = find(call, name, "UpdateAlias").await?;
        let new = allowed(call, &input.target_key_id, Forms::Own, &Wish::new("UpdateAlias")).await?;
        new.not_pending()?;
        if old.id() == new.id() {
            return Ok(permit.done());
        }
        let tables = &call.shared.kms;
        let row = Alias { key: new.id().to_owned(), updated: call.now(), ..alias.value.clone() };
        let mut batch = Batch::new();
        let expect = Expect::Revision(alias.revision);
        tables.aliases.put(&mut batch, call.account(), call.region(), name, &row, expect);
        put_key(call, &mut batch, &old, &without(&old, name));
        put_key(call, &mut batch, &new, &with(&new, name)?);
        if commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
    Err(contended())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteAlias {
    alias_name: String,
}

/// Source: AWS, *KMS API Reference*, DeleteAlias.
pub(crate) async fn delete_alias(call: &Call<'_>, input: DeleteAlias) -> Result<Answer> {
    let name = check_name(&input.alias_name)?;
    let permit = may(call, "kms:DeleteAlias", name)?;
    for _ in 0..MAX_TRIES {
        let (alias, key) = find(call, name, "DeleteAlias").await?;
        let mut batch = Batch::new();
        let expect = Expect::Revision(alias.revision);
        call.shared.kms.aliases.delete(&mut batch, call.account(), call.region(), name, expect);
        put_key(call, &mut batch, &key, &without(&key, name));
        if commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
    Err(contended())
}

/// Permission on the alias itself, which the caller's own policies decide.
fn may(call: &Call<'_>, action: &str, name: &str) -> Result<Permit> {
    let arn = rows::alias_arn(call.region(), call.account(), name);
    call.note_resource(&arn, call.account(), "AWS::KMS::Alias");
    call.authorize(&common(call, Ask::new(action, arn)))
}

/// An alias and the key that it leads to.
async fn find(call: &Call<'_>, name: &str, action: &'static str) -> Result<(Arc<Row<Alias>>, Allowed)> {
    let alias = call.shared.kms.aliases.get(call.account(), call.region(), name).await?;
    let arn = rows::alias_arn(call.region(), call.account(), name);
    let alias = alias.ok_or_else(|| not_found(format!("Alias {arn} is not found.")))?;
    let key = allowed(call, &alias.value.key, Forms::Own, &Wish::new(action)).await?;
    Ok((alias, key))
}

fn with(key: &Allowed, name: &str) -> Result<Key> {
    let mut new = key.key().clone();
    new.aliases.insert(name.to_owned());
    if new.aliases.len() > MAX_ALIASES {
        let message = format!("{} has {MAX_ALIASES} aliases, which is the limit", key.arn);
        return Err(ApiError::new("LimitExceededException", message));
    }
    Ok(new)
}

fn without(key: &Allowed, name: &str) -> Key {
    let mut new = key.key().clone();
    new.aliases.remove(name);
    new
}

/// An alias's name that customers may give.
///
/// Source: AWS, *KMS API Reference*, CreateAlias, `AliasName`.
fn check_name(name: &str) -> Result<&str> {
    let invalid = |message: &str| Err(ApiError::new("InvalidAliasNameException", message));
    match name.strip_prefix("alias/") {
        None | Some("") => invalid("Alias must start with the prefix \"alias/\", followed by a name."),
        Some(rest) if rest.starts_with("aws/") => invalid("The prefix alias/aws/ is reserved."),
        Some(rest) if rest.contains(':') => {
            invalid("An alias name contains only letters, digits, slashes, underscores and dashes.")
        }
        Some(_) => Ok(name),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListAliases {
    key_id: Option<String>,
    #[serde(flatten)]
    page: Page,
}

/// Source: AWS, *KMS API Reference*, ListAliases (on `*`: no permission on a key is asked for).
pub(crate) async fn list_aliases(call: &Call<'_>, input: ListAliases) -> Result<Answer> {
    let permit = call.authorize(&common(call, Ask::new("kms:ListAliases", "*")))?;
    let (limit, after) = (input.page.limit(PAGE), input.page.after()?);
    let (account, region, tables) = (call.account(), call.region(), &call.shared.kms);
    let mut entries = Vec::new();
    if let Some(key) = &input.key_id {
        let sought = seek(call, key, Forms::Own).await?;
        let row = sought.row.as_ref().ok_or_else(|| sought.missing())?;
        for name in row.value.aliases.iter().filter(|name| after.as_ref().is_none_or(|after| *name > after)) {
            if let Some(alias) = tables.aliases.get(account, region, name).await? {
                entries.push((name.clone(), entry(call, name, &alias.value)));
            }
        }
    } else {
        let scan = Scan { after: after.as_deref(), limit: limit + 1, ..Scan::default() };
        for row in tables.aliases.scan(account, region, scan).await? {
            let told = entry(call, &row.place.name, &row.value);
            entries.push((row.place.name, told));
        }
    }
    Ok(permit.answer(Paged::of(entries, limit).answer("Aliases")))
}

fn entry(call: &Call<'_>, name: &str, alias: &Alias) -> Value {
    json!({
        "AliasName": name,
        "AliasArn": rows::alias_arn(call.region(), call.account(), name),
        "TargetKeyId": alias.key,
        "CreationDate": seconds(alias.created),
        "LastUpdatedDate": seconds(alias.updated),
    })
}
