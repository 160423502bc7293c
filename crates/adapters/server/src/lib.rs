//! The listener every service shares: TLS, limits, drain, metrics.
//!
//! A service is a [`Handler`]: it gets requests that are whole and unambiguous, and returns answers. The listener
//! does the rest.
//!
//! ```
//! use std::sync::Arc;
//! use ringwall_server::{Handler, Limits, Metrics, Request, Response, Server, live};
//!
//! struct Hello;
//!
//! impl Handler for Hello {
//!     async fn handle(&self, request: Request) -> Response {
//!         Response::text(http::StatusCode::OK, &request.head.path)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ringwall_server::ServerError> {
//! let limits = live(Limits::default());
//! let server = Server::bind(([127, 0, 0, 1], 0).into(), None, limits, Metrics::default())?;
//! println!("listening on {}", server.address());
//! let drained = server.serve(Arc::new(Hello), async { /* until this is done */ }).await;
//! assert!(drained.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - HTTP/1.1 and HTTP/2 on one port, by ALPN or by the client's preface; over TLS 1.2 and 1.3 or plain.
//! - A request that two readers could understand differently is refused or ends its connection: conflicting lengths,
//!   malformed chunks, folded headers, no host or two (RFC 9112, sections 3.2, 5.2, 6.3; RFC 9113, section 8.3.1).
//! - Every amount and every time that a client controls has a limit ([`Limits`]), which can change while the server
//!   runs. At the limit of connections none is accepted; at that of requests one is refused ([`Refusal::Busy`]).
//! - What is too large for memory passes through piece by piece ([`StreamHandler`]).
//! - A handler runs to its end even when its client hangs up.
//! - On stop: no new connections, requests in hand are answered, and what is left after [`Limits::drain`] is cut.
//! - Certificates are replaced without a restart, and a bad new one is refused whole ([`Tls::look`]).

mod admin;
mod body;
mod connection;
mod content;
mod count;
mod error;
mod exchange;
mod handler;
mod hardening;
pub mod lifetime;
pub mod limits;
mod listener;
mod metrics;
mod request;
mod signals;
mod tls;

pub use admin::{Admin, Ready};
pub use content::{Answer, Body, Content};
pub use error::ServerError;
pub use handler::{Handler, Labels, Refusal, Response, StreamHandler};
pub use hardening::harden;
pub use limits::Limits;
pub use listener::{Drained, Live, Server, live};
pub use metrics::Metrics;
pub use request::{Head, Request};
pub use signals::{Asked, Signals};
pub use tls::{
    ClientCertificate, LOOK_EVERY, Looked, Source, Tls, TlsInfo, authorities, client_names, client_verifier,
    issue_client, own_authority,
};
