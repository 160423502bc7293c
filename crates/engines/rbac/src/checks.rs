//! The checks of the authorization ring.
//!
//! Each is decided by the same index that answers `who-can`: what a report says, the authorizer would do.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_model::{
    AwsExport, Binding, CheckResult, Cluster, Decision, Outcome, Proof, Reason, Responsible, Ring, Severity,
    Subject, Verdict,
};

use crate::danger::{Ask, DANGERS, Danger, InNamespaces};
use crate::defaults;
use crate::entry::{FlawKind, Mappings};
use crate::{Authorizer, PolicyHolder, Scope, Target, WhoCan, policy_holders};

mod hygiene;
mod open;

pub(crate) use open::is_default_for_everyone;

/// The namespace of the cluster's own parts.
const KUBE_SYSTEM: &str = "kube-system";
/// Everything at once: only a rule of wildcards allows it.
const EVERYTHING: Target<'static> =
    Target::Resource { group: "*", resource: "*", subresource: "", name: "", namespace: "" };

/// Add-ons that EKS installs with rights of their own, and their service accounts in `kube-system`.
///
/// Source: Amazon EKS User Guide, *AWS add-ons*.
const ADD_ONS: [(&str, &str); 8] = [
    ("vpc-cni", "aws-node"),
    ("coredns", "coredns"),
    ("kube-proxy", "kube-proxy"),
    ("aws-ebs-csi-driver", "ebs-csi-controller-sa"),
    ("aws-ebs-csi-driver", "ebs-csi-node-sa"),
    ("aws-efs-csi-driver", "efs-csi-controller-sa"),
    ("aws-efs-csi-driver", "efs-csi-node-sa"),
    ("snapshot-controller", "snapshot-controller"),
];

/// Judges the authorization ring: a result for each object that fails, one that passes for each check that holds.
pub fn authorization(
    cluster: &Cluster,
    authorizer: &Authorizer<'_>,
    mappings: &Mappings,
) -> Vec<CheckResult> {
    let judge = Judge {
        cluster,
        authorizer,
        mappings,
        everything: everything(authorizer),
        administrators: administrators(mappings),
    };
    let mut results = judge.wildcards();
    for danger in DANGERS {
        results.extend(judge.danger(danger));
    }
    results.extend(open::results(cluster, authorizer));
    results.extend(hygiene::results(cluster, authorizer));
    results
}

/// The ids of all checks of both rings, whether or not a cluster has something for them to judge.
pub fn check_ids() -> impl Iterator<Item = &'static str> {
    let mappings = FlawKind::ALL.into_iter().map(FlawKind::check);
    let own = ["rbac-wildcard", "rbac-anonymous"].into_iter().chain(hygiene::CHECKS);
    mappings.chain(DANGERS.iter().map(|danger| danger.check)).chain(own)
}

/// Whoever may do anything to everything, across the cluster.
fn everything(authorizer: &Authorizer<'_>) -> BTreeMap<Subject, WhoCan> {
    let rows = authorizer.who_can_anywhere("*", &EVERYTHING).into_iter();
    rows.filter(|row| row.scope == Scope::Cluster && row.verdict == Verdict::Allowed)
        .map(|row| (row.subject.clone(), row))
        .collect()
}

/// Principals whose access policies allow anything, across the cluster.
fn administrators(mappings: &Mappings) -> BTreeSet<String> {
    let holders = policy_holders(mappings, "*", &EVERYTHING, None).into_iter();
    holders
        .filter(|holder| holder.decision.is_allowed())
        .map(|holder| holder.mapping.principal.to_string())
        .collect()
}

/// What a check says, apart from the object that it is judged for.
#[derive(Clone, Copy)]
struct About {
    check: &'static str,
    title: &'static str,
    remedy: &'static str,
}

impl About {
    fn passes(self) -> CheckResult {
        self.result(Outcome::Pass, Severity::Low, self.title.to_owned(), Vec::new())
    }

    fn fails(self, severity: Severity, why: String, reasons: Vec<Reason>) -> CheckResult {
        self.result(Outcome::Fail, severity, why, reasons)
    }

    fn result(self, outcome: Outcome, severity: Severity, why: String, reasons: Vec<Reason>) -> CheckResult {
        let Self { check, title, remedy } = self;
        let about = ringwall_model::About { check, ring: Ring::Authorization, title, remedy };
        about.result(outcome, severity, why, reasons)
    }

