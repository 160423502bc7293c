//! Repository creation templates, and repositories made by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_oci::control::Template;
use ringwall_registry::template::{self, AppliedFor};
use ringwall_store::{Batch, Change, Expect, Row};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::on_registry;
use super::page::{Page, paged};
use super::policy::{self, filed};
use super::repositories::{New, aes256, check_encryption};
use super::{error, rules, seconds};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Most templates of a registry.
///
/// Source: AWS, *Amazon ECR User Guide*, "Amazon ECR service quotas".
const MAX_TEMPLATES: usize = 50;

/// Items of a page without `maxResults`. Source: AWS, *Amazon ECR API Reference*, DescribeRepositoryCreationTemplates.
const PAGE: usize = 100;

/// A prefix as it is filed: `prod/` and `prod` are one.
fn place(prefix: &str) -> &str {
    prefix.strip_suffix('/').unwrap_or(prefix)
}

fn shown(row: &Template) -> Result<Value> {
    let mut shown = serde_json::to_value(&row.template).map_err(|error| ApiError::internal(&error))?;
    if let Some(members) = shown.as_object_mut() {
        members.insert("createdAt".to_owned(), seconds(row.created));
        members.insert("updatedAt".to_owned(), seconds(row.updated));
    }
    Ok(shown)
}

fn told(call: &Call<'_>, row: &Template) -> Result<Value> {
    Ok(json!({ "registryId": call.account(), "repositoryCreationTemplate": shown(row)? }))
}

/// A template that the API takes, of the members of a request.
///
/// # Errors
///
/// `InvalidParameterException`
async fn read(call: &Call<'_>, members: Map<String, Value>, created: i64) -> Result<Template> {
    let mut template: template::Template = rules::read(members.into())?;
    template.check().map_err(|why| rules::refused(&why))?;
    check_encryption(template.encryption_configuration.as_ref())?;
    template.encryption_configuration.get_or_insert_with(aes256);
    let tags: Vec<super::tags::Tag> =
        template.resource_tags.iter().map(|tag| super::tags::Tag::new(&tag.key, &tag.value)).collect();
    super::tags::limit(&super::tags::read(&tags)?)?;
    // An empty text takes a policy away.
    let set = |text: &mut Option<String>| text.take_if(|text| text.is_empty());
    set(&mut template.repository_policy);
    set(&mut template.lifecycle_policy);
    let policy = match &template.repository_policy {
        Some(text) => Some(filed(&policy::repository(call, text.clone()).await?)?),
        None => None,
    };
    Ok(Template { template, policy, created, updated: call.now() })
}

fn exists(prefix: &str) -> ApiError {
    let message = format!("The repository creation template with prefix '{prefix}' already exists");
    error("TemplateAlreadyExistsException", message)
}

fn not_found(call: &Call<'_>, prefix: &str) -> ApiError {
    let message = format!(
        "The repository creation template with prefix '{prefix}' does not exist in the registry with id '{}'",
        call.account()
    );
    error("TemplateNotFoundException", message)
}

fn prefix_of(members: &Map<String, Value>) -> &str {
    members.get("prefix").and_then(Value::as_str).map(place).unwrap_or_default()
}

/// Source: AWS, *Amazon ECR API Reference*, CreateRepositoryCreationTemplate.
pub(crate) async fn create(call: &Call<'_>, input: Map<String, Value>) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:CreateRepositoryCreationTemplate", "*")).await?;
    let prefix = prefix_of(&input).to_owned();
    let template = read(call, input, call.now()).await?;
    let table = &call.shared.ecr.control.templates;
    if crate::page::all(table, call.account(), "", "").await?.len() >= MAX_TEMPLATES {
        let message = format!("A registry has at most {MAX_TEMPLATES} repository creation templates");
        return Err(error("LimitExceededException", message));
    }
    let put = |there: Option<&Template>| match there {
        Some(_) => Err(exists(&prefix)),
        None => Ok(Change::Put(template.clone())),
    };
    table.update::<ApiError>(&table.place(call.account(), "", &prefix), put).await?;
    Ok(permit.answer(told(call, &template)?))
}

