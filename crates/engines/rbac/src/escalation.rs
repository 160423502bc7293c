//! Whether somebody may hand out rights: the checks that the apiserver makes beyond `create` and `update`.

use ringwall_model::{Decision, PolicyRule, Proof, Reason, Ring, RoleKind, RoleRef, Source, User, Verdict};

use crate::authorizer::{Authorizer, is_master, master_reason};
use crate::covers::{Coverage, covers_within};
use crate::{Question, Target, text};

/// API group of roles and bindings.
const GROUP: &str = "rbac.authorization.k8s.io";

/// Atoms that are compared before the comparison is given up: a role of 1.5 MB, the most that etcd takes, can hold
/// many more, and the apiserver itself would not finish with it.
const MOST_ATOMS: usize = 1_000_000;

/// Missing atoms that an answer names.
const MOST_NAMED: usize = 8;

/// How a write of a role reaches the apiserver, which decides whether its name is known to the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleWrite<'r> {
    /// `create`: the request has no name yet, so that `escalate` limited by resourceNames does not count.
    Create,
    /// `update` or `patch` of the role of this name. A patch that makes the role is an update too.
    Update {
        /// The role's name.
        name: &'r str,
    },
}

/// A role that somebody wants to write.
#[derive(Clone, Copy, Debug)]
pub struct WantedRole<'r> {
    /// How it is written.
    pub write: RoleWrite<'r>,
    /// Namespace of a Role; `None` for a ClusterRole.
    pub namespace: Option<&'r str>,
    /// The rules that it is to have.
    pub rules: &'r [PolicyRule],
    /// Whether it has an `aggregationRule` with selectors, or had one before an update.
    pub aggregated: bool,
}

