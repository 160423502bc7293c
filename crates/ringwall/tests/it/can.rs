use crate::snapshot::Asked;

/// Status and first line of the answer.
fn check(question: &str, status: i32, first: &str) {
    let said = Asked::about_shop().run("can", question);
    assert_eq!(said.status, status, "{said:?}");
    assert_eq!(said.stdout.lines().next().unwrap_or_default(), first, "{said:?}");
}

#[test]
fn a_service_account_by_its_role() {
    check(
        "--as shop/checkout get secrets/db -n shop",
        0,
        "yes  serviceaccount shop/checkout can get secrets named db in namespace shop",
    );
    check(
        "--as system:serviceaccount:shop:checkout get secrets -n shop",
        1,
        "no  serviceaccount shop/checkout cannot get secrets in namespace shop",
    );
}

#[test]
fn the_proof_names_object_rule_file_and_line() {
    let said = Asked::about_shop().run("can", "--as shop/checkout get secrets/db -n shop --output json");
    let json = said.json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["decision"], "allowed");
    assert_eq!(json["not_evaluated"], serde_json::json!([]));
    let reasons = json["reasons"].as_array().unwrap();
    assert_eq!(reasons[0]["object"]["kind"], "RoleBinding");
    assert_eq!((&reasons[0]["file"], &reasons[0]["line"]), (&"kubernetes/shop.yaml".into(), &26.into()));
    assert_eq!(reasons[1]["object"]["name"], "reader");
    assert_eq!(reasons[1]["object"]["namespace"], "shop");
    assert_eq!(reasons[1]["rule"]["index"], 0);
    assert_eq!(reasons[1]["line"], 18);
    assert_eq!(reasons[1]["ring"], "authorization");
}

#[test]
fn resources_as_kubectl_takes_them() {
    for resource in ["pods", "pod", "po", "Pod", "pods.v1."] {
        let said = Asked::about_shop().run("can", &format!("--as group:devs list {resource} -n shop"));
        assert_eq!(said.status, 0, "{resource}: {said:?}");
    }
    check(
        "--as group:devs create pods/exec -n shop",
        0,
        "yes  group devs can create pods/exec in namespace shop",
    );
    check(
        "--as group:devs create pods/web-1/exec -n shop",
        0,
        "yes  group devs can create pods/exec named web-1 in namespace shop",
    );
    check("--as scraper get /metrics", 0, "yes  user scraper can get /metrics");
    check("--as scraper get /metrics/x", 1, "no  user scraper cannot get /metrics/x");
    check(
        "--as group:devs patch deployments.apps/web -n shop",
        1,
        "no  group devs cannot patch deployments.apps named web in namespace shop",
    );
}

#[test]
fn a_field_selector_is_a_name_for_list_and_watch_alone() {
    let asked = Asked::about_shop();
    let said = asked.run("can", "--as shop/checkout list secrets --field-selector metadata.name=db -n shop");
    assert_eq!(said.status, 1, "the rule has get alone: {said:?}");
    let said = asked.run("can", "--as shop/checkout get secrets --field-selector metadata.name=db -n shop");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("a field selector does not narrow `get`"), "{said:?}");
}

#[test]
fn an_iam_role_through_its_mapping() {
    let role = "--as arn:aws:iam::111122223333:role/Dev";
    let said = Asked::about_shop().run("can", &format!("{role} list pods -n shop --output json"));
    assert_eq!(said.status, 0, "{said:?}");
    let json = said.json();
    let files: Vec<&str> =
        json["reasons"].as_array().unwrap().iter().map(|r| r["ring"].as_str().unwrap()).collect();
    assert_eq!(files, ["identity", "authorization", "authorization"]);
}

#[test]
fn a_role_that_nothing_names_may_have_made_the_cluster() {
    let nobody = "--as arn:aws:iam::111122223333:role/Nobody list pods -n shop";
    // In CONFIG_MAP mode the creator's rights are visible nowhere, so that a plain "no" would be a guess.
    let said = Asked::about_shop().run("can", nobody);
    assert_eq!(said.status, 3);
    assert!(said.stdout.contains("not evaluated: the principal that created the cluster"), "{said:?}");

    let mode = "name: shop\nauthenticationMode: API_AND_CONFIG_MAP\n";
    let files = [
        ("cluster.yaml", mode),
        ("kubernetes/a.yaml", crate::snapshot::SHOP),
        ("aws/list.json", r#"{"accessEntries": []}"#),
    ];
    let said = Asked::about(&files).run("can", nobody);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stdout.contains("neither an access entry nor aws-auth names"), "{said:?}");
}

#[test]
fn a_name_that_the_session_chooses_is_no_denial() {
    let binding = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: one}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: User, name: 'dev:ann', apiGroup: rbac.authorization.k8s.io}]
";
    let cluster = "name: shop\nauthenticationMode: CONFIG_MAP\n";
    let files = [
        ("cluster.yaml", cluster),
        ("kubernetes/a.yaml", crate::snapshot::SHOP),
        ("kubernetes/b.yaml", binding),
    ];
    let asked = Asked::about(&files);
    let role = asked.run("can", "--as arn:aws:iam::111122223333:role/Dev delete nodes");
    assert_eq!(role.status, 3, "{role:?}");
    assert!(role.stdout.starts_with("unknown"), "{role:?}");
    let session = asked.run("can", "--as arn:aws:sts::111122223333:assumed-role/Dev/ann delete nodes");
    assert_eq!(session.status, 0, "{session:?}");
    let other = asked.run("can", "--as arn:aws:sts::111122223333:assumed-role/Dev/ben delete nodes");
    assert_eq!(other.status, 1, "{other:?}");
}

#[test]
fn a_denial_across_namespaces_tells_where_it_is_allowed() {
    let said = Asked::about_shop().run("can", "--as group:devs list pods");
    assert_eq!(said.status, 1);
    assert!(said.stdout.contains("allowed in the namespaces shop: ask with -n"), "{said:?}");
}

#[test]
fn the_same_input_gives_the_same_bytes_and_no_colour_in_a_pipe() {
    let asked = Asked::about_shop();
    let first = asked.run("assess", "");
    assert_eq!(first.stdout, asked.run("assess", "").stdout);
    assert!(!first.stdout.contains('\u{1b}'));
    assert!(asked.run("assess", "--color always").stdout.contains('\u{1b}'));
}
