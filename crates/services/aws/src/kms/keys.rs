//! Keys: made, described, listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringwall_store::{Batch, Change, Expect, Scan};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Wish, allowed, common, default_policy, default_policy_text, of_kind};
use super::identifier::{Forms, Identifier, Name};
use super::page::{Page, Paged};
use super::policies;
use super::rotation::when_due;
use super::rows::{self, Key, Rotated, State};
use super::tags::{self, Tag};
use super::{AWS_KMS, ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT, change, managed, material, seconds, unsupported};
use crate::authorize::{Answer, Ask, ResourcePolicy};
use crate::call::Call;
use crate::error::Result;
use crate::id;

/// Keys in an answer unless told otherwise.
///
/// Source: AWS, *KMS API Reference*, ListKeys, `Limit`.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateKey {
    policy: Option<String>,
    #[serde(default)]
    description: String,
    key_usage: Option<String>,
    customer_master_key_spec: Option<String>,
    key_spec: Option<String>,
    origin: Option<String>,
    custom_key_store_id: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    multi_region: bool,
    xks_key_id: Option<String>,
}

impl CreateKey {
    /// Refuses every other kind of key.
    fn check(&self) -> Result<()> {
        let only = |name: &str, given: &Option<String>, served: &str| match given {
            Some(other) if other != served => Err(unsupported(&format!("{name} {other} is not supported"))),
            _ => Ok(()),
        };
        only("KeySpec", &self.key_spec, SYMMETRIC_DEFAULT)?;
        only("CustomerMasterKeySpec", &self.customer_master_key_spec, SYMMETRIC_DEFAULT)?;
        only("KeyUsage", &self.key_usage, ENCRYPT_DECRYPT)?;
        only("Origin", &self.origin, AWS_KMS)?;
        if self.custom_key_store_id.is_some() || self.xks_key_id.is_some() {
            return Err(unsupported("Custom key stores are not supported"));
        }
        if self.multi_region {
            return Err(unsupported("Multi-Region keys are not supported"));
        }
        Ok(())
    }
}

