//! The KMS v2 plugin: what a kube-apiserver asks to seal and unseal the seeds of its encryption, over a unix socket.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use prometheus_client::registry::Registry;
//! use ringwall_grpc::{Access, Listener, Metrics};
//! use ringwall_kms::{Plugin, Settings, Source};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let source: Source =
//!     "keyring:/var/lib/ringwall/kms.keyring?root-key=file:/etc/ringwall/kms-root.key".parse()?;
//! let mut registry = Registry::default();
//! let plugin = Plugin::start(Settings::new(vec![source.open(None)?]), &mut registry)?;
//! let listener = Listener::bind(Path::new("/run/ringwall/kms.sock"), Access::default())?;
//! let metrics = Metrics::register(&mut registry, "kms");
//! let drained = plugin.serve(listener, metrics, std::future::pending()).await;
//! # drop(drained);
//! # Ok(())
//! # }
//! ```
//!
//! # Keys
//!
//! A *backend* ([`Source`]) holds a key that is never seen here: AWS KMS, a PKCS#11 token, a keyring under a root key. It
//! seals a *local KEK*, which this process makes when it starts and whenever the backend's key has rotated. The local KEK
//! seals the apiserver's seeds. Sealed, it goes along with each of them as an annotation, so that nothing is kept here and
//! every plugin with the same backend opens what another one sealed. So Encrypt needs no network at all, and Decrypt once
//! for each local KEK that it has not met.
//!
//! A key id is the name of the backend's key, `#`, and the version of its material. It is the same in all plugins of the
//! backend, so that the API servers of a cluster agree, and changes when the material does, so that they seal anew. The
//! local KEK is not in it: a plugin that restarts gives no reason to write anything. The seed's ciphertext authenticates key
//! id and annotations.
//!
//! # What holds
//!
//! - Status never waits: it tells what a probe found, which seals and opens with the backend from time to time. What it
//!   tells and what Encrypt does come from one snapshot.
//! - When the backend's key could not be used for longer than [`Settings::grace`], Status and Encrypt fail with a gRPC
//!   status. A `healthz` other than `ok` would not do: an apiserver goes on writing with it (kubernetes #138950).
//! - What is broken in a request is never taken for a broken backend.
//! - No plaintext, seed or key is logged.
//!
//! # What became of it
//!
//! [`verify`] reads from etcd which objects are sealed, under which provider and key; [`rotate`] has all of them sealed
//! anew.
//!
//! Sources: Kubernetes, *Using a KMS provider for data encryption*; KEP-3299; k8s.io/kms, apis/v2/api.proto.

mod backends;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod plugin;
pub mod rotate;
pub mod stored;
pub mod verify;

pub use backends::{Aws, Backend, BackendError, Class, KeyringFile, KeyringKey, Sealed, Source, Token};
pub use error::KmsError;
pub use plugin::{ANNOTATION, KeyIdParts, Plugin, Service, Settings};
