//! Pull-through caches: which repositories are another registry's, fetched when they are pulled.
//!
//! Amazon ECR User Guide, "Sync an upstream registry with an Amazon ECR private registry": the upstream is asked for an image at
//! most once in 24 hours; without an answer, what is there is served.

use serde::{Deserialize, Serialize};

use crate::template::{ROOT, below, check_prefix};
use crate::{Invalid, RepositoryName};

/// Bytes of a prefix (ECR: `PullThroughCacheRuleRepositoryPrefix`).
const PREFIX_LENGTH: (usize, usize) = (2, 30);

/// Milliseconds after which the upstream is asked for a tag again.
pub const CHECK_AFTER: i64 = 24 * 60 * 60 * 1000;

/// ECR's `UpstreamRegistry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Upstream {
    /// Another private registry of ECR's.
    Ecr,
    /// `public.ecr.aws`.
    EcrPublic,
    /// `quay.io`.
    Quay,
    /// `registry.k8s.io`.
    K8s,
    /// `registry-1.docker.io`.
    DockerHub,
    /// `ghcr.io`.
    GithubContainerRegistry,
    /// `NAME.azurecr.io`.
    AzureContainerRegistry,
    /// `registry.gitlab.com`.
    GitlabContainerRegistry,
    /// `cgr.dev`.
    Chainguard,
}

impl Upstream {
    /// The kind of registry at an address, as `CreatePullThroughCacheRule` finds it when it is not told.
    pub fn at(url: &str) -> Option<Self> {
        let host = url.strip_prefix("https://").unwrap_or(url).trim_end_matches('/');
        let known = [
            ("public.ecr.aws", Self::EcrPublic),
            ("quay.io", Self::Quay),
            ("registry.k8s.io", Self::K8s),
            ("registry-1.docker.io", Self::DockerHub),
            ("ghcr.io", Self::GithubContainerRegistry),
            ("registry.gitlab.com", Self::GitlabContainerRegistry),
            ("cgr.dev", Self::Chainguard),
        ];
        if let Some((_, upstream)) = known.into_iter().find(|(name, _)| *name == host) {
            return Some(upstream);
        }
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if host.strip_suffix(".azurecr.io").is_some_and(is_label) {
            return Some(Self::AzureContainerRegistry);
        }
        let mut labels = host.split('.');
        let account = labels
            .next()
            .is_some_and(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
        let private = account && labels.next() == Some("dkr") && labels.next() == Some("ecr");
        (private && labels.next().is_some_and(is_label) && labels.next() == Some("amazonaws"))
            .then_some(Self::Ecr)
    }

    /// Whether a rule has to name a secret with the upstream's user and password.
    pub fn needs_credential(self) -> bool {
        match self {
            Self::Ecr | Self::EcrPublic | Self::Quay | Self::K8s => false,
            Self::DockerHub
            | Self::GithubContainerRegistry
            | Self::AzureContainerRegistry
            | Self::GitlabContainerRegistry
            | Self::Chainguard => true,
        }
    }
}

/// ECR's `PullThroughCacheRule`, in its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Repositories below it are the upstream's; `ROOT` for all that no other rule has.
    pub ecr_repository_prefix: String,
    /// The upstream's address.
    pub upstream_registry_url: String,
    /// What the upstream is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_registry: Option<Upstream>,
    /// Where in the upstream its repositories are; `ROOT`, or nothing, for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_repository_prefix: Option<String>,
    /// The secret with user and password for the upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_arn: Option<String>,
    /// The role with which a private registry of ECR's is pulled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_role_arn: Option<String>,
}

impl Rule {
    /// What ECR's limits say of it.
    pub fn check(&self) -> Result<(), Invalid> {
        let (min, max) = PREFIX_LENGTH;
        check_prefix("ecrRepositoryPrefix", &self.ecr_repository_prefix, min, max)?;
        if let Some(prefix) = &self.upstream_repository_prefix {
            check_prefix("upstreamRepositoryPrefix", prefix, min, max)?;
        }
        Ok(())
    }

    /// The upstream's name for a repository of this registry, if the rule is for it.
    pub fn upstream_name(&self, name: &RepositoryName) -> Option<String> {
        let rest = match self.ecr_repository_prefix.as_str() {
            ROOT => name.as_str(),
            prefix => below(prefix, name.as_str())?,
        };
        match self.upstream_repository_prefix.as_deref() {
            None | Some(ROOT) => Some(rest.to_owned()),
            Some(prefix) => Some(format!("{}/{rest}", prefix.trim_end_matches('/'))),
        }
    }
}

/// The rule for a repository and the upstream's name for it: of several, that with the longest prefix.
pub fn find<'a>(
    rules: impl IntoIterator<Item = &'a Rule>,
    name: &RepositoryName,
) -> Option<(&'a Rule, String)> {
    let length = |rule: &Rule| match rule.ecr_repository_prefix.as_str() {
        ROOT => 0,
        prefix => prefix.trim_end_matches('/').len(),
    };
    let fitting = rules.into_iter().filter_map(|rule| Some((rule, rule.upstream_name(name)?)));
    fitting.max_by_key(|(rule, _)| length(rule))
}

/// Whether the upstream is to be asked for a tag that is here already. Times in milliseconds since 1970.
pub fn is_due(checked_at: Option<i64>, now: i64) -> bool {
    // A check in the future is of a clock that was wrong, and would put the next one off for good.
    checked_at.is_none_or(|at| at > now || now.saturating_sub(at) >= CHECK_AFTER)
}

#[cfg(test)]
mod tests;
