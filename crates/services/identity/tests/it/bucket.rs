//! A bucket as the documents' place: what is sent, in which order.

use std::fs;
use std::sync::{Arc, Mutex};

use http::{Method, StatusCode};
use ringwall_awsclient::{Client, Config, Endpoints, Retry, Static};
use ringwall_identity::issuer::{IssuerError, KeySource, Publisher, Settings, Target};
use ringwall_server::{Handler, Limits, Metrics, Request, Response, Server, live};
use serde_json::Value;
use tempfile::TempDir;

use crate::signer::Signer;

/// Takes objects as S3 does, but for those that it refuses.
#[derive(Default)]
struct Bucket {
    puts: Mutex<Vec<Request>>,
    refused: Mutex<Option<&'static str>>,
}

impl Handler for Bucket {
    async fn handle(&self, request: Request) -> Response {
        if self.refused.lock().unwrap().is_some_and(|refused| request.head.path.ends_with(refused)) {
            let text = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
            return Response::new(StatusCode::FORBIDDEN, text);
        }
        self.puts.lock().unwrap().push(request);
        Response::new(StatusCode::OK, "")
    }
}

#[tokio::test]
async fn the_key_set_goes_first() {
    let bucket = Arc::new(Bucket::default());
    let limits = live(Limits::default());
    let server = Server::bind(([127, 0, 0, 1], 0).into(), None, limits, Metrics::default()).unwrap();
    let endpoint = format!("http://{}", server.address()).parse().unwrap();
    let serving = tokio::spawn(server.serve(Arc::clone(&bucket), std::future::pending()));
    let credentials = Static::key("AKIAIOSFODNN7EXAMPLE", "a secret".to_owned());
    let mut config = Config::new("eu-central-1", Arc::new(credentials));
    config.endpoints = Endpoints::all(endpoint);
    config.retry = Retry::never();

    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("sa.pub");
    let signer = Signer::rsa();
    fs::write(&keys, &signer.pem).unwrap();
    let target = Target::Bucket {
        client: Client::new(config).unwrap(),
        bucket: "oidc".to_owned(),
        prefix: "blue/".to_owned(),
    };
    let settings = Settings {
        issuer: Some("https://oidc.s3.eu-central-1.amazonaws.com/blue".to_owned()),
        targets: vec![target],
        ..Settings::new(KeySource::Files(vec![keys]), folder.path().join("state.json"))
    };
    let mut publisher = Publisher::new(settings, || 1_795_766_400);

    *bucket.refused.lock().unwrap() = Some("/openid-configuration");
    let error = publisher.publish().await.unwrap_err();
    assert!(matches!(error, IssuerError::Bucket { .. }), "{error}");
    assert!(error.to_string().contains("s3://oidc/blue/.well-known/openid-configuration"), "{error}");
    *bucket.refused.lock().unwrap() = None;
    assert!(publisher.publish().await.unwrap().written, "what failed is tried again");
    assert!(!publisher.publish().await.unwrap().written);

    let puts = bucket.puts.lock().unwrap().clone();
    let paths: Vec<&str> = puts.iter().map(|put| put.head.path.as_str()).collect();
    let (keys, discovery) = ("/oidc/blue/openid/v1/jwks", "/oidc/blue/.well-known/openid-configuration");
    assert_eq!(paths, [keys, keys, discovery]);
    for put in &puts {
        assert_eq!(put.head.method, Method::PUT);
        assert_eq!(put.head.header("cache-control"), Some("public, max-age=300"));
        assert!(put.head.header("authorization").unwrap().contains("/eu-central-1/s3/aws4_request"));
    }
    let set: Value = serde_json::from_slice(&puts[0].body).unwrap();
    assert_eq!(set["keys"][0]["kid"], signer.kid);
    serving.abort();
}
