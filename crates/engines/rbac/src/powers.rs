//! What someone holds, grant by grant: for reports, which show a whole person rather than one question.

use ringwall_model::{AccessScope, PolicyRule, Proof, Reason, Ring, RoleRef, Source, User, Verdict};

use crate::authorizer::{is_master, master_reason, once_a_binding};
use crate::checks::is_default_for_everyone;
use crate::entry::GrantedPolicy;
use crate::{Authorizer, Scope, summary};

/// One grant in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power {
    /// Where it holds.
    pub scopes: Vec<Scope>,
    /// What grants it, as `ClusterRole edit`.
    pub by: String,
    /// What it allows, in a few words; a summary, not the ground of a decision.
    pub summary: String,
    /// [`Verdict::Unknown`] if its rules are not known.
    pub verdict: Verdict,
    /// The proof.
    pub reason: Reason,
}

impl Authorizer<'_> {
    /// Everything that bindings grant to a user, in the order of the snapshot; what Kubernetes grants to
    /// everyone who has logged in is left out.
    pub fn powers(&self, user: &User) -> Vec<Power> {
        let mut powers = Vec::new();
        if is_master(user) {
            powers.push(Power {
                scopes: vec![Scope::Cluster],
                by: "group system:masters".into(),
                summary: "everything".into(),
                verdict: Verdict::Allowed,
                reason: master_reason(),
            });
        }
        let grants =
            self.principals(user).flat_map(|principal| self.bindings.held(principal).to_vec()).collect();
        for grant in once_a_binding(grants) {
            let Some(index) = self.bindings.get(grant.binding) else { continue };
            let rules = self.rules_of_role(&index.binding.role, index.binding.reference.namespace.as_deref());
            let for_everyone =
                !rules.is_empty() && rules.iter().all(|rule| is_default_for_everyone(rule, false));
            if for_everyone {
                continue;
            }
            let missing = index.role.is_none();
            let RoleRef { kind, name, line: _ } = &index.binding.role;
            powers.push(Power {
                scopes: vec![match &index.binding.reference.namespace {
                    Some(namespace) => Scope::Namespace(namespace.clone()),
                    None => Scope::Cluster,
                }],
                by: format!("{} {name}", kind.name()),
                summary: if missing { "nothing: the role is missing".into() } else { summary(rules) },
                verdict: if missing { Verdict::Denied } else { Verdict::Allowed },
                reason: Reason {
                    ring: Ring::Authorization,
                    proof: Proof::Object(index.binding.reference.clone()),
                    rule: None,
                    statement: None,
                    source: if index.assumed { Source::built_in() } else { index.binding.source.clone() },
                    text: index.text(grant.granted).cloned().unwrap_or_default(),
                },
            });
        }
        powers
    }

    /// The rules that a role reference grants in a binding's namespace; nothing if the role is missing.
    pub(crate) fn rules_of_role(&self, role: &RoleRef, namespace: Option<&str>) -> Vec<&PolicyRule> {
        let role = self.roles.find(role, namespace).and_then(|place| self.roles.get(place));
        let rules = role.map_or(&[][..], |role| &role.rules);
        rules.iter().filter_map(|place| self.roles.rules.get(*place)).map(|rule| rule.policy).collect()
    }
}

impl GrantedPolicy {
    /// The policy as a grant in a few words.
    pub fn power(&self) -> Power {
        let scopes = match &self.scope {
            AccessScope::Cluster => vec![Scope::Cluster],
            AccessScope::Namespaces(names) => names.iter().cloned().map(Scope::Namespace).collect(),
            AccessScope::Unknown(text) => vec![Scope::Namespace(format!("unknown scope {text}").into())],
        };
        let rules = self.rules();
        let by = format!("access policy {}", self.name);
        Power {
            scopes,
            summary: rules.map_or_else(|| "not evaluated: its rules are not published".into(), summary),
            verdict: if rules.is_some() { Verdict::Allowed } else { Verdict::Unknown },
            reason: Reason {
                ring: Ring::Authorization,
                proof: Proof::Arn(self.arn.clone()),
                rule: None,
                statement: None,
                source: self.source.clone(),
                text: by.as_str().into(),
            },
            by,
        }
    }
}
