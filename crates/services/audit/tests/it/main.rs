//! The service in one process: batches and files in, findings out, over restarts.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail loudly"
)]

mod moto;
mod restarts;
mod sources;
mod webhook;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode, Version};
use prometheus_client::registry::Registry;
use ringwall_audit::control::{self, Answer, Ask};
use ringwall_audit::{Audit, ClusterSettings, Outside, Settings};
use ringwall_detect::output::Scope;
use ringwall_server::{Handler as _, Head, Request, Response, TlsInfo};
use serde_json::{Value, json};

/// What nothing here takes longer for: reached only by a bug.
pub(crate) const FOREVER: Duration = Duration::from_secs(60);

/// A folder of the service, which goes with it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Settings of one cluster, `shop`, which anybody on this machine may send for.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            folder: self.path("audit"),
            clusters: vec![cluster("shop")],
            scope: Scope {
                account: Some("111122223333".to_owned()),
                region: Some("eu-west-1".to_owned()),
                ..Scope::default()
            },
            queue_bytes: 1 << 30,
            lists: Vec::new(),
            filters: Vec::new(),
            rules: Vec::new(),
            sinks: None,
            lake: None,
            lake_days: 0,
            stream: None,
            ask_every: Duration::from_millis(50),
            publish_every: Duration::from_secs(900),
        }
    }
}

pub(crate) fn cluster(name: &str) -> ClusterSettings {
    ClusterSettings { name: name.to_owned(), ..ClusterSettings::default() }
}

/// A service that runs.
pub(crate) struct Running {
    pub(crate) audit: Arc<Audit>,
    pub(crate) registry: Registry,
    folder: PathBuf,
}

impl Running {
    pub(crate) async fn start(settings: &Settings) -> Self {
        Self::at(settings, None, || 1_795_000_000_000).await
    }

    pub(crate) async fn at(
        settings: &Settings,
        aws: Option<ringwall_awsclient::Client>,
        now: fn() -> i64,
    ) -> Self {
        let begun = Instant::now();
        loop {
            let mut registry = Registry::default();
            let outside = Outside { aws: aws.clone(), now: Arc::new(now) };
            match Audit::start(settings, outside, &mut registry).await {
                Ok(audit) => {
                    return Self { audit: Arc::new(audit), registry, folder: settings.folder.clone() };
                }
                // The queue's thread of the one before ends a moment after that.
                Err(error) => assert!(begun.elapsed() < FOREVER, "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Response {
        self.audit.handle(request(path, body, None)).await
    }

    /// Sends a batch, which is taken.
    pub(crate) async fn send(&self, events: &[Value]) {
        let answer = self.post("/audit/shop", &list(events)).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    }

    pub(crate) fn findings(&self, archived: bool) -> Vec<Value> {
        let ask = Ask::List { cluster: None, archived, ids: Vec::new() };
        match control::ask(&self.folder, &ask).unwrap() {
            Answer::Findings(findings) => findings,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for findings that are as they should be.
    pub(crate) async fn until(&self, is_right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let findings = self.findings(false);
            if is_right(&findings) {
                return findings;
            }
            assert!(
                begun.elapsed() < FOREVER,
                "{:#?}",
                findings.iter().map(|of| (&of["type"], &of["service"]["count"])).collect::<Vec<_>>()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A counter, as Prometheus has it.
    pub(crate) fn counted(&self, line: &str) -> u64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let found = text.lines().find_map(|of| of.strip_prefix(line)).map(str::trim);
        found.map_or(0, |number| number.parse().unwrap())
    }

    pub(crate) async fn stop(self) {
        self.audit.stop().await;
    }
}

pub(crate) fn request(path: &str, body: &str, tls: Option<TlsInfo>) -> Request {
    let head = Head {
        method: Method::POST,
        path: path.to_owned(),
        query: Some("timeout=30s".to_owned()),
        headers: vec![("host".to_owned(), "localhost".to_owned())],
        version: Version::HTTP_2,
        peer: "127.0.0.1:40000".parse().unwrap(),
        tls: tls.map(Arc::new),
    };
    Request { head: Arc::new(head), body: body.to_owned().into() }
}

/// As an apiserver posts them.
pub(crate) fn list(events: &[Value]) -> String {
    json!({ "kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": events })
        .to_string()
}

/// Somebody runs a command in a pod of `kube-system`: one finding, whichever pod it is.
pub(crate) fn exec(number: u64) -> Value {
    event(
        number,
        "create",
        &format!("/api/v1/namespaces/kube-system/pods/kube-proxy-x2x7q/exec?command=id&n={number}"),
        json!({ "resource": "pods", "namespace": "kube-system", "name": "kube-proxy-x2x7q", "apiVersion": "v1",
                "subresource": "exec" }),
        101,
    )
}

/// Somebody reads a pod: nothing.
pub(crate) fn read(number: u64) -> Value {
    let object = json!({ "resource": "pods", "namespace": "shop", "name": "web-1", "apiVersion": "v1" });
    event(number, "get", "/api/v1/namespaces/shop/pods/web-1", object, 200)
}

fn event(number: u64, verb: &str, uri: &str, object: Value, code: u16) -> Value {
    let time = format!("2026-11-27T10:{:02}:{:02}.{:06}Z", number / 60 % 60, number % 60, number);
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
        "auditID": format!("00000000-0000-4000-8000-{number:012}"), "requestURI": uri, "verb": verb,
        "user": { "username": "ann@example.com", "groups": ["platform", "system:authenticated"] },
        "sourceIPs": ["10.0.3.4"], "userAgent": "kubectl/v1.37.2 (linux/amd64) kubernetes/0000000",
        "objectRef": object, "responseStatus": { "metadata": {}, "code": code },
        "requestReceivedTimestamp": time, "stageTimestamp": time,
        "annotations": { "authorization.k8s.io/decision": "allow" },
    })
}

/// How often the first finding was counted.
pub(crate) fn count(findings: &[Value]) -> u64 {
    findings.first().map_or(0, |finding| finding["service"]["count"].as_u64().unwrap())
}

/// A file's text.
pub(crate) fn text(path: &Path) -> String {
    String::from_utf8(std::fs::read(path).unwrap_or_default()).unwrap()
}
