//! The ConfigMap aws-auth: the lines of its entries are those of the file.

use crate::folder::{clean, kubernetes};

const HEAD: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n";

#[test]
fn entries_in_literal_blocks_have_the_lines_of_the_file() {
    let text = format!(
        "{HEAD}  mapRoles: |\n\n    # nodes\n    - rolearn: a\n    - rolearn: b\n  mapUsers: \"- userarn: c\\n- userarn: d\\n\"\n  mapAccounts:\n"
    );
    let snapshot = clean(&[
        ("kubernetes/a.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: node}\n"),
        ("kubernetes/auth.yaml", &text),
    ]);
    let config_map = snapshot.cluster.aws_auth.unwrap();
    assert_eq!(config_map.source.to_string(), "kubernetes/auth.yaml:1");
    let lines: Vec<_> = config_map
        .entries
        .iter()
        .map(|entry| {
            let items = entry.document.as_ref().unwrap().items();
            (&*entry.key, entry.source.line, items.iter().map(|item| item.line).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        lines,
        [("mapRoles", 7, vec![10, 11]), ("mapUsers", 12, vec![12, 12]), ("mapAccounts", 13, vec![])]
    );
}

#[test]
fn a_broken_entry_leaves_the_others() {
    let snapshot = kubernetes(&format!(
        "{HEAD}  mapRoles: |\n    - rolearn: a\n      rolearn: b\n  mapUsers: |\n    - userarn: c\n  mapAccounts: [1]\n"
    ));
    let entries = snapshot.cluster.aws_auth.unwrap().entries;
    let error = entries[0].document.as_ref().unwrap_err();
    assert!(error.starts_with("line 9: key `rolearn` is written twice, first at line 8"), "{error}");
    assert!(entries[1].document.is_ok());
    assert!(entries[2].document.as_ref().unwrap_err().contains("the apiserver refuses"));
}

#[test]
fn only_the_one_in_kube_system_counts() {
    let elsewhere = HEAD.replace("kube-system", "default");
    assert!(kubernetes(&format!("{elsewhere}  mapRoles: ''\n")).cluster.aws_auth.is_none());
    let listed = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: aws-auth, namespace: kube-system}\n  data:\n    mapRoles: |\n      - rolearn: a\n";
    let entries = kubernetes(listed).cluster.aws_auth.unwrap().entries;
    assert_eq!(entries[0].document.as_ref().unwrap().items()[0].line, 9);
}
