use serde_json::{Value, json};

use super::edit::{Entries, Refusal, edit};
use crate::render::yaml;

fn entries(name: &str) -> Entries {
    Entries {
        name: name.to_owned(),
        cluster: json!({ "server": "https://10.0.0.1:6443", "certificate-authority-data": "TFMw" }),
        user: json!({ "exec": { "apiVersion": "client.authentication.k8s.io/v1", "command": "ringwall", "args": ["token", "--cluster-id", "shop"] } }),
        context: json!({ "cluster": name, "user": name }),
        keep_context: false,
    }
}

fn edited(old: &str) -> String {
    edit(old.as_bytes(), &entries("shop")).unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

const NEW: &str = "\
apiVersion: v1
kind: Config
preferences: {}
clusters:
- cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: TFMw
  name: shop
contexts:
- context:
    cluster: shop
    user: shop
  name: shop
users:
- user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ringwall
      args:
      - token
      - \"--cluster-id\"
      - shop
  name: shop
current-context: shop
";

#[test]
fn a_new_file_is_whole() {
    assert_eq!(edited(""), NEW);
    assert_eq!(edited("# mine\n"), format!("# mine\n{NEW}"));
}

#[test]
fn the_same_again_changes_nothing() {
    assert_eq!(edited(NEW), NEW);
}

/// As kubectl, the AWS CLI and people write them.
const OLD: &str = "\
# of my own
apiVersion: v1
clusters:
- cluster:
    server: https://old:6443   # the old one
  name: shop
# about the other
- name: other
  cluster: {server: \"https://other\"}
contexts:
  - name: other
    context:
      cluster: other
      user: other

  # the end of contexts
current-context: other # for now
kind: Config
preferences:
  colors: true
users:
-
  name: other
  user:
    client-key-data: |
      - not
      # an item
    token: \"1e3\"

# the end
";

#[test]
fn other_entries_and_comments_stay() {
    let new = edited(OLD);
    for line in OLD.lines().filter(|line| !line.contains("the old one") && !line.contains("for now")) {
        assert!(new.lines().any(|other| other == line), "`{line}` is lost in\n{new}");
    }
    assert!(!new.contains("https://old"));
    // In its old place, and in the form of the list.
    let at = |text: &str| new.find(text).unwrap_or_else(|| panic!("no `{text}` in\n{new}"));
    assert!(at("server: https://10.0.0.1:6443") < at("# about the other"));
    assert!(at("  - context:\n      cluster: shop\n") < at("# the end of contexts"));
    assert!(at("current-context: shop\n") < at("kind: Config"));
    assert!(at("# an item") < at("- user:\n    exec:"));
    assert_eq!(edited(&new), new);
}

#[test]
fn empty_lists_are_filled() {
    for empty in [
        "clusters: []\nusers: null\ncontexts:\n",
        "clusters:\n# none\ncontexts: ~\nusers: []\ncurrent-context: \"\"\n",
    ] {
        let new = edited(&format!("apiVersion: v1\nkind: Config\n{empty}"));
        assert!(new.contains("clusters:\n- cluster:\n    server"), "{new}");
        assert!(new.contains("current-context: shop\n"), "{new}");
    }
}

#[test]
fn the_current_context_can_stay() {
    let entries = Entries { keep_context: true, ..entries("shop") };
    let new = edit(OLD.as_bytes(), &entries).unwrap();
    assert!(new.contains("current-context: other # for now\n"));
}

#[test]
fn what_would_be_lost_is_refused() {
    for old in [
        "{\"apiVersion\": \"v1\", \"clusters\": [], \"users\": [], \"contexts\": []}",
        "clusters: [{name: other, cluster: {server: x}}]\n",
        "clusters: {a: b}\n",
        "clusters: [\n]\n",
        "kind: Pod\n",
        "- a\n",
        "a: [\n",
        "kind: Config\n---\nkind: Config\n",
        "clusters:\n- name: shop\n  cluster: {}\n- name: shop\n  cluster: {}\n",
        "clusters:\n- &a {name: shop, cluster: {server: x}}\n- *a\n",
        "clusters:\n- name: shop\n  cluster: &a {server: x}\n- name: other\n  cluster: *a\n",
        "? current-context\n: other\n",
        "kind: Config\n...\n",
    ] {
        assert!(matches!(edit(old.as_bytes(), &entries("shop")), Err(Refusal::Form(_))), "{old}");
    }
    assert!(matches!(edit(b"\xff", &entries("shop")), Err(Refusal::Form(_))));
}

#[test]
fn another_ones_user_is_not_replaced() {
    let old = "users:\n- name: shop\n  user: {client-key-data: eA==}\n";
    assert!(matches!(edit(old.as_bytes(), &entries("shop")), Err(Refusal::Taken(_))));
    let ours = "users:\n- name: shop\n  user:\n    exec: {command: /opt/ringwall, args: [token]}\n";
    assert!(edited(ours).contains("command: ringwall\n"));
}

#[test]
fn names_are_quoted_if_they_have_to_be() {
    for name in [
        "arn:aws:eks:eu-central-1:111122223333:cluster/shop",
        "1e3",
        "yes",
        "a: b",
        "#a",
        "a #b",
        "- a",
        "ü",
        "\"",
        "{a}",
        "~",
    ] {
        let new = edit(b"", &entries(name)).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        let again = edit(new.as_bytes(), &entries(name)).unwrap();
        assert_eq!(new, again, "{name}");
    }
    for (value, text) in [
        (json!("a:"), "\"a:\""),
        (json!("Off"), "\"Off\""),
        (json!(true), "true"),
        (json!("a/b:c_d.e"), "a/b:c_d.e"),
    ] {
        assert_eq!(yaml::scalar(&value), text);
    }
}

mod generated {
    use proptest::prelude::*;

    use super::*;

    /// Items of a list in one of the forms in which people write them.
    fn list(key: &'static str, inner: &'static str) -> impl Strategy<Value = String> {
        let item = ("[a-d]{1,2}", 0..3_u8, any::<bool>());
        (proptest::collection::btree_map("[a-d]{1,2}", item, 0..4), 0..3_usize).prop_map(move |(items, indent)| {
            let blanks = " ".repeat(indent);
            let mut text = format!("{key}:\n");
            for (name, (value, form, comment)) in items {
                if comment {
                    text += &format!("{blanks}# about {name}\n\n");
                }
                text += &match form {
                    0 => format!("{blanks}- name: {name}\n{blanks}  {inner}: {{x: {value}}}\n"),
                    1 => format!("{blanks}-\n{blanks}    {inner}:\n{blanks}      x: |\n{blanks}       {value}\n{blanks}       - y\n{blanks}    name: {name}\n"),
                    _ => format!("{blanks}- {{name: {name}, {inner}: {{x: {value}}}}} # {name}\n"),
                };
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the lists look like, they are changed; the editor holds the outcome to what it has to be.
        #[test]
        fn lists_of_any_form_are_changed(
            clusters in list("clusters", "cluster"),
            contexts in list("contexts", "context"),
            others in list("users", "user").prop_filter("not ours", |text| !text.contains("name: shop")),
            name in "[a-d]{1,2}|shop",
        ) {
            let old = format!("{clusters}{contexts}{others}");
            match edit(old.as_bytes(), &entries(&name)) {
                Ok(new) => {
                    let again = edit(new.as_bytes(), &entries(&name)).unwrap();
                    prop_assert_eq!(&new, &again);
                    for comment in old.lines().filter(|line| line.trim_start().starts_with('#')) {
                        prop_assert!(new.lines().any(|line| line == comment), "`{comment}` is lost in\n{new}");
                    }
                }
                Err(Refusal::Taken(_)) => {
                    let taken = format!("name: {name}");
                    prop_assert!(others.contains(&taken));
                }
                Err(refusal) => prop_assert!(false, "{refusal:?}\n{old}"),
            }
        }

        /// Any text comes out whole or is refused.
        #[test]
        fn any_text_is_changed_or_refused(text in "(clusters|users|contexts|name|:|: |\\[\\]|\n|- |-|  |#|a|shop|\\||\\{|\\}|&a|\\*a){0,40}") {
            let _: Result<String, Refusal> = edit(text.as_bytes(), &entries("shop"));
        }
    }
}

#[test]
fn values_are_written_as_kubectl_writes_them() {
    let value: Value = json!({"a": {"b": [1, {"c": []}], "d": {}}, "e": null});
    let mut lines = Vec::new();
    yaml::lines(&value, 0, &mut lines);
    assert_eq!(lines, ["a:", "  b:", "  - 1", "  -", "    c: []", "  d: {}", "e: null"]);
}

#[test]
fn the_fuzz_targets_corpus_is_changed_or_refused() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/kubeconfig");
    let files = std::fs::read_dir(&folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let changed = files.filter_map(|bytes| edit(&bytes, &entries("shop")).ok()).inspect(|text| {
        assert_eq!(&edit(text.as_bytes(), &entries("shop")).unwrap(), text, "once more, nothing changes");
    });
    assert!(changed.count() >= 4, "the corpus holds no kubeconfigs");
}
