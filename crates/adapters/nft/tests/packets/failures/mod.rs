//! The ways in which other engines failed their users, each as a test of this one: `F1` to `F16` of what is known of them.
//!
//! Where a safeguard can be left out, a test also shows that the failure then happens: it could have failed.

mod flow;
mod groups;
mod rules;
mod services;
mod sources;
mod start;

use std::net::IpAddr;

use ringwall_model::network::Protocol;
use ringwall_nft::{Nft, Options, Plan};
use serde_json::{Value, json};

use crate::enforce::{Enforcer, node_rules, within};
use crate::lab::{Lab, Place};
use crate::naive::{self, Question};
use crate::probe::{self, Probe};
use crate::verdict::Families;
use crate::world::{Labels, Node, Pod, World};

const OUTSIDE_V4: &str = "198.51.100.7";
const OUTSIDE_V6: &str = "2001:db8::7";

/// Ports at which everybody of a scene answers.
const PORTS: [u16; 4] = [53, 80, 81, 8080];

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A lab with a few pods, and what is in force there.
pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) world: World,
    enforcer: Enforcer,
}

impl Scene {
    /// Two nodes; `red/a` and `red/b` on the first, `red/c` on the second; each is labelled `app` by its name. Nothing is in force yet.
    pub(crate) fn new() -> Self {
        Self::with_ports(&PORTS)
    }

    fn with_ports(ports: &[u16]) -> Self {
        let nodes: Vec<Node> = (0..2)
            .map(|at| Node {
                name: format!("node-{at}"),
                labels: Labels::new(),
                addresses: vec![
                    address(&format!("10.0.0.{}", at + 1)),
                    address(&format!("fd00::{}", at + 1)),
                ],
                groups: Vec::new(),
            })
            .collect();
        let addresses: Vec<Vec<IpAddr>> = nodes.iter().map(|node| node.addresses.clone()).collect();
        let mut lab = Lab::new(&addresses, &[address(OUTSIDE_V4), address(OUTSIDE_V6)], ports);
        let pods = vec![pod("a", 0, 10), pod("b", 0, 11), pod("c", 1, 12)];
        let world =
            World { nodes, namespaces: [("red".to_owned(), Labels::new())].into(), pods, ..World::default() };
        lab.have(&world.pod_specs());
        Self { lab, world, enforcer: Enforcer::default() }
    }

    /// Puts policies in force, in place of those before.
    fn enforce(&mut self, policies: &[Value]) {
        self.world.objects = policies.to_vec();
        self.lab.have(&self.world.pod_specs());
        self.enforcer.apply(&self.lab, &self.world);
    }

    /// The same by other options, each table made anew.
    fn enforce_by(&mut self, policies: &[Value], options: &Options) {
        self.world.objects = policies.to_vec();
        for node in 0..self.world.nodes.len() {
            let plan = Plan::new(&node_rules(&self.lab, &self.world, node), options).unwrap();
            within(&self.lab.nodes[node].netns, || async { Nft::default().replace(&plan).await }).unwrap();
        }
    }

    pub(crate) fn v4(&self, pod: &str) -> IpAddr {
        self.world.pods.iter().find(|have| have.name == pod).unwrap().addresses[0]
    }

    pub(crate) fn v6(&self, pod: &str) -> IpAddr {
        self.world.pods.iter().find(|have| have.name == pod).unwrap().addresses[1]
    }

    /// Asks by packets, and compares with the engine and the naive reading; what passed.
    fn ask(&self, questions: &[Question]) -> Vec<bool> {
        let expected = Families::new(&self.world).allow(questions);
        for (question, expected) in questions.iter().zip(&expected) {
            assert_eq!(*expected, naive::allowed(&self.world, question), "{question:?}");
        }
        let answers = self.packets(questions, &expected);
        for ((question, answer), expected) in questions.iter().zip(&answers).zip(&expected) {
            assert_eq!(answer, expected, "{question:?}");
        }
        expected
    }

    /// What passes, whatever the engine would say.
    fn packets(&self, questions: &[Question], expected: &[bool]) -> Vec<bool> {
        let probes: Vec<Probe> = questions
            .iter()
            .map(|question| Probe {
                from: self.world.place_of(question.from),
                source: Some(question.from),
                to: question.to,
                protocol: question.protocol,
                port: question.port,
            })
            .collect();
        probe::run(&self.lab, &probes, expected).iter().map(Option::is_some).collect()
    }

    /// Whether a TCP connection can be made.
    fn connects(&self, from: IpAddr, to: IpAddr, port: u16, expected: bool) -> bool {
        self.packets(&[tcp(from, to, port)], &[expected])[0]
    }

    pub(crate) fn netns(&self, pod: &str) -> &crate::lab::Netns {
        &self.lab.host(&Place::Pod(format!("red/{pod}"))).netns
    }
}

pub(crate) fn pod(name: &str, node: usize, host: u8) -> Pod {
    Pod {
        namespace: "red".to_owned(),
        name: name.to_owned(),
        labels: [("app".to_owned(), name.to_owned())].into(),
        node,
        addresses: vec![address(&format!("10.60.0.{host}")), address(&format!("fd00:60::{host}"))],
        host_network: false,
        over: false,
        ports: Vec::new(),
        groups: Vec::new(),
    }
}

fn tcp(from: IpAddr, to: IpAddr, port: u16) -> Question {
    Question { from, to, protocol: Protocol::Tcp, port }
}

/// A NetworkPolicy of `red` for the pods with this label `app`; all of them without one.
pub(crate) fn policy(name: &str, app: Option<&str>, rest: Value) -> Value {
    let mut spec = rest;
    spec["podSelector"] = app.map_or_else(|| json!({}), |app| json!({"matchLabels": {"app": app}}));
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "red"},
        "spec": spec,
    })
}

/// Denies all traffic of all pods of `red`.
pub(crate) fn deny_all() -> Value {
    policy("deny-all", None, json!({"policyTypes": ["Ingress", "Egress"]}))
}

pub(crate) fn from_app(app: &str) -> Value {
    json!([{"podSelector": {"matchLabels": {"app": app}}}])
}
