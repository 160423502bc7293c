//! What a receiver refused for good.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ringwall_files::Lines;
use serde_json::json;

use crate::file::MAX_LINE;
use crate::{Fault, Format, Notice};

/// Most bytes of what is set aside, after which the half that is older goes: some thousand findings, which is more than anybody would
/// look through, and no reason for a full disk.
const MAX_BYTES: u64 = 16 << 20;

/// The file of what was set aside, and the one before it.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetters(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    open: Mutex<Option<Lines>>,
}

impl DeadLetters {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Inner { path, open: Mutex::default() }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Keeps a notice with why it was refused; it is on the disk when this returns.
    pub(crate) async fn keep(&self, notice: &Notice, why: &str) -> Result<(), Fault> {
        let line = json!({
            "id": notice.id(),
            "position": notice.position,
            "what": notice.what.name(),
            "refused": why,
            "finding": Format::Json.value(notice),
        });
        let line = format!("{line}\n");
        let letters = self.clone();
        let kept = tokio::task::spawn_blocking(move || letters.append(&line)).await;
        let failed = |error: &dyn std::fmt::Display| {
            Fault::retry(format!("what was refused can't be kept in `{}`: {error}", self.path().display()))
        };
        kept.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let path = &self.0.path;
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = match open.take() {
            Some(lines) => lines,
            None => Lines::open(path, MAX_LINE)?.0,
        };
        let added = lines.length().saturating_add(line.len() as u64);
        if lines.length() > 0 && added > MAX_BYTES / 2 {
            let older = path.with_extension("1.jsonl");
            tracing::warn!(file = %older.display(), "what was set aside before is thrown away, to make room");
            fs::rename(path, older)?;
            lines = Lines::open(path, MAX_LINE)?.0;
        }
        lines.append(line.as_bytes())?;
        *open = Some(lines);
        Ok(())
    }
}
