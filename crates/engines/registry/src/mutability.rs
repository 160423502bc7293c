use serde::{Deserialize, Serialize};

use crate::pattern::Pattern;
use crate::{Invalid, Tag};

/// Exclusion filters of a repository (ECR: `ImageTagMutabilityExclusionFilters`).
pub const MAX_EXCLUSION_FILTERS: usize = 5;

/// Bytes of an exclusion filter (ECR: `ImageTagMutabilityExclusionFilterValue`).
const MAX_FILTER: usize = 128;

/// `*` of one exclusion filter: Amazon ECR User Guide, "Preventing image tags from being overwritten", has at most two.
const MAX_FILTER_WILDCARDS: usize = 2;

const FILTERS: &str = "imageTagMutabilityExclusionFilters";

/// ECR's `imageTagMutability`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// Any tag may be moved.
    #[default]
    Mutable,
    /// No tag may be moved.
    Immutable,
    /// Only tags that match a filter may be moved.
    ImmutableWithExclusion,
    /// Any tag may be moved but those that match a filter.
    MutableWithExclusion,
}

/// Which tags of a repository may be moved to another image.
///
/// In JSON as ECR has it in a repository: `imageTagMutability`, and `imageTagMutabilityExclusionFilters` of type `WILDCARD`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Mutability {
    mode: Mode,
    filters: Vec<Pattern>,
}

impl Mutability {
    /// A mode with exclusion has 1 to 5 filters of `[0-9a-zA-Z._*-]{1,128}`, the others none.
    pub fn new(mode: Mode, filters: Vec<String>) -> Result<Self, Invalid> {
        let excludes = matches!(mode, Mode::ImmutableWithExclusion | Mode::MutableWithExclusion);
        if !excludes && !filters.is_empty() {
            return Err(Invalid::new(
                FILTERS,
                "exclusion filters can only be specified with IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION",
            ));
        }
        if excludes {
            Invalid::length(FILTERS, filters.len(), 1, MAX_EXCLUSION_FILTERS)?;
        }
        for filter in &filters {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._*-".contains(&byte);
            if filter.is_empty() || filter.len() > MAX_FILTER || !filter.bytes().all(allowed) {
                let constraint = "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'";
                return Err(Invalid::new(FILTERS, constraint));
            }
        }
        let filters: Vec<_> = filters.into_iter().map(Pattern::new).collect();
        if filters.iter().any(|filter| filter.wildcards() > MAX_FILTER_WILDCARDS) {
            return Err(Invalid::new(FILTERS, "a filter can contain a maximum of 2 wildcards (*)"));
        }
        Ok(Self { mode, filters })
    }

    /// The mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The exclusion filters, in the order in which they were given.
    pub fn filters(&self) -> &[Pattern] {
        &self.filters
    }

    /// Whether the tag, which names an image already, may name another one from now on.
    pub fn may_move(&self, tag: &Tag) -> bool {
        let excluded = || self.filters.iter().any(|filter| filter.matches(tag.as_str()));
        match self.mode {
            Mode::Mutable => true,
            Mode::Immutable => false,
            Mode::ImmutableWithExclusion => excluded(),
            Mode::MutableWithExclusion => !excluded(),
        }
    }
}

/// ECR's JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    image_tag_mutability: Mode,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    image_tag_mutability_exclusion_filters: Vec<Filter>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    filter_type: FilterType,
    filter: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum FilterType {
    Wildcard,
}

impl TryFrom<Written> for Mutability {
    type Error = Invalid;

    fn try_from(written: Written) -> Result<Self, Invalid> {
        let filters = written.image_tag_mutability_exclusion_filters;
        Self::new(written.image_tag_mutability, filters.into_iter().map(|filter| filter.filter).collect())
    }
}

impl From<Mutability> for Written {
    fn from(mutability: Mutability) -> Self {
        let filter = |pattern: Pattern| Filter {
            filter_type: FilterType::Wildcard,
            filter: pattern.as_str().to_owned(),
        };
        Self {
            image_tag_mutability: mutability.mode,
            image_tag_mutability_exclusion_filters: mutability.filters.into_iter().map(filter).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
