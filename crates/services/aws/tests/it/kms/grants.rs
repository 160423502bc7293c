//! Grants.

use serde_json::{Value, json};

use super::{create, decrypt, encrypt, on, sealed, text};
use crate::harness::{ACCOUNT, Client, Harness, OTHER, policy, trust};

fn user(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

async fn grant(
    client: &Client<'_>,
    key: &str,
    to: &str,
    operations: Value,
    more: Value,
) -> crate::harness::Reply {
    let mut input = json!({ "KeyId": key, "GranteePrincipal": to, "Operations": operations });
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    client.call("kms", "CreateGrant", input).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_allows_beside_the_policies_until_it_is_revoked() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let alice = admin.user("alice", None).await;
    encrypt(&alice, &key, json!({}), "x").await.denied("no identity-based policy");
    let made = grant(&admin, &key, &user("alice"), json!(["Encrypt"]), json!({})).await;
    let (id, token) = (made.ok()["GrantId"].clone(), made.value["GrantToken"].clone());
    let input = json!({ "KeyId": key, "Plaintext": "eA==", "GrantTokens": [token] });
    alice.call("kms", "Encrypt", input).await.ok();
    let ciphertext = sealed(&alice, &key, json!({}), "x").await;
    decrypt(&alice, &ciphertext, json!({})).await.denied("kms:Decrypt");

    let harness = harness.restart().await;
    let admin = harness.admin();
    let listed = on(&admin, "ListGrants", &key).await;
    assert_eq!(listed.ok()["Grants"][0]["GrantId"], id);
    assert_eq!(listed.value["Grants"][0]["GranteePrincipal"], user("alice"));
    admin.call("kms", "RevokeGrant", json!({ "KeyId": key, "GrantId": id })).await.ok();
    let reply = admin.call("kms", "RevokeGrant", json!({ "KeyId": key, "GrantId": id })).await;
    assert_eq!(reply.code(), "NotFoundException");
    let alice = admin.user("alice2", None).await;
    encrypt(&alice, &key, json!({}), "x").await.denied("no identity-based policy");
    assert_eq!(on(&admin, "ListGrants", &key).await.ok()["Grants"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_gives_nothing_that_is_denied_anywhere() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let alice = admin.user("alice", Some(policy("Deny", "kms:Encrypt", "*"))).await;
    grant(&admin, &key, &user("alice"), json!(["Encrypt", "DescribeKey"]), json!({})).await.ok();
    on(&alice, "DescribeKey", &key).await.ok();
    encrypt(&alice, &key, json!({}), "x").await.denied("with an explicit deny in an identity-based policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_look_at_the_encryption_context() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let (equals, subset) = (admin.user("equals", None).await, admin.user("subset", None).await);
    let context = json!({ "app": "shop" });
    let constraint = |name: &str| json!({ "Constraints": { name: context } });
    let operations = json!(["Encrypt", "Decrypt", "DescribeKey"]);
    grant(&admin, &key, &user("equals"), operations.clone(), constraint("EncryptionContextEquals"))
        .await
        .ok();
    grant(&admin, &key, &user("subset"), operations, constraint("EncryptionContextSubset")).await.ok();
    let wider = json!({ "app": "shop", "env": "prod" });
    encrypt(&equals, &key, context.clone(), "x").await.ok();
    encrypt(&subset, &key, context.clone(), "x").await.ok();
    encrypt(&equals, &key, wider.clone(), "x").await.denied("kms:Encrypt");
    encrypt(&subset, &key, wider, "x").await.ok();
    for other in [json!({}), json!({ "app": "Shop" }), json!({ "App": "shop" })] {
        encrypt(&equals, &key, other.clone(), "x").await.denied("kms:Encrypt");
        encrypt(&subset, &key, other, "x").await.denied("kms:Encrypt");
    }
    on(&equals, "DescribeKey", &key).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grantee_hands_on_no_more_than_it_has() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let (alice, bob) = (admin.user("alice", None).await, admin.user("bob", None).await);
    let constraint = json!({ "Constraints": { "EncryptionContextSubset": { "app": "shop" } } });
    grant(&admin, &key, &user("alice"), json!(["CreateGrant", "Encrypt"]), constraint.clone()).await.ok();
    grant(&alice, &key, &user("bob"), json!(["Encrypt"]), json!({})).await.denied("kms:CreateGrant");
    grant(&alice, &key, &user("bob"), json!(["Encrypt", "Decrypt"]), constraint.clone())
        .await
        .denied("kms:CreateGrant");
    grant(&alice, &key, &user("bob"), json!(["Encrypt"]), constraint).await.ok();
    encrypt(&bob, &key, json!({ "app": "shop" }), "x").await.ok();
    let narrower = json!({ "Constraints": { "EncryptionContextEquals": { "app": "shop", "env": "prod" } } });
    grant(&alice, &key, &user("bob"), json!(["Encrypt"]), narrower).await.ok();
    let other = json!({ "Constraints": { "EncryptionContextEquals": { "app": "bank" } } });
    grant(&alice, &key, &user("bob"), json!(["Encrypt"]), other).await.denied("kms:CreateGrant");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_retiring_principal_gives_a_grant_back_and_nobody_else_does() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let (alice, bob) = (admin.user("alice", None).await, admin.user("bob", None).await);
    let retiring = json!({ "RetiringPrincipal": user("bob") });
    let make = async |operations: Value, more: Value| {
        grant(&admin, &key, &user("alice"), operations, more).await.ok()["GrantToken"].clone()
    };
    let first = make(json!(["Encrypt"]), retiring.clone()).await;
    let second = make(json!(["Encrypt"]), retiring).await;
    let own = make(json!(["Encrypt", "RetireGrant"]), json!({})).await;
    let retire = async |client: &Client<'_>, token: &Value| {
        client.call("kms", "RetireGrant", json!({ "GrantToken": token })).await
    };
    let listed = admin.call("kms", "ListRetirableGrants", json!({ "RetiringPrincipal": user("bob") })).await;
    assert_eq!(listed.ok()["Grants"].as_array().unwrap().len(), 2);
    retire(&alice, &first).await.denied("kms:RetireGrant");
    retire(&bob, &own).await.denied("kms:RetireGrant");
    retire(&bob, &first).await.ok();
    retire(&alice, &own).await.ok();
    retire(&bob, &first).await.denied("kms:RetireGrant");
    assert_eq!(retire(&admin, &first).await.code(), "NotFoundException");
    encrypt(&alice, &key, json!({}), "x").await.ok();
    retire(&admin, &second).await.ok();
    encrypt(&alice, &key, json!({}), "x").await.denied("kms:Encrypt");
    assert_eq!(retire(&admin, &json!("bm9uZQ")).await.code(), "InvalidGrantTokenException");
    let listed = admin.call("kms", "ListRetirableGrants", json!({ "RetiringPrincipal": user("bob") })).await;
    assert_eq!(listed.ok()["Grants"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_reach_roles_other_accounts_and_only_whom_they_were_made_for() {
    let harness = Harness::new().await;
    let (admin, other) = (harness.admin(), harness.other());
    let key = create(&admin, json!({})).await;
    let ciphertext = sealed(&admin, &key, json!({}), "x").await;
    let role =
        json!({ "RoleName": "app", "Path": "/team/", "AssumeRolePolicyDocument": trust(OTHER).to_string() });
    let arn = other.call("iam", "CreateRole", role).await.ok()["Role"]["Arn"].as_str().unwrap().to_owned();
    let assume = json!({ "RoleArn": arn, "RoleSessionName": "session" });
    let session = other.call("sts", "AssumeRole", assume).await;
    let session = other.session(&session.ok()["Credentials"]);
    decrypt(&session, &ciphertext, json!({})).await.denied("the resource associated with this ciphertext");
    grant(&admin, &key, &arn, json!(["Decrypt"]), json!({})).await.ok();
    assert_eq!(text(&decrypt(&session, &ciphertext, json!({})).await), "x");
    // Whoever is made later under the same name is somebody else.
    let first = admin.user("alice", None).await;
    grant(&admin, &key, &user("alice"), json!(["Decrypt"]), json!({})).await.ok();
    decrypt(&first, &ciphertext, json!({})).await.ok();
    admin.call("iam", "DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": first.key })).await.ok();
    admin.call("iam", "DeleteUser", json!({ "UserName": "alice" })).await.ok();
    let second = admin.user("alice", None).await;
    decrypt(&second, &ciphertext, json!({})).await.denied("kms:Decrypt");
    // A grant to an account leaves it to the account whom it lets use the key.
    grant(&admin, &key, OTHER, json!(["DescribeKey"]), json!({})).await.ok();
    on(&other, "DescribeKey", &key).await.ok();
    let weak = other.user("weak", None).await;
    on(&weak, "DescribeKey", &key).await.denied("no identity-based policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_grant_is_made_once_and_bad_ones_never() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    admin.user("alice", None).await;
    let name = json!({ "Name": "app" });
    let make = async |operations: Value| grant(&admin, &key, &user("alice"), operations, name.clone()).await;
    let id = make(json!(["Encrypt"])).await.ok()["GrantId"].clone();
    assert_eq!(make(json!(["Encrypt"])).await.ok()["GrantId"], id);
    assert_ne!(make(json!(["Decrypt"])).await.ok()["GrantId"], id);
    let dry = grant(&admin, &key, &user("alice"), json!(["Encrypt"]), json!({ "DryRun": true })).await;
    assert_eq!(dry.code(), "DryRunOperationException");
    for (to, operations, code) in [
        (user("nobody"), json!(["Encrypt"]), "InvalidArnException"),
        ("*".to_owned(), json!(["Encrypt"]), "ValidationException"),
        (user("alice"), json!(["Sign"]), "ValidationException"),
        (user("alice"), json!([]), "ValidationException"),
    ] {
        assert_eq!(
            grant(&admin, &key, &to, operations.clone(), json!({})).await.code(),
            code,
            "{to} {operations}"
        );
    }
    let page = admin.call("kms", "ListGrants", json!({ "KeyId": key, "Limit": 1 })).await.ok().clone();
    assert_eq!(page["Truncated"], true);
    let next = json!({ "KeyId": key, "Limit": 1, "Marker": page["NextMarker"] });
    assert_eq!(admin.call("kms", "ListGrants", next).await.ok()["Truncated"], false);
    let only = admin.call("kms", "ListGrants", json!({ "KeyId": key, "GrantId": id })).await;
    assert_eq!(only.ok()["Grants"].as_array().unwrap().len(), 1);
    on(&admin, "DisableKey", &key).await.ok();
    assert_eq!(make(json!(["Encrypt"])).await.code(), "DisabledException");
}