impl Authorizer<'_> {
    /// Whether the escalation check lets a role through.
    ///
    /// It does for members of `system:masters`, for whoever has the verb `escalate` on the role, and for whoever holds
    /// in the role's namespace all that its rules say; a ClusterRole that aggregates needs all rights there are.
    /// Plain `create`, `update` or `patch` on the role is needed besides and is not looked at here:
    /// [`Authorizer::decide`] tells. Updates that touch nothing but owner references or finalizers pass unchecked.
    ///
    /// Source: `pkg/registry/rbac/{role,clusterrole}/policybased/storage.go` and `escalation_check.go`, Kubernetes v1.37.2.
    pub fn may_write_role(&self, user: &User, wanted: &WantedRole<'_>) -> Decision {
        let WantedRole { write, namespace, rules, aggregated } = *wanted;
        let name = match write {
            RoleWrite::Create => "",
            RoleWrite::Update { name } => name,
        };
        let resource = if namespace.is_some() { "roles" } else { "clusterroles" };
        let namespace_or_none = namespace.unwrap_or_default();
        let target = Target::resource(GROUP, resource).named(name).in_namespace(namespace_or_none);
        if let Some(free) = self.exempt(user, "escalate", target) {
            return free;
        }
        let own = self.holds(user, namespace_or_none, rules, None);
        if !own.is_allowed() || !aggregated || namespace.is_some() {
            return own;
        }
        let everything = full_authority();
        let all = self.holds(user, "", &everything, None);
        if all.is_allowed() { own.or(all) } else { all }
    }

    /// Whether the escalation check lets a binding to a role through, in a namespace or, with `None`, across the cluster.
    ///
    /// It does for members of `system:masters`, for whoever has the verb `bind` on the role by its name in the binding's
    /// namespace, and for whoever holds there all that the role's rules say. A role that doesn't exist can only be bound
    /// by the first two. Plain `create`, `update` or `patch` on the binding is needed besides and is not looked at here.
    ///
    /// Source: `pkg/registry/rbac/{rolebinding,clusterrolebinding}/policybased/storage.go` and `escalation_check.go`,
    /// Kubernetes v1.37.2.
    pub fn may_bind(&self, user: &User, role: &RoleRef, namespace: Option<&str>) -> Decision {
        let resource = match role.kind {
            RoleKind::Role => "roles",
            RoleKind::ClusterRole => "clusterroles",
        };
        let place = namespace.unwrap_or_default();
        let target = Target::resource(GROUP, resource).named(&role.name).in_namespace(place);
        if let Some(free) = self.exempt(user, "bind", target) {
            return free;
        }
        let Some(found) = self.roles.find(role, namespace).and_then(|found| self.roles.get(found)) else {
            let mut decision = Decision::denied();
            decision.not_evaluated.push(format!("{} {} is not in the snapshot", role.kind.name(), role.name));
            if self.missing_roles_may_exist() {
                decision.verdict = Verdict::Unknown;
            }
            return decision;
        };
        let rules = found.rules.iter().filter_map(|rule| self.roles.rules.get(*rule)).map(|rule| rule.policy);
        self.holds(user, place, rules, Some(found.role))
    }

    /// Whether a special verb or `system:masters` makes the comparison of rules needless.
    fn exempt(&self, user: &User, verb: &str, target: Target<'_>) -> Option<Decision> {
        if is_master(user) {
            return Some(Decision::allowed(vec![master_reason()]));
        }
        Some(self.decide(&Question { user, verb, target })).filter(Decision::is_allowed)
    }

    fn holds<'r>(
        &'r self,
        user: &User,
        namespace: &str,
        wanted: impl IntoIterator<Item = &'r PolicyRule>,
        role: Option<&ringwall_model::Role>,
    ) -> Decision {
        let held: Vec<&PolicyRule> = self.rules_in(user, namespace).map(|held| held.rule).collect();
        match covers_within(&held, wanted, MOST_ATOMS, MOST_NAMED) {
            Coverage::Whole => {
                let proof = role
                    .map_or(Proof::BuiltIn("escalation check"), |role| Proof::Object(role.reference.clone()));
                let source = role.map_or_else(Source::built_in, |role| role.source.clone());
                let text = "whoever hands it out holds every right in it".into();
                Decision::allowed(vec![Reason {
                    ring: Ring::Authorization,
                    proof,
                    rule: None,
                    statement: None,
                    source,
                    text,
                }])
            }
            Coverage::Missing(atoms) => {
                let mut decision = Decision::denied();
                decision.not_evaluated.extend(self.dangling_of(user, namespace));
                if self.missing_roles_may_exist() && !decision.not_evaluated.is_empty() {
                    decision.verdict = Verdict::Unknown;
                }
                decision.reasons = atoms.iter().map(missing_reason).collect();
                decision
            }
            Coverage::TooMuch => Decision {
                verdict: Verdict::Unknown,
                reasons: Vec::new(),
                not_evaluated: vec![format!(
                    "the role's rules allow more than {MOST_ATOMS} different things"
                )],
            },
        }
    }

    fn dangling_of(&self, user: &User, namespace: &str) -> Vec<String> {
        self.grants_in(user, &self.bindings.of_namespace(namespace))
            .into_iter()
            .filter_map(|grant| self.bindings.get(grant.binding))
            .filter(|binding| binding.role.is_none())
            .map(|binding| text::dangling(binding.binding))
            .collect()
    }
}

/// What is missing for a denial: unlike elsewhere, the absence has a name.
fn missing_reason(atom: &PolicyRule) -> Reason {
    Reason {
        ring: Ring::Authorization,
        proof: Proof::BuiltIn("escalation check"),
        rule: None,
        statement: None,
        source: Source::built_in(),
        text: format!("not held: a rule that {}", text::rule(atom)).into(),
    }
}

/// What an `aggregationRule` can collect: anything.
fn full_authority() -> [PolicyRule; 2] {
    let star = || vec!["*".into()];
    [
        PolicyRule { verbs: star(), api_groups: star(), resources: star(), ..PolicyRule::default() },
        PolicyRule { verbs: star(), non_resource_urls: star(), ..PolicyRule::default() },
    ]
}
