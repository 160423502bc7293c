//! Keys that AWS manages for its services: made when a service first needs one, used through the service alone.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_iam::PolicyKind;
use ringwall_store::{Batch, Expect, StoreError};
use serde_json::{Value, json};

use super::material;
use super::rotation::DEFAULT_PERIOD_DAYS;
use super::rows::{self, Alias, DAY, Key, Rotated, Rotation, State};
use crate::call::Call;
use crate::error::{INTERNAL, Result};
use crate::id;
use crate::principals::ResourceDocument;

/// Services that have such keys here.
const SERVICES: [&str; 2] = ["secretsmanager", "ssm"];

/// The service of a reserved alias such as `alias/aws/ssm`, if there is a key for it.
pub(crate) fn service(alias: &str) -> Option<&'static str> {
    let name = alias.strip_prefix("alias/aws/")?;
    SERVICES.into_iter().find(|service| *service == name)
}

/// The key that AWS manages for a service, by its alias; it is made if there is none yet.
pub(crate) async fn ensure(call: &Call<'_>, service: &'static str) -> Result<String> {
    let alias = format!("alias/aws/{service}");
    let (tables, account, region) = (&call.shared.kms, call.account(), call.region());
    if account.is_empty() || tables.aliases.get(account, region, &alias).await?.is_some() {
        return Ok(alias);
    }
    let now = call.now();
    let id = id::uuid()?;
    let arn = rows::arn(region, account, &id);
    let text = policy(service, account, region).to_string();
    let policy = ResourceDocument::new(call.shared, PolicyKind::Resource, "key policy", text).await;
    let policy = policy.map_err(|refused| refused.into_error(INTERNAL))?;
    let period_days = DEFAULT_PERIOD_DAYS;
    let key = Key {
        created: now,
        description: description(service),
        managed_for: Some(service.to_owned()),
        state: State::Enabled,
        policy,
        tags: BTreeMap::new(),
        aliases: BTreeSet::from([alias.clone()]),
        rotation: Some(Rotation { period_days, next: now.saturating_add(period_days.saturating_mul(DAY)) }),
        materials: vec![material::generate(call.shared, &arn, Rotated::Created, now)?],
        grants: BTreeMap::new(),
    };
    let mut batch = Batch::new();
    let row = Alias { key: id.clone(), created: now, updated: now };
    tables.keys.put(&mut batch, account, region, &id, &key, Expect::Absent);
    tables.aliases.put(&mut batch, account, region, &alias, &row, Expect::Absent);
    match call.shared.store.commit(batch).await {
        // Somebody else needed it at the same time.
        Ok(_) | Err(StoreError::Conflict(_)) => Ok(alias),
        Err(error) => Err(error.into()),
    }
}

fn description(service: &str) -> String {
    let what = match service {
        "secretsmanager" => "my secrets when no other KMS key is defined",
        _ => "my SSM parameters when no other key is defined",
    };
    format!("Default key that protects {what}")
}

/// Everybody in the account may use it through its service, and nobody in any other way.
///
/// Sources: AWS, *Secrets Manager User Guide*, "Secret encryption and decryption", key policy of `aws/secretsmanager`;
/// *Systems Manager User Guide*, "AWS KMS encryption for Parameter Store SecureString parameters", of `aws/ssm`.
fn policy(service: &str, account: &str, region: &str) -> Value {
    let who = if service == "ssm" { "SSM" } else { "AWS Secrets Manager" };
    json!({
        "Version": "2012-10-17",
        "Id": format!("auto-{service}-1"),
        "Statement": [
            {
                "Sid": format!("Allow access through {who} for all principals in the account that are authorized to use {who}"),
                "Effect": "Allow",
                "Principal": { "AWS": ["*"] },
                "Action": [
                    "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
                    "kms:DescribeKey",
                ],
                "Resource": "*",
                "Condition": { "StringEquals": {
                    "kms:ViaService": format!("{service}.{region}.amazonaws.com"),
                    "kms:CallerAccount": account,
                } },
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": { "AWS": [format!("arn:aws:iam::{account}:root")] },
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    })
}
