//! Which files have rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringwall_model::{Problem, Source};

use crate::limits::{MAX_FILE, MAX_FILES, MAX_FOLDERS};

/// Where rules are, and whether all of them are only tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A file, or a folder with all `.yml` and `.yaml` files in it.
    pub path: PathBuf,
    /// Whether none of them is live, whatever it says of itself.
    pub is_dry_run: bool,
}

/// A file of rules.
#[derive(Debug)]
pub(crate) struct RuleFile {
    pub(crate) name: Arc<str>,
    pub(crate) text: Vec<u8>,
    pub(crate) is_dry_run: bool,
}

/// Reads all files, those of a folder by name.
pub(crate) fn read(origins: &[Origin], problems: &mut Vec<Problem>) -> Vec<RuleFile> {
    let mut files = Vec::new();
    for origin in origins {
        let mut paths = Vec::new();
        collect(&origin.path, 0, &mut paths, problems);
        if paths.len().saturating_add(files.len()) > MAX_FILES {
            let why = format!("more than {MAX_FILES} files of rules");
            problems.push(at(&origin.path, why).hint("name the folders that have rules for these logs"));
            return files;
        }
        for path in paths {
            match ringwall_files::read(&path, MAX_FILE) {
                Ok(text) => files.push(RuleFile {
                    name: path.display().to_string().into(),
                    text,
                    is_dry_run: origin.is_dry_run,
                }),
                Err(error) => {
                    problems.push(at(&path, error.to_string()));
                }
            }
        }
    }
    files
}

fn collect(path: &Path, depth: usize, paths: &mut Vec<PathBuf>, problems: &mut Vec<Problem>) {
    if depth > MAX_FOLDERS || paths.len() > MAX_FILES {
        return problems.push(at(path, format!("folders are nested more than {MAX_FOLDERS} deep")));
    }
    if !path.is_dir() {
        return paths.push(path.to_owned());
    }
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => return problems.push(at(path, error.to_string())),
    };
    let mut inside: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    inside.sort_unstable();
    for entry in inside {
        let is_hidden = entry.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_rule = entry.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
        // A link may lead anywhere, also back: what is named is followed, what is found is not.
        let is_link = entry.is_symlink();
        if !is_hidden && !is_link && (entry.is_dir() || is_rule) {
            collect(&entry, depth.saturating_add(1), paths, problems);
        }
    }
}

fn at(path: &Path, why: impl Into<String>) -> Problem {
    Problem::error(Source::new(path.display().to_string(), 0), why)
}
