//! Grants: permission to use a key, given by whoever may give it, and given back by whoever it was meant for.
//!
//! A grant counts at once here, so that a grant token has nothing to add: it is read, and what is none is refused.
//!
//! Source: AWS, *KMS Developer Guide*, "Grants in AWS KMS".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ringwall_store::{Batch, Expect, Row, Scan};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Allowed, Through, Wish, common, with_context};
use super::cryptographic::dry;
use super::identifier::{Forms, invalid, not_found, seek};
use super::page::{Page, Paged};
use super::principal;
use super::rows::{self, Constraint, Grant, Memo, Named, Retirable};
use super::{MAX_TRIES, commit, contended, material, put_key, seconds, unsupported};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id;

/// Most grants of a key. AWS has 50,000; here their ids are kept with their key, which is one record.
const MAX_GRANTS: usize = 5_000;

/// Grants in an answer unless told otherwise.
///
/// Source: AWS, *KMS API Reference*, ListGrants, `Limit`.
const PAGE: usize = 50;

/// What a grant on a key that encrypts and decrypts may allow.
///
/// Source: AWS, *KMS Developer Guide*, "Grant operations", symmetric encryption keys.
const OPERATIONS: [&str; 11] = [
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Constraints {
    encryption_context_equals: Option<BTreeMap<String, String>>,
    encryption_context_subset: Option<BTreeMap<String, String>>,
    source_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateGrant {
    key_id: String,
    grantee_principal: Option<String>,
    retiring_principal: Option<String>,
    operations: BTreeSet<String>,
    #[serde(default)]
    constraints: Constraints,
    #[serde(default)]
    grant_tokens: Vec<String>,
    name: Option<String>,
    #[serde(default)]
    dry_run: bool,
    grantee_service_principal: Option<String>,
    retiring_service_principal: Option<String>,
}

impl Constraints {
    fn read(self) -> Result<Constraint> {
        if self.source_arn.is_some() {
            return Err(unsupported("The constraint SourceArn is not supported"));
        }
        let constraint = match (self.encryption_context_equals, self.encryption_context_subset) {
            (None, None) => return Ok(Constraint::None),
            (Some(pairs), None) => Constraint::Equals(pairs),
            (None, Some(pairs)) => Constraint::Subset(pairs),
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "A grant has EncryptionContextEquals or EncryptionContextSubset, not both",
                ));
            }
        };
        // Within the bounds of what it is compared with.
        material::context(constraint.pairs().clone())?;
        Ok(constraint)
    }
}

impl Constraint {
    fn pairs(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        match self {
            Self::None => &NONE,
            Self::Equals(pairs) | Self::Subset(pairs) => pairs,
        }
    }

    /// `kms:GrantConstraintType`.
    fn name(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Equals(_) => Some("EncryptionContextEquals"),
            Self::Subset(_) => Some("EncryptionContextSubset"),
        }
    }

    fn told(&self) -> Option<Value> {
        Some(json!({ self.name()?: self.pairs() }))
    }
}

