use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use ringwall_awsclient::http::{HttpClient, HttpError, HttpLimits, HttpRequest, HttpSettings, Plain};
use rustls::pki_types::PrivateKeyDer;

use crate::server::{Server, answer};

const LIMITS: HttpLimits = HttpLimits { max_body: 1000, timeout: Duration::from_secs(30) };

fn get(url: &str) -> HttpRequest {
    HttpRequest {
        method: Method::GET,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}

fn client() -> HttpClient {
    HttpClient::new(&HttpSettings::default()).unwrap()
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::start(|_| answer(200, "x")).await;
    let client = client();
    for _ in 0..5 {
        assert_eq!(client.clone().send(get(&server.url), LIMITS).await.unwrap().body, "x");
    }
    assert_eq!((server.asked().len(), server.connections()), (5, 1));
    let asked = &server.asked()[0];
    assert!(server.url.ends_with(asked.header("host").unwrap()));
    assert!(asked.header("user-agent").unwrap().starts_with("ringwall/"));
}

#[tokio::test]
async fn answers_have_limits() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/long" => answer(200, "x".repeat(1001)),
        "/compressed" => {
            let mut answer = answer(200, "x");
            answer.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
            answer
        }
        "/headers" => {
            let mut answer = answer(200, "x");
            for at in 0..200 {
                let name = http::HeaderName::from_bytes(format!("x-{at}").as_bytes()).unwrap();
                answer.headers_mut().insert(name, HeaderValue::from_static("x"));
            }
            answer
        }
        _ => answer(200, "x".repeat(1000)),
    })
    .await;
    let client = client();
    let ask = |path: &str| client.send(get(&format!("{}{path}", server.url)), LIMITS);
    assert_eq!(ask("/").await.unwrap().body.len(), 1000);
    assert!(matches!(ask("/long").await, Err(HttpError::TooLong { limit: 1000, .. })));
    assert!(matches!(ask("/compressed").await, Err(HttpError::Encoded { .. })));
    assert!(matches!(ask("/headers").await, Err(HttpError::Broken { .. })));
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let server = Server::start(|_| {
        let mut answer = answer(302, "");
        answer.headers_mut().insert("location", HeaderValue::from_static("/elsewhere"));
        answer
    })
    .await;
    assert_eq!(client().send(get(&server.url), LIMITS).await.unwrap().status, 302);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn without_tls_nothing_leaves_the_machine() {
    // Of documentation: nobody answers there, and nobody is asked.
    for host in ["192.0.2.1", "[2001:db8::1]", "169.254.169.254"] {
        let refused = client().send(get(&format!("http://{host}/")), LIMITS).await;
        assert!(matches!(refused, Err(HttpError::Plain { .. })), "{refused:?}");
    }
    let anywhere =
        HttpClient::new(&HttpSettings { plain: Plain::Anywhere, ..HttpSettings::default() }).unwrap();
    let server = Server::start(|_| answer(200, "x")).await;
    anywhere.send(get(&server.url), LIMITS).await.unwrap();
}

#[tokio::test]
async fn tls_is_by_trusted_authorities_alone() {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let server = Server::start_tls(tls, |_| answer(200, "x")).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), own.cert.pem()).unwrap();
    let trusting = HttpSettings { roots: Some(file.path().to_owned()), ..HttpSettings::default() };
    let trusting = HttpClient::new(&trusting).unwrap();
    assert_eq!(trusting.send(get(&server.url), LIMITS).await.unwrap().body, "x");
    // Another name than the certificate's, and no trust at all.
    let other = server.url.replace("localhost", "127.0.0.1");
    for refused in [trusting.send(get(&other), LIMITS).await, client().send(get(&server.url), LIMITS).await] {
        let error = refused.unwrap_err();
        assert!(matches!(error, HttpError::Tls { .. }) && !error.is_transient(), "{error:?}");
    }
    assert_eq!(server.asked().len(), 1);
}
