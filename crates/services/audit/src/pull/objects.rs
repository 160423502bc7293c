//! Objects in S3, read as they come: CloudTrail's deliveries, exports of CloudWatch.
//!
//! S3 tells nobody here what is new, so it is listed; of CloudTrail's layout only the latest days are. An object counts as new if it is
//! younger than the youngest that was read, or not much older and not read yet: deliveries of several regions overtake each other.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use ringwall_logs::{End, Entry, Tally};
use ringwall_model::{error_chain, time};
use serde::{Deserialize, Serialize};

use super::{Pull, Stopped};
use crate::piece::Builder;

/// How much older than the youngest an object may be that was not read yet, in milliseconds. CloudTrail delivers within some minutes.
const BACK: i64 = 3_600_000;

/// How far back it begins where nothing was read before, in milliseconds: what is older is history, for `ringwall detect`.
const AT_FIRST: i64 = 86_400_000;

/// Largest object that is read: CloudTrail's have some MiB.
const MAX_OBJECT: u64 = 256 << 20;

/// Objects that a look finds at most.
const MAX_OBJECTS: usize = 100_000;

/// How deep prefixes are followed: CloudTrail's layout has ten parts below the bucket's prefix.
const MAX_DEPTH: usize = 16;

/// The part of CloudTrail's layout that region and date follow: `AWSLogs/ACCOUNT/CloudTrail/REGION/Y/M/D/`.
/// Source: AWS, *CloudTrail User Guide*, "Finding your CloudTrail log files".
const TRAIL: &str = "CloudTrail";

/// How far the objects were read.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
struct Cursor {
    /// When the youngest that was read was written, in Unix milliseconds.
    newest: i64,
    /// Those that were read of the last hour before that, and when they were written.
    read: BTreeMap<String, i64>,
}

/// Objects that are read.
struct Objects {
    pull: Pull,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// As it was named: `s3://BUCKET/PREFIX`.
    name: String,
    cursor: Cursor,
}

/// Reads objects until the process ends.
pub(crate) async fn read(
    pull: Pull,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    name: String,
    every: Duration,
    now: i64,
) {
    let kept = match pull.shelf.cursor(&name).await {
        Ok(kept) => kept.and_then(|kept| serde_json::from_slice(&kept).ok()),
        Err(error) => {
            pull.problem("objects", &name, &error_chain(&error));
            None
        }
    };
    let first = Cursor { newest: now.saturating_sub(AT_FIRST).saturating_add(BACK), read: BTreeMap::new() };
    let mut objects = Objects { pull, store, prefix, name, cursor: kept.unwrap_or(first) };
    while !objects.pull.is_stopped() {
        if let Err(why) = objects.look().await {
            objects.pull.problem("objects", &objects.name, &why);
        }
        tokio::time::sleep(every).await;
    }
}

impl Objects {
    async fn look(&mut self) -> Result<(), String> {
        let mut new = self.new_ones().await?;
        new.sort_by(|one, other| {
            (one.last_modified, &one.location).cmp(&(other.last_modified, &other.location))
        });
        for object in new {
            if self.pull.is_stopped() {
                return Ok(());
            }
            self.take(&object).await?;
            self.note(&object).await?;
        }
        Ok(())
    }

    /// What is there and was not read.
    async fn new_ones(&self) -> Result<Vec<ObjectMeta>, String> {
        let least = self.cursor.newest.saturating_sub(BACK);
        let day = time::text(least.saturating_sub(AT_FIRST));
        let mut new = Vec::new();
        let mut waiting = vec![(self.prefix.clone(), 0_usize)];
        while let Some((prefix, depth)) = waiting.pop() {
            let listed = self.store.list_with_delimiter(Some(&prefix)).await;
            let listed = listed.map_err(|error| error_chain(&error))?;
            for below in listed.common_prefixes {
                if depth < MAX_DEPTH && is_wanted(&below, &day) {
                    waiting.push((below, depth.saturating_add(1)));
                }
            }
            new.extend(listed.objects.into_iter().filter(|object| {
                object.last_modified.timestamp_millis() >= least
                    && !self.cursor.read.contains_key(object.location.as_ref())
            }));
            if new.len() > MAX_OBJECTS {
                return Err(format!("more than {MAX_OBJECTS} objects are new (hint: name a longer prefix)"));
            }
        }
        Ok(new)
    }

