//! States of detectors, in pieces that the server takes.
//!
//! Each commit writes a new state beside the old one, and the record of the cluster says which counts; the old ones go afterwards.

use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use aws_lc_rs::digest;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::{StreamError, full};
use crate::names::Token;
use crate::reader::Reader;
use crate::{HEADERS, Shared};

/// Bytes of a piece, where the server takes that much: some hundred pieces for a large state, none of them long to store.
const PIECE: usize = 512 << 10;

/// Largest state. The record says how long it is; memory for more is not asked for.
const MAX_STATE: usize = 1 << 30;

/// Where a state is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The last part of its subject.
    name: String,
    /// The sequence of its first piece.
    pub(crate) first: u64,
    pieces: usize,
    bytes: usize,
    /// SHA-256 of all of it, in hex.
    sha256: String,
}

/// Stores a state. Nothing refers to it yet.
pub(crate) async fn write(
    shared: &Shared,
    cluster: &Token,
    name: String,
    state: &[u8],
) -> Result<Place, StreamError> {
    let table = &shared.streams.state;
    if state.len() > MAX_STATE {
        return Err(StreamError::State {
            cluster: cluster.as_str().to_owned(),
            why: format!("it has {} bytes; at most {MAX_STATE} are stored", state.len()),
        });
    }
    let key = format!("{}.{name}", cluster.as_str());
    let piece = PIECE.min(shared.max_payload().saturating_sub(HEADERS)).max(1);
    let mut first = None;
    let mut pieces = 0;
    // An empty state is one empty piece.
    let empty: &[u8] = &[];
    let chunks = state.chunks(piece).chain(state.is_empty().then_some(empty));
    for chunk in chunks {
        let message = PublishMessage::build()
            .payload(Bytes::copy_from_slice(chunk))
            .headers(HeaderMap::new())
            .expected_stream(table.kind().name);
        // One after the other: their order is that of the state. One that fails fails the commit, which is made anew.
        let sequence = table.publish(&key, message).await.map_err(|error| match full(&error) {
            Some(_) => StreamError::Full(table.kind().name),
            None => StreamError::request("store a state", error),
        })?;
        first.get_or_insert(sequence);
        pieces += 1;
    }
    Ok(Place { name, first: first.unwrap_or_default(), pieces, bytes: state.len(), sha256: hash(state) })
}

/// Reads a state, which is exactly the one that was stored.
pub(crate) async fn read(shared: &Shared, cluster: &Token, place: &Place) -> Result<Vec<u8>, StreamError> {
    let wrong = |why: String| StreamError::State { cluster: cluster.as_str().to_owned(), why };
    if place.bytes > MAX_STATE {
        return Err(wrong(format!("it is said to have {} bytes", place.bytes)));
    }
    let key = format!("{}.{}", cluster.as_str(), place.name);
    let mut reader = Reader::new(&shared.streams.state, &key, shared.max_payload());
    let mut after = place.first.saturating_sub(1);
    let mut state = Vec::with_capacity(place.bytes);
    let mut pieces = 0;
    while pieces < place.pieces {
        let read = reader.read(after, 16 * PIECE).await?;
        let Some(last) = read.last() else {
            break;
        };
        after = last.sequence;
        for piece in &read {
            pieces += 1;
            state.extend_from_slice(&piece.payload);
        }
        if state.len() > place.bytes {
            break;
        }
    }
    reader.close().await;
    if state.len() != place.bytes || hash(&state) != place.sha256 {
        return Err(wrong(format!("of {} bytes {} are there, or others", place.bytes, state.len())));
    }
    Ok(state)
}

fn hash(state: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, state).as_ref())
}
