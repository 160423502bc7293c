use std::sync::Arc;

use crate::{BindingSubject, ObjectRef, Source};

/// One rule of a role: what it allows, never what it denies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PolicyRule {
    /// Verbs, `*` for all.
    pub verbs: Vec<Arc<str>>,
    /// API groups, `""` for the core group, `*` for all.
    pub api_groups: Vec<Arc<str>>,
    /// Resources, `resource/subresource`, `*/subresource`, `*` for all.
    pub resources: Vec<Arc<str>>,
    /// Names; empty for any.
    pub resource_names: Vec<Arc<str>>,
    /// Paths, exact or with a trailing `*`; they count in ClusterRoles alone.
    pub non_resource_urls: Vec<Arc<str>>,
    /// Line at which the rule begins.
    pub line: u32,
}

/// A Role or a ClusterRole.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name; a namespace makes it a Role, none a ClusterRole.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// Labels, by which aggregation selects.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Rules as they are stored.
    pub rules: Vec<PolicyRule>,
    /// Selects the ClusterRoles whose rules make up this one's.
    pub aggregation: Option<AggregationRule>,
}

/// `aggregationRule` of a ClusterRole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregationRule {
    /// The union of what these select.
    pub selectors: Vec<LabelSelector>,
}

/// A label selector: all requirements must hold; one without any selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    /// `matchLabels` and `matchExpressions`, the former as `In` with one value.
    pub requirements: Vec<LabelRequirement>,
}

/// One requirement of a [`LabelSelector`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LabelRequirement {
    /// The label's key.
    pub key: Arc<str>,
    /// How its value is compared.
    pub operator: SelectorOperator,
    /// With what.
    pub values: Vec<Arc<str>>,
}

/// Operators of `matchExpressions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SelectorOperator {
    /// The label is there and has one of the values.
    In,
    /// The label is missing or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is missing.
    DoesNotExist,
}

impl LabelSelector {
    /// Whether a set of labels is selected.
    ///
    /// Source: Kubernetes, *Labels and Selectors*: requirements are ANDed; `NotIn` and `DoesNotExist`
    /// hold for a missing key.
    pub fn matches(&self, labels: &[(Arc<str>, Arc<str>)]) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = labels.iter().find(|(key, _)| *key == requirement.key).map(|(_, value)| value);
            match requirement.operator {
                SelectorOperator::In => value.is_some_and(|value| requirement.values.contains(value)),
                SelectorOperator::NotIn => value.is_none_or(|value| !requirement.values.contains(value)),
                SelectorOperator::Exists => value.is_some(),
                SelectorOperator::DoesNotExist => value.is_none(),
            }
        })
    }
}

/// A RoleBinding or a ClusterRoleBinding.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its name; a namespace makes it a RoleBinding, none a ClusterRoleBinding.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// The role it grants.
    pub role: RoleRef,
    /// Whom it grants it to.
    pub subjects: Vec<BindingSubject>,
}

/// `roleRef` of a binding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleRef {
    /// Role, in the binding's own namespace, or ClusterRole.
    pub kind: RoleKind,
    /// The role's name.
    pub name: Arc<str>,
    /// Line at which it is written.
    pub line: u32,
}

/// Which of the two kinds of role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleKind {
    /// A Role, in a namespace.
    Role,
    /// A ClusterRole.
    ClusterRole,
}

impl RoleKind {
    /// The kind as manifests write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Role => "Role",
            Self::ClusterRole => "ClusterRole",
        }
    }
}
