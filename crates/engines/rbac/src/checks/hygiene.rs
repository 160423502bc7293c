//! Grants that mean other than they seem, and those that nobody may have meant.

use ringwall_model::{CheckResult, Cluster, Proof, Reason, Ring, Role, RoleKind, Severity};

use super::{About, about_binding};
use crate::lint::{self, Lint, LintKind};
use crate::{Authorizer, Scope, Target, stale_aggregations, text};

/// The ids of the checks here.
pub(super) const CHECKS: [&str; 5] = [
    "rbac-default-service-account",
    "rbac-dangling-role",
    "rbac-stale-aggregation",
    "rbac-dead-rule",
    "rbac-dead-subject",
];

pub(super) fn results(cluster: &Cluster, authorizer: &Authorizer<'_>) -> Vec<CheckResult> {
    let mut results = default_service_accounts(cluster);
    results.extend(dangling(authorizer));
    results.extend(stale(cluster));
    results.extend(lints(cluster));
    results
}

/// Rights that every pod gets that does not ask for a service account of its own.
fn default_service_accounts(cluster: &Cluster) -> Vec<CheckResult> {
    let about = About {
        check: "rbac-default-service-account",
        title: "no rights for service accounts that pods get without asking",
        remedy: "give the workload a service account of its own and bind the role to that",
    };
    let mut failures = Vec::new();
    for binding in &cluster.bindings {
        for subject in &binding.subjects {
            let (who, severity) = match (&*subject.kind, &*subject.name) {
                ("ServiceAccount", "default") => {
                    let namespace = subject.namespace.as_ref().or(binding.reference.namespace.as_ref());
                    let namespace = namespace.map_or("?", |namespace| namespace);
                    (
                        format!("every pod of `{namespace}` without a service account of its own"),
                        Severity::Medium,
                    )
                }
                ("Group", "system:serviceaccounts") if !is_issuer_discovery(&binding.role.name) => {
                    ("every pod of the cluster".to_owned(), Severity::High)
                }
                ("Group", group) => match group.strip_prefix("system:serviceaccounts:") {
                    Some(namespace) => (format!("every pod of `{namespace}`"), Severity::Medium),
                    None => continue,
                },
                _ => continue,
            };
            let why = format!(
                "{who} has the rights of {} {} by {}",
                binding.role.kind.name(),
                binding.role.name,
                binding.reference
            );
            failures.push(about_binding(about, severity, why, binding));
        }
    }
    about.or_passes(failures)
}

/// The one role that Kubernetes gives to all service accounts, for the issuer's public keys.
fn is_issuer_discovery(role: &str) -> bool {
    role == "system:service-account-issuer-discovery"
}

/// Bindings to roles that are not there: whoever may make the role decides what they grant.
fn dangling(authorizer: &Authorizer<'_>) -> Vec<CheckResult> {
    let about = About {
        check: "rbac-dangling-role",
        title: "every binding's role exists",
        remedy: "delete the binding, or restore the role it was meant for",
    };
    let failures = authorizer.bindings.all.iter().filter(|binding| binding.role.is_none()).map(|binding| {
        let binding = binding.binding;
        let (resource, place) = match (binding.role.kind, &binding.reference.namespace) {
            (RoleKind::Role, Some(namespace)) => ("roles", Scope::Namespace(namespace.clone())),
            (RoleKind::Role | RoleKind::ClusterRole, _) => ("clusterroles", Scope::Cluster),
        };
        let target = Target::resource("rbac.authorization.k8s.io", resource);
        let target = match &place {
            Scope::Cluster => target,
            Scope::Namespace(namespace) => target.in_namespace(namespace),
        };
        let makers = authorizer.who_can("create", &target).into_iter().map(|row| row.subject.to_string());
        let makers: Vec<String> = makers.filter(|maker| maker != "group system:masters").collect();
        let makers = match makers.len() {
            0 => String::new(),
            count => {
                format!("; {count} may make it, {} among them", makers.first().map_or("", String::as_str))
            }
        };
        let why =
            format!("{}: it grants nothing until somebody makes that role{makers}", text::dangling(binding));
        about_binding(about, Severity::Medium, why, binding)
    });
    about.or_passes(failures.collect())
}

