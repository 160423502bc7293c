//! Replication of what was there before its rules.

use std::sync::Arc;

use ringwall_oci::control::{Backfill, BackfillStatus};
use ringwall_store::{Batch, Change, Expect, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{on_registry, own};
use super::page::{Page, paged};
use super::{error, invalid, seconds};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id;

/// Most backfills of a registry that are under way.
///
/// Source: AWS, *Amazon ECR API Reference*, StartReplicationBackfill.
const MAX_UNDER_WAY: usize = 10;

/// How long one that is over is told of, in milliseconds: 90 days.
///
/// Source: AWS, *Amazon ECR API Reference*, ListReplicationBackfills.
const RETAINED: i64 = 90 * 24 * 60 * 60 * 1000;

/// Items of a page without `maxResults`. Source: ListReplicationBackfills, DescribeReplicationBackfillResults.
const PAGE: usize = 25;
const RESULTS: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Destination {
    region: String,
    registry_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartReplicationBackfill {
    registry_id: Option<String>,
    destination: Destination,
}

fn shown(call: &Call<'_>, id: &str, backfill: &Backfill) -> Value {
    let mut shown = json!({
        "replicationBackfillId": id,
        "registryId": call.account(),
        "destination": { "region": backfill.region, "registryId": backfill.registry },
        "status": backfill.status.name(),
        "startedAt": seconds(backfill.started),
    });
    let more = [
        ("endedAt", backfill.ended.map(seconds)),
        ("failureCode", backfill.failure.clone().map(Value::from)),
    ];
    if let Some(members) = shown.as_object_mut() {
        members.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    shown
}

fn progress(backfill: &Backfill) -> Option<Value> {
    let mut codes: Vec<&str> =
        backfill.results.iter().filter_map(|result| result.failure.as_deref()).collect();
    codes.sort_unstable();
    codes.dedup();
    Some(json!({
        "totalReplicationCount": backfill.total?,
        "completedReplicationCount": backfill.completed,
        "failedReplicationCount": backfill.failed,
        "failureCodes": codes,
    }))
}

/// Those that are still told of; the others go away.
async fn listed(call: &Call<'_>) -> Result<Vec<Row<Backfill>>> {
    let table = &call.shared.ecr.control.backfills;
    let rows = crate::page::all(table, call.account(), "", "").await?;
    let (told, old): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.value.ended.is_none_or(|ended| call.now().saturating_sub(ended) < RETAINED));
    if !old.is_empty() {
        let mut batch = Batch::new();
        for row in old.iter().take(ringwall_store::MAX_OPERATIONS) {
            table.delete(&mut batch, call.account(), "", &row.place.name, Expect::Any);
        }
        call.shared.store.commit(batch).await?;
    }
    Ok(told)
}

/// Source: AWS, *Amazon ECR API Reference*, StartReplicationBackfill.
pub(crate) async fn start(call: &Call<'_>, input: StartReplicationBackfill) -> Result<Answer> {
    let (permit, account) = on_registry(call, Ask::new("ecr:StartReplicationBackfill", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    let Destination { region, registry_id } = input.destination;
    if !super::rules::replicates_to(account.replication.as_ref(), &region, &registry_id) {
        return Err(invalid(format!(
            "Invalid parameter at 'destination' failed to satisfy constraint: 'the replication configuration has no destination {region}, {registry_id}'"
        )));
    }
    let under_way: Vec<Row<Backfill>> =
        listed(call).await?.into_iter().filter(|row| !row.value.status.is_over()).collect();
    if under_way.iter().any(|row| row.value.region == region) {
        let message = format!("A replication backfill to {region} is in progress");
        return Err(error("ReplicationBackfillInProgressException", message));
    }
    if under_way.len() >= MAX_UNDER_WAY {
        let message = format!("A registry has at most {MAX_UNDER_WAY} replication backfills in progress");
        return Err(error("LimitExceededException", message));
    }
    let backfill = Backfill {
        region,
        registry: registry_id,
        status: BackfillStatus::Preparing,
        failure: None,
        total: None,
        completed: 0,
        failed: 0,
        results: Vec::new(),
        started: call.now(),
        ended: None,
    };
    let id = id::uuid()?;
    let mut batch = Batch::new();
    call.shared.ecr.control.backfills.put(&mut batch, call.account(), "", &id, &backfill, Expect::Absent);
    call.shared.store.commit(batch).await?;
    Ok(permit.answer(shown(call, &id, &backfill)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListReplicationBackfills {
    registry_id: Option<String>,
    #[serde(flatten)]
    page: Page,
}

/// Source: AWS, *Amazon ECR API Reference*, ListReplicationBackfills.
pub(crate) async fn list(call: &Call<'_>, input: ListReplicationBackfills) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:ListReplicationBackfills", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    let rows = listed(call).await?;
    let items = rows.iter().map(|row| {
        let mut item = shown(call, &row.place.name, &row.value);
        if let Some(members) = item.as_object_mut() {
            members.remove("registryId");
            members.insert("progress".to_owned(), progress(&row.value).unwrap_or_default());
        }
        (row.place.name.clone(), item)
    });
    let more = json!({ "registryId": call.account() });
    Ok(permit.answer(paged(items, &input.page, PAGE)?.into_answer("backfills", more)))
}

fn not_found(id: &str) -> ApiError {
    error("ReplicationBackfillNotFoundException", format!("There is no replication backfill with id '{id}'"))
}

async fn backfill(call: &Call<'_>, id: &str) -> Result<Arc<Row<Backfill>>> {
    let id = id.to_ascii_lowercase();
    let row = call.shared.ecr.control.backfills.get(call.account(), "", &id).await?;
    row.ok_or_else(|| not_found(&id))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeReplicationBackfillResults {
    registry_id: Option<String>,
    replication_backfill_id: String,
    result_status_filter: Option<String>,
    #[serde(flatten)]
    page: Page,
}

/// Source: AWS, *Amazon ECR API Reference*, DescribeReplicationBackfillResults.
pub(crate) async fn describe(call: &Call<'_>, input: DescribeReplicationBackfillResults) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:DescribeReplicationBackfillResults", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    let row = backfill(call, &input.replication_backfill_id).await?;
    let backfill = &row.value;
    let mut answer = shown(call, &row.place.name, backfill);
    if let (Some(members), Some(progress)) = (answer.as_object_mut(), progress(backfill)) {
        members.insert("progress".to_owned(), progress);
    }
    let wanted = input.result_status_filter.as_deref();
    let results = backfill.results.iter().enumerate().filter(|_| backfill.status.is_over());
    let items = results.filter_map(|(at, result)| {
        let status = if result.failure.is_some() { "FAILED" } else { "COMPLETE" };
        let item = json!({
            "repositoryName": result.repository,
            "imageId": { "imageDigest": result.digest },
            "status": status,
            "failureCode": result.failure,
        });
        wanted.is_none_or(|wanted| wanted == status).then(|| (format!("{at:08}"), item))
    });
    Ok(permit.answer(paged(items, &input.page, RESULTS)?.into_answer("results", answer)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StopReplicationBackfill {
    registry_id: Option<String>,
    replication_backfill_id: String,
}

/// What is still counted is stopped at once; what sends finishes the image at hand, and its worker tells when it stopped.
///
/// Source: AWS, *Amazon ECR API Reference*, StopReplicationBackfill.
pub(crate) async fn stop(call: &Call<'_>, input: StopReplicationBackfill) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:StopReplicationBackfill", "*")).await?;
    own(call, input.registry_id.as_deref())?;
    let id = backfill(call, &input.replication_backfill_id).await?.place.name.clone();
    let table = &call.shared.ecr.control.backfills;
    let place = table.place(call.account(), "", &id);
    let now = call.now();
    let stopped = table
        .update::<ApiError>(&place, |backfill| {
            let backfill = backfill.ok_or_else(|| not_found(&id))?;
            let (status, ended) = match backfill.status {
                BackfillStatus::Preparing => (BackfillStatus::Stopped, Some(now)),
                BackfillStatus::InProgress => (BackfillStatus::Stopping, None),
                other => {
                    let message = format!("The replication backfill with id '{id}' is {}", other.name());
                    return Err(error("ReplicationBackfillInvalidStatusException", message));
                }
            };
            Ok(Change::Put(Backfill { status, ended, ..backfill.clone() }))
        })
        .await?;
    let mut answer = stopped.map(|row| shown(call, &id, &row.value)).unwrap_or_default();
    if let Some(members) = answer.as_object_mut() {
        members.remove("endedAt");
    }
    Ok(permit.answer(answer))
}
