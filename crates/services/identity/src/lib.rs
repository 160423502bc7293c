//! AWS identities for pods: the webhook that injects them, the documents of the issuer that vouches for them, the agent
//! that hands them out on a node.
//!
//! [`mutate`] decides, without I/O, what a pod gets; [`webhook`] serves those decisions to an apiserver; [`issuer`]
//! publishes the keys of a cluster's service account tokens so that AWS, or anyone, can check them; [`agent`] exchanges
//! pods' tokens for credentials where they run.

pub mod agent;
#[doc(hidden)]
pub mod fuzz;
pub mod issuer;
pub mod mutate;
pub mod webhook;
