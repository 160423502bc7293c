//! The Secrets Store CSI provider: secrets of Secrets Manager and Parameter Store, in pods, by the pods' own roles.
//!
//! ```no_run
//! use prometheus_client::registry::Registry;
//! use ringwall_secrets::{Parts, Provider, Settings};
//!
//! # async fn example(settings: Settings, parts: Parts) -> Result<(), ringwall_secrets::SetupError> {
//! let mut registry = Registry::default();
//! let provider = Provider::start(settings, parts, &mut registry)?;
//! // The driver calls; later:
//! provider.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - **All or nothing.** `objects` is read whole before anything is asked for, and everything is there before anything is
//!   answered. The driver writes: it replaces all of a volume's files at once.
//! - **Nobody's but the pod's.** Credentials come of the pod's own token and nothing else; sessions are known by the
//!   token's hash, and values that are kept by the volume they were read for.
//! - **No request changes another.** All state of a request is its own.
//! - **Nothing secret is told.** No value, token or key of a JSON value is in an error or a log.
//!
//! `docs/plugs/secrets.md` has the grammar of `objects`, each error, and what differs from the existing provider.
//!
//! Sources: Secrets Store CSI driver, `provider/v1alpha1/service.proto`; AWS provider
//! (`secrets-store-csi-driver-provider-aws`), README and sources, as each item says.

mod error;
mod extract;
mod fetch;
mod fill;
#[doc(hidden)]
pub mod fuzz;
mod identity;
mod metrics;
pub mod objects;
mod provider;
mod request;
mod sync;
mod volume;

pub use error::{MountError, SetupError};
pub use extract::ExtractError;
pub use identity::{AgentAddresses, PodIdentity};
pub use provider::{KEPT, MAX_ANSWER, Parts, Provider, Settings};
pub use sync::{SyncError, SyncSettings, Syncer, class};
