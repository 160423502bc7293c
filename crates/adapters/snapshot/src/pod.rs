use std::sync::Arc;

use ringwall_model::{Object, Pod, PodReferences, Tree, Value};

use crate::fields::{text, text_at};
use crate::network;
use crate::refused::Refused;
use crate::typed::{account_of, is_on_host_network, labels};

/// Annotation of a static pod's mirror.
const MIRROR: &str = "kubernetes.io/config.mirror";

pub(crate) fn pod(object: &Object, default_account: &Arc<str>, refused: &mut Refused<'_>) -> Pod {
    let tree = &object.tree;
    Pod {
        reference: object.reference.clone(),
        source: object.source.clone(),
        uid: text_at(tree, &["metadata", "uid"]),
        labels: labels(object),
        host_network: is_on_host_network(tree.get("spec")),
        node_name: text_at(tree, &["spec", "nodeName"]),
        service_account: account_of(tree.get("spec"), default_account),
        references: references(&object.reference.name, tree),
        mirror: tree.at(&["metadata", "annotations", MIRROR]).is_some(),
        phase: text_at(tree, &["status", "phase"]),
        network: network::of_pod(object, refused),
    }
}

/// What a pod's specification names.
///
/// Sources: Kubernetes 1.37, `VisitPodSecretNames` and `VisitPodConfigmapNames` of `pkg/api/v1/pod/util.go`,
/// `AddPod` of `plugin/pkg/auth/authorizer/node/graph.go`, `PodClaims` of `dynamic-resource-allocation`.
fn references(name: &str, tree: &Tree) -> PodReferences {
    let mut found = PodReferences::default();
    let Some(spec) = tree.get("spec") else { return found };
    found
        .secrets
        .extend(spec.list("imagePullSecrets").iter().filter_map(|reference| text(reference, "name")));
    for containers in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.list(containers) {
            environment(container, &mut found);
        }
    }
    for volume in spec.list("volumes") {
        self::volume(name, volume, &mut found);
    }
    resource_claims(spec, tree.get("status"), &mut found);
    for names in [&mut found.secrets, &mut found.config_maps, &mut found.claims, &mut found.resource_claims] {
        names.sort();
        names.dedup();
    }
    found
}

fn environment(container: &Tree, found: &mut PodReferences) {
    for from in container.list("envFrom") {
        found.secrets.extend(text_at(from, &["secretRef", "name"]));
        found.config_maps.extend(text_at(from, &["configMapRef", "name"]));
    }
    for variable in container.list("env") {
        found.secrets.extend(text_at(variable, &["valueFrom", "secretKeyRef", "name"]));
        found.config_maps.extend(text_at(variable, &["valueFrom", "configMapKeyRef", "name"]));
    }
}

/// One volume. A valid one has one source; Kubernetes looks at them in its own order and stops at the first.
fn volume(pod: &str, volume: &Tree, found: &mut PodReferences) {
    const SECRETS: [(&str, &[&str]); 10] = [
        ("azureFile", &["secretName"]),
        ("cephfs", &["secretRef", "name"]),
        ("cinder", &["secretRef", "name"]),
        ("flexVolume", &["secretRef", "name"]),
        ("rbd", &["secretRef", "name"]),
        ("secret", &["secretName"]),
        ("scaleIO", &["secretRef", "name"]),
        ("iscsi", &["secretRef", "name"]),
        ("storageos", &["secretRef", "name"]),
        ("csi", &["nodePublishSecretRef", "name"]),
    ];
    for (source, path) in SECRETS {
        if let Some(source) = volume.get(source) {
            found.secrets.extend(text_at(source, path));
        }
    }
    found.config_maps.extend(text_at(volume, &["configMap", "name"]));
    let projected = volume.get("projected").map(|projected| projected.list("sources")).unwrap_or_default();
    for source in projected {
        found.secrets.extend(text_at(source, &["secret", "name"]));
        found.config_maps.extend(text_at(source, &["configMap", "name"]));
    }
    if let Some(claim) = volume.get("persistentVolumeClaim").filter(|claim| !claim.is_null()) {
        found.claims.extend(text(claim, "claimName"));
    } else if let Some(ephemeral) = volume.get("ephemeral")
        && matches!(ephemeral.value, Value::Mapping(_))
        && let Some(volume) = text(volume, "name")
    {
        // `VolumeClaimName` of `component-helpers/storage/ephemeral`.
        found.claims.push(format!("{pod}-{volume}").into());
    }
}

fn resource_claims(spec: &Tree, status: Option<&Tree>, found: &mut PodReferences) {
    let statuses = status.map(|status| status.list("resourceClaimStatuses")).unwrap_or_default();
    for claim in spec.list("resourceClaims") {
        let named = text(claim, "resourceClaimName").or_else(|| {
            let name = text(claim, "name")?;
            let status = statuses.iter().find(|status| status.str("name") == Some(&*name))?;
            text(status, "resourceClaimName")
        });
        found.resource_claims.extend(named);
    }
    if let Some(status) = status {
        found.resource_claims.extend(text_at(status, &["extendedResourceClaimStatus", "resourceClaimName"]));
    }
}
