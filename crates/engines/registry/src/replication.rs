//! Replication: which pushes and deletes of one registry go to which others.
//!
//! Amazon ECR User Guide, "Private image replication": a rule without filters is for all repositories; a filter is a prefix of
//! repositories' names; an image goes one hop, from the registry that it was pushed to. So what came by replication goes nowhere,
//! and rings of registries have no end to fear. Where it came from travels with each push as its [`Origin`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Invalid, RepositoryName};

/// Rules of a configuration (ECR: `ReplicationRuleList`).
pub const MAX_RULES: usize = 25;

/// Destinations of a rule (ECR: `ReplicationDestinationList`).
pub const MAX_DESTINATIONS: usize = 100;

/// Filters of a rule (ECR: `RepositoryFilterList`); the least is 1, if the list is there.
pub const MAX_FILTERS: usize = 100;

/// Bytes of a filter (ECR: `RepositoryFilterValue`).
const FILTER_LENGTH: (usize, usize) = (2, 256);

const PARAMETER: &str = "replicationConfiguration";

/// ECR's `ReplicationConfiguration`, in its JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Configuration {
    rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Where images go.
    pub destinations: Vec<Destination>,
    /// Prefixes of the repositories' names; `None` for all repositories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_filters: Option<Vec<Filter>>,
    /// Whether deleted images and tags are deleted there too. Not without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_replication: Option<DeleteReplication>,
}

/// A registry: an account in a region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// The region, `eu-central-1`. Ringwall's settings say which address that is.
    pub region: String,
    /// The account, 12 digits.
    pub registry_id: String,
}

/// One prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// The prefix.
    pub filter: String,
    /// How it is meant.
    pub filter_type: FilterType,
}

/// The only type of filter there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilterType {
    /// A name matches if it begins with the filter.
    #[serde(rename = "PREFIX_MATCH")]
    PrefixMatch,
}

/// ECR's `DeleteReplication`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteReplication {
    /// Whether deletes are replicated.
    pub enabled: bool,
}

/// The registry that an image was pushed to first, as a replicated push tells it: `eu-central-1/111122223333`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(pub Destination);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An image or a tag is new.
    Push,
    /// An image or a tag is gone.
    Delete,
}

impl Configuration {
    /// Keeps to ECR's limits, or says which one it doesn't.
    pub fn new(rules: Vec<Rule>) -> Result<Self, Invalid> {
        Invalid::length("replicationConfiguration.rules", rules.len(), 0, MAX_RULES)?;
        rules.iter().try_for_each(check)?;
        Ok(Self { rules })
    }

    /// Refuses rules whose images would come back to where they are.
    pub fn check_for(&self, own: &Destination) -> Result<(), Invalid> {
        if self.rules.iter().any(|rule| rule.destinations.contains(own)) {
            return Err(Invalid::new(PARAMETER, "The source registry can't be a destination."));
        }
        Ok(())
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Where a change in a repository goes: each destination once, in the order of the rules.
    pub fn targets(
        &self,
        repository: &RepositoryName,
        change: Change,
        origin: Option<&Origin>,
    ) -> Vec<&Destination> {
        let mut targets: Vec<&Destination> = Vec::new();
        if origin.is_some() {
            return targets;
        }
        for rule in self.rules.iter().filter(|rule| rule.is_for(repository)) {
            if change == Change::Delete && !rule.deletes() {
                continue;
            }
            for destination in &rule.destinations {
                if !targets.contains(&destination) {
                    targets.push(destination);
                }
            }
        }
        targets
    }

    /// Whether a backfill to the destination takes the repository's images: as if each were pushed now.
    pub fn backfills(&self, repository: &RepositoryName, destination: &Destination) -> bool {
        self.targets(repository, Change::Push, None).contains(&destination)
    }
}

impl Rule {
    /// Whether the rule is for the repository.
    pub fn is_for(&self, repository: &RepositoryName) -> bool {
        let matches = |filter: &Filter| repository.as_str().starts_with(&filter.filter);
        self.repository_filters.as_ref().is_none_or(|filters| filters.iter().any(matches))
    }

    /// Whether it replicates deletes.
    pub fn deletes(&self) -> bool {
        self.delete_replication.is_some_and(|deletes| deletes.enabled)
    }
}

fn check(rule: &Rule) -> Result<(), Invalid> {
    Invalid::length("destinations", rule.destinations.len(), 0, MAX_DESTINATIONS)?;
    for (at, destination) in rule.destinations.iter().enumerate() {
        destination.check()?;
        if rule.destinations.iter().take(at).any(|earlier| earlier == destination) {
            return Err(Invalid::new(PARAMETER, "A rule can't contain duplicate destinations."));
        }
    }
    let Some(filters) = &rule.repository_filters else { return Ok(()) };
    Invalid::length("repositoryFilters", filters.len(), 1, MAX_FILTERS)?;
    let (min, max) = FILTER_LENGTH;
    for filter in filters {
        Invalid::length("filter", filter.filter.len(), min, max)?;
        if !is_filter(&filter.filter) {
            let pattern = "must satisfy regular expression '^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$'";
            return Err(Invalid::new("filter", pattern));
        }
    }
    Ok(())
}

/// `^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$`: each part but the last begins with a letter or a digit.
fn is_filter(text: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (folders, last) = text.rsplit_once('/').map_or((None, text), |(folders, last)| (Some(folders), last));
    let letters = |part: &str| part.bytes().all(|byte| is_alphanumeric(byte) || b"._-".contains(&byte));
    let mut folders = folders.into_iter().flat_map(|folders| folders.split('/'));
    folders.all(|part| part.bytes().next().is_some_and(is_alphanumeric) && letters(part)) && letters(last)
}

impl Destination {
    /// `[0-9a-z-]{2,25}` and 12 digits.
    fn check(&self) -> Result<(), Invalid> {
        let region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !((2..=25).contains(&self.region.len()) && self.region.bytes().all(region)) {
            return Err(Invalid::new("region", "must satisfy regular expression '[0-9a-z-]{2,25}'"));
        }
        if !(self.registry_id.len() == 12 && self.registry_id.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(Invalid::new("registryId", "must satisfy regular expression '[0-9]{12}'"));
        }
        Ok(())
    }
}

impl Origin {
    /// Reads what [`Origin`]'s `Display` wrote.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (region, registry_id) = text.split_once('/').unwrap_or((text, ""));
        let destination = Destination { region: region.to_owned(), registry_id: registry_id.to_owned() };
        destination.check()?;
        Ok(Self(destination))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.region, self.registry_id)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// ECR's JSON, not yet checked.
#[derive(Serialize, Deserialize)]
struct Written {
    rules: Vec<Rule>,
}

impl TryFrom<Written> for Configuration {
    type Error = Invalid;

    fn try_from(written: Written) -> Result<Self, Invalid> {
        Self::new(written.rules)
    }
}

impl From<Configuration> for Written {
    fn from(configuration: Configuration) -> Self {
        Self { rules: configuration.rules }
    }
}

#[cfg(test)]
mod tests;
