//! A real kube-apiserver that seals its Secrets by `ringwall kms serve`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ringwall_kubernetes::{Cluster, Source};
use serde_json::json;

use crate::testbed::Testbed;

/// An apiserver notices another key id within a minute, and writes for three minutes after the latest good status.
/// Source: k8s.io/apiserver, encryptionconfig/config.go, `kmsv2PluginWriteDEKSourceMaxTTL`. Twice that is a bug.
const FOREVER: Duration = Duration::from_secs(400);

/// What every value begins with, to be found wherever it is in the clear.
const MARKER: &str = "in-the-clear-";

const CONFIGURATION: &str = "
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - kms: {apiVersion: v2, name: ringwall, endpoint: 'unix://SOCKET', timeout: 3s}
      - identity: {}
";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn source(&self) -> String {
        format!(
            "keyring:{}?root-key=file:{}",
            self.path("data/keyring").display(),
            self.path("root.key").display()
        )
    }

    fn ringwall(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
        command.args(arguments);
        command
    }

    fn keyring(&self, action: &str) -> String {
        let (file, root) = (self.path("data/keyring"), format!("file:{}", self.path("root.key").display()));
        let mut command = self.ringwall(&["kms", "keyring", action]);
        let output = command.arg(file).args(["--root-key", &root]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn plugin(&self) -> Plugin {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("plugin.log")).unwrap();
        let mut command = self.ringwall(&["kms", "serve", "--probe-every", "200ms", "--grace", "1s"]);
        command.args(["--admin-listen", "127.0.0.1:0", "--log-level", "debug", "--backend", &self.source()]);
        command.arg("--listen").arg(self.path("kms.sock")).stderr(log).stdin(Stdio::null());
        Plugin(command.spawn().unwrap())
    }

    fn apply(&self, testbed: &Testbed, name: &str) -> bool {
        let file = self.path("secret.json");
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"},
            "stringData": {"value": format!("{MARKER}{name}")},
        });
        fs::write(&file, secret.to_string()).unwrap();
        let answers = testbed.lines(&["apply", file.to_str().unwrap()], &[]);
        answers.len() == 1 && answers[0]["result"] == "applied"
    }

    /// Whether a text is in etcd's files: its database, or its log of writes.
    fn in_etcd(&self, text: &str) -> bool {
        holds(&self.path("testbed/etcd"), text.as_bytes())
    }
}

fn holds(path: &Path, text: &[u8]) -> bool {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().any(|entry| holds(&entry.unwrap().path(), text));
    }
    fs::read(path).is_ok_and(|bytes| bytes.windows(text.len()).any(|found| found == text))
}

struct Plugin(Child);

impl Drop for Plugin {
    /// SIGKILL.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Secret's value, as the apiserver opens it.
fn read(testbed: &Testbed, name: &str) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let source = Source::Kubeconfig { path: Some(testbed.kubeconfig.clone()), context: None };
        let cluster = Cluster::connect(&source).await.unwrap();
        let secret = cluster.secret("default", name).await.ok()??;
        Some(String::from_utf8(secret.data?.remove("value")?.0).unwrap())
    })
}

fn until(what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < FOREVER, "it never came to that: {what}");
        std::thread::sleep(Duration::from_secs(1));
    }
    begun.elapsed()
}

#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn secrets_are_sealed_through_restarts_rotation_and_an_outage() {
    let place = Place { folder: tempfile::tempdir().unwrap() };
    fs::create_dir(place.path("data")).unwrap();
    place.keyring("create");
    let configuration = CONFIGURATION.replace("SOCKET", place.path("kms.sock").to_str().unwrap());
    let file = place.path("encryption.yaml");
    fs::write(&file, configuration).unwrap();
    let flags = [format!("--encryption-provider-config={}", file.display())];
    let start = || Testbed::start_with(&place.path("testbed"), &flags);

    let mut plugin = place.plugin();
    let testbed = start();
    assert!(place.apply(&testbed, "one"));
    assert_eq!(read(&testbed, "one"), Some(format!("{MARKER}one")));
    assert!(place.in_etcd("k8s:enc:kms:v2:ringwall:"));
    let first = place.keyring("list").split_whitespace().next().unwrap().to_owned();
    assert!(place.in_etcd(&first), "the key's id stands beside what it sealed");

    // The plugin is killed: the apiserver goes on, and finds the new one.
    drop(plugin);
    assert_eq!(read(&testbed, "one"), Some(format!("{MARKER}one")));
    plugin = place.plugin();
    assert!(place.apply(&testbed, "two"));

    // Both start anew: what was sealed is opened by way of its annotation.
    drop((testbed, plugin));
    plugin = place.plugin();
    let testbed = start();
    for name in ["one", "two"] {
        assert_eq!(read(&testbed, name), Some(format!("{MARKER}{name}")));
    }

    // The key rotates: within a minute or so it seals, without a restart.
    let rotated = place.keyring("rotate");
    let second = rotated.split_whitespace().next().unwrap().to_owned();
    let mut count = 0;
    let took = until("the new key seals", || {
        count += 1;
        assert!(place.apply(&testbed, &format!("rotated-{count}")));
        place.in_etcd(&second)
    });
    println!("the new key sealed after {} s", took.as_secs());
    assert_eq!(read(&testbed, "one"), Some(format!("{MARKER}one")));

    // The key is out of reach: writes fail, reads go on; and when it is back, so are writes.
    fs::rename(place.path("data/keyring"), place.path("data/away")).unwrap();
    let took = until("writes fail", || {
        count += 1;
        !place.apply(&testbed, &format!("outage-{count}"))
    });
    println!("writes failed after {} s", took.as_secs());
    assert_eq!(read(&testbed, "one"), Some(format!("{MARKER}one")));
    fs::rename(place.path("data/away"), place.path("data/keyring")).unwrap();
    let took = until("writes succeed", || place.apply(&testbed, "after"));
    println!("writes succeeded again after {} s", took.as_secs());
    for name in ["one", "two", "rotated-1", "after"] {
        assert_eq!(read(&testbed, name), Some(format!("{MARKER}{name}")));
    }
    assert!(!place.in_etcd(MARKER), "a value is in etcd in the clear");
    let log = fs::read(place.path("plugin.log")).unwrap();
    assert!(!log.windows(MARKER.len()).any(|found| found == MARKER.as_bytes()));
    drop(plugin);
}
