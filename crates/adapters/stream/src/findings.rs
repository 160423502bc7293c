//! Findings: one message each, the newest version.

use async_nats::HeaderMap;
use async_nats::jetstream;
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};

use crate::Shared;
use crate::error::StreamError;
use crate::names::{Token, name_of};
use crate::reader::Reader;
use crate::streams::FINDINGS;
use crate::table::Put;

/// The header that has a finding's version.
const VERSION: &str = "Ringwall-Version";

/// Requests at the same time.
const AT_ONCE: usize = 32;

/// How often a finding is set again that another replica has set meanwhile: only a former owner does that, and only for a moment.
const ATTEMPTS: usize = 10;

/// A finding as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is known by, the same wherever it is made of the same events.
    pub id: String,
    /// Greater in each newer form of it, as its count is. The same id and version are the same finding.
    pub version: u64,
    /// The finding, in the form that its readers know.
    pub body: Bytes,
}

/// Sets findings, each unless a newer version is there.
pub(crate) async fn put(shared: &Shared, cluster: &Token, findings: &[Finding]) -> Result<(), StreamError> {
    let puts: Vec<_> = findings.iter().map(|finding| put_one(shared, cluster, finding).boxed()).collect();
    futures_util::stream::iter(puts).buffer_unordered(AT_ONCE).try_collect().await
}

async fn put_one(shared: &Shared, cluster: &Token, finding: &Finding) -> Result<(), StreamError> {
    let table = &shared.streams.findings;
    let key = format!("{}.{}", cluster.as_str(), Token::of(&finding.id)?.as_str());
    for _ in 0..ATTEMPTS {
        let there = table.get(&key).await?;
        if there.as_ref().and_then(|row| version(&row.headers)).is_some_and(|there| there >= finding.version)
        {
            return Ok(());
        }
        let mut headers = HeaderMap::new();
        headers.insert(VERSION, finding.version.to_string().as_str());
        let revision = there.map_or(0, |row| row.revision);
        if let Put::Done(_) = table.put(&key, headers, finding.body.clone(), revision).await? {
            return Ok(());
        }
    }
    Err(StreamError::request("store a finding", "others change it all the time"))
}

pub(crate) async fn list(
    shared: &Shared,
    cluster: Option<&str>,
) -> Result<Vec<(String, Finding)>, StreamError> {
    let filter = match cluster {
        Some(cluster) => format!("{}.*", Token::of(cluster)?.as_str()),
        None => "*.*".to_owned(),
    };
    let messages = Reader::new(&shared.streams.findings, &filter, shared.max_payload()).all().await?;
    let found =
        messages.into_iter().filter_map(|message| finding(&message.key, &message.headers, message.payload));
    let mut found: Vec<_> = found.collect();
    found.sort_by(|(cluster, one), (other, another)| (cluster, &one.id).cmp(&(other, &another.id)));
    Ok(found)
}

/// The cluster and the finding of a message that a consumer brought; none if it is no message of ours.
pub(crate) fn of_message(message: &jetstream::Message) -> Option<(String, Finding)> {
    let message = &message.message;
    finding(FINDINGS.rest(&message.subject)?, message.headers.as_ref()?, message.payload.clone())
}

fn finding(key: &str, headers: &HeaderMap, body: Bytes) -> Option<(String, Finding)> {
    let (cluster, id) = key.split_once('.')?;
    Some((name_of(cluster)?, Finding { id: name_of(id)?, version: version(headers)?, body }))
}

fn version(headers: &HeaderMap) -> Option<u64> {
    headers.get(VERSION)?.as_str().parse().ok()
}
