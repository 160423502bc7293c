//! What EC2 keeps of networks.

use std::collections::BTreeMap;

use ringwall_store::{Store, Table};
use serde::{Deserialize, Serialize};

/// The tables of EC2. All are of an account and a region.
#[derive(Debug)]
pub(crate) struct Tables {
    /// By id.
    pub(crate) vpcs: Table<Vpc>,
    /// By id.
    pub(crate) groups: Table<SecurityGroup>,
    /// How often it was changed which VPCs and groups there are, or which refer to each other: under one name.
    pub(crate) turns: Table<u64>,
}

impl Tables {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            vpcs: Table::new(store, "ec2/vpc"),
            groups: Table::new(store, "ec2/security-group"),
            turns: Table::new(store, "ec2/turn"),
        }
    }
}

/// A VPC: what security groups belong to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Vpc {
    /// IPv4 network, such as `10.0.0.0/16`.
    pub(crate) cidr: String,
    /// Id of the association of its network.
    pub(crate) association: String,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// A security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SecurityGroup {
    pub(crate) name: String,
    pub(crate) description: String,
    /// Id of its VPC.
    pub(crate) vpc: String,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Rules by their ids.
    #[serde(default)]
    pub(crate) rules: BTreeMap<String, Rule>,
}

/// What a rule lets through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Traffic {
    pub(crate) egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, another protocol's number, or `-1` for all.
    pub(crate) protocol: String,
    /// First port, or ICMP type; -1 for all.
    pub(crate) from: i32,
    /// Last port, or ICMP code; -1 for all.
    pub(crate) to: i32,
    pub(crate) peer: Peer,
}

/// Where traffic comes from or goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Peer {
    /// An IPv4 network.
    Ipv4(String),
    /// An IPv6 network.
    Ipv6(String),
    /// Whatever has a security group, by its id.
    Group(String),
}

/// A rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) traffic: Traffic,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}
