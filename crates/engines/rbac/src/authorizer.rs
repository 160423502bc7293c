use std::ops::Range;
use std::sync::OnceLock;

use ringwall_model::{Binding, Cluster, Decision, Proof, Reason, Ring, Role, Source, User, Verdict};

use crate::bindings::{Bindings, Grant, Principal};
use crate::node::NodeAuthorizer;
use crate::roles::Roles;
use crate::rule::Asked;
use crate::symbols::Symbols;
use crate::who::Inverse;
use crate::{Question, defaults, text};

/// The group that the apiserver asks no authorizer for.
///
/// Source: `user.SystemPrivilegedGroup` and `NewPrivilegedGroups`, `pkg/kubeapiserver/authorizer/reload.go`, Kubernetes
/// v1.37.2.
pub(crate) const MASTERS: &str = "system:masters";

/// The ClusterRole without which a snapshot is no export of a live cluster's RBAC: every apiserver makes it at its
/// start and makes it again when it is deleted.
const ALWAYS_THERE: &str = "cluster-admin";

/// What is assumed of a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether Kubernetes' default roles and bindings are assumed for a snapshot without the ClusterRole
    /// `cluster-admin`, which is therefore no export of a live cluster's RBAC. A binding to a role that is missing
    /// even then makes a question that nothing allows [`Verdict::Unknown`].
    pub assume_defaults: bool,
}

/// A snapshot's roles, bindings and pods, compiled for questions.
#[derive(Debug)]
pub struct Authorizer<'c> {
    pub(crate) symbols: Symbols,
    pub(crate) roles: Roles<'c>,
    pub(crate) bindings: Bindings<'c>,
    pub(crate) nodes: NodeAuthorizer<'c>,
    pub(crate) inverse: OnceLock<Inverse>,
    incomplete: bool,
}

impl<'c> Authorizer<'c> {
    /// Compiles a cluster; nothing is assumed that the snapshot doesn't hold.
    pub fn new(cluster: &'c Cluster) -> Self {
        Self::with_options(cluster, Options::default())
    }

    /// Compiles a cluster.
    pub fn with_options(cluster: &'c Cluster, options: Options) -> Self {
        let mut roles: Vec<&'c Role> = cluster.roles.iter().collect();
        let mut bindings: Vec<&'c Binding> = cluster.bindings.iter().collect();
        let (own_roles, own_bindings) = (roles.len(), bindings.len());
        let live = roles
            .iter()
            .any(|role| role.reference.namespace.is_none() && &*role.reference.name == ALWAYS_THERE);
        let incomplete = options.assume_defaults && !live;
        if incomplete {
            defaults::complete(&mut roles, &mut bindings);
        }
        let mut symbols = Symbols::new();
        let roles = Roles::new(&roles, own_roles, &mut symbols);
        let bindings = Bindings::new(&bindings, own_bindings, &roles, &mut symbols);
        let nodes = NodeAuthorizer::new(cluster);
        Self { symbols, roles, bindings, nodes, inverse: OnceLock::new(), incomplete }
    }

