//! Against a real kube-apiserver, with the rights of the manifest and no others.

use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use std::io::{BufRead as _, BufReader};

use ringwall_sinks::{Clock, Notice, Parts, Sink, SinkSettings};
use serde_json::{Value, json};

use crate::fixture::{finding, notices};
use crate::process::program;

const TYPE: &str = "Execution:Kubernetes/ExecInKubeSystemPod";

/// A real kube-apiserver, which ends with its standard input.
struct Testbed {
    program: PathBuf,
    child: Child,
    stdin: Option<ChildStdin>,
    folder: tempfile::TempDir,
    kubeconfig: PathBuf,
}

impl Testbed {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = program("RINGWALL_TESTBED");
        let mut child = Command::new(&program)
            .args(["run", "--dir"])
            .arg(folder.path().join("bed"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let kubeconfig = PathBuf::from(ready["kubeconfig"].as_str().unwrap());
        Self { program, stdin: child.stdin.take(), child, folder, kubeconfig }
    }

    fn kubectl(&self, arguments: &[&str]) -> Output {
        Command::new(&self.program)
            .arg("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments)
            .output()
            .unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.kubectl(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn get(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[&["get", "-o", "json"], arguments].concat())).unwrap()
    }

    fn apply(&self, objects: &[Value]) {
        let file = self.folder.path().join("objects.json");
        std::fs::write(&file, json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())
            .unwrap();
        self.text(&["apply", "-f", file.to_str().unwrap()]);
    }

    /// A kubeconfig of the audit service's account, which has what the manifest gives it.
    fn account(&self) -> PathBuf {
        self.text(&["create", "namespace", "ringwall-system"]);
        self.text(&["-n", "ringwall-system", "create", "serviceaccount", "ringwall-audit"]);
        let manifest =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../deploy/manifests/audit/quarantine.yaml");
        self.text(&["apply", "-f", manifest.to_str().unwrap()]);
        let token = self.text(&["-n", "ringwall-system", "create", "token", "ringwall-audit"]);
        let mut config: Value =
            serde_json::from_str(&self.text(&["config", "view", "--raw", "-o", "json"])).unwrap();
        config["users"][0]["user"] = json!({"token": token.trim()});
        let path = self.folder.path().join("account.kubeconfig");
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }
}

impl Drop for Testbed {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn pod(namespace: &str, name: &str, more: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "web:1"}]},
    });
    for (part, members) in more.as_object().unwrap() {
        pod[part].as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    }
    pod
}

fn notice(namespace: &str, name: &str, position: u64) -> Notice {
    let mut notice = notices(1).remove(0);
    notice.finding = finding(TYPE, name);
    notice.finding.details.workload.as_mut().unwrap().namespace = namespace.to_owned();
    notice.position = position;
    notice
}

struct Bench {
    folder: tempfile::TempDir,
    kubeconfig: PathBuf,
    time: Arc<AtomicI64>,
}

impl Bench {
    fn sink(&self, more: &str) -> Sink {
        let text = format!(
            "[[sink]]\nname = 'cut'\ntypes = ['Execution:*']\nto.quarantine = {{ cluster = 'shop', kubeconfig = '{}', \
             except-namespaces = ['vault'] {more} }}",
            self.kubeconfig.display()
        );
        let time = Arc::clone(&self.time);
        let clock = Clock::new(move || time.load(Ordering::Relaxed));
        let parts = Parts { clock, ..Parts::new(self.folder.path().to_owned()) };
        Sink::new(&SinkSettings::parse(&text).unwrap()[0], &parts).unwrap()
    }

