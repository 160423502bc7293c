//! Pod Identity: from a service account's token to the credentials of its role.

use http::Method;
use ringwall_aws::{ClusterRegistration, register_cluster};
use serde_json::{Value, json};

use crate::eks::{encode, join_all, rest};
use crate::harness::{ACCOUNT, Client, Harness, OTHER, REGION, Reply, policy};
use crate::issuer::{Issuer, Key, claims, with};
use crate::sts::{role, statements};
use crate::sts_trail::of;

const AUDIENCE: &str = "pods.eks.amazonaws.com";
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
const ASSOCIATIONS: &str = "/clusters/prod/pod-identity-associations";

/// Registers a cluster in the first account.
async fn register(harness: &Harness, name: &str, issuer: &str, keys: Option<&Key>) {
    let cluster = ClusterRegistration {
        name: name.to_owned(),
        issuer: issuer.to_owned(),
        keys: keys.map(|key| key.set().to_string()),
        ..ClusterRegistration::default()
    };
    register_cluster(harness.store(), ACCOUNT, REGION, &cluster, harness.now()).await.unwrap();
}

/// An installation with the cluster `prod`, whose keys are registered.
async fn installation(key: &Key) -> Harness {
    let harness = Harness::new().await;
    register(&harness, "prod", ISSUER, Some(key)).await;
    harness
}

/// A trust policy for EKS, under conditions.
fn pods(actions: Value, condition: Value) -> Value {
    statements(json!([
        { "Effect": "Allow", "Principal": { "Service": AUDIENCE }, "Action": actions, "Condition": condition },
    ]))
}

fn both() -> Value {
    json!(["sts:AssumeRole", "sts:TagSession"])
}

async fn associate(client: &Client<'_>, role: &str, more: Value) -> Reply {
    let mut input = json!({ "namespace": "shop", "serviceAccount": "checkout", "roleArn": role });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rest(client, Method::POST, ASSOCIATIONS, Some(input)).await
}

async fn assume(client: &Client<'_>, cluster: &str, token: &str) -> Reply {
    let path = format!("/clusters/{cluster}/assume-role-for-pod-identity");
    client.rest("eks-auth", Method::POST, &path, Some(json!({ "token": token }))).await
}

