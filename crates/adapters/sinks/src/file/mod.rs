//! Findings as lines of a file.
//!
//! A line is on the disk before its notice counts as delivered. One that already stands among the last [`REMEMBERED`] lines is not
//! written again: so what is delivered twice, since the process was killed between the write and the cursor's, is there once.

mod recent;
mod rotate;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ringwall_files::Lines;

use self::recent::Recent;
use crate::settings::FileSettings;
use crate::{Fault, Format, Notice};

/// Longest line: a finding has up to some hundred thousand bytes, with many containers and signals.
pub(crate) const MAX_LINE: u64 = 4 << 20;
/// How many of the last lines are known again: several times the most that a delivery has.
const REMEMBERED: usize = 4096;
/// Most bytes of them that are read when a file is opened.
const MAX_TAIL: u64 = 64 << 20;

/// A file that findings are appended to.
#[derive(Clone, Debug)]
pub(crate) struct FileSink(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    format: Format,
    max_bytes: u64,
    max_age: Duration,
    keep: usize,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    lines: Lines,
    since: SystemTime,
    recent: Recent,
}

impl FileSink {
    /// Opens the file, so that a wrong path is told at the start.
    pub(crate) fn new(settings: &FileSettings) -> Result<Self, String> {
        let inner = Inner {
            path: settings.path.clone(),
            format: settings.format,
            max_bytes: settings.max_bytes,
            max_age: Duration::from_secs(settings.max_age_seconds),
            keep: settings.keep,
            open: Mutex::default(),
        };
        let open = inner.open().map_err(|error| inner.failed(&error))?;
        let inner = Inner { open: Mutex::new(Some(open)), ..inner };
        Ok(Self(Arc::new(inner)))
    }

    pub(crate) async fn send(&self, batch: &[&Notice]) -> Result<(), Fault> {
        let mut lines = Vec::with_capacity(batch.len());
        for notice in batch {
            let mut line = self.0.format.value(notice).to_string().into_bytes();
            line.push(b'\n');
            if line.len() as u64 > MAX_LINE {
                return Err(Fault::Notice(format!("the line would have {} bytes", line.len())));
            }
            lines.push(line);
        }
        let inner = Arc::clone(&self.0);
        let written = tokio::task::spawn_blocking(move || inner.append(&lines, SystemTime::now())).await;
        written
            .map_err(|error| Fault::retry(error.to_string()))?
            .map_err(|error| Fault::retry(self.0.failed(&error)))
    }
}

impl Inner {
    fn failed(&self, error: &io::Error) -> String {
        format!("can't write `{}`: {error}", self.path.display())
    }

    fn open(&self) -> io::Result<Open> {
        let (mut lines, torn) = Lines::open(&self.path, MAX_LINE)?;
        if let Some(torn) = torn {
            tracing::warn!(
                file = %self.path.display(), aside = %torn.aside.display(), bytes = torn.bytes,
                "the last line was not whole, and is now beside the file"
            );
        }
        let mut recent = Recent::new(REMEMBERED);
        if let Some(newest) = rotate::rotated(&self.path)?.last() {
            recent.add_all(&ringwall_files::tail_of(newest, MAX_TAIL)?);
        }
        recent.add_all(&lines.tail(MAX_TAIL)?);
        let since = rotate::begun(&self.path)?;
        Ok(Open { lines, since, recent })
    }

    fn append(&self, lines: &[Vec<u8>], now: SystemTime) -> io::Result<()> {
        let mut slot = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // After an error it is opened anew, which mends its end.
        let mut open = match slot.take() {
            Some(open) => open,
            None => self.open()?,
        };
        let mut new = Vec::new();
        let mut digests = Vec::new();
        for line in lines {
            let digest = recent::digest(line);
            if !open.recent.has(&digest) && !digests.contains(&digest) {
                new.extend_from_slice(line);
                digests.push(digest);
            }
        }
        if !new.is_empty() {
            let length = open.lines.length();
            let is_old = now.duration_since(open.since).is_ok_and(|age| age >= self.max_age);
            if length > 0 && (is_old || length.saturating_add(new.len() as u64) > self.max_bytes) {
                rotate::rotate(&self.path, now, self.keep)?;
                open.lines = Lines::open(&self.path, MAX_LINE)?.0;
                open.since = now;
            }
            open.lines.append(&new)?;
            digests.into_iter().for_each(|digest| open.recent.add(digest));
        }
        *slot = Some(open);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
