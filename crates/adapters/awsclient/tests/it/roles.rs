//! Roles: assumed, for a token, one after another.

use std::sync::Arc;

use ringwall_awsclient::{AssumeRole, ErrorKind, TokenSource, WebIdentity};

use crate::server::{Answer, Asked, NOW, SECRET, Server, answer};

/// STS, as far as roles go: a session has the number of the calls before it in its key id, and the secret of all.
fn sts(asked: &Asked) -> Answer {
    let action = asked.body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap();
    let caller = asked.header("authorization").map_or("nobody", |text| {
        text.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next()).unwrap()
    });
    answer(
        200,
        format!(
            "<{action}Response><{action}Result><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>ASIA.{caller}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>2023-11-14T23:13:20Z</Expiration></Credentials></{action}Result></{action}Response>"
        ),
    )
}

fn role(name: &str) -> AssumeRole {
    AssumeRole { role_arn: format!("arn:aws:iam::111122223333:role/{name}"), ..AssumeRole::default() }
}

#[tokio::test]
async fn roles_are_assumed_one_by_another() {
    let server = Server::start(sts).await;
    let client = server.client();
    let first = AssumeRole {
        session_name: Some("me".to_owned()),
        external_id: Some("x y".to_owned()),
        duration: Some(900),
        ..role("first")
    };
    let first = first.provider(&client);
    let second = role("second").provider(&client.with_credentials(Arc::clone(&first)));
    let credentials = second.credentials().await.unwrap();
    assert_eq!(credentials.access_key_id, "ASIA.ASIA.AKIDEXAMPLE");
    assert_eq!(credentials.account.as_deref(), Some("111122223333"));
    second.credentials().await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert!(
        asked[0].body.ends_with("&RoleSessionName=me&ExternalId=x%20y&DurationSeconds=900"),
        "{}",
        asked[0].body
    );
    assert_eq!(asked[1].header("x-amz-security-token"), Some("t"));
    assert!(asked[1].body.contains(&format!("RoleSessionName=ringwall-{NOW}")));
    assert!(asked.iter().all(|asked| asked.is_signed(NOW)));
}

#[tokio::test]
async fn a_token_is_exchanged_without_a_signature() {
    let server = Server::start(sts).await;
    let identity = WebIdentity {
        role_arn: "arn:aws:iam::111122223333:role/pod".to_owned(),
        session_name: Some("pod".to_owned()),
        token: TokenSource::Text(String::from("a.b.c").into()),
        duration: None,
    };
    let credentials = identity.provider(&server.client()).credentials().await.unwrap();
    assert_eq!(credentials.access_key_id, "ASIA.nobody");
    assert!(server.asked()[0].body.ends_with("&WebIdentityToken=a.b.c"));
}

#[tokio::test]
async fn a_role_that_is_refused_says_so() {
    let server = Server::start(|_| {
        answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>")
    })
    .await;
    let client = server.client();
    let client = client.with_credentials(role("closed").provider(&client));
    let error = client.json("kms", "TrentService.ListKeys", &serde_json::json!({})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(
        error.to_string(),
        "`kms:ListKeys`: no credentials from the role `arn:aws:iam::111122223333:role/closed`: `sts:AssumeRole`: \
         AccessDenied: not you"
    );
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_role_that_is_out_of_reach_is_asked_for_as_often_as_one_call_is() {
    let server = Server::start(|_| answer(503, "")).await;
    let client = server.client();
    let client = client.with_credentials(role("far").provider(&client));
    let error = client.json("kms", "TrentService.ListKeys", &serde_json::json!({})).await.unwrap_err();
    assert_eq!((error.kind, server.asked().len()), (ErrorKind::Unavailable, 3));
}
