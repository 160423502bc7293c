//! Pull-through cache rules.

use std::sync::Arc;

use ringwall_oci::control::CacheRule;
use ringwall_registry::cache::{Rule, Upstream};
use ringwall_store::{Batch, Change, Expect, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{on_registry, own};
use super::page::{Page, paged};
use super::{error, invalid, rules, seconds};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Most rules of a registry.
///
/// Source: AWS, *Amazon ECR User Guide*, "Amazon ECR service quotas".
const MAX_RULES: usize = 50;

/// Longest address of an upstream: a host's name has at most 253 bytes, and a port six more.
const MAX_ADDRESS: usize = 259;

/// Items of a page without `maxResults`. Source: DescribePullThroughCacheRules.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatePullThroughCacheRule {
    ecr_repository_prefix: String,
    upstream_registry_url: String,
    registry_id: Option<String>,
    upstream_registry: Option<Upstream>,
    credential_arn: Option<String>,
    custom_role_arn: Option<String>,
    upstream_repository_prefix: Option<String>,
}

/// The prefix as it is filed: `prod/` and `prod` are one.
fn filed(prefix: &str) -> &str {
    prefix.strip_suffix('/').unwrap_or(prefix)
}

fn shown(call: &Call<'_>, row: &CacheRule) -> Result<Value> {
    let mut shown = serde_json::to_value(&row.rule).map_err(|error| ApiError::internal(&error))?;
    if let Some(members) = shown.as_object_mut() {
        members.insert("registryId".to_owned(), call.account().into());
        members.insert("createdAt".to_owned(), seconds(row.created));
        members.insert("updatedAt".to_owned(), seconds(row.updated));
    }
    Ok(shown)
}

fn without(mut value: Value, names: &[&str]) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
    value
}

/// Looks for the secret of a rule, which has to be of the registry's own account.
async fn check_secret(call: &Call<'_>, arn: Option<&str>) -> Result<()> {
    let Some(arn) = arn else { return Ok(()) };
    if crate::secretsmanager::is_there(call, arn).await? {
        return Ok(());
    }
    Err(error(
        "SecretNotFoundException",
        format!(
            "The ARN of the secret specified ({arn}) in the pull through cache rule was not found. Update the secret ARN and try again."
        ),
    ))
}

/// Source: AWS, *Amazon ECR API Reference*, CreatePullThroughCacheRule.
pub(crate) async fn create(call: &Call<'_>, input: CreatePullThroughCacheRule) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:CreatePullThroughCacheRule", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    let host = input.upstream_registry_url.as_str();
    let unsupported = || {
        let message = format!(
            "The upstream registry '{}' is not supported",
            host.chars().take(256).collect::<String>()
        );
        error("UnsupportedUpstreamRegistryException", message)
    };
    let is_address = !host.is_empty()
        && host.len() <= MAX_ADDRESS
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:/".contains(&byte));
    let told = input.upstream_registry;
    // A registry of another name is taken if the request says of which kind it is.
    let kind = Upstream::at(host).or(told).filter(|_| is_address).ok_or_else(unsupported)?;
    if told.is_some_and(|told| told != kind) {
        return Err(unsupported());
    }
    if Upstream::at(host).is_some_and(Upstream::needs_credential) && input.credential_arn.is_none() {
        return Err(invalid(
            "Invalid parameter at 'credentialArn' failed to satisfy constraint: 'the upstream registry needs a credential ARN'",
        ));
    }
    let rule = Rule {
        ecr_repository_prefix: filed(&input.ecr_repository_prefix).to_owned(),
        upstream_registry_url: input.upstream_registry_url,
        upstream_registry: Some(kind),
        upstream_repository_prefix: input.upstream_repository_prefix,
        credential_arn: input.credential_arn,
        custom_role_arn: input.custom_role_arn,
    };
    rule.check().map_err(|why| rules::refused(&why))?;
    check_secret(call, rule.credential_arn.as_deref()).await?;
    let rule = CacheRule { rule, created: call.now(), updated: call.now() };
    let table = &call.shared.ecr.control.cache_rules;
    let prefix = filed(&input.ecr_repository_prefix);
    if crate::page::all(table, call.account(), "", "").await?.len() >= MAX_RULES {
        let message = format!("A registry has at most {MAX_RULES} pull through cache rules");
        return Err(error("LimitExceededException", message));
    }
    let place = table.place(call.account(), "", prefix);
    table
        .update::<ApiError>(&place, |there| match there {
            Some(_) => Err(error(
                "PullThroughCacheRuleAlreadyExistsException",
                format!("A pull through cache rule with the prefix '{prefix}' already exists"),
            )),
            None => Ok(Change::Put(rule.clone())),
        })
        .await?;
    Ok(permit.answer(without(shown(call, &rule)?, &["updatedAt"])))
}

fn not_found(call: &Call<'_>, prefix: &str) -> ApiError {
    let message = format!(
        "The pull through cache rule with prefix '{prefix}' does not exist in the registry with id '{}'",
        call.account()
    );
    error("PullThroughCacheRuleNotFoundException", message)
}

