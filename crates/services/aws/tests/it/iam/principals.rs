//! Principals that policies name are themselves, not whoever bears their name.

use serde_json::json;

use super::{arn, decoded, iam};
use crate::harness::{ACCOUNT, Harness, policy, trust};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_given_again_gets_nothing_of_the_old_ones() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let bob = admin.user("bob", None).await;
    // A trust policy that names a user of the same account needs nothing else.
    let document = trust(&arn("user/bob"));
    let input = json!({ "RoleName": "r", "AssumeRolePolicyDocument": document.to_string() });
    iam(&admin, "CreateRole", input).await.ok();
    let assume = json!({ "RoleArn": arn("role/r"), "RoleSessionName": "ses" });
    bob.call("sts", "AssumeRole", assume.clone()).await.ok();

    let id = iam(&admin, "GetUser", json!({ "UserName": "bob" })).await.ok()["User"]["UserId"].clone();
    iam(&admin, "DeleteAccessKey", json!({ "UserName": "bob", "AccessKeyId": bob.key })).await.ok();
    iam(&admin, "DeleteUser", json!({ "UserName": "bob" })).await.ok();
    let shown = iam(&admin, "GetRole", json!({ "RoleName": "r" })).await;
    let shown = decoded(&shown.ok()["Role"]["AssumeRolePolicyDocument"]);
    assert_eq!(shown["Statement"][0]["Principal"]["AWS"], id);

    let second = admin.user("bob", Some(policy("Allow", "sts:AssumeRole", "*"))).await;
    second.call("sts", "AssumeRole", assume.clone()).await.denied("sts:AssumeRole");
    let harness = harness.restart().await;
    let again = harness.admin();
    let third = json!({ "UserName": "bob" });
    let key = iam(&again, "CreateAccessKey", third).await;
    let key = &key.ok()["AccessKey"];
    let signer = harness.with_key(
        key["AccessKeyId"].as_str().unwrap(),
        key["SecretAccessKey"].as_str().unwrap(),
        None,
    );
    signer.call("sts", "AssumeRole", assume.clone()).await.denied("sts:AssumeRole");
    // Named anew, the new one is meant.
    let update = json!({ "RoleName": "r", "PolicyDocument": document.to_string() });
    iam(&again, "UpdateAssumeRolePolicy", update).await.ok();
    signer.call("sts", "AssumeRole", assume).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_renamed_keeps_what_policies_gave() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let bob = admin.user("bob", None).await;
    let input = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(&arn("user/bob")).to_string() });
    iam(&admin, "CreateRole", input).await.ok();
    iam(&admin, "UpdateUser", json!({ "UserName": "bob", "NewUserName": "rob", "NewPath": "/x/" }))
        .await
        .ok();
    bob.call("sts", "AssumeRole", json!({ "RoleArn": arn("role/r"), "RoleSessionName": "ses" })).await.ok();
    let shown = iam(&admin, "GetRole", json!({ "RoleName": "r" })).await;
    let shown = decoded(&shown.ok()["Role"]["AssumeRolePolicyDocument"]);
    assert_eq!(shown["Statement"][0]["Principal"]["AWS"], arn("user/x/rob"));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_their_sessions_are_told_apart_too() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let create = |name: &str, document: serde_json::Value| json!({ "RoleName": name, "AssumeRolePolicyDocument": document.to_string() });
    let assume = |name: &str, session: &str| json!({ "RoleArn": arn(&format!("role/{name}")), "RoleSessionName": session });
    iam(&admin, "CreateRole", create("first", trust(ACCOUNT))).await.ok();
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/first/good");
    iam(&admin, "CreateRole", create("by-role", trust(&arn("role/first")))).await.ok();
    iam(&admin, "CreateRole", create("by-session", trust(&session))).await.ok();
    let input = json!({ "RoleName": "first", "PolicyName": "p", "PolicyDocument": policy("Allow", "sts:AssumeRole", "*").to_string() });
    iam(&admin, "PutRolePolicy", input.clone()).await.ok();
    let of = async |name: &str| {
        let reply = admin.call("sts", "AssumeRole", assume("first", name)).await;
        admin.session(&reply.ok()["Credentials"])
    };
    let (good, bad) = (of("good").await, of("bad").await);
    good.call("sts", "AssumeRole", assume("by-role", "ses")).await.ok();
    bad.call("sts", "AssumeRole", assume("by-role", "ses")).await.ok();
    good.call("sts", "AssumeRole", assume("by-session", "ses")).await.ok();
    bad.call("sts", "AssumeRole", assume("by-session", "ses")).await.denied("sts:AssumeRole");

    iam(&admin, "DeleteRolePolicy", json!({ "RoleName": "first", "PolicyName": "p" })).await.ok();
    iam(&admin, "DeleteRole", json!({ "RoleName": "first" })).await.ok();
    iam(&admin, "CreateRole", create("first", trust(ACCOUNT))).await.ok();
    iam(&admin, "PutRolePolicy", input).await.ok();
    let again = of("good").await;
    for role in ["by-role", "by-session"] {
        again.call("sts", "AssumeRole", assume(role, "ses")).await.denied("sts:AssumeRole");
    }
}
