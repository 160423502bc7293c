//! A live cluster: its objects read, watched and written.
//!
//! ```no_run
//! use ringwall_kubernetes::{Cluster, Selector, Source};
//! use k8s_openapi::api::core::v1::ServiceAccount;
//!
//! # async fn example() -> Result<(), ringwall_kubernetes::KubeError> {
//! let cluster = Cluster::connect(&Source::InCluster).await?;
//! let watched = cluster.watch_all::<ServiceAccount>(None, &Selector::default());
//! let state = watched.get();
//! if let Some(accounts) = &state.value {
//!     println!("{} service accounts, up to date: {}", accounts.len(), state.synced);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Cluster::connect`] reads the configuration and asks nothing of the apiserver, so whoever uses this starts without
//! it. A read is answered within its deadline or fails; a watch keeps what it knew last, and tells whether that is up
//! to date. Every answer is bounded in size, and every watch in the number of its objects.
//!
//! Objects are `k8s-openapi`'s types, or [`DynamicObject`] for a [`Kind`] that is only known when the program runs.
//! What has to be written back as it came is read as bytes ([`Cluster::get_object`], [`Cluster::replace`]).

mod client;
mod discovery;
mod error;
mod kind;
mod raw;
mod reads;
mod source;
mod watch;
mod writes;

pub use client::{Cluster, DEADLINE, MAX_ANSWER_BYTES};
pub use discovery::ResourceKind;
pub use error::KubeError;
pub use kind::{Key, Kind};
pub use kube::core::DynamicObject;
pub use raw::{Found, Page, Replaced};
pub use source::Source;
pub use watch::{MAX_WATCHED_OBJECTS, Selector, State, Watched};
pub use writes::Token;