    /// What the apiserver answers: the first grant, in the order in which the authorizers look.
    ///
    /// The group `system:masters` comes first, then the node authorizer, then RBAC: ClusterRoleBindings, then the
    /// RoleBindings of the request's namespace. A grant is two [`Reason`]s, the binding and the rule; a rule that
    /// an aggregated ClusterRole collected is told with both roles, the aggregating one and the one in which the
    /// rule is written.
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        if is_master(question.user) {
            return Decision::allowed(vec![master_reason()]);
        }
        let node = self.nodes.authorize(question, None);
        if node.as_ref().is_some_and(Decision::is_allowed) {
            return node.unwrap_or_else(Decision::denied);
        }
        let rbac = self.first_grant(question).unwrap_or_else(|| self.no_grant(question));
        match node {
            Some(node) => node.or(rbac),
            None => rbac,
        }
    }

    /// As [`decide`](Self::decide), for a `list` or `watch` with the field selector `spec.nodeName=<node>`.
    ///
    /// The node authorizer alone looks at selectors, and at this one alone.
    pub fn decide_selecting_node(&self, question: &Question<'_>, node: &str) -> Decision {
        match self.nodes.authorize(question, Some(node)) {
            Some(decision) if decision.is_allowed() && !is_master(question.user) => decision,
            _ => self.decide(question),
        }
    }

    /// As [`decide`](Self::decide), with every grant, in the same order.
    pub fn explain(&self, question: &Question<'_>) -> Decision {
        let mut all = Decision::denied();
        if is_master(question.user) {
            all = all.or(Decision::allowed(vec![master_reason()]));
        }
        if let Some(node) = self.nodes.authorize(question, None) {
            all = all.or(node);
        }
        let asked = Asked::new(&self.symbols, question.verb, &question.target);
        let mut reasons = Vec::new();
        for grant in self.grants_in(question.user, &self.bindings.of_namespace(question.target.namespace())) {
            if let Some(role) = self.bindings.get(grant.binding).and_then(|binding| binding.role) {
                for rule in self.roles.all_matches(role, &asked) {
                    self.push_reasons(grant, rule, &mut reasons);
                }
            }
        }
        let rbac = if reasons.is_empty() { self.no_grant(question) } else { Decision::allowed(reasons) };
        let mut all = all.or(rbac);
        if all.is_allowed() {
            all.not_evaluated.clear();
        }
        all
    }

    fn first_grant(&self, question: &Question<'_>) -> Option<Decision> {
        let asked = Asked::new(&self.symbols, question.verb, &question.target);
        let namespace = self.bindings.of_namespace(question.target.namespace());
        let mut first: Option<(Grant, u32)> = None;
        for principal in self.principals(question.user) {
            for grant in self.bindings.held_in(principal, &namespace) {
                if first.is_some_and(|(first, _)| first <= grant) {
                    break;
                }
                let role = self.bindings.get(grant.binding).and_then(|binding| binding.role);
                if let Some(rule) = role.and_then(|role| self.roles.first_match(role, &asked)) {
                    first = Some((grant, rule));
                    break;
                }
            }
        }
        let (grant, rule) = first?;
        let mut reasons = Vec::with_capacity(2);
        self.push_reasons(grant, rule, &mut reasons);
        Some(Decision::allowed(reasons))
    }

    /// The denial, with the bindings of the user that refer to roles which are not there.
    fn no_grant(&self, question: &Question<'_>) -> Decision {
        let mut decision = Decision::denied();
        let namespace = self.bindings.of_namespace(question.target.namespace());
        for grant in self.grants_in(question.user, &namespace) {
            if let Some(dangling) = self.bindings.get(grant.binding).filter(|binding| binding.role.is_none())
            {
                decision.not_evaluated.push(text::dangling(dangling.binding));
            }
        }
        if self.incomplete && !decision.not_evaluated.is_empty() {
            decision.verdict = Verdict::Unknown;
        }
        decision
    }

    /// Whether a missing role leaves a question open: the snapshot is no export, so that the role may well exist.
    pub(crate) fn missing_roles_may_exist(&self) -> bool {
        self.incomplete
    }

    /// Everyone that a user counts as: herself and her groups.
    pub(crate) fn principals(&self, user: &User) -> impl Iterator<Item = Principal> {
        let name = Principal::User(self.symbols.get(&user.name));
        std::iter::once(name).chain(user.groups.iter().map(|group| Principal::Group(self.symbols.get(group))))
    }

    /// What a user is granted in a namespace, in the authorizer's order, once a binding.
    pub(crate) fn grants_in(&self, user: &User, namespace: &Range<u32>) -> Vec<Grant> {
        let held = |principal| self.bindings.held_in(principal, namespace);
        once_a_binding(self.principals(user).flat_map(held).collect())
    }

    /// The reasons of one grant: binding, aggregating role if there is one, rule.
    pub(crate) fn push_reasons(&self, grant: Grant, place: u32, reasons: &mut Vec<Reason>) {
        let Some(binding) = self.bindings.get(grant.binding) else { return };
        let Some(role) = binding.role.and_then(|role| self.roles.get(role)) else { return };
        let Some(rule) = self.roles.rule(role, place) else { return };
        let Some(written) = self.roles.get(rule.role) else { return };
        let Some(text) = binding.text(grant.granted) else { return };
        reasons.push(Reason {
            ring: Ring::Authorization,
            proof: Proof::Object(binding.binding.reference.clone()),
            rule: None,
            statement: None,
            source: binding.binding.source.clone(),
            text: text.clone(),
        });
        if role.role.reference != written.role.reference {
            let text = text::aggregated(written.role);
            reasons.push(Reason {
                ring: Ring::Authorization,
                proof: Proof::Object(role.role.reference.clone()),
                rule: usize::try_from(place).ok(),
                statement: None,
                source: role.role.source.clone(),
                text: if role.assumed { text::assumed(&text).into() } else { text.into() },
            });
        }
        reasons.push(Reason {
            ring: Ring::Authorization,
            proof: Proof::Object(written.role.reference.clone()),
            rule: Some(rule.index),
            statement: None,
            source: rule_source(written.role, rule.policy.line),
            text: rule.text(written.assumed).clone(),
        });
    }
}

/// Where a rule is written: its own line if the reader knew it.
fn rule_source(role: &Role, line: u32) -> Source {
    if line == 0 { role.source.clone() } else { role.source.at(line) }
}

/// Sorts grants and keeps, of each binding, the first subject that applies.
pub(crate) fn once_a_binding(mut grants: Vec<Grant>) -> Vec<Grant> {
    grants.sort_unstable();
    grants.dedup_by_key(|grant| grant.binding);
    grants
}

/// Whether a user is in `system:masters`.
pub(crate) fn is_master(user: &User) -> bool {
    user.groups.iter().any(|group| group == MASTERS)
}

/// The reason of what `system:masters` may do.
pub(crate) fn master_reason() -> Reason {
    Reason {
        ring: Ring::Authorization,
        proof: Proof::BuiltIn(MASTERS),
        rule: None,
        statement: None,
        source: Source::built_in(),
        text: "the apiserver allows members of the group system:masters everything, before it asks RBAC"
            .into(),
    }
}
