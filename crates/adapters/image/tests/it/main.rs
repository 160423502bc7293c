//! Images as they lie in layouts, archives, folders and registries.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod archives;
mod cached;
mod corpus;
mod folders;
mod hostile;
mod layouts;
mod made;
mod registries;
#[expect(dead_code, reason = "the tests inside the crate use more of it")]
mod tarball;
