//! What is known beforehand, and read again when its files change.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ringwall_detect::intel::Intel;

use crate::{Error, lists};

/// By what a change of a file is seen.
type Stamp = (PathBuf, Option<SystemTime>, u64);

/// Lists of addresses, shared by all partitions.
#[derive(Debug)]
pub(crate) struct Known {
    named: Vec<String>,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    version: u64,
    intel: Arc<Intel>,
    stamps: Vec<Stamp>,
}

impl Known {
    /// Reads what the settings name.
    ///
    /// # Errors
    ///
    /// Something of that can't be read.
    pub(crate) fn open(named: Vec<String>) -> Result<Self, Error> {
        let stamps = stamps(&named);
        let intel = read(&named)?;
        Ok(Self { named, now: Mutex::new(Now { version: 1, intel, stamps }) })
    }

    /// The lists, and by what they are told from those before.
    pub(crate) fn intel(&self) -> (u64, Arc<Intel>) {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        (now.version, Arc::clone(&now.intel))
    }

    /// Reads again what has changed. What can't be read leaves what was known.
    pub(crate) fn look(&self) {
        let stamps = stamps(&self.named);
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.stamps == stamps {
            return;
        }
        now.stamps = stamps;
        match read(&self.named) {
            Ok(intel) => {
                tracing::info!("lists of addresses are read again");
                (now.intel, now.version) = (intel, now.version.wrapping_add(1));
            }
            Err(error) => {
                let why = ringwall_model::error_chain(&error);
                tracing::error!(error = why, "the lists of addresses stay as they were");
            }
        }
    }
}

fn read(named: &[String]) -> Result<Arc<Intel>, Error> {
    let (intel, remarks) = lists::read(named)?;
    for remark in remarks {
        tracing::warn!(remark, "a list of addresses is not whole");
    }
    Ok(Arc::new(intel))
}

fn stamps(named: &[String]) -> Vec<Stamp> {
    let stamp = |named: &String| {
        let (_, path) = lists::role(named);
        let metadata = fs::metadata(&path).ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        (path, modified, metadata.map_or(0, |metadata| metadata.len()))
    };
    named.iter().map(stamp).collect()
}
