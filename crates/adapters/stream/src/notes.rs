//! What whoever works on a cluster has to know of it, beside the state: how far its sources were read, what people said of findings.

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::Shared;
use crate::error::StreamError;
use crate::names::{Token, name_of};
use crate::streams::NOTES;

/// Requests at the same time.
const AT_ONCE: usize = 32;

pub(crate) async fn get(shared: &Shared, cluster: &str, name: &str) -> Result<Option<Bytes>, StreamError> {
    let row = shared.streams.notes.get(&key(cluster, name)?).await?;
    Ok(row.map(|row| row.value))
}

pub(crate) async fn set(shared: &Shared, cluster: &str, name: &str, note: Bytes) -> Result<(), StreamError> {
    shared.streams.notes.set(&key(cluster, name)?, note).await
}

pub(crate) async fn list(shared: &Shared, cluster: &str) -> Result<Vec<(String, Bytes)>, StreamError> {
    let wrong = |error| StreamError::request("list notes", error);
    let table = &shared.streams.notes;
    let filter = NOTES.subject(&format!("{}.*", Token::of(cluster)?.as_str()));
    let mut subjects = table.stream().info_with_subjects(filter).await.map_err(wrong)?;
    let mut names = Vec::new();
    while let Some((subject, _)) = subjects.try_next().await.map_err(wrong)? {
        let name =
            NOTES.rest(&subject).and_then(|rest| rest.split_once('.')).and_then(|(_, name)| name_of(name));
        names.extend(name);
    }
    names.sort();
    let notes = futures_util::stream::iter(names)
        .map(|name| async move { Ok::<_, StreamError>((get(shared, cluster, &name).await?, name)) })
        .buffered(AT_ONCE);
    notes.try_filter_map(|(note, name)| async move { Ok(note.map(|note| (name, note))) }).try_collect().await
}

fn key(cluster: &str, name: &str) -> Result<String, StreamError> {
    Ok(format!("{}.{}", Token::of(cluster)?.as_str(), Token::of(name)?.as_str()))
}
