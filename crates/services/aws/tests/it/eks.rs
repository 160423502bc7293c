//! EKS: clusters, access entries, access policies, tags.

use std::future::Future;
use std::task::Poll;

use http::Method;
use ringwall_aws::{ClusterRegistration, RegisterError, register_cluster, remove_cluster};
use ringwall_store::{Batch, Expect, Place};
use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Client, Harness, REGION, Reply, policy, trust};
use crate::sts::{assume, role, statements};
use crate::sts_trail::of;

pub(crate) const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
pub(crate) const ADMIN: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// A call to EKS: operation, method, path, body.
type Request = (&'static str, Method, String, Option<Value>);

/// An installation with the cluster `prod`.
pub(crate) async fn installation() -> Harness {
    let harness = Harness::new().await;
    register(&harness, "prod").await;
    harness
}

async fn register(harness: &Harness, name: &str) {
    let cluster = ClusterRegistration {
        name: name.to_owned(),
        issuer: format!("https://{name}.example.com"),
        version: Some("1.36".to_owned()),
        ..ClusterRegistration::default()
    };
    register_cluster(harness.store(), ACCOUNT, REGION, &cluster, harness.now()).await.unwrap();
}

pub(crate) fn encode(text: &str) -> String {
    text.replace(':', "%3A").replace('/', "%2F").replace('{', "%7B").replace('*', "%2A")
}

pub(crate) async fn rest(client: &Client<'_>, method: Method, path: &str, body: Option<Value>) -> Reply {
    client.rest("eks", method, path, body).await
}

pub(crate) fn entry(principal: &str) -> String {
    format!("/clusters/prod/access-entries/{}", encode(principal))
}

pub(crate) fn named(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

pub(crate) async fn create(client: &Client<'_>, input: Value) -> Reply {
    rest(client, Method::POST, "/clusters/prod/access-entries", Some(input)).await
}

/// Waits for calls that go on at the same time.
pub(crate) async fn join_all(calls: impl Iterator<Item = impl Future<Output = Reply>>) -> Vec<Reply> {
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    let mut replies: Vec<Option<Reply>> = calls.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (call, reply) in calls.iter_mut().zip(&mut replies) {
            if reply.is_none()
                && let Poll::Ready(ready) = call.as_mut().poll(context)
            {
                *reply = Some(ready);
            }
        }
        if replies.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    replies.into_iter().flatten().collect()
}

/// Replaces the one policy of a user.
pub(crate) async fn put_policy(admin: &Client<'_>, user: &str, document: &Value) {
    let input = json!({ "UserName": user, "PolicyName": "inline", "PolicyDocument": document.to_string() });
    admin.call("iam", "PutUserPolicy", input).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_lives_and_outlives_a_restart() {
    let harness = installation().await;
    let admin = harness.admin();
    let arn = role(&admin, "dev", &trust("*"), None).await;
    let input = json!({
        "principalArn": arn, "kubernetesGroups": ["devs"], "tags": { "team": "shop" }, "clientRequestToken": "one",
    });
    let made = create(&admin, input.clone()).await;
    let made = made.ok()["accessEntry"].clone();
    assert_eq!(made["username"], format!("arn:aws:sts::{ACCOUNT}:assumed-role/dev/{{{{SessionName}}}}"));
    assert_eq!(made["type"], "STANDARD");
    let prefix = format!("arn:aws:eks:{REGION}:{ACCOUNT}:access-entry/prod/role/{ACCOUNT}/dev/");
    assert!(made["accessEntryArn"].as_str().unwrap().starts_with(&prefix));
    // The same again is the same, something else by the same token is not.
    assert_eq!(create(&admin, input).await.ok()["accessEntry"], made);
    for other in [json!({ "clientRequestToken": "one" }), json!({ "kubernetesGroups": ["devs"] })] {
        let mut input = json!({ "principalArn": arn });
        input.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        assert_eq!(create(&admin, input).await.code(), "ResourceInUseException");
    }
    let scope =
        json!({ "policyArn": VIEW, "accessScope": { "type": "namespace", "namespaces": ["shop", "dev-*"] } });
    let policies = format!("{}/access-policies", entry(&arn));
    rest(&admin, Method::POST, &policies, Some(scope)).await.ok();

    let harness = harness.restart().await;
    let admin = harness.admin();
    assert_eq!(rest(&admin, Method::GET, &entry(&arn), None).await.ok()["accessEntry"], made);
    let listed = rest(&admin, Method::GET, &policies, None).await;
    let associated = &listed.ok()["associatedAccessPolicies"];
    assert_eq!(associated[0]["policyArn"], VIEW);
    assert_eq!(associated[0]["accessScope"], json!({ "type": "namespace", "namespaces": ["dev-*", "shop"] }));
    // A policy is once in an entry: the second time changes its scope.
    let wide = json!({ "policyArn": VIEW, "accessScope": { "type": "cluster" } });
    rest(&admin, Method::POST, &policies, Some(wide)).await.ok();
    let listed = rest(&admin, Method::GET, &policies, None).await;
    assert_eq!(listed.ok()["associatedAccessPolicies"].as_array().unwrap().len(), 1);
    assert_eq!(listed.ok()["associatedAccessPolicies"][0]["accessScope"]["type"], "cluster");
    let by = async |policy: &str| {
        let path = format!("/clusters/prod/access-entries?associatedPolicyArn={}", encode(policy));
        rest(&admin, Method::GET, &path, None).await.ok()["accessEntries"].clone()
    };
    assert_eq!((by(VIEW).await, by(ADMIN).await), (json!([arn]), json!([])));
    let update = json!({ "kubernetesGroups": ["viewers"], "username": "dev:{{SessionName}}" });
    rest(&admin, Method::POST, &entry(&arn), Some(update)).await.ok();
    let shown = rest(&admin, Method::GET, &entry(&arn), None).await;
    assert_eq!(shown.ok()["accessEntry"]["kubernetesGroups"], json!(["viewers"]));
    assert_eq!(shown.ok()["accessEntry"]["username"], "dev:{{SessionName}}");
    let one = format!("{policies}/{}", encode(VIEW));
    rest(&admin, Method::DELETE, &one, None).await.ok();
    assert_eq!(rest(&admin, Method::DELETE, &one, None).await.code(), "ResourceNotFoundException");
    rest(&admin, Method::DELETE, &entry(&arn), None).await.ok();
    for reply in [
        rest(&admin, Method::GET, &entry(&arn), None).await,
        rest(&admin, Method::DELETE, &entry(&arn), None).await,
        rest(&admin, Method::GET, &policies, None).await,
        rest(&admin, Method::GET, "/clusters/none", None).await,
        rest(&admin, Method::GET, "/clusters/none/access-entries", None).await,
    ] {
        assert_eq!(reply.code(), "ResourceNotFoundException", "{}", reply.text);
    }
}

/// Every operation with something to work on, in an order in which each works once.
fn every_request(association: &str, arn: &str) -> Vec<(Request, String)> {
    let cluster = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod");
    let of_entry = format!("arn:aws:eks:{REGION}:{ACCOUNT}:access-entry/prod/role/{ACCOUNT}/made/*");
    let of_association = format!("arn:aws:eks:{REGION}:{ACCOUNT}:podidentityassociation/prod/{association}");
    let (made, pods) = (named("made"), "/clusters/prod/pod-identity-associations");
    let one = format!("{pods}/{association}");
    let policies = format!("{}/access-policies", entry(&made));
    let tags = format!("/tags/{}", encode(arn));
    let view = json!({ "policyArn": VIEW, "accessScope": { "type": "cluster" } });
    let create = json!({ "namespace": "shop", "serviceAccount": "cart", "roleArn": made });
    let get = |operation, path: &str| (operation, Method::GET, path.to_owned(), None);
    let post = |operation, path: &str, body| (operation, Method::POST, path.to_owned(), Some(body));
    let delete = |operation, path: String| (operation, Method::DELETE, path, None);
    let all = "*".to_owned();
    vec![
        (get("DescribeCluster", "/clusters/prod"), cluster.clone()),
        (get("ListClusters", "/clusters"), all.clone()),
        (
            post("CreateAccessEntry", "/clusters/prod/access-entries", json!({ "principalArn": made })),
            cluster.clone(),
        ),
        (get("DescribeAccessEntry", &entry(&made)), of_entry.clone()),
        (get("ListAccessEntries", "/clusters/prod/access-entries"), cluster.clone()),
        (post("UpdateAccessEntry", &entry(&made), json!({ "kubernetesGroups": ["a"] })), of_entry.clone()),
        (post("AssociateAccessPolicy", &policies, view), of_entry.clone()),
        (get("ListAssociatedAccessPolicies", &policies), of_entry.clone()),
        (get("ListAccessPolicies", "/access-policies"), all.clone()),
        (delete("DisassociateAccessPolicy", format!("{policies}/{}", encode(VIEW))), of_entry.clone()),
        (delete("DeleteAccessEntry", entry(&made)), of_entry),
        (post("CreatePodIdentityAssociation", pods, create), cluster.clone()),
        (get("ListPodIdentityAssociations", pods), cluster.clone()),
        (get("DescribePodIdentityAssociation", &one), of_association.clone()),
        (
            post("UpdatePodIdentityAssociation", &one, json!({ "disableSessionTags": true })),
            of_association.clone(),
        ),
        (post("TagResource", &tags, json!({ "tags": { "a": "b" } })), cluster.clone()),
        (get("ListTagsForResource", &tags), cluster.clone()),
        (delete("UntagResource", format!("{tags}?tagKeys=a")), cluster.clone()),
        (delete("DeletePodIdentityAssociation", one), of_association),
        (
            post(
                "UpdateClusterConfig",
                "/clusters/prod/update-config",
                json!({ "accessConfig": { "authenticationMode": "API" } }),
            ),
            cluster,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_allowed_and_denied_by_every_layer() {
    let harness = installation().await;
    let admin = harness.admin();
    let made = role(&admin, "made", &trust("*"), None).await;
    let input = json!({ "namespace": "shop", "serviceAccount": "checkout", "roleArn": made });
    let reply = rest(&admin, Method::POST, "/clusters/prod/pod-identity-associations", Some(input)).await;
    let association = reply.ok()["association"]["associationId"].as_str().unwrap().to_owned();
    let user = admin.user("user", None).await;
    let pass = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*" });
    let limited = admin.user("limited", Some(policy("Allow", "*", "*"))).await;
    let everything = role(
        &admin,
        "everything",
        &trust(&format!("arn:aws:iam::{ACCOUNT}:root")),
        Some(policy("Allow", "*", "*")),
    )
    .await;
    let document =
        |action: &str| statements(json!([{ "Effect": "Allow", "NotAction": action, "Resource": "*" }]));
    let requests = every_request(&association, &format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"));
    // As many as there are operations.
    assert_eq!(requests.len(), 20);
    for ((operation, method, path, body), resource) in requests {
        let action = format!("eks:{operation}");
        let send = async |client: &Client<'_>| rest(client, method.clone(), &path, body.clone()).await;
        put_policy(&admin, "user", &statements(json!([pass]))).await;
        send(&user).await.denied(&format!("no identity-based policy allows the {action} action"));
        let deny = json!([
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": action, "Resource": resource },
        ]);
        put_policy(&admin, "user", &statements(deny)).await;
        send(&user).await.denied("explicit deny in an identity-based policy");

        let input = json!({ "PolicyName": operation, "PolicyDocument": document(&action).to_string() });
        let boundary = admin.call("iam", "CreatePolicy", input).await.ok()["Policy"]["Arn"].clone();
        let input = json!({ "UserName": "limited", "PermissionsBoundary": boundary });
        admin.call("iam", "PutUserPermissionsBoundary", input).await.ok();
        send(&limited).await.denied(&format!("no permissions boundary allows the {action} action"));

        let session = json!({ "Policy": document(&action).to_string() });
        let session = admin.session(&assume(&admin, &everything, session).await.ok()["Credentials"]);
        send(&session).await.denied(&format!("no session policy allows the {action} action"));
        // Nobody of another account comes to it, nor anybody in another region.
        let strange = send(&harness.other()).await;
        assert!(
            strange.status >= 400 || path == "/clusters" || path == "/access-policies",
            "{operation}: {}",
            strange.text
        );
        let elsewhere = send(&admin.clone().in_region("us-west-2")).await;
        assert!(elsewhere.status >= 400 || path == "/clusters" || path == "/access-policies", "{operation}");

        let allow = json!([pass, { "Effect": "Allow", "Action": action, "Resource": resource }]);
        put_policy(&admin, "user", &statements(allow)).await;
        assert_eq!(send(&user).await.status, 200, "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authentication_mode_goes_one_way() {
    let harness = installation().await;
    let admin = harness.admin();
    let set = async |mode: &str| {
        let body = json!({ "accessConfig": { "authenticationMode": mode } });
        rest(&admin, Method::POST, "/clusters/prod/update-config", Some(body)).await
    };
    let mode = async || {
        rest(&admin, Method::GET, "/clusters/prod", None).await.ok()["cluster"]["accessConfig"]["authenticationMode"].clone()
    };
    assert_eq!(mode().await, "API_AND_CONFIG_MAP");
    assert_eq!(set("CONFIG_MAP").await.code(), "InvalidParameterException");
    assert_eq!(set("API_AND_CONFIG_MAP").await.code(), "InvalidParameterException");
    assert_eq!(set("NONE").await.status, 400);
    assert_eq!(set("API").await.ok()["update"]["status"], "Successful");
    assert_eq!(mode().await, "API");
    for mode in ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"] {
        assert_eq!(set(mode).await.code(), "InvalidParameterException");
    }
    // A cluster without entries, as there were before there were any, takes one step at a time.
    let place = Place {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        kind: "eks/cluster".to_owned(),
        name: "prod".to_owned(),
    };
    let record = harness.store().get(&place).await.unwrap().unwrap();
    let mut cluster: Value = serde_json::from_slice(&record.body).unwrap();
    cluster["mode"] = "CONFIG_MAP".into();
    let mut batch = Batch::new();
    batch.put(place, serde_json::to_vec(&cluster).unwrap(), Expect::Present);
    harness.store().commit(batch).await.unwrap();
    let dev = role(&admin, "dev", &trust("*"), None).await;
    for reply in [
        create(&admin, json!({ "principalArn": dev })).await,
        rest(&admin, Method::GET, &entry(&dev), None).await,
        rest(&admin, Method::GET, "/clusters/prod/access-entries", None).await,
    ] {
        assert_eq!(reply.code(), "InvalidRequestException");
        assert!(reply.message().contains("[API, API_AND_CONFIG_MAP]"), "{}", reply.text);
    }
    assert_eq!(set("API").await.code(), "InvalidParameterException");
    set("API_AND_CONFIG_MAP").await.ok();
    create(&admin, json!({ "principalArn": dev })).await.ok();
    // What is not done here is refused and not passed over.
    let logging = json!({ "logging": { "clusterLogging": [] } });
    let reply = rest(&admin, Method::POST, "/clusters/prod/update-config", Some(logging)).await;
    assert!(reply.status >= 400, "{}", reply.text);
    let nothing = rest(&admin, Method::POST, "/clusters/prod/update-config", Some(json!({}))).await;
    assert_eq!(nothing.code(), "InvalidParameterException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_on_what_its_arn_names_and_on_nothing_else() {
    let harness = installation().await;
    let admin = harness.admin();
    let (mine, theirs) =
        (role(&admin, "mine", &trust("*"), None).await, role(&admin, "theirs", &trust("*"), None).await);
    let made = async |principal: &str| {
        let reply = create(&admin, json!({ "principalArn": principal })).await;
        reply.ok()["accessEntry"]["accessEntryArn"].as_str().unwrap().to_owned()
    };
    let (own, victim) = (made(&mine).await, made(&theirs).await);
    let user = admin
        .user("user", Some(policy("Allow", "eks:*", &own.replace(own.rsplit_once('/').unwrap().1, "*"))))
        .await;
    let tag = async |client: &Client<'_>, arn: &str| {
        rest(
            client,
            Method::POST,
            &format!("/tags/{}", encode(arn)),
            Some(json!({ "tags": { "owner": "user" } })),
        )
        .await
    };
    tag(&user, &own).await.ok();
    tag(&user, &victim).await.denied("no identity-based policy");
    // An allowed ARN with another entry's last part names nothing.
    let mixed = format!("{}/{}", own.rsplit_once('/').unwrap().0, victim.rsplit_once('/').unwrap().1);
    assert_eq!(tag(&user, &mixed).await.code(), "NotFoundException");
    assert_eq!(rest(&admin, Method::GET, &entry(&theirs), None).await.ok()["accessEntry"]["tags"], json!({}));
    assert_eq!(
        rest(&admin, Method::GET, &entry(&mine), None).await.ok()["accessEntry"]["tags"],
        json!({ "owner": "user" })
    );
    // A deny on the real ARN can't be gone around by that of another partition.
    let cluster = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod");
    let denied = statements(json!([
        { "Effect": "Allow", "Action": "eks:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "eks:TagResource", "Resource": cluster },
    ]));
    put_policy(&admin, "user", &denied).await;
    tag(&user, &cluster).await.denied("explicit deny");
    for arn in [
        cluster.replace("arn:aws:", "arn:aws-cn:"),
        cluster.replace("eks:eu", "ec2:eu"),
        cluster.replace(REGION, "us-west-2"),
    ] {
        assert!(tag(&user, &arn).await.status >= 400, "{arn}");
    }
    assert_eq!(rest(&admin, Method::GET, "/clusters/prod", None).await.ok()["cluster"]["tags"], json!({}));
    tag(&admin, &cluster).await.ok();
    // Tags decide: the cluster's own, and those that a request would set.
    let tagged = json!([{ "Effect": "Allow", "Action": "eks:DescribeCluster", "Resource": "*",
        "Condition": { "StringEquals": { "aws:ResourceTag/owner": "user" } } }]);
    put_policy(&admin, "user", &statements(tagged)).await;
    rest(&user, Method::GET, "/clusters/prod", None).await.ok();
    rest(&admin, Method::DELETE, &format!("/tags/{}?tagKeys=owner", encode(&cluster)), None).await.ok();
    rest(&user, Method::GET, "/clusters/prod", None).await.denied("no identity-based policy");
    for (arn, tags) in [
        (cluster.as_str(), json!({ "aws:x": "y" })),
        ("arn:aws:eks:eu-central-1:111122223333:nodegroup/prod/a/b", json!({ "x": "y" })),
        ("cluster", json!({ "x": "y" })),
    ] {
        let reply =
            rest(&admin, Method::POST, &format!("/tags/{}", encode(arn)), Some(json!({ "tags": tags })))
                .await;
        assert_eq!(reply.code(), "BadRequestException", "{}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages() {
    let harness = installation().await;
    let admin = harness.admin();
    register(&harness, "test").await;
    let mut wanted = Vec::new();
    for at in 0..5 {
        let arn = role(&admin, &format!("role-{at}"), &trust("*"), None).await;
        create(&admin, json!({ "principalArn": arn })).await.ok();
        wanted.push(json!(arn));
    }
    let pages = async |path: &str, member: &str| {
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let reply = rest(&admin, Method::GET, &format!("{path}?maxResults=2{next}"), None).await;
            let page = reply.ok()[member].as_array().unwrap().clone();
            assert!(page.len() <= 2);
            found.extend(page);
            let Some(token) = reply.ok()["nextToken"].as_str() else { return found };
            next = format!("&nextToken={token}");
        }
    };
    assert_eq!(pages("/clusters/prod/access-entries", "accessEntries").await, wanted);
    assert_eq!(pages("/clusters", "clusters").await, [json!("prod"), json!("test")]);
    assert!(pages("/access-policies", "accessPolicies").await.len() > 10);
    // A name that is longer than any ARN is nobody's fault but the caller's.
    let long = rest(&admin, Method::GET, &format!("/clusters/{}", "x".repeat(5000)), None).await;
    assert_eq!(long.status, 400, "{}", long.text);
    let wrong = rest(&admin, Method::GET, "/clusters?nextToken=!", None).await;
    assert_eq!(wrong.code(), "InvalidParameterException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_registered_once_and_left_empty() {
    let harness = installation().await;
    let admin = harness.admin();
    let store = harness.store();
    let again = ClusterRegistration { name: "prod".into(), issuer: "https://x".into(), ..Default::default() };
    let result = register_cluster(store, ACCOUNT, REGION, &again, 0).await;
    assert!(matches!(result, Err(RegisterError::Exists(_))));
    for (name, issuer, keys) in [
        ("a/b", "https://x", None),
        ("-a", "https://x", None),
        ("a", "http://x", None),
        ("a", "https://x", Some("{}")),
    ] {
        let cluster = ClusterRegistration {
            name: name.into(),
            issuer: issuer.into(),
            keys: keys.map(str::to_owned),
            ..Default::default()
        };
        register_cluster(store, ACCOUNT, REGION, &cluster, 0).await.unwrap_err();
    }
    let nobody = register_cluster(
        store,
        "999999999999",
        REGION,
        &ClusterRegistration { name: "x".into(), ..again.clone() },
        0,
    )
    .await;
    assert!(matches!(nobody, Err(RegisterError::Account(_))));
    let dev = role(&admin, "dev", &trust("*"), None).await;
    create(&admin, json!({ "principalArn": dev })).await.ok();
    assert!(matches!(remove_cluster(store, ACCOUNT, REGION, "prod").await, Err(RegisterError::InUse(_))));
    rest(&admin, Method::DELETE, &entry(&dev), None).await.ok();
    // Of eight who create one at once, one does.
    let race = (0..8).map(|_| create(&admin, json!({ "principalArn": dev })));
    let outcomes = join_all(race).await;
    assert_eq!(outcomes.iter().filter(|reply| reply.status == 200).count(), 1);
    let place = Place {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        kind: "eks/access-entry".to_owned(),
        name: format!("prod/{dev}"),
    };
    let left = store.get(&place).await.unwrap().unwrap();
    rest(&admin, Method::DELETE, &entry(&dev), None).await.ok();
    remove_cluster(store, ACCOUNT, REGION, "prod").await.unwrap();
    assert!(matches!(remove_cluster(store, ACCOUNT, REGION, "prod").await, Err(RegisterError::Missing(_))));
    assert_eq!(create(&admin, json!({ "principalArn": dev })).await.code(), "ResourceNotFoundException");
    // What was written while the cluster was taken away lets nobody into one of the same name.
    let mut batch = Batch::new();
    batch.put(place, left.body, Expect::Absent);
    store.commit(batch).await.unwrap();
    register(&harness, "prod").await;
    let entries = rest(&admin, Method::GET, "/clusters/prod/access-entries", None).await;
    assert_eq!(entries.ok()["accessEntries"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_tells_what_was_done_and_refused() {
    let harness = installation().await;
    let admin = harness.admin();
    let nobody = admin.user("nobody", None).await;
    let dev = role(&admin, "dev", &trust("*"), None).await;
    create(&nobody, json!({ "principalArn": dev })).await.denied("no identity-based policy");
    let made = create(&admin, json!({ "principalArn": dev, "kubernetesGroups": ["g"] })).await;
    rest(&admin, Method::GET, "/clusters/prod", None).await.ok();
    create(&admin, json!({ "principalArn": dev, "username": "eks:x" })).await.code();
    let records = harness.records(ACCOUNT).await;
    let created = of(&records, "CreateAccessEntry");
    let [refused, done, wrong] = created.as_slice() else { panic!("{created:?}") };
    assert_eq!(refused["errorCode"], "AccessDenied");
    assert_eq!(refused["additionalEventData"]["decision"]["action"], "eks:CreateAccessEntry");
    assert_eq!(refused["additionalEventData"]["decision"]["blockedBy"], json!(["identity"]));
    assert_eq!(wrong["errorCode"], "InvalidParameterException");
    assert_eq!(done["eventSource"], "eks.amazonaws.com");
    assert_eq!(done["awsRegion"], REGION);
    assert_eq!(done["readOnly"], false);
    assert_eq!(done["requestParameters"]["principalArn"], dev);
    assert_eq!(done["responseElements"]["accessEntry"]["principalArn"], dev);
    let arn = &made.ok()["accessEntry"]["accessEntryArn"];
    assert_eq!(
        done["resources"],
        json!([{ "accountId": ACCOUNT, "type": "AWS::EKS::AccessEntry", "ARN": arn }])
    );
    assert_eq!(done["userIdentity"]["userName"], "administrator");
    let read = of(&records, "DescribeCluster");
    assert_eq!((&read[0]["readOnly"], &read[0]["responseElements"]), (&json!(true), &Value::Null));
}
