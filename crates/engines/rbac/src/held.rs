use ringwall_model::{Binding, PolicyRule, Role, User};

use crate::Scope;
use crate::authorizer::{Authorizer, once_a_binding};
use crate::bindings::Grant;

/// One rule that somebody holds, with the chain through which she does.
#[derive(Clone, Debug)]
pub struct HeldRule<'a> {
    /// Where it holds.
    pub scope: Scope,
    /// The binding that gives it.
    pub binding: &'a Binding,
    /// The role that the binding refers to.
    pub role: &'a Role,
    /// The role in which the rule is written: another one if `role` is aggregated.
    pub origin: &'a Role,
    /// The rule's place in `origin`, counted from 0.
    pub index: usize,
    /// The rule.
    pub rule: &'a PolicyRule,
}

impl Authorizer<'_> {
    /// Every rule that RBAC gives a user, across the cluster first, then namespace by namespace.
    ///
    /// For one namespace this is what a SelfSubjectRulesReview lists. What `system:masters` and the node authorizer
    /// allow is no rule and not part of it, as it isn't there.
    ///
    /// Source: `RulesFor`, `pkg/registry/rbac/validation/rule.go`, Kubernetes v1.37.2.
    pub fn rules_of(&self, user: &User) -> impl Iterator<Item = HeldRule<'_>> {
        let grants = self.principals(user).flat_map(|principal| self.bindings.held(principal)).copied();
        once_a_binding(grants.collect()).into_iter().flat_map(|grant| self.held_by(grant))
    }

    /// Every rule that RBAC gives a user in one namespace; the empty one stands for requests without.
    pub fn rules_in(&self, user: &User, namespace: &str) -> impl Iterator<Item = HeldRule<'_>> {
        let grants = self.grants_in(user, &self.bindings.of_namespace(namespace));
        grants.into_iter().flat_map(|grant| self.held_by(grant))
    }

    fn held_by(&self, grant: Grant) -> impl Iterator<Item = HeldRule<'_>> {
        let binding = self.bindings.get(grant.binding);
        let role = binding.and_then(|binding| self.roles.get(binding.role?));
        let rules = role.map_or(&[][..], |role| &role.rules);
        rules.iter().filter_map(move |rule| {
            let (binding, rule) = (binding?.binding, self.roles.rules.get(*rule)?);
            let scope = match &binding.reference.namespace {
                Some(namespace) => Scope::Namespace(namespace.clone()),
                None => Scope::Cluster,
            };
            let origin = self.roles.get(rule.role)?.role;
            Some(HeldRule { scope, binding, role: role?.role, origin, index: rule.index, rule: rule.policy })
        })
    }
}