/// With a name, the same request makes no second grant.
///
/// Source: AWS, *KMS API Reference*, CreateGrant.
pub(crate) async fn create_grant(call: &Call<'_>, input: CreateGrant) -> Result<Answer> {
    if input.grantee_service_principal.is_some() || input.retiring_service_principal.is_some() {
        return Err(unsupported("Grants for service principals are not supported"));
    }
    let grantee = input.grantee_principal.ok_or_else(|| invalid("GranteePrincipal is required"))?;
    if let Some(other) = input.operations.iter().find(|operation| !OPERATIONS.contains(&operation.as_str())) {
        return Err(invalid(format!("Operation {other} is not valid for a key of type SYMMETRIC_DEFAULT")));
    }
    if input.operations.is_empty() {
        return Err(invalid("A grant needs at least one operation"));
    }
    check_tokens(&input.grant_tokens)?;
    let constraint = input.constraints.read()?;
    for _ in 0..MAX_TRIES {
        let sought = seek(call, &input.key_id, Forms::Key).await?;
        let wish = Wish { grant: Some((&input.operations, &constraint)), ..Wish::new("CreateGrant") };
        let more = |ask: Ask| {
            with_context(ask, constraint.pairs())
                .with_all("kms:GrantOperations", input.operations.iter().map(String::as_str))
                .with("kms:GranteePrincipal", grantee.as_str())
                .with_some("kms:RetiringPrincipal", input.retiring_principal.as_deref())
                .with_some("kms:GrantConstraintType", constraint.name())
                .with("kms:GrantIsForAWSResource", for_service(call))
        };
        let key = sought.allowed(call, &wish, more).await?;
        key.enabled()?;
        let grantee = principal::find(call.shared, &grantee).await?;
        let retiring = match &input.retiring_principal {
            Some(retiring) => Some(principal::find(call.shared, retiring).await?),
            None => None,
        };
        let grant = Grant {
            name: input.name.clone(),
            created: call.now(),
            grantee,
            retiring,
            issuer: call.account().to_owned(),
            operations: input.operations.clone(),
            constraint: constraint.clone(),
            policies: Memo::default(),
        };
        let answer = |key: &Allowed, id: &str| {
            key.permit.answer(json!({ "GrantId": id, "GrantToken": token(&key.arn, id) }))
        };
        if let Some(id) = same(call, &key, &grant).await? {
            dry(input.dry_run)?;
            return Ok(answer(&key, &id));
        }
        if key.key().grant_count() >= MAX_GRANTS {
            return Err(ApiError::new("LimitExceededException", format!("{} has too many grants", key.arn)));
        }
        dry(input.dry_run)?;
        let id = HEXLOWER.encode(&id::random::<32>()?);
        if add(call, &key, &id, &grant).await? {
            return Ok(answer(&key, &id));
        }
    }
    Err(contended())
}

fn for_service(call: &Call<'_>) -> &'static str {
    if call.via().is_some() { "true" } else { "false" }
}

/// The grant of the same name and content, if there is one.
async fn same(call: &Call<'_>, key: &Allowed, grant: &Grant) -> Result<Option<String>> {
    if grant.name.is_none() {
        return Ok(None);
    }
    for id in key.key().grants.get(&grant.grantee.filed).into_iter().flatten() {
        let Some(row) = get(call, key, id).await? else { continue };
        let known = &row.value;
        let is_same = known.name == grant.name
            && known.grantee == grant.grantee
            && known.retiring == grant.retiring
            && known.operations == grant.operations
            && known.constraint == grant.constraint;
        if is_same {
            return Ok(Some(id.clone()));
        }
    }
    Ok(None)
}

async fn get(call: &Call<'_>, key: &Allowed, id: &str) -> Result<Option<Arc<Row<Grant>>>> {
    let name = filed(key.id(), id);
    Ok(call.shared.kms.grants.get(&key.account, call.region(), &name).await?)
}

fn filed(key: &str, grant: &str) -> String {
    format!("{key}/{grant}")
}

async fn add(call: &Call<'_>, key: &Allowed, id: &str, grant: &Grant) -> Result<bool> {
    let tables = &call.shared.kms;
    let mut batch = Batch::new();
    let mut changed = key.key().clone();
    changed.grants.entry(grant.grantee.filed.clone()).or_default().insert(id.to_owned());
    put_key(call, &mut batch, key, &changed);
    let name = filed(key.id(), id);
    tables.grants.put(&mut batch, &key.account, call.region(), &name, grant, Expect::Absent);
    if let Some(retiring) = &grant.retiring {
        let row = Retirable { key: key.arn.to_string() };
        let (account, name) = retirable(retiring, id);
        tables.retirable.put(&mut batch, &account, call.region(), &name, &row, Expect::Absent);
    }
    commit(call, batch).await
}

async fn remove(call: &Call<'_>, key: &Allowed, id: &str, row: &Row<Grant>) -> Result<bool> {
    let tables = &call.shared.kms;
    let grant = &row.value;
    let mut batch = Batch::new();
    let mut changed = key.key().clone();
    if let Some(ids) = changed.grants.get_mut(&grant.grantee.filed) {
        ids.remove(id);
    }
    changed.grants.retain(|_, ids| !ids.is_empty());
    put_key(call, &mut batch, key, &changed);
    let expect = Expect::Revision(row.revision);
    tables.grants.delete(&mut batch, &key.account, call.region(), &filed(key.id(), id), expect);
    if let Some(retiring) = &grant.retiring {
        let (account, name) = retirable(retiring, id);
        tables.retirable.delete(&mut batch, &account, call.region(), &name, Expect::Any);
    }
    commit(call, batch).await
}

/// Where the grants are listed that somebody may retire.
pub(crate) fn retirable(retiring: &Named, grant: &str) -> (String, String) {
    let account = retiring.arn.split(':').nth(4).unwrap_or_default();
    (account.to_owned(), format!("{}/{grant}", retiring.filed))
}

/// A grant token: which grant of which key it is. It proves nothing and gives nothing.
fn token(key: &str, grant: &str) -> String {
    BASE64URL_NOPAD.encode(format!("{key}|{grant}").as_bytes())
}

fn read_token(token: &str) -> Result<(String, String)> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().and_then(|text| text.split_once('|'));
    let (key, grant) = parts
        .filter(|(key, _)| key.starts_with("arn:"))
        .ok_or_else(|| ApiError::new("InvalidGrantTokenException", "The grant token is invalid"))?;
    Ok((key.to_owned(), grant.to_owned()))
}