    /// The failures, or the one result that says that there are none.
    fn or_passes(self, failures: Vec<CheckResult>) -> Vec<CheckResult> {
        if failures.is_empty() { vec![self.passes()] } else { failures }
    }
}

struct Judge<'j, 'c> {
    cluster: &'j Cluster,
    authorizer: &'j Authorizer<'c>,
    mappings: &'j Mappings,
    everything: BTreeMap<Subject, WhoCan>,
    /// IAM principals that may do everything by an access policy.
    administrators: BTreeSet<String>,
}

/// Someone who holds a danger: a subject, or an IAM principal by an access policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Subject(Subject),
    Principal(String),
}

/// Where a holder may do what was asked, and why.
struct Row {
    scope: Scope,
    verdict: Verdict,
    reasons: Vec<Reason>,
    not_evaluated: Vec<String>,
}

/// What a holder may do of a danger's questions, at one place.
#[derive(Default)]
struct Held {
    asks: Vec<&'static Ask>,
    reasons: Vec<Reason>,
    /// Whether something surely allows one of them.
    sure: bool,
    not_evaluated: BTreeSet<String>,
}

impl Judge<'_, '_> {
    fn wildcards(&self) -> Vec<CheckResult> {
        let about = About {
            check: "rbac-wildcard",
            title: "nobody but system:masters may do everything",
            remedy: "grant what is needed, by resource and verb; keep the ClusterRole `cluster-admin` for emergencies",
        };
        let failures = self
            .everything
            .values()
            .filter(|row| !is_kubernetes_own(&row.subject, &row.reasons, self.cluster))
            .map(|row| {
                let why = format!(
                    "{} may do everything, across the cluster{}",
                    row.subject,
                    self.who_that_is(&row.subject)
                );
                self.with_principals(about.fails(Severity::Critical, why, row.reasons.clone()), &row.subject)
            });
        about.or_passes(failures.collect())
    }

    fn danger(&self, danger: &'static Danger) -> Vec<CheckResult> {
        let about = About { check: danger.check, title: danger.title, remedy: danger.remedy };
        let mut failures = Vec::new();
        for (holder, places) in self.holders(danger) {
            let everywhere = places.contains_key(&Scope::Cluster);
            let counted: Vec<(Scope, Held)> = (places.into_iter())
                .filter(
                    |(scope, _)| if everywhere { *scope == Scope::Cluster } else { danger.counts_in(scope) },
                )
                .collect();
            if let Some(severity) = counted.iter().map(|(scope, _)| danger.severity_in(scope)).max() {
                failures.push(self.failure(about, danger, severity, &holder, counted));
            }
        }
        about.or_passes(failures)
    }

    /// Holders of a danger, place by place, without Kubernetes' own parts and whoever may do everything anyhow.
    fn holders(&self, danger: &'static Danger) -> BTreeMap<Holder, BTreeMap<Scope, Held>> {
        let mut holders: BTreeMap<Holder, BTreeMap<Scope, Held>> = BTreeMap::new();
        for ask in danger.asks.iter().filter(|ask| !self.is_harmless(ask)) {
            for (holder, row) in self.rows(ask) {
                let held = holders.entry(holder).or_default().entry(row.scope).or_default();
                held.asks.push(ask);
                held.sure |= row.verdict == Verdict::Allowed;
                held.not_evaluated.extend(row.not_evaluated);
                for reason in row.reasons {
                    if !held.reasons.contains(&reason) {
                        held.reasons.push(reason);
                    }
                }
            }
        }
        if !danger.also.is_empty() {
            let also: BTreeSet<Holder> =
                danger.also.iter().flat_map(|ask| self.rows(ask)).map(|(holder, _)| holder).collect();
            holders.retain(|holder, _| also.contains(holder));
        }
        holders
    }

