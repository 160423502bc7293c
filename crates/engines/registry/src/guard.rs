//! Which images may be pulled, or run, at all: signed, scanned, and not too vulnerable.
//!
//! ECR has no such rule; its users have asked for one (aws/containers-roadmap, issue 843). A rule is tried out in
//! [`Mode::Audit`] before it refuses anything. What can't be told counts against the image.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::RepositoryName;
use crate::pattern::Pattern;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What an image of certain repositories has to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The name that refusals give.
    pub name: String,
    /// Whether it refuses, or only tells what it would refuse.
    #[serde(default)]
    pub mode: Mode,
    /// Patterns of the repositories it is for; nothing for all.
    #[serde(default)]
    pub repositories: Vec<Pattern>,
    /// Whether a signature that verifies is asked for.
    #[serde(default)]
    pub signed: bool,
    /// Whether a scan is asked for.
    #[serde(default)]
    pub scanned: bool,
    /// How many days old the scan's advisories may be, if it matters.
    #[serde(default)]
    pub max_scan_age_days: Option<u32>,
    /// The worst severity that is let through; nothing, if any is. It asks for a scan.
    #[serde(default)]
    pub max_severity: Option<Severity>,
    /// Whether only findings count for which there is a fix.
    #[serde(default)]
    pub only_fixable: bool,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It tells what it would refuse.
    #[default]
    Audit,
    /// It refuses.
    Enforce,
}

/// ECR's `FindingSeverity`. What is undefined may be anything, so it counts as critical when it has to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "ECR's words")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
    Undefined,
}

/// What is known of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Its repository.
    pub repository: &'a RepositoryName,
    /// What is known of its signatures.
    pub signature: Signature<'a>,
    /// What is known of its scan.
    pub scan: Scan<'a>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// What is known of an image's signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature<'a> {
    /// One of them verifies.
    Verified,
    /// There is none.
    None,
    /// None of those there are verifies, or it couldn't be found out: why.
    Unverified(&'a str),
}

/// What is known of an image's scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan<'a> {
    /// There is none.
    None,
    /// It failed, or its result can't be read: why.
    Failed(&'a str),
    /// It is complete.
    Complete {
        /// The day of the advisories that it used (milliseconds since 1970), if they tell.
        advisories_of: Option<i64>,
        /// The worst finding of all.
        worst: Option<Severity>,
        /// The worst finding that has a fix.
        worst_fixable: Option<Severity>,
    },
}

/// Why an image is refused. In words that a user of it can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It has no signature.
    Unsigned,
    /// Its signatures don't verify: why.
    Unverified(String),
    /// It has not been scanned.
    Unscanned,
    /// Its scan failed: why.
    ScanFailed(String),
    /// Its scan is older than the rule has it, in days; `None` if its age can't be told.
    ScanTooOld(Option<i64>),
    /// It has a finding worse than the rule has it.
    TooVulnerable {
        /// The finding's severity.
        worst: Severity,
        /// The worst that the rule lets through.
        allowed: Severity,
    },
}

/// What the rules say of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why it is refused, with the name of the rule; nothing, if it isn't.
    pub refused: Vec<(String, Reason)>,
    /// Why it would be, by rules in audit mode.
    pub would_refuse: Vec<(String, Reason)>,
}

impl Verdict {
    /// Whether the image is let through.
    pub fn is_admitted(&self) -> bool {
        self.refused.is_empty()
    }
}

/// What the rules say of an image: each rule for its repository counts.
pub fn judge<'a>(rules: impl IntoIterator<Item = &'a Rule>, facts: &Facts<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in rules.into_iter().filter(|rule| rule.is_for(facts.repository)) {
        let reasons = rule.reasons(facts).into_iter().map(|reason| (rule.name.clone(), reason));
        match rule.mode {
            Mode::Enforce => verdict.refused.extend(reasons),
            Mode::Audit => verdict.would_refuse.extend(reasons),
        }
    }
    verdict
}

impl Rule {
    /// Whether it is for a repository.
    pub fn is_for(&self, repository: &RepositoryName) -> bool {
        self.repositories.is_empty()
            || self.repositories.iter().any(|pattern| pattern.matches(repository.as_str()))
    }

    fn reasons(&self, facts: &Facts<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.signed {
            match facts.signature {
                Signature::Verified => {}
                Signature::None => reasons.push(Reason::Unsigned),
                Signature::Unverified(why) => reasons.push(Reason::Unverified(why.to_owned())),
            }
        }
        if !(self.scanned || self.max_scan_age_days.is_some() || self.max_severity.is_some()) {
            return reasons;
        }
        match facts.scan {
            Scan::None => reasons.push(Reason::Unscanned),
            Scan::Failed(why) => reasons.push(Reason::ScanFailed(why.to_owned())),
            Scan::Complete { advisories_of, worst, worst_fixable } => {
                if let Some(max) = self.max_scan_age_days {
                    let age = advisories_of.map(|at| facts.now.saturating_sub(at) / DAY);
                    if age.is_none_or(|age| age > i64::from(max)) {
                        reasons.push(Reason::ScanTooOld(age));
                    }
                }
                let worst = if self.only_fixable { worst_fixable } else { worst };
                if let (Some(allowed), Some(worst)) = (self.max_severity, worst)
                    && worst > allowed
                {
                    reasons.push(Reason::TooVulnerable { worst, allowed });
                }
            }
        }
        reasons
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
            Self::Undefined => "UNDEFINED",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("the image has no signature"),
            Self::Unverified(why) => write!(f, "no signature of the image verifies: {why}"),
            Self::Unscanned => f.write_str("the image has not been scanned"),
            Self::ScanFailed(why) => write!(f, "the scan of the image failed: {why}"),
            Self::ScanTooOld(Some(days)) => {
                write!(f, "the advisories of the image's scan are {days} days old")
            }
            Self::ScanTooOld(None) => f.write_str("the age of the image's scan can't be told"),
            Self::TooVulnerable { worst, allowed } => {
                write!(f, "the image has a finding of severity {worst}, and {allowed} is let through")
            }
        }
    }
}

#[cfg(test)]
mod tests;