    /// Puts what is in an object into the queue.
    async fn take(&self, object: &ObjectMeta) -> Result<(), String> {
        let bucket = super::bucket(&self.name).map_or("", |(bucket, _)| bucket);
        let name: Arc<str> = format!("s3://{bucket}/{}", object.location).into();
        if object.size > MAX_OBJECT {
            self.pull.problem("objects", &name, "it is too large, and left out");
            return Ok(());
        }
        let got = self.store.get(&object.location).await.map_err(|error| error_chain(&error))?;
        let bytes = got.bytes().await.map_err(|error| error_chain(&error))?;
        let of = Arc::clone(&name);
        let pieces = tokio::task::spawn_blocking(move || pieces(&of, bytes)).await;
        let (pieces, tally) = pieces.map_err(|error| error.to_string())?;
        for piece in pieces {
            self.pull.push(piece).await.map_err(|Stopped| "it had to wait".to_owned())?;
        }
        self.pull.metrics.event(&self.pull.cluster, "unreadable", tally.unreadable);
        if let Some(stopped) = &tally.stopped {
            self.pull.problem("objects", &name, &stopped.why);
        }
        Ok(())
    }

    /// Keeps that an object was read.
    async fn note(&mut self, object: &ObjectMeta) -> Result<(), String> {
        let cursor = &mut self.cursor;
        let written = object.last_modified.timestamp_millis();
        cursor.newest = cursor.newest.max(written);
        cursor.read.insert(object.location.to_string(), written);
        let least = cursor.newest.saturating_sub(BACK);
        cursor.read.retain(|_, written| *written >= least);
        // It has no maps that could fail.
        let kept = serde_json::to_vec(cursor).unwrap_or_default();
        self.pull.shelf.set_cursor(&self.name, kept).await.map_err(|error| error_chain(&error))
    }
}

fn pieces(name: &Arc<str>, bytes: bytes::Bytes) -> (Vec<bytes::Bytes>, Tally) {
    let mut pieces = Vec::new();
    let mut open = Builder::default();
    let tally =
        ringwall_logs::read_from(Arc::clone(name), io::Cursor::new(bytes), &mut |entry: &Entry<'_>| {
            pieces.extend(open.add(entry.file, entry.kind, entry.line, entry.text.as_bytes()));
            Ok(End::There)
        });
    pieces.extend(open.close());
    (pieces, tally)
}

/// Whether there may be something new below a prefix: of CloudTrail's layout not if its date is before a day (`2026-11-27…`), and not
/// what is no log.
fn is_wanted(prefix: &Path, day: &str) -> bool {
    let parts: Vec<String> = prefix.parts().map(|part| part.as_ref().to_owned()).collect();
    if parts.iter().any(|part| part == "CloudTrail-Digest" || part == "CloudTrail-Insight") {
        return false;
    }
    let Some(trail) = parts.iter().position(|part| part == TRAIL) else { return true };
    let date = parts.iter().skip(trail.saturating_add(2)).take(3).cloned().collect::<Vec<_>>().join("-");
    let is_date = date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    !is_date || date.as_str() >= day.get(..date.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_days_of_trails_are_left_out() {
        let wanted = |path: &str| is_wanted(&Path::from(path), "2026-11-26T10:00:00Z");
        for path in [
            "AWSLogs",
            "AWSLogs/111122223333/CloudTrail",
            "AWSLogs/111122223333/CloudTrail/eu-west-1",
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026",
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11",
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/26",
            "a/AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/2027/01/01",
            "export/2020/01/01",
        ] {
            assert!(wanted(path), "{path}");
        }
        for path in [
            "AWSLogs/111122223333/CloudTrail-Digest",
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2025",
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10",
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/25",
        ] {
            assert!(!wanted(path), "{path}");
        }
    }
}
