//! What is known of a rule beside what it matches.

use std::sync::Arc;

use ringwall_detect::finding::{CustomRule, Log};
use ringwall_model::{Severity, Source};
use rsigma_parser::Level;

/// A rule, or a correlation of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its `id`; where it has none its `name`, or else its title. No two rules of a set have the same.
    pub key: Arc<str>,
    /// Its title.
    pub title: String,
    /// How bad a match is. Sigma's `informational` is low; a rule without a level is medium.
    pub severity: Severity,
    /// Whether it is only tried.
    pub is_dry_run: bool,
    /// Whether it is there for correlations alone and is not told by itself.
    pub is_silent: bool,
    /// Whether it is a correlation.
    pub is_correlation: bool,
    /// Which log it is about.
    pub log: Log,
    /// Its tags.
    pub tags: Vec<String>,
    /// What else a match may be, as its author says.
    pub false_positives: Vec<String>,
    /// Where it stands.
    pub source: Source,
    /// Its text as it was read, and that of the rules that it correlates: what its state depends on.
    pub(crate) text: String,
}

impl Rule {
    /// What a finding tells of it.
    pub(crate) fn told(&self) -> Box<CustomRule> {
        Box::new(CustomRule {
            id: self.key.to_string(),
            title: self.title.clone(),
            tags: self.tags.clone(),
            false_positives: self.false_positives.clone(),
            is_dry_run: self.is_dry_run,
            place: ringwall_detect::finding::Place {
                file: Arc::clone(&self.source.file),
                line: self.source.line.into(),
            },
        })
    }
}

/// Source: *Sigma Rules Specification* 2.1, "Level": `informational` is "intended for enrichment of events"; there is no default.
pub(crate) fn severity(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Informational | Level::Low) => Severity::Low,
        Some(Level::Medium) | None => Severity::Medium,
        Some(Level::High) => Severity::High,
        Some(Level::Critical) => Severity::Critical,
    }
}
