use std::time::Duration;

use ringwall_kubernetes::{Cluster, Kind, KubeError, Source};
use tempfile::TempDir;

use crate::fake::{Fake, Reply, cluster, write_kubeconfig};

const SECRETS: &str = "/api/v1/namespaces/shop/secrets/";

fn status(code: u16, reason: &str, message: &str) -> Reply {
    Reply::Json(
        code,
        format!(r#"{{"kind":"Status","reason":"{reason}","message":"{message}","code":{code}}}"#),
    )
}

#[tokio::test]
async fn an_object_is_there_or_not_or_forbidden() {
    let fake = Fake::start(|asked| match asked.target.strip_prefix(SECRETS) {
        Some("db") => {
            Reply::Json(200, r#"{"metadata":{"name":"db"},"data":{"password":"aHVudGVyMg=="}}"#.to_owned())
        }
        Some("none") => status(404, "NotFound", "secrets \\\"none\\\" not found"),
        _ => status(403, "Forbidden", "no"),
    })
    .await;
    let cluster = fake.cluster().await;
    let secret = cluster.secret("shop", "db").await.unwrap().unwrap();
    assert_eq!(secret.data.unwrap()["password"].0, b"hunter2");
    assert!(cluster.secret("shop", "none").await.unwrap().is_none());
    let error = cluster.secret("shop", "other").await.unwrap_err();
    assert_eq!(error.status(), Some(403));
    assert_eq!(
        error.to_string(),
        "`GET /api/v1/namespaces/shop/secrets/other` was answered 403 Forbidden: no"
    );
    let head = fake.asked.lock().unwrap()[0].head.to_lowercase();
    assert!(head.contains("authorization: bearer let-me-in"), "{head}");
    assert!(head.contains("user-agent: ringwall/"), "{head}");
}

#[tokio::test]
async fn what_is_not_answered_in_time_fails() {
    let fake = Fake::start(|_| Reply::Silence).await;
    let cluster = fake.cluster().await.with_deadline(Duration::from_millis(50));
    let error = cluster.config_map("kube-system", "aws-auth").await.unwrap_err();
    assert!(matches!(error, KubeError::Timeout { .. }) && error.is_temporary(), "{error}");
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let fake = Fake::start(|_| Reply::Endless("x")).await;
    let error =
        fake.cluster().await.get_object(&Kind::new("", "v1", "secrets"), Some("a"), "b").await.unwrap_err();
    assert!(matches!(error, KubeError::TooLarge { limit: 8_388_608, .. }), "{error}");
}

#[tokio::test]
async fn what_cannot_be_read_is_not_repeated() {
    let fake = Fake::start(|_| Reply::Json(200, r#"{"metadata":{},"data":"hunter2"}"#.to_owned())).await;
    let error = fake.cluster().await.secret("a", "b").await.unwrap_err();
    assert!(matches!(error, KubeError::Malformed { .. }));
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_told_and_may_pass() {
    let port = { Fake::start(|_| Reply::Silence).await.port };
    let error = cluster(port).await.node("n").await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn an_object_is_written_back_as_it_came() {
    const OBJECT: &str = r#"{"metadata":{"resourceVersion":"7","name":"b"},"zzz":[1.0,1e3],"aaa":null}"#;
    let fake = Fake::start(|asked| match asked.method.as_str() {
        "PUT" if asked.target.ends_with("/old") => status(409, "Conflict", "the object has been modified"),
        "PUT" => Reply::Json(200, r#"{"metadata":{"resourceVersion":"8"}}"#.to_owned()),
        _ => Reply::Json(200, OBJECT.to_owned()),
    })
    .await;
    let cluster = fake.cluster().await;
    let kind = Kind::new("example.org", "v1", "widgets");
    let found = cluster.get_object(&kind, Some("a"), "b").await.unwrap().unwrap();
    assert_eq!(found.resource_version, "7");
    assert!(!format!("{found:?}").contains("zzz"));
    assert_eq!(cluster.replace(&kind, Some("a"), "b", &found).await.unwrap().resource_version, "8");
    assert_eq!(fake.asked.lock().unwrap().last().unwrap().body, OBJECT);
    assert!(cluster.replace(&kind, Some("a"), "old", &found).await.unwrap_err().is_conflict());
}

#[tokio::test]
async fn a_list_has_names_alone_page_by_page() {
    let fake = Fake::start(|asked| {
        let (next, name) = match asked.parameter("continue") {
            None => ("t%2B1", "a"),
            Some(_) => ("", "b"),
        };
        Reply::Json(
            200,
            format!(r#"{{"metadata":{{"continue":"{next}","remainingItemCount":1}},"items":[{{"metadata":{{"namespace":"n","name":"{name}"}}}}]}}"#),
        )
    })
    .await;
    let cluster = fake.cluster().await;
    let kind = Kind::new("", "v1", "secrets");
    let first = cluster.list_page(&kind, 1, None).await.unwrap();
    let second = cluster.list_page(&kind, 1, first.next.as_deref()).await.unwrap();
    assert_eq!((first.keys[0].to_string(), first.remaining), ("n/a".to_owned(), Some(1)));
    assert_eq!((second.keys[0].to_string(), second.next), ("n/b".to_owned(), None));
    let asked = fake.asked.lock().unwrap();
    assert!(asked[0].head.contains("as=PartialObjectMetadataList"));
    assert_eq!(asked[1].parameter("continue"), Some("t%252B1"));
}

#[tokio::test]
async fn a_credential_plugin_is_asked() {
    let fake = Fake::start(|_| Reply::Json(200, "{}".to_owned())).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("kubeconfig");
    let credential = r#"{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"of-the-plugin\"}}"#;
    let user = format!(
        r#"{{"exec": {{"apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "interactiveMode": "Never", "args": ["{credential}"]}}}}"#
    );
    write_kubeconfig(&path, fake.port, &user);
    let source = Source::Kubeconfig { path: Some(path.clone()), context: None };
    Cluster::connect(&source).await.unwrap().get_raw("/openid/v1/jwks").await.unwrap();
    let head = fake.asked.lock().unwrap()[0].head.to_lowercase();
    assert!(head.contains("authorization: bearer of-the-plugin"), "{head}");

    write_kubeconfig(&path, fake.port, &user.replace("\"echo\"", "\"/nowhere/plugin\""));
    let error = Cluster::connect(&source).await.unwrap_err();
    assert!(error.to_string().contains("auth exec"), "{error}");
}

#[tokio::test]
async fn a_kubeconfig_that_is_none_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("kubeconfig");
    let connect = || {
        let path = Some(path.clone());
        async { Cluster::connect(&Source::Kubeconfig { path, context: None }).await.unwrap_err() }
    };
    let missing = connect().await.to_string();
    assert!(missing.contains(path.to_str().unwrap()), "{missing}");
    std::fs::write(&path, "a: [").unwrap();
    assert!(matches!(connect().await, KubeError::Kubeconfig { .. }));
    std::fs::File::create(&path).unwrap().set_len(5 << 20).unwrap();
    assert!(matches!(connect().await, KubeError::KubeconfigSize { .. }));
}
