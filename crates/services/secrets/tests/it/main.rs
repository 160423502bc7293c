//! The provider as the driver sees it: a client of the public protocol on its socket, in front of services that do as a
//! test tells them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod corpus;
mod identity;
mod mounts;
mod refusals;
mod rotation;
mod world;
