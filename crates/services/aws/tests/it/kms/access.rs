//! Who may use a key: its policy, and the caller's own.

use serde_json::{Value, json};

use super::{create, decrypt, encrypt, id, on, sealed, text};
use crate::harness::{ACCOUNT, Harness, OTHER, policy, trust};

fn key_policy(statements: Value) -> String {
    let mut all = vec![json!({
        "Sid": "Administration", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:user/administrator") },
        "Action": "kms:*", "Resource": "*",
    })];
    all.extend(statements.as_array().unwrap().clone());
    json!({ "Version": "2012-10-17", "Statement": all }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_policy_nobody_uses_a_key() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let user = admin.user("alice", Some(policy("Allow", "kms:*", "*"))).await;
    let guest = admin.user("guest", None).await;
    let key = create(&admin, json!({ "Policy": key_policy(json!([])) })).await;
    encrypt(&user, &key, json!({}), "x")
        .await
        .denied("no resource-based policy allows the kms:Encrypt action");

    let statement = json!([{
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:user/guest") }, "Action": "kms:Encrypt",
        "Resource": "*", "Condition": { "StringEquals": { "kms:EncryptionContext:app": "shop" } },
    }]);
    let input = json!({ "KeyId": key, "Policy": key_policy(statement) });
    admin.call("kms", "PutKeyPolicy", input).await.ok();
    encrypt(&guest, &key, json!({ "app": "shop" }), "x").await.ok();
    encrypt(&guest, &key, json!({ "app": "bank" }), "x").await.denied("no resource-based policy");
    on(&guest, "DescribeKey", &key).await.denied("no resource-based policy");
    encrypt(&user, &key, json!({ "app": "shop" }), "x").await.denied("no resource-based policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_denied_stays_denied() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let mut both = policy("Allow", "kms:*", "*");
    both["Statement"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*" }));
    let user = admin.user("alice", Some(both)).await;
    let ciphertext = sealed(&user, &key, json!({}), "x").await;
    decrypt(&user, &ciphertext, json!({})).await.denied("with an explicit deny in an identity-based policy");

    let denied = key_policy(json!([
        { "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" },
    ]));
    admin.call("kms", "PutKeyPolicy", json!({ "KeyId": key, "Policy": denied })).await.ok();
    encrypt(&admin, &key, json!({}), "x").await.denied("with an explicit deny in a resource-based policy");

    let boundary =
        json!({ "PolicyName": "limit", "PolicyDocument": policy("Allow", "s3:*", "*").to_string() });
    let boundary =
        admin.call("iam", "CreatePolicy", boundary).await.ok()["Policy"]["Arn"].as_str().unwrap().to_owned();
    let bounded = admin.user("bob", Some(policy("Allow", "kms:*", "*"))).await;
    on(&bounded, "DescribeKey", &key).await.ok();
    admin
        .call(
            "iam",
            "PutUserPermissionsBoundary",
            json!({ "UserName": "bob", "PermissionsBoundary": boundary }),
        )
        .await
        .ok();
    on(&bounded, "DescribeKey", &key)
        .await
        .denied("no permissions boundary allows the kms:DescribeKey action");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_policy_limits_the_use_of_a_key() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let role = json!({ "RoleName": "app", "AssumeRolePolicyDocument": trust(ACCOUNT).to_string() });
    let arn = admin.call("iam", "CreateRole", role).await.ok()["Role"]["Arn"].as_str().unwrap().to_owned();
    let inline = json!({ "RoleName": "app", "PolicyName": "kms", "PolicyDocument": policy("Allow", "kms:*", "*").to_string() });
    admin.call("iam", "PutRolePolicy", inline).await.ok();
    let assume = json!({ "RoleArn": arn, "RoleSessionName": "session", "Policy": policy("Allow", "kms:Encrypt", "*").to_string() });
    let session = admin.call("sts", "AssumeRole", assume).await;
    let session = admin.session(&session.ok()["Credentials"]);
    let ciphertext = sealed(&session, &key, json!({}), "x").await;
    decrypt(&session, &ciphertext, json!({})).await.denied("no session policy allows the kms:Decrypt action");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_needs_both_sides_and_the_arn() {
    let harness = Harness::new().await;
    let (admin, other) = (harness.admin(), harness.other());
    let key = create(&admin, json!({})).await;
    let ciphertext = sealed(&admin, &key, json!({}), "shared").await;
    let refused = decrypt(&other, &ciphertext, json!({})).await;
    refused.denied(
        "on the resource associated with this ciphertext because the resource does not exist in this Region",
    );
    let statement = json!([{
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") },
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:PutKeyPolicy"], "Resource": "*",
    }]);
    admin.call("kms", "PutKeyPolicy", json!({ "KeyId": key, "Policy": key_policy(statement) })).await.ok();
    let opened = decrypt(&other, &ciphertext, json!({})).await;
    assert_eq!(text(&opened), "shared");
    on(&other, "DescribeKey", &key).await.ok();
    assert_eq!(on(&other, "DescribeKey", id(&key)).await.code(), "NotFoundException");
    let weak = other.user("weak", None).await;
    decrypt(&weak, &ciphertext, json!({}))
        .await
        .denied("no identity-based policy allows the kms:Decrypt action");
    // What AWS lets nobody do from another account.
    let policy = json!({ "KeyId": key, "Policy": key_policy(json!([])) });
    other
        .call("kms", "PutKeyPolicy", policy)
        .await
        .denied("no resource-based policy allows the kms:PutKeyPolicy action");
    // Both accounts keep a record of it.
    let records = harness.records(ACCOUNT).await;
    let record = records
        .iter()
        .find(|record| record["eventName"] == "Decrypt" && record["userIdentity"]["accountId"] == OTHER);
    assert_eq!(record.unwrap()["recipientAccountId"], ACCOUNT);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_locks_himself_out_unless_he_says_so() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let only = |principal: &str| {
        json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:*", "Resource": "*" },
    ] })
    };
    admin.user("keeper", None).await;
    let keeper = only(&format!("arn:aws:iam::{ACCOUNT}:user/keeper"));
    let mut put = json!({ "KeyId": key, "Policy": keeper.to_string() });
    assert_eq!(
        admin.call("kms", "PutKeyPolicy", put.clone()).await.code(),
        "MalformedPolicyDocumentException"
    );
    let make = json!({ "Policy": keeper.to_string() });
    assert_eq!(admin.call("kms", "CreateKey", make).await.code(), "MalformedPolicyDocumentException");
    put["BypassPolicyLockoutSafetyCheck"] = true.into();
    admin.call("kms", "PutKeyPolicy", put.clone()).await.ok();
    on(&admin, "GetKeyPolicy", &key).await.denied("no resource-based policy");

    let second = create(&admin, json!({})).await;
    for bad in [
        json!("{}"),
        json!(only("arn:aws:iam::111122223333:user/gone").to_string()),
        json!(policy("Allow", "kms:*", "*").to_string()),
    ] {
        let input = json!({ "KeyId": second, "Policy": bad });
        assert_eq!(
            admin.call("kms", "PutKeyPolicy", input).await.code(),
            "MalformedPolicyDocumentException",
            "{bad}"
        );
    }
    let root = only(&format!("arn:aws:iam::{ACCOUNT}:root"));
    admin.call("kms", "PutKeyPolicy", json!({ "KeyId": second, "Policy": root.to_string() })).await.ok();
    let told = on(&admin, "GetKeyPolicy", &second).await;
    assert_eq!(told.ok()["Policy"], root.to_string());
    assert_eq!(on(&admin, "ListKeyPolicies", &second).await.ok()["PolicyNames"], json!(["default"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_policy_means_whom_it_named_not_who_comes_after() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let first = admin.user("alice", None).await;
    let statement = json!([{
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:user/alice") }, "Action": "kms:Encrypt", "Resource": "*",
    }]);
    let key = create(&admin, json!({ "Policy": key_policy(statement) })).await;
    encrypt(&first, &key, json!({}), "x").await.ok();
    let access_key = first.key.clone();
    admin
        .call("iam", "DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": access_key }))
        .await
        .ok();
    admin.call("iam", "DeleteUser", json!({ "UserName": "alice" })).await.ok();
    let second = admin.user("alice", None).await;
    encrypt(&second, &key, json!({}), "x").await.denied("no resource-based policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_creation_are_decided_by_what_is_asked_for() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let mut make = policy("Allow", "kms:CreateKey", "*");
    make["Statement"][0]["Condition"] = json!({ "StringEquals": { "aws:RequestTag/team": "red" } });
    let maker = admin.user("maker", Some(make.clone())).await;
    let red = json!({ "Tags": [{ "TagKey": "team", "TagValue": "red" }] });
    maker
        .call("kms", "CreateKey", json!({}))
        .await
        .denied("no identity-based policy allows the kms:CreateKey action");
    maker.call("kms", "CreateKey", red.clone()).await.denied("allows the kms:TagResource action");
    make["Statement"][0]["Action"] = json!(["kms:CreateKey", "kms:TagResource"]);
    let maker = admin.user("tagger", Some(make)).await;
    let key = create(&maker, red).await;
    let mut by_tag = policy("Allow", "kms:Encrypt", "*");
    by_tag["Statement"][0]["Condition"] = json!({ "StringEquals": { "aws:ResourceTag/team": "red" } });
    let user = admin.user("user", Some(by_tag)).await;
    encrypt(&user, &key, json!({}), "x").await.ok();
    admin.call("kms", "UntagResource", json!({ "KeyId": key, "TagKeys": ["team"] })).await.ok();
    encrypt(&user, &key, json!({}), "x").await.denied("no identity-based policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn re_encrypting_needs_both_permissions() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let (from, to) = (create(&admin, json!({})).await, create(&admin, json!({})).await);
    let ciphertext = sealed(&admin, &from, json!({}), "x").await;
    let input = json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": to });
    for (name, actions, refused) in [
        ("from", json!(["kms:ReEncryptFrom"]), Some("allows the kms:ReEncryptTo action")),
        ("to", json!(["kms:ReEncryptTo"]), Some("allows the kms:ReEncryptFrom action")),
        ("both", json!(["kms:ReEncrypt*"]), None),
    ] {
        let mut allowed = policy("Allow", "", "*");
        allowed["Statement"][0]["Action"] = actions;
        let user = admin.user(name, Some(allowed)).await;
        let reply = user.call("kms", "ReEncrypt", input.clone()).await;
        match refused {
            Some(because) => reply.denied(because),
            None => {
                reply.ok();
            }
        }
    }
    let mut same = policy("Allow", "kms:ReEncrypt*", "*");
    same["Statement"][0]["Condition"] = json!({ "Bool": { "kms:ReEncryptOnSameKey": "true" } });
    let user = admin.user("same", Some(same)).await;
    user.call("kms", "ReEncrypt", input).await.denied("kms:ReEncryptFrom");
    user.call("kms", "ReEncrypt", json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": from }))
        .await
        .ok();
}
