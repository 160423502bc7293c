//! gRPC over unix sockets: the protocols that kube-apiserver and the Secrets Store CSI driver speak to their plugins,
//! and as much of etcd's as reading it takes.
//!
//! ```
//! use ringwall_grpc::kms_v2::key_management_service_client::KeyManagementServiceClient;
//! use ringwall_grpc::kms_v2::key_management_service_server::{KeyManagementService, KeyManagementServiceServer};
//! use ringwall_grpc::kms_v2::*;
//! use ringwall_grpc::{Access, Limits, Listener, Metrics, connect, serve};
//! use tonic::{Request, Response, Status};
//!
//! struct Plain;
//!
//! #[tonic::async_trait]
//! impl KeyManagementService for Plain {
//!     async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
//!         let (version, healthz, key_id) = ("v2".into(), "ok".into(), "none".into());
//!         Ok(Response::new(StatusResponse { version, healthz, key_id }))
//!     }
//!     # async fn encrypt(&self, _: Request<EncryptRequest>) -> Result<Response<EncryptResponse>, Status> {
//!     #     Err(Status::unimplemented("none"))
//!     # }
//!     # async fn decrypt(&self, _: Request<DecryptRequest>) -> Result<Response<DecryptResponse>, Status> {
//!     #     Err(Status::unimplemented("none"))
//!     # }
//!     // encrypt, decrypt
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("kms.sock");
//! let listener = Listener::bind(&path, Access::default())?;
//! let service = KeyManagementServiceServer::new(Plain);
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let stopped = async move { drop(stopped.await) };
//! let serving = tokio::spawn(serve(listener, service, Limits::default(), Metrics::default(), stopped));
//!
//! let mut client = KeyManagementServiceClient::new(connect(&path).await?);
//! assert_eq!(client.status(StatusRequest {}).await?.into_inner().healthz, "ok");
//!
//! drop((client, stop));
//! assert!(serving.await?.is_clean());
//! assert!(!path.exists());
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - The socket's file has its owner and mode from the moment that it is there, and replaces none that is served on.
//! - Who calls is asked of the kernel; a user who is not listed loses the connection, whatever the file's mode.
//! - Every amount and time that a caller controls has a limit ([`Limits`]).
//! - A caller whose `:authority` is none, as old drivers and C-core clients have it, is served all the same
//!   ([`authority`]).
//! - On stop: no new connections, calls in hand are answered, and what is left after [`Limits::drain`] is cut.

pub mod authority;
mod client;
mod connection;
mod error;
mod etcd_client;
mod http2;
pub mod limits;
mod listener;
mod metrics;
mod server;

pub use client::{Channel, connect};
pub use connection::Service;
pub use error::GrpcError;
pub use etcd_client::{Etcd, EtcdError, EtcdTls, Scan};
pub use limits::Limits;
pub use listener::{Access, Listener};
pub use metrics::Metrics;
pub use server::{Drained, Peer, serve};

/// What `cargo xtask grpc` makes of the files in `proto`.
macro_rules! generated {
    ($(#[doc = $doc:literal] $name:ident;)+) => { $(
        #[doc = $doc]
        #[allow(
            clippy::all,
            clippy::allow_attributes,
            clippy::allow_attributes_without_reason,
            missing_docs,
            unreachable_pub,
            reason = "generated"
        )]
        pub mod $name {
            include!(concat!("generated/", stringify!($name), ".rs"));
        }
    )+ };
}

generated! {
    #[doc = "The KMS plugin's protocol, version 2."]
    kms_v2;
    #[doc = "What kube-apiserver stores of an object that a KMS plugin sealed."]
    encrypted_object;
    #[doc = "The secrets provider's protocol, `v1alpha1`."]
    csi_v1alpha1;
    #[doc = "Reading etcd."]
    etcd;
}
