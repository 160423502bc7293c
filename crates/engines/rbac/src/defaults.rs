//! The roles and bindings that every apiserver makes at its start.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use hashbrown::HashSet;
use ringwall_model::{
    AggregationRule, Binding, BindingSubject, LabelRequirement, LabelSelector, ObjectRef, PolicyRule, Role,
    RoleKind, RoleRef, SelectorOperator, Source, Subject,
};
use serde::Deserialize;

/// As a real apiserver holds them; the file says which.
static TEXT: &str = include_str!("../data/default-roles.json");

/// A text that can't be read is a fault of this file, which a test finds.
static DEFAULTS: LazyLock<Defaults> = LazyLock::new(|| parse(TEXT).unwrap_or_default());

#[derive(Debug, Default)]
struct Defaults {
    roles: Vec<Role>,
    bindings: Vec<Binding>,
}

/// Adds the roles and bindings that every apiserver makes, where the snapshot has none of the same name.
pub(crate) fn complete(roles: &mut Vec<&Role>, bindings: &mut Vec<&Binding>) {
    let have: HashSet<&ObjectRef> = roles.iter().map(|role| &role.reference).collect();
    let missing = DEFAULTS.roles.iter().filter(|role| !have.contains(&role.reference));
    let missing: Vec<&Role> = missing.collect();
    roles.extend(missing);
    let have: HashSet<&ObjectRef> = bindings.iter().map(|binding| &binding.reference).collect();
    let missing = DEFAULTS.bindings.iter().filter(|binding| !have.contains(&binding.reference));
    let missing: Vec<&Binding> = missing.collect();
    bindings.extend(missing);
}

/// Whether a binding is one that every apiserver makes, with the same role and with this subject.
pub(crate) fn binds(binding: &Binding, subject: &Subject) -> bool {
    let is_subject = |written: &BindingSubject| match subject {
        Subject::User(name) => &*written.kind == "User" && written.name == *name,
        Subject::Group(name) => &*written.kind == "Group" && written.name == *name,
        Subject::ServiceAccount { namespace, name } => {
            &*written.kind == "ServiceAccount"
                && written.name == *name
                && written.namespace.as_ref() == Some(namespace)
        }
    };
    DEFAULTS.bindings.iter().any(|known| {
        known.reference == binding.reference
            && (known.role.kind, &known.role.name) == (binding.role.kind, &binding.role.name)
            && known.subjects.iter().any(is_subject)
    })
}

/// Whether a role of this name allows all that a rule does by default.
pub(crate) fn gives(role: &ObjectRef, rule: &PolicyRule) -> bool {
    let known = DEFAULTS.roles.iter().find(|known| known.reference == *role);
    known.is_some_and(|known| crate::covers(&known.rules, [rule]).next().is_none())
}

#[derive(Deserialize)]
struct File {
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    api_version: Arc<str>,
    kind: Arc<str>,
    metadata: Metadata,
    #[serde(default)]
    rules: Vec<Rule>,
    aggregation_rule: Option<Aggregation>,
    role_ref: Option<Reference>,
    #[serde(default)]
    subjects: Vec<SubjectFile>,
}

#[derive(Deserialize)]
struct Metadata {
    name: Arc<str>,
    namespace: Option<Arc<str>>,
    #[serde(default)]
    labels: BTreeMap<Arc<str>, Arc<str>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    verbs: Vec<Arc<str>>,
    api_groups: Vec<Arc<str>>,
    resources: Vec<Arc<str>>,
    resource_names: Vec<Arc<str>>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Vec<Arc<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aggregation {
    cluster_role_selectors: Vec<Selector>,
}

/// The defaults select by `matchLabels` alone; another form would be an error rather than a wrong selection.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selector {
    match_labels: BTreeMap<Arc<str>, Arc<str>>,
}

#[derive(Deserialize)]
struct Reference {
    kind: Arc<str>,
    name: Arc<str>,
}

#[derive(Deserialize)]
struct SubjectFile {
    kind: Arc<str>,
    name: Arc<str>,
    namespace: Option<Arc<str>>,
}

fn parse(text: &str) -> Result<Defaults, serde_json::Error> {
    let file: File = serde_json::from_str(text)?;
    let mut defaults = Defaults::default();
    for item in file.items {
        let Item { api_version, kind, metadata, rules, aggregation_rule, role_ref, subjects } = item;
        let Metadata { name, namespace, labels } = metadata;
        let reference = ObjectRef { api_version, kind, namespace, name };
        match role_ref {
            None => defaults.roles.push(Role {
                reference,
                source: Source::built_in(),
                labels: labels.into_iter().collect(),
                rules: rules.into_iter().map(PolicyRule::from).collect(),
                aggregation: aggregation_rule.map(AggregationRule::from),
            }),
            Some(role) => defaults.bindings.push(Binding {
                reference,
                source: Source::built_in(),
                role: RoleRef {
                    kind: if &*role.kind == "Role" { RoleKind::Role } else { RoleKind::ClusterRole },
                    name: role.name,
                    line: 0,
                },
                subjects: subjects.into_iter().map(BindingSubject::from).collect(),
            }),
        }
    }
    Ok(defaults)
}

impl From<Rule> for PolicyRule {
    fn from(rule: Rule) -> Self {
        let Rule { verbs, api_groups, resources, resource_names, non_resource_urls } = rule;
        Self { verbs, api_groups, resources, resource_names, non_resource_urls, line: 0 }
    }
}

impl From<Aggregation> for AggregationRule {
    fn from(aggregation: Aggregation) -> Self {
        let requirement =
            |(key, value)| LabelRequirement { key, operator: SelectorOperator::In, values: vec![value] };
        let selector = |selector: Selector| LabelSelector {
            requirements: selector.match_labels.into_iter().map(requirement).collect(),
        };
        Self { selectors: aggregation.cluster_role_selectors.into_iter().map(selector).collect() }
    }
}

impl From<SubjectFile> for BindingSubject {
    fn from(subject: SubjectFile) -> Self {
        let SubjectFile { kind, name, namespace } = subject;
        Self { kind, name, namespace, line: 0 }
    }
}

#[cfg(test)]
mod tests;