    fn rows(&self, ask: &Ask) -> Vec<(Holder, Row)> {
        let target = ask.target();
        let of_rbac = self.authorizer.who_can_anywhere(ask.verb, &target).into_iter().filter(|row| {
            !self.everything.contains_key(&row.subject)
                && !is_kubernetes_own(&row.subject, &row.reasons, self.cluster)
        });
        let mut rows: Vec<(Holder, Row)> = of_rbac
            .map(|WhoCan { subject, scope, verdict, reasons, not_evaluated }| {
                (Holder::Subject(subject), Row { scope, verdict, reasons, not_evaluated })
            })
            .collect();
        for PolicyHolder { mapping, scope, decision } in
            policy_holders(self.mappings, ask.verb, &target, Some(&self.cluster.namespaces))
        {
            // Whoever has it all by AmazonEKSClusterAdminPolicy is reported by the identity ring, once.
            if !self.administrators.contains(&*mapping.principal) && !mapping.is_owned_by_eks() {
                let Decision { verdict, reasons, not_evaluated } = decision;
                let row = Row { scope, verdict, reasons, not_evaluated };
                rows.push((Holder::Principal(mapping.principal.to_string()), row));
            }
        }
        rows
    }

    /// Whether the cluster's version has taken the sting out of a verb.
    fn is_harmless(&self, ask: &Ask) -> bool {
        let minor = self.cluster.info.minor_version();
        ask.harmless_from.zip(minor).is_some_and(|(from, minor)| minor >= from)
    }

    fn failure(
        &self,
        about: About,
        danger: &Danger,
        severity: Severity,
        holder: &Holder,
        counted: Vec<(Scope, Held)>,
    ) -> CheckResult {
        let mut asks: Vec<&Ask> = counted.iter().flat_map(|(_, held)| held.asks.iter().copied()).collect();
        asks.sort_by_key(|ask| (ask.group, ask.resource, ask.subresource, ask.name));
        let sure = counted.iter().any(|(_, held)| held.sure);
        let may = if sure { "may" } else { "may possibly" };
        let (who, note) = match holder {
            Holder::Subject(subject) => (subject.to_string(), self.who_that_is(subject)),
            Holder::Principal(arn) => (arn.clone(), String::new()),
        };
        let scopes: Vec<&Scope> = counted.iter().map(|(scope, _)| scope).collect();
        let what = format!("{who}{note} {may} {} {}", in_words(&asks), places(&scopes));
        let gaps: BTreeSet<&str> =
            counted.iter().flat_map(|(_, held)| &held.not_evaluated).map(String::as_str).collect();
        let gaps = gaps.into_iter().collect::<Vec<_>>().join("; ");
        let (outcome, why) = if sure {
            (Outcome::Fail, format!("{what}, and so can {}: {}", danger.power, danger.why))
        } else {
            (Outcome::Unknown, format!("{what}: {gaps}"))
        };
        let reasons = counted.into_iter().flat_map(|(_, held)| held.reasons).collect();
        let result = about.result(outcome, severity, why, reasons);
        match holder {
            Holder::Subject(subject) => self.with_principals(result, subject),
            Holder::Principal(_) => result,
        }
    }

    /// Adds to the proof how AWS principals become the subject.
    fn with_principals(&self, mut result: CheckResult, subject: &Subject) -> CheckResult {
        if is_aws_own(subject) {
            result.outcome = Outcome::NotApplicable;
            result.responsible = Responsible::Aws;
        } else if let Some(addon) = add_on_of(subject, self.cluster) {
            result.outcome = Outcome::NotApplicable;
            result.responsible = Responsible::Shared;
            result.why = format!("{}; the EKS add-on {addon} brings this right and needs it", result.why);
        }
        let mapped = self.mappings.principals_of(subject);
        result.reasons.extend(mapped.into_iter().map(|entrant| entrant.mapping.reason()));
        result
    }

    fn who_that_is(&self, subject: &Subject) -> String {
        let open = matches!(subject, Subject::Group(name) if &**name == "system:unauthenticated")
            || matches!(subject, Subject::User(name) if &**name == "system:anonymous");
        if open { " (anybody who reaches the API)".into() } else { String::new() }
    }
}

impl Ask {
    fn target(&self) -> Target<'static> {
        let Self { group, resource, subresource, name, .. } = *self;
        Target::Resource { group, resource, subresource, name, namespace: "" }
    }
}

impl Danger {
    fn counts_in(&self, scope: &Scope) -> bool {
        match (scope, self.in_namespaces) {
            (Scope::Cluster, _) | (_, InNamespaces::Everywhere(_)) => true,
            (Scope::Namespace(_), InNamespaces::Harmless) => false,
            (Scope::Namespace(name), InNamespaces::KubeSystem) => &**name == KUBE_SYSTEM,
        }
    }

