//! Roles that nobody takes, and how old something is.

use std::sync::Arc;

use ringwall_model::{CheckResult, Cluster, IamPrincipalKind, Severity, time};

use super::purpose::{Purpose, told};
use super::{About, Judge, in_words, is_of_aws};

pub(super) const ABOUT: About = About {
    check: "iam-unused-role",
    title: "roles are in use",
    remedy: "delete the role, or take its policies and its way into the cluster",
};

/// Days after which a key should have been changed, and a role that was not taken is not needed.
///
/// Source: CIS AWS Foundations Benchmark, rotation of access keys: 90 days.
pub(super) const OLD_DAYS: i64 = 90;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// The newest date that the exports tell, in milliseconds since 1970: what stands for the time of the snapshot, since
/// nothing else does. It is never later than the export, so that ages are never overstated.
pub(super) fn newest(cluster: &Cluster) -> Option<i64> {
    let aws = &cluster.aws;
    let of_principals =
        aws.principals.iter().flat_map(|principal| [&principal.created_at, &principal.last_used]);
    let of_keys = aws.access_keys.iter().map(|key| &key.created_at);
    let of_entries = aws.access_entries.iter().map(|entry| &entry.created_at);
    let dates = of_principals.chain(of_keys).chain(of_entries).flatten();
    dates.filter_map(|text| time::milliseconds(text)).max()
}

/// Days from a date to another.
pub(super) fn days(text: &str, newest: i64) -> Option<i64> {
    Some((newest - time::milliseconds(text)?) / DAY)
}

/// The day of a date as it was printed.
pub(super) fn day(text: &str) -> &str {
    text.split_once(['T', ' ']).map_or(text, |(day, _)| day)
}

impl Judge<'_> {
    /// Roles with a purpose in the cluster that nobody took for a long time.
    ///
    /// Source: AWS IAM User Guide, *Refining permissions in AWS using last accessed information*.
    pub(super) fn unused(&self) -> Vec<CheckResult> {
        let cluster = self.inventory.cluster();
        let roles =
            || cluster.aws.principals.iter().filter(|principal| principal.kind == IamPrincipalKind::Role);
        // An export that tells of no role's last use is not one that tells of disuse.
        let Some(newest) = newest(cluster).filter(|_| roles().any(|role| role.last_used.is_some())) else {
            return vec![ABOUT.unknown(None, "when roles were last used is not in the export".into())];
        };
        let failures = roles().filter(|role| !is_of_aws(&role.arn)).filter_map(|role| {
            let used = self.uses.iter().find(|used| used.arn == role.arn)?;
            if used.uses.iter().all(|one| one.purpose == Purpose::AwsService) {
                return None;
            }
            let (since, text): (&Arc<str>, _) = match (&role.last_used, &role.created_at) {
                (Some(last), _) => (last, format!("was last taken on {}", day(last))),
                (None, Some(made)) => (made, format!("was made on {} and never taken", day(made))),
                (None, None) => return None,
            };
            let age = days(since, newest).filter(|age| *age > OLD_DAYS)?;
            let why =
                format!("{} {text}, {age} days before the newest date in the exports", in_words(&role.arn));
            let reason = told(&role.arn, &role.source, text);
            Some(ABOUT.fails(Some(&role.arn), Severity::Low, why, vec![reason]))
        });
        ABOUT.or_passes(failures.collect())
    }
}
