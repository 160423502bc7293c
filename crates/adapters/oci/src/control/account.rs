use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_store::{Change, Row, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Control, SETTINGS};

/// Which scanner basic scanning is by.
pub const SCAN_TYPE_VERSION: &str = "BASIC_SCAN_TYPE_VERSION";
/// Which calls the registry policy has a say in.
pub const REGISTRY_POLICY_SCOPE: &str = "REGISTRY_POLICY_SCOPE";
/// Whether blobs may be mounted from one repository into another.
pub const BLOB_MOUNTING: &str = "BLOB_MOUNTING";

/// What holds for all of an account's registry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The registry policy, as the control API files policies.
    #[serde(default)]
    pub policy: Option<Value>,
    /// `RegistryScanningConfiguration` of the API.
    #[serde(default)]
    pub scanning: Option<Value>,
    /// `ReplicationConfiguration` of the API.
    #[serde(default)]
    pub replication: Option<Value>,
    /// `SigningConfiguration` of the API.
    #[serde(default)]
    pub signing: Option<Value>,
    /// Principals whose pulls don't count as pulls, with the time of their registration in milliseconds since 1970.
    #[serde(default)]
    pub exclusions: BTreeMap<String, i64>,
    /// Account settings that were set, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

impl Account {
    /// An account setting, set or by default; `None` for a name that is no setting.
    ///
    /// Source: AWS, *Amazon ECR API Reference*, PutAccountSetting.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        let default = match name {
            SCAN_TYPE_VERSION => "AWS_NATIVE",
            REGISTRY_POLICY_SCOPE => "V2",
            // AWS has it off unless it is set. A mount is decided as a pull and a push are, so that nothing speaks against it.
            BLOB_MOUNTING => "ENABLED",
            _ => return None,
        };
        Some(self.settings.get(name).map_or(default, String::as_str))
    }

    /// Whether pulls by a principal, by its ARN, are recorded as pulls.
    #[must_use]
    pub fn records_pulls_of(&self, principal: &str) -> bool {
        !self.exclusions.contains_key(principal)
    }
}

impl Control {
    /// What an account has set; `None` if it never set anything.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn account(&self, account: &str) -> Result<Option<Arc<Row<Account>>>, StoreError> {
        self.accounts.get(account, "", SETTINGS).await
    }

    /// Changes what an account has set, and returns it as it is afterwards. `change` may be asked again.
    ///
    /// # Errors
    ///
    /// Those of `change` and of the store.
    pub async fn change_account<E: From<StoreError>>(
        &self,
        account: &str,
        mut change: impl FnMut(&mut Account) -> Result<(), E>,
    ) -> Result<Account, E> {
        let place = self.accounts.place(account, "", SETTINGS);
        let row = self
            .accounts
            .update::<E>(&place, |now| {
                let mut next = now.cloned().unwrap_or_default();
                change(&mut next)?;
                Ok(if now == Some(&next) { Change::Keep } else { Change::Put(next) })
            })
            .await?;
        Ok(row.map(|row| row.value.clone()).unwrap_or_default())
    }
}
