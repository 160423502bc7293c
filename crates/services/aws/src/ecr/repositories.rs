//! Repositories.

use std::collections::BTreeMap;

use ringwall_oci::control::setting;
use ringwall_oci::{OciError, Repository};
use ringwall_registry::Mutability;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{Sought, arn, content, region_of, seek};
use super::page::Page;
use super::tags::{self, Tag};
use super::{error, invalid, of_oci, rules, seconds};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::page::{after, token};

/// Items of a page without `maxResults`. Source: AWS, *Amazon ECR API Reference*, DescribeRepositories.
const PAGE: usize = 100;

/// A repository as the API shows it.
pub(crate) fn shown(call: &Call<'_>, account: &str, repository: &Repository) -> Value {
    let (settings, region) = (&repository.settings, region_of(repository));
    let mut shown = json!({
        "repositoryArn": arn(region, account, &repository.name),
        "registryId": account,
        "repositoryName": repository.name,
        "repositoryUri": format!("{}/{}", call.shared.ecr.address(account, region), repository.name),
        "createdAt": seconds(repository.created_at.as_millisecond()),
    });
    if let Some(members) = shown.as_object_mut() {
        for name in [setting::MUTABILITY, setting::EXCLUSION_FILTERS, setting::SCANNING, setting::ENCRYPTION]
        {
            members.extend(settings.get(name).map(|value| (name.to_owned(), value.clone())));
        }
    }
    shown
}

/// What is set for a new repository.
#[derive(Debug, Default)]
pub(crate) struct New {
    pub(crate) mutability: Mutability,
    pub(crate) scan_on_push: bool,
    pub(crate) encryption: Option<Value>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) policy: Option<Value>,
    pub(crate) lifecycle: Option<String>,
}

impl New {
    /// The settings, in a region.
    ///
    /// # Errors
    ///
    /// Faults of this side alone.
    pub(crate) fn settings(self, region: &str) -> Result<Map<String, Value>> {
        let mutability =
            serde_json::to_value(&self.mutability).map_err(|error| ApiError::internal(&error))?;
        let mut settings = Map::new();
        if let Value::Object(members) = mutability {
            settings.extend(members);
        }
        let encryption = self.encryption.unwrap_or_else(aes256);
        let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
        set(setting::SCANNING, json!({ "scanOnPush": self.scan_on_push }));
        set(setting::ENCRYPTION, encryption);
        set(setting::TAGS, json!(self.tags));
        set(setting::REGION, region.into());
        if let Some(policy) = self.policy {
            set(setting::POLICY, policy);
        }
        if let Some(lifecycle) = self.lifecycle {
            set(setting::LIFECYCLE, lifecycle.into());
        }
        Ok(settings)
    }
}

/// The encryption that every repository has.
pub(crate) fn aes256() -> Value {
    json!({ "encryptionType": "AES256" })
}

