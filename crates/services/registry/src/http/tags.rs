//! Lists of tags.

use http::{HeaderValue, StatusCode, header};
use ringwall_oci::{RepositoryKey, Tag};
use ringwall_server::Answer;
use serde_json::json;

use super::query::{Query, next_page};
use super::session::Session;
use crate::answer::Builder;
use crate::error::{Failure, Result};
use crate::gate::{Action, Gate};

/// Names of one page, as many as a list of ECR's has.
pub(crate) const PAGE: usize = 1000;

impl<G: Gate> Session<'_, G> {
    /// `GET /v2/NAME/tags/list`.
    ///
    /// Source: OCI *Distribution Specification*, "Listing Tags".
    pub(crate) async fn tags(&self, key: &RepositoryKey, query: &Query) -> Result<Answer> {
        self.permitted(Action::ListImages, Some(key), json!({}), async {
            let limit = page(query)?;
            let found = self.registry().tags(key, query.first("last"), limit.saturating_add(1)).await?;
            let names: Vec<&str> = found.iter().map(|(tag, _)| Tag::as_str(tag)).take(limit).collect();
            let more = found.len() > limit;
            let path = format!("/v2/{}/tags/list", key.name());
            let list = json!({ "name": key.name(), "tags": names });
            listed(&path, query, more.then(|| names.last().copied()).flatten(), &list)
        })
        .await
    }
}

/// How many names are wanted.
pub(crate) fn page(query: &Query) -> Result<usize> {
    match query.first("n") {
        None => Ok(PAGE),
        Some(n) => match n.parse::<u64>() {
            Ok(n) => Ok(usize::try_from(n).unwrap_or(PAGE).min(PAGE)),
            Err(_) => {
                Err(Failure::bad_request("PAGINATION_NUMBER_INVALID", "the parameter `n` is no number"))
            }
        },
    }
}

/// A page of names, with a link to the next one after `last`.
pub(crate) fn listed(
    path: &str,
    query: &Query,
    last: Option<&str>,
    list: &serde_json::Value,
) -> Result<Answer> {
    let json = HeaderValue::from_static("application/json");
    let mut answer = Builder::new(StatusCode::OK).value(header::CONTENT_TYPE, json);
    if let Some(last) = last {
        let n = query.first("n").unwrap_or_default();
        let parameters: &[_] = if n.is_empty() { &[("last", last)] } else { &[("n", n), ("last", last)] };
        answer = answer.text(header::LINK, &next_page(path, parameters))?;
    }
    Ok(answer.body(list.to_string()))
}
