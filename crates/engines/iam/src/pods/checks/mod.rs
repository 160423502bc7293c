//! The checks of the identity ring about pods and their ways to AWS.
//!
//! What a statement lets in is decided by the same engine that answers questions; the checks say what about its text is to
//! blame. Sources are named at each check.

mod accounts;
mod associations;
mod claims;
mod grant;
mod metadata;
mod quotas;

use ringwall_model::{CheckResult, Outcome, Reason, Ring, Severity};

use super::Pods;
use crate::inventory::Inventory;
use grant::Grant;

/// Names that a result lists before the rest is counted.
const SHOWN: usize = 5;

const IAM_MISSING: &str = "`aws iam get-account-authorization-details` is missing";

/// A check, apart from the object that it is judged for.
#[derive(Debug)]
struct About {
    check: &'static str,
    title: &'static str,
    remedy: &'static str,
}

impl About {
    fn fails(&self, severity: Severity, why: String, reasons: Vec<Reason>) -> CheckResult {
        self.result(Outcome::Fail, severity, why, reasons)
    }

    fn unknown(&self, why: impl Into<String>, reasons: Vec<Reason>) -> CheckResult {
        self.result(Outcome::Unknown, Severity::Low, why.into(), reasons)
    }

    fn result(&self, outcome: Outcome, severity: Severity, why: String, reasons: Vec<Reason>) -> CheckResult {
        let Self { check, title, remedy } = *self;
        let about = ringwall_model::About { check, ring: Ring::Identity, title, remedy };
        about.result(outcome, severity, why, reasons)
    }

    /// What was found; where that is nothing, one result that says so, or what of it could not be judged.
    fn or(&self, found: Vec<CheckResult>, missing: Option<&str>) -> Vec<CheckResult> {
        if !found.is_empty() {
            return found;
        }
        let result = match missing {
            Some(missing) => self.result(Outcome::Unknown, Severity::Low, missing.to_owned(), Vec::new()),
            None => self.result(Outcome::Pass, Severity::Low, self.title.to_owned(), Vec::new()),
        };
        vec![result]
    }
}

/// Judges how pods get AWS credentials: a result for each object that fails, one that passes for each check that holds.
pub fn results(inventory: &Inventory<'_>) -> Vec<CheckResult> {
    Pods::of(inventory).results()
}

/// The ids of these checks, whether or not a snapshot has something for them to judge.
pub fn check_ids() -> impl Iterator<Item = &'static str> {
    all().map(|about| about.check)
}

fn all() -> impl Iterator<Item = &'static About> {
    let groups = [claims::CHECKS, accounts::CHECKS, quotas::CHECKS, associations::CHECKS, metadata::CHECKS];
    groups.into_iter().flatten().copied()
}

impl Pods<'_> {
    /// Judges how pods get AWS credentials.
    pub fn results(&self) -> Vec<CheckResult> {
        if !self.is_on_aws() {
            let why = "the snapshot tells of neither an EKS cluster nor AWS".to_owned();
            return all()
                .map(|about| about.result(Outcome::NotApplicable, Severity::Low, why.clone(), Vec::new()))
                .collect();
        }
        let grants = grant::grants(self);
        let mut results = self.claims_asked(&grants);
        results.extend(self.annotations_and_trust(&grants));
        results.extend(self.quotas(&grants));
        results.extend(self.associations());
        results.extend(self.metadata_services());
        results
    }

    fn is_on_aws(&self) -> bool {
        let info = &self.cluster.info;
        info.oidc_issuer.is_some()
            || info.account.is_some()
            || info.name.is_some()
            || !self.cluster.aws.documents.is_empty()
            || !self.cluster.aws.principals.is_empty()
            || self.cluster.service_accounts.iter().any(|account| account.role_arn.is_some())
            || self.cluster.nodes.iter().any(|node| node.compute.is_some())
    }

    /// What keeps trust policies from being judged.
    fn trust_gap(&self) -> Option<&'static str> {
        (!self.cluster.aws.iam_exported).then_some(IAM_MISSING)
    }

    /// What keeps it from being told which of the cluster's service accounts a trust policy means.
    fn issuer_gap(&self) -> Option<&'static str> {
        let unknown = self.cluster.info.oidc_issuer.is_none();
        let gap =
            unknown.then_some("the cluster's issuer is not known: `aws eks describe-cluster` is missing");
        self.trust_gap().or(gap)
    }

    /// The service accounts whose tokens open a role, annotated or not.
    fn let_in(&self, grant: &Grant<'_>) -> Vec<(&str, &str)> {
        let Some(role) = grant.own.then_some(&grant.known.principal.arn) else { return Vec::new() };
        let accounts = self.accounts().into_iter().filter(|(namespace, name)| {
            self.accounts.get(&(*namespace, *name)).is_some_and(|account| account.object.is_some())
        });
        accounts.filter(|(namespace, name)| self.opens(grant.issuer, namespace, name, role)).collect()
    }

    /// Service accounts whose annotation names a role.
    fn annotated(&self, role: &str) -> Vec<(&str, &str)> {
        let named = self.cluster.service_accounts.iter().filter(|of| of.role_arn.as_deref() == Some(role));
        named.map(|account| (&*account.namespace, &*account.name)).collect()
    }

    /// Whom a role lets in beyond the service accounts that are annotated with it, in words.
    fn beyond(&self, grant: &Grant<'_>) -> String {
        let annotated = self.annotated(&grant.known.principal.arn);
        let mut others = self.let_in(grant);
        others.retain(|account| !annotated.contains(account));
        let those = match annotated.len() {
            0 => "none is annotated with it".to_owned(),
            _ => format!("annotated with it: {}", names(&annotated)),
        };
        match others.len() {
            0 if grant.own => format!("today no other service account of the snapshot gets in ({those})"),
            0 => "whom it lets in is up to that cluster".to_owned(),
            _ => format!("so it also lets in {} ({those})", names(&others)),
        }
    }
}

/// `shop/orders, shop/billing and 7 more`
fn names(accounts: &[(&str, &str)]) -> String {
    let shown: Vec<String> =
        accounts.iter().take(SHOWN).map(|(namespace, name)| format!("{namespace}/{name}")).collect();
    match accounts.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
