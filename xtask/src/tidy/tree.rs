//! What the rules look at: the files of the repository and cargo's view of it, as values.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{Metadata, Workspace};

/// Files over this are not loaded: no rule reads the text of one, and its size alone is a problem.
pub(super) const MAX_FILE_BYTES: u64 = 30 * 1024 * 1024;

/// The tree under test.
pub(super) struct Tree<'a> {
    pub(super) files: Vec<File>,
    pub(super) metadata: &'a Metadata,
}

/// A file that is, or would be, in the repository.
pub(super) struct File {
    /// Relative to the root, with slashes.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// `None` for what is not text.
    pub(super) text: Option<String>,
}

impl<'a> Tree<'a> {
    pub(super) fn read(workspace: &'a Workspace) -> Result<Self> {
        let files = paths(&workspace.root)?
            .into_iter()
            .filter_map(|path| File::read(&workspace.root, path).transpose())
            .collect::<Result<_>>()?;
        Ok(Self { files, metadata: &workspace.metadata })
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path)?.text.as_deref()
    }

    /// Every text file with its text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&File, &str)> {
        self.files.iter().filter_map(|file| Some((file, file.text.as_deref()?)))
    }

    /// The line of a file that first contains this, for messages.
    pub(super) fn line_of(&self, path: &str, needle: &str) -> usize {
        let line = self.text(path).and_then(|text| text.lines().position(|line| line.contains(needle)));
        line.map_or(1, |index| index + 1)
    }
}

impl File {
    /// `None` for a file that the index still has and the folder does not, and for links and folders.
    fn read(root: &Path, path: String) -> Result<Option<Self>> {
        let full = root.join(&path);
        let Ok(metadata) = fs::symlink_metadata(&full) else { return Ok(None) };
        if !metadata.is_file() {
            return Ok(None);
        }
        let bytes = metadata.len();
        let text = if bytes > MAX_FILE_BYTES {
            None
        } else {
            let content = fs::read(&full).with_context(|| format!("`{path}` could not be read"))?;
            String::from_utf8(content).ok().filter(|text| !text.contains('\0'))
        };
        Ok(Some(Self { path, bytes, text }))
    }
}

/// What git tracks or would add; without git, every file outside the folders that tools write.
fn paths(root: &Path) -> Result<Vec<String>> {
    let listed = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output();
    let mut paths = match listed {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            text.split_terminator('\0').map(str::to_owned).collect()
        }
        _ => walk(root)?,
    };
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn walk(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("`{}` could not be listed", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if !entry.file_type()?.is_dir() {
                let relative = path.strip_prefix(root).unwrap_or(&path);
                found.push(relative.to_string_lossy().replace('\\', "/"));
            } else if !matches!(entry.file_name().to_str(), Some("target" | ".git" | "node_modules")) {
                folders.push(path);
            }
        }
    }
    Ok(found)
}
