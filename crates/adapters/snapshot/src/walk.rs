use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringwall_model::{Problem, Source};

use crate::bytes::Compression;
use crate::error::SnapshotError;
use crate::limits;

/// The folders of a snapshot.
const FOLDERS: [(&str, Part); 5] = [
    ("kubernetes", Part::Kubernetes),
    ("aws", Part::Aws),
    ("images", Part::Images),
    ("audit", Part::Audit),
    ("cloudtrail", Part::CloudTrail),
];

/// The file of a snapshot.
const CLUSTER_FILE: &str = "cluster.yaml";

/// Which part of a snapshot a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    ClusterFile,
    Kubernetes,
    Aws,
    Images,
    Audit,
    CloudTrail,
}

/// A file to read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Relative to the snapshot, with `/`.
    pub(crate) file: Arc<str>,
    pub(crate) part: Part,
    /// On disk.
    pub(crate) bytes: u64,
    pub(crate) compression: Compression,
}

/// What is in a snapshot's folder.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Sorted by path.
    pub(crate) files: Vec<Found>,
    pub(crate) problems: Vec<Problem>,
    root: PathBuf,
    full: bool,
}

/// Finds a snapshot's files, in a fixed order, without reading them.
pub(crate) fn walk(folder: &Path) -> Result<Walk, SnapshotError> {
    let unreadable = |error| SnapshotError::Unreadable(folder.to_owned(), error);
    let metadata = match fs::metadata(folder) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(SnapshotError::NotFound(folder.to_owned()));
        }
        Err(error) => return Err(unreadable(error)),
    };
    if !metadata.is_dir() {
        return Err(SnapshotError::NotAFolder(folder.to_owned()));
    }
    let root = fs::canonicalize(folder).map_err(unreadable)?;
    let mut walk = Walk { root: root.clone(), ..Walk::default() };
    let mut known = false;
    for name in names(&root).map_err(unreadable)? {
        known |= walk.part(&root.join(&name), &name);
    }
    if !known {
        return Err(SnapshotError::NoParts(folder.to_owned()));
    }
    walk.files.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(walk)
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
        if names.len() > limits::MAX_FILES {
            break;
        }
    }
    names.sort();
    Ok(names)
}

/// Hidden files, and what editors leave behind.
fn is_ignored(name: &str) -> bool {
    name.starts_with('.')
        || name.ends_with('~')
        || name.ends_with(".swp")
        || name.ends_with(".bak")
        || (name.starts_with('#') && name.ends_with('#'))
}

fn is_readme(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("readme")
        || lower.starts_with("license")
        || lower.ends_with(".md")
        || lower.ends_with(".txt")
}

impl Walk {
    /// An entry of the snapshot's own folder; whether it is a part of a snapshot.
    fn part(&mut self, path: &Path, name: &str) -> bool {
        if name == CLUSTER_FILE {
            self.entry(path, name, Part::ClusterFile, 0);
            return true;
        }
        if let Some((_, part)) = FOLDERS.iter().find(|(folder, _)| *folder == name) {
            self.entry(path, name, *part, 0);
            return true;
        }
        if !is_ignored(name) && !is_readme(name) {
            let names = FOLDERS.iter().map(|(folder, _)| *folder).chain([CLUSTER_FILE]);
            let hint = match crate::fields::nearest(name, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a snapshot has cluster.yaml, kubernetes/, aws/, images/, audit/ and cloudtrail/"
                    .to_owned(),
            };
            let message = format!("`{name}` is not a part of a snapshot and was not read");
            self.problems.push(Problem::warning(Source::new(name, 0), message).hint(hint));
        }
        false
    }

    fn error(&mut self, file: &str, message: impl Into<String>, hint: &str) {
        self.problems.push(Problem::error(Source::new(file, 0), message).hint(hint));
    }

    fn entry(&mut self, path: &Path, file: &str, part: Part, depth: usize) {
        if self.full {
            return;
        }
        if depth > limits::MAX_FOLDER_DEPTH {
            let message = format!("folders are nested more than {} deep", limits::MAX_FOLDER_DEPTH);
            return self.error(file, message, "move what is below it up");
        }
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) => {
                let hint = "if it is a link, its target is missing or it links to itself; check permissions";
                return self.error(file, format!("can't read it: {error}"), hint);
            }
        };
        if !real.starts_with(&self.root) {
            let hint = "copy what it links to into the snapshot: links are followed only inside the folder";
            return self.error(file, "it is a link out of the snapshot and was not read", hint);
        }
        let metadata = match fs::metadata(&real) {
            Ok(metadata) => metadata,
            Err(error) => {
                return self.error(file, format!("can't read it: {error}"), "check its permissions");
            }
        };
        if metadata.is_dir() {
            let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
            if is_link && path.starts_with(&real) {
                let hint = "remove the link: everything in that folder is read once already";
                return self.error(file, "it links to a folder that contains it", hint);
            }
            self.folder(&real, file, part, depth);
        } else if metadata.is_file() {
            self.file(real, file, part, metadata.len());
        } else {
            self.error(file, "it is neither a file nor a folder and was not read", "remove it");
        }
    }

    fn folder(&mut self, path: &Path, file: &str, part: Part, depth: usize) {
        if part == Part::ClusterFile {
            return self.error(file, "it is a folder, not a file", "cluster.yaml is one file");
        }
        match names(path) {
            Ok(names) => {
                for name in names.iter().filter(|name| !is_ignored(name)) {
                    self.entry(&path.join(name), &format!("{file}/{name}"), part, depth + 1);
                }
            }
            Err(error) => self.error(file, format!("can't read it: {error}"), "check its permissions"),
        }
    }

    fn file(&mut self, path: PathBuf, file: &str, part: Part, bytes: u64) {
        let name = file.rsplit('/').next().unwrap_or(file);
        if FOLDERS.iter().any(|(folder, _)| *folder == file) {
            return self.error(file, "it is a file, not a folder", "put it into a folder of that name");
        }
        let (stem, compression) = Compression::of(name);
        let ending = stem.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        if part != Part::ClusterFile && is_readme(stem) {
            return;
        }
        if part == Part::Kubernetes && !matches!(&*ending, "yaml" | "yml" | "json") {
            let message = "its name does not end with .yaml, .yml or .json (.gz, .zst) and it was not read";
            self.problems.push(
                Problem::warning(Source::new(file, 0), message)
                    .hint("rename it if it holds Kubernetes objects"),
            );
            return;
        }
        if self.files.len() >= limits::MAX_FILES {
            self.full = true;
            let message =
                format!("the snapshot has more than {} files; the rest was not read", limits::MAX_FILES);
            return self.error(
                file,
                message,
                "put several objects into one file, as `kubectl get … -o yaml` does",
            );
        }
        self.files.push(Found { path, file: file.into(), part, bytes, compression });
    }
}
