use bytes::{Buf as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use kube::client::Body;

use crate::KubeError;
use crate::error::chain;

/// Longest event: an object at etcd's limit of 1.5 MiB, as JSON with base64, and its frame.
const MAX_LINE_BYTES: usize = 8 << 20;

/// The lines of a body that comes bit by bit.
pub(super) struct Lines {
    body: Body,
    buffer: BytesMut,
    /// Up to here there is no line end.
    scanned: usize,
}

impl Lines {
    pub(super) fn new(body: Body) -> Self {
        Self { body, buffer: BytesMut::new(), scanned: 0 }
    }

    /// The next line if all of it is here already.
    pub(super) fn ready(&mut self) -> Option<Bytes> {
        let rest = self.buffer.get(self.scanned..).unwrap_or_default();
        if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
            let line = self.buffer.split_to(self.scanned + length).freeze();
            self.buffer.advance(1);
            self.scanned = 0;
            return Some(line);
        }
        self.scanned = self.buffer.len();
        None
    }

    /// The next line; none at the end. What comes after the last line end is a line that was cut off, and left out.
    ///
    /// It may be cancelled: nothing that came is lost.
    pub(super) async fn next(&mut self, request: &str) -> Result<Option<Bytes>, KubeError> {
        loop {
            if let Some(line) = self.ready() {
                return Ok(Some(line));
            }
            if self.buffer.len() > MAX_LINE_BYTES {
                return Err(KubeError::TooLarge { request: request.to_owned(), limit: MAX_LINE_BYTES });
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    let message = chain(&error);
                    return Err(KubeError::Unreachable { request: request.to_owned(), message });
                }
            }
        }
    }
}
