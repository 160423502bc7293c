//! Findings: one message each, the newest version.

use async_nats::HeaderMap;
use async_nats::jetstream;
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};

use crate::Shared;
use crate::error::StreamError;
use crate::names::{Token, name_of};
use crate::streams::FINDINGS;
use crate::table::{Put, Row};

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
        if there.as_ref().and_then(version).is_some_and(|there| there >= finding.version) {
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

fn version(row: &Row) -> Option<u64> {
    version_of(&row.headers)
}

fn version_of(headers: &HeaderMap) -> Option<u64> {
    headers.get(VERSION)?.as_str().parse().ok()
}

pub(crate) async fn list(
    shared: &Shared,
    cluster: Option<&str>,
) -> Result<Vec<(String, Finding)>, StreamError> {
    let wrong = |error| StreamError::request("list findings", error);
    let table = &shared.streams.findings;
    let filter = match cluster {
        Some(cluster) => format!("{}.*", Token::of(cluster)?.as_str()),
        None => "*.*".to_owned(),
    };
    let mut subjects = table.stream().info_with_subjects(FINDINGS.subject(&filter)).await.map_err(wrong)?;
    let mut keys = Vec::new();
    while let Some((subject, _)) = subjects.try_next().await.map_err(wrong)? {
        keys.extend(FINDINGS.rest(&subject).map(str::to_owned));
    }
    let rows = futures_util::stream::iter(keys)
        .map(|key| async move { Ok::<_, StreamError>((table.get(&key).await?, key)) }.boxed())
        .buffer_unordered(AT_ONCE);
    let found = rows.try_filter_map(|(row, key)| async move {
        Ok(row.and_then(|row| finding(&FINDINGS.subject(&key), &row.headers, row.value)))
    });
    let mut found: Vec<_> = found.try_collect().await?;
    found.sort_by(|(cluster, one), (other, another)| (cluster, &one.id).cmp(&(other, &another.id)));
    Ok(found)
}

/// The cluster and the finding of a message; none if it is no message of ours.
fn finding(subject: &str, headers: &HeaderMap, body: Bytes) -> Option<(String, Finding)> {
    let (cluster, id) = FINDINGS.rest(subject)?.split_once('.')?;
    Some((name_of(cluster)?, Finding { id: name_of(id)?, version: version_of(headers)?, body }))
}

/// The same of a message that a consumer brought.
pub(crate) fn of_message(message: &jetstream::Message) -> Option<(String, Finding)> {
    finding(&message.message.subject, message.message.headers.as_ref()?, message.message.payload.clone())
}
