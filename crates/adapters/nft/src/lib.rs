//! Makes what [`NodeRules`](ringwall_network::plan::NodeRules) say true for the packets of a node, by nftables, in a table of our own.
//!
//! [`Plan::new`] is pure: rules and [`Options`] become a table, whose script prints the same for the same input. [`Nft`] runs the program
//! `nft` to put it into the kernel, in one transaction, so that no packet meets half of it.
//!
//! # How packets are judged
//!
//! In the hook `forward` (and `output`, for what a load balancer in the kernel sends on from there), after services' addresses have
//! become pods'. Who sends and who gets is read from conntrack: the source of the flow's first packet, and the source of its replies,
//! which is the pod behind a service. So a reply is judged by the very rule that judges the request: a flow whose permission goes stops
//! at the next packet of either side, and nothing that is allowed is lost because the filter came later than the flow.
//!
//! The source's chain of egress is asked first if it is a pod of the node, then the destination's chain of ingress. Each is two lookups:
//! the other end's address gives the class, protocol and port give the verdict.

mod bridge;
mod class;
mod error;
mod flight;
mod flows;
mod known;
mod listing;
mod names;
pub mod nflog;
mod options;
mod packet;
mod plan;
mod program;
mod replace;
mod table;
mod told;

pub use bridge::BridgeFilter;
pub use error::NftError;
pub use flows::{Flow, Flows};
pub use listing::{Drift, DriftKind, Listing};
pub use nflog::{DenyLog, Logged};
pub use options::{InterfacePattern, Options, TableName};
pub use packet::Packet;
pub use plan::Plan;
pub use program::{Left, Nft};
pub use told::{Count, Counts, Denial, Denied, PodName};
