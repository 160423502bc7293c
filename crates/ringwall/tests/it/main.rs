//! The real binary on snapshots that each test writes.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod agent;
mod audit;
mod aws;
mod awsclient;
mod batch;
mod can;
mod checks;
mod corpus;
mod detect;
mod detect_rules;
mod errors;
mod examples;
mod iam_eval;
mod iam_lint;
mod identity;
mod installation;
#[path = "../../../services/aws/tests/it/issuer.rs"]
mod issuer;
mod issuer_served;
mod kms;
mod kubeconfig;
mod lake;
#[path = "../../../adapters/image/tests/it/made.rs"]
#[expect(dead_code, reason = "the tests of the adapter use more of it")]
mod layouts;
mod reach;
mod scan;
mod scan_known;
mod secrets;
mod serve;
#[path = "../../../services/identity/tests/it/signer.rs"]
mod signer;
mod snapshot;
#[path = "../../../adapters/image/tests/it/tarball.rs"]
#[expect(dead_code, reason = "the tests of the adapter use more of it")]
mod tarball;
mod timeline;
mod token_verify;
mod who_can;
