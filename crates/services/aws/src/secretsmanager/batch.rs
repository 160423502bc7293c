//! BatchGetSecretValue.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::list::{Filter, Page, ask_list, filtered};
use super::{parameter, read, rows};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ACCESS_DENIED, INTERNAL, Result};

/// Most values of an answer.
///
/// Source: AWS, *Secrets Manager API Reference*, BatchGetSecretValue, `MaxResults`.
const MAX_VALUES: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BatchGetSecretValue {
    #[serde(default)]
    secret_id_list: Vec<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(flatten)]
    page: Page,
}

/// Each secret is decided as GetSecretValue decides, and of what is refused the answer tells why.
///
/// Source: AWS, *Secrets Manager API Reference*, BatchGetSecretValue, "Required permissions": it and GetSecretValue for each
/// secret, with filters ListSecrets too.
pub(crate) async fn batch_get_secret_value(call: &Call<'_>, input: BatchGetSecretValue) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("secretsmanager:BatchGetSecretValue", "*"))?;
    let listed = !input.secret_id_list.is_empty();
    if listed != input.filters.is_empty() {
        return Err(parameter("Either SecretIdList or Filters must be given, and not both."));
    }
    if listed && input.page.is_asked() {
        return Err(parameter("MaxResults and NextToken go with Filters."));
    }
    let (ids, next) = if listed {
        (input.secret_id_list, None)
    } else {
        call.authorize(&ask_list())?;
        let limit = input.page.limit().min(MAX_VALUES);
        let (rows, next) = filtered(call, &input.filters, false, &input.page, limit).await?;
        let arn = |name: &str, suffix: &str| rows::arn(call.region(), call.account(), name, suffix);
        (rows.iter().map(|row| arn(&row.place.name, &row.value.suffix)).collect(), next)
    };
    let (mut values, mut errors): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for id in &ids {
        match read::get(call, id, None, None).await {
            Ok((_, members)) => values.push(members.into()),
            Err(error) if error.code == INTERNAL => return Err(error),
            Err(error) => {
                let code = if error.code == ACCESS_DENIED { "AccessDeniedException" } else { &*error.code };
                errors.push(json!({ "SecretId": id, "ErrorCode": code, "Message": error.message }));
            }
        }
    }
    let mut answer = Map::new();
    answer.insert("SecretValues".to_owned(), values.into());
    answer.insert("Errors".to_owned(), errors.into());
    if let Some(next) = next {
        answer.insert("NextToken".to_owned(), next.into());
    }
    Ok(permit.answer(answer.into()))
}
