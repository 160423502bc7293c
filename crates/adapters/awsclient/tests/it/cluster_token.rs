use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use ringwall_awsclient::{Client, Clock, Config, Credentials, Endpoints, ErrorKind, Static};
use ringwall_model::Secret;
use ringwall_sigv4::{Form, Lifetime, Parts, parse, signing_key};

use crate::server::{NOW, SECRET};

fn client(session_token: Option<String>, endpoints: Endpoints) -> Client {
    let credentials = Static(Credentials {
        access_key_id: "ASIAIOSFODNN7EXAMPLE".to_owned(),
        secret: Secret::from(SECRET.to_owned()),
        session_token: session_token.map(Secret::from),
        expires: None,
        account: None,
    });
    let config = Config::new("eu-central-1", Arc::new(credentials));
    Client::new(Config { endpoints, clock: Clock::new(|| NOW), ..config }).unwrap()
}

async fn url(client: &Client) -> String {
    let token = client.cluster_token("shop").await.unwrap();
    assert_eq!(token.expires, NOW + 840);
    let text = token.token.expose_text().unwrap().strip_prefix("k8s-aws-v1.").unwrap().to_owned();
    String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap()
}

/// The parameters of `aws eks get-token` of the AWS CLI 1.46, which has the session token behind the signed headers.
#[tokio::test]
async fn a_token_is_a_presigned_request() {
    let url = url(&client(Some("to/ken+==".to_owned()), Endpoints::aws())).await;
    let (base, query) = url.split_once('?').unwrap();
    assert_eq!(base, "https://sts.eu-central-1.amazonaws.com/");
    let (unsigned, signature) = query.split_once("&X-Amz-Signature=").unwrap();
    assert_eq!(
        unsigned,
        "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20231114%2Feu-central-1%2Fsts%2Faws4_request\
         &X-Amz-Date=20231114T221320Z&X-Amz-Expires=60&X-Amz-Security-Token=to%2Fken%2B%3D%3D\
         &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"
    );
    assert_eq!(signature.len(), 64);
    let host = ("host", "sts.eu-central-1.amazonaws.com");
    let verified = |cluster: &str, now: i64| {
        let headers = [host, ("x-k8s-aws-id", cluster)];
        let parts =
            Parts { method: "GET", path: "/", query: Some(query), headers: &headers, authority: None };
        let presented = parse(&parts).unwrap().unwrap();
        assert_eq!(presented.form(), Form::Presigned);
        let key = signing_key(&Secret::from(SECRET.to_owned()), "20231114", "eu-central-1", "sts").unwrap();
        presented.verify(b"", &key, now, Lifetime::QuarterHour).is_ok()
    };
    assert!(verified("shop", NOW + 839));
    assert!(!verified("other", NOW));
    assert!(!verified("shop", NOW + 901));
}

#[tokio::test]
async fn another_endpoint_is_the_tokens_host() {
    let at = |url: &str| client(None, Endpoints::aws().with("sts", url.parse().unwrap()));
    assert!(
        url(&at("https://ringwall.internal:7443"))
            .await
            .starts_with("https://ringwall.internal:7443/?Action=")
    );
    assert!(url(&at("http://127.0.0.1:7443/")).await.starts_with("http://127.0.0.1:7443/?Action="));
    let refused = at("https://ringwall.internal/sts").cluster_token("shop").await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn what_no_cluster_would_take_is_not_made() {
    let client = client(None, Endpoints::aws());
    for cluster in ["", "a b", "a\nb", "ü"] {
        assert_eq!(client.cluster_token(cluster).await.unwrap_err().kind, ErrorKind::Invalid, "{cluster:?}");
    }
    let long =
        self::client(Some("x".repeat(3000)), Endpoints::aws()).cluster_token("shop").await.unwrap_err();
    assert!(long.to_string().contains("clusters take 4096"), "{long}");
    assert_eq!(client.anonymous().cluster_token("shop").await.unwrap_err().kind, ErrorKind::NoCredentials);
}
