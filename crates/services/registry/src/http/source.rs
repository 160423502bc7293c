//! A request's body on its way into the registry.

use std::io;
use std::sync::Arc;

use futures_util::stream;
use ringwall_oci::ByteStream;
use ringwall_server::{Body, Refusal};
use tokio::sync::Mutex;

use super::PASSED_OVER;
use crate::error::{Failure, Result};

/// A body that can be taken back from who reads it, to pass over what is left when it was refused.
pub(crate) struct Source {
    body: Arc<Mutex<Body>>,
    length: Option<u64>,
}

impl Source {
    /// Takes the body of a request.
    pub(crate) fn of(body: &mut Option<Body>) -> Result<Self> {
        let body =
            body.take().ok_or_else(|| Failure::bad_request("BLOB_UPLOAD_INVALID", "there is no body"))?;
        Ok(Self { length: body.length(), body: Arc::new(Mutex::new(body)) })
    }

    /// The bytes that the client has announced.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The bytes as they come.
    pub(crate) fn stream(&self) -> ByteStream {
        Box::pin(stream::unfold(Arc::clone(&self.body), |body| async move {
            let next = body.lock().await.next().await;
            next.map(|piece| (piece.map_err(broken), body))
        }))
    }

    /// Passes over what is left, if what was done with the body came to nothing.
    pub(crate) async fn settle<T, E: Into<Failure>>(self, done: std::result::Result<T, E>) -> Result<T> {
        if done.is_err() {
            self.body.lock().await.pass_over(PASSED_OVER).await;
        }
        done.map_err(Into::into)
    }
}

fn broken(refusal: Refusal) -> io::Error {
    let kind = match refusal {
        Refusal::BodyTooSlow => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::UnexpectedEof,
    };
    io::Error::new(kind, refusal)
}