/// Holds an encryption to what is done here.
///
/// # Errors
///
/// `InvalidParameterException` for encryption under keys of KMS.
pub(crate) fn check_encryption(encryption: Option<&Value>) -> Result<()> {
    let Some(encryption) = encryption else { return Ok(()) };
    let kind = encryption.get("encryptionType").and_then(Value::as_str).unwrap_or_default();
    if kind != "AES256" || encryption.get("kmsKey").is_some_and(|key| key.as_str() != Some("")) {
        return Err(invalid(
            "Invalid parameter at 'encryptionConfiguration' failed to satisfy constraint: 'layers are not encrypted under keys of KMS here; only AES256 is supported'",
        ));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScanOnPush {
    #[serde(default)]
    pub(crate) scan_on_push: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateRepository {
    registry_id: Option<String>,
    repository_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
    image_tag_mutability: Option<Value>,
    image_tag_mutability_exclusion_filters: Option<Value>,
    image_scanning_configuration: Option<ScanOnPush>,
    encryption_configuration: Option<Value>,
}

/// Source: AWS, *Amazon ECR API Reference*, CreateRepository; *User Guide*, "Tagging a private repository": tags take
/// `ecr:TagResource` as well.
pub(crate) async fn create(call: &Call<'_>, input: CreateRepository) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let given = tags::read(&input.tags)?;
    let asked = |action: &str| sought_tags(&sought, action, &given);
    sought.note(call);
    let permit = call.authorize(&asked("ecr:CreateRepository"))?;
    if !given.is_empty() {
        call.authorize(&asked("ecr:TagResource"))?;
    }
    tags::limit(&given)?;
    check_encryption(input.encryption_configuration.as_ref())?;
    let new = New {
        mutability: rules::mutability(
            input.image_tag_mutability,
            input.image_tag_mutability_exclusion_filters,
        )?,
        scan_on_push: input.image_scanning_configuration.is_some_and(|scanning| scanning.scan_on_push),
        encryption: input.encryption_configuration,
        tags: given,
        ..New::default()
    };
    let repository = file(call, &sought, new).await?;
    Ok(permit.answer(json!({ "repository": shown(call, &sought.account, &repository) })))
}

fn sought_tags(sought: &Sought, action: &str, given: &BTreeMap<String, String>) -> Ask {
    // Of a repository that is there already, its own tags count; a new one has those that it is given.
    let ask = sought.ask(action).request_tags(tags::pairs(given));
    match &sought.repository {
        Some(_) => ask,
        None => ask.resource_tags(Some(super::access::TAG_KEYS), tags::pairs(given)),
    }
}

/// Files a new repository.
///
/// # Errors
///
/// `RepositoryAlreadyExistsException`
pub(crate) async fn file(call: &Call<'_>, sought: &Sought, new: New) -> Result<Repository> {
    let (account, name) = (&sought.account, &sought.name);
    let content = content(call)?;
    let settings = new.settings(call.region())?;
    content.create_repository(&sought.key, settings).await.map_err(|failed| match failed {
        OciError::RepositoryExists(_) => error(
            "RepositoryAlreadyExistsException",
            format!("The repository with name '{name}' already exists in the registry with id '{account}'"),
        ),
        other => of_oci(account, name, &other),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeRepositories {
    registry_id: Option<String>,
    repository_names: Option<Vec<String>>,
    #[serde(flatten)]
    page: Page,
}

/// Source: AWS, *Amazon ECR API Reference*, DescribeRepositories.
pub(crate) async fn describe(call: &Call<'_>, input: DescribeRepositories) -> Result<Answer> {
    const ACTION: &str = "ecr:DescribeRepositories";
    let registry = input.registry_id.as_deref();
    if let Some(names) = &input.repository_names {
        let mut found = Vec::new();
        for name in names {
            found.push(seek(call, registry, name).await?.allowed(call, ACTION)?);
        }
        let repositories: Vec<Value> =
            found.iter().map(|found| shown(call, &found.account, &found.repository)).collect();
        let answer = json!({ "repositories": repositories });
        let permit = found.into_iter().next().map(|found| found.permit);
        // The model asks for one name at least.
        let permit = permit.ok_or_else(|| invalid("Invalid parameter at 'repositoryNames'"))?;
        return Ok(permit.answer(answer));
    }
    let account = registry.unwrap_or_else(|| call.account()).to_owned();
    let row = call.shared.ecr.control.account(&account).await?;
    let policy = super::policy::deciding(None, row.as_ref().and_then(|row| row.value.policy.as_ref()));
    let permit = call.authorize(&Ask::new(ACTION, arn(call.region(), &account, "*")).policy(policy))?;
    let limit = input.page.max_results.unwrap_or(PAGE);
    let mut from = after(input.page.next_token.as_deref())?;
    let (mut repositories, mut next) = (Vec::new(), None);
    let content = content(call)?;
    'pages: loop {
        let page = content.repositories(&account, from.as_deref(), limit.saturating_add(1)).await;
        let page = page.map_err(|error| of_oci(&account, "", &error))?;
        let is_last = page.len() <= limit;
        for repository in page {
            if region_of(&repository) == call.region() {
                if repositories.len() == limit {
                    next = from.as_deref().map(token);
                    break 'pages;
                }
                repositories.push(shown(call, &account, &repository));
            }
            from = Some(repository.name);
        }
        if is_last {
            break;
        }
    }
    let mut answer = json!({ "repositories": repositories });
    if let (Some(members), Some(next)) = (answer.as_object_mut(), next) {
        members.insert("nextToken".to_owned(), next.into());
    }
    Ok(permit.answer(answer))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteRepository {
    registry_id: Option<String>,
    repository_name: String,
    #[serde(default)]
    force: bool,
}

/// Source: AWS, *Amazon ECR API Reference*, DeleteRepository.
pub(crate) async fn delete(call: &Call<'_>, input: DeleteRepository) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:DeleteRepository")?;
    let deleted = content(call)?.delete_repository(&found.key, input.force).await;
    let deleted = deleted.map_err(|failed| match failed {
        OciError::RepositoryNotEmpty(_) => error(
            "RepositoryNotEmptyException",
            format!(
                "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
                found.name, found.account
            ),
        ),
        other => found.failed(&other),
    })?;
    call.shared.ecr.control.forget_repository(&found.account, &deleted.id).await?;
    let mut answer = shown(call, &found.account, &deleted);
    if let Some(members) = answer.as_object_mut() {
        members.remove(setting::SCANNING);
        members.remove(setting::ENCRYPTION);
    }
    Ok(found.permit.answer(json!({ "repository": answer })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutImageTagMutability {
    registry_id: Option<String>,
    repository_name: String,
    image_tag_mutability: Value,
    image_tag_mutability_exclusion_filters: Option<Value>,
}

/// Source: AWS, *Amazon ECR API Reference*, PutImageTagMutability.
pub(crate) async fn put_mutability(call: &Call<'_>, input: PutImageTagMutability) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:PutImageTagMutability")?;
    let mutability =
        rules::mutability(Some(input.image_tag_mutability), input.image_tag_mutability_exclusion_filters)?;
    let written = serde_json::to_value(&mutability).map_err(|error| ApiError::internal(&error))?;
    let written = written.as_object().cloned().unwrap_or_default();
    found
        .change(call, |settings| {
            settings.remove(setting::EXCLUSION_FILTERS);
            settings.extend(written.clone());
            Ok(())
        })
        .await?;
    let mut answer = written;
    answer.insert("registryId".to_owned(), found.account.as_str().into());
    answer.insert("repositoryName".to_owned(), found.name.as_str().into());
    Ok(found.permit.answer(answer.into()))
}