/// Aggregated roles whose stored rules are not what their selectors give.
fn stale(cluster: &Cluster) -> Vec<CheckResult> {
    let about = About {
        check: "rbac-stale-aggregation",
        title: "aggregated ClusterRoles hold what their selectors select",
        remedy: "apply the ClusterRole again and check that the controller manager runs; put own rules in a role that is selected",
    };
    let rules = |count: usize| if count == 1 { "1 rule".to_owned() } else { format!("{count} rules") };
    let failures = stale_aggregations(cluster).into_iter().filter_map(|stale| {
        let role = cluster.roles.iter().find(|role| role.reference.namespace.is_none() && *role.reference.name == *stale.role)?;
        // Manifests leave the rules to the controller: that is how the documentation has them written.
        if role.rules.is_empty() {
            return None;
        }
        let why = format!(
            "ClusterRole {} has {} that its selectors don't give and lacks {} that they do; answers here use what the selectors give",
            stale.role,
            rules(stale.extra.len()),
            rules(stale.missing.len()),
        );
        let reason = |line: u32, text: &str| Reason {
            ring: Ring::Authorization,
            proof: Proof::Object(role.reference.clone()),
            rule: None,
            statement: None,
            source: if line == 0 { role.source.clone() } else { role.source.at(line) },
            text: text.into(),
        };
        let mut reasons = vec![reason(0, "has an `aggregationRule`, which decides its rules")];
        reasons.extend(stale.extra.iter().map(|rule| reason(rule.line, "stores this rule, which nothing selected has")));
        Some(about.fails(Severity::Low, why, reasons))
    });
    about.or_passes(failures.collect())
}

/// Rules and bindings that can't do what they say.
fn lints(cluster: &Cluster) -> Vec<CheckResult> {
    let rule = About {
        check: "rbac-dead-rule",
        title: "every rule can allow something",
        remedy: "write what was meant: RBAC compares names byte for byte, and `*` stands alone",
    };
    let subject = About {
        check: "rbac-dead-subject",
        title: "every binding's subjects exist",
        remedy: "remove the subject, or correct its kind, name or namespace",
    };
    let (mut rules, mut subjects) = (Vec::new(), Vec::new());
    for found in lint::lint(cluster).into_iter().filter(|found| !is_deliberate(found, cluster)) {
        let about_subject = found.kind.is_about_subject();
        let Lint { object, index, source, text, kind: _ } = found;
        let why = format!("{object}: {text}");
        let reason = Reason {
            ring: Ring::Authorization,
            proof: Proof::Object(object),
            rule: (!about_subject).then_some(index),
            statement: None,
            source,
            text: text.into(),
        };
        let (about, results) = if about_subject { (subject, &mut subjects) } else { (rule, &mut rules) };
        results.push(about.fails(Severity::Low, why, vec![reason]));
    }
    let mut results = rule.or_passes(rules);
    results.extend(subject.or_passes(subjects));
    results
}

/// Whether it is no mistake: what Kubernetes binds for parts that a cluster may lack, and names for `list` and
/// `watch`, which clients meet with a field selector.
fn is_deliberate(found: &Lint, cluster: &Cluster) -> bool {
    let of_kubernetes = found.object.name.starts_with("system:");
    let is_role = |role: &&Role| role.reference == found.object;
    let rule = || cluster.roles.iter().find(is_role).and_then(|role| role.rules.get(found.index));
    let selects =
        || rule().is_some_and(|rule| rule.verbs.iter().any(|verb| matches!(&**verb, "list" | "watch")));
    of_kubernetes || (found.kind == LintKind::NamesWithoutEffect && selects())
}
