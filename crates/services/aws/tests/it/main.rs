//! The endpoint from the outside: real signatures, a real store, real records.

mod actions;
mod eks;
mod eks_entries;
mod harness;
mod issuer;
mod pod_identity;
mod sts;
mod sts_sessions;
mod sts_trail;
mod sts_web_identity;
mod xml;
