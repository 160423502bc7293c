//! The instance metadata service, which a setting of the instance keeps from pods beside policy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ringwall_model::{Ec2Instance, Proof, Reason, Ring};

use super::{MAX_TOLD, built_in, push_new};
use crate::network::Network;
use crate::party::{NodeEntry, Party};

/// Addresses of the service. Source: Amazon EC2 User Guide, *Access instance metadata for an EC2 instance*.
pub(crate) const METADATA: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

impl Network<'_> {
    /// What decides beside policy whether the metadata service answers: none for any other address.
    ///
    /// Source: Amazon EC2 User Guide, *Instance metadata options*, `HttpPutResponseHopLimit`: how far the answer with a token goes; a
    /// pod on the pod network is one hop further than its node.
    pub(super) fn metadata_reasons(&self, address: IpAddr, sources: &[Party<'_>]) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if !METADATA.contains(&address) {
            return reasons;
        }
        for source in sources {
            let node = self.node_of(*source).and_then(|id| self.node(id));
            let reason = match node.and_then(|node| Some((node, self.instance(node)?))) {
                Some((node, instance)) => said(node, instance, matches!(source, Party::Pod(_))),
                None => built_in(
                    "beside policy, the metadata options of the node's instance decide, which the snapshot doesn't tell",
                ),
            };
            push_new(&mut reasons, reason);
            if reasons.len() == MAX_TOLD {
                break;
            }
        }
        reasons
    }

    /// The instance of a node, by the id that its `providerID` ends with.
    pub(crate) fn instance(&self, node: &NodeEntry<'_>) -> Option<&Ec2Instance> {
        let (_, id) = node.object?.provider_id.as_deref()?.rsplit_once('/')?;
        self.cluster.aws.instances.iter().find(|instance| &*instance.id == id)
    }
}

fn said(node: &NodeEntry<'_>, instance: &Ec2Instance, pod_network: bool) -> Reason {
    let (id, name) = (&instance.id, node.name);
    let text = match (instance.http_endpoint.as_deref(), instance.hop_limit) {
        (Some("disabled"), _) => format!("`{id}` (Node {name}) answers nobody: its metadata service is off"),
        (_, Some(1)) if pod_network && instance.http_tokens.as_deref() == Some("required") => {
            format!("`{id}` (Node {name}) demands tokens, and with a hop limit of 1 none reaches a pod")
        }
        (_, Some(1)) if pod_network => {
            format!("`{id}` (Node {name}) hands out no token to pods (hop limit 1), but answers without one")
        }
        (_, Some(limit)) => format!("`{id}` (Node {name}) answers: its hop limit is {limit}"),
        (_, None) => {
            format!("the hop limit of `{id}` (Node {name}) is not in the snapshot and decides beside policy")
        }
    };
    Reason {
        ring: Ring::Network,
        proof: Proof::BuiltIn("instance metadata"),
        rule: None,
        statement: None,
        source: instance.source.clone(),
        text: text.into(),
    }
}
