//! The other end: a connection to a socket, for a generated client.

use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use http::uri::{Authority, Scheme};
use hyper::body::Incoming;
use tokio::net::UnixStream;
use tonic::body::Body;
use tonic::codegen::Service;

use crate::GrpcError;
use crate::http2::{Answering, Connection};

/// A connection to a socket. Clones share it; when it breaks, calls fail, and [`connect`] makes a new one.
#[derive(Clone, Debug)]
pub struct Channel {
    connection: Connection,
    path: PathBuf,
}

/// Connects to a socket.
///
/// # Errors
///
/// If nobody serves on it, or what does speaks no HTTP/2.
pub async fn connect(path: &Path) -> Result<Channel, GrpcError> {
    let stream = UnixStream::connect(path).await.map_err(|source| GrpcError::Io {
        path: path.to_owned(),
        doing: "connecting",
        source,
    })?;
    // HTTP/2 wants an authority, and a socket has none. gRPC's own clients say this one.
    let authority = Authority::from_static("localhost");
    let connection = Connection::over(stream, Scheme::HTTP, authority)
        .await
        .map_err(|source| GrpcError::Handshake { path: path.to_owned(), source })?;
    Ok(Channel { connection, path: path.to_owned() })
}

impl Channel {
    /// The socket.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.connection.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.connection.call(request)
    }
}
