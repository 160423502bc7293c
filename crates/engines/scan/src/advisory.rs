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

/// A vulnerability by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vulnerability {
    /// The name by which most know it: its first CVE, else the record's.
    pub id: String,
    /// Its other names, and the record's.
    pub aliases: Vec<String>,
}

impl Advisory {
    /// The vulnerabilities that the record tells of: one, with all that are its aliases; or each that an advisory of a
    /// distribution fixes, as what is said of one of them is not said of the others.
    #[must_use]
    pub fn vulnerabilities(&self) -> Vec<Vulnerability> {
        let is_cve = |name: &&String| name.starts_with("CVE-");
        let is_named = std::iter::once(&self.id).chain(&self.aliases).any(|name| is_cve(&name));
        // Debian, Alpine and AlmaLinux named the CVEs here before there was `upstream`.
        let covered = if self.upstream.is_empty() { &self.related } else { &self.upstream };
        let mut covered: Vec<&String> = covered.iter().filter(is_cve).collect();
        covered.sort();
        covered.dedup();
        if let ([_, _, ..], false) = (covered.as_slice(), is_named) {
            let one = |cve: &&String| Vulnerability { id: (*cve).clone(), aliases: vec![self.id.clone()] };
            return covered.iter().map(one).collect();
        }
        let upstream = self.upstream.iter().filter(|_| !is_named);
        let related = covered.into_iter().filter(|_| !is_named);
        let mut names: Vec<&String> =
            std::iter::once(&self.id).chain(&self.aliases).chain(upstream).chain(related).collect();
        let id = names.iter().copied().find(is_cve).unwrap_or(&self.id);
        names.sort();
        names.dedup();
        let aliases = names.into_iter().filter(|name| *name != id).cloned().collect();
        vec![Vulnerability { id: id.clone(), aliases }]
    }
}
