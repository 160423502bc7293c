use std::sync::{Arc, LazyLock};

use crate::Cluster;

/// The resources of a kube-apiserver, one a line; the file's head says from which release.
static TABLE: &str = include_str!("../data/api-resources.tsv");

/// One resource of the Kubernetes API: what `kubectl api-resources` prints, and its subresources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiResource {
    /// API group, empty for the core group.
    pub group: Arc<str>,
    /// Plural name, as rules and URLs write it.
    pub plural: Arc<str>,
    /// Singular name.
    pub singular: Arc<str>,
    /// Kind, as manifests write it.
    pub kind: Arc<str>,
    /// Short names, as `deploy`.
    pub short_names: Vec<Arc<str>>,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Its subresources, as `log` of `pods`.
    pub subresources: Vec<Arc<str>>,
}

impl ApiResource {
    /// Whether the text names this resource the way kubectl takes it: plural, singular, short name or kind in
    /// lower case.
    pub fn is_called(&self, text: &str) -> bool {
        *text == *self.plural
            || *text == *self.singular
            || self.short_names.iter().any(|short| **short == *text)
            || self.kind.eq_ignore_ascii_case(text)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut columns = line.split('\t').map(Arc::<str>::from);
        let (group, plural, singular) = (columns.next()?, columns.next()?, columns.next()?);
        let (kind, short_names) = (columns.next()?, columns.next()?);
        let (scope, subresources) = (columns.next()?, columns.next()?);
        let list = |text: &str| text.split(',').filter(|item| !item.is_empty()).map(Arc::from).collect();
        Some(Self {
            group,
            plural,
            singular,
            kind,
            short_names: list(&short_names),
            namespaced: &*scope == "namespaced",
            subresources: list(&subresources),
        })
    }
}

/// The resources that Kubernetes itself serves.
pub fn built_in_resources() -> &'static [ApiResource] {
    static RESOURCES: LazyLock<Vec<ApiResource>> = LazyLock::new(|| {
        TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(ApiResource::parse).collect()
    });
    &RESOURCES
}

/// The resources that a cluster serves: Kubernetes' own, then those of its CustomResourceDefinitions.
pub fn resources_of(cluster: &Cluster) -> Vec<ApiResource> {
    let custom = cluster
        .objects
        .iter()
        .filter(|object| object.reference.is("apiextensions.k8s.io", "CustomResourceDefinition"))
        .filter_map(|object| custom_resource(object.tree.get("spec")?));
    built_in_resources().iter().cloned().chain(custom).collect()
}

fn custom_resource(spec: &crate::Tree) -> Option<ApiResource> {
    let names = spec.get("names")?;
    let (plural, kind) = (names.shared("plural")?, names.shared("kind")?);
    let subresources = spec
        .list("versions")
        .iter()
        .filter_map(|version| version.get("subresources"))
        .flat_map(|subresources| subresources.entries())
        .map(|entry| Arc::clone(&entry.key));
    let mut subresources: Vec<_> = subresources.collect();
    subresources.sort();
    subresources.dedup();
    Some(ApiResource {
        group: spec.shared("group")?,
        singular: names.shared("singular").unwrap_or_else(|| kind.to_lowercase().into()),
        short_names: names.list("shortNames").iter().filter_map(|name| name.as_shared().cloned()).collect(),
        namespaced: spec.str("scope") == Some("Namespaced"),
        plural,
        kind,
        subresources,
    })
}
