//! STS: how long a session lasts, what ends it, and how far a user's or root's reaches.

use data_encoding::BASE64;
use ringwall_store::{Batch, Expect, Place};
use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Harness, Reply, policy, trust};
use crate::sts::{assume, role, root, statements, user, whoami};

#[tokio::test(flavor = "multi_thread")]
async fn sessions_last_as_long_as_they_may() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let may = Some(policy("Allow", "sts:*", "*"));
    let arn = role(&admin, "worker", &trust(&root(ACCOUNT)), may.clone()).await;
    let long = role(&admin, "long", &trust(&root(ACCOUNT)), None).await;
    admin.call("iam", "UpdateRole", json!({ "RoleName": "long", "MaxSessionDuration": 43200 })).await.ok();
    let wrong = assume(&admin, &arn, json!({ "DurationSeconds": 3601 })).await;
    assert!(wrong.message().contains("MaxSessionDuration set for this role"), "{}", wrong.text);
    assume(&admin, &long, json!({ "DurationSeconds": 43200 })).await.ok();
    assert_eq!(assume(&admin, &long, json!({ "DurationSeconds": 43201 })).await.code(), "ValidationError");

    let session =
        admin.session(&assume(&admin, &arn, json!({ "DurationSeconds": 900 })).await.ok()["Credentials"]);
    // By a role's session a role is assumed for an hour at most; the new session may outlast the first.
    let chained = assume(&session, &long, json!({ "DurationSeconds": 3601 })).await;
    assert!(chained.message().contains("role chaining"), "{}", chained.text);
    let next = admin.session(&assume(&session, &long, json!({})).await.ok()["Credentials"]);
    harness.pass(899);
    whoami(&session).await.ok();
    harness.pass(1);
    assert_eq!(whoami(&session).await.code(), "ExpiredToken");
    whoami(&next).await.ok();
    harness.pass(2701);
    assert_eq!(whoami(&next).await.code(), "ExpiredToken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_can_be_revoked_and_outlives_a_restart() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let arn = role(&admin, "worker", &trust(&root(ACCOUNT)), Some(policy("Allow", "iam:*", "*"))).await;
    let old = assume(&admin, &arn, json!({})).await;
    let credentials = old.ok()["Credentials"].clone();
    let harness = harness.restart().await;
    let admin = harness.admin();
    let old = admin.session(&credentials);
    old.call("iam", "ListUsers", json!({})).await.ok();

    harness.pass(60);
    // As the console's "Revoke active sessions" does.
    let now = jiff::Timestamp::from_millisecond(harness.now()).unwrap().to_string();
    let revoke = statements(json!([
        { "Effect": "Deny", "Action": "*", "Resource": "*",
          "Condition": { "DateLessThan": { "aws:TokenIssueTime": now } } },
    ]));
    let input = json!({ "RoleName": "worker", "PolicyName": "revoke", "PolicyDocument": revoke.to_string() });
    admin.call("iam", "PutRolePolicy", input).await.ok();
    old.call("iam", "ListUsers", json!({})).await.denied("explicit deny in an identity-based policy");
    harness.pass(1);
    let new = admin.session(&assume(&admin, &arn, json!({})).await.ok()["Credentials"]);
    new.call("iam", "ListUsers", json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_a_session_token_can_be_changed() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let arn = role(&admin, "worker", &trust(&root(ACCOUNT)), None).await;
    let (one, two) = (assume(&admin, &arn, json!({})).await, assume(&admin, &arn, json!({})).await);
    let text = |reply: &Reply, name: &str| reply.ok()["Credentials"][name].as_str().unwrap().to_owned();
    let (key, secret, token) =
        (text(&one, "AccessKeyId"), text(&one, "SecretAccessKey"), text(&one, "SessionToken"));
    whoami(&harness.with_key(&key, &secret, Some(&token))).await.ok();
    let sealed = BASE64.decode(token.as_bytes()).unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1 << (at % 8);
        let token = BASE64.encode(&changed);
        let reply = whoami(&harness.with_key(&key, &secret, Some(&token))).await;
        assert_eq!(reply.code(), "InvalidClientTokenId", "byte {at}");
    }
    let short = BASE64.encode(&sealed[..sealed.len() - 1]);
    let (other_key, other_token) = (text(&two, "AccessKeyId"), text(&two, "SessionToken"));
    let admins = admin.key.clone();
    let cases = [
        (key.as_str(), Some(short.as_str())),
        (&key, token.get(..token.len() - 1)),
        (&key, Some("x")),
        (&key, Some(&other_token)),
        (&other_key, Some(&token)),
        // A token does not make another's key good, and a session's key is none without its token.
        (&admins, Some(&token)),
        (&key, None),
    ];
    for (key, token) in cases {
        let reply = whoami(&harness.with_key(key, &secret, token)).await;
        assert_eq!(reply.code(), "InvalidClientTokenId", "{key} {token:?}");
    }
    // The token alone is nothing without the secret.
    let wrong = harness.with_key(&key, "wrong", Some(&token));
    assert_eq!(whoami(&wrong).await.code(), "SignatureDoesNotMatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_session_reaches_as_far_as_aws_lets_it() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let arn = role(&admin, "worker", &trust(&root(ACCOUNT)), None).await;
    let alice = admin.user("alice", Some(policy("Allow", "*", "*"))).await;
    alice.call("iam", "ListUsers", json!({})).await.ok();
    let reply = alice.call("sts", "GetSessionToken", json!({ "DurationSeconds": 900 })).await;
    let session = alice.session(&reply.ok()["Credentials"]);
    assert_eq!(whoami(&session).await.ok()["Arn"], user("alice"));
    session.call("kms", "ListKeys", json!({})).await.ok();
    let worker = alice.session(&assume(&session, &arn, json!({})).await.ok()["Credentials"]);
    let sealed = session.call("iam", "ListUsers", json!({})).await;
    assert_eq!((sealed.status, sealed.code()), (403, "InvalidClientTokenId"));
    session.call("sts", "GetSessionToken", json!({})).await.denied("with session credentials");
    session
        .call("sts", "GetAccessKeyInfo", json!({ "AccessKeyId": alice.key }))
        .await
        .denied("session credentials");
    worker.call("sts", "GetSessionToken", json!({})).await.denied("with session credentials");
    let mfa = json!({ "SerialNumber": "arn:aws:iam::111122223333:mfa/alice", "TokenCode": "123456" });
    alice.call("sts", "GetSessionToken", mfa).await.denied("MultiFactorAuthentication failed");
    assert_eq!(
        alice.call("sts", "GetSessionToken", json!({ "DurationSeconds": 899 })).await.code(),
        "ValidationError"
    );
    // What the user may not do any more, its session may not either.
    let input = json!({ "UserName": "alice", "PolicyName": "inline", "PolicyDocument": policy("Deny", "kms:*", "*").to_string() });
    admin.call("iam", "PutUserPolicy", input).await.ok();
    session.call("kms", "ListKeys", json!({})).await.denied("explicit deny");
    harness.pass(900);
    assert_eq!(whoami(&session).await.code(), "ExpiredToken");
}

/// Makes the administrator's key one of the account's root user, which the command line does not do.
async fn make_root(harness: &Harness) {
    let place = Place {
        account: String::new(),
        region: String::new(),
        kind: "iam/access-key".to_owned(),
        name: harness.admin().key.clone(),
    };
    let record = harness.store().get(&place).await.unwrap().unwrap();
    let mut key: Value = serde_json::from_slice(&record.body).unwrap();
    key["user"] = Value::Null;
    key["user_id"] = ACCOUNT.into();
    let mut batch = Batch::new();
    batch.put(place, serde_json::to_vec(&key).unwrap(), Expect::Present);
    harness.store().commit(batch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn root_assumes_no_role() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let arn = role(&admin, "worker", &trust(&root(ACCOUNT)), None).await;
    make_root(&harness).await;
    assert_eq!(whoami(&admin).await.ok()["Arn"], root(ACCOUNT));
    assume(&admin, &arn, json!({})).await.denied("Roles may not be assumed by root accounts");
    // Its own session lasts an hour, whatever it asks for.
    let reply = admin.call("sts", "GetSessionToken", json!({ "DurationSeconds": 43200 })).await;
    let session = admin.session(&reply.ok()["Credentials"]);
    assert_eq!(whoami(&session).await.ok()["Arn"], root(ACCOUNT));
    assume(&session, &arn, json!({})).await.denied("Roles may not be assumed by root accounts");
    assert_eq!(session.call("iam", "ListUsers", json!({})).await.code(), "InvalidClientTokenId");
    harness.pass(3600);
    assert_eq!(whoami(&session).await.code(), "ExpiredToken");
}
