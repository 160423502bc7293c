//! What is known beforehand, and read again when its files change: lists of addresses, suppression rules, Sigma rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use ringwall_detect::filter::Filters;
use ringwall_detect::finding::{Finding, Verdict};
use ringwall_detect::intel::Intel;
use ringwall_model::{Problem, error_chain};
use ringwall_sigma::{Origin, Rules};

use crate::board::Board;
use crate::{Error, filters, lists};

/// Most files and folders that are looked at for changes; rules of more are read again at a restart.
const MAX_STAMPS: usize = 20_000;

/// By what a change of a file is seen.
type Stamp = (PathBuf, Option<SystemTime>, u64);

/// What is known beforehand, shared by all clusters.
#[derive(Debug)]
pub(crate) struct Known {
    lists: Vec<String>,
    filters: Vec<PathBuf>,
    rules: Vec<Origin>,
    now: Mutex<Now>,
}

/// What partitions go by.
#[derive(Clone, Debug)]
pub(crate) struct Guides {
    /// By what these are told from those before.
    pub(crate) version: u64,
    /// Lists of addresses.
    pub(crate) intel: Arc<Intel>,
    /// Sigma rules.
    pub(crate) rules: Arc<Rules>,
}

#[derive(Debug)]
struct Now {
    guides: Guides,
    /// What was wrong with the rules at the last look, so that it is told once.
    refused: Vec<Problem>,
    filters: Arc<Filters>,
    list_stamps: Vec<Stamp>,
    filter_stamps: Vec<Stamp>,
    rule_stamps: Vec<Stamp>,
}

impl Known {
    /// Reads what the settings name.
    ///
    /// # Errors
    ///
    /// Something of that can't be read.
    pub(crate) fn open(lists: Vec<String>, filters: Vec<PathBuf>, rules: Vec<Origin>) -> Result<Self, Error> {
        let rule_stamps = rule_stamps(&rules);
        let loaded = Arc::new(Rules::load(&rules).map_err(Error::Rules)?);
        let now = Now {
            guides: Guides { version: 1, intel: read_lists(&lists)?, rules: loaded },
            refused: Vec::new(),
            list_stamps: list_stamps(&lists),
            filter_stamps: stamps(filters.iter()),
            rule_stamps,
            filters: Arc::new(filters::read(&filters)?),
        };
        Ok(Self { lists, filters, rules, now: Mutex::new(now) })
    }

    /// What partitions go by, if it is another version.
    pub(crate) fn guides(&self, version: u64) -> Option<Guides> {
        let now = self.lock();
        (now.guides.version != version).then(|| now.guides.clone())
    }

    /// What holds of a finding of a cluster.
    pub(crate) fn verdict(&self, board: &Board, id: &str, finding: &Finding) -> Verdict {
        let filters = Arc::clone(&self.lock().filters);
        board.verdict(id, filters.archiving(finding, board.scope()))
    }

    /// Reads again what has changed. What can't be read leaves what was known.
    pub(crate) fn look(&self) {
        let (list_stamps, filter_stamps) = (list_stamps(&self.lists), stamps(self.filters.iter()));
        let mut now = self.lock();
        if now.list_stamps != list_stamps {
            now.list_stamps = list_stamps;
            match read_lists(&self.lists) {
                Ok(intel) => {
                    tracing::info!("lists of addresses are read again");
                    now.guides.intel = intel;
                    now.guides.version = now.guides.version.wrapping_add(1);
                }
                Err(error) => stays("lists of addresses", &error),
            }
        }
        if now.filter_stamps != filter_stamps {
            now.filter_stamps = filter_stamps;
            match filters::read(&self.filters) {
                Ok(filters) => {
                    tracing::info!("suppression rules are read again");
                    now.filters = Arc::new(filters);
                }
                Err(error) => stays("suppression rules", &error),
            }
        }
        let rule_stamps = rule_stamps(&self.rules);
        if now.rule_stamps != rule_stamps {
            now.rule_stamps = rule_stamps;
            now.look_at_rules();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        // Nothing that is done while it is held can leave it half done.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    /// Takes rules that have changed, all or none.
    fn look_at_rules(&mut self) {
        match self.guides.rules.reload() {
            Ok(None) => self.refused.clear(),
            Ok(Some(rules)) => {
                tracing::info!(rules = rules.all().len(), "Sigma rules are read again");
                self.refused.clear();
                self.guides.rules = rules;
                self.guides.version = self.guides.version.wrapping_add(1);
            }
            Err(problems) => {
                for problem in problems.iter().filter(|problem| !self.refused.contains(problem)) {
                    tracing::error!(%problem, hint = problem.hint, "Sigma rules stay as they were");
                }
                self.refused = problems;
            }
        }
    }
}

fn stays(what: &str, error: &Error) {
    tracing::error!(error = error_chain(error), "{what} stay as they were");
}

fn read_lists(named: &[String]) -> Result<Arc<Intel>, Error> {
    let (intel, remarks) = lists::read(named)?;
    for remark in remarks {
        tracing::warn!(remark, "a list of addresses is not whole");
    }
    Ok(Arc::new(intel))
}

/// Of all files below what is named, as far as rules are looked for there.
fn rule_stamps(origins: &[Origin]) -> Vec<Stamp> {
    let mut waiting: Vec<PathBuf> = origins.iter().map(|origin| origin.path.clone()).collect();
    let mut stamps = Vec::new();
    while let Some(path) = waiting.pop() {
        if stamps.len() >= MAX_STAMPS {
            break;
        }
        if let Ok(folder) = fs::read_dir(&path) {
            waiting.extend(folder.filter_map(|entry| Some(entry.ok()?.path())));
        }
        stamps.push(stamp(&path));
    }
    stamps.sort();
    stamps
}

fn list_stamps(lists: &[String]) -> Vec<Stamp> {
    let paths: Vec<PathBuf> = lists.iter().map(|named| lists::path(named)).collect();
    stamps(paths.iter())
}

fn stamps<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Vec<Stamp> {
    paths.map(|path| stamp(path)).collect()
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok();
    let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
    (path.to_owned(), modified, metadata.map_or(0, |metadata| metadata.len()))
}
