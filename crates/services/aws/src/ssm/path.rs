//! GetParametersByPath.

use ringwall_store::Scan;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::filter::{Filter, Given, Of, is_below};
use super::read::{shown, version};
use super::rows;
use super::{bad_token, invalid};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::page;

/// Most parameters of an answer.
///
/// Source: AWS, *Systems Manager API Reference*, GetParametersByPath, `MaxResults`.
const MAX_RESULTS: usize = 10;

/// Parameters that are looked at for one answer. An answer may have fewer than asked for, and a token.
///
/// Source: AWS, *Systems Manager API Reference*, GetParametersByPath: "it's possible that the response returns fewer …".
const LOOKED_AT: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetParametersByPath {
    path: String,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    parameter_filters: Vec<Given>,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// The path alone is decided upon: who may have it has all that is below, whatever is said of what is below.
///
/// Source: AWS, *Systems Manager API Reference*, GetParametersByPath: "If a user has access to a path, then the user can
/// access all levels of that path … even if a user has explicitly been denied access in IAM for parameter /a/b, they can
/// still call the GetParametersByPath API operation recursively for /a and view /a/b".
pub(crate) async fn get_parameters_by_path(call: &Call<'_>, input: GetParametersByPath) -> Result<Answer> {
    let path = input.path.trim_matches('/');
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    if !input.path.starts_with('/') || !path.bytes().all(good) {
        return Err(invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
             \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the \
             following symbols: . (period), - (hyphen), _ (underscore).",
        ));
    }
    let (account, region) = (call.account(), call.region());
    let ask = Ask::new("ssm:GetParametersByPath", rows::arn(region, account, path))
        .with("ssm:Recursive", if input.recursive { "true" } else { "false" });
    let permit = call.authorize(&ask)?;
    let filters = Filter::read(input.parameter_filters, Of::ByPath)?;
    let after = page::after(input.next_token.as_deref()).map_err(|_| bad_token())?;
    let limit = input.max_results.unwrap_or(MAX_RESULTS).min(MAX_RESULTS);
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let scan = Scan { prefix: &prefix, after: after.as_deref(), limit: LOOKED_AT };
    let rows = call.shared.ssm.parameters.scan(account, region, scan).await?;
    let (full, mut last, mut parameters) = (rows.len() == LOOKED_AT, None, Vec::new());
    let mut rest = rows.into_iter();
    for row in rest.by_ref() {
        let parameter = &row.value;
        let filed = row.place.name.as_str();
        last = Some(filed.to_owned());
        if !is_below(filed, path, input.recursive) {
            continue;
        }
        let number = filters.iter().find_map(|filter| filter.labelled(parameter));
        let number = number.unwrap_or(parameter.latest.number);
        let version = version(call, account, filed, parameter, number).await?;
        if !filters.iter().all(|filter| filter.holds(parameter, &version)) {
            continue;
        }
        let arn = rows::arn(region, account, filed);
        call.note_resource(&arn, account, "AWS::SSM::Parameter");
        let shown = shown(call, &arn, parameter, &version, input.with_decryption).await?;
        parameters.push(Value::from(shown));
        if parameters.len() == limit {
            break;
        }
    }
    let more = full || rest.next().is_some();
    let mut answer = Map::new();
    answer.insert("Parameters".to_owned(), parameters.into());
    if let Some(last) = last.filter(|_| more) {
        answer.insert("NextToken".to_owned(), page::token(&last).into());
    }
    Ok(permit.answer(answer.into()))
}
