//! Secrets in an etcd, and an API server before it that seals them under a key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use ringwall_grpc::etcd::kv_server::{Kv, KvServer};
use ringwall_grpc::etcd::{KeyValue, RangeRequest, RangeResponse, ResponseHeader};
use ringwall_grpc::{Access, Etcd, EtcdTls, Limits, Listener, Metrics, serve};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

use crate::fake::{Asked, Fake, Reply};

/// A Secret: its resource version, and the key that it is under.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) version: u64,
    pub(crate) under: String,
}

/// What an API server does before it answers; it may answer itself.
type Before = dyn FnMut(&Asked, &mut Inner<'_>) -> Option<Reply> + Send;

/// What etcd has and the API server does.
pub(crate) struct State {
    /// By `NAMESPACE/NAME`.
    pub(crate) secrets: BTreeMap<String, Stored>,
    /// Under which key the API server writes.
    pub(crate) key: String,
    /// Objects that it wrote, in order.
    pub(crate) written: Vec<String>,
    /// Asked of each request before anything else, with what there is.
    pub(crate) before: Box<Before>,
}

/// What `before` may change.
pub(crate) struct Inner<'a> {
    pub(crate) secrets: &'a mut BTreeMap<String, Stored>,
    pub(crate) key: &'a mut String,
}

pub(crate) struct World {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) api: Fake,
    pub(crate) folder: TempDir,
    _etcd: JoinSet<()>,
}

impl World {
    /// So many Secrets under `key1`, and an API server that writes under `key2`.
    pub(crate) async fn new(secrets: usize) -> Self {
        let secret = |at| (format!("ns/secret-{at:04}"), Stored { version: at, under: "key1".to_owned() });
        let state = Arc::new(Mutex::new(State {
            secrets: (1..=u64::try_from(secrets).unwrap()).map(secret).collect(),
            key: "key2".to_owned(),
            written: Vec::new(),
            before: Box::new(|_, _| None),
        }));
        let served = Arc::clone(&state);
        let api = Fake::start(move |asked| served.lock().unwrap().answer(asked)).await;
        let folder = tempfile::tempdir().unwrap();
        let listener = Listener::bind(&folder.path().join("etcd.sock"), Access::default()).unwrap();
        let service = KvServer::new(Values(Arc::clone(&state)));
        let mut etcd = JoinSet::new();
        etcd.spawn(async move {
            let _ =
                serve(listener, service, Limits::default(), Metrics::default(), std::future::pending()).await;
        });
        Self { state, api, folder, _etcd: etcd }
    }

    pub(crate) fn etcd(&self) -> Etcd {
        let endpoint = format!("unix://{}/etcd.sock", self.folder.path().display());
        Etcd::new(&[endpoint], &EtcdTls::default()).unwrap()
    }

    /// What the API server does before it answers.
    pub(crate) fn before(
        &self,
        before: impl FnMut(&Asked, &mut Inner<'_>) -> Option<Reply> + Send + 'static,
    ) {
        self.state.lock().unwrap().before = Box::new(before);
    }

    pub(crate) fn written(&self) -> Vec<String> {
        self.state.lock().unwrap().written.clone()
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let mut inner = Inner { secrets: &mut self.secrets, key: &mut self.key };
        if let Some(reply) = (self.before)(asked, &mut inner) {
            return reply;
        }
        let path = asked.target.split('?').next().unwrap();
        match path {
            "/api" => discovery(""),
            "/apis" => Reply::Json(200, r#"{"kind":"APIGroupDiscoveryList","items":[]}"#.to_owned()),
            "/api/v1/namespaces/kube-system" => {
                Reply::Json(200, r#"{"metadata":{"uid":"the-cluster"}}"#.to_owned())
            }
            "/api/v1/secrets" => self.list(asked),
            _ => {
                let name = path.strip_prefix("/api/v1/namespaces/").unwrap().replace("/secrets/", "/");
                self.object(asked, &name)
            }
        }
    }

    fn object(&mut self, asked: &Asked, name: &str) -> Reply {
        let Some(stored) = self.secrets.get_mut(name) else { return status(404, "NotFound") };
        if asked.method == "PUT" {
            let sent: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
            if sent["metadata"]["resourceVersion"].as_str() != Some(&stored.version.to_string()) {
                return status(409, "Conflict");
            }
            if stored.under != self.key {
                *stored = Stored { version: stored.version + 10_000, under: self.key.clone() };
                self.written.push(name.to_owned());
            }
        }
        let object = json!({"metadata": {"name": name, "resourceVersion": stored.version.to_string()}, "data": {"a": "aHVudGVyMg=="}});
        Reply::Json(200, object.to_string())
    }

    fn list(&self, asked: &Asked) -> Reply {
        let after = asked.parameter("continue").unwrap_or_default().replace("%2F", "/");
        let limit: usize = asked.parameter("limit").unwrap().parse().unwrap();
        let names: Vec<_> = self.secrets.keys().filter(|name| **name > after).collect();
        let items = names.iter().take(limit).map(|name| {
            let (namespace, name) = name.split_once('/').unwrap();
            json!({"metadata": {"namespace": namespace, "name": name}})
        });
        let next = (names.len() > limit).then(|| names[limit - 1]);
        Reply::Json(
            200,
            json!({"metadata": {"continue": next}, "items": items.collect::<Vec<_>>()}).to_string(),
        )
    }
}

pub(crate) fn status(code: u16, reason: &str) -> Reply {
    Reply::Json(
        code,
        json!({"kind": "Status", "code": code, "reason": reason, "message": "as the test wants it"})
            .to_string(),
    )
}

fn discovery(group: &str) -> Reply {
    let resource = json!({
        "resource": "secrets", "responseKind": {"kind": "Secret"}, "scope": "Namespaced",
        "verbs": ["get", "list", "update"],
    });
    let group =
        json!({"metadata": {"name": group}, "versions": [{"version": "v1", "resources": [resource]}]});
    Reply::Json(200, json!({"kind": "APIGroupDiscoveryList", "items": [group]}).to_string())
}

/// etcd, as it sees the Secrets.
struct Values(Arc<Mutex<State>>);

#[tonic::async_trait]
impl Kv for Values {
    async fn range(&self, request: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        let request = request.into_inner();
        let end = if request.range_end.is_empty() {
            [&request.key[..], &[0]].concat().into()
        } else {
            request.range_end
        };
        let state = self.0.lock().unwrap();
        let mut kvs: Vec<_> = state
            .secrets
            .iter()
            .map(|(name, stored)| (format!("/registry/secrets/{name}").into_bytes(), value(&stored.under)))
            .filter(|(key, _)| key[..] >= request.key[..] && key[..] < end[..])
            .map(|(key, value)| KeyValue { key: key.into(), value: value.into(), ..KeyValue::default() })
            .collect();
        let limit = usize::try_from(request.limit).unwrap();
        let more = kvs.len() > limit;
        kvs.truncate(limit);
        let header = Some(ResponseHeader { revision: 1, ..ResponseHeader::default() });
        Ok(Response::new(RangeResponse { header, kvs, more, count: 0 }))
    }
}

/// What lies there for a Secret under a key; in the clear for none.
fn value(under: &str) -> String {
    let mut text = if under.is_empty() { "k8s\0".to_owned() } else { format!("k8s:enc:aesgcm:v1:{under}:") };
    write!(text, "{}", "x".repeat(40)).unwrap();
    text
}
