//! Images as they lie in layouts, archives, folders and registries.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
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
mod tarball;
