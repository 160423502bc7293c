//! From the news of a change of policy to its rules in the kernel, on a node with 100 pods in a cluster with 500 policies; and what of that
//! the same transaction takes if `nft` is simply given it. Needs root, `ip` and `nft`, and works in a network namespace of its own.
//!
//!     cargo bench -p ringwall-agent --bench enforce

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark ends where it fails"
)]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringwall_agent::{Agent, Metrics, Settings};
use ringwall_nft::{Nft, Options};
use serde_json::{Value, json};

#[path = "../tests/it/api.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod api;
#[path = "../../../adapters/kubernetes/tests/it/fake.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod fake;

use api::{Api, NAMESPACES, NODES, PODS, POLICIES};

const OWN_PODS: usize = 100;
const OTHER_PODS: usize = 900;
const NAMES: usize = 20;
const COUNT: usize = 500;
const CHANGES: usize = 200;

fn pod(number: usize) -> Value {
    let node = if number < OWN_PODS { "n1" } else { "n2" };
    json!({
        "metadata": {
            "namespace": format!("ns{}", number % NAMES), "name": format!("pod-{number}"), "uid": format!("u{number}"),
            "labels": {"app": format!("app{}", number % 50), "tier": format!("t{}", number % 3)},
        },
        "spec": {"nodeName": node, "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 8080}]}]},
        "status": {"phase": "Running", "podIPs": [
            {"ip": format!("10.{}.{}.{}", 1 + number / 65_536, (number / 256) % 256, number % 256)},
            {"ip": format!("fd00::{:x}", number + 1)},
        ]},
    })
}

fn policy(number: usize, port: usize) -> Value {
    json!({
        "metadata": {"namespace": format!("ns{}", number % NAMES), "name": format!("policy-{number}")},
        "spec": {
            "podSelector": {"matchLabels": {"app": format!("app{}", number % 50)}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [{"podSelector": {"matchLabels": {"tier": format!("t{}", number % 3)}}}, {"namespaceSelector": {}}], "ports": [{"port": port}]},
                {"from": [{"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.7/32"]}}], "ports": [{"port": "web"}]},
            ],
            "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": format!("ns{}", (number + 1) % NAMES)}}}]}],
        },
    })
}

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).status().is_ok_and(|status| status.success())
}

/// A network namespace that goes with this.
struct Namespace(String);

impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.0]);
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

fn told(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
    println!(
        "{what}: p50 {:.1} ms, p99 {:.1} ms, of {}",
        p50.as_secs_f64() * 1e3,
        p99.as_secs_f64() * 1e3,
        times.len()
    );
    p50
}

#[tokio::main]
async fn main() {
    let namespace = Namespace(format!("rwb{}", std::process::id()));
    if !ip(&["netns", "add", &namespace.0]) {
        println!("not measured: network namespaces need root and `ip`");
        return;
    }
    let api = Api::start(&[]).await;
    for node in ["n1", "n2"] {
        api.put(NODES, json!({"metadata": {"name": node}}));
    }
    for number in 0..NAMES {
        api.put(NAMESPACES, json!({"metadata": {"name": format!("ns{number}")}}));
    }
    (0..OWN_PODS + OTHER_PODS).for_each(|number| api.put(PODS, pod(number)));
    (0..COUNT).for_each(|number| api.put(POLICIES, policy(number, 80)));

    let settings = Settings {
        node: "n1".into(),
        options: Options { log_group: None, ..Options::default() },
        look_every: Duration::from_secs(3_600),
        flow_log: None,
    };
    let agent = Agent::new(settings, Nft::default().in_namespace(&namespace.0), Metrics::default());
    let mut in_force = agent.in_force();
    let began = Instant::now();
    let running = tokio::spawn(Arc::clone(&agent).run(api.fake.cluster().await, false));
    in_force.next().await;
    println!(
        "all of it, {OWN_PODS} pods and {COUNT} policies, from nothing: {:.0} ms",
        began.elapsed().as_secs_f64() * 1e3
    );

    let mut changes = Vec::with_capacity(CHANGES);
    for change in 0..CHANGES {
        let began = Instant::now();
        api.put(POLICIES, policy(change * 7 % COUNT, 81 + change));
        in_force.next().await;
        changes.push(began.elapsed());
    }
    let p50 = told("a policy is edited, and enforced", changes);
    let mut changes = Vec::with_capacity(CHANGES);
    for change in 0..CHANGES {
        let began = Instant::now();
        let mut pod = pod(OWN_PODS + change);
        pod["metadata"]["labels"]["tier"] = json!("new");
        api.put(PODS, pod);
        in_force.next().await;
        changes.push(began.elapsed());
    }
    told("a pod elsewhere is labelled anew, and enforced", changes);
    running.abort();

    // What the kernel and the program take for one rule, whoever gives it.
    let mut bare = Vec::with_capacity(CHANGES);
    for _ in 0..CHANGES {
        let script = "add chain inet ringwall bench\nadd rule inet ringwall bench counter\nflush chain inet ringwall bench\n";
        let began = Instant::now();
        let mut child = Command::new("ip")
            .args(["netns", "exec", &namespace.0, "nft", "-f", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        bare.push(began.elapsed());
    }
    let bare = told("`nft` by itself, one rule", bare);
    println!("ratio: {:.1}", p50.as_secs_f64() / bare.as_secs_f64());
}
