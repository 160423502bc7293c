//! Secrets as they are kept: sealed under the installation's keys, each bound to the place it belongs to.

use data_encoding::BASE64;
use ringwall_envelope::{Aad, Keyring, Random};
use ringwall_model::Secret;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, Result};

/// A secret, sealed. It opens for its own purpose and place alone, so that it cannot be moved to another record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sealed(String);

/// What a sealed secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A secret access key; the place is [`key_place`].
    AccessKey,
    /// A session token; the place is empty.
    Session,
    /// Key material of KMS; the place is the key's ARN and the material's id.
    KeyMaterial,
    /// A parameter's value that is no `SecureString`; the place is its ARN and version.
    Parameter,
    /// A password of the registry; the place is empty.
    Registry,
    /// The right to download a layer by its address; the place is empty.
    Layer,
}

/// The place of a secret access key: whoever can write the store cannot hand the key to another user by it.
pub(crate) fn key_place(account: &str, user_id: &str, key: &str) -> String {
    format!("{account}/{user_id}/{key}")
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::AccessKey => "iam/access-key",
            Self::Session => "sts/session",
            Self::KeyMaterial => "kms/material",
            Self::Parameter => "ssm/parameter",
            Self::Registry => "ecr/password",
            Self::Layer => "ecr/layer",
        }
    }
}

impl Sealed {
    /// Seals a secret for a place.
    pub(crate) fn new(
        keyring: &Keyring,
        random: &dyn Random,
        purpose: Purpose,
        place: &str,
        secret: &[u8],
    ) -> Result<Self> {
        let blob = keyring.seal(&Aad::new(purpose.name(), [place]), secret, random);
        Ok(Self(BASE64.encode(&blob.map_err(|error| ApiError::internal(&error))?)))
    }

    /// Opens it.
    pub(crate) fn open(&self, keyring: &Keyring, purpose: Purpose, place: &str) -> Result<Secret> {
        let blob = BASE64.decode(self.0.as_bytes()).map_err(|error| ApiError::internal(&error))?;
        keyring.open(&Aad::new(purpose.name(), [place]), &blob).map_err(|error| ApiError::internal(&error))
    }

    /// Opens what anybody may have written; `None` if it was not sealed here, or was changed.
    pub(crate) fn open_quietly(&self, keyring: &Keyring, purpose: Purpose, place: &str) -> Option<Secret> {
        let blob = BASE64.decode(self.0.as_bytes()).ok()?;
        keyring.open(&Aad::new(purpose.name(), [place]), &blob).ok()
    }

    /// The sealed secret as text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The sealed secret as text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// What [`Sealed::into_text`] gave.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}
