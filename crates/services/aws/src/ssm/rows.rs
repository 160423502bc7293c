//! What Parameter Store keeps. Parameters are of an account and a region.

use std::collections::BTreeMap;

use ringwall_store::{Store, Table};
use serde::{Deserialize, Serialize};

use crate::enveloped::Enveloped;
use crate::sealed::Sealed;

/// The tables of Parameter Store.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Filed under the name without a slash before it, as ARNs tell it.
    pub(crate) parameters: Table<Parameter>,
    /// Versions before the newest, filed under `NAME:VERSION`.
    pub(crate) versions: Table<Version>,
}

impl Tables {
    pub(crate) fn new(store: &Store) -> Self {
        Self { parameters: Table::new(store, "ssm/parameter"), versions: Table::new(store, "ssm/version") }
    }
}

/// A parameter with its newest version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parameter {
    /// As it was given.
    pub(crate) name: String,
    /// The oldest version that is kept; all from there to the newest are.
    pub(crate) oldest: i64,
    pub(crate) latest: Version,
    /// Versions by their labels.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, i64>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// A version, counted from 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) number: i64,
    /// Milliseconds since 1970.
    pub(crate) modified: i64,
    /// ARN of who made it.
    pub(crate) by: String,
    pub(crate) kind: Kind,
    pub(crate) tier: Tier,
    pub(crate) value: Value,
    /// The key of KMS, as it was given, of a `SecureString`.
    #[serde(default)]
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) pattern: Option<String>,
}

/// How a value is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Value {
    /// Under the installation's keys.
    Plain(Sealed),
    /// By KMS, as Base64.
    Direct(String),
    /// Under a data key that KMS sealed.
    Enveloped(Enveloped),
}

/// `Type`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    String,
    StringList,
    SecureString,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

/// `Tier`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tier {
    Standard,
    Advanced,
}

impl Tier {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }
}

impl Parameter {
    /// The labels of a version.
    pub(crate) fn labels_of(&self, version: i64) -> Vec<&str> {
        self.labels.iter().filter(|(_, of)| **of == version).map(|(label, _)| label.as_str()).collect()
    }

    /// Whether a version is kept.
    pub(crate) fn has(&self, version: i64) -> bool {
        (self.oldest..=self.latest.number).contains(&version)
    }
}

/// ARN of a parameter by the name that it is filed under.
pub(crate) fn arn(region: &str, account: &str, filed: &str) -> String {
    format!("arn:aws:ssm:{region}:{account}:parameter/{filed}")
}

/// The name under which an earlier version is filed. No name of a parameter has a colon, and versions are in order.
pub(crate) fn version_name(filed: &str, version: i64) -> String {
    format!("{filed}:{version:019}")
}
