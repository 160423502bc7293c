//! The endpoint from the outside: real signatures, a real store, real records.

mod harness;
mod secretsmanager;
mod ssm;
mod sts;
mod xml;
