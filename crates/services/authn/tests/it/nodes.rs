//! Nodes, named by EC2.

use std::sync::Arc;

use http::StatusCode;
use ringwall_authn::Settings;
use ringwall_authn::sources::{Places, SourceKind};
use serde_json::json;

use crate::aws::Aws;
use crate::support::{Webhook, role, session, settings};

const GROUPS: [&str; 2] = ["system:bootstrappers", "system:nodes"];

async fn nodes(aws: &Aws) -> (Webhook, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json");
    let row =
        json!({"rolearn": role("node"), "username": "system:node:{{EC2PrivateDNSName}}", "groups": GROUPS});
    let forged =
        json!({"rolearn": role("forged"), "username": "system:node:{{SessionName}}", "groups": GROUPS});
    std::fs::write(&path, json!({"mapRoles": [row, forged]}).to_string()).unwrap();
    let places = Places { file: Some(path), ..Places::default() };
    let client = aws.start();
    let settings = Settings { sources: vec![SourceKind::File.into()], places, ..settings() };
    let webhook = Webhook::start(settings, |parts| parts.instances = Some(Arc::new(client)));
    webhook.until("the file is known", async |it| it.authn.waits_for().is_none()).await;
    (webhook, folder)
}

fn instance(n: usize) -> String {
    format!("i-{n:017}")
}

#[tokio::test]
async fn nodes_are_looked_up_together_and_remembered() {
    let aws = Aws::default();
    aws.change(|world| {
        world.instances = (0..40).map(|n| (instance(n), format!("ip-10-0-0-{n}.ec2.internal"))).collect()
    });
    let (webhook, _folder) = nodes(&aws).await;
    let webhook = Arc::new(webhook);
    for _ in 0..2 {
        let mut running = tokio::task::JoinSet::new();
        for n in 0..80 {
            let webhook = Arc::clone(&webhook);
            running.spawn(async move { (n % 40, webhook.name(&session("node", &instance(n % 40))).await) });
        }
        while let Some(done) = running.join_next().await {
            let (n, name) = done.unwrap();
            assert_eq!(name, Some(format!("system:node:ip-10-0-0-{n}.ec2.internal")));
        }
    }
    assert_eq!(aws.calls(), ["DescribeInstances"]);
}

#[tokio::test]
async fn what_is_no_instance_is_no_node_and_a_failure_does_not_stay() {
    let aws = Aws::default();
    aws.change(|world| {
        world.down.push("ec2");
        world.instances.insert(instance(1), "ip-10-0-0-1.ec2.internal".into());
        world.instances.insert(instance(2), "{{SessionName}}".into());
        world.instances.insert(instance(3), "UPPER.internal".into());
    });
    let (webhook, _folder) = nodes(&aws).await;
    for _ in 0..2 {
        let (status, body) = webhook.review(&session("node", &instance(1))).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    }
    aws.change(|world| world.down.clear());
    assert_eq!(
        webhook.name(&session("node", &instance(1))).await.as_deref(),
        Some("system:node:ip-10-0-0-1.ec2.internal")
    );
    for session_name in ["ann", "i-1", &instance(2), &instance(3), &instance(9)] {
        let (status, body) = webhook.review(&session("node", session_name)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{session_name}: {body}");
    }
    assert_eq!(
        webhook.name(&session("forged", "ip-10-0-0-1.ec2.internal")).await,
        None,
        "a name that the caller chose"
    );
}
