//! Rules as the engine would make them, written by hand.

use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::ObjectRef;
use ringwall_model::network::{Protocol, RuleAction};
use ringwall_network::plan::{
    Addresses, Cause, Compiler, DirectionRules, Layer, NodeRules, PlanRule, PodRules,
};

use ringwall_network::{Direction, Matched, Traffic};

use crate::lab::{Lab, pod4, pod6};

pub(crate) fn cause(direction: Direction, policy: &str, rule: Option<usize>) -> Cause {
    Cause {
        direction,
        layer: Layer::Policies,
        objects: vec![ObjectRef {
            api_version: Arc::from("networking.k8s.io/v1"),
            kind: Arc::from("NetworkPolicy"),
            namespace: Some(Arc::from("default")),
            name: Arc::from(policy),
        }],
        rule,
        text: None,
    }
}

pub(crate) fn rule(
    direction: Direction,
    policy: &str,
    index: usize,
    action: RuleAction,
    matches: Vec<(Addresses, Traffic)>,
) -> PlanRule {
    let matches = matches
        .into_iter()
        .map(|(addresses, traffic)| {
            (Arc::new(addresses), Matched { certain: traffic.clone(), possible: traffic })
        })
        .collect();
    PlanRule { cause: cause(direction, policy, Some(index)), action, matches }
}

/// Isolated by a policy that accepts these.
pub(crate) fn accepting(
    direction: Direction,
    policy: &str,
    accepts: Vec<(Addresses, Traffic)>,
) -> DirectionRules {
    let policies = accepts
        .into_iter()
        .enumerate()
        .map(|(index, accept)| rule(direction, policy, index, RuleAction::Accept, vec![accept]))
        .collect();
    DirectionRules { isolated: Some(cause(direction, policy, None)), policies, ..DirectionRules::default() }
}

pub(crate) fn port(protocol: Protocol, port: u16) -> Traffic {
    Traffic::ports(protocol, port, port)
}

pub(crate) fn pods(indices: &[usize]) -> Addresses {
    Addresses::each(indices.iter().flat_map(|index| [pod4(*index), pod6(*index)]))
}

/// The node's rules: for each of its pods what judges ingress and egress; pods that aren't named are judged by nothing.
pub(crate) fn node(lab: &Lab, judged: &[(usize, DirectionRules, DirectionRules)]) -> NodeRules {
    let mut compiler = Compiler::default();
    let all = (1..=lab.pods)
        .map(|index| {
            let found = judged.iter().find(|(pod, ..)| *pod == index);
            PodRules {
                namespace: Arc::from("default"),
                name: Arc::from(format!("pod{index}")),
                addresses: vec![pod4(index), pod6(index)],
                interfaces: vec![Arc::from(lab.interface(index))],
                ingress: found.and_then(|(_, ingress, _)| compiler.rule_set(ingress.clone())),
                egress: found.and_then(|(_, _, egress)| compiler.rule_set(egress.clone())),
            }
        })
        .collect();
    compiler.finish(Arc::from("node"), Vec::new(), all, Vec::new())
}

pub(crate) fn addresses(list: &[IpAddr]) -> Addresses {
    Addresses::each(list.iter().copied())
}
