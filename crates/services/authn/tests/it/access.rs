//! SubjectAccessReviews.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use ringwall_authn::sources::{Places, SourceKind, access_entries};
use ringwall_authn::{PASS, Settings};
use ringwall_model::Secret;
use serde_json::{Value as Json, json};

use crate::aws::Aws;
use crate::support::{Webhook, body, role, session, settings};

const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

struct Cluster {
    aws: Aws,
    webhook: Webhook,
}

async fn cluster() -> Cluster {
    let aws = Aws::default();
    for name in ["view", "admin", "bare", "odd", "scoped"] {
        let made = (role(name), format!("AROA{}", name.to_uppercase()), "2025-12-01T00:00:00Z".to_owned());
        aws.change(|world| drop(world.roles.insert(name.to_owned(), made)));
    }
    let whole = json!({"type": "cluster", "namespaces": []});
    aws.entry(&role("view"), "view:{{SessionName}}", &[("AmazonEKSViewPolicy", whole.clone())]);
    aws.entry(&role("admin"), "admin", &[("AmazonEKSClusterAdminPolicy", whole.clone())]);
    aws.entry(&role("odd"), "odd", &[("AmazonEKSComputePolicy", whole)]);
    aws.entry(
        &role("scoped"),
        "scoped",
        &[("AmazonEKSAdminPolicy", json!({"type": "namespace", "namespaces": ["dev-*", "shop"]}))],
    );
    aws.entry(&role("bare"), "bare", &[]);
    let entries = access_entries::Settings {
        cluster: "shop".to_owned(),
        every: Duration::from_millis(50),
        refresh_within: Duration::from_secs(1),
        copy: None,
    };
    let places = Places { access_entries: entries, ..Places::default() };
    let sources = vec![SourceKind::AccessEntries.into()];
    let pass_keys = vec![Secret::new(vec![7; 32])];
    let client = aws.start();
    let webhook = Webhook::start(Settings { sources, places, pass_keys, ..settings() }, |parts| {
        parts.aws = Some(client)
    });
    webhook.until("the entries are known", async |it| it.authn.waits_for().is_none()).await;
    Cluster { aws, webhook }
}

impl Cluster {
    /// The user that authentication makes of a role's session, with the group that the apiserver adds.
    async fn user(&self, name: &str) -> Json {
        let (status, body) = self.webhook.review(&session(name, "ann")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let mut user = body["status"]["user"].clone();
        user["groups"].as_array_mut().unwrap().push(json!("system:authenticated"));
        user
    }

    async fn ask(&self, user: &Json, about: Json) -> Json {
        let mut spec = json!({"user": user["username"], "groups": user["groups"], "uid": user["uid"], "extra": user["extra"]});
        for (key, value) in about.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let review =
            json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec});
        let answer = self.webhook.post("/authorize", &review).await;
        assert_eq!(answer.status, StatusCode::OK);
        let body = body(&answer);
        assert_eq!((&body["apiVersion"], &body["kind"]), (&review["apiVersion"], &review["kind"]));
        body["status"].clone()
    }
}

fn resource(verb: &str, resource: &str, namespace: &str) -> Json {
    json!({"resourceAttributes": {"verb": verb, "group": "", "version": "v1", "resource": resource, "namespace": namespace}})
}

fn no_opinion() -> Json {
    json!({"allowed": false})
}

