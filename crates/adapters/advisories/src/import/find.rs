//! The files of what is given: files as they are, folders with all that is in them.

use std::fs;
use std::path::{Path, PathBuf};

use super::Problem;

/// Folders within folders.
const MAX_DEPTH: usize = 16;

/// Files of all folders together: RustSec, Go and GitHub give out a file a record, fewer than 500,000.
const MAX_FILES: usize = 2_000_000;

/// What the files of exports are called; others that lie in a folder are passed over.
const SUFFIXES: [&str; 7] = ["json", "jsonl", "ndjson", "zip", "tar", "gz", "tgz"];

/// A file to read.
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) files: Vec<Input>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn find(inputs: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in inputs {
        // What is named is followed, what lies in a folder is not.
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => folder(path, &mut found, 0),
            Ok(about) => found.files.push(Input { path: path.clone(), bytes: about.len() }),
            Err(error) => found.problem(path, &error.to_string()),
        }
    }
    found
}

fn folder(path: &Path, found: &mut Found, depth: usize) {
    if depth > MAX_DEPTH {
        return found.problem(path, &format!("it lies deeper than {MAX_DEPTH} folders"));
    }
    let entries = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut paths: Vec<PathBuf> = match entries {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
        Err(error) => return found.problem(path, &error.to_string()),
    };
    paths.sort();
    for path in paths {
        match fs::symlink_metadata(&path) {
            Ok(about) if about.is_dir() => {
                // Of a clone of RustSec or Go, what git keeps is none of the records.
                if path.file_name().is_none_or(|name| name != ".git") {
                    folder(&path, found, depth + 1);
                }
            }
            Ok(about) if about.is_file() && is_export(&path) => {
                if found.files.len() >= MAX_FILES {
                    return found.problem(&path, &format!("there are more than {MAX_FILES} files"));
                }
                found.files.push(Input { path, bytes: about.len() });
            }
            Ok(_) => {}
            Err(error) => found.problem(&path, &error.to_string()),
        }
    }
}

fn is_export(path: &Path) -> bool {
    let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
    SUFFIXES.iter().any(|known| suffix.eq_ignore_ascii_case(known))
}

impl Found {
    fn problem(&mut self, path: &Path, why: &str) {
        self.problems.push(Problem { name: path.display().to_string(), why: why.to_owned() });
    }
}
