//! Policies, and whom they are attached to.

use serde_json::{Value, json};

use super::{arn, decoded, iam, names};
use crate::harness::{Harness, policy, trust};

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_policy_counts_while_it_is_attached() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let bob = admin.user("bob", None).await;
    let document = policy("Allow", "iam:ListUsers", "*");
    let input = json!({ "PolicyName": "Read", "PolicyDocument": document.to_string() });
    let made = iam(&admin, "CreatePolicy", input.clone()).await;
    let read = made.ok()["Policy"]["Arn"].as_str().unwrap().to_owned();
    assert_eq!(read, arn("policy/Read"));
    assert_eq!(iam(&admin, "CreatePolicy", input).await.code(), "EntityAlreadyExists");

    let attach = json!({ "UserName": "bob", "PolicyArn": read });
    iam(&admin, "AttachUserPolicy", attach.clone()).await.ok();
    iam(&admin, "AttachUserPolicy", attach.clone()).await.ok();
    iam(&bob, "ListUsers", json!({})).await.ok();
    let shown = iam(&admin, "GetPolicy", json!({ "PolicyArn": read })).await;
    assert_eq!(shown.ok()["Policy"]["AttachmentCount"], "1");
    let entities = iam(&admin, "ListEntitiesForPolicy", json!({ "PolicyArn": read })).await;
    assert_eq!(names(&entities.ok()["PolicyUsers"], "UserName"), ["bob"]);
    assert_eq!(iam(&admin, "DeletePolicy", json!({ "PolicyArn": read })).await.code(), "DeleteConflict");
    assert_eq!(iam(&admin, "DeleteUser", json!({ "UserName": "bob" })).await.code(), "DeleteConflict");

    // A new version counts when it is the default, at once.
    let version = |document: Value, default: bool| json!({ "PolicyArn": read, "PolicyDocument": document.to_string(), "SetAsDefault": default });
    iam(&admin, "CreatePolicyVersion", version(policy("Deny", "*", "*"), false)).await.ok();
    iam(&bob, "ListUsers", json!({})).await.ok();
    iam(&admin, "SetDefaultPolicyVersion", json!({ "PolicyArn": read, "VersionId": "v2" })).await.ok();
    iam(&bob, "ListUsers", json!({})).await.denied("with an explicit deny");
    for _ in 0..3 {
        iam(&admin, "CreatePolicyVersion", version(document.clone(), true)).await.ok();
    }
    iam(&bob, "ListUsers", json!({})).await.ok();
    assert_eq!(
        iam(&admin, "CreatePolicyVersion", version(document.clone(), true)).await.code(),
        "LimitExceeded"
    );
    let default = json!({ "PolicyArn": read, "VersionId": "v5" });
    assert_eq!(iam(&admin, "DeletePolicyVersion", default.clone()).await.code(), "DeleteConflict");
    let shown = iam(&admin, "GetPolicyVersion", default).await;
    assert_eq!(decoded(&shown.ok()["PolicyVersion"]["Document"]), document);
    let listed = iam(&admin, "ListPolicyVersions", json!({ "PolicyArn": read })).await;
    assert_eq!(names(&listed.ok()["Versions"], "VersionId"), ["v5", "v4", "v3", "v2", "v1"]);

    iam(&admin, "DetachUserPolicy", attach.clone()).await.ok();
    iam(&bob, "ListUsers", json!({})).await.denied("no identity-based policy allows");
    assert_eq!(iam(&admin, "DetachUserPolicy", attach).await.code(), "NoSuchEntity");
    for version in ["v1", "v2", "v3", "v4"] {
        iam(&admin, "DeletePolicyVersion", json!({ "PolicyArn": read, "VersionId": version })).await.ok();
    }
    iam(&admin, "DeletePolicy", json!({ "PolicyArn": read })).await.ok();
    assert_eq!(iam(&admin, "GetPolicy", json!({ "PolicyArn": read })).await.code(), "NoSuchEntity");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boundary_limits() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let bob = admin.user("bob", Some(policy("Allow", "iam:List*", "*"))).await;
    let input =
        json!({ "PolicyName": "limit", "PolicyDocument": policy("Allow", "iam:ListUsers", "*").to_string() });
    iam(&admin, "CreatePolicy", input).await.ok();
    let limit = json!({ "UserName": "bob", "PermissionsBoundary": arn("policy/limit") });
    iam(&bob, "ListRoles", json!({})).await.ok();
    iam(&admin, "PutUserPermissionsBoundary", limit.clone()).await.ok();
    iam(&bob, "ListUsers", json!({})).await.ok();
    iam(&bob, "ListRoles", json!({})).await.denied("permissions boundary");
    let shown = iam(&admin, "GetUser", json!({ "UserName": "bob" })).await;
    assert_eq!(shown.ok()["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"], arn("policy/limit"));
    let delete = json!({ "PolicyArn": arn("policy/limit") });
    assert_eq!(iam(&admin, "DeletePolicy", delete.clone()).await.code(), "DeleteConflict");
    iam(&admin, "DeleteUserPermissionsBoundary", json!({ "UserName": "bob" })).await.ok();
    iam(&bob, "ListRoles", json!({})).await.ok();
    iam(&admin, "DeletePolicy", delete).await.ok();
    assert_eq!(iam(&admin, "PutUserPermissionsBoundary", limit).await.code(), "NoSuchEntity");
    // The keys of a new principal are limited as its maker's policies say.
    let maker = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*",
        "Condition": { "ArnEquals": { "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess" } },
    }] });
    let maker = admin.user("maker", Some(maker)).await;
    iam(&maker, "CreateUser", json!({ "UserName": "a" })).await.denied("iam:CreateUser");
    let input = json!({ "UserName": "a", "PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess" });
    iam(&maker, "CreateUser", input).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_some_policies_may_be_attached_to_some() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let attacher = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
        "Condition": {
            "ArnEquals": { "iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess" },
            "StringEquals": { "iam:ResourceTag/team": "shop" },
        },
    }] });
    let bob = admin.user("bob", Some(attacher)).await;
    iam(&admin, "CreateUser", json!({ "UserName": "ann", "Tags": [{ "Key": "team", "Value": "shop" }] }))
        .await
        .ok();
    let attach = |user: &str, name: &str| json!({ "UserName": user, "PolicyArn": format!("arn:aws:iam::aws:policy/{name}") });
    iam(&bob, "AttachUserPolicy", attach("ann", "ReadOnlyAccess")).await.ok();
    iam(&bob, "AttachUserPolicy", attach("ann", "AdministratorAccess")).await.denied("iam:AttachUserPolicy");
    iam(&bob, "AttachUserPolicy", attach("bob", "ReadOnlyAccess")).await.denied("iam:AttachUserPolicy");
    let unknown = iam(&admin, "AttachUserPolicy", attach("ann", "Nothing")).await;
    assert_eq!(unknown.code(), "NoSuchEntity");
    let service = attach("ann", "aws-service-role/AmazonEKSServiceRolePolicy");
    assert_eq!(iam(&admin, "AttachUserPolicy", service).await.code(), "PolicyNotAttachable");
    let listed = iam(&admin, "ListAttachedUserPolicies", json!({ "UserName": "ann" })).await;
    assert_eq!(names(&listed.ok()["AttachedPolicies"], "PolicyName"), ["ReadOnlyAccess"]);
    for at in 0..10 {
        let input = json!({ "PolicyName": format!("p{at}"), "PolicyDocument": policy("Allow", "s3:*", "*").to_string() });
        iam(&admin, "CreatePolicy", input).await.ok();
        let reply = iam(
            &admin,
            "AttachUserPolicy",
            json!({ "UserName": "ann", "PolicyArn": arn(&format!("policy/p{at}")) }),
        )
        .await;
        if at < 9 {
            reply.ok();
        } else {
            assert_eq!(reply.code(), "LimitExceeded")
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_policies_are_nobodys_to_change() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let read = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let shown = iam(&admin, "GetPolicy", json!({ "PolicyArn": read })).await;
    let version = shown.ok()["Policy"]["DefaultVersionId"].clone();
    let shown = iam(&admin, "GetPolicyVersion", json!({ "PolicyArn": read, "VersionId": version })).await;
    assert_eq!(decoded(&shown.ok()["PolicyVersion"]["Document"])["Version"], "2012-10-17");
    let listed = iam(&admin, "ListPolicies", json!({ "Scope": "AWS", "MaxItems": 1000 })).await;
    assert!(names(&listed.ok()["Policies"], "PolicyName").len() > 100);
    let attached = iam(&admin, "ListPolicies", json!({ "OnlyAttached": true })).await;
    assert_eq!(names(&attached.ok()["Policies"], "PolicyName"), ["AdministratorAccess"]);
    for (operation, input) in [
        (
            "CreatePolicyVersion",
            json!({ "PolicyArn": read, "PolicyDocument": policy("Allow", "*", "*").to_string() }),
        ),
        ("DeletePolicy", json!({ "PolicyArn": read })),
        ("TagPolicy", json!({ "PolicyArn": read, "Tags": [{ "Key": "a", "Value": "b" }] })),
    ] {
        iam(&admin, operation, input).await.denied(operation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn inline_policies_have_their_sizes() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    admin.user("bob", None).await;
    iam(&admin, "CreateGroup", json!({ "GroupName": "bob" })).await.ok();
    let input = json!({ "RoleName": "bob", "AssumeRolePolicyDocument": trust(&arn("root")).to_string() });
    iam(&admin, "CreateRole", input).await.ok();
    for (of, limit) in [("User", 2048_usize), ("Group", 5120), ("Role", 10_240)] {
        let put = |name: &str, size: usize| {
            let bare = policy("Allow", "s3:*", "*").to_string();
            let document =
                bare.replace("\"s3:*\"", &format!("\"s3:{}\"  \n", "x".repeat(size - bare.len() + 1)));
            json!({ format!("{of}Name"): "bob", "PolicyName": name, "PolicyDocument": document })
        };
        let operation = format!("Put{of}Policy");
        assert_eq!(iam(&admin, &operation, put("a", limit + 1)).await.code(), "LimitExceeded", "{of}");
        iam(&admin, &operation, put("a", limit)).await.ok();
        assert_eq!(iam(&admin, &operation, put("b", 200)).await.code(), "LimitExceeded", "{of}");
        let bad = json!({ format!("{of}Name"): "bob", "PolicyName": "a", "PolicyDocument": "{}" });
        assert_eq!(iam(&admin, &operation, bad).await.code(), "MalformedPolicyDocument", "{of}");
        let get = json!({ format!("{of}Name"): "bob", "PolicyName": "a" });
        let shown = iam(&admin, &format!("Get{of}Policy"), get.clone()).await;
        assert_eq!(shown.ok()[format!("{of}Name")], "bob");
        let listed = iam(&admin, &format!("List{of}Policies"), json!({ format!("{of}Name"): "bob" })).await;
        assert_eq!(listed.ok()["PolicyNames"], json!(["a"]));
        iam(&admin, &format!("Delete{of}Policy"), get.clone()).await.ok();
        assert_eq!(iam(&admin, &format!("Get{of}Policy"), get).await.code(), "NoSuchEntity");
    }
}
