//! Verifying and rotating, on an etcd and a kube-apiserver of a few lines.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "../../../../adapters/kubernetes/tests/it/fake.rs"]
#[expect(dead_code, reason = "the client's own tests need more of it")]
mod fake;
mod rotate;
mod world;
