//! How bad a vulnerability is, as ECR tells: in the distribution's words first, else by its CVSS score.
//!
//! Sources: Amazon ECR User Guide, "Scan images for OS vulnerabilities"; FIRST, *Common Vulnerability Scoring System*, versions
//! 2.0, 3.0, 3.1, 4.0, and NVD's "Vulnerability Metrics" for the ratings.

mod cvss;

#[cfg(test)]
mod tests;

pub use self::cvss::{Cvss, CvssError, CvssVersion};
use crate::advisory::{Advisory, Affected, Score};
pub use crate::report::Severity;

impl Severity {
    /// The word of a distribution or a database, in any case; nothing for one that judges nothing, as `not yet assigned`.
    ///
    /// Sources: Debian's security tracker (urgencies, with `*` for those that it took from NVD), Ubuntu's priorities, Red Hat's
    /// and SUSE's ratings, GitHub's severities.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.trim_end_matches('*').to_ascii_lowercase().as_str() {
            "unimportant" | "negligible" | "informational" | "none" => Self::Informational,
            "low" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" | "important" => Self::High,
            "critical" => Self::Critical,
            _ => return None,
        })
    }

    /// The rating of a score.
    #[must_use]
    pub fn of_score(version: CvssVersion, score: f64) -> Self {
        match score {
            s if s >= 9.0 && version != CvssVersion::V2 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 || version == CvssVersion::V2 => Self::Low,
            _ => Self::Informational,
        }
    }
}

/// A judgement, and what it rests on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rated {
    /// How bad.
    pub severity: Severity,
    /// The word that it rests on, if it does on one.
    pub word: Option<String>,
    /// The best score there is, even if a word goes before it.
    pub cvss: Option<Cvss>,
}

/// Rates a vulnerability of a package: the distribution's word for it here, then the score, then the database's word. What the
/// record does not have is taken from those of the same vulnerability, in their order.
#[must_use]
pub fn rate(advisory: &Advisory, affected: &Affected, others: &[Advisory]) -> Rated {
    let own = affected.severity.iter().chain(&advisory.severity);
    let theirs = others.iter().flat_map(|other| &other.severity);
    let cvss = best(own.clone()).or_else(|| best(theirs));
    let words = own.filter(|score| !score.kind.starts_with("CVSS")).map(|score| score.score.as_str());
    let words = affected.rating.as_deref().into_iter().chain(words);
    let word = |word: &str| Severity::of_word(word).map(|severity| (severity, word.to_owned()));
    // Only a distribution's word goes before the score: its packages are patched in ways that a score does not know.
    let of_distribution = affected.ecosystem.contains(':') || !is_language(&affected.ecosystem);
    let first = if of_distribution { words.chain(advisory.rating.as_deref()).find_map(word) } else { None };
    if let Some((severity, word)) = first {
        return Rated { severity, word: Some(word), cvss };
    }
    if let Some(cvss) = cvss {
        return Rated {
            severity: Severity::of_score(cvss.version, cvss.score),
            word: None,
            cvss: Some(cvss),
        };
    }
    let ratings = [affected.rating.as_deref(), advisory.rating.as_deref()];
    let ratings = ratings.into_iter().chain(others.iter().map(|other| other.rating.as_deref()));
    match ratings.flatten().find_map(word) {
        Some((severity, word)) => Rated { severity, word: Some(word), cvss: None },
        None => Rated::default(),
    }
}

fn is_language(ecosystem: &str) -> bool {
    matches!(ecosystem, "crates.io" | "Packagist" | "RubyGems" | "Go" | "Maven" | "npm" | "NuGet" | "PyPI")
}

/// The score of the newest version of CVSS that can be read.
fn best<'a>(scores: impl Iterator<Item = &'a Score>) -> Option<Cvss> {
    let read =
        scores.filter(|score| score.kind.starts_with("CVSS")).filter_map(|score| score.score.parse().ok());
    read.max_by(|a: &Cvss, b: &Cvss| a.version.cmp(&b.version))
}
