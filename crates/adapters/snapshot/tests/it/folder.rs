//! Snapshot folders that a test makes.

use std::fs;
use std::path::{Path, PathBuf};

use ringwall_model::Level;
use ringwall_snapshot::{Options, Snapshot, read};
use tempfile::TempDir;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        files.iter().fold(Self::new(), |folder, (name, text)| folder.file(name, text))
    }

    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read(&self) -> Snapshot {
        read(self.root(), &Options::default()).unwrap()
    }
}

/// A snapshot of these files that has no problems.
pub(crate) fn clean(files: &[(&str, &str)]) -> Snapshot {
    let snapshot = Folder::with(files).read();
    assert!(snapshot.problems.is_empty(), "{:#?}", snapshot.problems);
    snapshot
}

/// A snapshot of one file in `kubernetes/`.
pub(crate) fn kubernetes(text: &str) -> Snapshot {
    Folder::with(&[("kubernetes/all.yaml", text)]).read()
}

/// The problems, each with what to do about it, as `E file:line: message`; `W` for warnings.
pub(crate) fn told(snapshot: &Snapshot) -> Vec<String> {
    snapshot
        .problems
        .iter()
        .map(|problem| {
            assert!(problem.hint.is_some(), "no hint: {problem}");
            let level = if problem.level == Level::Error { "E" } else { "W" };
            format!("{level} {problem}")
        })
        .collect()
}

/// The objects, as `kind namespace/name` with their places.
pub(crate) fn objects(snapshot: &Snapshot) -> Vec<String> {
    snapshot.cluster.objects.iter().map(|object| format!("{} {}", object.source, object.reference)).collect()
}
