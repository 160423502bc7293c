//! GetParameter, GetParameters, GetParameterHistory.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{Found, Selector, allowed, allowed_whole, seek};
use super::rows::{self, Parameter, Version};
use super::value;
use super::{bad_token, invalid, seconds};
use crate::authorize::{Answer, Permit};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::page;

/// Most versions of an answer.
///
/// Source: AWS, *Systems Manager API Reference*, GetParameterHistory, `MaxResults`.
const MAX_HISTORY: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetParameter {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

/// Source: AWS, *Systems Manager API Reference*, GetParameter.
pub(crate) async fn get_parameter(call: &Call<'_>, input: GetParameter) -> Result<Answer> {
    let found = allowed(call, &input.name, "ssm:GetParameter").await?;
    let parameter = select(call, &found, input.with_decryption).await?;
    Ok(found.permit.answer(json!({ "Parameter": parameter })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetParameters {
    names: Vec<String>,
    #[serde(default)]
    with_decryption: bool,
}

/// One that the caller may not have denies all; one that is not there is told so.
///
/// Source: AWS, *Systems Manager API Reference*, GetParameters.
pub(crate) async fn get_parameters(call: &Call<'_>, input: GetParameters) -> Result<Answer> {
    let names: BTreeSet<&String> = input.names.iter().collect();
    if names.len() != input.names.len() {
        return Err(invalid("The request has duplicate parameter names."));
    }
    let mut permit: Option<Permit> = None;
    let (mut founds, mut missing) = (Vec::new(), Vec::new());
    for name in &input.names {
        let sought = seek(call, name).await?;
        let ask = sought.ask("ssm:GetParameters");
        if sought.row.is_none() {
            permit = Some(call.authorize(&ask)?);
            missing.push(name.clone());
        } else {
            founds.push(sought.allowed(call, &ask)?);
        }
    }
    let mut parameters = Vec::new();
    for found in founds {
        match select(call, &found, input.with_decryption).await {
            Ok(parameter) => parameters.push(parameter),
            Err(error) if error.code == VERSION_NOT_FOUND => missing.push(asked(&found)),
            Err(error) => return Err(error),
        }
        permit = Some(found.permit);
    }
    let permit = permit.ok_or_else(|| invalid("At least one name is needed."))?;
    Ok(permit.answer(json!({ "Parameters": parameters, "InvalidParameters": missing })))
}

fn asked(found: &Found) -> String {
    format!("{}{}", found.name.asked, found.name.selected().unwrap_or_default())
}

const VERSION_NOT_FOUND: &str = "ParameterVersionNotFound";

/// The version that a request means, as an answer shows it.
async fn select(call: &Call<'_>, found: &Found, decrypt: bool) -> Result<Value> {
    let parameter = &found.row.value;
    let number = match &found.name.selector {
        None => parameter.latest.number,
        Some(Selector::Version(number)) => *number,
        Some(Selector::Label(label)) => *parameter.labels.get(label).ok_or_else(|| {
            let message = format!("Systems Manager could not find label {label} of {}.", parameter.name);
            ApiError::new(VERSION_NOT_FOUND, message)
        })?,
    };
    let place = &found.row.place;
    let version = version(call, &place.account, &place.name, parameter, number).await?;
    let mut shown = shown(call, &found.arn, parameter, &version, decrypt).await?;
    if let Some(selected) = found.name.selected() {
        shown.insert("Selector".to_owned(), selected.into());
    }
    Ok(shown.into())
}

/// A version of a parameter.
///
/// # Errors
///
/// `ParameterVersionNotFound`
pub(crate) async fn version(
    call: &Call<'_>,
    account: &str,
    filed: &str,
    parameter: &Parameter,
    number: i64,
) -> Result<Version> {
    if number == parameter.latest.number {
        return Ok(parameter.latest.clone());
    }
    let name = rows::version_name(filed, number);
    let row = if parameter.has(number) {
        call.shared.ssm.versions.get(account, call.region(), &name).await?
    } else {
        None
    };
    let missing = || {
        let message = format!(
            "Systems Manager could not find version {number} of {}. Verify the version and try again.",
            parameter.name
        );
        ApiError::new(VERSION_NOT_FOUND, message)
    };
    row.map(|row| row.value.clone()).ok_or_else(missing)
}

/// `Parameter`
pub(crate) async fn shown(
    call: &Call<'_>,
    arn: &str,
    parameter: &Parameter,
    version: &Version,
    decrypt: bool,
) -> Result<Map<String, Value>> {
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("Name", parameter.name.as_str().into());
    set("ARN", arn.into());
    set("Type", version.kind.name().into());
    set("Value", text(call, arn, version, decrypt).await?);
    set("Version", version.number.into());
    set("LastModifiedDate", seconds(version.modified));
    set("DataType", "text".into());
    Ok(members)
}

async fn text(call: &Call<'_>, arn: &str, version: &Version, decrypt: bool) -> Result<Value> {
    let value = value::open(call, arn, version, decrypt).await?;
    value.expose_text().map(Value::from).ok_or_else(|| ApiError::internal(&"a value is no text"))
}

/// What lists and histories tell of a version beside its value.
pub(crate) fn metadata(parameter: &Parameter, version: &Version) -> Map<String, Value> {
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("Name", parameter.name.as_str().into());
    set("Type", version.kind.name().into());
    set("Version", version.number.into());
    set("LastModifiedDate", seconds(version.modified));
    set("LastModifiedUser", version.by.as_str().into());
    set("Tier", version.tier.name().into());
    set("DataType", "text".into());
    set("Policies", json!([]));
    if let Some(key) = &version.key {
        set("KeyId", key.as_str().into());
    }
    if let Some(description) = &version.description {
        set("Description", description.as_str().into());
    }
    if let Some(pattern) = &version.pattern {
        set("AllowedPattern", pattern.as_str().into());
    }
    members
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetParameterHistory {
    name: String,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// Source: AWS, *Systems Manager API Reference*, GetParameterHistory: the oldest version first.
pub(crate) async fn get_parameter_history(call: &Call<'_>, input: GetParameterHistory) -> Result<Answer> {
    let found = allowed_whole(call, &input.name, "ssm:GetParameterHistory").await?;
    let parameter = &found.row.value;
    let after = page::after(input.next_token.as_deref()).map_err(|_| bad_token())?;
    let after = after.map(|text| text.parse::<i64>()).transpose().map_err(|_| bad_token())?;
    let first = after.map_or(parameter.oldest, |after| after.saturating_add(1)).max(parameter.oldest);
    let limit = input.max_results.unwrap_or(MAX_HISTORY).min(MAX_HISTORY);
    let (mut shown, mut last) = (Vec::new(), None);
    for number in (first..=parameter.latest.number).take(limit) {
        let place = &found.row.place;
        let version = version(call, &place.account, &place.name, parameter, number).await?;
        let mut members = metadata(parameter, &version);
        let value = text(call, &found.arn, &version, input.with_decryption).await?;
        members.insert("Value".to_owned(), value);
        let labels = parameter.labels_of(number);
        members.insert("Labels".to_owned(), json!(labels));
        shown.push(Value::from(members));
        last = Some(number);
    }
    let mut answer = json!({ "Parameters": shown });
    if let (Some(last), Some(members)) =
        (last.filter(|last| *last < parameter.latest.number), answer.as_object_mut())
    {
        members.insert("NextToken".to_owned(), page::token(&last.to_string()).into());
    }
    Ok(found.permit.answer(answer))
}
