//! DeleteParameter and DeleteParameters.

use ringwall_store::{Batch, Expect, StoreError};
use serde::Deserialize;
use serde_json::json;

use super::access::{Found, allowed_whole, seek};
use super::{MAX_TRIES, contended, invalid, rows};
use crate::authorize::{Answer, Permit};
use crate::call::Call;
use crate::error::Result;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteParameter {
    name: String,
}

/// Source: AWS, *Systems Manager API Reference*, DeleteParameter.
pub(crate) async fn delete_parameter(call: &Call<'_>, input: DeleteParameter) -> Result<Answer> {
    let found = allowed_whole(call, &input.name, "ssm:DeleteParameter").await?;
    delete(call, &found).await?;
    Ok(found.permit.done())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteParameters {
    names: Vec<String>,
}

/// All are decided before one is deleted.
///
/// Source: AWS, *Systems Manager API Reference*, DeleteParameters.
pub(crate) async fn delete_parameters(call: &Call<'_>, input: DeleteParameters) -> Result<Answer> {
    let mut permit: Option<Permit> = None;
    let (mut founds, mut missing) = (Vec::new(), Vec::new());
    for name in &input.names {
        let sought = seek(call, name).await?;
        let ask = sought.ask("ssm:DeleteParameters");
        if sought.row.is_none() || sought.name.selector.is_some() {
            permit = Some(call.authorize(&ask)?);
            missing.push(name.clone());
        } else {
            founds.push((name, sought.allowed(call, &ask)?));
        }
    }
    let mut deleted = Vec::new();
    for (name, found) in founds {
        delete(call, &found).await?;
        deleted.push(name.clone());
        permit = Some(found.permit);
    }
    let permit = permit.ok_or_else(|| invalid("At least one name is needed."))?;
    Ok(permit.answer(json!({ "DeletedParameters": deleted, "InvalidParameters": missing })))
}

/// Deletes a parameter with all its versions.
async fn delete(call: &Call<'_>, found: &Found) -> Result<()> {
    let (tables, place) = (&call.shared.ssm, &found.row.place);
    let mut row = std::sync::Arc::clone(&found.row);
    for _ in 0..MAX_TRIES {
        let mut batch = Batch::new();
        let expect = Expect::Revision(row.revision);
        tables.parameters.delete(&mut batch, &place.account, &place.region, &place.name, expect);
        for number in row.value.oldest..row.value.latest.number {
            let name = rows::version_name(&place.name, number);
            tables.versions.delete(&mut batch, &place.account, &place.region, &name, Expect::Any);
        }
        match call.shared.store.commit(batch).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Conflict(_)) => call.shared.store.refresh().await?,
            Err(error) => return Err(error.into()),
        };
        match tables.parameters.get(&place.account, &place.region, &place.name).await? {
            Some(now) => row = now,
            // Somebody else has deleted it.
            None => return Ok(()),
        }
    }
    Err(contended())
}
