//! How answers show what IAM keeps.
//!
//! Source: AWS IAM API Reference, *Data Types*.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::entity::encoded;
use super::rows::{Group, InstanceProfile, ManagedPolicy, PolicyVersion, Role, User};
use crate::error::Result;
use crate::shared::Shared;
use crate::sts::put;

/// Seconds since 1970 of milliseconds.
pub(crate) fn seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(1000)
}

/// `User`; what lists leave out are its tags and its boundary.
pub(crate) fn user(account: &str, user: &User, whole: bool) -> Value {
    let mut shown = json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn(account),
        "CreateDate": seconds(user.created),
    });
    if whole {
        put(&mut shown, "PermissionsBoundary", boundary(user.boundary.as_deref()));
        put(&mut shown, "Tags", tags(&user.tags));
    }
    shown
}

/// `Group`.
pub(crate) fn group(account: &str, group: &Group) -> Value {
    json!({
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn(account),
        "CreateDate": seconds(group.created),
    })
}

/// `Role`; what lists leave out are its tags and its boundary.
pub(crate) async fn role(shared: &Shared, account: &str, role: &Role, whole: bool) -> Result<Value> {
    let mut shown = json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn(account),
        "CreateDate": seconds(role.created),
        "AssumeRolePolicyDocument": encoded(&role.trust.shown(shared).await?),
        "MaxSessionDuration": role.max_session,
    });
    put(&mut shown, "Description", role.description.as_deref());
    if whole {
        put(&mut shown, "PermissionsBoundary", boundary(role.boundary.as_deref()));
        put(&mut shown, "Tags", tags(&role.tags));
    }
    Ok(shown)
}

/// `InstanceProfile`, with its role.
pub(crate) async fn profile(
    shared: &Shared,
    account: &str,
    profile: &InstanceProfile,
    whole: bool,
) -> Result<Value> {
    let mut roles = Vec::new();
    if let Some(name) = &profile.role
        && let Some(row) = shared.iam.roles.get(account, "", name).await?
    {
        roles.push(role(shared, account, &row.value, false).await?);
    }
    let mut shown = json!({
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn(account),
        "CreateDate": seconds(profile.created),
        "Roles": roles,
    });
    if whole {
        put(&mut shown, "Tags", tags(&profile.tags));
    }
    Ok(shown)
}

/// `Policy` of a customer managed policy; what lists leave out are its description and its tags.
pub(crate) fn policy(account: &str, policy: &ManagedPolicy, whole: bool) -> Value {
    let mut shown = json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn(account),
        "Path": policy.path,
        "DefaultVersionId": version_id(policy.default),
        "AttachmentCount": policy.attachments,
        "PermissionsBoundaryUsageCount": policy.boundaries,
        "IsAttachable": true,
        "CreateDate": seconds(policy.created),
        "UpdateDate": seconds(policy.updated),
    });
    if whole {
        put(&mut shown, "Description", policy.description.as_deref());
        put(&mut shown, "Tags", tags(&policy.tags));
    }
    shown
}

/// `PolicyVersion`; what lists leave out is its document.
pub(crate) fn version(policy: &ManagedPolicy, number: u32, version: &PolicyVersion, whole: bool) -> Value {
    let mut shown = json!({
        "VersionId": version_id(number),
        "IsDefaultVersion": number == policy.default,
        "CreateDate": seconds(version.created),
    });
    if whole {
        put(&mut shown, "Document", Some(encoded(version.document.text())));
    }
    shown
}

/// `v3` of 3.
pub(crate) fn version_id(number: u32) -> String {
    format!("v{number}")
}

/// `Tags`, if there are any.
pub(crate) fn tags(tags: &BTreeMap<String, String>) -> Option<Value> {
    (!tags.is_empty())
        .then(|| tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect())
}

/// `PermissionsBoundary`, if there is one.
pub(crate) fn boundary(arn: Option<&str>) -> Option<Value> {
    // "Policy" is the only type there is.
    arn.map(|arn| json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn }))
}

/// `AttachedPolicy`.
pub(crate) fn attached_policy(arn: &str) -> Value {
    json!({ "PolicyName": arn.rsplit('/').next().unwrap_or_default(), "PolicyArn": arn })
}