#[tokio::test]
async fn policies_allow_with_the_reason_and_have_no_opinion_otherwise() {
    let cluster = cluster().await;
    let view = cluster.user("view").await;
    let reason = format!(
        "EKS Access Policy: allowed by ClusterRoleBinding \"{}+{VIEW}\" of ClusterRole \"{VIEW}\" to User \"AROAVIEW\"",
        role("view")
    );
    assert_eq!(
        cluster.ask(&view, resource("list", "pods", "any")).await,
        json!({"allowed": true, "reason": reason})
    );
    assert_eq!(cluster.ask(&view, resource("delete", "pods", "any")).await, no_opinion());
    assert_eq!(cluster.ask(&view, resource("get", "secrets", "any")).await, no_opinion());
    let admin = cluster.user("admin").await;
    let path = json!({"nonResourceAttributes": {"path": "/metrics", "verb": "get"}});
    assert_eq!(cluster.ask(&admin, path.clone()).await["allowed"], json!(true));
    assert_eq!(cluster.ask(&view, path).await, no_opinion());
    let bare = cluster.user("bare").await;
    assert_eq!(cluster.ask(&bare, resource("list", "pods", "any")).await, no_opinion());
    // Rules that are not published allow nothing, and it is said.
    let odd = cluster.user("odd").await;
    let status = cluster.ask(&odd, resource("list", "pods", "any")).await;
    assert_eq!((&status["allowed"], status.get("denied")), (&json!(false), None));
    assert!(status["evaluationError"].as_str().unwrap().contains("rules are not known"), "{status}");
    let metrics = cluster.webhook.metrics();
    assert!(metrics.contains("access_reviews_total{result=\"allowed\"} 2"), "{metrics}");
}

#[tokio::test]
async fn a_scope_holds_in_its_namespaces_alone() {
    let cluster = cluster().await;
    let scoped = cluster.user("scoped").await;
    let allowed = async |about: Json| cluster.ask(&scoped, about).await["allowed"] == json!(true);
    for (namespace, expected) in
        [("shop", true), ("dev-a", true), ("dev", false), ("shops", false), ("", false)]
    {
        assert_eq!(allowed(resource("create", "pods", namespace)).await, expected, "{namespace}");
    }
    assert!(!allowed(resource("list", "nodes", "")).await);
    let status = cluster.ask(&scoped, resource("create", "pods", "dev-a")).await;
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy";
    let reason = format!(
        "EKS Access Policy: allowed by RoleBinding \"{}+{policy}/dev-a\" of ClusterRole \"{policy}\" to User \"AROASCOPED\"",
        role("scoped")
    );
    assert_eq!(status["reason"], json!(reason));
}

#[tokio::test]
async fn both_versions_are_answered() {
    let cluster = cluster().await;
    let view = cluster.user("view").await;
    let ask = async |version: &str, groups: &str| {
        let mut review = json!({"apiVersion": version, "kind": "SubjectAccessReview", "spec": resource("list", "pods", "x")});
        review["spec"]["user"] = view["username"].clone();
        review["spec"]["uid"] = view["uid"].clone();
        review["spec"]["extra"] = view["extra"].clone();
        review["spec"][groups] = view["groups"].clone();
        let answer = body(&cluster.webhook.post("/authorize", &review).await);
        assert_eq!(answer["apiVersion"], json!(version));
        answer["status"]["allowed"].clone()
    };
    assert_eq!(ask("authorization.k8s.io/v1", "groups").await, json!(true));
    assert_eq!(ask("authorization.k8s.io/v1beta1", "group").await, json!(true));
    assert_eq!(ask("authorization.k8s.io/v1", "group").await, json!(false), "v1beta1's name of the field");
}

