//! The endpoint from the outside: real signatures, a real store, real records.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod actions;
mod ec2;
mod ecr;
mod eks;
mod eks_entries;
mod harness;
mod iam;
mod issuer;
mod kms;
mod pod_identity;
mod secretsmanager;
mod signatures;
mod ssm;
mod sts;
mod sts_sessions;
mod sts_trail;
mod sts_web_identity;
mod xml;
