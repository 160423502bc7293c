//! The endpoint from the outside: real signatures, a real store, real records.

mod harness;
mod iam;
mod kms;
mod sts;
mod xml;
