//! A request's body, read whole within limits.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};

use crate::count::{Count, Taken};
use crate::handler::Refusal;
use crate::limits::Limits;

/// A body, and its share of the memory for bodies.
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) share: Taken,
}

/// Reads a body. Memory is taken for what has come, not for what is announced, or a few announcements would use it up.
pub(crate) async fn read(body: Incoming, limits: &Limits, buffered: &Count) -> Result<Read, Refusal> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |length| length > limits.max_body_bytes) {
        return Err(Refusal::too_large(limits));
    }
    match tokio::time::timeout(limits.body_read, collect(body, limits, buffered)).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::BodyTooSlow),
    }
}

async fn collect(mut body: Incoming, limits: &Limits, buffered: &Count) -> Result<Read, Refusal> {
    let mut share = buffered.take(0, limits.max_buffered_bytes).ok_or(Refusal::Busy)?;
    // Nearly every body comes in one piece, which is then not copied.
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Refusal::BodyBroken)?.into_data() else {
            continue; // trailers, which no service here looks at
        };
        let length = whole.len().saturating_add(pieces.len()).saturating_add(data.len());
        if length > limits.max_body_bytes {
            return Err(Refusal::too_large(limits));
        }
        if !share.more(data.len(), limits.max_buffered_bytes) {
            return Err(Refusal::Busy);
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = data;
            continue;
        }
        pieces.extend_from_slice(&std::mem::take(&mut whole));
        pieces.extend_from_slice(&data);
    }
    Ok(Read { bytes: if pieces.is_empty() { whole } else { pieces.freeze() }, share })
}