    fn severity_in(&self, scope: &Scope) -> Severity {
        match (scope, self.in_namespaces) {
            (Scope::Namespace(name), InNamespaces::Everywhere(severity)) if &**name != KUBE_SYSTEM => {
                severity
            }
            _ => self.severity,
        }
    }
}

/// Whether a subject is a part of Kubernetes itself and holds this by what Kubernetes grants it: the bindings and
/// rules of the defaults, unchanged. A grant that somebody added to such a subject is none of these.
fn is_kubernetes_own(subject: &Subject, reasons: &[Reason], cluster: &Cluster) -> bool {
    let is_part = match subject {
        Subject::Group(name) if &**name == "system:masters" => return true,
        Subject::Group(name) => matches!(&**name, "system:nodes" | "system:monitoring"),
        Subject::User(name) => name.starts_with("system:kube-") || name.starts_with("system:node:"),
        Subject::ServiceAccount { namespace, .. } => &**namespace == KUBE_SYSTEM,
    };
    is_part && reasons.iter().all(|reason| is_default(reason, subject, cluster))
}

/// Whether a reason is one of Kubernetes' defaults, or built into it.
fn is_default(reason: &Reason, subject: &Subject, cluster: &Cluster) -> bool {
    let Proof::Object(object) = &reason.proof else { return true };
    if object.group() != "rbac.authorization.k8s.io" {
        // A pod for whose node the node authorizer speaks.
        return true;
    }
    if object.kind.ends_with("Binding") {
        let written = cluster.bindings.iter().find(|binding| binding.reference == *object);
        return written.is_none_or(|binding| defaults::binds(binding, subject));
    }
    let written = cluster.roles.iter().find(|role| role.reference == *object);
    let rule = written.zip(reason.rule).and_then(|(role, index)| role.rules.get(index));
    rule.is_none_or(|rule| defaults::gives(object, rule))
}

/// Whether a subject is a part of EKS that AWS runs: names that access entries can't give.
fn is_aws_own(subject: &Subject) -> bool {
    matches!(subject, Subject::User(name) if name.starts_with("eks:"))
}

/// The EKS add-on that a service account belongs to, if the account's exports list that add-on.
fn add_on_of(subject: &Subject, cluster: &Cluster) -> Option<&'static str> {
    let Subject::ServiceAccount { namespace, name } = subject else { return None };
    let listed = |addon: &str| {
        let lists =
            cluster.aws.documents.iter().filter(|document| document.export == AwsExport::EksAddonList);
        lists.flat_map(|list| list.tree.list("addons")).any(|listed| listed.as_str() == Some(addon))
    };
    let (addon, _) = ADD_ONS.into_iter().find(|(_, account)| **account == **name)?;
    (&**namespace == KUBE_SYSTEM && listed(addon)).then_some(addon)
}

/// `update, patch certificatesigningrequests/approval`.
fn in_words(asks: &[&Ask]) -> String {
    let mut parts: Vec<(String, Vec<&str>)> = Vec::new();
    for ask in asks {
        let mut what = ask.resource.to_owned();
        if !ask.subresource.is_empty() {
            what = format!("{what}/{}", ask.subresource);
        }
        if !ask.name.is_empty() {
            what = format!("{what} {}", ask.name);
        }
        match parts.last_mut() {
            Some((known, verbs)) if *known == what => {
                if !verbs.contains(&ask.verb) {
                    verbs.push(ask.verb);
                }
            }
            _ => parts.push((what, vec![ask.verb])),
        }
    }
    let parts: Vec<String> =
        parts.into_iter().map(|(what, verbs)| format!("{} {what}", verbs.join("/"))).collect();
    parts.join(", ")
}

/// `across the cluster`, or `in shop, payments`.
fn places(scopes: &[&Scope]) -> String {
    if scopes.iter().any(|scope| **scope == Scope::Cluster) {
        return "across the cluster".into();
    }
    let names: Vec<String> = scopes.iter().map(|scope| scope.to_string()).collect();
    format!("in {}", names.join(", "))
}

/// A failure that a binding is the proof of.
fn about_binding(about: About, severity: Severity, why: String, binding: &Binding) -> CheckResult {
    let reason = Reason {
        ring: Ring::Authorization,
        proof: Proof::Object(binding.reference.clone()),
        rule: None,
        statement: None,
        source: binding.source.clone(),
        text: format!("names {} {}", binding.role.kind.name(), binding.role.name).into(),
    };
    about.fails(severity, why, vec![reason])
}
