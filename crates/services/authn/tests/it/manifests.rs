//! What the manifests allow, judged by the project's own engines: all that is called, and nothing else.

use std::path::Path;
use std::sync::Arc;

use ringwall_document::Reader;
use ringwall_model::{Cluster, Source, Tree, User};
use ringwall_rbac::{Authorizer, Question, Target};
use serde_json::{Value as Json, json};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../deploy/manifests/token-webhook");

fn cluster() -> Cluster {
    let folder = tempfile::tempdir().unwrap();
    let manifests = folder.path().join("kubernetes");
    std::fs::create_dir(&manifests).unwrap();
    for file in ["rbac.yaml", "crd.yaml", "static-pod.yaml", "deployment.yaml"] {
        std::fs::copy(Path::new(FOLDER).join(file), manifests.join(file)).unwrap();
    }
    let snapshot = ringwall_snapshot::read(folder.path(), &ringwall_snapshot::Options::default()).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    snapshot.cluster
}

fn documents(file: &str) -> Vec<Tree> {
    let bytes = std::fs::read(Path::new(FOLDER).join(file)).unwrap();
    let mut documents = Vec::new();
    let problems =
        Reader::default().read(&Arc::from(file), &bytes, &mut |document| documents.push(document.tree));
    assert!(problems.is_empty(), "{problems:?}");
    documents
}

#[test]
fn the_roles_allow_what_is_watched_and_nothing_else() {
    let cluster = cluster();
    let authorizer = Authorizer::new(&cluster);
    let group = "iamauthenticator.k8s.aws";
    let needed = [
        ("list", Target::resource("", "configmaps").in_namespace("kube-system").named("aws-auth")),
        ("watch", Target::resource("", "configmaps").in_namespace("kube-system").named("aws-auth")),
        ("list", Target::resource(group, "iamidentitymappings")),
        ("watch", Target::resource(group, "iamidentitymappings")),
    ];
    let refused = [
        ("list", Target::resource("", "configmaps").in_namespace("kube-system")),
        ("get", Target::resource("", "configmaps").in_namespace("default").named("aws-auth")),
        ("update", Target::resource("", "configmaps").in_namespace("kube-system").named("aws-auth")),
        ("patch", Target::resource(group, "iamidentitymappings").named("x")),
        ("create", Target::resource(group, "iamidentitymappings")),
        ("get", Target::resource("", "secrets").in_namespace("kube-system").named("x")),
    ];
    for user in [
        User::service_account("kube-system", "ringwall-token-webhook"),
        User::authenticated("ringwall-token-webhook", Vec::<String>::new()),
    ] {
        let allowed = |verb, target| authorizer.decide(&Question { user: &user, verb, target }).is_allowed();
        for (verb, target) in needed {
            assert!(allowed(verb, target), "{} may not {verb} {target:?}", user.name);
        }
        for (verb, target) in refused {
            assert!(!allowed(verb, target), "{} may {verb} {target:?}", user.name);
        }
    }
    let rules: usize = cluster.roles.iter().map(|role| role.rules.len()).sum();
    assert_eq!(rules, 2, "a rule that no question here is about");
}

#[test]
fn the_policy_allows_what_is_called_and_nothing_else() {
    let policy: Json =
        serde_json::from_slice(&std::fs::read(Path::new(FOLDER).join("iam-policy.json")).unwrap()).unwrap();
    let decide = |action: &str, resource: &str| {
        let question = json!({
            "principal": "arn:aws:iam::111122223333:role/webhook", "action": action, "resource": resource, "context": {},
            "policies": {"identity": [{"name": "webhook", "policy": policy}]},
        });
        let mut trees = Vec::new();
        let problems =
            Reader::default()
                .read(&Arc::from("question"), question.to_string().as_bytes(), &mut |it| trees.push(it.tree));
        assert!(problems.is_empty(), "{problems:?}");
        ringwall_iam::line::answer(&trees[0], &Source::new("question", 1)).decision.name() == "Allowed"
    };
    let eks = |resource: &str| format!("arn:aws:eks:eu-central-1:111122223333:{resource}");
    let entry = eks("access-entry/shop/role/111122223333/dev/5c1a");
    for (action, resource) in [
        ("eks:ListAccessEntries", eks("cluster/shop")),
        ("eks:DescribeAccessEntry", entry.clone()),
        ("eks:ListAssociatedAccessPolicies", entry.clone()),
        ("iam:GetRole", "arn:aws:iam::111122223333:role/team/dev".to_owned()),
        ("iam:GetUser", "arn:aws:iam::111122223333:user/ann".to_owned()),
        ("ec2:DescribeInstances", "*".to_owned()),
    ] {
        assert!(decide(action, &resource), "{action} on {resource}");
    }
    for (action, resource) in [
        ("eks:ListAccessEntries", eks("cluster/other")),
        ("eks:DescribeCluster", eks("cluster/shop")),
        ("eks:CreateAccessEntry", eks("cluster/shop")),
        ("eks:AssociateAccessPolicy", entry.clone()),
        ("eks:DescribeAccessEntry", eks("access-entry/other/role/111122223333/dev/5c1a")),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/dev".to_owned()),
        ("iam:GetRole", "arn:aws:iam::444455556666:role/dev".to_owned()),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/dev".to_owned()),
        ("ec2:TerminateInstances", "*".to_owned()),
    ] {
        assert!(!decide(action, &resource), "{action} on {resource}");
    }
}

#[test]
fn the_authorizers_stand_in_the_order_that_the_denial_needs() {
    let configuration = &documents("authorization-configuration.yaml")[0];
    let authorizers = configuration.list("authorizers");
    let kinds: Vec<_> = authorizers.iter().filter_map(|it| it.str("type")).collect();
    assert_eq!(kinds, ["Node", "Webhook", "RBAC"]);
    let webhook = authorizers[1].get("webhook").unwrap();
    assert_eq!(webhook.str("failurePolicy"), Some("NoOpinion"));
    let condition = webhook.list("matchConditions")[0].str("expression").unwrap();
    assert!(condition.contains(&format!("'{}' in request.extra", ringwall_authn::PASS)), "{condition}");
    for (file, path) in
        [("webhook-kubeconfig.yaml", "/authenticate"), ("access-kubeconfig.yaml", "/authorize")]
    {
        let server = documents(file)[0].list("clusters")[0]
            .at(&["cluster", "server"])
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        assert!(server.ends_with(path), "{server}");
        let defaults = ringwall_authn::Settings::new("shop");
        assert!([defaults.token_path, defaults.access_path].contains(&path.to_owned()));
    }
}

#[test]
fn mappings_of_the_definition_are_those_that_are_watched() {
    let definition = &documents("crd.yaml")[0];
    assert_eq!(definition.at(&["spec", "group"]).unwrap().as_str(), Some("iamauthenticator.k8s.aws"));
    assert_eq!(definition.at(&["spec", "names", "plural"]).unwrap().as_str(), Some("iamidentitymappings"));
    assert_eq!(definition.at(&["spec"]).unwrap().list("versions")[0].str("name"), Some("v1alpha1"));
}
