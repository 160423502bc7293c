//! Temporary credentials of a role: what a session may carry, and how long it may last.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_iam::PolicyKind;
use ringwall_store::Row;
use serde::Deserialize;
use serde_json::{Value, json};

use super::session::{Exposed, Of, Session};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::iam::rows::Role;
use crate::id::{self, KeyKind};
use crate::policy::Document;

/// Longest session of a role that was assumed with the credentials of another role, in seconds.
///
/// Source: AWS IAM User Guide, *IAM roles*, "Role chaining": "limits your AWS CLI or AWS API role session to a maximum of
/// one hour".
const CHAINED_SESSION: i64 = 3600;

/// Session length without `DurationSeconds`, in seconds. Source: AWS STS API Reference, *AssumeRole*.
const DEFAULT_SESSION: i64 = 3600;

/// Most bytes of a session's policies and tags together, so that its token fits into a header. AWS packs them too and tells
/// only per cent of its own limit.
const PACKED_LIMIT: usize = 4096;

/// Most session policies: one inline and ten managed. Source: AWS STS API Reference, *AssumeRole*, `PolicyArns`.
const MAX_POLICY_ARNS: usize = 10;

/// Most tags of a session, those that passed on to it among them. Source: AWS STS API Reference, *AssumeRole*, `Tags`.
const MAX_TAGS: usize = 50;

/// A session tag.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A session policy by its ARN.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PolicyArn {
    #[serde(default)]
    pub(crate) arn: Option<String>,
}

/// What a new session of a role is to be like.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) duration: Option<i64>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<PolicyArn>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) transitive: BTreeSet<String>,
    pub(crate) source_identity: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) subject: Option<(String, String)>,
    /// Whether a role's session asked for it.
    pub(crate) chained: bool,
}

/// A session that began.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) session: Session,
    pub(crate) token: String,
    pub(crate) role_id: String,
    pub(crate) arn: String,
    /// Per cent of what policies and tags may need.
    pub(crate) packed: usize,
}

impl Issued {
    /// `Credentials`.
    pub(crate) fn credentials(&self) -> Value {
        credentials(&self.session, &self.token)
    }

    /// `AssumedRoleUser`.
    pub(crate) fn user(&self) -> Value {
        json!({ "AssumedRoleId": self.role_id, "Arn": self.arn })
    }

    /// `PackedPolicySize`, which is told only when there is something to pack.
    pub(crate) fn packed(&self) -> Option<usize> {
        (self.packed > 0).then_some(self.packed)
    }
}

/// `Credentials` of STS.
pub(crate) fn credentials(session: &Session, token: &str) -> Value {
    json!({
        "AccessKeyId": session.access_key,
        "SecretAccessKey": session.secret.text(),
        "SessionToken": token,
        "Expiration": session.expires,
    })
}

/// Begins a session of a role for somebody who was allowed to.
pub(crate) async fn issue(call: &Call<'_>, account: &str, row: &Row<Role>, wish: Wish) -> Result<Issued> {
    let role = &row.value;
    let duration = duration(&wish, role)?;
    let packed = packed(&wish)?;
    let policies = match &wish.policy {
        None => Vec::new(),
        Some(text) => vec![session_policy(text)?],
    };
    let policy_arns = policy_arns(call, account, &wish.policy_arns).await?;
    let session = Session {
        account: account.to_owned(),
        of: Of::Role { role: role.name.to_ascii_lowercase(), id: role.id.clone(), name: wish.name.clone() },
        access_key: id::access_key(KeyKind::Session, account)?,
        secret: Exposed::new(id::secret_access_key()?),
        issued: call.seconds(),
        expires: call.seconds() + duration,
        policies,
        policy_arns,
        tags: wish.tags,
        transitive: wish.transitive,
        source_identity: wish.source_identity,
        provider: wish.provider,
        subject: wish.subject,
    };
    Ok(Issued {
        token: call.shared.seal_session(&session)?,
        session,
        role_id: format!("{}:{}", role.id, wish.name),
        arn: format!("arn:aws:sts::{account}:assumed-role/{}/{}", role.name, wish.name),
        packed,
    })
}

