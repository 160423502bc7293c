//! Pods, workloads, nodes and service accounts.

use ringwall_model::ComputeType;

use crate::folder::clean;

#[test]
fn a_pod_names_all_that_it_uses() {
    let pod = r"apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop, uid: u-1}
spec:
  nodeName: node-1
  serviceAccount: old-name
  imagePullSecrets: [{name: pull}]
  initContainers: [{name: i, envFrom: [{secretRef: {name: s-init}}]}]
  containers:
  - name: c
    envFrom: [{configMapRef: {name: c-from}}]
    env:
    - {name: A, valueFrom: {secretKeyRef: {name: s-env, key: k}}}
    - {name: B, valueFrom: {configMapKeyRef: {name: c-env, key: k}}}
  ephemeralContainers: [{name: e, envFrom: [{secretRef: {name: s-debug}}]}]
  volumes:
  - {name: a, secret: {secretName: s-vol}}
  - {name: b, configMap: {name: c-vol}}
  - {name: c, projected: {sources: [{secret: {name: s-proj}}, {configMap: {name: c-proj}}]}}
  - {name: d, persistentVolumeClaim: {claimName: pvc}}
  - {name: e, ephemeral: {volumeClaimTemplate: {}}}
  - {name: f, csi: {nodePublishSecretRef: {name: s-csi}}}
  - {name: g, secret: {secretName: s-vol}}
  resourceClaims: [{name: gpu, resourceClaimName: rc}, {name: t, resourceClaimTemplateName: x}]
status:
  phase: Running
  resourceClaimStatuses: [{name: t, resourceClaimName: rc-t}]
";
    let snapshot = clean(&[("kubernetes/p.yaml", pod)]);
    let pod = &snapshot.cluster.pods[0];
    let names = |names: &[std::sync::Arc<str>]| names.join(" ");
    assert_eq!(names(&pod.references.secrets), "pull s-csi s-debug s-env s-init s-proj s-vol");
    assert_eq!(names(&pod.references.config_maps), "c-env c-from c-proj c-vol");
    assert_eq!(names(&pod.references.claims), "p-e pvc");
    assert_eq!(names(&pod.references.resource_claims), "rc rc-t");
    assert_eq!(&*pod.service_account, "old-name");
    assert_eq!(pod.node_name.as_deref(), Some("node-1"));
    assert_eq!((pod.uid.as_deref(), pod.phase.as_deref(), pod.mirror), (Some("u-1"), Some("Running"), false));
}

#[test]
fn workloads_name_their_service_account() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {serviceAccountName: a}}}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {template: {spec: {serviceAccountName: b}}}}}\n---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: r, ownerReferences: [{kind: Deployment, name: d, controller: true}]}\nspec: {template: {spec: {}}}\n";
    let workloads = clean(&[("kubernetes/w.yaml", text)]).cluster.workloads;
    let found: Vec<_> = workloads
        .iter()
        .map(|workload| (&*workload.reference.name, &*workload.service_account, workload.owned))
        .collect();
    assert_eq!(found, [("d", "a", false), ("c", "b", false), ("r", "default", true)]);
}

#[test]
fn nodes_tell_their_compute_type() {
    let node = |name: &str, labels: &str, id: &str| {
        format!(
            "---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{{labels}}}}}\nspec: {{providerID: '{id}'}}\n"
        )
    };
    let text = [
        node("a", "eks.amazonaws.com/compute-type: fargate", ""),
        node("b", "eks.amazonaws.com/compute-type: auto", ""),
        node("c", "eks.amazonaws.com/nodegroup: g", "aws:///x/i-1"),
        node("d", "", "aws:///x/i-1"),
        node("e", "", "kind://x"),
    ]
    .concat();
    let compute: Vec<_> =
        clean(&[("kubernetes/n.yaml", &text)]).cluster.nodes.iter().map(|node| node.compute).collect();
    assert_eq!(
        compute,
        [
            Some(ComputeType::Fargate),
            Some(ComputeType::AutoMode),
            Some(ComputeType::ManagedNodeGroup),
            Some(ComputeType::SelfManaged),
            None
        ]
    );
}

#[test]
fn service_accounts_keep_their_role() {
    let text = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: a\n  namespace: shop\n  annotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/r'}\nautomountServiceAccountToken: false\n";
    let account = &clean(&[("kubernetes/a.yaml", text)]).cluster.service_accounts[0];
    assert_eq!(account.role_arn.as_deref(), Some("arn:aws:iam::111122223333:role/r"));
    assert_eq!(account.automount_token, Some(false));
}
