//! Permission sets of IAM Identity Center in aws-auth.
//!
//! Source: aws-iam-authenticator 81b1daba, `pkg/config/mapper.go` `Validate` and `SSOArnLike`,
//! `pkg/config/features.go`, `pkg/arn/arnlike.go`.

use std::sync::Arc;

use ringwall_model::{Severity, Source};

use super::Reading;
use super::flaw::{Flaw, FlawKind};
use super::principal::{Matcher, PARTITIONS, fold};

/// Longest permission set name (IAM Identity Center API, `PermissionSet`).
const MAX_PERMISSION_SET: usize = 32;

/// `sso` of an entry of mapRoles.
pub(super) struct Sso {
    pub(super) permission_set: Arc<str>,
    pub(super) account: Arc<str>,
    pub(super) partition: Arc<str>,
}

impl Sso {
    pub(super) fn validate(&self) -> Result<(), String> {
        let Self { permission_set, account, partition } = self;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!(
                "`sso.accountID` `{account}` is not twelve digits in quotes; the entry is skipped"
            ));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if permission_set.is_empty()
            || permission_set.len() > MAX_PERMISSION_SET
            || !permission_set.bytes().all(allowed)
        {
            return Err(format!(
                "`sso.permissionSetName` `{permission_set}` is not a permission set's name; the entry is skipped"
            ));
        }
        if !partition.is_empty() && !PARTITIONS.contains(&&**partition) {
            return Err(format!("`sso.partition` `{partition}` is not a partition; the entry is skipped"));
        }
        Ok(())
    }

    /// The pattern that the authenticator compares with. EKS's leaves the partition out if one is written.
    pub(super) fn pattern(&self, reading: &Reading) -> String {
        let partition = match (&*self.partition, reading) {
            ("", _) => "aws",
            (_, Reading::Eks) => "",
            (partition, Reading::Webhook(_)) => partition,
        };
        format!("arn:{partition}:iam::{}:role/AWSReservedSSO_{}_*", self.account, self.permission_set)
    }

    pub(super) fn matcher(&self, reading: &Reading) -> Matcher {
        let prefix = fold(self.pattern(reading).trim_end_matches('*'));
        match reading {
            Reading::Eks => Matcher::Prefix(prefix),
            Reading::Webhook(_) => Matcher::PermissionSet(prefix),
        }
    }

    pub(super) fn flaw(&self, source: &Source) -> Flaw {
        let never = !self.partition.is_empty();
        let text = if never {
            format!(
                "permission set `{}` never matches: with a `partition` (`{}`) the authenticator looks for `{}`",
                self.permission_set,
                self.partition,
                self.pattern(&Reading::Eks)
            )
        } else {
            format!(
                "permission set `{0}` matches only with the authenticator's feature gate SSORoleMatch, which is off by \
                 default, and then every set whose name begins with `{0}_` as well",
                self.permission_set
            )
        };
        let severity = if never { Severity::Medium } else { Severity::Low };
        Flaw { kind: FlawKind::Sso, text, severity, never, source: source.clone() }
    }
}
