use ringwall_registry::{cache, template};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A pull-through cache rule, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheRule {
    /// The rule.
    pub rule: cache::Rule,
    /// Milliseconds since 1970.
    pub created: i64,
    /// Milliseconds since 1970.
    pub updated: i64,
}

/// A repository creation template, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The template.
    pub template: template::Template,
    /// Its repository policy, as the control API files policies.
    #[serde(default)]
    pub policy: Option<Value>,
    /// Milliseconds since 1970.
    pub created: i64,
    /// Milliseconds since 1970.
    pub updated: i64,
}
