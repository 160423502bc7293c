//! What KMS keeps. Keys, aliases and grants are of an account and a region.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use ringwall_envelope::Key as Material256;
use ringwall_iam::Policy;
use ringwall_store::{Store, Table};
use serde::{Deserialize, Serialize};

use crate::principals::ResourceDocument;
use crate::sealed::Sealed;

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1000;

/// The tables of KMS.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) keys: Table<Key>,
    pub(crate) aliases: Table<Alias>,
    /// Filed under `KEY-ID/GRANT-ID`.
    pub(crate) grants: Table<Grant>,
    /// Filed under the account of who may retire, by `PRINCIPAL/GRANT-ID`.
    pub(crate) retirable: Table<Retirable>,
}

impl Tables {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            keys: Table::new(store, "kms/key"),
            aliases: Table::new(store, "kms/alias"),
            grants: Table::new(store, "kms/grant"),
            retirable: Table::new(store, "kms/retirable"),
        }
    }
}

/// A key, filed under its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    #[serde(default)]
    pub(crate) description: String,
    /// The service that AWS manages it for, such as `ssm`; `None` for a customer's own.
    #[serde(default)]
    pub(crate) managed_for: Option<String>,
    pub(crate) state: State,
    pub(crate) policy: ResourceDocument,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Names of its aliases, such as `alias/app`.
    #[serde(default)]
    pub(crate) aliases: BTreeSet<String>,
    #[serde(default)]
    pub(crate) rotation: Option<Rotation>,
    /// Versions of its material, the first one first. The last one seals.
    pub(crate) materials: Vec<Material>,
    /// Ids of its grants, by whom they are for: what [`Named::filed`] says.
    #[serde(default)]
    pub(crate) grants: BTreeMap<String, BTreeSet<String>>,
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Enabled,
    Disabled,
    /// It is deleted at `due`, in milliseconds since 1970.
    PendingDeletion {
        due: i64,
    },
}

impl State {
    /// `KeyState` of the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
        }
    }
}

/// Automatic rotation, which is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    pub(crate) period_days: i64,
    /// Milliseconds since 1970.
    pub(crate) next: i64,
}

/// One version of a key's material.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Material {
    /// `KeyMaterialId`: 64 hexadecimal digits.
    pub(crate) id: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    pub(crate) by: Rotated,
    /// 256 bits, bound to the key's ARN and the material's id.
    pub(crate) sealed: Sealed,
    #[serde(skip)]
    pub(crate) open: Memo<Material256>,
}

/// How a version came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rotated {
    /// With the key.
    Created,
    Automatic,
    OnDemand,
}

/// An alias, filed under its name with `alias/`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Alias {
    /// Id of its key, which is of the same account and region.
    pub(crate) key: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Milliseconds since 1970.
    pub(crate) updated: i64,
}

/// A grant, filed under `KEY-ID/GRANT-ID`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Whom it is for.
    pub(crate) grantee: Named,
    /// Who may give it back.
    #[serde(default)]
    pub(crate) retiring: Option<Named>,
    /// Account of who made it.
    pub(crate) issuer: String,
    pub(crate) operations: BTreeSet<String>,
    #[serde(default)]
    pub(crate) constraint: Constraint,
    /// What it says, as policies; `None` if that cannot be read any more.
    #[serde(skip)]
    pub(crate) policies: Memo<Option<Granted>>,
}

/// A principal by its ARN, and by what stays its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) arn: String,
    /// Unique id of the user or role, with the session's name after a colon for a session, or the account's id: whoever is
    /// made later under the same name is somebody else.
    pub(crate) filed: String,
}

/// What a grant asks of the encryption context.
///
/// Source: AWS, *KMS API Reference*, `GrantConstraints`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Constraint {
    #[default]
    None,
    /// It is this one.
    Equals(BTreeMap<String, String>),
    /// It has these pairs.
    Subset(BTreeMap<String, String>),
}

/// What a grant says, as policies.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    /// On the key's side: one statement for the grantee.
    pub(crate) resource: Arc<Policy>,
    /// On the grantee's side, who needs no policy beside it; `None` if an account is the grantee, which hands it on by its
    /// own policies.
    pub(crate) identity: Option<Arc<Policy>>,
}

/// A grant of somebody who may retire it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Retirable {
    /// ARN of the key.
    pub(crate) key: String,
}

/// Something that follows from the rest of a row and is made when it is first needed. A copy of the row makes it again,
/// since the rest may change then.
#[derive(Debug)]
pub(crate) struct Memo<T>(pub(crate) OnceLock<T>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Key {
    /// Whether it is gone: its time is over, if it was not swept out yet.
    pub(crate) fn is_gone(&self, now: i64) -> bool {
        matches!(self.state, State::PendingDeletion { due } if due <= now)
    }

    /// How many grants it has.
    pub(crate) fn grant_count(&self) -> usize {
        self.grants.values().map(BTreeSet::len).sum()
    }

    /// The version that seals, counted from 1.
    pub(crate) fn current(&self) -> Option<(u32, &Material)> {
        let version = u32::try_from(self.materials.len()).ok()?;
        Some((version, self.materials.last()?))
    }

    /// A version, counted from 1.
    pub(crate) fn version(&self, version: u32) -> Option<&Material> {
        self.materials.get(usize::try_from(version.checked_sub(1)?).ok()?)
    }
}

/// ARN of a key.
pub(crate) fn arn(region: &str, account: &str, id: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:key/{id}")
}

/// ARN of an alias, whose name begins with `alias/`.
pub(crate) fn alias_arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:{name}")
}
