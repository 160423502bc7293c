//! The ConfigMap `pod-identity-webhook`: roles of service accounts without annotations, as kOps writes it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::settings::MIN_TOKEN_EXPIRATION;

/// The ConfigMap's name. Source: `populateCacheFromCM`.
pub const CONFIG_MAP_NAME: &str = "pod-identity-webhook";

/// The key of the ConfigMap that holds the roles.
pub const CONFIG_MAP_KEY: &str = "config";

/// Roles by service account: the value of [`CONFIG_MAP_KEY`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigMapRoles(BTreeMap<String, Entry>);

/// What one service account gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) role_arn: String,
    /// Empty if none is named.
    pub(super) audience: String,
    pub(super) regional_sts: bool,
    /// In seconds, `None` if none is named.
    pub(super) token_expiration: Option<i64>,
}

/// Why a ConfigMap is refused whole, so that the one before it goes on to hold.
#[derive(Debug, thiserror::Error)]
pub enum ConfigMapError {
    /// The value is no JSON.
    #[error("`config` is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The value is no object.
    #[error("`config` is not an object of service accounts")]
    NotAnObject,
    /// A key is no service account.
    #[error("`{0}` is not NAMESPACE/SERVICEACCOUNT")]
    Key(String),
    /// A service account's entry has a value of the wrong type.
    #[error("`{field}` of `{key}` is not a {expected}")]
    Field {
        /// The service account.
        key: String,
        /// The field.
        field: String,
        /// `string`, …
        expected: &'static str,
    },
}

impl ConfigMapRoles {
    /// Reads the value of the key [`CONFIG_MAP_KEY`]: `{"NAMESPACE/SERVICEACCOUNT": {"RoleARN", "Audience",
    /// "UseRegionalSTS", "TokenExpiration"}}`, where the namespace may be `*`. Names of fields are taken in any case, as
    /// Go's JSON takes them.
    ///
    /// # Errors
    ///
    /// It is no such object.
    pub fn parse(config: &str) -> Result<Self, ConfigMapError> {
        let Value::Object(accounts) = serde_json::from_str(config)? else {
            return Err(ConfigMapError::NotAnObject);
        };
        let read = |(key, value): (String, Value)| {
            if key.split('/').count() != 2 || key.split('/').any(str::is_empty) {
                return Err(ConfigMapError::Key(key));
            }
            let entry = Entry::parse(&key, &value)?;
            Ok((key, entry))
        };
        Ok(Self(accounts.into_iter().map(read).collect::<Result<_, _>>()?))
    }

    /// How many service accounts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn exact(&self, namespace: &str, name: &str) -> Option<&Entry> {
        self.0.get(&format!("{namespace}/{name}"))
    }

    /// The entry of a service account, or of its name in all namespaces.
    pub(super) fn of(&self, namespace: &str, name: &str) -> Option<&Entry> {
        self.exact(namespace, name).or_else(|| self.exact("*", name))
    }
}

impl Entry {
    fn parse(key: &str, value: &Value) -> Result<Self, ConfigMapError> {
        let wrong =
            |field: &str, expected| ConfigMapError::Field { key: key.into(), field: field.into(), expected };
        let fields = value.as_object().ok_or_else(|| wrong("the entry", "object"))?;
        let mut entry = Self::default();
        for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let text = || value.as_str().map(str::to_owned).ok_or_else(|| wrong(field, "string"));
            match field.to_ascii_lowercase().as_str() {
                "rolearn" => entry.role_arn = text()?,
                "audience" => entry.audience = text()?,
                "useregionalsts" => {
                    entry.regional_sts = value.as_bool().ok_or_else(|| wrong(field, "boolean"))?;
                }
                "tokenexpiration" => {
                    let seconds = value.as_i64().ok_or_else(|| wrong(field, "number of seconds"))?;
                    entry.token_expiration = (seconds != 0).then_some(seconds.max(MIN_TOKEN_EXPIRATION));
                }
                _ => {}
            }
        }
        Ok(entry)
    }
}
