//! Node rules in force in the lab, as an agent on each node would put them there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringwall_network::Network;
use ringwall_network::plan::{NodeOptions, NodeRules, Planning};
use ringwall_nft::{InterfacePattern, Nft, Options, Plan};

use crate::lab::{Lab, Netns};
use crate::world::World;

/// What is in force on each node.
#[derive(Default)]
pub(crate) struct Enforcer {
    nodes: Vec<(Planning, Option<Plan>)>,
    /// How long the kernel was busy with changes, and how many there were.
    pub(crate) spent: (Duration, usize),
}

/// How the lab's pods are found: by the names of their interfaces, as the VPC CNI makes them.
pub(crate) fn options() -> Options {
    Options { interfaces: vec![InterfacePattern::new("eni*").unwrap()], ..Options::default() }
}

/// What a node has to do in a state of the cluster; the interfaces are the lab's, as an agent would find them.
pub(crate) fn node_rules(lab: &Lab, world: &World, node: usize) -> NodeRules {
    next_node_rules(&mut Planning::default(), lab, world, node)
}

fn next_node_rules(planning: &mut Planning, lab: &Lab, world: &World, node: usize) -> NodeRules {
    let cluster = world.cluster();
    let network = Network::new(&cluster);
    let mut rules = planning.node_rules(&network, &world.nodes[node].name, &NodeOptions::default());
    assert!(rules.not_evaluated.is_empty(), "{:?}", rules.not_evaluated);
    for pod in &mut rules.pods {
        if let Some(made) = lab.pods.get(&format!("{}/{}", pod.namespace, pod.name)) {
            pod.interfaces = vec![Arc::from(made.veth.as_str())];
        }
    }
    rules
}

/// Runs something of the filter's inside a namespace, to its end.
pub(crate) fn within<T: Send, F: Future<Output = T>>(netns: &Netns, work: impl FnOnce() -> F + Send) -> T {
    netns.within(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work())
    })
}

impl Enforcer {
    /// Makes each node do what the state asks of it, by what differs from the state before.
    pub(crate) fn apply(&mut self, lab: &Lab, world: &World) {
        self.nodes.resize_with(lab.nodes.len(), Default::default);
        for (node, (planning, before)) in self.nodes.iter_mut().enumerate().take(world.nodes.len()) {
            let rules = next_node_rules(planning, lab, world, node);
            let plan = match &*before {
                Some(before) => before.following(&rules, &options()).unwrap(),
                None => Plan::new(&rules, &options()).unwrap(),
            };
            let start = Instant::now();
            within(&lab.nodes[node].netns, || async {
                match before {
                    Some(before) => Nft::default().update(before, &plan).await,
                    None => Nft::default().replace(&plan).await,
                }
            })
            .unwrap();
            self.spent = (self.spent.0 + start.elapsed(), self.spent.1 + 1);
            *before = Some(plan);
        }
    }
}
