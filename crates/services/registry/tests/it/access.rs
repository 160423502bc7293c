//! Who gets in, and how far.

use ringwall_registry_service::{Action, Challenge, Settings};

use crate::harness::{Lab, basic};

#[tokio::test]
async fn nobody_gets_in_without_credentials() {
    let lab = Lab::new(Settings::default()).await;
    for path in ["/v2/", "/v2/team/a/tags/list", "/v2/team/a/manifests/x", "/v2/_catalog"] {
        let refused = lab.send("GET", path, &[], b"").await;
        assert_eq!((refused.status, refused.code().as_str()), (401, "UNAUTHORIZED"), "{path}");
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Basic realm=\"http://127.0.0.1:"), "{challenge}");
    }
    for bad in ["Basic ***", "Bearer abc", &basic("wrong")] {
        assert_eq!(lab.send("GET", "/v2/", &[("authorization", bad)], b"").await.status, 401, "{bad}");
    }
    assert_eq!(lab.send("GET", "/v2/", &[("authorization", &basic("down"))], b"").await.status, 503);
    assert!(lab.rules.asked.lock().unwrap().is_empty());
    let good = lab.ask("GET", "/v2/", b"").await;
    assert_eq!((good.status, good.header("docker-distribution-api-version")), (200, Some("registry/2.0")));
}

#[tokio::test]
async fn a_token_does_no_more_than_its_scopes_and_its_owner() {
    let lab = Lab::new(Settings { challenge: Challenge::Token, ..Settings::default() }).await;
    let refused = lab.send("PUT", "/v2/team/a/manifests/x", &[], b"{}").await;
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer realm=\"http://127.0.0.1:"), "{challenge}");
    assert!(challenge.ends_with("scope=\"repository:team/a:pull,push\""), "{challenge}");

    let token = async |password: &str, scope: &str| {
        let path = format!("/token?service=x&scope={scope}");
        let told = lab.send("GET", &path, &[("authorization", &basic(password))], b"").await;
        assert_eq!(told.status, 200, "{told:?}");
        format!("Bearer {}", told.json()["token"].as_str().unwrap())
    };
    let status = async |token: &str, method: &str, path: &str| {
        lab.send(method, path, &[("authorization", token)], b"").await.status
    };
    lab.push("team/a", b"x").await;
    let pull = token("good", "repository:team/a:pull").await;
    assert_eq!(status(&pull, "GET", "/v2/team/a/tags/list").await, 200);
    assert_eq!(status(&pull, "POST", "/v2/team/a/blobs/uploads/").await, 403);
    assert_eq!(status(&pull, "GET", "/v2/team/b/tags/list").await, 403);
    let push = token("reader", "repository:team/a:pull,push").await;
    assert_eq!(status(&push, "GET", "/v2/team/a/tags/list").await, 200);
    assert_eq!(status(&push, "POST", "/v2/team/a/blobs/uploads/").await, 403);
    // None for a token, whose scopes would grow; none for nobody.
    let again = lab.send("GET", "/token?scope=registry:catalog:*", &[("authorization", &pull)], b"").await;
    assert_eq!(again.status, 401, "{again:?}");
    assert_eq!(lab.send("GET", "/token", &[], b"").await.status, 401);
    let form = b"grant_type=password&username=AWS&password=good&scope=repository%3Ateam%2Fa%3Apull";
    let told = lab.send("POST", "/token", &[], form).await;
    assert_eq!(told.status, 200, "{told:?}");
    let token = format!("Bearer {}", told.json()["access_token"].as_str().unwrap());
    assert_eq!(status(&token, "GET", "/v2/team/a/tags/list").await, 200);
}

#[tokio::test]
async fn what_is_denied_is_told_nothing_of() {
    let lab = Lab::new(Settings::default()).await;
    let digest = format!("sha256:{}", "0".repeat(64));
    for (method, path) in [
        ("GET", "/v2/secret/manifests/latest".to_owned()),
        ("HEAD", "/v2/secret/manifests/latest".to_owned()),
        ("PUT", "/v2/secret/manifests/latest".to_owned()),
        ("DELETE", "/v2/secret/manifests/latest".to_owned()),
        ("GET", format!("/v2/secret/blobs/{digest}")),
        ("HEAD", format!("/v2/secret/blobs/{digest}")),
        ("DELETE", format!("/v2/secret/blobs/{digest}")),
        ("POST", "/v2/secret/blobs/uploads/".to_owned()),
        ("POST", format!("/v2/secret/blobs/uploads/?digest={digest}")),
        ("GET", "/v2/secret/blobs/uploads/0".to_owned()),
        ("PATCH", "/v2/secret/blobs/uploads/0".to_owned()),
        ("PUT", format!("/v2/secret/blobs/uploads/0?digest={digest}")),
        ("DELETE", "/v2/secret/blobs/uploads/0".to_owned()),
        ("GET", "/v2/secret/tags/list".to_owned()),
        ("GET", format!("/v2/secret/referrers/{digest}")),
    ] {
        assert_eq!(lab.ask(method, &path, b"").await.status, 403, "{method} {path}");
    }
    assert!(lab.rules.recorded.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_was_permitted_is_recorded_with_what_came_of_it() {
    let lab = Lab::new(Settings::default()).await;
    lab.push("team/a", b"x").await;
    assert_eq!(lab.ask("GET", "/v2/team/a/manifests/none", b"").await.status, 404);
    let recorded = lab.rules.recorded.lock().unwrap();
    assert!(recorded.contains(&(Action::CompleteLayerUpload, None)), "{recorded:?}");
    assert!(recorded.contains(&(Action::BatchGetImage, Some("MANIFEST_UNKNOWN".to_owned()))), "{recorded:?}");
}
