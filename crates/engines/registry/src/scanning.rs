//! When images are scanned: a registry's scanning configuration.
//!
//! Amazon ECR User Guide, "Filters to choose which repositories are scanned": a filter without `*` matches each name that
//! contains it; continuous scanning wins over scanning on push; what no filter matches is scanned by hand only (basic) or not at
//! all (enhanced).

use serde::{Deserialize, Serialize};

use crate::pattern::Pattern;
use crate::{Invalid, RepositoryName};

/// Rules of a configuration (ECR: `RegistryScanningRuleList`).
pub const MAX_RULES: usize = 2;

/// Filters of a rule (ECR: `ScanningRepositoryFilterList`).
pub const MAX_FILTERS: usize = 100;

/// Bytes of a filter (ECR: `ScanningRepositoryFilterValue`).
const MAX_FILTER: usize = 255;

/// ECR's `ScanType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanType {
    /// Packages of the distribution.
    #[default]
    Basic,
    /// Packages of languages too, and again when advisories change.
    Enhanced,
}

/// ECR's `ScanFrequency`, and its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// Not at all: enhanced scanning, and no filter matches.
    Disabled,
    /// When asked.
    Manual,
    /// When pushed.
    OnPush,
    /// When pushed, and when advisories change.
    Continuous,
}

/// A registry's `RegistryScanningConfiguration`, in ECR's JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Configuration {
    scan_type: ScanType,
    rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// When.
    pub scan_frequency: RuleFrequency,
    /// For which repositories.
    pub repository_filters: Vec<Filter>,
}

/// When a rule has images scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleFrequency {
    /// When asked.
    Manual,
    /// When pushed.
    ScanOnPush,
    /// When pushed, and when advisories change.
    ContinuousScan,
}

/// One filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// The pattern.
    pub filter: Pattern,
    /// How it is meant.
    pub filter_type: FilterType,
}

/// The only type of filter there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FilterType {
    /// `*` stands for any text.
    Wildcard,
}

/// What holds for a repository: a line of `BatchGetRepositoryScanningConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied<'a> {
    /// When its images are scanned.
    pub frequency: Frequency,
    /// The filters that say so.
    pub filters: Vec<&'a Filter>,
}

impl Configuration {
    /// Keeps to ECR's limits, or says which one it doesn't. Each frequency comes once; continuous scanning is enhanced, scanning
    /// by hand is basic.
    pub fn new(scan_type: ScanType, rules: Vec<Rule>) -> Result<Self, Invalid> {
        Invalid::length("rules", rules.len(), 0, MAX_RULES)?;
        for (at, rule) in rules.iter().enumerate() {
            let allowed = match rule.scan_frequency {
                RuleFrequency::Manual => scan_type == ScanType::Basic,
                RuleFrequency::ContinuousScan => scan_type == ScanType::Enhanced,
                RuleFrequency::ScanOnPush => true,
            };
            if !allowed {
                let what = "this scan frequency is not supported by the scan type";
                return Err(Invalid::new("scanFrequency", what));
            }
            if rules.iter().take(at).any(|earlier| earlier.scan_frequency == rule.scan_frequency) {
                return Err(Invalid::new("rules", "each scan frequency can be specified once"));
            }
            Invalid::length("repositoryFilters", rule.repository_filters.len(), 0, MAX_FILTERS)?;
            for filter in &rule.repository_filters {
                Invalid::length("filter", filter.filter.as_str().len(), 1, MAX_FILTER)?;
                if !is_filter(filter.filter.as_str()) {
                    let what = "must satisfy regular expression '^[a-z0-9*](?:[._\\-/a-z0-9*]?[a-z0-9*]+)*$'";
                    return Err(Invalid::new("filter", what));
                }
            }
        }
        Ok(Self { scan_type, rules })
    }

    /// Basic or enhanced.
    pub fn scan_type(&self) -> ScanType {
        self.scan_type
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// When a repository's images are scanned.
    pub fn frequency(&self, repository: &RepositoryName) -> Frequency {
        self.applied(repository).frequency
    }

    /// When a repository's images are scanned, and by which filters.
    pub fn applied(&self, repository: &RepositoryName) -> Applied<'_> {
        let matching = |frequency| {
            let rules = self.rules.iter().filter(move |rule| rule.scan_frequency == frequency);
            let filters = rules.flat_map(|rule| &rule.repository_filters);
            filters.filter(|filter| filter.filter.matches_or_is_in(repository.as_str())).collect::<Vec<_>>()
        };
        let order = [
            (RuleFrequency::ContinuousScan, Frequency::Continuous),
            (RuleFrequency::ScanOnPush, Frequency::OnPush),
            (RuleFrequency::Manual, Frequency::Manual),
        ];
        for (rule, frequency) in order {
            let filters = matching(rule);
            if !filters.is_empty() {
                return Applied { frequency, filters };
            }
        }
        let frequency = match self.scan_type {
            ScanType::Basic => Frequency::Manual,
            ScanType::Enhanced => Frequency::Disabled,
        };
        Applied { frequency, filters: Vec::new() }
    }
}

/// `^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$`: no two separators side by side, none at either end.
fn is_filter(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'*';
    let mut last = false;
    for byte in text.bytes() {
        if !(plain(byte) || last && b"._-/".contains(&byte)) {
            return false;
        }
        last = plain(byte);
    }
    last
}

/// ECR's JSON, not yet checked.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    scan_type: ScanType,
    #[serde(default)]
    rules: Vec<Rule>,
}

impl TryFrom<Written> for Configuration {
    type Error = Invalid;

    fn try_from(written: Written) -> Result<Self, Invalid> {
        Self::new(written.scan_type, written.rules)
    }
}

impl From<Configuration> for Written {
    fn from(configuration: Configuration) -> Self {
        Self { scan_type: configuration.scan_type, rules: configuration.rules }
    }
}

#[cfg(test)]
mod tests;
