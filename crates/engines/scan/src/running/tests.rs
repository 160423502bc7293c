use std::sync::Arc;

use ringwall_model::{Cluster, Entry, ImageFindings, Object, ObjectRef, ScannedImage, Source, Tree, Value};

use super::{images, plain};

/// JSON as a tree, all at line 1.
fn tree(json: &serde_json::Value) -> Tree {
    let value = match json {
        serde_json::Value::Object(map) => Value::Mapping(
            map.iter()
                .map(|(key, value)| Entry { key: key.as_str().into(), line: 1, value: tree(value) })
                .collect(),
        ),
        serde_json::Value::Array(items) => Value::Sequence(items.iter().map(tree).collect()),
        other => Value::String(other.as_str().unwrap().into()),
    };
    Tree::new(1, value)
}

fn object(kind: &str, name: &str, json: serde_json::Value) -> Object {
    let reference = ObjectRef {
        api_version: "v1".into(),
        kind: kind.into(),
        namespace: Some("shop".into()),
        name: name.into(),
    };
    Object { reference, source: Source::new(format!("{kind}-{name}.yaml"), 1), tree: tree(&json) }
}

fn scan(name: &str, digest: Option<&str>, created: &str) -> ScannedImage {
    ScannedImage {
        source: Source::new(format!("images/{created}.json"), 1),
        name: name.into(),
        digest: digest.map(Arc::from),
        created: Some(created.into()),
        advisories_as_of: None,
        packages: 1,
        problems: 0,
        findings: ImageFindings::default(),
    }
}

#[test]
fn each_image_has_its_newest_scan() {
    let pod = serde_json::json!({
        "spec": {"initContainers": [{"name": "i", "image": "setup:1"}],
            "containers": [{"name": "c", "image": "registry.example/web:1"}]},
        "status": {"containerStatuses": [{"name": "c", "imageID": "docker-pullable://registry.example/web@sha256:aa"}]},
    });
    let deployment = serde_json::json!({"spec": {"template": {"spec": {"containers": [
        {"name": "c", "image": "registry.example/web:1"}, {"name": "d", "image": "nginx"}]}}}});
    let cron = serde_json::json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [
        {"name": "c", "image": "nginx"}, {"name": "d", "image": "registry.example/job@sha256:bb"}]}}}}}});
    let cluster = Cluster {
        objects: vec![
            object("Pod", "web-1", pod),
            object("Deployment", "web", deployment),
            object("CronJob", "night", cron),
            object(
                "ConfigMap",
                "x",
                serde_json::json!({"spec": {"containers": [{"name": "c", "image": "no"}]}}),
            ),
        ],
        scans: vec![
            scan("registry.example/web:1", Some("sha256:aa"), "2026-01-01T00:00:00Z"),
            scan("registry.example/web:1", Some("sha256:aa"), "2026-03-01T00:00:00Z"),
            scan("registry.example/web:1", Some("sha256:cc"), "2026-05-01T00:00:00Z"),
            scan("docker.io/library/nginx:latest", None, "2026-02-01T00:00:00Z"),
            scan("registry.example/job:2", Some("sha256:dd"), "2026-02-01T00:00:00Z"),
        ],
        ..Cluster::default()
    };
    let told: Vec<String> = images(&cluster)
        .iter()
        .map(|image| {
            let scan = image.scan.and_then(|scan| scan.created.as_deref()).unwrap_or("-");
            let how = if image.by_name { " by name" } else { "" };
            let digest = image.digest.as_deref().unwrap_or("-");
            format!("{} {digest} x{} {}{how}", image.name, image.users.len(), scan.get(..7).unwrap_or(scan))
        })
        .collect();
    assert_eq!(
        told,
        [
            "nginx - x2 2026-02 by name",
            "registry.example/job@sha256:bb sha256:bb x1 -",
            "registry.example/web:1 - x1 2026-05 by name",
            "registry.example/web:1 sha256:aa x1 2026-03",
            "setup:1 - x1 -",
        ]
    );
}

#[test]
fn names_mean_what_they_mean_for_docker() {
    assert_eq!(plain("nginx"), plain("docker.io/library/nginx:latest"));
    assert_eq!(plain("localhost:5000/web"), "localhost:5000/web:latest");
    assert_ne!(plain("nginx:1"), plain("nginx:2"));
}
