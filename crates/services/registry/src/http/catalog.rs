//! The list of repositories, which OCI left out and ECR, like CNCF distribution, serves.

use ringwall_server::Answer;
use serde_json::json;

use super::query::Query;
use super::session::Session;
use super::tags::{listed, page};
use crate::error::Result;
use crate::gate::{Action, Gate};

impl<G: Gate> Session<'_, G> {
    /// `GET /v2/_catalog`.
    ///
    /// Source: CNCF distribution, *HTTP API V2*, "Listing Repositories".
    pub(crate) async fn catalog(&self, query: &Query) -> Result<Answer> {
        self.permitted(Action::DescribeRepositories, None, json!({}), async {
            let limit = page(query)?;
            let after = query.first("last");
            let found = self.registry().repositories(self.account(), after, limit.saturating_add(1)).await?;
            let names: Vec<&str> =
                found.iter().map(|repository| repository.name.as_str()).take(limit).collect();
            let more = found.len() > limit;
            let list = json!({ "repositories": names });
            listed("/v2/_catalog", query, more.then(|| names.last().copied()).flatten(), &list)
        })
        .await
    }
}
