//! What Secrets Manager keeps. Secrets are of an account and a region.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_store::{Store, Table};
use serde::{Deserialize, Serialize};

use super::schedule::Schedule;
use crate::enveloped::Enveloped;
use crate::principals::ResourceDocument;

/// The tables of Secrets Manager.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) secrets: Table<Secret>,
    /// Filed under `NAME-SUFFIX:VERSION`.
    pub(crate) values: Table<Enveloped>,
}

impl Tables {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            secrets: Table::new(store, "secretsmanager/secret"),
            values: Table::new(store, "secretsmanager/value"),
        }
    }
}

/// A secret, filed under its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Secret {
    /// The six characters at the end of its ARN, by which a secret is told from an earlier one of the same name.
    pub(crate) suffix: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Milliseconds since 1970.
    pub(crate) changed: i64,
    /// The day on which its value was last read, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) accessed: Option<i64>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// As it was given; `None` is the key that AWS manages.
    #[serde(default)]
    pub(crate) kms_key: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) policy: Option<ResourceDocument>,
    #[serde(default)]
    pub(crate) versions: BTreeMap<String, Version>,
    #[serde(default)]
    pub(crate) rotation: Option<Rotation>,
    /// When it is deleted, in milliseconds since 1970, if it is marked for that.
    #[serde(default)]
    pub(crate) due: Option<i64>,
}

/// A version. Its value is filed apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// The day on which it was last read, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) accessed: Option<i64>,
    pub(crate) form: Form,
    /// ARN of the key of KMS.
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) stages: BTreeSet<String>,
}

/// How a value was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Form {
    /// `SecretString`
    String,
    /// `SecretBinary`
    Binary,
}

/// When a secret is to be rotated. Nobody does it here: see [`super::rotation`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    pub(crate) enabled: bool,
    #[serde(default)]
    pub(crate) lambda: Option<String>,
    #[serde(default)]
    pub(crate) rules: Option<Rules>,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub(crate) last: Option<i64>,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub(crate) next: Option<i64>,
}

/// `RotationRules`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rules {
    pub(crate) schedule: Schedule,
    #[serde(default)]
    pub(crate) duration: Option<String>,
}

impl Secret {
    /// Whether it is gone: its time is over, if it was not swept out yet.
    pub(crate) fn is_gone(&self, now: i64) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// The version with a stage.
    pub(crate) fn with_stage(&self, stage: &str) -> Option<(&String, &Version)> {
        self.versions.iter().find(|(_, version)| version.stages.contains(stage))
    }
}

/// ARN of a secret.
pub(crate) fn arn(region: &str, account: &str, name: &str, suffix: &str) -> String {
    format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{suffix}")
}

/// The name under which a version's value is filed. No name of a secret has a colon.
pub(crate) fn value_name(name: &str, suffix: &str, version: &str) -> String {
    format!("{name}-{suffix}:{version}")
}
