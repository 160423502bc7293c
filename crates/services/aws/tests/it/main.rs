//! The endpoint from the outside: real signatures, a real store, real records.

mod eks;
mod harness;
mod issuer;
mod pod_identity;
mod sts;
mod sts_trail;
mod sts_web_identity;
mod xml;
