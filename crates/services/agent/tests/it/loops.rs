use std::fs;
use std::time::Duration;

use ringwall_agent::cni::{Answer, Attachment, Handler as _, Order, PodSandbox};
use serde_json::json;

use crate::api::{Bench, CLUSTER_POLICIES, DEFINITIONS, NODES, PODS, POLICIES, isolating, pod};

/// Whether a rule of a policy is in a script: what isolates is told by its chain of denials.
fn isolates(script: &str) -> bool {
    script.contains("goto d_") && script.contains("add chain inet ringwall si_")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_before_all_is_known() {
    let bench = Bench::start(&[NODES]).await;
    bench
        .until("it waits", |bench| {
            bench.agent.waits_for().is_some_and(|waits| waits == "the apiserver has not told of nodes yet")
        })
        .await;
    assert_eq!(bench.last(), "");
    bench.api.speak(NODES);
    bench.until("it is ready", |bench| bench.agent.waits_for().is_none()).await;
    let script = bench.last();
    assert!(script.starts_with("add table inet ringwall\ndelete table inet ringwall\n"), "{script}");
    assert!(script.contains("10.0.0.1") && script.contains("10.0.0.2") && !isolates(&script), "{script}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_what_is_put_in() {
    let bench = Bench::start(&[]).await;
    bench.until("it is ready", |bench| bench.agent.waits_for().is_none()).await;
    bench.api.put(POLICIES, isolating("web"));
    bench.until("the policy is in", |bench| isolates(&bench.last())).await;
    assert!(!bench.last().contains("delete table"), "what differs alone: {}", bench.last());

    // What does not matter is not put in.
    let before = bench.given("all");
    let mut busy = pod("web", Some("10.0.0.1"));
    busy["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
    bench.api.put(PODS, busy);
    bench.api.put(PODS, pod("late", Some("10.0.0.3")));
    bench.until("another pod is in", |bench| bench.last().contains("10.0.0.3")).await;
    let after = bench.given("all");
    let more = after.strip_prefix(&before).unwrap();
    assert!(!more.contains("10.0.0.1"), "nothing of the pod that is as it was: {more}");

    bench.api.remove(POLICIES, "shop/isolate-web");
    bench.until("the policy is gone", |bench| bench.last().contains("delete chain inet ringwall si_")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_kernel_refuses_is_tried_again_as_a_whole() {
    let bench = Bench::start(&[]).await;
    bench.until("it is ready", |bench| bench.agent.waits_for().is_none()).await;
    let fail = bench.folder.path().join("fail");
    fs::write(&fail, "").unwrap();
    bench.api.put(POLICIES, isolating("web"));
    bench
        .until("it tells", |bench| bench.agent.waits_for().is_some_and(|waits| waits.contains("refused")))
        .await;
    fs::remove_file(&fail).unwrap();
    bench.until("it is ready again", |bench| bench.agent.waits_for().is_none()).await;
    let script = bench.last();
    assert!(script.contains("delete table") && isolates(&script), "{script}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_come_and_go_with_their_definition() {
    let bench = Bench::start(&[CLUSTER_POLICIES]).await;
    bench.until("it is ready", |bench| bench.agent.waits_for().is_none()).await;
    bench.api.put(
        CLUSTER_POLICIES,
        json!({
            "metadata": {"name": "deny"},
            "spec": {
                "tier": "Admin", "priority": 1, "subject": {"namespaces": {}},
                "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}],
            },
        }),
    );
    let name = "clusternetworkpolicies.policy.networking.k8s.io";
    let definition = |established: &str| {
        json!({
            "metadata": {"name": name},
            "spec": {"versions": [{"name": "v1alpha2", "served": true}]},
            "status": {"conditions": [{"type": "Established", "status": established}]},
        })
    };
    bench.api.put(DEFINITIONS, definition("False"));
    bench.api.speak(CLUSTER_POLICIES);
    bench.api.put(DEFINITIONS, definition("True"));
    bench.until("the policy is in", |bench| isolates(&bench.last())).await;
    bench.api.remove(DEFINITIONS, &format!("/{name}"));
    bench.until("it is gone", |bench| bench.last().contains("delete chain inet ringwall si_")).await;
}

fn sandbox(name: &str, address: &str) -> PodSandbox {
    PodSandbox {
        attachment: Attachment { container: format!("c-{name}"), interface: "eth0".to_owned() },
        namespace: "shop".to_owned(),
        pod: name.to_owned(),
        uid: Some(format!("uid-{name}")),
        netns: String::new(),
        host_interfaces: vec!["eni7".to_owned(), "no\"name".to_owned()],
        addresses: vec![address.parse().unwrap()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_s_start_waits_for_its_rules() {
    let bench = Bench::start(&[]).await;
    bench.until("it is ready", |bench| bench.agent.waits_for().is_none()).await;
    let agent = std::sync::Arc::clone(&bench.agent);
    let adding = tokio::spawn(async move { agent.answer(Order::Add(sandbox("new", "10.0.0.7"))).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!adding.is_finished(), "the apiserver has not told of the pod");
    bench.api.put(PODS, pod("new", None));
    assert_eq!(adding.await.unwrap(), Answer::Done);
    let script = bench.last();
    assert!(script.contains("10.0.0.7") && script.contains("\"eni7\" . 10.0.0.7"), "{script}");

    let check = Order::Check(sandbox("new", "10.0.0.7"));
    assert_eq!(bench.agent.answer(check.clone()).await, Answer::Done);
    assert_eq!(bench.agent.answer(Order::Status).await, Answer::Done);
    bench.agent.answer(Order::Del(sandbox("new", "10.0.0.7").attachment)).await;
    bench
        .until("its address is nobody's", |bench| {
            bench.last().contains("delete element inet ringwall pods4 { 10.0.0.7 }")
        })
        .await;
    // The program has it a moment before the agent knows that it has.
    while bench.agent.answer(check.clone()).await == Answer::Done {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_secret_is_kept() {
    let bench = Bench::start(&[]).await;
    bench.until("it is ready", |bench| bench.agent.waits_for().is_none()).await;
    let all = bench.given("all");
    assert!(!all.contains("planted") && !format!("{:?}", bench.agent).contains("planted"));
}