fn session<'h>(client: &Client<'h>, reply: &Reply) -> Client<'h> {
    let given = &reply.ok()["credentials"];
    client.session(&json!({
        "AccessKeyId": given["accessKeyId"],
        "SecretAccessKey": given["secretAccessKey"],
        "SessionToken": given["sessionToken"],
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_gets_the_role_of_its_service_account() {
    let key = Key::new("cluster-1");
    let harness = installation(&key).await;
    let admin = harness.admin();
    let node = admin
        .user(
            "node",
            Some(policy(
                "Allow",
                "eks-auth:AssumeRoleForPodIdentity",
                &format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"),
            )),
        )
        .await;
    let tagged = statements(json!([
        { "Effect": "Allow", "Action": "iam:GetUser", "Resource": "arn:aws:iam::*:user/${aws:PrincipalTag/kubernetes-namespace}" },
        { "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": { "StringEquals": {
            "aws:PrincipalTag/eks-cluster-name": "prod",
            "aws:PrincipalTag/eks-cluster-arn": format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"),
            "aws:PrincipalTag/kubernetes-service-account": "checkout",
            "aws:PrincipalTag/kubernetes-pod-name": "checkout-7f9c-x2x",
            "aws:PrincipalTag/kubernetes-pod-uid": "1c5e0b1a-93a2-4a54-8d7e-2b8c6a0f7d33",
        } } },
    ]));
    let shop = role(&admin, "shop", &pods(both(), json!({})), Some(tagged)).await;
    admin.call("iam", "CreateUser", json!({ "UserName": "shop" })).await.ok();
    let token = key.sign(&claims(ISSUER, AUDIENCE, harness.now() / 1000));
    assert_eq!(assume(&node, "prod", &token).await.code(), "ResourceNotFoundException");
    let made = associate(&admin, &shop, json!({})).await;
    let association = made.ok()["association"].clone();
    let reply = assume(&node, "prod", &token).await;
    let value = reply.ok();
    assert_eq!(value["subject"], json!({ "namespace": "shop", "serviceAccount": "checkout" }));
    assert_eq!(value["audience"], AUDIENCE);
    assert_eq!(value["podIdentityAssociation"]["associationArn"], association["associationArn"]);
    let arn = value["assumedRoleUser"]["arn"].as_str().unwrap().to_owned();
    assert!(
        arn.starts_with(&format!("arn:aws:sts::{ACCOUNT}:assumed-role/shop/eks-prod-checkout-")),
        "{arn}"
    );
    assert!(arn.rsplit_once('/').unwrap().1.len() <= 64);

    let harness = harness.restart().await;
    let admin = harness.admin();
    let pod = session(&admin, &reply);
    assert_eq!(pod.call("sts", "GetCallerIdentity", json!({})).await.ok()["Arn"], arn);
    pod.call("iam", "GetUser", json!({ "UserName": "shop" })).await.ok();
    pod.call("iam", "GetUser", json!({ "UserName": "administrator" }))
        .await
        .denied("no identity-based policy");
    pod.call("iam", "ListUsers", json!({})).await.ok();

    let records = harness.records(ACCOUNT).await;
    let begun = of(&records, "AssumeRoleForPodIdentity");
    let [missing, begun] = begun.as_slice() else { panic!("{begun:?}") };
    assert_eq!(missing["errorCode"], "ResourceNotFoundException");
    assert_eq!(begun["eventSource"], "eks-auth.amazonaws.com");
    assert_eq!(begun["userIdentity"]["userName"], "node");
    assert_eq!(
        begun["requestParameters"],
        json!({ "clusterName": "prod", "token": "HIDDEN_DUE_TO_SECURITY_REASONS" })
    );
    assert_eq!(begun["responseElements"]["credentials"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    let arns: Vec<&Value> =
        begun["resources"].as_array().unwrap().iter().map(|resource| &resource["ARN"]).collect();
    assert_eq!(arns, [&json!(shop), &association["associationArn"]]);
    let kept = harness.bytes().await;
    for secret in [
        &token,
        reply.ok()["credentials"]["secretAccessKey"].as_str().unwrap(),
        reply.ok()["credentials"]["sessionToken"].as_str().unwrap(),
    ] {
        let piece = &secret.as_bytes()[secret.len() - 24..];
        assert!(!kept.windows(piece.len()).any(|window| window == piece));
    }
    // The association gone, no new session begins.
    let path = format!("{ASSOCIATIONS}/{}", association["associationId"].as_str().unwrap());
    rest(&admin, Method::DELETE, &path, None).await.ok();
    assert_eq!(assume(&admin, "prod", &token).await.code(), "ResourceNotFoundException");
    assert_eq!(rest(&admin, Method::GET, &path, None).await.code(), "ResourceNotFoundException");
    associate(&admin, &shop, json!({})).await.ok();
    assume(&admin, "prod", &token).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_learns_nothing_and_no_token_is_taken_for_another() {
    let (key, other) = (Key::new("cluster-1"), Key::new("cluster-1"));
    let harness = installation(&key).await;
    let admin = harness.admin();
    register(&harness, "test", ISSUER, Some(&other)).await;
    let shop = role(&admin, "shop", &pods(both(), json!({})), None).await;
    associate(&admin, &shop, json!({})).await.ok();
    let now = harness.now() / 1000;
    let good = claims(ISSUER, AUDIENCE, now);
    let token = key.sign(&good);
    let nobody = admin.user("nobody", None).await;
    for cluster in ["prod", "missing"] {
        assume(&nobody, cluster, &token).await.denied("no identity-based policy");
    }
    let denied = admin.user("denied", Some(statements(json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "eks-auth:*", "Resource": format!("arn:aws:eks:*:{ACCOUNT}:cluster/prod") },
    ])))).await;
    assume(&denied, "prod", &token).await.denied("explicit deny");
    // Another account's and another region's `prod` are others.
    assert_eq!(assume(&harness.other(), "prod", &token).await.code(), "ResourceNotFoundException");
    assert_eq!(
        assume(&admin.clone().in_region("us-west-2"), "prod", &token).await.code(),
        "ResourceNotFoundException"
    );

    let mut unbound = good["kubernetes.io"].clone();
    unbound.as_object_mut().unwrap().remove("pod");
    let mut moved = good["kubernetes.io"].clone();
    moved["namespace"] = json!("kube-system");
    let invalid = "InvalidTokenException";
    let changed = |changes: Value| key.sign(&with(&good, &changes));
    let cases = [
        ("audience", "prod", changed(json!({ "aud": ["sts.amazonaws.com"] })), invalid),
        ("expired", "prod", changed(json!({ "exp": now - 1 })), "ExpiredTokenException"),
        ("not yet", "prod", changed(json!({ "nbf": now + 3600 })), invalid),
        ("issuer", "prod", changed(json!({ "iss": "https://example.com" })), invalid),
        ("another's key", "prod", other.sign(&good), invalid),
        ("another cluster", "test", token.clone(), invalid),
        ("unbound", "prod", changed(json!({ "kubernetes.io": unbound })), invalid),
        ("no pod's", "prod", changed(json!({ "kubernetes.io": null })), invalid),
        ("two accounts", "prod", changed(json!({ "kubernetes.io": moved })), invalid),
        ("subject", "prod", changed(json!({ "sub": "system:serviceaccount:shop:cart" })), invalid),
        ("no signature", "prod", format!("{}.AA", token.rsplit_once('.').unwrap().0), invalid),
    ];
    for (what, cluster, token, code) in cases {
        assert_eq!(assume(&admin, cluster, &token).await.code(), code, "{what}");
    }
    assert_eq!(assume(&admin, "prod", "no token").await.status, 400);
    assume(&admin, "prod", &token).await.ok();
    // The service account next door has no association.
    let mut cart = good["kubernetes.io"].clone();
    cart["serviceaccount"]["name"] = json!("cart");
    let cart = changed(json!({ "sub": "system:serviceaccount:shop:cart", "kubernetes.io": cart }));
    assert_eq!(assume(&admin, "prod", &cart).await.code(), "ResourceNotFoundException");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_trust_policy_decides() {
    let key = Key::new("cluster-1");
    let harness = installation(&key).await;
    let admin = harness.admin();
    let token = key.sign(&claims(ISSUER, AUDIENCE, harness.now() / 1000));
    let cluster = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod");
    let source = |account: &str, arn: &str| json!({ "StringEquals": { "aws:SourceAccount": account }, "ArnEquals": { "aws:SourceArn": arn } });
    let tags =
        |namespace: &str| json!({ "StringEquals": { "aws:RequestTag/kubernetes-namespace": namespace } });
    let aws = statements(json!([{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:*" }]));
    let other = statements(
        json!([{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:*" }]),
    );
    let cases = [
        ("good", pods(both(), source(ACCOUNT, &cluster)), None),
        ("tagged", pods(both(), tags("shop")), None),
        ("account", pods(both(), source(OTHER, &cluster)), Some("sts:AssumeRole")),
        ("cluster", pods(both(), source(ACCOUNT, &cluster.replace("prod", "test"))), Some("sts:AssumeRole")),
        ("namespace", pods(both(), tags("kube-system")), Some("sts:AssumeRole")),
        ("untagged", pods(json!("sts:AssumeRole"), json!({})), Some("sts:TagSession")),
        ("service", other, Some("sts:AssumeRole")),
        ("aws", aws, None),
    ];
    for (name, trust, refused) in cases {
        let arn = role(&admin, name, &trust, None).await;
        let made = associate(&admin, &arn, json!({})).await;
        let id = made.ok()["association"]["associationId"].as_str().unwrap().to_owned();
        let reply = assume(&admin, "prod", &token).await;
        match refused {
            None if name == "aws" => {
                assert!(reply.status == 200 || reply.code() == "AccessDeniedException", "{}", reply.text)
            }
            None => {
                reply.ok();
            }
            Some(action) => {
                reply.denied(&format!(
                    "Service: {AUDIENCE} is not authorized to perform: {action} on resource: {arn}"
                ));
                reply.denied("no role trust policy");
            }
        }
        rest(&admin, Method::DELETE, &format!("{ASSOCIATIONS}/{id}"), None).await.ok();
    }
    let records = harness.records(ACCOUNT).await;
    let refused: Vec<&Value> = of(&records, "AssumeRoleForPodIdentity")
        .into_iter()
        .filter(|record| record["errorCode"] == "AccessDenied")
        .collect();
    assert_eq!(refused[0]["additionalEventData"]["decision"]["action"], "sts:AssumeRole");
    // Without tags nobody has to allow them.
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/untagged");
    associate(&admin, &arn, json!({ "disableSessionTags": true })).await.ok();
    assume(&admin, "prod", &token).await.ok();
    // A role that is gone gives nothing.
    admin.call("iam", "DeleteRole", json!({ "RoleName": "untagged" })).await.ok();
    assert_eq!(assume(&admin, "prod", &token).await.code(), "ResourceNotFoundException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_role_in_another_account_knows_whose_pods_ask() {
    let key = Key::new("cluster-1");
    let harness = installation(&key).await;
    let (admin, other) = (harness.admin(), harness.other());
    let token = key.sign(&claims(ISSUER, AUDIENCE, harness.now() / 1000));
    let may = policy("Allow", "sts:*", "*");
    let first = role(&admin, "first", &pods(both(), json!({})), Some(may)).await;
    let external = format!("{REGION}/{ACCOUNT}/prod/shop/checkout");
    let trust = |id: &str| {
        statements(json!([{
            "Effect": "Allow", "Principal": { "AWS": first }, "Action": both(),
            "Condition": { "StringEquals": { "sts:ExternalId": id, "aws:RequestTag/eks-cluster-name": "prod" } },
        }]))
    };
    let target = role(&other, "target", &trust(&external), Some(policy("Allow", "iam:*", "*"))).await;
    let closed = role(&other, "closed", &trust(&external.replace("checkout", "cart")), None).await;
    let made = associate(&admin, &first, json!({ "targetRoleArn": target })).await;
    assert_eq!(made.ok()["association"]["externalId"], external);
    let one = format!("{ASSOCIATIONS}/{}", made.ok()["association"]["associationId"].as_str().unwrap());
    let reply = assume(&admin, "prod", &token).await;
    assert!(
        reply.ok()["assumedRoleUser"]["arn"]
            .as_str()
            .unwrap()
            .contains(&format!("::{OTHER}:assumed-role/target/eks-prod-"))
    );
    session(&other, &reply).call("iam", "ListUsers", json!({})).await.ok();
    harness.pass(3600);
    assert_eq!(session(&other, &reply).call("iam", "ListUsers", json!({})).await.code(), "ExpiredToken");
    let token = key.sign(&claims(ISSUER, AUDIENCE, harness.now() / 1000));
    // Both accounts keep a record, and the owner of the target learns who.
    let (own, foreign) = (harness.records(ACCOUNT).await, harness.records(OTHER).await);
    let (here, there) =
        (of(&own, "AssumeRoleForPodIdentity")[0], of(&foreign, "AssumeRoleForPodIdentity")[0]);
    assert!(here["sharedEventID"].is_string());
    assert_eq!(here["sharedEventID"], there["sharedEventID"]);
    assert_eq!(
        (&there["userIdentity"]["type"], &there["userIdentity"]["accountId"]),
        (&json!("AWSAccount"), &json!(ACCOUNT))
    );

    let update = async |body: Value| rest(&admin, Method::POST, &one, Some(body)).await;
    update(json!({ "targetRoleArn": closed })).await.ok();
    assume(&admin, "prod", &token).await.denied("no role trust policy allows the sts:AssumeRole action");
    // The first role has to be allowed too.
    update(json!({ "targetRoleArn": target })).await.ok();
    assume(&admin, "prod", &token).await.ok();
    admin.call("iam", "DeleteRolePolicy", json!({ "RoleName": "first", "PolicyName": "inline" })).await.ok();
    assume(&admin, "prod", &token).await.denied("no identity-based policy allows the sts:AssumeRole action");
    // An empty text takes the target away.
    let updated = update(json!({ "targetRoleArn": "" })).await;
    assert_eq!(updated.ok()["association"]["targetRoleArn"], Value::Null);
    let reply = assume(&admin, "prod", &token).await;
    assert!(reply.ok()["assumedRoleUser"]["arn"].as_str().unwrap().contains("assumed-role/first/"));
    assert_eq!(update(json!({ "targetRoleArn": "target" })).await.code(), "InvalidParameterException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_policy_takes_the_place_of_tags() {
    let key = Key::new("cluster-1");
    let harness = installation(&key).await;
    let admin = harness.admin();
    let token = key.sign(&claims(ISSUER, AUDIENCE, harness.now() / 1000));
    let may = statements(
        json!([{ "Effect": "Allow", "Action": ["iam:ListUsers", "iam:ListRoles"], "Resource": "*" }]),
    );
    let shop = role(&admin, "shop", &pods(both(), json!({})), Some(may)).await;
    let less = policy("Allow", "iam:ListUsers", "*").to_string();
    assert_eq!(associate(&admin, &shop, json!({ "policy": less })).await.code(), "InvalidRequestException");
    let broken = json!({ "policy": "{}", "disableSessionTags": true });
    assert_eq!(associate(&admin, &shop, broken).await.code(), "InvalidParameterException");
    let made = associate(&admin, &shop, json!({ "policy": less, "disableSessionTags": true })).await;
    assert_eq!(made.ok()["association"]["policy"], less);
    let one = format!("{ASSOCIATIONS}/{}", made.ok()["association"]["associationId"].as_str().unwrap());
    let pod = session(&admin, &assume(&admin, "prod", &token).await);
    pod.call("iam", "ListUsers", json!({})).await.ok();
    pod.call("iam", "ListRoles", json!({})).await.denied("no session policy");
    let update = async |body: Value| rest(&admin, Method::POST, &one, Some(body)).await;
    assert_eq!(update(json!({ "disableSessionTags": false })).await.code(), "InvalidRequestException");
    update(json!({ "policy": "", "disableSessionTags": false })).await.ok();
    let pod = session(&admin, &assume(&admin, "prod", &token).await);
    pod.call("iam", "ListRoles", json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_policy_bounds_the_target_role_and_not_the_way_to_it() {
    let key = Key::new("cluster-1");
    let harness = installation(&key).await;
    let (admin, other) = (harness.admin(), harness.other());
    let token = key.sign(&claims(ISSUER, AUDIENCE, harness.now() / 1000));
    let first = role(&admin, "first", &pods(both(), json!({})), Some(policy("Allow", "sts:*", "*"))).await;
    // Without tags nobody has to allow them, on either role.
    let trust =
        statements(json!([{ "Effect": "Allow", "Principal": { "AWS": first }, "Action": "sts:AssumeRole" }]));
    let may = statements(
        json!([{ "Effect": "Allow", "Action": ["iam:ListUsers", "iam:ListRoles"], "Resource": "*" }]),
    );
    let target = role(&other, "target", &trust, Some(may)).await;
    let less = policy("Allow", "iam:ListUsers", "*").to_string();
    let more = json!({ "targetRoleArn": target, "policy": less, "disableSessionTags": true });
    associate(&admin, &first, more).await.ok();
    let pod = session(&other, &assume(&admin, "prod", &token).await);
    pod.call("iam", "ListUsers", json!({})).await.ok();
    pod.call("iam", "ListRoles", json!({})).await.denied("no session policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn associations_are_one_a_service_account_and_need_the_role_to_be_passed() {
    let key = Key::new("cluster-1");
    let harness = installation(&key).await;
    let admin = harness.admin();
    let shop = role(&admin, "shop", &pods(both(), json!({})), None).await;
    let cart = role(&admin, "cart", &pods(both(), json!({})), None).await;
    let pass = |service: &str, role: &str| {
        statements(json!([
            { "Effect": "Allow", "Action": "eks:*", "Resource": "*" },
            { "Effect": "Allow", "Action": "iam:PassRole", "Resource": role,
              "Condition": { "StringEquals": { "iam:PassedToService": service } } },
        ]))
    };
    let user = admin.user("user", Some(policy("Allow", "eks:*", "*"))).await;
    let put = async |document: Value| {
        let input =
            json!({ "UserName": "user", "PolicyName": "inline", "PolicyDocument": document.to_string() });
        admin.call("iam", "PutUserPolicy", input).await.ok();
    };
    let denied = "not authorized to perform: iam:PassRole on resource";
    associate(&user, &shop, json!({})).await.denied(denied);
    put(pass("ec2.amazonaws.com", &shop)).await;
    associate(&user, &shop, json!({})).await.denied(denied);
    put(pass(AUDIENCE, &shop)).await;
    associate(&user, &cart, json!({})).await.denied(denied);
    let token = json!({ "clientRequestToken": "one", "tags": { "team": "shop" } });
    let made = associate(&user, &shop, token.clone()).await;
    let association = made.ok()["association"].clone();
    let one = format!("{ASSOCIATIONS}/{}", association["associationId"].as_str().unwrap());
    let update = async |role: &str| rest(&user, Method::POST, &one, Some(json!({ "roleArn": role }))).await;
    update(&cart).await.denied(denied);
    update(&shop).await.ok();
    // Whoever may not pass the role learns nothing of it.
    update(&format!("{shop}-missing")).await.denied(denied);

    assert_eq!(
        associate(&admin, &shop, token).await.ok()["association"]["associationId"],
        association["associationId"]
    );
    for more in [json!({}), json!({ "clientRequestToken": "one" }), json!({ "clientRequestToken": "two" })] {
        assert_eq!(associate(&admin, &shop, more).await.code(), "ResourceInUseException");
    }
    for (role, more) in [
        (format!("{shop}-missing").as_str(), json!({ "serviceAccount": "x" })),
        ("shop", json!({ "serviceAccount": "x" })),
        (&shop, json!({ "serviceAccount": "a/b" })),
        (&shop, json!({ "namespace": "Shop" })),
        (&shop, json!({ "namespace": "x".repeat(64) })),
        (&shop, json!({ "serviceAccount": "x", "targetRoleArn": "target" })),
        (&shop, json!({ "serviceAccount": "x", "tags": { "aws:x": "y" } })),
    ] {
        let reply = associate(&admin, role, more.clone()).await;
        assert_eq!(reply.code(), "InvalidParameterException", "{more}: {}", reply.text);
    }
    // Another account's role can't be passed.
    let foreign = role(&harness.other(), "foreign", &pods(both(), json!({})), None).await;
    associate(&admin, &foreign, json!({ "serviceAccount": "x" })).await.denied(denied);
    // Nor do two who ask at once both get one.
    let more = json!({ "serviceAccount": "raced" });
    let race = (0..8).map(|_| associate(&admin, &cart, more.clone()));
    let outcomes = join_all(race).await;
    assert_eq!(outcomes.iter().filter(|reply| reply.status == 200).count(), 1);
    let won = outcomes.iter().find(|reply| reply.status == 200).unwrap().ok();
    let raced = format!("{ASSOCIATIONS}/{}", won["association"]["associationId"].as_str().unwrap());
    rest(&admin, Method::DELETE, &raced, None).await.ok();
    let list = async |query: &str| {
        let reply = rest(&admin, Method::GET, &format!("{ASSOCIATIONS}{query}"), None).await;
        reply.ok()["associations"].as_array().unwrap().len()
    };
    associate(&admin, &cart, json!({ "serviceAccount": "cart" })).await.ok();
    assert_eq!(
        (list("").await, list("?serviceAccount=cart").await, list("?namespace=none").await),
        (2, 1, 0)
    );
    // Its tags decide, as those of everything.
    let tagged = statements(json!([{ "Effect": "Allow", "Action": "eks:*", "Resource": "*",
        "Condition": { "StringEquals": { "aws:ResourceTag/team": "shop" } } }]));
    put(tagged).await;
    rest(&user, Method::GET, &one, None).await.ok();
    let tags = format!("/tags/{}?tagKeys=team", encode(association["associationArn"].as_str().unwrap()));
    rest(&user, Method::DELETE, &tags, None).await.ok();
    rest(&user, Method::GET, &one, None).await.denied("no identity-based policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_keys_asks_its_issuer() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    settings.allow.push(format!("localhost:{gone}").parse().unwrap());
    let harness = Harness::with(Default::default(), settings).await;
    let admin = harness.admin();
    register(&harness, "prod", &issuer.url, None).await;
    let away = [("away", format!("https://localhost:{gone}")), ("hidden", "https://localhost:1".to_owned())];
    for (name, url) in &away {
        register(&harness, name, url, None).await;
    }
    let shop = role(&admin, "shop", &pods(both(), json!({})), None).await;
    associate(&admin, &shop, json!({})).await.ok();
    let now = harness.now() / 1000;
    assume(&admin, "prod", &issuer.key.sign(&claims(&issuer.url, AUDIENCE, now))).await.ok();
    let forged = Key::new("issuer-1").sign(&claims(&issuer.url, AUDIENCE, now));
    assert_eq!(assume(&admin, "prod", &forged).await.code(), "InvalidTokenException");
    for (name, url) in &away {
        let reply = assume(&admin, name, &issuer.key.sign(&claims(url, AUDIENCE, now))).await;
        assert_eq!((reply.status, reply.code()), (503, "ServiceUnavailableException"), "{}", reply.text);
        assert!(
            reply.message().contains(url) && reply.message().contains("registered with its keys"),
            "{}",
            reply.text
        );
    }
    // A key that a reachable issuer does not have is the token's fault.
    let unknown =
        issuer.key.sign_with(&json!({ "alg": "ES256", "kid": "none" }), &claims(&issuer.url, AUDIENCE, now));
    assert_eq!(assume(&admin, "prod", &unknown).await.code(), "InvalidTokenException");
}