fn duration(wish: &Wish, role: &Role) -> Result<i64> {
    let duration = wish.duration.unwrap_or(DEFAULT_SESSION.min(role.max_session));
    if wish.chained && duration > CHAINED_SESSION {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if duration > role.max_session {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(duration)
}

/// A session policy that is one.
pub(crate) fn session_policy(text: &str) -> Result<Document> {
    Document::new(PolicyKind::Session, "session policy", text.to_owned())
        .map_err(|why| ApiError::new("MalformedPolicyDocument", why))
}

async fn policy_arns(call: &Call<'_>, account: &str, arns: &[PolicyArn]) -> Result<Vec<String>> {
    if arns.len() > MAX_POLICY_ARNS {
        return Err(invalid("Member must have length less than or equal to 10 at 'policyArns'"));
    }
    let mut kept = Vec::new();
    for arn in arns.iter().filter_map(|policy| policy.arn.as_deref()) {
        if call.shared.managed_policy(account, arn, PolicyKind::Session).await?.is_none() {
            return Err(invalid(&format!("The managed policy {arn} does not exist in the role's account")));
        }
        kept.push(arn.to_owned());
    }
    Ok(kept)
}

fn packed(wish: &Wish) -> Result<usize> {
    let policy = wish.policy.as_ref().map_or(0, String::len);
    let arns: usize = wish.policy_arns.iter().filter_map(|policy| policy.arn.as_ref()).map(String::len).sum();
    let tags: usize = wish.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
    let bytes = policy + arns + tags;
    if bytes > PACKED_LIMIT {
        let per_cent = bytes.saturating_mul(100).div_ceil(PACKED_LIMIT);
        let message = format!(
            "Packed policy consumes {per_cent}% of allotted space, please use smaller policy or tags."
        );
        return Err(ApiError::new("PackedPolicyTooLarge", message));
    }
    Ok(bytes.saturating_mul(100).div_ceil(PACKED_LIMIT))
}

/// Tags that a session is to have: those asked for, and over them nothing that passes on from the caller's own session.
///
/// Source: AWS IAM User Guide, *Pass session tags in AWS STS*, "Chaining roles with session tags": "you cannot pass a
/// session tag with the same key as an inherited transitive tag"; keys are compared without case.
pub(crate) fn tags(
    asked: &[Tag],
    transitive: &[String],
    inherited: Option<&Session>,
) -> Result<(BTreeMap<String, String>, BTreeSet<String>)> {
    let mut tags: BTreeMap<String, String> = BTreeMap::new();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let has =
        |tags: &BTreeMap<String, String>, key: &str| tags.keys().any(|known| known.eq_ignore_ascii_case(key));
    for Tag { key, value } in asked {
        if has(&tags, key) {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(&format!("Tag keys may not begin with aws:, as {key} does")));
        }
        tags.insert(key.clone(), value.clone());
    }
    for key in transitive {
        if !has(&tags, key) {
            return Err(invalid("The specified transitive tag key must be included in the requested tags."));
        }
        keys.insert(key.clone());
    }
    if let Some(session) = inherited {
        for key in &session.transitive {
            let Some(value) = session.tags.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)) else {
                continue;
            };
            if has(&tags, key) {
                let message = format!(
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: {key}"
                );
                return Err(ApiError::new("InvalidParameterCombination", message).status(400));
            }
            tags.insert(value.0.clone(), value.1.clone());
            keys.insert(value.0.clone());
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(invalid(&format!(
            "A session has at most {MAX_TAGS} tags, with those that pass on to it"
        )));
    }
    Ok((tags, keys))
}

pub(crate) fn invalid(message: &str) -> ApiError {
    ApiError::new("ValidationError", message).status(400)
}
