//! Files of mappings, read again when they change.

use http::StatusCode;
use ringwall_authn::Settings;
use ringwall_authn::sources::{Places, SetupError, SourceKind};
use serde_json::json;

use crate::support::{Webhook, caller, role, session, settings};

fn write(path: &std::path::Path, rows: &[(&str, &str)]) {
    let rows: Vec<_> =
        rows.iter().map(|(name, user)| json!({"rolearn": role(name), "username": user})).collect();
    std::fs::write(path, json!({"mapRoles": rows}).to_string()).unwrap();
}

#[tokio::test]
async fn a_changed_file_counts_and_a_bad_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.yaml");
    let places = Places { file: Some(path.clone()), ..Places::default() };
    let webhook =
        Webhook::start(Settings { sources: vec![SourceKind::File.into()], places, ..settings() }, |_| {});
    // Nothing is known yet: nobody gets in, and the apiserver is told to come again.
    let (status, _) = webhook.review(&session("dev", "ann")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(webhook.authn.waits_for(), Some("the file of mappings is not known"));
    write(&path, &[("dev", "first")]);
    webhook
        .until("the file counts", async |it| {
            it.name(&session("dev", "ann")).await.as_deref() == Some("first")
        })
        .await;
    write(&path, &[("dev", "second")]);
    webhook
        .until("the change counts", async |it| {
            it.name(&session("dev", "ann")).await.as_deref() == Some("second")
        })
        .await;
    for bad in [
        "mapRoles: [",
        "mapRoles: [{rolearn: \"not an arn\", username: x}]",
        "mapRoles: [{rolearn: \"arn:aws:iam::111122223333:role/dev\", username: [x]}]",
        "maproles: []",
        "",
    ] {
        std::fs::write(&path, bad).unwrap();
        webhook.until(bad, async |it| it.authn.sources()[0].problem.is_some()).await;
        assert_eq!(webhook.name(&session("dev", "ann")).await.as_deref(), Some("second"), "{bad}");
        assert!(webhook.authn.waits_for().is_none(), "what is known counts on");
        write(&path, &[("dev", "second")]);
        webhook.until("good again", async |it| it.authn.sources()[0].problem.is_none()).await;
    }
    std::fs::remove_file(&path).unwrap();
    webhook.until("gone", async |it| it.authn.sources()[0].problem.is_some()).await;
    assert_eq!(webhook.name(&session("dev", "ann")).await.as_deref(), Some("second"));
    write(&path, &[("ops", "ops")]);
    webhook.until("the row is gone", async |it| it.name(&session("dev", "ann")).await.is_none()).await;
    assert_eq!(webhook.name(&session("ops", "ann")).await.as_deref(), Some("ops"));
}

#[tokio::test]
async fn what_is_too_old_counts_no_more_if_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.yaml");
    write(&path, &[("dev", "dev")]);
    let places = Places { file: Some(path.clone()), ..Places::default() };
    let oldest = Some(std::time::Duration::from_secs(60));
    let settings = Settings { sources: vec![SourceKind::File.into()], places, oldest, ..settings() };
    let webhook = Webhook::start(settings, |_| {});
    webhook.until("the file counts", async |it| it.name(&session("dev", "ann")).await.is_some()).await;
    std::fs::remove_file(&path).unwrap();
    webhook.until("gone", async |it| it.authn.sources()[0].problem.is_some()).await;
    assert!(webhook.name(&session("dev", "ann")).await.is_some());
    webhook.clock.fetch_add(61, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(webhook.review(&session("dev", "ann")).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(webhook.authn.sources()[0].age, Some(61));
    write(&path, &[("dev", "dev")]);
    webhook.until("fresh again", async |it| it.name(&session("dev", "ann")).await.is_some()).await;
}

#[tokio::test]
async fn aws_auth_of_a_file_lets_in_without_an_apiserver() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aws-auth.yaml");
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: aws-auth, namespace: kube-system}}\ndata:\n  mapRoles: |\n    - rolearn: {}\n      username: dev\n      userid: AROADEV\n",
        role("dev")
    );
    std::fs::write(&path, &text).unwrap();
    let places = Places { aws_auth_file: Some(path.clone()), ..Places::default() };
    let webhook =
        Webhook::start(Settings { sources: vec![SourceKind::AwsAuth.into()], places, ..settings() }, |_| {});
    webhook
        .until("the file counts", async |it| it.name(&session("dev", "ann")).await.as_deref() == Some("dev"))
        .await;
    let mut other = caller(&session("dev", "ann"));
    other.user_id = "AROAOTHER".to_owned();
    assert_eq!(webhook.review_of(other).await.0, StatusCode::FORBIDDEN, "a unique id that is written counts");
    std::fs::write(&path, text.replace("mapRoles: |\n    - rolearn", "mapRoles: |\n    - [rolearn")).unwrap();
    webhook.until("a problem", async |it| it.authn.sources()[0].problem.is_some()).await;
    assert_eq!(webhook.name(&session("dev", "ann")).await.as_deref(), Some("dev"));
}

#[tokio::test]
async fn settings_that_do_not_go_together_are_refused() {
    let start = |change: &dyn Fn(&mut Settings)| {
        let mut settings = Settings { sources: vec![SourceKind::File.into()], ..settings() };
        settings.places.file = Some("/nonexistent".into());
        change(&mut settings);
        let parts = ringwall_authn::Parts {
            verifier: std::sync::Arc::new(crate::support::Believes::default()),
            cluster: None,
            aws: None,
            instances: None,
            now: std::sync::Arc::new(|| 0),
        };
        ringwall_authn::Authn::start(settings, parts, &mut prometheus_client::registry::Registry::default())
            .err()
    };
    assert_eq!(start(&|_| {}), None);
    assert_eq!(start(&|it| it.allow_local = false), Some(SetupError::NoClients));
    assert_eq!(start(&|it| it.sources.clear()), Some(SetupError::NoSource));
    assert_eq!(
        start(&|it| it.sources.push(SourceKind::File.into())),
        Some(SetupError::Twice(SourceKind::File))
    );
    for kind in SourceKind::ALL {
        let needs = start(&|it| {
            it.sources = vec![kind.into()];
            it.places.file = None;
        });
        assert!(matches!(needs, Some(SetupError::Needs { .. })), "{kind}");
        assert_eq!(kind.name().parse::<SourceKind>(), Ok(kind));
    }
}
