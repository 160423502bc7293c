//! Exports of OSV, in every form in which they are given out.

mod find;
mod objects;
mod tar;
mod unpack;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use ringwall_scan::advisory::{self, AdvisoryError};
use ringwall_scan::kev::Kev;

use crate::error::ImportError;
use crate::write::Writer;

/// Problems that are kept in full; the rest is counted.
const MAX_PROBLEMS: usize = 100;

/// How far an import is, in bytes of the files as they lie on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Read so far.
    pub done: u64,
    /// To read.
    pub total: u64,
}

/// Something that was given and not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, and what in it.
    pub name: String,
    /// Why.
    pub why: String,
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records in the new file.
    pub records: u64,
    /// Ecosystems with their releases.
    pub ecosystems: usize,
    /// When the youngest record was changed.
    pub as_of: String,
    /// The first of what was not taken.
    pub problems: Vec<Problem>,
    /// How many there were in all.
    pub not_taken: u64,
}

/// Reads what is given into a new file of advisories, which takes the place of the one that there is in one step.
///
/// What can't be read is told and left out; the rest is taken.
///
/// # Errors
/// If there is no record at all, or the file can't be written. The one that there was is then as it was.
pub fn import(
    inputs: &[PathBuf],
    path: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Imported, ImportError> {
    let found = find::find(inputs);
    let mut taking = Taking { writer: Writer::new(path)?, imported: Imported::default(), failed: None };
    for problem in found.problems {
        taking.problem(problem.name, problem.why);
    }
    let total = found.files.iter().map(|file| file.bytes).sum();
    let mut before = 0;
    for file in &found.files {
        let told = unpack::read(&file.path, &mut taking, &mut |done| {
            progress(Progress { done: before + done.min(file.bytes), total });
        });
        if let Err(error) = told {
            taking.problem(file.path.display().to_string(), error);
        }
        before += file.bytes;
        if let Some(error) = taking.failed {
            return Err(error);
        }
    }
    if taking.writer.records() == 0 {
        return Err(ImportError::Nothing);
    }
    let summary = taking.writer.finish()?;
    Ok(Imported {
        records: summary.records,
        ecosystems: summary.ecosystems.len(),
        as_of: summary.as_of,
        ..taking.imported
    })
}

/// What takes the objects of exports.
pub(crate) trait Sink {
    /// Takes one object, with the name of what it is in; says whether more is wanted.
    fn object(&mut self, name: &str, json: &[u8]) -> bool;
    /// Takes that something could not be read.
    fn problem(&mut self, name: String, why: String);
}

struct Taking {
    writer: Writer,
    imported: Imported,
    failed: Option<ImportError>,
}

impl Taking {
    fn problem(&mut self, name: String, why: impl std::fmt::Display) {
        self.imported.not_taken += 1;
        if self.imported.problems.len() < MAX_PROBLEMS {
            self.imported.problems.push(Problem { name, why: why.to_string() });
        }
    }
}

impl Sink for Taking {
    fn object(&mut self, name: &str, json: &[u8]) -> bool {
        let taken = match advisory::parse(json) {
            Ok(record) => self.writer.add(&record),
            // CISA's catalogue has no id, and a list of its own.
            Err(AdvisoryError::NoId) if Kev::parse(json).is_ok() => self.writer.set_exploited(json),
            Err(error) => {
                self.problem(name.to_owned(), error);
                Ok(())
            }
        };
        self.failed = taken.err();
        self.failed.is_none()
    }

    fn problem(&mut self, name: String, why: String) {
        Self::problem(self, name, why);
    }
}
