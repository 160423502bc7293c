//! Policies that AWS manages, which every account has: those that clusters and their operators use.
//!
//! The data is written by `cargo xtask aws-managed-policies`. It is read when a policy is first asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use ringwall_iam::{Policy, PolicyKind};
use serde_json::{Value, json};

use super::entity::encoded;
use super::policies::Use;
use crate::policy;

/// One policy a line, its fields between tabs; what begins with `#` tells where it is from.
static DATA: &str = include_str!("../../data/aws-managed-policies.txt");

static POLICIES: LazyLock<BTreeMap<String, AwsPolicy>> = LazyLock::new(|| {
    let lines = DATA.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(AwsPolicy::of_line).map(|policy| (policy.arn.clone(), policy)).collect()
});

/// A policy that AWS manages.
#[derive(Debug)]
pub(crate) struct AwsPolicy {
    arn: String,
    path: &'static str,
    name: &'static str,
    version: &'static str,
    /// Seconds since 1970.
    created: i64,
    /// Seconds since 1970.
    updated: i64,
    text: &'static str,
    read: OnceLock<Option<Arc<Policy>>>,
}

impl AwsPolicy {
    fn of_line(line: &'static str) -> Option<Self> {
        let mut fields = line.splitn(6, '\t');
        let mut next = || fields.next();
        let (path, name, version) = (next()?, next()?, next()?);
        let (created, updated) = (next()?.parse().ok()?, next()?.parse().ok()?);
        let arn = format!("arn:aws:iam::aws:policy{path}{name}");
        Some(Self { arn, path, name, version, created, updated, text: next()?, read: OnceLock::new() })
    }

    /// Its ARN.
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// Its path, such as `/service-role/`.
    pub(crate) fn path(&self) -> &str {
        self.path
    }

    /// Its version in force, the only one that is known.
    pub(crate) fn version(&self) -> &str {
        self.version
    }

    /// Its document.
    pub(crate) fn text(&self) -> &str {
        self.text
    }

    /// What it says.
    pub(crate) fn policy(&self) -> Option<Arc<Policy>> {
        let read = || {
            let policy = policy::read(PolicyKind::Identity, &self.arn, self.text).ok()?;
            Some(Arc::new(policy.with_arn(Some(self.arn.as_str().into()))))
        };
        self.read.get_or_init(read).clone()
    }

    /// `Policy`.
    pub(crate) fn shown(&self, used: Use) -> Value {
        json!({
            "PolicyName": self.name,
            "Arn": self.arn,
            "Path": self.path,
            "DefaultVersionId": self.version,
            "AttachmentCount": used.attachments,
            "PermissionsBoundaryUsageCount": used.boundaries,
            "IsAttachable": true,
            "CreateDate": self.created,
            "UpdateDate": self.updated,
        })
    }

    /// `PolicyVersion`, with its document or without.
    pub(crate) fn shown_version(&self, whole: bool) -> Value {
        let mut shown = json!({
            "VersionId": self.version,
            "IsDefaultVersion": true,
            "CreateDate": self.updated,
        });
        crate::sts::put(&mut shown, "Document", whole.then(|| encoded(self.text)));
        shown
    }
}

/// The policy of an ARN.
pub(crate) fn find(arn: &str) -> Option<&'static AwsPolicy> {
    POLICIES.get(arn)
}

/// What the policy of an ARN says.
pub(crate) fn policy(arn: &str) -> Option<Arc<Policy>> {
    find(arn)?.policy()
}

/// All of them, in the order of their ARNs.
pub(crate) fn all() -> impl Iterator<Item = &'static AwsPolicy> {
    POLICIES.values()
}

/// Whether a policy is for the roles that services make for themselves, so that nobody else can attach it.
///
/// Source: AWS IAM API Reference, *AttachRolePolicy*, `PolicyNotAttachable`.
pub(crate) fn is_for_services_alone(arn: &str) -> bool {
    arn.starts_with("arn:aws:iam::aws:policy/aws-service-role/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_is_one_by_our_own_reading() {
        let lines = DATA.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(all().count(), lines);
        assert!(lines > 100);
        for known in all() {
            policy::read(PolicyKind::Identity, known.arn(), known.text).unwrap();
        }
    }

    #[test]
    fn what_everybody_needs_is_there() {
        for name in
            ["AdministratorAccess", "ReadOnlyAccess", "job-function/ViewOnlyAccess", "AmazonEKS_CNI_Policy"]
        {
            assert!(policy(&format!("arn:aws:iam::aws:policy/{name}")).is_some(), "{name}");
        }
    }
}
