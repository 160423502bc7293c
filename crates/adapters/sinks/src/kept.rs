//! A file of what somebody has to look at, bounded.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ringwall_files::Lines;
use serde_json::Value;

use crate::Fault;
use crate::file::MAX_LINE;

/// Most bytes of a file and of the one before it together: some thousand findings, which is more than anybody would look through, and
/// no reason for a full disk.
const MAX_BYTES: u64 = 16 << 20;

/// Lines of JSON, and the file before it.
#[derive(Clone, Debug)]
pub(crate) struct Kept(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    open: Mutex<Option<Lines>>,
}

impl Kept {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Inner { path, open: Mutex::default() }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Adds a line; it is on the disk when this returns.
    pub(crate) async fn append(&self, line: &Value) -> Result<(), Fault> {
        let (line, inner) = (format!("{line}\n"), Arc::clone(&self.0));
        let failed = |error: &dyn std::fmt::Display| {
            Fault::retry(format!("can't write `{}`: {error}", self.path().display()))
        };
        let kept = tokio::task::spawn_blocking(move || inner.append(line.as_bytes())).await;
        kept.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }
}

impl Inner {
    fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = match open.take() {
            Some(lines) => lines,
            None => Lines::open(&self.path, MAX_LINE)?.0,
        };
        let added = lines.length().saturating_add(line.len() as u64);
        if lines.length() > 0 && added > MAX_BYTES / 2 {
            let older = self.path.with_extension("1.jsonl");
            if older.exists() {
                tracing::warn!(file = %older.display(), "the older half of what was kept goes, to make room");
            }
            fs::rename(&self.path, older)?;
            lines = Lines::open(&self.path, MAX_LINE)?.0;
        }
        lines.append(line)?;
        *open = Some(lines);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("siem.refused.jsonl");
        let kept = Kept::new(path.clone());
        let line = [vec![b'x'; 3 << 20], b"\n".to_vec()].concat();
        for _ in 0..9 {
            kept.0.append(&line).unwrap();
        }
        let sizes = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len() as usize / line.len();
        assert_eq!((sizes("siem.refused.jsonl"), sizes("siem.refused.1.jsonl")), (1, 2));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