#[tokio::test]
async fn what_is_forged_earns_nothing() {
    let cluster = cluster().await;
    let admin = cluster.user("admin").await;
    let view = cluster.user("view").await;
    let about = || resource("delete", "pods", "shop");
    assert_eq!(cluster.ask(&admin, about()).await["allowed"], json!(true));
    let change = |change: &dyn Fn(&mut Json)| {
        let mut user = admin.clone();
        change(&mut user);
        user
    };
    let forged = [
        // Everything but the pass: what an impersonator of user, groups and uid has, were he to know all fields.
        change(&|user| drop(user["extra"].as_object_mut().unwrap().remove(PASS))),
        change(&|user| user["extra"] = json!({})),
        change(&|user| user["extra"][PASS] = json!([])),
        change(&|user| user["extra"][PASS] = json!([""])),
        change(&|user| user["extra"][PASS] = json!(["1.9999999999.QUFB.QUFB"])),
        // The pass of somebody else.
        change(&|user| user["extra"][PASS] = view["extra"][PASS].clone()),
        change(&|user| user["extra"][PASS] = json!([view["extra"][PASS][0], admin["extra"][PASS][0]])),
        // The pass, and not all that it is bound to.
        change(&|user| user["username"] = json!("other")),
        change(&|user| user["uid"] = json!("")),
        change(&|user| user["groups"].as_array_mut().unwrap().push(json!("system:masters"))),
        change(&|user| user["groups"] = json!(["system:authenticated"])),
    ];
    for user in forged {
        let status = cluster.ask(&user, about()).await;
        assert_eq!((&status["allowed"], status.get("denied")), (&json!(false), None), "{user}: {status}");
    }
    // The fields that are not of the pass earn nothing, and cost nothing: they are for audit.
    let user = change(&|user| user["extra"]["arn"] = json!(["arn:aws:iam::111122223333:role/other"]));
    assert_eq!(cluster.ask(&user, about()).await["allowed"], json!(true));
}

#[tokio::test]
async fn nobody_may_impersonate_the_pass() {
    let cluster = cluster().await;
    let admin = cluster.user("admin").await;
    let ask = async |verb: &str, resource: &str, subresource: &str| {
        let attributes = json!({"verb": verb, "group": "authentication.k8s.io", "version": "v1", "resource": resource,
            "subresource": subresource, "name": "x"});
        cluster.ask(&admin, json!({"resourceAttributes": attributes})).await
    };
    for verb in ["impersonate", "impersonate:user-info", "impersonate:associated-node"] {
        for key in [PASS, &PASS.to_uppercase()] {
            let status = ask(verb, "userextras", key).await;
            assert_eq!(
                (&status["allowed"], &status["denied"]),
                (&json!(false), &json!(true)),
                "{verb} {key}"
            );
        }
    }
    assert_eq!(ask("impersonate", "userextras", "arn").await["allowed"], json!(true), "admin may all else");
    assert_eq!(ask("impersonate", "users", "").await["allowed"], json!(true));
}

#[tokio::test]
async fn policies_are_those_of_now() {
    let cluster = cluster().await;
    let user = cluster.user("view").await;
    let allowed =
        async |it: &Cluster| it.ask(&user, resource("list", "pods", "x")).await["allowed"] == json!(true);
    assert!(allowed(&cluster).await);
    cluster.aws.entry(&role("view"), "view:{{SessionName}}", &[]);
    cluster.webhook.until("the policy is taken away", async |_| !allowed(&cluster).await).await;
    cluster.aws.entry(
        &role("view"),
        "view:{{SessionName}}",
        &[("AmazonEKSViewPolicy", json!({"type": "cluster"}))],
    );
    cluster.webhook.until("the policy is given back", async |_| allowed(&cluster).await).await;
    cluster.aws.change(|world| drop(world.entries.remove(&role("view"))));
    cluster.webhook.until("the entry is gone", async |_| !allowed(&cluster).await).await;
    let admin = cluster.user("admin").await;
    cluster.webhook.clock.fetch_add(299, Ordering::SeqCst);
    assert_eq!(cluster.ask(&admin, resource("list", "pods", "x")).await["allowed"], json!(true));
    cluster.webhook.clock.fetch_add(1, Ordering::SeqCst);
    assert_eq!(
        cluster.ask(&admin, resource("list", "pods", "x")).await["allowed"],
        json!(false),
        "the pass has ended"
    );
}

#[tokio::test]
async fn a_review_has_one_object() {
    let cluster = cluster().await;
    for spec in [
        json!({}),
        json!({"resourceAttributes": {}, "nonResourceAttributes": {}}),
        json!({"resourceAttributes": 3}),
    ] {
        let review =
            json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec});
        assert_eq!(
            cluster.webhook.post("/authorize", &review).await.status,
            StatusCode::BAD_REQUEST,
            "{spec}"
        );
    }
}