async fn found(call: &Call<'_>, prefix: &str) -> Result<Arc<Row<Template>>> {
    let row = call.shared.ecr.control.templates.get(call.account(), "", place(prefix)).await?;
    row.ok_or_else(|| not_found(call, prefix))
}

/// What a request leaves out stays as it is.
///
/// Source: AWS, *Amazon ECR API Reference*, UpdateRepositoryCreationTemplate.
pub(crate) async fn update(call: &Call<'_>, input: Map<String, Value>) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:UpdateRepositoryCreationTemplate", "*")).await?;
    let prefix = prefix_of(&input).to_owned();
    let before = found(call, &prefix).await?;
    let now = serde_json::to_value(&before.value.template).map_err(|error| ApiError::internal(&error))?;
    let mut members = now.as_object().cloned().unwrap_or_default();
    if input.contains_key("imageTagMutability") {
        // Filters belong to the mode that they were given with.
        members.remove("imageTagMutabilityExclusionFilters");
    }
    members.extend(input);
    let template = read(call, members, before.value.created).await?;
    let mut batch = Batch::new();
    let table = &call.shared.ecr.control.templates;
    table.put(&mut batch, call.account(), "", &prefix, &template, Expect::Revision(before.revision));
    call.shared.store.commit(batch).await?;
    Ok(permit.answer(told(call, &template)?))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeRepositoryCreationTemplates {
    prefixes: Option<Vec<String>>,
    #[serde(flatten)]
    page: Page,
}

/// Prefixes that have no template are left out.
///
/// Source: AWS, *Amazon ECR API Reference*, DescribeRepositoryCreationTemplates.
pub(crate) async fn describe(call: &Call<'_>, input: DescribeRepositoryCreationTemplates) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:DescribeRepositoryCreationTemplates", "*")).await?;
    let rows = crate::page::all(&call.shared.ecr.control.templates, call.account(), "", "").await?;
    let wanted: Option<Vec<&str>> =
        input.prefixes.as_ref().map(|prefixes| prefixes.iter().map(|prefix| place(prefix)).collect());
    let rows = rows
        .iter()
        .filter(|row| wanted.as_ref().is_none_or(|wanted| wanted.contains(&row.place.name.as_str())));
    let items: Vec<(String, Value)> =
        rows.map(|row| Ok((row.place.name.clone(), shown(&row.value)?))).collect::<Result<_>>()?;
    let more = json!({ "registryId": call.account() });
    Ok(permit.answer(paged(items, &input.page, PAGE)?.into_answer("repositoryCreationTemplates", more)))
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeleteRepositoryCreationTemplate {
    prefix: String,
}

/// Source: AWS, *Amazon ECR API Reference*, DeleteRepositoryCreationTemplate.
pub(crate) async fn delete(call: &Call<'_>, input: DeleteRepositoryCreationTemplate) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:DeleteRepositoryCreationTemplate", "*")).await?;
    let row = found(call, &input.prefix).await?;
    let mut batch = Batch::new();
    let table = &call.shared.ecr.control.templates;
    table.delete(&mut batch, call.account(), "", place(&input.prefix), Expect::Any);
    call.shared.store.commit(batch).await?;
    Ok(permit.answer(told(call, &row.value)?))
}

/// What a template sets for a repository that comes to be on an occasion; `None` if no template is for it.
pub(crate) async fn for_new(
    call: &Call<'_>,
    account: &str,
    name: &str,
    occasion: AppliedFor,
) -> Result<Option<New>> {
    let rows = crate::page::all(&call.shared.ecr.control.templates, account, "", "").await?;
    let name = rules::name(name)?;
    let templates = rows.iter().map(|row| &row.value.template);
    let Some(chosen) = template::find(templates, &name, occasion) else { return Ok(None) };
    let row = rows.iter().find(|row| row.value.template.prefix == chosen.prefix);
    let tags: BTreeMap<String, String> =
        chosen.resource_tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    Ok(Some(New {
        mutability: chosen.mutability.clone(),
        scan_on_push: false,
        encryption: chosen.encryption_configuration.clone(),
        tags,
        policy: row.and_then(|row| row.value.policy.clone()),
        lifecycle: chosen.lifecycle_policy.clone(),
    }))
}
