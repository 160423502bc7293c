use hashbrown::HashMap;
use ringwall_model::{Cluster, Object, ObjectRef, Pod, Source, Tree};

/// Kinds of object that the graph ties to nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Secret,
    ConfigMap,
    Claim,
    Volume,
    ResourceClaim,
    ServiceAccount,
    Pod,
    VolumeAttachment,
    ResourceSlice,
    PodCertificateRequest,
}

/// What ties an object to a node: the pod or other object that names both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tie<'c> {
    pub(super) node: &'c str,
    pub(super) object: &'c ObjectRef,
    pub(super) source: &'c Source,
}

type Key<'c> = (Kind, &'c str, &'c str);

/// Which node may read what, because something that is bound to the node names it.
///
/// Source: `plugin/pkg/auth/authorizer/node/{graph,graph_populator}.go` and `pkg/api/v1/persistentvolume/util.go`,
/// Kubernetes v1.37.2.
#[derive(Debug, Default)]
pub(super) struct Graph<'c> {
    ties: HashMap<Key<'c>, Vec<Tie<'c>>>,
    /// Which of the kinds that are read from objects the snapshot holds at all.
    seen: Vec<Kind>,
    /// Nodes with a pod that uses a claim.
    with_claims: Vec<&'c str>,
}

impl<'c> Graph<'c> {
    pub(super) fn new(cluster: &'c Cluster) -> Self {
        let mut graph = Self::default();
        for pod in &cluster.pods {
            graph.add_pod(pod);
        }
        for object in &cluster.objects {
            let reference = &object.reference;
            if reference.is("storage.k8s.io", "VolumeAttachment") {
                graph.add_named(Kind::VolumeAttachment, object, "nodeName");
            } else if reference.is("resource.k8s.io", "ResourceSlice") {
                graph.add_named(Kind::ResourceSlice, object, "nodeName");
            } else if reference.is("certificates.k8s.io", "PodCertificateRequest") {
                graph.add_named(Kind::PodCertificateRequest, object, "nodeName");
            }
        }
        graph.sort();
        // Volumes hang on claims, so that the claims' ties have to be there.
        for object in cluster.objects.iter().filter(|object| object.reference.is("", "PersistentVolume")) {
            graph.add_volume(object);
        }
        graph.sort();
        graph
    }

    fn add_pod(&mut self, pod: &'c Pod) {
        let Some(node) = pod.node_name.as_deref().filter(|node| !node.is_empty()) else { return };
        let namespace = pod.reference.namespace.as_deref().unwrap_or_default();
        let tie = Tie { node, object: &pod.reference, source: &pod.source };
        self.tie(Kind::Pod, namespace, &pod.reference.name, tie);
        // A node makes mirror pods itself and must gain nothing by them.
        if pod.mirror {
            return;
        }
        if !pod.service_account.is_empty() {
            self.tie(Kind::ServiceAccount, namespace, &pod.service_account, tie);
        }
        let references = &pod.references;
        let lists = [
            (Kind::Secret, &references.secrets),
            (Kind::ConfigMap, &references.config_maps),
            (Kind::Claim, &references.claims),
            (Kind::ResourceClaim, &references.resource_claims),
        ];
        for (kind, names) in lists {
            for name in names {
                self.tie(kind, namespace, name, tie);
            }
        }
        if !references.claims.is_empty() {
            self.with_claims.push(node);
        }
    }

    fn add_named(&mut self, kind: Kind, object: &'c Object, field: &str) {
        self.see(kind);
        let node = object.tree.get("spec").and_then(|spec| spec.str(field));
        if let Some(node) = node.filter(|node| !node.is_empty()) {
            let namespace = object.reference.namespace.as_deref().unwrap_or_default();
            let tie = Tie { node, object: &object.reference, source: &object.source };
            self.tie(kind, namespace, &object.reference.name, tie);
        }
    }