    /// What was told last.
    fn last(&self) -> Value {
        let told = std::fs::read(self.folder.path().join("cut.acts.jsonl")).unwrap();
        serde_json::from_str(String::from_utf8(told).unwrap().lines().last().unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the testbed; cargo xtask test runs it"]
async fn a_pod_is_cut_off() {
    let bed = Testbed::start();
    let bench = Bench {
        folder: tempfile::tempdir().unwrap(),
        kubeconfig: bed.account(),
        time: Arc::new(AtomicI64::new(1_795_000_100)),
    };
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    bed.apply(&[namespace("shop"), namespace("vault")]);
    for name in ["shop", "vault"] {
        while !bed.kubectl(&["-n", name, "get", "serviceaccount", "default"]).status.success() {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    let open = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]},
    });
    let many: Vec<Value> = (0..12).map(|at| pod("shop", &format!("many-{at}"), json!({}))).collect();
    let host = json!({"spec": {"hostNetwork": true}});
    let few = [
        open,
        pod("shop", "web", json!({})),
        pod("shop", "host", host),
        pod("vault", "web", json!({})),
        pod("kube-system", "dns", json!({})),
    ];
    bed.apply(&[&few[..], &many].concat());
    let labels =
        |namespace: &str, name: &str| bed.get(&["-n", namespace, "pod", name])["metadata"]["labels"].clone();
    let policies = || bed.get(&["-A", "networkpolicies"])["items"].as_array().unwrap().len();

    // Unless it is told otherwise, it says what it would do, and the apiserver says whether it could.
    let trying = bench.sink("");
    trying.deliver(&[notice("shop", "web", 1)]).await.unwrap();
    assert_eq!(bench.last()["did"], "would cut off");
    assert_eq!(bench.last()["limits"], json!(["the policy `web` allows it some"]));
    assert_eq!((labels("shop", "web"), policies()), (json!({"app": "web"}), 1));

    let sink = bench.sink(", enforce = true");
    let first = notice("shop", "web", 1);
    sink.deliver(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!((bench.last()["did"].as_str(), bench.last()["pod"].as_str()), (Some("cut off"), Some("web")));
    assert_eq!(labels("shop", "web"), json!({"app": "web", "ringwall.io/quarantine": first.id()}));
    let policy = bed.get(&["-n", "shop", "networkpolicy", "ringwall-quarantine"]);
    let selector = json!({"matchExpressions": [{"key": "ringwall.io/quarantine", "operator": "Exists"}]});
    assert_eq!(policy["spec"], json!({"podSelector": selector, "policyTypes": ["Ingress", "Egress"]}));
    // Twice is as once.
    sink.deliver(&[notice("shop", "web", 2)]).await.unwrap();
    assert_eq!(bench.last()["why"], "the pod is cut off already");
    assert_eq!(policies(), 2);
    sink.deliver(&[notice("shop", "host", 3)]).await.unwrap();
    assert!(bench.last()["limits"].to_string().contains("node's network"), "{}", bench.last());

    // What is never cut off.
    for (namespace, name) in [("kube-system", "dns"), ("vault", "web")] {
        sink.deliver(&[notice(namespace, name, 4)]).await.unwrap();
        assert_eq!(
            (bench.last()["did"].as_str(), &labels(namespace, name)),
            (Some("nothing"), &json!({"app": "web"}))
        );
    }
    let mut other = notice("shop", "many-0", 5);
    other.scope.cluster = Some("other".to_owned());
    sink.deliver(&[other]).await.unwrap();
    assert_eq!(bench.last()["why"], "the finding is of another cluster");
    let mut reborn = notice("shop", "many-0", 6);
    reborn.finding.details.workload.as_mut().unwrap().uid = "before".to_owned();
    sink.deliver(&[reborn, notice("shop", "gone", 7)]).await.unwrap();
    assert_eq!(bench.last()["why"], "the pod is gone");
    assert_eq!(labels("shop", "many-0"), json!({"app": "web"}));

    // Two of the hour's ten places are taken.
    let batch: Vec<Notice> = (0..12).map(|at| notice("shop", &format!("many-{at}"), 10 + at)).collect();
    sink.deliver(&batch).await.unwrap();
    let cut_off = || {
        bed.get(&["-n", "shop", "pods", "-l", "ringwall.io/quarantine"])["items"].as_array().unwrap().len()
    };
    assert_eq!((cut_off(), sink.counted().refused), (10, 4));
    bench.time.fetch_add(3600, Ordering::Relaxed);
    sink.deliver(&batch).await.unwrap();
    assert_eq!(cut_off(), 14);

    // The way back that the page has.
    bed.text(&["-n", "shop", "label", "pod", "web", "ringwall.io/quarantine-"]);
    assert_eq!(labels("shop", "web"), json!({"app": "web"}));
    bed.text(&["-n", "shop", "delete", "networkpolicy", "ringwall-quarantine"]);
}
