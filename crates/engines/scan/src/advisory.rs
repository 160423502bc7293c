//! What is known against packages: records of the OSV schema, as any of its exports has them.
//!
//! Source: OSV schema 1.7 (<https://ossf.github.io/osv-schema/>).

mod ecosystem;
mod range;
mod read;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::ecosystem::{Release, key, names_of, releases};
pub use self::range::{Verdict, affects};
pub use self::read::{AdvisoryError, MAX_RECORD, parse};

/// One record, with what of it has a say in a match or in a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// Its name in the database that it is of.
    pub id: String,
    /// When it was changed last, RFC 3339.
    pub modified: String,
    /// When it was taken back, RFC 3339. Such a record is about nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// Other names of the same vulnerability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The vulnerabilities that this record of a distribution is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<String>,
    /// Vulnerabilities that are near; old exports of distributions name here what belongs into `upstream`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// One line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The text, cut to what a report shows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// Scores of all that is affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severity: Vec<Score>,
    /// The database's own word for how bad it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<String>,
    /// Where to read on, the advisory itself first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// What is affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affected: Vec<Affected>,
}

/// A score, and what kind of it: `CVSS_V3`, `Ubuntu` …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// The kind, in OSV's words.
    #[serde(rename = "type")]
    pub kind: String,
    /// A vector, or a word.
    pub score: String,
}

/// A package in an ecosystem, and which versions of it are affected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// Ecosystem with its release: `Debian:12`, `npm`.
    pub ecosystem: String,
    /// Name of the package.
    pub name: String,
    /// Scores of this package alone; they go before those of the record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severity: Vec<Score>,
    /// The distribution's word for how bad it is here: `unimportant`, `Important`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<String>,
    /// What the distribution means to do about it.
    #[serde(default, skip_serializing_if = "Plan::is_fix")]
    pub plan: Plan,
    /// That it tells of no vulnerability: `unmaintained`, `unsound`, `notice` of RustSec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub informational: Option<String>,
    /// Ranges of versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Range>,
    /// Versions, one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
}

/// What a distribution means to do about a vulnerability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    /// Fix it, or it has been.
    #[default]
    Fix,
    /// Fix it with another update: Debian's `no-dsa`, `postponed`.
    Later,
    /// Not fix it: `ignored`, `will not fix`.
    Never,
    /// Nothing, as the package is maintained no more.
    EndOfLife,
}

impl Plan {
    fn is_fix(&self) -> bool {
        *self == Self::Fix
    }

    /// The plan in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::Later => "later",
            Self::Never => "never",
            Self::EndOfLife => "end-of-life",
        }
    }
}

/// Versions from here to there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// In which order.
    #[serde(rename = "type")]
    pub kind: RangeKind,
    /// Its turns, in any order.
    pub events: Vec<Event>,
}

/// The order of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RangeKind {
    /// Semantic versions.
    #[serde(rename = "SEMVER")]
    SemVer,
    /// The ecosystem's.
    #[serde(rename = "ECOSYSTEM")]
    Ecosystem,
    /// Commits. No package that is read here is known by its commit.
    #[serde(rename = "GIT")]
    Git,
}

/// A version from which on a package is affected, or no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// From this one on; `0` is before every version.
    Introduced(String),
    /// No more from this one on.
    Fixed(String),
    /// This one is the last.
    LastAffected(String),
    /// Nothing is said of this one and later ones.
    Limit(String),
}

impl Advisory {
    /// Every name of the vulnerability, its own first: a statement about one is about it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let others = self.aliases.iter().chain(&self.upstream);
        // Debian and Alpine named the CVE here before there was `upstream`.
        let related = self.related.iter().filter(|_| self.aliases.is_empty() && self.upstream.is_empty());
        std::iter::once(&self.id).chain(others).chain(related).map(String::as_str)
    }

    /// The name by which most know it: its first CVE, else its own.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names().find(|name| name.starts_with("CVE-")).unwrap_or(&self.id)
    }
}
