//! `ringwall kms` on the etcd of a real kube-apiserver, with keys of its EncryptionConfiguration.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::testbed::Testbed;

/// Secrets of the tests.
const SECRETS: usize = 60;

/// What no output may hold.
const PLANTED: &str = "hunter2-planted";

/// Starts an API server that seals Secrets with the first of the keys and opens them with all; without any, in the clear.
fn start(folder: &Path, keys: &[&str]) -> Testbed {
    if keys.is_empty() {
        return Testbed::start(&folder.join("bed"));
    }
    let secret = data_encoding::BASE64.encode(&[7; 32]);
    let keys: Vec<_> = keys.iter().map(|name| json!({"name": name, "secret": secret})).collect();
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["secrets"], "providers": [{"aescbc": {"keys": keys}}, {"identity": {}}]}],
    });
    let path = folder.join("encryption.json");
    fs::write(&path, configuration.to_string()).unwrap();
    Testbed::start_with(&folder.join("bed"), &[&format!("--encryption-provider-config={}", path.display())])
}

fn secrets() -> Vec<Value> {
    let secret = |number| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "default", "name": format!("secret-{number:03}")},
            "stringData": {"password": PLANTED},
        })
    };
    (0..SECRETS).map(secret).collect()
}

fn command(testbed: &Testbed, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
    command.arg("kms").args(arguments);
    if !arguments.contains(&"--state") {
        command.arg("--etcd").arg(testbed.etcd());
        for (flag, file) in [("ca", "ca.crt"), ("cert", "etcd-client.crt"), ("key", "etcd-client.key")] {
            command.arg(format!("--etcd-{flag}")).arg(testbed.pki(file));
        }
    }
    if arguments[0] == "rotate" {
        command.arg("--kubeconfig").arg(&testbed.kubeconfig);
    }
    command
}

/// Runs to the end; gives exit status, and the JSON on standard output.
fn run(testbed: &Testbed, arguments: &[&str]) -> (i32, Value, String) {
    let Output { status, stdout, stderr } =
        command(testbed, arguments).args(["--output", "json"]).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(!stdout.contains(PLANTED) && !stderr.contains(PLANTED));
    let value = if stdout.is_empty() { Value::Null } else { serde_json::from_str(&stdout).unwrap() };
    (status.code().unwrap(), value, stderr)
}

