//! TokenReviews.

use std::time::Duration;

use http::{Method, StatusCode};
use ringwall_authn::sources::{Places, SourceKind};
use ringwall_authn::sts::VerifyError;
use ringwall_authn::{PASS, Settings};
use ringwall_server::{Handler as _, Response};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::{ACCOUNT, V1, Webhook, body, caller, request, role, session, settings, token_review};

/// A webhook with a file of these mappings.
async fn with_file(map: &Json, change: impl FnOnce(&mut Settings)) -> (Webhook, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json");
    std::fs::write(&path, map.to_string()).unwrap();
    let places = Places { file: Some(path), ..Places::default() };
    let mut settings = Settings { sources: vec![SourceKind::File.into()], places, ..settings() };
    change(&mut settings);
    let webhook = Webhook::start(settings, |_| {});
    webhook.until("the file is loaded", async |it| it.authn.waits_for().is_none()).await;
    (webhook, folder)
}

fn map() -> Json {
    json!({"mapRoles": [{"rolearn": role("dev"), "username": "dev:{{SessionName}}", "groups": ["devs", ""]}]})
}

#[tokio::test]
async fn a_user_comes_with_all_that_audit_needs() {
    let (webhook, _folder) = with_file(&map(), |_| {}).await;
    let (status, body) = webhook.review(&session("dev", "ann@example.com")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        body,
        json!({
            "apiVersion": V1,
            "kind": "TokenReview",
            "status": {
                "authenticated": true,
                "user": {
                    "username": "dev:ann-example.com",
                    "uid": format!("aws-iam-authenticator:{ACCOUNT}:AROADEV"),
                    "groups": ["devs"],
                    "extra": {
                        "arn": [session("dev", "ann@example.com")],
                        "canonicalArn": [role("dev")],
                        "sessionName": ["ann@example.com"],
                        "accessKeyId": ["ASIAEXAMPLE"],
                        "principalId": ["AROADEV"],
                        "sigs.k8s.io/aws-iam-authenticator/principalId": ["AROADEV"],
                    },
                },
            },
        })
    );
}

