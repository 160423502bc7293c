//! Objects of `kubernetes/`: lists, documents, namespaces, duplicates.

use crate::folder::{Folder, clean, kubernetes, objects, told};

#[test]
fn objects_are_found_in_documents_lists_and_any_depth() {
    let snapshot = clean(&[
        ("kubernetes/a/b/c.yml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: deep}\n"),
        (
            "kubernetes/list.json",
            r#"{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "one"}},
 {"apiVersion": "v1", "kind": "PodList", "items": [
  {"metadata": {"name": "p", "namespace": "one"}}]}]}"#,
        ),
        (
            "kubernetes/typed.yaml",
            "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata:\n    name: d\n",
        ),
        ("kubernetes/empty.yaml", "apiVersion: v1\nkind: List\nitems: []\n---\n\n---\n# nothing\n"),
        (
            "kubernetes/two.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: one}\n---\napiVersion: x.example/v1\nkind: Thing\nmetadata: {name: t, namespace: one}\n",
        ),
    ]);
    assert_eq!(
        objects(&snapshot),
        [
            "kubernetes/a/b/c.yml:1 Namespace deep",
            "kubernetes/list.json:2 Namespace one",
            "kubernetes/list.json:4 Pod one/p",
            "kubernetes/two.yaml:1 Secret one/s",
            "kubernetes/two.yaml:5 Thing one/t",
            "kubernetes/typed.yaml:4 Deployment default/d",
        ]
    );
    let deployment = &snapshot.cluster.objects[5].reference;
    assert!(deployment.is("apps", "Deployment"));
}

#[test]
fn what_is_no_object_is_a_warning_and_costs_itself() {
    let snapshot = kubernetes(
        "- a\n---\nfoo: 1\n---\nkind: Pod\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: 12\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: no}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: ok}\n",
    );
    assert_eq!(
        told(&snapshot),
        [
            "W kubernetes/all.yaml:1: not a Kubernetes object but a list",
            "W kubernetes/all.yaml:3: not a Kubernetes object: it has no `kind`",
            "W kubernetes/all.yaml:5: not a Kubernetes object: it has no `apiVersion`",
            "E kubernetes/all.yaml:8: Pod has no metadata.name",
            "W kubernetes/all.yaml:13: Pod with metadata.generateName is a template and was not read",
            "E kubernetes/all.yaml:18: Pod: metadata.name is a number, not a string",
            "E kubernetes/all.yaml:22: Pod `x`: metadata.namespace is a boolean, not a string",
        ]
    );
    assert_eq!(objects(&snapshot), ["kubernetes/all.yaml:24 Pod default/ok"]);
}

#[test]
fn namespaces_are_those_of_the_apiserver() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {group: x.example, scope: SCOPE, names: {kind: Thing}}\n---\n";
    let thing = "apiVersion: x.example/v1\nkind: Thing\nmetadata: {name: t}\n";
    let of = |scope: &str| {
        let snapshot = kubernetes(&format!("{}{thing}", crd.replace("SCOPE", scope)));
        snapshot.cluster.objects[1].reference.namespace.as_deref().map(str::to_owned)
    };
    assert_eq!(of("Namespaced").as_deref(), Some("default"));
    assert_eq!(of("Cluster"), None);
    assert_eq!(clean(&[("kubernetes/t.yaml", thing)]).cluster.objects[0].reference.namespace, None);
    let snapshot = kubernetes("apiVersion: v1\nkind: Node\nmetadata:\n  name: node\n  namespace: shop\n");
    assert_eq!(told(&snapshot), ["W kubernetes/all.yaml:5: Node `node` has no namespace; `shop` is ignored"]);
    assert_eq!(objects(&snapshot), ["kubernetes/all.yaml:1 Node node"]);
    assert!(snapshot.cluster.namespaces.is_empty());
}

#[test]
fn equal_duplicates_are_silent_and_different_ones_name_both_places() {
    let object = |value: &str, version: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, resourceVersion: \"{version}\"}}\ndata: {{a: {value}}}\n"
        )
    };
    let snapshot = Folder::with(&[
        ("kubernetes/a.yaml", &object("x", "1")),
        ("kubernetes/b.yaml", &object("\"x\"", "2")),
    ]);
    let snapshot = snapshot.read();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    assert_eq!(snapshot.cluster.objects.len(), 1);
    let snapshot =
        Folder::with(&[("kubernetes/a.yaml", &object("x", "1")), ("kubernetes/b.yaml", &object("z", "1"))]);
    let snapshot = snapshot.read();
    assert_eq!(
        told(&snapshot),
        [
            "W kubernetes/b.yaml:1: ConfigMap default/c is written twice with different content; kubernetes/a.yaml:1 counts"
        ]
    );
    assert_eq!(objects(&snapshot), ["kubernetes/a.yaml:1 ConfigMap default/c"]);
}

#[test]
fn implied_namespaces_come_after_written_ones() {
    let snapshot = kubernetes(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: b}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: x}}\n",
    );
    let names: Vec<_> = snapshot.cluster.namespaces.iter().map(|namespace| &*namespace.name).collect();
    assert_eq!(names, ["a", "b"]);
    let labels = |at: usize| {
        let labels = &snapshot.cluster.namespaces[at].labels;
        labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(labels(0), ["team=x", "kubernetes.io/metadata.name=a"]);
    assert_eq!(labels(1), ["kubernetes.io/metadata.name=b"]);
}

#[test]
fn the_same_folder_gives_the_same_result() {
    let mut folder = Folder::new();
    for number in 0..80 {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{}}}\ndata: {{a: x{number}}}\n---\nbroken: [\n---\n- no object\n",
            number % 7
        );
        folder = folder.file(&format!("kubernetes/{}.yaml", (number * 37) % 80), text);
    }
    let first = folder.read();
    assert_eq!(first.problems.len(), 80 * 2 + 73);
    assert!(first.problems.is_sorted());
    for _ in 0..3 {
        let again = folder.read();
        assert_eq!(again.problems, first.problems);
        assert_eq!(objects(&again), objects(&first));
    }
}
