//! An apiserver with objects that a test puts in and takes out, a node's filter that is a file, and the agent between them.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ringwall_agent::{Agent, Metrics, Settings};
use ringwall_nft::{Nft, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::fake::{Asked, Fake, Reply};

/// Long enough for a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// Most bytes that a test gives to the filter.
const MAX_GIVEN: u64 = 10 << 20;

pub(crate) const PODS: &str = "/api/v1/pods";
pub(crate) const NAMESPACES: &str = "/api/v1/namespaces";
pub(crate) const NODES: &str = "/api/v1/nodes";
pub(crate) const POLICIES: &str = "/apis/networking.k8s.io/v1/networkpolicies";
pub(crate) const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
pub(crate) const CLUSTER_POLICIES: &str = "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies";

/// What the apiserver has.
#[derive(Default)]
struct Shelf {
    objects: BTreeMap<String, BTreeMap<String, Value>>,
    watches: Vec<(String, Option<String>, UnboundedSender<String>)>,
    silent: HashSet<String>,
    version: u64,
}

pub(crate) struct Api {
    shelf: Arc<Mutex<Shelf>>,
    pub(crate) fake: Fake,
}

fn name(object: &Value) -> String {
    let metadata = &object["metadata"];
    format!("{}/{}", metadata["namespace"].as_str().unwrap_or_default(), metadata["name"].as_str().unwrap())
}

/// The name that a field selector asks for.
fn selected(asked: &Asked) -> Option<String> {
    asked.parameter("fieldSelector")?.strip_prefix("metadata.name%3D").map(str::to_owned)
}

fn fits(object: &Value, selected: Option<&String>) -> bool {
    selected.is_none_or(|name| object["metadata"]["name"] == json!(name))
}

impl Api {
    /// An apiserver that answers nothing about these paths.
    pub(crate) async fn start(silent: &[&str]) -> Self {
        let shelf =
            Shelf { silent: silent.iter().map(|path| (*path).to_owned()).collect(), ..Shelf::default() };
        let shelf = Arc::new(Mutex::new(shelf));
        let script = Arc::clone(&shelf);
        Self { shelf, fake: Fake::start(move |asked| answer(&mut script.lock().unwrap(), asked)).await }
    }

    /// Puts an object in, or another in its place.
    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut shelf = self.shelf.lock().unwrap();
        shelf.version += 1;
        object["metadata"]["resourceVersion"] = json!(shelf.version.to_string());
        let before = shelf.objects.entry(path.to_owned()).or_default().insert(name(&object), object.clone());
        tell(&mut shelf, path, if before.is_some() { "MODIFIED" } else { "ADDED" }, &object);
    }

    pub(crate) fn remove(&self, path: &str, key: &str) {
        let mut shelf = self.shelf.lock().unwrap();
        let object = shelf.objects.get_mut(path).unwrap().remove(key).unwrap();
        tell(&mut shelf, path, "DELETED", &object);
    }

    /// From now on it answers about a path; who asked before is answered when he asks again.
    pub(crate) fn speak(&self, path: &str) {
        self.shelf.lock().unwrap().silent.remove(path);
    }
}

fn tell(shelf: &mut Shelf, path: &str, kind: &str, object: &Value) {
    let line = format!("{}\n", json!({"type": kind, "object": object}));
    shelf.watches.retain(|(watched, selected, sender)| {
        watched != path || !fits(object, selected.as_ref()) || sender.send(line.clone()).is_ok()
    });
}

fn answer(shelf: &mut Shelf, asked: &Asked) -> Reply {
    let path = asked.target.split('?').next().unwrap();
    if shelf.silent.contains(path) {
        return Reply::Json(503, "{}".to_owned());
    }
    let selected = selected(asked);
    if asked.parameter("watch").is_some() {
        let (sender, lines) = unbounded_channel();
        shelf.watches.push((path.to_owned(), selected, sender));
        return Reply::Watch(lines);
    }
    let objects = shelf.objects.get(path).into_iter().flat_map(BTreeMap::values);
    let items: Vec<_> = objects.filter(|object| fits(object, selected.as_ref())).collect();
    let metadata = json!({"resourceVersion": shelf.version.to_string()});
    Reply::Json(200, json!({"metadata": metadata, "items": items}).to_string())
}

/// A node's agent at work.
pub(crate) struct Bench {
    pub(crate) api: Api,
    pub(crate) agent: Arc<Agent>,
    pub(crate) folder: TempDir,
    running: JoinHandle<()>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Bench {
    /// The agent of the node `n1`, with the pods `shop/web` (10.0.0.1) and `shop/client` (10.0.0.2).
    pub(crate) async fn start(silent: &[&str]) -> Self {
        let api = Api::start(silent).await;
        api.put(NODES, json!({
            "metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]},
        }));
        api.put(NAMESPACES, json!({"metadata": {"name": "shop"}}));
        api.put(PODS, pod("web", Some("10.0.0.1")));
        api.put(PODS, pod("client", Some("10.0.0.2")));
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("nft");
        // What is listed is nothing; what is given is kept, unless it is to fail.
        let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\n[ -e fail ] && { echo no >&2; exit 1; }\n\
                      case \"$*\" in *list*) echo '{\"nftables\": []}';; *) cat > part && cat part >> all && mv part last;; esac\n";
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let settings = Settings {
            node: "n1".into(),
            options: Options { log_group: None, ..Options::default() },
            look_every: Duration::from_secs(3_600),
            flow_log: None,
        };
        let agent = Agent::new(settings, Nft::new(&program), Metrics::default());
        let running = tokio::spawn(Arc::clone(&agent).run(api.fake.cluster().await, false));
        Self { api, agent, folder, running }
    }

    /// What was last given to the filter.
    pub(crate) fn last(&self) -> String {
        self.given("last")
    }

    /// What the filter was given: `last`, or `all` of it.
    pub(crate) fn given(&self, what: &str) -> String {
        let bytes = ringwall_files::read_if_there(&self.folder.path().join(what), MAX_GIVEN).unwrap();
        String::from_utf8(bytes.unwrap_or_default()).unwrap()
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let wait = async {
            while !so(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("{what}: {:?}: {}", self.agent.waits_for(), self.last()));
    }
}

pub(crate) fn pod(name: &str, address: Option<&str>) -> Value {
    let addresses: Vec<_> = address.iter().map(|address| json!({"ip": address})).collect();
    json!({
        "metadata": {"namespace": "shop", "name": name, "uid": format!("uid-{name}"), "labels": {"app": name}},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i", "env": [{"name": "SECRET", "value": "planted"}]}]},
        "status": {"phase": "Running", "podIPs": addresses},
    })
}

/// A policy that lets nobody in.
pub(crate) fn isolating(app: &str) -> Value {
    json!({
        "metadata": {"namespace": "shop", "name": format!("isolate-{app}")},
        "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"]},
    })
}