    fn add_volume(&mut self, object: &'c Object) {
        self.see(Kind::Volume);
        let Some(spec) = object.tree.get("spec") else { return };
        let Some(claim) = spec.get("claimRef").filter(|claim| !claim.is_null()) else { return };
        let namespace = claim.str("namespace").unwrap_or_default();
        let name = claim.str("name").unwrap_or_default();
        let ties = self.ties.get(&(Kind::Claim, namespace, name)).cloned().unwrap_or_default();
        for tie in ties {
            self.tie(Kind::Volume, "", &object.reference.name, tie);
            for (namespace, secret) in volume_secrets(spec, namespace) {
                self.tie(Kind::Secret, namespace, secret, tie);
            }
        }
    }

    fn tie(&mut self, kind: Kind, namespace: &'c str, name: &'c str, tie: Tie<'c>) {
        self.ties.entry((kind, namespace, name)).or_default().push(tie);
    }

    fn see(&mut self, kind: Kind) {
        if !self.seen.contains(&kind) {
            self.seen.push(kind);
        }
    }

    /// One tie a node, the first, for binary search.
    fn sort(&mut self) {
        for ties in self.ties.values_mut() {
            ties.sort_by_key(|tie| tie.node);
            ties.dedup_by_key(|tie| tie.node);
        }
        self.with_claims.sort_unstable();
        self.with_claims.dedup();
    }

    /// What ties an object to a node.
    pub(super) fn find(&self, node: &str, kind: Kind, namespace: &str, name: &str) -> Option<Tie<'c>> {
        let ties = self.ties.get(&(kind, namespace, name))?;
        ties.get(ties.binary_search_by_key(&node, |tie| tie.node).ok()?).copied()
    }

    /// Namespaces in which an object of this kind and name is tied to any node.
    pub(super) fn namespaces(&self, kind: Kind, name: &str) -> Vec<&'c str> {
        let found = self.ties.keys().filter(|(other, _, tied)| *other == kind && *tied == name);
        let mut namespaces: Vec<&'c str> = found.map(|(_, namespace, _)| *namespace).collect();
        namespaces.sort_unstable();
        namespaces
    }

    /// Whether the snapshot holds any object of a kind.
    pub(super) fn has_seen(&self, kind: Kind) -> bool {
        self.seen.contains(&kind)
    }

    /// Whether a pod of the node uses a claim.
    pub(super) fn uses_claims(&self, node: &str) -> bool {
        self.with_claims.binary_search(&node).is_ok()
    }
}

/// Namespace and name of each Secret that a kubelet needs for a volume; those of the controllers are left out.
fn volume_secrets<'c>(spec: &'c Tree, claim_namespace: &'c str) -> Vec<(&'c str, &'c str)> {
    // Only these read an empty namespace as the claim's.
    const DRIVERS: [(&str, bool); 7] = [
        ("cephfs", true),
        ("cinder", false),
        ("flexVolume", true),
        ("rbd", true),
        ("scaleIO", true),
        ("iscsi", true),
        ("storageos", false),
    ];
    const CSI: [&str; 3] = ["nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"];
    let mut secrets = Vec::new();
    if let Some(file) = spec.get("azureFile") {
        let namespace = file.str("secretNamespace").filter(|namespace| !namespace.is_empty());
        secrets.push((namespace.unwrap_or(claim_namespace), file.str("secretName").unwrap_or_default()));
    }
    for (driver, claims) in DRIVERS {
        if let Some(secret) = spec.at(&[driver, "secretRef"]) {
            let own = secret.str("namespace").filter(|namespace| !namespace.is_empty());
            let default = if claims { claim_namespace } else { "" };
            secrets.push((own.unwrap_or(default), secret.str("name").unwrap_or_default()));
        }
    }
    for reference in CSI {
        if let Some(secret) = spec.at(&["csi", reference]) {
            secrets
                .push((secret.str("namespace").unwrap_or_default(), secret.str("name").unwrap_or_default()));
        }
    }
    secrets.retain(|(_, name)| !name.is_empty());
    secrets
}
