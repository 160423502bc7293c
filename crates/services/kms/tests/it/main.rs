//! Keyrings in real files, and the plugin over a real socket. Verifying and rotating, on an etcd and a kube-apiserver of a few
//! lines.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod corpus;
#[path = "../../../../adapters/kubernetes/tests/it/fake.rs"]
#[expect(dead_code, reason = "the client's own tests need more of it")]
mod fake;
mod keyring;
mod permissions;
mod rotate;
mod socket;
mod source;
mod world;
