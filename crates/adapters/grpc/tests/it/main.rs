//! Real sockets, and generated services and clients over them.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod calls;
mod corpus;
mod etcd;
mod harness;
mod socket;