/// Refuses what are no grant tokens.
///
/// # Errors
///
/// `InvalidGrantTokenException`
pub(crate) fn check_tokens(tokens: &[String]) -> Result<()> {
    tokens.iter().try_for_each(|token| read_token(token).map(|_| ()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListGrants {
    key_id: String,
    grant_id: Option<String>,
    grantee_principal: Option<String>,
    grantee_service_principal: Option<String>,
    #[serde(flatten)]
    page: Page,
}

/// Source: AWS, *KMS API Reference*, ListGrants.
pub(crate) async fn list_grants(call: &Call<'_>, input: ListGrants) -> Result<Answer> {
    let wish = Wish::new("ListGrants").with("kms:GrantIsForAWSResource", for_service(call));
    let key = super::access::allowed(call, &input.key_id, Forms::Key, &wish).await?;
    let limit = input.page.limit(PAGE);
    let prefix = filed(key.id(), "");
    let mut after = input.page.after()?.map(|id| filed(key.id(), &id));
    let mut entries = Vec::new();
    if input.grantee_service_principal.is_some() {
        return Ok(key.permit.answer(Paged::of(entries, limit).answer("Grants")));
    }
    loop {
        let scan = Scan { prefix: &prefix, after: after.as_deref(), limit: limit + 1 };
        let rows = call.shared.kms.grants.scan(&key.account, call.region(), scan).await?;
        let full = rows.len() > limit;
        after = rows.last().map(|row| row.place.name.clone());
        for row in rows {
            let id = row.place.name.strip_prefix(&prefix).unwrap_or_default();
            let is_wanted = input.grant_id.as_deref().is_none_or(|wanted| wanted == id)
                && input.grantee_principal.as_ref().is_none_or(|wanted| *wanted == row.value.grantee.arn);
            if is_wanted {
                entries.push((id.to_owned(), entry(&key.arn, id, &row.value)));
            }
        }
        if !full || entries.len() > limit {
            return Ok(key.permit.answer(Paged::of(entries, limit).answer("Grants")));
        }
    }
}

fn entry(key: &str, id: &str, grant: &Grant) -> Value {
    let mut entry = json!({
        "KeyId": key,
        "GrantId": id,
        "CreationDate": seconds(grant.created),
        "GranteePrincipal": grant.grantee.arn,
        "IssuingAccount": format!("arn:aws:iam::{}:root", grant.issuer),
        "Operations": grant.operations,
    });
    if let Some(members) = entry.as_object_mut() {
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        };
        put("Name", grant.name.as_deref().map(Value::from));
        put("RetiringPrincipal", grant.retiring.as_ref().map(|retiring| retiring.arn.as_str().into()));
        put("Constraints", grant.constraint.told());
    }
    entry
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListRetirableGrants {
    retiring_principal: Option<String>,
    retiring_service_principal: Option<String>,
    #[serde(flatten)]
    page: Page,
}

/// Grants that a principal of the caller's account may retire, on keys of any account.
///
/// Source: AWS, *KMS API Reference*, ListRetirableGrants.
pub(crate) async fn list_retirable_grants(call: &Call<'_>, input: ListRetirableGrants) -> Result<Answer> {
    let permit = call.authorize(&common(call, Ask::new("kms:ListRetirableGrants", "*")))?;
    if input.retiring_service_principal.is_some() {
        return Err(unsupported("Grants for service principals are not supported"));
    }
    let retiring = input.retiring_principal.ok_or_else(|| invalid("RetiringPrincipal is required"))?;
    let retiring = principal::find(call.shared, &retiring).await?;
    let (account, prefix) = retirable(&retiring, "");
    if account != call.account() {
        return Err(invalid("RetiringPrincipal has to be of your account"));
    }
    let (limit, tables) = (input.page.limit(PAGE), &call.shared.kms);
    let after = input.page.after()?.map(|id| format!("{prefix}{id}"));
    let scan = Scan { prefix: &prefix, after: after.as_deref(), limit: limit + 1 };
    let mut entries = Vec::new();
    for row in tables.retirable.scan(&account, call.region(), scan).await? {
        let id = row.place.name.strip_prefix(&prefix).unwrap_or_default();
        let sought = seek(call, &row.value.key, Forms::Key).await?;
        let Some(key) = &sought.row else { continue };
        let name = filed(&key.place.name, id);
        let Some(grant) = tables.grants.get(&sought.account, call.region(), &name).await? else { continue };
        entries.push((id.to_owned(), entry(&sought.arn, id, &grant.value)));
    }
    Ok(permit.answer(Paged::of(entries, limit).answer("Grants")))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RevokeGrant {
    key_id: String,
    grant_id: String,
    #[serde(default)]
    dry_run: bool,
}

/// Source: AWS, *KMS API Reference*, RevokeGrant.
pub(crate) async fn revoke_grant(call: &Call<'_>, input: RevokeGrant) -> Result<Answer> {
    for _ in 0..MAX_TRIES {
        let wish = Wish::new("RevokeGrant").with("kms:GrantIsForAWSResource", for_service(call));
        let key = super::access::allowed(call, &input.key_id, Forms::Key, &wish).await?;
        let row = get(call, &key, &input.grant_id).await?.ok_or_else(|| no_grant(&input.grant_id))?;
        dry(input.dry_run)?;
        if remove(call, &key, &input.grant_id, &row).await? {
            return Ok(key.permit.done());
        }
    }
    Err(contended())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RetireGrant {
    grant_token: Option<String>,
    key_id: Option<String>,
    grant_id: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

/// By the retiring principal, by the grantee if the grant has the operation, or by whom a policy allows it.
///
/// Source: AWS, *KMS API Reference*, RetireGrant.
pub(crate) async fn retire_grant(call: &Call<'_>, input: RetireGrant) -> Result<Answer> {
    let (key, id) = match (input.grant_token, input.key_id, input.grant_id) {
        (Some(token), None, None) => read_token(&token)?,
        (None, Some(key), Some(id)) => (key, id),
        _ => return Err(invalid("Either a grant token, or a key ARN and a grant ID are required")),
    };
    for _ in 0..MAX_TRIES {
        let sought = seek(call, &key, Forms::Key).await?;
        let row = match &sought.row {
            Some(key) => {
                let name = filed(&key.place.name, &id);
                call.shared.kms.grants.get(&sought.account, call.region(), &name).await?
            }
            None => None,
        };
        let constraint = row.as_ref().map(|row| row.value.constraint.clone()).unwrap_or_default();
        let own = row.as_ref().and_then(|row| retires(call, &row.value, &id));
        let wish = Wish { through: Through::Only(own), ..Wish::new("RetireGrant") };
        let more = |ask| {
            with_context(ask, constraint.pairs()).with_some("kms:GrantConstraintType", constraint.name())
        };
        let key = sought.allowed(call, &wish, more).await?;
        let row = row.ok_or_else(|| no_grant(&id))?;
        dry(input.dry_run)?;
        if remove(call, &key, &id, &row).await? {
            return Ok(key.permit.done());
        }
    }
    Err(contended())
}

/// What a grant itself says about who may retire it, if the caller is meant.
fn retires(call: &Call<'_>, grant: &Grant, id: &str) -> Option<rows::Granted> {
    let by_operation = grant.operations.contains("RetireGrant").then_some(&grant.grantee);
    let named = grant.retiring.iter().chain(by_operation);
    let mut mine = named.filter(|named| principal::filed(call.caller()).any(|filed| filed == named.filed));
    let operations = BTreeSet::from(["RetireGrant".to_owned()]);
    rows::Granted::new(mine.next()?, &operations, id)
}

fn no_grant(id: &str) -> ApiError {
    not_found(format!("Grant ID {id} not found"))
}
