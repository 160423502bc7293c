//! The other end: a connection to a socket, for a generated client.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::{Authority, Scheme};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixStream;
use tonic::body::Body;

use crate::GrpcError;

/// A connection to a socket. Clones share it; when it breaks, calls fail, and [`connect`] makes a new one.
#[derive(Clone, Debug)]
pub struct Channel {
    sender: SendRequest<Body>,
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
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|source| GrpcError::Handshake { path: path.to_owned(), source })?;
    // It ends with the last channel; why it broke, each call that it fails tells.
    tokio::spawn(async move { drop(connection.await) });
    Ok(Channel { sender, path: path.to_owned() })
}

impl Channel {
    /// The socket.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl tonic::codegen::Service<http::Request<Body>> for Channel {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.sender.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        // HTTP/2 wants an authority, and a socket has none. gRPC's own clients say this one.
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(Authority::from_static("localhost"));
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        Box::pin(self.sender.send_request(request))
    }
}