async fn rule(call: &Call<'_>, prefix: &str) -> Result<Arc<Row<CacheRule>>> {
    let row = call.shared.ecr.control.cache_rules.get(call.account(), "", prefix).await?;
    row.ok_or_else(|| not_found(call, prefix))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribePullThroughCacheRules {
    registry_id: Option<String>,
    ecr_repository_prefixes: Option<Vec<String>>,
    #[serde(flatten)]
    page: Page,
}

/// Source: AWS, *Amazon ECR API Reference*, DescribePullThroughCacheRules.
pub(crate) async fn describe(call: &Call<'_>, input: DescribePullThroughCacheRules) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:DescribePullThroughCacheRules", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    if let Some(prefixes) = &input.ecr_repository_prefixes {
        let mut listed = Vec::new();
        for prefix in prefixes {
            let row = rule(call, filed(prefix)).await?;
            listed.push(shown(call, &row.value)?);
        }
        return Ok(permit.answer(json!({ "pullThroughCacheRules": listed })));
    }
    let rows = crate::page::all(&call.shared.ecr.control.cache_rules, call.account(), "", "").await?;
    let items: Vec<(String, Value)> = rows
        .iter()
        .map(|row| Ok((row.place.name.clone(), shown(call, &row.value)?)))
        .collect::<Result<_>>()?;
    Ok(permit.answer(paged(items, &input.page, PAGE)?.into_answer("pullThroughCacheRules", json!({}))))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ByPrefix {
    ecr_repository_prefix: String,
    registry_id: Option<String>,
}

/// Source: AWS, *Amazon ECR API Reference*, DeletePullThroughCacheRule.
pub(crate) async fn delete(call: &Call<'_>, input: ByPrefix) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:DeletePullThroughCacheRule", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    let prefix = filed(&input.ecr_repository_prefix);
    let row = rule(call, prefix).await?;
    let mut batch = Batch::new();
    call.shared.ecr.control.cache_rules.delete(&mut batch, call.account(), "", prefix, Expect::Any);
    call.shared.store.commit(batch).await?;
    Ok(permit.answer(without(shown(call, &row.value)?, &["updatedAt", "upstreamRegistry"])))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatePullThroughCacheRule {
    ecr_repository_prefix: String,
    registry_id: Option<String>,
    credential_arn: Option<String>,
    custom_role_arn: Option<String>,
}

/// Source: AWS, *Amazon ECR API Reference*, UpdatePullThroughCacheRule.
pub(crate) async fn update(call: &Call<'_>, input: UpdatePullThroughCacheRule) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:UpdatePullThroughCacheRule", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    if input.credential_arn.is_none() && input.custom_role_arn.is_none() {
        return Err(invalid(
            "Invalid parameter at 'credentialArn' failed to satisfy constraint: 'a credential ARN or a role ARN has to be given'",
        ));
    }
    let prefix = filed(&input.ecr_repository_prefix);
    rule(call, prefix).await?;
    check_secret(call, input.credential_arn.as_deref()).await?;
    let table = &call.shared.ecr.control.cache_rules;
    let place = table.place(call.account(), "", prefix);
    let updated = table
        .update::<ApiError>(&place, |rule| {
            let mut rule = rule.ok_or_else(|| not_found(call, prefix))?.clone();
            let (secret, role) = (input.credential_arn.clone(), input.custom_role_arn.clone());
            rule.rule.credential_arn = secret.or(rule.rule.credential_arn);
            rule.rule.custom_role_arn = role.or(rule.rule.custom_role_arn);
            rule.updated = call.now();
            Ok(Change::Put(rule))
        })
        .await?;
    let answer = updated.map(|row| shown(call, &row.value)).transpose()?.unwrap_or_default();
    Ok(permit.answer(without(answer, &["createdAt", "upstreamRegistryUrl", "upstreamRegistry"])))
}

/// Whether a rule's secret is there and holds credentials, read in the caller's name.
///
/// Source: AWS, *Amazon ECR API Reference*, ValidatePullThroughCacheRule; *User Guide*, "Storing your upstream repository
/// credentials in an AWS Secrets Manager secret": `username` and `accessToken`.
async fn failure(call: &Call<'_>, rule: &Rule) -> Result<Option<String>> {
    let Some(arn) = rule.credential_arn.as_deref() else { return Ok(None) };
    let text = match crate::secretsmanager::value_of(call, super::SERVICE, arn).await {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(Some(format!("the secret {arn} was not found"))),
        Err(refused) if refused.code == crate::error::INTERNAL => return Err(refused),
        Err(refused) => return Ok(Some(format!("the secret {arn} could not be read: {}", refused.message))),
    };
    let read: Option<Value> = serde_json::from_slice(text.expose()).ok();
    let has = |name: &str| {
        read.as_ref()
            .and_then(|read| read.get(name))
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    let whole = has("username") && has("accessToken");
    Ok((!whole).then(|| format!("the secret {arn} holds no JSON with username and accessToken")))
}

/// Source: AWS, *Amazon ECR API Reference*, ValidatePullThroughCacheRule.
pub(crate) async fn validate(call: &Call<'_>, input: ByPrefix) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:ValidatePullThroughCacheRule", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    let prefix = filed(&input.ecr_repository_prefix);
    let row = rule(call, prefix).await?;
    let failure = failure(call, &row.value.rule).await?;
    let mut answer = without(shown(call, &row.value)?, &["createdAt", "updatedAt", "upstreamRegistry"]);
    if let Some(members) = answer.as_object_mut() {
        members.insert("isValid".to_owned(), failure.is_none().into());
        members.insert("failure".to_owned(), failure.into());
    }
    Ok(permit.answer(answer))
}
