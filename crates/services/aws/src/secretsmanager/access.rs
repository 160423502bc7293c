//! Which secret a request means, and whether the caller may do with it what it asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_iam::PolicyKind;
use ringwall_model::Arn;
use ringwall_store::Row;

use super::rows::{self, Secret};
use super::{no_secret, parameter, request};
use crate::authorize::{Ask, Permit, ResourcePolicy};
use crate::call::Call;
use crate::error::Result;

/// Characters of an ARN's end.
pub(crate) const SUFFIX: usize = 6;

/// What stands before a tag's name in the service's own condition keys.
pub(crate) const TAG_KEYS: &str = "secretsmanager:ResourceTag";

/// Longest name.
///
/// Source: AWS, *Secrets Manager API Reference*, CreateSecret, `Name`.
const MAX_NAME: usize = 512;

/// A secret that was looked for.
#[derive(Debug)]
pub(crate) struct Sought {
    /// What the request said.
    asked: String,
    account: String,
    arn: Arc<str>,
    row: Option<Arc<Row<Secret>>>,
}

/// A secret with which the caller may do what it asks for.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) permit: Permit,
    pub(crate) arn: Arc<str>,
    pub(crate) row: Arc<Row<Secret>>,
}

/// Whether it can be a secret's name.
///
/// Source: AWS, *Secrets Manager API Reference*, CreateSecret, `Name`: "The secret name can contain ASCII letters, numbers,
/// and the following characters: /_+=.@-".
pub(crate) fn check_name(name: &str) -> Result<()> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-!".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(good) {
        let message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
        return Err(parameter(message));
    }
    Ok(())
}

/// Looks for a secret by its name, its ARN, or its ARN without the end.
///
/// A full ARN comes first: a secret whose name ends as an ARN does is found by its full ARN alone.
///
/// Source: AWS, *Secrets Manager API Reference*, GetSecretValue, `SecretId`; *User Guide*, "Finding a secret from a partial
/// ARN".
///
/// # Errors
///
/// `InvalidParameterException` for what is neither.
pub(crate) async fn seek(call: &Call<'_>, asked: &str) -> Result<Sought> {
    let (region, own) = (call.region(), call.account());
    if !asked.starts_with("arn:") {
        check_name(asked)?;
        let row = live(call, own, asked).await?;
        let suffix = row.as_ref().map_or(NO_SUFFIX, |row| &row.value.suffix);
        let arn = rows::arn(region, own, asked, suffix).into();
        return Ok(Sought { asked: asked.to_owned(), account: own.to_owned(), arn, row });
    }
    let parsed = asked.parse::<Arn>().ok();
    let invalid = || parameter("Invalid ARN. Must be the ARN of a secret.");
    let parsed = parsed.filter(|arn| arn.partition == "aws" && arn.service == super::SERVICE);
    let parsed = parsed.filter(|arn| arn.account.len() == 12).ok_or_else(invalid)?;
    let rest = parsed.resource.strip_prefix("secret:").ok_or_else(invalid)?;
    check_name(rest)?;
    let full = rest.rsplit_once('-').filter(|(_, suffix)| suffix.len() == SUFFIX);
    let mut row = None;
    if parsed.region == region {
        if let Some((name, suffix)) = full {
            row = live(call, &parsed.account, name).await?.filter(|row| row.value.suffix == suffix);
        }
        if row.is_none() {
            row = live(call, &parsed.account, rest).await?;
        }
    }
    let arn: Arc<str> = match (&row, full) {
        (Some(row), _) => rows::arn(region, &parsed.account, &row.place.name, &row.value.suffix).into(),
        (None, Some(_)) => asked.into(),
        (None, None) => rows::arn(&parsed.region, &parsed.account, rest, NO_SUFFIX).into(),
    };
    Ok(Sought { asked: asked.to_owned(), account: parsed.account, arn, row })
}

/// Stands for the end of the ARN of a secret that is not there, so that policies on all secrets of a name cover it.
const NO_SUFFIX: &str = "000000";

async fn live(call: &Call<'_>, account: &str, name: &str) -> Result<Option<Arc<Row<Secret>>>> {
    let row = call.shared.secretsmanager.secrets.get(account, call.region(), name).await?;
    Ok(row.filter(|row| !row.value.is_gone(call.now())))
}

impl Sought {
    /// The question whether an action is allowed on it, with what the secret tells of itself.
    ///
    /// `secretsmanager:SecretId` is the full ARN however the request names the secret, so that no other way to name it gets
    /// around a condition.
    ///
    /// Source: AWS, *Service Authorization Reference*, "Actions, resources, and condition keys for AWS Secrets Manager".
    pub(crate) fn ask(&self, call: &Call<'_>, action: &str) -> Ask {
        let ask = Ask::new(action, Arc::clone(&self.arn))
            .named(&self.asked)
            .with("secretsmanager:SecretId", Arc::clone(&self.arn));
        let Some(row) = &self.row else { return ask };
        let secret = &row.value;
        let lambda = secret.rotation.as_ref().and_then(|rotation| rotation.lambda.as_deref());
        let mut ask = ask
            .with("secretsmanager:SecretPrimaryRegion", call.region())
            .with_some("secretsmanager:resource/AllowRotationLambdaArn", lambda)
            .resource_tags(Some(TAG_KEYS), pairs(&secret.tags));
        if let Some(policy) = &secret.policy {
            ask = ask.policy(ResourcePolicy::from(policy.policy(PolicyKind::Resource, "resource policy")));
        }
        ask
    }

    /// Decides. Whether the secret is there is told only to who may ask for it.
    ///
    /// # Errors
    ///
    /// `AccessDenied`; `ResourceNotFoundException` if it is not there.
    pub(crate) fn allowed(self, call: &Call<'_>, ask: &Ask) -> Result<Found> {
        if self.row.is_some() {
            call.note_resource(&self.arn, &self.account, "AWS::SecretsManager::Secret");
        }
        let permit = call.authorize(ask)?;
        let row = self.row.ok_or_else(no_secret)?;
        Ok(Found { permit, arn: self.arn, row })
    }

    /// The account that it belongs to.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Whether it is there.
    pub(crate) fn is_there(&self) -> bool {
        self.row.is_some()
    }
}

/// Finds a secret and decides, where the request tells nothing more.
pub(crate) async fn allowed(call: &Call<'_>, asked: &str, action: &str) -> Result<Found> {
    let sought = seek(call, asked).await?;
    let ask = sought.ask(call, action);
    sought.allowed(call, &ask)
}

impl Found {
    pub(crate) fn secret(&self) -> &Secret {
        &self.row.value
    }

    pub(crate) fn name(&self) -> &str {
        &self.row.place.name
    }

    pub(crate) fn account(&self) -> &str {
        &self.row.place.account
    }

    /// Whether it can be used.
    ///
    /// # Errors
    ///
    /// `InvalidRequestException` for a secret that is marked for deletion.
    pub(crate) fn usable(&self) -> Result<()> {
        usable(self.secret())
    }
}

pub(crate) fn usable(secret: &Secret) -> Result<()> {
    if secret.due.is_some() {
        return Err(request(
            "You can't perform this operation on the secret because it was marked for deletion.",
        ));
    }
    Ok(())
}

pub(crate) fn pairs(tags: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