#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn secrets_are_proved_in_the_clear_sealed_and_sealed_anew() {
    let folder = TempDir::new().unwrap();
    let testbed = start(folder.path(), &[]);
    testbed.apply(&secrets());
    let (status, report, _) = run(&testbed, &["verify"]);
    assert_eq!((status, &report["verdict"]), (1, &json!("not-sealed")));
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), SECRETS);
    assert_eq!(
        (&findings[7]["key"], &findings[7]["why"]),
        (&json!("/registry/secrets/default/secret-007"), &json!("clear"))
    );
    drop(testbed);

    // The key is there: what is written from now on is sealed, the rest is not.
    let testbed = start(folder.path(), &["key1"]);
    assert_eq!(run(&testbed, &["verify"]).0, 1);
    let (status, outcome, stderr) = run(&testbed, &["rotate", "--to-key", "key1", "--rate", "1000"]);
    assert_eq!(status, 0, "{stderr}");
    assert_eq!((&outcome["resealed"], &outcome["report"]["verdict"]), (&json!(SECRETS), &json!("sealed")));
    let (status, report, _) = run(&testbed, &["verify", "--expect-key", "key1"]);
    assert_eq!(status, 0);
    let stored = &report["resources"][0]["stored"];
    assert_eq!(
        (&stored[0]["how"], &stored[0]["key"], &stored[0]["objects"]),
        (&json!("aescbc"), &json!("key1"), &json!(SECRETS))
    );
    // Once more, and nothing is to be done.
    assert_eq!(run(&testbed, &["rotate", "--to-key", "key1"]).1["resealed"], 0);
    // What is asked for and is not so.
    assert_eq!(run(&testbed, &["verify", "--expect-key", "key2"]).1["findings"][0]["why"], "other-key");
    assert_eq!(
        run(&testbed, &["verify", "--expect-provider", "ringwall"]).1["findings"][0]["why"],
        "other-provider"
    );
    assert_eq!(run(&testbed, &["verify", "--resource", "secrets", "--resource", "configmaps"]).0, 1);
    assert_eq!(run(&testbed, &["verify", "--all"]).0, 1);
    let (status, _, stderr) = run(&testbed, &["verify", "--resource", "secrets", "--resource", "secerts"]);
    assert_eq!(status, 3, "{stderr}");
    let (status, _, stderr) = run(&testbed, &["rotate", "--to-key", "key2", "--wait", "1"]);
    assert_eq!(status, 1, "{stderr}");
    assert!(stderr.contains("does not write under `key2`, but under `key1`"), "{stderr}");
    drop(testbed);

    // A rotation that is killed goes on where it was.
    let testbed = start(folder.path(), &["key2", "key1"]);
    let mut killed = command(&testbed, &["rotate", "--to-key", "key2", "--rate", "20", "--concurrency", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let before = SECRETS - until_under(&testbed, "key2", 10);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(before > 10, "it was killed while something was left");
    let (status, outcome, _) = run(&testbed, &["rotate", "--to-key", "key2", "--rate", "1000"]);
    let resealed = outcome["resealed"].as_u64().unwrap();
    assert_eq!(status, 0);
    assert!((1..=before as u64).contains(&resealed), "{resealed} of {before} that were left");
    assert_eq!(run(&testbed, &["verify", "--expect-key", "key2"]).0, 0);
    drop(testbed);

    // One that is told to stop finishes what it began, and says so.
    let testbed = start(folder.path(), &["key3", "key2"]);
    let stopped = command(&testbed, &["rotate", "--to-key", "key3", "--rate", "20"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until_under(&testbed, "key3", 5);
    kill_process(Pid::from_child(&stopped), Signal::INT).unwrap();
    let output = stopped.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the same command goes on"));
    assert!(!output.stderr.contains(&b'\x1b'), "no bar where nobody looks");

    // Without etcd, a file keeps the place; nothing is proved.
    let state = folder.path().join("state.json");
    let state = state.to_str().unwrap();
    let (status, outcome, _) =
        run(&testbed, &["rotate", "--state", state, "--to-key", "key3", "--rate", "1000", "--wait", "0"]);
    assert_eq!((status, &outcome["report"]), (3, &Value::Null));
    assert_eq!(
        outcome["resealed"].as_u64().unwrap() + outcome["unchanged"].as_u64().unwrap(),
        SECRETS as u64
    );
    assert!(outcome["resealed"].as_u64().unwrap() > 0);
    assert!(!Path::new(state).exists(), "what is done needs no place");
    assert_eq!(run(&testbed, &["verify", "--expect-key", "key3"]).0, 0);
}

/// Waits until so many Secrets are under the key; gives how many are.
fn until_under(testbed: &Testbed, key: &str, least: usize) -> usize {
    for _ in 0..600 {
        let report = run(testbed, &["verify", "--expect-key", key]).1;
        let others = report["findings"].as_array().map_or(SECRETS, Vec::len);
        if SECRETS - others >= least {
            return SECRETS - others;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing comes under {key}")
}

/// A plugin that ends with the test.
struct Plugin(Child);

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn a_plugin_that_rotates_its_key_is_followed() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    // A root key may not lie beside what it protects.
    ["keys", "ring"].iter().for_each(|name| fs::create_dir(at(name)).unwrap());
    let (ring, root, socket) =
        (at("ring/kms.keyring"), format!("file:{}", at("keys/root.key")), at("kms.sock"));
    let keyring = |command: &str| {
        let mut ringwall = Command::new(env!("CARGO_BIN_EXE_ringwall"));
        let status = ringwall
            .args(["kms", "keyring", command, &ring, "--root-key", &root])
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success());
    };
    keyring("create");
    let backend = format!("keyring:{ring}?root-key={root}");
    let plugin = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["kms", "serve", "--backend", &backend, "--listen", &socket, "--probe-every", "1s"])
        .args(["--admin-listen", "127.0.0.1:0"])
        .stderr(Stdio::null())
        .spawn();
    let _plugin = Plugin(plugin.unwrap());
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["*.*"], "providers": [
            {"kms": {"apiVersion": "v2", "name": "ringwall", "endpoint": format!("unix://{socket}")}}, {"identity": {}},
        ]}],
    });
    fs::write(at("encryption.json"), configuration.to_string()).unwrap();
    let flag = format!("--encryption-provider-config={}", at("encryption.json"));
    let testbed = Testbed::start_with(&folder.path().join("bed"), &[&flag]);
    testbed.apply(&secrets());
    let first = run(&testbed, &["rotate", "--socket", &socket]).1["key"].as_str().unwrap().to_owned();
    let (status, report, _) =
        run(&testbed, &["verify", "--all", "--expect-provider", "ringwall", "--expect-key", &first]);
    assert_eq!(status, 0, "{}", report["findings"]);

    keyring("rotate");
    let second = (0..600).find_map(|_| {
        thread::sleep(Duration::from_millis(100));
        let (_, outcome, stderr) =
            run(&testbed, &["rotate", "--socket", &socket, "--resource", "namespaces", "--wait", "0"]);
        // As a rule it is not in use yet, and what is told then says which one was asked for.
        let key = outcome["key"].as_str().or_else(|| stderr.split('`').nth(1)).map(str::to_owned);
        key.filter(|key| *key != first)
    });
    let second = second.expect("the plugin takes the keyring up");
    // The API server asks the plugin every minute.
    let (status, outcome, stderr) =
        run(&testbed, &["rotate", "--socket", &socket, "--all", "--rate", "1000"]);
    assert_eq!((status, outcome["key"].as_str()), (0, Some(second.as_str())), "{stderr}");
    let (_, report, _) = run(&testbed, &["verify", "--expect-provider", "ringwall", "--expect-key", &second]);
    let stored = &report["resources"][0]["stored"][0];
    assert_eq!((&stored["how"], &stored["objects"]), (&json!("kms v2"), &json!(SECRETS)));
    assert_eq!(stored["seeds"].as_array().unwrap().len(), 1);
}

