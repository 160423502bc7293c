//! The access policies that AWS offers, and what is published of their rules.

use std::sync::{Arc, LazyLock};

use ringwall_model::PolicyRule;
use serde::Deserialize;

/// The rules, with the document and the date that each was read from.
static DATA: &str = include_str!("../../data/access-policies.json");

/// The access policies that AWS offers, with those of their rules that AWS publishes.
#[derive(Debug, Default)]
pub struct AccessPolicies {
    /// Sorted by name.
    policies: Vec<AccessPolicy>,
}

/// One access policy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessPolicy {
    name: Arc<str>,
    arn: Arc<str>,
    #[serde(deserialize_with = "rules")]
    rules: Option<Vec<PolicyRule>>,
    #[serde(default, rename = "rulesWithUnpublishedNames", deserialize_with = "restricted")]
    restricted: Vec<(PolicyRule, Arc<str>)>,
}

#[derive(Deserialize)]
struct File {
    policies: Vec<AccessPolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenRule {
    verbs: Vec<Arc<str>>,
    #[serde(default)]
    api_groups: Vec<Arc<str>>,
    #[serde(default)]
    resources: Vec<Arc<str>>,
    #[serde(default)]
    resource_names: Vec<Arc<str>>,
    #[serde(default, rename = "nonResourceURLs")]
    non_resource_urls: Vec<Arc<str>>,
    #[serde(default)]
    restriction: Option<Arc<str>>,
}

impl From<WrittenRule> for PolicyRule {
    fn from(rule: WrittenRule) -> Self {
        let WrittenRule { verbs, api_groups, resources, resource_names, non_resource_urls, restriction: _ } =
            rule;
        Self { verbs, api_groups, resources, resource_names, non_resource_urls, line: 0 }
    }
}

fn rules<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Vec<PolicyRule>>, D::Error> {
    let rules = Option::<Vec<WrittenRule>>::deserialize(input)?;
    Ok(rules.map(|rules| rules.into_iter().map(PolicyRule::from).collect()))
}

fn restricted<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<(PolicyRule, Arc<str>)>, D::Error> {
    let rules = Vec::<WrittenRule>::deserialize(input)?;
    let restriction =
        |rule: &WrittenRule| rule.restriction.clone().unwrap_or_else(|| "some names alone".into());
    Ok(rules
        .into_iter()
        .map(|rule| (restriction(&rule), rule))
        .map(|(why, rule)| (rule.into(), why))
        .collect())
}

impl AccessPolicies {
    /// The policies that this version knows. None at all if its own data can't be read, so that every
    /// policy counts as unknown; a test keeps that from happening.
    pub fn built_in() -> &'static Self {
        static POLICIES: LazyLock<AccessPolicies> =
            LazyLock::new(|| AccessPolicies::parse(DATA).unwrap_or_default());
        &POLICIES
    }

    /// Reads the data file's text.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let mut policies = serde_json::from_str::<File>(text)?.policies;
        policies.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { policies })
    }

    /// All policies, by name.
    pub fn all(&self) -> &[AccessPolicy] {
        &self.policies
    }

    /// The policy of this ARN, in any partition.
    pub fn get(&self, arn: &str) -> Option<&AccessPolicy> {
        self.policies.get(self.place(arn)?)
    }

    /// The policy's place in [`all`](Self::all).
    pub(super) fn place(&self, arn: &str) -> Option<usize> {
        let name = policy_name(arn)?;
        self.policies.binary_search_by(|policy| (*policy.name).cmp(name)).ok()
    }
}

/// The name in `arn:PARTITION:eks::aws:cluster-access-policy/NAME`.
pub(super) fn policy_name(arn: &str) -> Option<&str> {
    let (_, rest) = arn.strip_prefix("arn:")?.split_once(':')?;
    rest.strip_prefix("eks::aws:cluster-access-policy/").filter(|name| !name.is_empty())
}

impl AccessPolicy {
    /// Its name, as `AmazonEKSViewPolicy`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its ARN in the partition `aws`.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Its rules; `None` if AWS does not publish them.
    pub fn rules(&self) -> Option<&[PolicyRule]> {
        self.rules.as_deref()
    }

    /// Rules that hold for some names alone, which AWS tells in words; with these words.
    pub fn restricted_rules(&self) -> &[(PolicyRule, Arc<str>)] {
        &self.restricted
    }
}
