use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{VERSIONS, run};
use crate::cni::{Answer, Handler, Listening, Order, PodSandbox, Refusal};

/// Answers each order alike, and keeps them.
struct Fake {
    orders: Mutex<Vec<Order>>,
    answer: Answer,
}

impl Handler for Fake {
    async fn answer(&self, order: Order) -> Answer {
        self.orders.lock().unwrap().push(order);
        self.answer.clone()
    }
}

const ENVIRONMENT: [(&str, &str); 4] = [
    ("CNI_CONTAINERID", "c1"),
    ("CNI_IFNAME", "eth0"),
    ("CNI_NETNS", "/run/netns/p"),
    ("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_UID=u1"),
];

fn config(socket: &Path) -> Value {
    json!({
        "cniVersion": "1.0.0", "name": "aws-cni", "type": "ringwall-cni", "socket": socket,
        "prevResult": {
            "cniVersion": "1.0.0",
            "interfaces": [{"name": "eni1"}, {"name": "eth0", "sandbox": "/run/netns/p"}],
            "ips": [{"address": "10.0.0.7/32", "interface": 1}, {"address": "fd00::7/128"}],
        },
    })
}

fn call(command: &str, config: &Value) -> (u8, Value) {
    let env = |name: &str| {
        let command = ("CNI_COMMAND", command);
        let all = ENVIRONMENT.iter().chain([&command]).find(|(key, _)| *key == name);
        all.map(|(_, value)| (*value).to_owned())
    };
    let mut output = Vec::new();
    let status = run(&env, &mut config.to_string().as_bytes(), &mut output);
    (status, serde_json::from_slice(&output).unwrap_or(Value::Null))
}

/// Calls the plugin while an agent answers so.
async fn with_agent(answer: Answer, calls: impl FnOnce(&Path) + Send + 'static) -> Vec<Order> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let fake = Arc::new(Fake { orders: Mutex::default(), answer });
    let serving = tokio::spawn(Listening::bind(&path).unwrap().serve(Arc::clone(&fake)));
    tokio::task::spawn_blocking(move || calls(&path)).await.unwrap();
    serving.abort();
    std::mem::take(&mut *fake.orders.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_starts_when_the_agent_says_so() {
    let orders = with_agent(Answer::Done, |socket| {
        let config = config(socket);
        assert_eq!(call("ADD", &config), (0, config["prevResult"].clone()));
        assert_eq!(call("CHECK", &config), (0, Value::Null));
        assert_eq!(call("DEL", &config), (0, Value::Null));
        assert_eq!(call("STATUS", &config), (0, Value::Null));
        let mut all = config.clone();
        all["cni.dev/valid-attachments"] = json!([{"containerID": "c1", "ifname": "eth0"}]);
        assert_eq!(call("GC", &all), (0, Value::Null));
        assert_eq!(call("GC", &config).1["code"], 7, "without the list");
    })
    .await;
    let [Order::Add(pod), Order::Check(_), Order::Del(gone), Order::Status, Order::Gc { attachments }] =
        orders.as_slice()
    else {
        panic!("{orders:?}")
    };
    let PodSandbox { attachment, namespace, pod, uid, netns, host_interfaces, addresses } = pod.clone();
    assert_eq!((namespace.as_str(), pod.as_str(), uid.as_deref()), ("shop", "web", Some("u1")));
    assert_eq!((netns.as_str(), host_interfaces), ("/run/netns/p", vec!["eni1".to_owned()]));
    assert_eq!(addresses, ["10.0.0.7".parse::<std::net::IpAddr>().unwrap(), "fd00::7".parse().unwrap()]);
    assert_eq!((gone, attachments), (&attachment, &vec![attachment.clone()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_as_it_is() {
    with_agent(Answer::Refused(Refusal::later("not yet")), |socket| {
        let mut config = config(socket);
        let (status, error) = call("ADD", &config);
        assert_eq!((status, &error["code"], &error["msg"]), (1, &json!(11), &json!("not yet")));
        assert_eq!(error["cniVersion"], "1.0.0");
        config["failOpen"] = json!(true);
        assert_eq!(call("ADD", &config).0, 0);
    })
    .await;
}

#[test]
fn without_an_agent_no_pod_starts_and_every_pod_may_end() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent.sock");
    let mut config = config(&socket);
    let (status, error) = call("ADD", &config);
    assert_eq!((status, &error["code"]), (1, &json!(11)));
    assert_eq!(call("DEL", &config), (0, Value::Null));
    assert_eq!(call("CHECK", &config), (0, Value::Null));
    assert_eq!(call("STATUS", &config).1["code"], 50, "there has been no agent since the boot");
    std::fs::write(&socket, "").unwrap();
    assert_eq!(call("STATUS", &config).0, 0, "one was there: it is away for a moment");
    assert_eq!(call("ADD", &config).1["code"], 11);
    config["failOpen"] = json!(true);
    assert_eq!(call("ADD", &config), (0, config["prevResult"].clone()));
}

#[test]
fn what_is_wrong_is_told_with_cni_s_codes() {
    let socket = Path::new("/nowhere");
    let good = config(socket);
    assert_eq!(call("VERSION", &good).1["supportedVersions"], json!(VERSIONS));
    assert_eq!(call("EAT", &good).1["code"], 4);
    let with = |key: &str, value: Value| {
        let mut config = good.clone();
        config[key] = value;
        config
    };
    assert_eq!(call("ADD", &with("cniVersion", json!("9.0"))).1["code"], 1);
    assert_eq!(call("ADD", &with("prevResult", Value::Null)).1["code"], 7);
    assert_eq!(call("ADD", &with("prevResult", json!({"ips": [{"address": "x"}]}))).1["code"], 7);
    assert_eq!(call("ADD", &with("waitSeconds", json!("soon"))).1["code"], 6);
    let mut output = Vec::new();
    let command = |name: &str| (name == "CNI_COMMAND").then(|| "ADD".to_owned());
    assert_eq!(run(&command, &mut &b"{"[..], &mut output), 1);
    output.clear();
    run(&command, &mut good.to_string().as_bytes(), &mut output);
    let error: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(error["code"], 4, "no container: {error}");
}
