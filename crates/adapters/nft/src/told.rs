use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ringwall_network::Direction;
use ringwall_network::plan::Cause;

use crate::nflog::Logged;
use crate::{Nft, NftError, Plan};

/// A pod by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodName {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// What denied a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// A policy or a security group.
    Rule(Cause),
    /// It came from a pod's interface under an address that is not the pod's.
    Spoofed,
    /// It came from a pod that is not known yet.
    UnknownSource,
    /// It went to a pod that is not known yet.
    UnknownDestination,
    /// It belongs to no flow that the kernel knows.
    Stray,
    /// No part of the plan speaks of it.
    Unplanned,
}

/// A denied packet, and because of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// What denied it.
    pub why: Denial,
    /// The pod of this node for whose sake, if it is known.
    pub pod: Option<PodName>,
    /// The packet.
    pub logged: Logged,
}

/// Packets and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets.
    pub packets: u64,
    /// Bytes, IP headers counted in.
    pub bytes: u64,
}

/// What was counted since the table's last replacement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// What each rule let through.
    pub causes: Vec<(Cause, Count)>,
    /// What pods sent and got, and what was tried.
    pub pods: Vec<(PodName, Direction, Count)>,
    /// What was denied, by what denied it.
    pub denied: Vec<(Denial, Count)>,
}

impl Plan {
    /// What a logged packet was denied by. `None` if its id is none of this plan, but perhaps of one before it.
    pub fn denied(&self, logged: Logged) -> Option<Denied> {
        let why = self.denial(&logged.id)?;
        let (source, destination) = (logged.packet.source, logged.packet.destination);
        let judged = match &why {
            // A reply's source is who the flow was to.
            Denial::Rule(cause) => Some((cause.direction == Direction::Egress) != logged.reply),
            Denial::Spoofed | Denial::UnknownSource => Some(true),
            Denial::UnknownDestination => Some(false),
            Denial::Stray | Denial::Unplanned => None,
        };
        let pod = match judged {
            Some(true) => self.pods.get(&source),
            Some(false) => self.pods.get(&destination),
            None => self.pods.get(&source).or_else(|| self.pods.get(&destination)),
        };
        Some(Denied { why, pod: pod.cloned(), logged })
    }

    fn denial(&self, id: &str) -> Option<Denial> {
        Some(match id {
            "spoofed" => Denial::Spoofed,
            "unknown_source" => Denial::UnknownSource,
            "unknown_destination" => Denial::UnknownDestination,
            "stray" => Denial::Stray,
            "unplanned" => Denial::Unplanned,
            id => Denial::Rule(self.causes.get(id)?.clone()),
        })
    }

    fn counts(&self, counters: &BTreeMap<String, Count>) -> Counts {
        let mut counts = Counts::default();
        for (name, count) in counters {
            if let Some(id) = name.strip_prefix("h_") {
                match self.denial(id) {
                    Some(Denial::Rule(cause)) if !self.table.chains.contains_key(&format!("d_{id}")) => {
                        counts.causes.push((cause, *count));
                    }
                    Some(denial) => counts.denied.push((denial, *count)),
                    None => {}
                }
            } else if let Some((pod, direction)) = self.pod_counters.get(name) {
                counts.pods.push((pod.clone(), *direction, *count));
            }
        }
        counts
    }
}

impl Nft {
    /// Reads what was counted.
    ///
    /// # Errors
    ///
    /// If the program can't be run, refuses, or lists what can't be read.
    pub async fn counts(&self, plan: &Plan) -> Result<Counts, NftError> {
        let objects = self.list(&["counters", "table", "inet", &plan.table.name]).await?;
        let mut counters = BTreeMap::new();
        for object in &objects {
            let Some(counter) = object.get("counter") else { continue };
            let number = |field| counter.get(field).and_then(serde_json::Value::as_u64).unwrap_or_default();
            let count = Count { packets: number("packets"), bytes: number("bytes") };
            if let Some(name) = counter.get("name").and_then(serde_json::Value::as_str) {
                counters.insert(name.to_owned(), count);
            }
        }
        Ok(plan.counts(&counters))
    }
}

/// Names of pods by their addresses.
pub(crate) type PodAddresses = BTreeMap<IpAddr, PodName>;
