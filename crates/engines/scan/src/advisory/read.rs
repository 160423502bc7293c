//! Bytes to a record. Unknown fields are passed over: every database has some of its own.

use serde::Deserialize;
use serde_json::Value;

use super::{Advisory, Affected, Event, Plan, Range, RangeKind, Score};

/// Bytes of a record beyond which it is not read. The largest of all databases, of Linux kernels, has 8 MB.
pub const MAX_RECORD: usize = 32 << 20;

/// Bytes of the text that are kept: about what ECR shows.
const MAX_DETAILS: usize = 1024;

/// References that are kept: a report shows the first.
const MAX_REFERENCES: usize = 8;

/// Why a record is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdvisoryError {
    /// No JSON, or a field has another form than the schema's.
    #[error("it is no record of the OSV schema: {0}")]
    Schema(#[from] serde_json::Error),
    /// It has no name.
    #[error("it has no `id`")]
    NoId,
    /// It is too large.
    #[error("it has {0} bytes; the limit is {MAX_RECORD}")]
    TooLarge(usize),
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    id: String,
    #[serde(default)]
    modified: String,
    withdrawn: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    aliases: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    upstream: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    related: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    summary: String,
    #[serde(default, deserialize_with = "nullable")]
    details: String,
    #[serde(default, deserialize_with = "nullable")]
    severity: Vec<Score>,
    #[serde(default, deserialize_with = "nullable")]
    references: Vec<Reference>,
    #[serde(default, deserialize_with = "nullable")]
    affected: Vec<RawAffected>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct RawAffected {
    #[serde(default, deserialize_with = "nullable")]
    package: RawPackage,
    #[serde(default, deserialize_with = "nullable")]
    severity: Vec<Score>,
    #[serde(default, deserialize_with = "nullable")]
    ranges: Vec<RawRange>,
    #[serde(default, deserialize_with = "nullable")]
    versions: Vec<String>,
    #[serde(default)]
    ecosystem_specific: Value,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Default, Deserialize)]
struct RawPackage {
    #[serde(default)]
    ecosystem: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct RawRange {
    #[serde(rename = "type")]
    kind: RangeKind,
    #[serde(default, deserialize_with = "nullable")]
    events: Vec<RawEvent>,
}

/// The schema has one key in an event; older exports have several.
#[derive(Deserialize)]
struct RawEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

/// `null` where the schema has a list or a text: Go's exports do.
fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads one record of the OSV schema.
///
/// # Errors
/// If it is none, or larger than [`MAX_RECORD`].
pub fn parse(json: &[u8]) -> Result<Advisory, AdvisoryError> {
    if json.len() > MAX_RECORD {
        return Err(AdvisoryError::TooLarge(json.len()));
    }
    let record: Record = serde_json::from_slice(json)?;
    if record.id.is_empty() {
        return Err(AdvisoryError::NoId);
    }
    let mut references = record.references;
    references.retain(|reference| !reference.url.is_empty());
    references.sort_by_key(|reference| reference.kind != "ADVISORY");
    Ok(Advisory {
        rating: word(&record.database_specific, "severity").or_else(|| of_summary(&record.summary)),
        id: record.id,
        modified: record.modified,
        withdrawn: record.withdrawn,
        aliases: record.aliases,
        upstream: record.upstream,
        related: record.related,
        summary: record.summary,
        details: cut(record.details),
        severity: record.severity,
        references: references.into_iter().take(MAX_REFERENCES).map(|reference| reference.url).collect(),
        affected: record.affected.into_iter().map(Affected::from).collect(),
    })
}

/// The first bytes of a text, at the border of a letter.
fn cut(mut text: String) -> String {
    if text.len() > MAX_DETAILS {
        text.truncate(text.floor_char_boundary(MAX_DETAILS));
        text.push('…');
    }
    text
}

/// AlmaLinux and Rocky Linux write it before the summary: `Important: nodejs:18 security update`.
fn of_summary(summary: &str) -> Option<String> {
    let (word, _) = summary.split_once(':')?;
    matches!(word, "Critical" | "Important" | "Moderate" | "Low").then(|| word.to_owned())
}

fn word(specific: &Value, key: &str) -> Option<String> {
    specific.get(key)?.as_str().filter(|word| !word.is_empty()).map(str::to_owned)
}

impl From<RawAffected> for Affected {
    fn from(raw: RawAffected) -> Self {
        let either = |key| word(&raw.ecosystem_specific, key).or_else(|| word(&raw.database_specific, key));
        let rating = either("urgency").or_else(|| either("severity")).or_else(|| either("ubuntu_priority"));
        let status = either("status").or_else(|| either("state")).or_else(|| rating.clone());
        let ranges = raw.ranges.into_iter().map(|range| Range {
            kind: range.kind,
            events: range.events.into_iter().flat_map(RawEvent::all).collect(),
        });
        Self {
            ecosystem: raw.package.ecosystem,
            name: raw.package.name,
            severity: raw.severity,
            plan: status.as_deref().map(plan).unwrap_or_default(),
            informational: either("informational"),
            rating,
            ranges: ranges.collect(),
            versions: raw.versions,
        }
    }
}

impl RawEvent {
    fn all(self) -> impl Iterator<Item = Event> {
        [
            self.introduced.map(Event::Introduced),
            self.fixed.map(Event::Fixed),
            self.last_affected.map(Event::LastAffected),
            self.limit.map(Event::Limit),
        ]
        .into_iter()
        .flatten()
    }
}

/// The words of Debian's tracker and Red Hat's data for what they mean to do.
fn plan(status: &str) -> Plan {
    match status.to_ascii_lowercase().replace([' ', '_'], "-").as_str() {
        "end-of-life" | "out-of-support-scope" => Plan::EndOfLife,
        "no-dsa" | "nodsa" | "postponed" | "fix-deferred" | "deferred" => Plan::Later,
        "ignored" | "will-not-fix" | "wontfix" => Plan::Never,
        _ => Plan::Fix,
    }
}
