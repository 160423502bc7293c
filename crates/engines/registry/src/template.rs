//! Creation templates: what a repository gets that comes to be by itself.
//!
//! Amazon ECR User Guide, "Templates to control repositories created during a pull through cache, create on push, or replication
//! action": the template with the longest prefix that matches is taken; a prefix ends at a slash, written or not; `ROOT` is for
//! all names that no other template matches.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lifecycle::Policy;
use crate::name::is_path;
use crate::{Invalid, Mutability, RepositoryName};

/// The prefix that matches when no other does.
pub const ROOT: &str = "ROOT";

/// Bytes of a prefix (ECR: `Prefix`).
const MAX_PREFIX: usize = 256;

/// Bytes of a description (ECR: `RepositoryTemplateDescription`).
const MAX_DESCRIPTION: usize = 256;

/// Bytes of a repository policy (ECR: `RepositoryPolicyText`).
const MAX_POLICY: usize = 10_240;

/// Tags of a repository (Amazon ECR User Guide, "Tag restrictions").
const MAX_TAGS: usize = 50;

/// On what occasion a repository comes to be (ECR: `RCTAppliedFor`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AppliedFor {
    /// Another registry replicates into it.
    Replication,
    /// A pull finds it upstream.
    PullThroughCache,
    /// Somebody pushes to it.
    CreateOnPush,
}

/// ECR's `RepositoryCreationTemplate`, in its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// The prefix, with or without a slash at its end, or `ROOT`.
    pub prefix: String,
    /// What its author says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The occasions it is for.
    pub applied_for: BTreeSet<AppliedFor>,
    /// The mutability of tags.
    #[serde(flatten)]
    pub mutability: Mutability,
    /// The text of the repository's policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_policy: Option<String>,
    /// The text of its lifecycle policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_policy: Option<String>,
    /// ECR's `TagList`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_tags: Vec<ResourceTag>,
    /// ECR's `EncryptionConfiguration`, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_configuration: Option<Value>,
    /// The role in whose name the repository is made, if it takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_role_arn: Option<String>,
}

/// A tag of a repository, not of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceTag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Template {
    /// What ECR's limits and the policies' grammars say of it. The policy of the repository is read by whom it binds.
    pub fn check(&self) -> Result<(), Invalid> {
        check_prefix("prefix", &self.prefix, 1, MAX_PREFIX)?;
        if self.applied_for.is_empty() {
            return Err(Invalid::new("appliedFor", "Member must have length greater than or equal to 1"));
        }
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        Invalid::length("description", length(&self.description), 0, MAX_DESCRIPTION)?;
        Invalid::length("repositoryPolicy", length(&self.repository_policy), 0, MAX_POLICY)?;
        Invalid::length("resourceTags", self.resource_tags.len(), 0, MAX_TAGS)?;
        match self.lifecycle_policy.as_deref() {
            None | Some("") => Ok(()),
            Some(text) => Policy::parse(text).map(drop),
        }
    }

    /// How much of the name its prefix covers, if it matches: what the longest is measured by.
    fn covers(&self, name: &RepositoryName) -> Option<usize> {
        if self.prefix == ROOT {
            return Some(0);
        }
        below(&self.prefix, name.as_str()).map(|rest| name.as_str().len() - rest.len())
    }
}

/// The template for a repository that comes to be on an occasion.
pub fn find<'a>(
    templates: impl IntoIterator<Item = &'a Template>,
    name: &RepositoryName,
    occasion: AppliedFor,
) -> Option<&'a Template> {
    let fitting = templates.into_iter().filter(|template| template.applied_for.contains(&occasion));
    let covering = fitting.filter_map(|template| Some((template.covers(name)?, template)));
    covering.max_by_key(|(covered, _)| *covered).map(|(_, template)| template)
}

/// The rest of a name after a prefix and its slash.
pub(crate) fn below<'a>(prefix: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(prefix.trim_end_matches('/'))?.strip_prefix('/')
}

/// `ROOT`, or a path that may end with a slash (ECR: `Prefix`, `PullThroughCacheRuleRepositoryPrefix`).
pub(crate) fn check_prefix(
    parameter: &'static str,
    prefix: &str,
    min: usize,
    max: usize,
) -> Result<(), Invalid> {
    Invalid::length(parameter, prefix.len(), min, max)?;
    if prefix != ROOT && !is_path(prefix.strip_suffix('/').unwrap_or(prefix)) {
        let pattern = r"must satisfy regular expression '^([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/?|ROOT)$'";
        return Err(Invalid::new(parameter, pattern));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
