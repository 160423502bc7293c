use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;

use crate::{HttpClient, HttpError, HttpLimits, HttpRequest};

/// An answer whose body comes piece by piece: content of any length, in a few kilobytes of memory.
#[derive(Debug)]
pub struct HttpStream {
    /// The status, any.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    body: Incoming,
    host: String,
    left: usize,
    limit: usize,
    timeout: Duration,
    _place: Option<OwnedSemaphorePermit>,
}

impl HttpClient {
    /// Sends a request once; the answer's body is read by [`HttpStream::next`]. The limits' time is that to the headers, and then
    /// that from one piece to the next.
    ///
    /// # Errors
    ///
    /// There is no answer. Every status is an answer.
    pub async fn stream(&self, request: HttpRequest, limits: HttpLimits) -> Result<HttpStream, HttpError> {
        let place = Arc::clone(&self.0.in_flight).acquire_owned().await.ok();
        let asked = tokio::time::timeout(limits.timeout, self.ask(request)).await;
        let (url, answer) = asked.unwrap_or(Err(HttpError::Timeout))?;
        let (head, body) = answer.into_parts();
        Ok(HttpStream {
            status: head.status,
            headers: head.headers,
            body,
            host: url.host().to_owned(),
            left: limits.max_body,
            limit: limits.max_body,
            timeout: limits.timeout,
            _place: place,
        })
    }
}

impl HttpStream {
    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    ///
    /// The connection broke, nothing came in time, or the body is longer than allowed.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let frame = tokio::time::timeout(self.timeout, self.body.frame()).await;
            let Some(frame) = frame.map_err(|_| HttpError::Timeout)? else { return Ok(None) };
            let frame = frame
                .map_err(|error| HttpError::Broken { host: self.host.clone(), source: Arc::new(error) })?;
            // Trailers say nothing of interest.
            let Ok(data) = frame.into_data() else { continue };
            self.left = self
                .left
                .checked_sub(data.len())
                .ok_or_else(|| HttpError::TooLong { host: self.host.clone(), limit: self.limit })?;
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }
}
