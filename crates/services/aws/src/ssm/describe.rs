//! DescribeParameters.

use ringwall_store::Scan;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::filter::{Filter, Given, Of};
use super::read::metadata;
use super::rows;
use super::{bad_token, invalid};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::page;

/// Most parameters of an answer.
///
/// Source: AWS, *Systems Manager API Reference*, DescribeParameters, `MaxResults`.
const MAX_RESULTS: usize = 50;

/// Parameters that are looked at for one answer. An answer may have fewer than asked for, and a token.
const LOOKED_AT: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeParameters {
    #[serde(default)]
    filters: Vec<Value>,
    #[serde(default)]
    parameter_filters: Vec<Given>,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    shared: bool,
}

/// Source: AWS, *Systems Manager API Reference*, DescribeParameters.
pub(crate) async fn describe_parameters(call: &Call<'_>, input: DescribeParameters) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("ssm:DescribeParameters", "*"))?;
    if !input.filters.is_empty() {
        return Err(invalid("Filters are not supported: use ParameterFilters."));
    }
    let filters = Filter::read(input.parameter_filters, Of::Describe)?;
    let after = page::after(input.next_token.as_deref()).map_err(|_| bad_token())?;
    let limit = input.max_results.unwrap_or(MAX_RESULTS).min(MAX_RESULTS);
    let (account, region) = (call.account(), call.region());
    let scan = Scan { prefix: "", after: after.as_deref(), limit: LOOKED_AT };
    // Nobody shares a parameter with another account here.
    let rows = if input.shared {
        Vec::new()
    } else {
        call.shared.ssm.parameters.scan(account, region, scan).await?
    };
    let (full, mut last, mut parameters) = (rows.len() == LOOKED_AT, None, Vec::new());
    let mut rest = rows.into_iter();
    for row in rest.by_ref() {
        let parameter = &row.value;
        last = Some(row.place.name.clone());
        if filters.iter().all(|filter| filter.holds(parameter, &parameter.latest)) {
            let mut members = metadata(parameter, &parameter.latest);
            members.insert("ARN".to_owned(), rows::arn(region, account, &row.place.name).into());
            parameters.push(Value::from(members));
            if parameters.len() == limit {
                break;
            }
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
