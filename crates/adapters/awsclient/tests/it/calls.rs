use http::Method;
use ringwall_awsclient::{Endpoints, ErrorKind, escape};
use serde_json::{Value, json};

use crate::server::{NOW, Server, answer};

#[tokio::test]
async fn json_calls_name_their_target() {
    let server = Server::start(|_| answer(200, r#"{"Plaintext":"aGVsbG8="}"#)).await;
    let client = server.client();
    let opened =
        client.json("kms", "TrentService.Decrypt", &json!({"CiphertextBlob": "eA=="})).await.unwrap();
    assert_eq!(opened["Plaintext"], "aGVsbG8=");
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/"));
    assert_eq!(asked.header("x-amz-target"), Some("TrentService.Decrypt"));
    assert_eq!(asked.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(asked.body, r#"{"CiphertextBlob":"eA=="}"#);
    assert!(asked.header("authorization").unwrap().contains("/20231114/eu-central-1/kms/aws4_request"));
    assert!(asked.is_signed(NOW));
    assert!(!asked.is_signed(NOW + 1000));
}

#[tokio::test]
async fn query_calls_are_forms() {
    let server = Server::start(|_| {
        answer(200, "<GetCallerIdentityResponse xmlns=\"x\"><GetCallerIdentityResult><Arn>a</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>")
    })
    .await;
    let found = server.client().query("sts", "GetCallerIdentity", "2011-06-15", &[("Odd", "a b&c=ü*")]).await;
    assert_eq!(found.unwrap().text_at(&["GetCallerIdentityResult", "Arn"]), Some("a"));
    let asked = &server.asked()[0];
    assert_eq!(asked.body, "Action=GetCallerIdentity&Version=2011-06-15&Odd=a%20b%26c%3D%C3%BC%2A");
    assert!(asked.is_signed(NOW));
}

#[tokio::test]
async fn rest_calls_have_paths_and_queries() {
    let server = Server::start(|_| answer(200, "")).await;
    let client = server.client();
    let role = escape("arn:aws:iam::111122223333:role/a b");
    let path = format!("/clusters/shop/access-entries/{role}");
    let query = [("nextToken", "a+b/="), ("maxResults", "1")];
    assert_eq!(client.rest("eks", Method::GET, &path, &query, None).await.unwrap(), Value::Null);
    let body = json!({"token": "t"});
    client
        .rest("eks-auth", Method::POST, "/clusters/shop/assume-role-for-pod-identity", &[], Some(&body))
        .await
        .unwrap();
    let asked = server.asked();
    assert_eq!(
        asked[0].path,
        "/clusters/shop/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fa%20b"
    );
    assert_eq!(asked[0].query.as_deref(), Some("nextToken=a%2Bb%2F%3D&maxResults=1"));
    assert_eq!(asked[1].header("content-type"), Some("application/json"));
    assert!(asked.iter().all(|asked| asked.is_signed(NOW)));
}

#[tokio::test]
async fn an_endpoint_may_have_a_path() {
    let server = Server::start(|_| answer(200, "{}")).await;
    let mut config = server.config();
    config.endpoints = Endpoints::all(format!("{}/base/", server.url).parse().unwrap());
    let client = ringwall_awsclient::Client::new(config).unwrap();
    client.rest("eks", Method::GET, "/clusters", &[], None).await.unwrap();
    assert_eq!(server.asked()[0].path, "/base/clusters");
    assert!(server.asked()[0].is_signed(NOW));
}

#[tokio::test]
async fn objects_are_put_below_their_bucket() {
    let server = Server::start(|_| answer(200, "")).await;
    let client = server.client();
    let put = |bucket: &'static str, key: &'static str| {
        client.put_object(bucket, key, "application/json", "max-age=60", "{}".into())
    };
    put("issuer", ".well-known/openid configuration").await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("PUT", "/issuer/.well-known/openid%20configuration")
    );
    assert_eq!(asked.header("cache-control"), Some("max-age=60"));
    assert_eq!(asked.header("x-amz-content-sha256").map(str::len), Some(64));
    assert!(
        asked
            .header("authorization")
            .unwrap()
            .contains("cache-control;content-type;host;x-amz-content-sha256")
    );
    for (bucket, key) in [("", "k"), ("a/b", "k"), ("b", ""), ("b", "a/../c"), ("B", "k")] {
        assert_eq!(put(bucket, key).await.unwrap_err().kind, ErrorKind::Invalid, "{bucket} {key}");
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn anonymous_calls_are_not_signed() {
    let server = Server::start(|_| answer(200, "<R/>")).await;
    server.client().anonymous().query("sts", "AssumeRoleWithWebIdentity", "2011-06-15", &[]).await.unwrap();
    assert_eq!(server.asked()[0].header("authorization"), None);
}

#[tokio::test]
async fn an_answer_that_is_none_is_told() {
    let server = Server::start(|asked| answer(200, if asked.path == "/" { "<R>" } else { "no JSON" })).await;
    let client = server.client();
    let error = client.query("sts", "X", "1", &[]).await.unwrap_err();
    assert!(error.kind == ErrorKind::Other && error.to_string().contains("no XML"), "{error}");
    let error = client.rest("eks", Method::GET, "/clusters", &[], None).await.unwrap_err();
    assert!(error.kind == ErrorKind::Other && error.to_string().contains("no JSON"), "{error}");
}
