//! Users with access keys, and users that are mapped into the cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringwall_model::{
    AccessKey, Arn, AwsExport, CheckResult, IamPrincipal, IamPrincipalKind, Reason, Severity,
};

use super::purpose::told;
use super::{About, Judge, age, in_words, mapped};

pub(super) const ABOUT: About = About {
    check: "iam-access-key",
    title: "nobody needs a long-lived access key",
    remedy: "let people log in by Identity Center and machines by a role, map those, and delete the key",
};

/// Users that are named where their access keys were not exported.
const NAMED: usize = 3;

impl Judge<'_> {
    /// Source: AWS IAM User Guide, *Security best practices in IAM*: "Require workloads to use temporary credentials with
    /// IAM roles"; *Managing access keys*.
    pub(super) fn access_keys(&self) -> Vec<CheckResult> {
        let aws = &self.inventory.cluster().aws;
        let newest = age::newest(self.inventory.cluster());
        let mut results: Vec<CheckResult> = Vec::new();
        for key in aws.access_keys.iter().filter(|key| is_active(key)) {
            results.push(self.of_key(key, newest));
        }
        results.extend(self.mapped_users());
        results.extend(self.not_exported());
        ABOUT.or_passes(results)
    }

    fn of_key(&self, key: &AccessKey, newest: Option<i64>) -> CheckResult {
        let user = self.users().find(|user| user.name == key.user);
        let arn = user.map_or_else(|| Arc::clone(&key.user), |user| Arc::clone(&user.arn));
        let age = key.created_at.as_deref().zip(newest).and_then(|(made, newest)| age::days(made, newest));
        let text = match &key.created_at {
            Some(made) => format!("has the active access key …{}, made on {}", key.id, age::day(made)),
            None => format!("has the active access key …{}", key.id),
        };
        let (severity, since) = match age.filter(|age| *age > age::OLD_DAYS) {
            Some(age) => (Severity::High, format!(", {age} days before the newest date in the exports")),
            None => (Severity::Medium, String::new()),
        };
        let why = format!(
            "user `{}` {text}{since}: it works from anywhere until somebody deletes it, where a role's credentials end by themselves",
            key.user
        );
        let reason = told(&arn, &key.source, text);
        ABOUT.fails(user.map(|user| &user.arn), severity, why, vec![reason])
    }

    /// Users that log in to the cluster with their long-lived credentials.
    fn mapped_users(&self) -> Vec<CheckResult> {
        let all = mapped::all(self.inventory.cluster()).into_iter();
        let users = all.filter(|mapped| {
            mapped.arn.parse().is_ok_and(|arn: Arn| arn.service == "iam" && arn.resource.starts_with("user/"))
        });
        users
            .map(|mapped| {
                let why = format!(
                    "{} is let into the cluster by {}: a user logs in with an access key, which does not expire",
                    in_words(&mapped.arn),
                    mapped.by
                );
                let reason: Reason =
                    told(&mapped.arn, &mapped.source, format!("is let in by {}", mapped.by));
                ABOUT.fails(Some(&mapped.arn), Severity::Medium, why, vec![reason])
            })
            .collect()
    }

    /// Users of whose access keys nothing is told: an export of a user without keys does not name the user.
    fn not_exported(&self) -> Option<CheckResult> {
        let aws = &self.inventory.cluster().aws;
        let told: BTreeSet<&str> = aws.access_keys.iter().map(|key| &*key.user).collect();
        let lists =
            aws.documents.iter().filter(|document| document.export == AwsExport::IamAccessKeyList).count();
        let rest: Vec<&IamPrincipal> = self.users().filter(|user| !told.contains(&*user.name)).collect();
        let first = rest.first()?;
        if self.users().count() <= lists {
            return None;
        }
        let names: Vec<String> = rest.iter().take(NAMED).map(|user| format!("`{}`", user.name)).collect();
        let more = match rest.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let why = format!(
            "whether there are access keys of {}{more}: `aws iam list-access-keys --user-name NAME` is missing",
            names.join(", ")
        );
        Some(CheckResult { source: first.source.clone(), ..ABOUT.unknown(None, why) })
    }

    fn users(&self) -> impl Iterator<Item = &IamPrincipal> {
        let all = self.inventory.cluster().aws.principals.iter();
        all.filter(|principal| principal.kind == IamPrincipalKind::User)
    }
}

/// Whether a key works; one of which nobody tells may.
fn is_active(key: &AccessKey) -> bool {
    key.status.as_deref().is_none_or(|status| status == "Active")
}
