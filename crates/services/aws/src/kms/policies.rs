//! Key policies.

use std::sync::Arc;

use ringwall_iam::PolicyKind;
use ringwall_store::Change;
use serde::Deserialize;
use serde_json::json;

use super::access::{Wish, allowed, common, of_key};
use super::change;
use super::identifier::{Forms, not_found};
use super::rotation::ByKey;
use super::rows::Key;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::principals::{Refused, ResourceDocument};

/// Most bytes of a key policy.
///
/// Source: AWS, *KMS Developer Guide*, "Resource quotas": key policy document size, 32 KB.
const MAX_POLICY_BYTES: usize = 32 * 1024;

/// The one name that a key policy has.
///
/// Source: AWS, *KMS API Reference*, PutKeyPolicy, `PolicyName`.
const NAME: &str = "default";

/// A key policy that AWS would take.
///
/// # Errors
///
/// `MalformedPolicyDocumentException`, `LimitExceededException`.
pub(crate) async fn read(call: &Call<'_>, text: String) -> Result<ResourceDocument> {
    if text.len() > MAX_POLICY_BYTES {
        let message = format!("The key policy is longer than {MAX_POLICY_BYTES} bytes");
        return Err(ApiError::new("LimitExceededException", message));
    }
    let read = ResourceDocument::new(call.shared, PolicyKind::Resource, "key policy", text).await;
    read.map_err(|refused| match refused {
        Refused::Principal(_) => {
            malformed("Policy contains a statement with one or more invalid principals.")
        }
        other => other.into_error(MALFORMED),
    })
}

const MALFORMED: &str = "MalformedPolicyDocumentException";

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(MALFORMED, message)
}

/// Whether somebody could still change a key's policy: its caller, or its account.
///
/// Source: AWS, *KMS API Reference*, PutKeyPolicy, `BypassPolicyLockoutSafetyCheck`: "The key policy must allow the calling
/// principal to make a subsequent PutKeyPolicy request on the KMS key"; a policy that leaves it to the account does.
///
/// # Errors
///
/// `MalformedPolicyDocumentException`
pub(crate) fn check_lockout(call: &Call<'_>, arn: &Arc<str>, account: &str, key: &Key) -> Result<()> {
    let ask = of_key(common(call, Ask::new("kms:PutKeyPolicy", Arc::clone(arn))), key);
    if call.may(&ask)? || call.of(call.shared.root(account)?).may(&ask)? {
        return Ok(());
    }
    Err(malformed("The new key policy will not allow you to update the key policy in the future."))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutKeyPolicy {
    key_id: String,
    policy_name: Option<String>,
    policy: String,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
}

/// Source: AWS, *KMS API Reference*, PutKeyPolicy.
pub(crate) async fn put_key_policy(call: &Call<'_>, input: PutKeyPolicy) -> Result<Answer> {
    let bypass = input.bypass_policy_lockout_safety_check;
    let wish = Wish::new("PutKeyPolicy")
        .with("kms:BypassPolicyLockoutSafetyCheck", if bypass { "true" } else { "false" });
    let key = allowed(call, &input.key_id, Forms::Own, &wish).await?;
    check_name(input.policy_name.as_deref())?;
    let policy = read(call, input.policy).await?;
    let (arn, account) = (Arc::clone(&key.arn), key.account.clone());
    let changed = change(call, key, |key| {
        let new = Key { policy: policy.clone(), ..key.clone() };
        if !bypass {
            check_lockout(call, &arn, &account, &new)?;
        }
        Ok(Change::Put(new))
    })
    .await?;
    Ok(changed.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetKeyPolicy {
    key_id: String,
    policy_name: Option<String>,
}

/// Source: AWS, *KMS API Reference*, GetKeyPolicy.
pub(crate) async fn get_key_policy(call: &Call<'_>, input: GetKeyPolicy) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Own, &Wish::new("GetKeyPolicy")).await?;
    check_name(input.policy_name.as_deref())?;
    let policy = key.key().policy.shown(call.shared).await?;
    Ok(key.permit.answer(json!({ "Policy": policy, "PolicyName": NAME })))
}

/// Source: AWS, *KMS API Reference*, ListKeyPolicies.
pub(crate) async fn list_key_policies(call: &Call<'_>, input: ByKey) -> Result<Answer> {
    let key = allowed(call, &input.key_id, Forms::Own, &Wish::new("ListKeyPolicies")).await?;
    Ok(key.permit.answer(json!({ "PolicyNames": [NAME], "Truncated": false })))
}

fn check_name(name: Option<&str>) -> Result<()> {
    match name {
        None | Some(NAME) => Ok(()),
        Some(_) => Err(not_found("No such policy exists".to_owned())),
    }
}
