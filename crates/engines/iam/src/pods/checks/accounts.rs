//! Annotations and trust policies that do not fit together, and names that anybody may take.
//!
//! Sources: Amazon EKS User Guide, *IAM roles for service accounts*; Kubernetes, *Managing Service Accounts*: a token's
//! subject is the name, so that a service account made again under the same name is the same to IAM.

use ringwall_model::{CheckResult, Severity, Verdict};

use super::super::{Pods, RouteKind, proof, subject};
use super::About;
use super::claims::SUBJECTS;
use super::grant::{Grant, Name};
use crate::condition::Condition;

const ANNOTATION: About = About {
    check: "irsa-annotation-without-trust",
    title: "roles trust the service accounts that are annotated with them",
    remedy: "let the role's trust policy name the service account, or take the annotation away",
};
const TRUST: About = About {
    check: "irsa-trust-without-annotation",
    title: "service accounts that roles trust are annotated with them",
    remedy: "take the service account out of the trust policy if nothing runs with the role; the annotation itself grants nothing",
};
const MISSING: About = About {
    check: "irsa-missing-account",
    title: "service accounts that roles trust exist",
    remedy: "take the name out of the trust policy: whoever may create a service account of that name has the role",
};

pub(super) const CHECKS: &[&About] = &[&ANNOTATION, &TRUST, &MISSING];

/// The service account that every namespace has.
const DEFAULT: &str = "default";

impl Pods<'_> {
    pub(super) fn annotations_and_trust(&self, grants: &[Grant<'_>]) -> Vec<CheckResult> {
        let annotations = self.cluster.service_accounts.iter().filter_map(|account| {
            let role_arn = account.role_arn.as_ref()?;
            let (namespace, name) = (&*account.namespace, &*account.name);
            let mut routes = self.routes(namespace, name).into_iter();
            let Some(route) = routes.find(|route| route.kind == RouteKind::Irsa) else {
                let why =
                    format!("{namespace}/{name} is annotated with `{role_arn}`, which is no role's ARN");
                return Some(ANNOTATION.fails(
                    Severity::Medium,
                    why,
                    vec![proof::annotation(account, role_arn)],
                ));
            };
            let says = |text: &str| format!("{namespace}/{name}: {text}");
            match route.decision.verdict {
                Verdict::Allowed => None,
                Verdict::Denied => {
                    Some(ANNOTATION.fails(Severity::Medium, says(&route.how), route.decision.reasons))
                }
                Verdict::Unknown => {
                    let gaps = route.decision.not_evaluated.join("; ");
                    Some(ANNOTATION.unknown(says(&gaps), route.decision.reasons))
                }
            }
        });
        let mut results = ANNOTATION.or(annotations.collect(), None);
        let own = || grants.iter().filter(|grant| grant.own && !grant.is_dead());
        results.extend(
            TRUST.or(own().flat_map(|grant| self.without_annotation(grant)).collect(), self.issuer_gap()),
        );
        let gap = self.cluster.service_accounts.is_empty().then_some("the snapshot has no service accounts");
        let missing = match gap {
            Some(_) => Vec::new(),
            None => own().flat_map(|grant| self.missing_accounts(grant)).collect(),
        };
        results.extend(MISSING.or(missing, self.issuer_gap().or(gap)));
        results
    }

    fn without_annotation(&self, grant: &Grant<'_>) -> Vec<CheckResult> {
        let role = &grant.known.principal.arn;
        let named = named(grant).filter_map(|(condition, namespace, name)| {
            let account = self.accounts.get(&(namespace, name))?;
            let object = account.object?;
            let associated = account.association.is_some_and(|of| of.role_arn.as_ref() == Some(role));
            if object.role_arn.as_ref() == Some(role) || associated {
                return None;
            }
            if !self.opens(grant.issuer, namespace, name, role) {
                return None;
            }
            let instead = match &object.role_arn {
                Some(other) => format!("is annotated with {other} instead"),
                None => "is not annotated with it".to_owned(),
            };
            let why = format!(
                "{} lets in {namespace}/{name}, which {instead}: whoever gets a token of it for sts.amazonaws.com has the role",
                grant.in_words()
            );
            let text = format!("its tokens have the subject {}", subject(namespace, name));
            let reference = proof::account(namespace, name);
            let own = proof::object(reference, object.source.clone(), text);
            Some(TRUST.fails(Severity::Medium, why, vec![own, grant.reason_at(condition)]))
        });
        named.collect()
    }

    fn missing_accounts(&self, grant: &Grant<'_>) -> Vec<CheckResult> {
        let missing = named(grant).filter_map(|(condition, namespace, name)| {
            if self.accounts.get(&(namespace, name)).is_some_and(|account| account.object.is_some()) {
                return None;
            }
            let has_namespace = self.has_namespace(namespace);
            if has_namespace && name == DEFAULT {
                return None;
            }
            let who = if has_namespace {
                format!("whoever may create service accounts in {namespace}")
            } else {
                "whoever may create namespaces and service accounts in them".to_owned()
            };
            let what = if has_namespace { "service account" } else { "namespace" };
            let why = format!(
                "{} lets in {namespace}/{name}, and there is no such {what}: {who} has the role",
                grant.in_words()
            );
            Some(MISSING.fails(Severity::Medium, why, vec![grant.reason_at(condition)]))
        });
        missing.collect()
    }

    fn has_namespace(&self, name: &str) -> bool {
        self.cluster.namespaces.iter().any(|namespace| *namespace.name == *name)
            || self.accounts.keys().any(|(namespace, _)| *namespace == name)
    }
}

/// Service accounts that a grant names in full.
fn named<'g>(grant: &'g Grant<'_>) -> impl Iterator<Item = (&'g Condition, &'g str, &'g str)> {
    let values = grant.limits(Name::Subject).flat_map(|of| of.written.iter().map(move |text| (of, text)));
    values.filter_map(|(condition, text)| {
        let (namespace, name) = text.strip_prefix(SUBJECTS)?.split_once(':')?;
        let is_name = !name.contains([':', '*', '?', '$']) && !namespace.contains(['*', '?', '$']);
        (is_name && !name.is_empty() && !namespace.is_empty()).then_some((condition, namespace, name))
    })
}
