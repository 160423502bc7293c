//! Containers' agents, instances' metadata services, programs.

use std::sync::atomic::{AtomicUsize, Ordering};

use ringwall_awsclient::http::{HttpClient, HttpSettings};
use ringwall_awsclient::{Clock, Container, CredentialsError, Environment, ErrorKind, Instance, TokenSource};

use crate::server::{NOW, Server, answer};

const SESSION: &str = r#"{"Code":"Success","AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","Expiration":"2023-11-14T23:13:20Z","AccountId":"111122223333"}"#;

fn http() -> HttpClient {
    HttpClient::new(&HttpSettings::default()).unwrap()
}

fn clock() -> Clock {
    Clock::new(|| NOW)
}

#[tokio::test]
async fn an_agent_is_asked_with_the_token_of_the_moment() {
    let server = Server::start(|_| answer(200, SESSION.replace("23:13:20", "22:13:21"))).await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "first\n").unwrap();
    let environment = Environment::new({
        let (url, token) = (format!("{}/v1/credentials", server.url), token.path().display().to_string());
        move |name| match name {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI" => Some(url.clone()),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" => Some(token.clone()),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN" => Some("never".to_owned()),
            _ => None,
        }
    });
    let ticks = AtomicUsize::new(0);
    // The session is over at the second look.
    let clock = Clock::new(move || NOW + 100 * i64::try_from(ticks.fetch_add(1, Ordering::Relaxed)).unwrap());
    let provider = Container::from_env(&environment).unwrap().unwrap().provider(&http(), clock);
    let credentials = provider.credentials().await.unwrap();
    assert_eq!(credentials.account.as_deref(), Some("111122223333"));
    std::fs::write(token.path(), "second").unwrap();
    provider.credentials().await.unwrap();
    let asked = server.asked();
    let tokens: Vec<_> = asked.iter().map(|asked| asked.header("authorization").unwrap()).collect();
    assert_eq!((tokens, asked[0].path.as_str()), (vec!["first", "second"], "/v1/credentials"));
}

#[tokio::test]
async fn an_agent_that_is_elsewhere_gets_no_token() {
    for host in ["192.0.2.1", "169.254.169.254", "10.0.0.1"] {
        let container = Container {
            url: format!("http://{host}/").parse().unwrap(),
            token: Some(TokenSource::Text(String::from("planted").into())),
        };
        let error = container.provider(&http(), clock()).credentials().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("https alone"), "{error}");
    }
}

#[tokio::test]
async fn an_agent_that_fails_is_asked_again_and_one_that_refuses_is_not() {
    for (status, asked, kind) in
        [(500, 3, ErrorKind::Unavailable), (404, 1, ErrorKind::NotFound), (403, 1, ErrorKind::Denied)]
    {
        let server = Server::start(move |_| answer(status, "planted")).await;
        let container = Container { url: server.url.parse().unwrap(), token: None };
        let error = container.provider(&http(), clock()).credentials().await.unwrap_err();
        assert_eq!((error.kind(), server.asked().len()), (kind, asked));
        assert!(!error.to_string().contains("planted"));
    }
}

#[tokio::test]
async fn tokens_of_files_are_one_line_of_bounded_length() {
    let token = tempfile::NamedTempFile::new().unwrap();
    let server = Server::start(|_| answer(200, SESSION)).await;
    for text in [String::new(), "a\nb".to_owned(), "a".repeat(20_001), "a\u{7f}b".to_owned()] {
        std::fs::write(token.path(), text).unwrap();
        let token = Some(TokenSource::File(token.path().to_owned()));
        let container = Container { url: server.url.parse().unwrap(), token };
        let error = container.provider(&http(), clock()).credentials().await.unwrap_err();
        assert!(error.to_string().contains("the token"), "{error}");
    }
    assert_eq!(server.asked().len(), 0);
}

fn instance(url: &str) -> std::sync::Arc<dyn ringwall_awsclient::ProvideCredentials> {
    let url = url.to_owned();
    let environment =
        Environment::new(move |name| (name == "AWS_EC2_METADATA_SERVICE_ENDPOINT").then(|| url.clone()));
    Instance::from_env(&environment).unwrap().unwrap().provider(&http(), clock())
}

#[tokio::test]
async fn an_instance_is_asked_by_version_two() {
    let server = Server::start(|asked| {
        let token = asked.header("x-aws-ec2-metadata-token");
        match (asked.method.as_str(), asked.path.as_str()) {
            ("PUT", "/latest/api/token")
                if asked.header("x-aws-ec2-metadata-token-ttl-seconds") == Some("21600") =>
            {
                answer(200, "imds")
            }
            ("GET", "/latest/meta-data/iam/security-credentials/") if token == Some("imds") => {
                answer(200, "node\n")
            }
            ("GET", "/latest/meta-data/iam/security-credentials/node") if token == Some("imds") => {
                answer(200, SESSION)
            }
            _ => answer(401, ""),
        }
    })
    .await;
    let credentials = instance(&server.url).credentials().await.unwrap();
    assert_eq!(credentials.access_key_id, "ASIA1");
    assert_eq!(credentials.expires, Some(NOW + 3600));
}

#[tokio::test]
async fn an_instance_without_a_role_has_none() {
    let without = Server::start(|asked| answer(if asked.method == "PUT" { 200 } else { 404 }, "imds")).await;
    assert!(matches!(instance(&without.url).credentials().await, Err(CredentialsError::None)));
    let nothing = Server::start(|_| answer(404, "")).await;
    assert!(matches!(instance(&nothing.url).credentials().await, Err(CredentialsError::None)));
    // A role whose name would lead to another path.
    let odd = Server::start(|_| answer(200, "../../user-data")).await;
    assert_eq!(instance(&odd.url).credentials().await.unwrap_err().kind(), ErrorKind::Invalid);
    assert!(odd.asked().iter().all(|asked| !asked.path.contains("user-data")));
    let disabled = Environment::of([("AWS_EC2_METADATA_DISABLED", "true")]);
    assert!(Instance::from_env(&disabled).unwrap().is_none());
}