#[tokio::test]
async fn the_answer_is_in_the_version_of_the_question() {
    let (webhook, _folder) = with_file(&map(), |_| {}).await;
    webhook.believes.tell("t", Ok(caller(&session("dev", "ann"))));
    for version in [V1, "authentication.k8s.io/v1beta1"] {
        let answer = webhook.post("/authenticate", &token_review(version, "t")).await;
        assert_eq!((answer.status, &body(&answer)["apiVersion"]), (StatusCode::OK, &json!(version)));
    }
    let other = webhook.post("/authenticate", &token_review("authentication.k8s.io/v2", "t")).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn accounts_can_be_scrubbed() {
    let (webhook, _folder) = with_file(&map(), |it| it.scrubbed_accounts = vec![ACCOUNT.to_owned()]).await;
    let (_, body) = webhook.review(&session("dev", "ann")).await;
    assert_eq!(
        body["status"]["user"],
        json!({"username": "dev:ann", "uid": "aws-iam-authenticator:administrative:dev:ann", "groups": ["devs"], "extra": {}})
    );
}

#[tokio::test]
async fn audiences_are_echoed_if_they_are_ones_own() {
    let (webhook, _folder) = with_file(&map(), |it| it.audiences = vec!["https://api".to_owned()]).await;
    webhook.believes.tell("t", Ok(caller(&session("dev", "ann"))));
    let ask = async |audiences: Json| {
        let mut review = token_review(V1, "t");
        review["spec"]["audiences"] = audiences;
        let answer = webhook.post("/authenticate", &review).await;
        (answer.status, body(&answer)["status"]["audiences"].clone())
    };
    assert_eq!(ask(json!(["https://api", "vault"])).await, (StatusCode::OK, json!(["https://api"])));
    assert_eq!(ask(json!(["vault"])).await, (StatusCode::FORBIDDEN, Json::Null));
    assert_eq!(ask(json!([])).await, (StatusCode::OK, Json::Null));
}

fn retry_after(response: &Response) -> Option<&str> {
    response.headers.get("retry-after").map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn each_refusal_has_its_status_and_says_what_to_do() {
    let (webhook, _folder) = with_file(&map(), |_| {}).await;
    webhook.believes.tell("unmapped", Ok(caller(&session("other", "ann"))));
    webhook.believes.tell("busy", Err(VerifyError::Throttled { retry_after: Duration::from_secs(7) }));
    webhook.believes.tell("down", Err(VerifyError::Unavailable { why: "no route".into() }));
    for (token, status, retry, needle) in [
        ("nobody", StatusCode::FORBIDDEN, None, "STS refused the token"),
        ("unmapped", StatusCode::FORBIDDEN, None, "whoever runs the cluster can add an access entry"),
        ("busy", StatusCode::TOO_MANY_REQUESTS, Some("7"), "try again in 7 s"),
        ("down", StatusCode::SERVICE_UNAVAILABLE, None, "no route"),
    ] {
        let answer = webhook.post("/authenticate", &token_review(V1, token)).await;
        let told = body(&answer);
        assert_eq!((answer.status, retry_after(&answer)), (status, retry), "{token}: {told}");
        assert_eq!((&told["apiVersion"], &told["status"]["authenticated"]), (&json!(V1), &json!(false)));
        let error = told["status"]["error"].as_str().unwrap();
        assert!(error.contains(needle) && !error.contains("role/dev"), "{error}");
    }
    let metrics = webhook.metrics();
    for result in ["sts_refused", "not_mapped", "sts_throttling", "sts_error"] {
        assert!(metrics.contains(&format!("token_reviews_total{{result=\"{result}\"}} 1")), "{metrics}");
    }
    assert!(metrics.contains("ringwall_authn_source_mappings{source=\"file\"} 1"), "{metrics}");
}

#[tokio::test]
async fn what_is_no_review_is_refused() {
    let (webhook, _folder) = with_file(&map(), |_| {}).await;
    let ask = async |method: Method, path: &str, body: &[u8]| {
        webhook.authn.handle(request(method, path, body)).await
    };
    assert_eq!(ask(Method::GET, "/authenticate", b"").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(ask(Method::GET, "/authorize", b"").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(ask(Method::POST, "/", b"{}").await.status, StatusCode::NOT_FOUND);
    for path in ["/authenticate", "/authorize"] {
        for bad in [&b""[..], b"k8s-aws-v1.secret", b"{}", b"[]", b"{\"spec\":{\"token\":3}}", &[0xff; 10]] {
            let answer = ask(Method::POST, path, bad).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {bad:?}");
            assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
        }
        let long = vec![b' '; 300 * 1024];
        assert_eq!(ask(Method::POST, path, &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test]
async fn only_callers_with_a_certificate_of_a_configured_name_are_answered() {
    use ringwall_server::TlsInfo;
    let (webhook, _folder) = with_file(&map(), |it| {
        it.allow_local = false;
        it.client_names = vec!["kube-apiserver".to_owned()];
    })
    .await;
    webhook.believes.tell("t", Ok(caller(&session("dev", "ann"))));
    let certificate = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec![]).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters.self_signed(&key).unwrap().der().clone()
    };
    let ask = async |client: Option<&str>, path: &str| {
        let mut request = request(Method::POST, path, token_review(V1, "t").to_string().as_bytes());
        let tls = TlsInfo { version: "TLSv1.3", cipher_suite: "x", client: client.map(certificate) };
        std::sync::Arc::get_mut(&mut request.head).unwrap().tls = Some(std::sync::Arc::new(tls));
        webhook.authn.handle(request).await.status
    };
    assert_eq!(ask(Some("kube-apiserver"), "/authenticate").await, StatusCode::OK);
    assert_eq!(ask(Some("kube-apiserver"), "/authorize").await, StatusCode::BAD_REQUEST);
    for path in ["/authenticate", "/authorize"] {
        assert_eq!(ask(None, path).await, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(Some("kubelet"), path).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn no_pass_is_given_to_who_has_no_access_entry() {
    let (webhook, _folder) = with_file(&map(), |_| {}).await;
    let (_, body) = webhook.review(&session("dev", "ann")).await;
    assert!(body["status"]["user"]["extra"].get(PASS).is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_get_what_is_theirs() {
    let roles: Vec<Json> =
        (0..50).map(|n| json!({"rolearn": role(&format!("r{n}")), "username": format!("u{n}")})).collect();
    let (webhook, folder) = with_file(&json!({"mapRoles": roles}), |_| {}).await;
    let webhook = std::sync::Arc::new(webhook);
    let mut running = tokio::task::JoinSet::new();
    for n in 0..500 {
        let webhook = std::sync::Arc::clone(&webhook);
        running.spawn(async move { (n % 50, webhook.name(&session(&format!("r{}", n % 50), "s")).await) });
    }
    // The same mappings again, while they are read.
    std::fs::write(folder.path().join("map.json"), json!({"mapRoles": roles, "mapUsers": []}).to_string())
        .unwrap();
    webhook.authn.reload();
    while let Some(done) = running.join_next().await {
        let (n, name) = done.unwrap();
        assert_eq!(name, Some(format!("u{n}")));
    }
}
