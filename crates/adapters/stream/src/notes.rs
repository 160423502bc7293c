//! What whoever works on a cluster has to know of it, beside the state: how far its sources were read, what people said of findings.

use bytes::Bytes;

use crate::Shared;
use crate::error::StreamError;
use crate::names::{Token, name_of};
use crate::reader::Reader;

pub(crate) async fn get(shared: &Shared, cluster: &str, name: &str) -> Result<Option<Bytes>, StreamError> {
    let row = shared.streams.notes.get(&key(cluster, name)?).await?;
    Ok(row.map(|row| row.value))
}

pub(crate) async fn set(shared: &Shared, cluster: &str, name: &str, note: Bytes) -> Result<(), StreamError> {
    shared.streams.notes.set(&key(cluster, name)?, note).await
}

pub(crate) async fn list(shared: &Shared, cluster: &str) -> Result<Vec<(String, Bytes)>, StreamError> {
    let filter = format!("{}.*", Token::of(cluster)?.as_str());
    let messages = Reader::new(&shared.streams.notes, &filter, shared.max_payload()).all().await?;
    let notes = messages.into_iter();
    let mut notes: Vec<_> = notes
        .filter_map(|message| Some((name_of(message.key.split_once('.')?.1)?, message.payload)))
        .collect();
    notes.sort();
    Ok(notes)
}

fn key(cluster: &str, name: &str) -> Result<String, StreamError> {
    Ok(format!("{}.{}", Token::of(cluster)?.as_str(), Token::of(name)?.as_str()))
}