#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn an_etcd_that_cannot_be_read_leaves_the_question_open() {
    let folder = TempDir::new().unwrap();
    let testbed = start(folder.path(), &[]);
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ringwall"))
            .args(["kms", "verify"])
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let etcd = testbed.etcd();
    let (ca, cert, key) =
        (testbed.pki("ca.crt"), testbed.pki("etcd-client.crt"), testbed.pki("etcd-client.key"));
    let (ca, cert, key) = (ca.to_str().unwrap(), cert.to_str().unwrap(), key.to_str().unwrap());
    // Without a client certificate, and at a port where nobody is.
    let (status, stderr) = run(&["--etcd", &etcd, "--etcd-ca", ca]);
    assert_eq!(status, 3, "{stderr}");
    let (status, stderr) = run(&["--etcd", "https://127.0.0.1:1", "--etcd-ca", ca]);
    assert_eq!(status, 3, "{stderr}");
    assert!(stderr.contains("127.0.0.1:1"), "{stderr}");
    // Misuse.
    for arguments in [["--etcd", "127.0.0.1:1", "--etcd-ca", ca], ["--etcd", &etcd, "--resource", "Secrets"]]
    {
        assert_eq!(run(&arguments).0, 2);
    }
    let (status, stderr) = run(&["--etcd", &etcd]);
    assert_eq!(status, 2, "{stderr}");
    // The second of two is asked when the first is away.
    let (status, stderr) = run(&[
        "--etcd",
        "https://127.0.0.1:1",
        "--etcd",
        &etcd,
        "--etcd-ca",
        ca,
        "--etcd-cert",
        cert,
        "--etcd-key",
        key,
        "--resource",
        "namespaces",
    ]);
    assert_eq!(status, 1, "{stderr}");
}
