//! The roles of a snapshot: what each is for, and whether it is kept to that.
//!
//! A role that serves one purpose can be cut down to what the purpose needs, and taking it gives an attacker no more
//! than that. What a role may do is always asked of the evaluator, so that boundaries, control policies and denials
//! count.
//!
//! Source: AWS Well-Architected Framework, Security Pillar, *SEC03-BP02 Grant least privilege access*; Amazon EKS Best
//! Practices Guide, *Identity and access management*.

mod age;
mod broad;
mod evidence;
mod keys;
mod mapped;
mod node_data;
mod powers;
mod probe;
mod purpose;
mod trust;
mod two_purposes;
mod unknown_action;

use std::sync::Arc;

use ringwall_model::{Arn, CheckResult, Outcome, Reason, Responsible, Ring, Severity};

pub use purpose::{Purpose, RolePurposes, purposes};

use crate::inventory::Inventory;

/// What stands for every statement about policies when they were not exported.
const NOT_EXPORTED: &str =
    "what roles and users may do: `aws iam get-account-authorization-details` is missing in the snapshot";

/// What each role is for, told by how the snapshot uses it, and whether it is kept to that.
///
/// Each check gives a result for each role or user that fails or cannot be judged, else one that passes. A snapshot that
/// names no IAM role and no IAM user has none.
pub fn results(inventory: &Inventory<'_>) -> Vec<CheckResult> {
    let uses = purpose::uses(inventory);
    let aws = &inventory.cluster().aws;
    if uses.is_empty() && aws.principals.is_empty() && aws.access_keys.is_empty() {
        return Vec::new();
    }
    let judge = Judge { inventory, uses };
    let mut results = judge.two_purposes();
    if aws.iam_exported || !aws.principals.is_empty() {
        results.extend(judge.node_data());
        results.extend(judge.over_broad());
        results.extend(judge.trusts());
        results.extend(judge.unused());
        results.extend(judge.refused());
        results.extend(judge.unknown_actions());
    } else {
        results.extend(JUDGED_BY_EXPORT.map(|about| about.unknown(None, NOT_EXPORTED.to_owned())));
    }
    results.extend(judge.access_keys());
    results
}

/// The ids of all checks here.
pub fn check_ids() -> impl Iterator<Item = &'static str> {
    let own = [&two_purposes::ABOUT, &keys::ABOUT];
    own.into_iter().chain(JUDGED_BY_EXPORT).map(|about| about.check)
}

/// Checks that need the account's users and roles.
const JUDGED_BY_EXPORT: [&About; 6] =
    [&node_data::ABOUT, &broad::ABOUT, &trust::ABOUT, &age::ABOUT, &REFUSED, &unknown_action::ABOUT];

const REFUSED: About = About {
    check: "iam-policy-refused",
    title: "policies are such as AWS takes",
    remedy: "write the policy as AWS takes it, and export it again",
};

struct Judge<'j> {
    inventory: &'j Inventory<'j>,
    uses: Vec<purpose::Used>,
}

impl Judge<'_> {
    /// Policies that AWS would not take: none of them counts in any answer.
    fn refused(&self) -> Vec<CheckResult> {
        let failures = self.inventory.problems().iter().map(|problem| {
            let message = problem.message.replacen("policy `policy of ", "policy of `", 1);
            let why = match &problem.hint {
                Some(hint) => format!("{message}; {hint}"),
                None => message,
            };
            // A problem names its policy first: by its name, or by the ARN of what it belongs to.
            let name = problem.message.split('`').nth(1).unwrap_or_default();
            let owner: Arc<str> = name.strip_prefix("policy of ").unwrap_or(name).into();
            let reason = purpose::told(&owner, &problem.source, "is not such as AWS takes".into());
            let arn = Some(&owner).filter(|owner| owner.starts_with("arn:"));
            REFUSED.fails(arn, Severity::Medium, why, vec![reason])
        });
        REFUSED.or_passes(failures.collect())
    }
}

/// What a check says, apart from the role that it is judged for.
#[derive(Clone, Copy, Debug)]
struct About {
    check: &'static str,
    title: &'static str,
    remedy: &'static str,
}

impl About {
    fn passes(&self) -> CheckResult {
        self.result(None, Outcome::Pass, Severity::Low, self.title.to_owned(), Vec::new())
    }

    fn fails(
        &self,
        arn: Option<&Arc<str>>,
        severity: Severity,
        why: String,
        reasons: Vec<Reason>,
    ) -> CheckResult {
        self.result(arn, Outcome::Fail, severity, why, reasons)
    }

    fn unknown(&self, arn: Option<&Arc<str>>, why: String) -> CheckResult {
        self.result(arn, Outcome::Unknown, Severity::Low, why, Vec::new())
    }

    fn result(
        &self,
        arn: Option<&Arc<str>>,
        outcome: Outcome,
        severity: Severity,
        why: String,
        reasons: Vec<Reason>,
    ) -> CheckResult {
        let of_aws = arn.is_some_and(|arn| is_of_aws(arn)) && outcome != Outcome::Pass;
        let Self { check, title, remedy } = *self;
        let about = ringwall_model::About { check, ring: Ring::Identity, title, remedy };
        let result =
            about.result(if of_aws { Outcome::NotApplicable } else { outcome }, severity, why, reasons);
        CheckResult {
            object: None,
            arn: arn.map(|arn| arn.to_string()),
            responsible: if of_aws { Responsible::Aws } else { Responsible::Customer },
            ..result
        }
    }

    /// The failures, or the one result that says that there are none.
    fn or_passes(&self, failures: Vec<CheckResult>) -> Vec<CheckResult> {
        if failures.is_empty() { vec![self.passes()] } else { failures }
    }
}

/// Whether AWS made a role for one of its services and alone can change it.
///
/// Source: AWS IAM User Guide, *Service-linked roles*.
fn is_of_aws(arn: &str) -> bool {
    arn.contains(":role/aws-service-role/")
}

/// A user's or role's name as people say it: `role storefront-backup`.
fn in_words(arn: &str) -> String {
    match arn.parse::<Arn>() {
        Ok(arn) => match arn.kind_and_rest() {
            Some((kind, _)) => format!("{kind} `{}`", arn.name()),
            None => format!("`{arn}`"),
        },
        Err(_) => format!("`{arn}`"),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
