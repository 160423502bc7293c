//! Keeps the lake in order: many small files of a day that is over become few, and what is too old goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ringwall_lake::{CompactSettings, Day, Location, compact, expire};
use ringwall_model::error_chain;

use crate::service::Common;

/// How often.
const EVERY: Duration = Duration::from_secs(3600);

const DAY: i64 = 86_400_000;

/// Keeps the lake in order for as long as the process lives, whenever it is this process's to keep.
pub(crate) async fn keep(common: Arc<Common>, location: Location, is_ours: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(EVERY).await;
        if is_ours.load(Ordering::Relaxed) {
            look(&common, &location).await;
        }
    }
}

async fn look(common: &Common, location: &Location) {
    let now = (common.now)();
    match compact(location, &CompactSettings::at(now)).await {
        Ok(done) => tracing::info!(?done, "the lake is compacted"),
        Err(error) => {
            tracing::error!(
                error = error_chain(&error),
                "the lake could not be compacted; it is tried again"
            );
        }
    }
    let days = i64::try_from(common.settings.lake_days).unwrap_or(i64::MAX);
    if days == 0 {
        return;
    }
    match expire(location, Day::of(now.saturating_sub(days.saturating_mul(DAY)))).await {
        Ok(expired) => tracing::info!(?expired, days, "what is older has left the lake"),
        Err(error) => {
            tracing::error!(
                error = error_chain(&error),
                "what is too old could not be deleted; it is tried again"
            );
        }
    }
}
