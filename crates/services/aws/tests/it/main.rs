//! The endpoint from the outside: real signatures, a real store, real records.

mod ec2;
mod harness;
mod iam;
mod sts;
mod xml;
