//! Which key a request means: by id, ARN, alias name or alias ARN.

use std::sync::Arc;

use ringwall_model::Arn;
use ringwall_store::Row;

use super::rows::{self, Key};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Which forms an operation takes.
///
/// Source: AWS, *KMS API Reference*, parameter `KeyId` and "Cross-account use" of each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forms {
    /// A key of the caller's account, by id or ARN.
    Own,
    /// A key, by id or ARN.
    Key,
    /// A key, by id, ARN or alias.
    Any,
}

/// A key as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identifier {
    pub(crate) account: String,
    pub(crate) name: Name,
}

/// The name in an account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Id(String),
    /// With `alias/`.
    Alias(String),
}

/// A key that was looked for.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    /// Its account.
    pub(crate) account: String,
    /// Its ARN, or its alias's if that leads to no key.
    pub(crate) arn: Arc<str>,
    /// The alias that the request named, with `alias/`.
    pub(crate) alias: Option<String>,
    /// The key, if it is there.
    pub(crate) row: Option<Arc<Row<Key>>>,
}

impl Identifier {
    /// Reads a `KeyId`.
    ///
    /// # Errors
    ///
    /// `InvalidArnException` for an ARN that is none of KMS, `NotFoundException` for one of another region or for a form
    /// that the operation does not take.
    pub(crate) fn parse(call: &Call<'_>, text: &str, forms: Forms) -> Result<Self> {
        let found = if text.starts_with("arn:") {
            let arn: Arn = text.parse().map_err(|_| invalid_arn(text))?;
            let of_kms = arn.partition == "aws" && arn.service == "kms" && arn.account.len() == 12;
            if !of_kms {
                return Err(invalid_arn(text));
            }
            if arn.region != call.region() {
                return Err(not_found(format!("Invalid arn {}", arn.region)));
            }
            let name = match arn.kind_and_rest() {
                Some(("key", id)) if !id.is_empty() => Name::Id(id.to_owned()),
                Some(("alias", rest)) if !rest.is_empty() => Name::Alias(arn.resource),
                _ => return Err(invalid_arn(text)),
            };
            Self { account: arn.account, name }
        } else {
            let is_alias = text.starts_with("alias/");
            let name = if is_alias { Name::Alias(text.to_owned()) } else { Name::Id(text.to_owned()) };
            Self { account: call.account().to_owned(), name }
        };
        match &found.name {
            Name::Alias(name) if forms != Forms::Any => Err(not_found(format!("Invalid keyId '{name}'"))),
            _ => Ok(found),
        }
    }

    /// Looks it up.
    pub(crate) async fn seek(self, call: &Call<'_>, forms: Forms) -> Result<Sought> {
        let Self { account, name } = self;
        let (tables, region) = (&call.shared.kms, call.region());
        let foreign = forms == Forms::Own && account != call.account();
        let (id, alias) = match name {
            Name::Id(id) => (id, None),
            Name::Alias(alias) => {
                let row = if foreign { None } else { tables.aliases.get(&account, region, &alias).await? };
                let Some(row) = row else {
                    let arn = rows::alias_arn(region, &account, &alias).into();
                    return Ok(Sought { account, arn, alias: Some(alias), row: None });
                };
                (row.value.key.clone(), Some(alias))
            }
        };
        let row = if foreign { None } else { tables.keys.get(&account, region, &id).await? };
        let row = row.filter(|row| !row.value.is_gone(call.now()));
        Ok(Sought { arn: rows::arn(region, &account, &id).into(), account, alias, row })
    }
}

/// A key by what a request says.
pub(crate) async fn seek(call: &Call<'_>, text: &str, forms: Forms) -> Result<Sought> {
    Identifier::parse(call, text, forms)?.seek(call, forms).await
}

impl Sought {
    /// What those are told who may ask for it, but it is not there.
    pub(crate) fn missing(&self) -> ApiError {
        match &self.alias {
            Some(_) if self.arn.contains(":alias/") => not_found(format!("Alias {} is not found.", self.arn)),
            _ => not_found(format!("Key '{}' does not exist", self.arn)),
        }
    }
}

pub(crate) fn not_found(message: String) -> ApiError {
    ApiError::new("NotFoundException", message)
}

fn invalid_arn(text: &str) -> ApiError {
    ApiError::new("InvalidArnException", format!("Invalid arn: {text}"))
}

/// An input that is none, in the words that the models have no shape for.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message).status(400)
}