/// Source: AWS, *KMS API Reference*, CreateKey.
pub(crate) async fn create_key(call: &Call<'_>, input: CreateKey) -> Result<Answer> {
    input.check()?;
    let tags = tags::check(&input.tags, &BTreeMap::new())?;
    let pairs = || input.tags.iter().map(|tag| (tag.tag_key.as_str(), tag.tag_value.as_str()));
    let bypass = if input.bypass_policy_lockout_safety_check { "true" } else { "false" };
    let ask = of_kind(common(call, Ask::new("kms:CreateKey", "*")))
        .request_tags(pairs())
        .with("kms:BypassPolicyLockoutSafetyCheck", bypass);
    let permit = call.authorize(&ask)?;
    let (account, region, now) = (call.account(), call.region(), call.now());
    let id = id::uuid()?;
    let arn: Arc<str> = rows::arn(region, account, &id).into();
    if !tags.is_empty() {
        // The key's own policy does not count yet: the caller's have to allow it.
        let policy = ResourcePolicy::Some(Arc::new(default_policy(account)?));
        let ask = of_kind(common(call, Ask::new("kms:TagResource", Arc::clone(&arn)))).request_tags(pairs());
        call.authorize(&ask.policy(policy))?;
    }
    let given = input.policy.is_some();
    let policy = policies::read(call, input.policy.unwrap_or_else(|| default_policy_text(account))).await?;
    let key = Key {
        created: now,
        description: input.description,
        managed_for: None,
        state: State::Enabled,
        policy,
        tags,
        aliases: BTreeSet::new(),
        rotation: None,
        materials: vec![material::generate(call.shared, &arn, Rotated::Created, now)?],
        grants: BTreeMap::new(),
    };
    if given && !input.bypass_policy_lockout_safety_check {
        policies::check_lockout(call, &arn, account, &key)?;
    }
    let mut batch = Batch::new();
    call.shared.kms.keys.put(&mut batch, account, region, &id, &key, Expect::Absent);
    call.shared.store.commit(batch).await?;
    call.note_resource(&arn, account, "AWS::KMS::Key");
    Ok(permit.answer(json!({ "KeyMetadata": metadata(&arn, account, &id, &key) })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeKey {
    key_id: String,
    #[serde(default)]
    grant_tokens: Vec<String>,
}

/// An alias that AWS reserves gets its key here too, if it has none yet.
///
/// Source: AWS, *KMS API Reference*, DescribeKey.
pub(crate) async fn describe_key(call: &Call<'_>, input: DescribeKey) -> Result<Answer> {
    super::grants::check_tokens(&input.grant_tokens)?;
    let identifier = Identifier::parse(call, &input.key_id, Forms::Any)?;
    if let Name::Alias(alias) = &identifier.name
        && identifier.account == call.account()
        && let Some(service) = managed::service(alias)
        && call.may(&common(
            call,
            Ask::new("kms:DescribeKey", rows::alias_arn(call.region(), call.account(), alias)),
        ))?
    {
        managed::ensure(call, service).await?;
    }
    let sought = identifier.seek(call, Forms::Any).await?;
    let key = sought.allowed(call, &Wish::new("DescribeKey"), |ask| ask).await?;
    let key = when_due(call, key).await?;
    let metadata = metadata(&key.arn, &key.account, key.id(), key.key());
    Ok(key.permit.answer(json!({ "KeyMetadata": metadata })))
}

fn metadata(arn: &str, account: &str, id: &str, key: &Key) -> Value {
    let mut metadata = json!({
        "AWSAccountId": account,
        "KeyId": id,
        "Arn": arn,
        "CreationDate": seconds(key.created),
        "Enabled": key.state == State::Enabled,
        "Description": key.description,
        "KeyUsage": ENCRYPT_DECRYPT,
        "KeyState": key.state.name(),
        "Origin": AWS_KMS,
        "KeyManager": if key.managed_for.is_some() { "AWS" } else { "CUSTOMER" },
        "CustomerMasterKeySpec": SYMMETRIC_DEFAULT,
        "KeySpec": SYMMETRIC_DEFAULT,
        "EncryptionAlgorithms": [SYMMETRIC_DEFAULT],
        "MultiRegion": false,
    });
    if let Some(members) = metadata.as_object_mut() {
        if let Some((_, material)) = key.current() {
            members.insert("CurrentKeyMaterialId".to_owned(), material.id.as_str().into());
        }
        if let State::PendingDeletion { due } = key.state {
            members.insert("DeletionDate".to_owned(), seconds(due));
        }
    }
    metadata
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListKeys {
    #[serde(default)]
    resource_owners: Vec<String>,
    #[serde(flatten)]
    page: Page,
}

/// Nothing is shared by AWS Resource Access Manager here, so that a list of such keys alone is empty.
///
/// Source: AWS, *KMS API Reference*, ListKeys.
pub(crate) async fn list_keys(call: &Call<'_>, input: ListKeys) -> Result<Answer> {
    let permit = call.authorize(&common(call, Ask::new("kms:ListKeys", "*")))?;
    let owners = &input.resource_owners;
    if !owners.is_empty() && !owners.iter().any(|owner| owner == "SELF") {
        return Ok(permit.answer(Paged::of(Vec::new(), PAGE).answer("Keys")));
    }
    let (limit, mut after) = (input.page.limit(PAGE), input.page.after()?);
    let (account, region) = (call.account(), call.region());
    let mut entries = Vec::new();
    loop {
        let scan = Scan { after: after.as_deref(), limit: limit + 1, ..Scan::default() };
        let rows = call.shared.kms.keys.scan(account, region, scan).await?;
        let full = rows.len() > limit;
        after = rows.last().map(|row| row.place.name.clone());
        for row in rows.into_iter().filter(|row| !row.value.is_gone(call.now())) {
            let id = row.place.name;
            let entry = json!({ "KeyId": id, "KeyArn": rows::arn(region, account, &id) });
            entries.push((id, entry));
        }
        if !full || entries.len() > limit {
            return Ok(permit.answer(Paged::of(entries, limit).answer("Keys")));
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateKeyDescription {
    key_id: String,
    description: String,
}

/// Source: AWS, *KMS API Reference*, UpdateKeyDescription.
pub(crate) async fn update_key_description(call: &Call<'_>, input: UpdateKeyDescription) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Own, &Wish::new("UpdateKeyDescription")).await?;
    let arn = key.arn.clone();
    let changed = change(call, key, |key| {
        super::access::not_pending(&arn, key.state)?;
        Ok(Change::Put(Key { description: input.description.clone(), ..key.clone() }))
    })
    .await?;
    Ok(changed.permit.done())
}
