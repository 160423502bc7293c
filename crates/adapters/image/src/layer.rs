//! What a layer holds: its entries, and what its files tell of packages.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use ringwall_scan::read::{self, BINARY_START_BYTES, Found, ReadError, Spot};
use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::error::ImageError;
use crate::limits::{MAX_FILE, MAX_LAYER_BYTES, MAX_PATH, MAX_PROBLEMS};
use crate::path;
use crate::tar::{self, Kind, Tar, TarError};

/// What stands before the name of a file that is hidden.
///
/// Source: OCI image-spec, "Whiteouts".
const WHITEOUT: &str = ".wh.";
/// The name that hides all that lies in its folder below.
const OPAQUE: &str = ".wh..wh..opq";
/// What AUFS kept in layers for itself; it hides nothing.
const AUFS: &str = ".wh..wh.";

/// An entry of a layer, as it changes what lies below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Of a whiteout, what it hides; of an opaque one, the folder.
    pub(crate) path: Box<str>,
    pub(crate) kind: EntryKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Folder,
    /// To a path as it is written.
    Link(Box<str>),
    /// To a path from the root.
    HardLink(Box<str>),
    /// A device, a pipe, a socket.
    Other,
    Whiteout,
    Opaque,
}

/// All that is known of a layer, or of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) entries: Vec<Entry>,
    pub(crate) readings: Vec<Reading>,
    pub(crate) problems: Vec<ReadError>,
    /// What was read beyond what names ask for, since links lead there.
    pub(crate) asked: Asked,
}

/// What a file told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// The file, by its place in the list of entries.
    pub(crate) entry: usize,
    pub(crate) found: Found,
}

/// Files of a layer that are to be read as if they had another name, which leads to them: by path, that name.
pub(crate) type Asked = BTreeMap<String, String>;

/// Reads entries and files one by one into a [`Record`].
pub(crate) struct Recorder<'b> {
    record: Record,
    budget: &'b Budget,
    buffer: Vec<u8>,
    more_problems: u64,
}

/// A buffer of this size is kept for the next file; programs seldom have more.
const KEPT_BUFFER: usize = 16 << 20;

impl<'b> Recorder<'b> {
    pub(crate) fn new(budget: &'b Budget, asked: Asked) -> Self {
        let record = Record { asked, ..Record::default() };
        Self { record, budget, buffer: Vec::new(), more_problems: 0 }
    }

    /// Says that something was left out.
    pub(crate) fn problem(&mut self, path: &str, message: impl Into<String>) {
        if self.record.problems.len() < MAX_PROBLEMS {
            let (path, message) = (path.to_owned(), message.into());
            self.record.problems.push(ReadError { path, spot: Spot::Whole, message });
        } else {
            self.more_problems += 1;
        }
    }

    /// Adds an entry, and tells its number.
    pub(crate) fn entry(&mut self, path: String, kind: EntryKind) -> Result<usize, ImageError> {
        let link = match &kind {
            EntryKind::Link(target) | EntryKind::HardLink(target) => target.len(),
            _ => 0,
        };
        self.budget.entry(path.len() + link)?;
        self.record.entries.push(Entry { path: path.into_boxed_str(), kind });
        Ok(self.record.entries.len() - 1)
    }

    /// Reads a file, if it may tell of packages. `input` is its content, of `size` bytes.
    pub(crate) fn file(
        &mut self,
        entry: usize,
        size: u64,
        mode: u32,
        mut input: impl Read,
    ) -> std::io::Result<()> {
        let Some(path) = self.record.entries.get(entry).map(|entry| entry.path.clone()) else {
            return Ok(());
        };
        let name = self.record.asked.get(&*path).cloned();
        let kind = read::wanted(&path).or_else(|| name.as_deref().and_then(read::wanted));
        self.buffer.clear();
        let kind = match kind {
            Some(kind) => kind,
            None if may_be_program(&path, mode) && size > BINARY_START_BYTES as u64 => {
                (&mut input).take(BINARY_START_BYTES as u64).read_to_end(&mut self.buffer)?;
                let Some(kind) = read::wanted_binary(&self.buffer) else { return Ok(()) };
                kind
            }
            None => return Ok(()),
        };
        let most = (kind.max_bytes() as u64).min(MAX_FILE);
        if size > most {
            self.problem(
                &path,
                format!("it has {} MiB, and {} MiB are read", size.div_ceil(1 << 20), most >> 20),
            );
            return Ok(());
        }
        let _held = self.budget.hold(size);
        self.buffer
            .reserve_exact(usize::try_from(size).unwrap_or_default().saturating_sub(self.buffer.len()));
        input.take(size).read_to_end(&mut self.buffer)?;
        let found = read::packages(kind, name.as_deref().unwrap_or(&path), &self.buffer);
        if found != Found::default() {
            self.record.readings.push(Reading { entry, found });
        }
        if self.buffer.capacity() > KEPT_BUFFER {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Record {
        if self.more_problems > 0 {
            let message = format!("{} more could not be read", self.more_problems);
            self.record.problems.push(ReadError { path: String::new(), spot: Spot::Whole, message });
        }
        self.record
    }
}

/// Programs may be executed, libraries are known by their names.
fn may_be_program(path: &str, mode: u32) -> bool {
    let (_, name) = path::split(path);
    let is_library = || {
        [".so", ".node", ".dll", ".exe", ".dylib"].iter().any(|ending| name.ends_with(ending))
            || name.contains(".so.")
    };
    mode & 0o111 != 0 || is_library()
}

/// Reads a layer's tar file. The error comes with the last entry that could be read.
pub(crate) fn read(
    input: impl BufRead,
    budget: &Budget,
    asked: Asked,
) -> Result<Record, (Option<String>, LayerError)> {
    let mut recorder = Recorder::new(budget, asked);
    let mut tar = Tar::new(input);
    let mut last = None;
    loop {
        match step(&mut tar, &mut recorder) {
            Ok(Some(name)) => last = Some(name),
            Ok(None) => return Ok(recorder.finish()),
            Err(error) => return Err((last.map(|name| path::readable(&name).into_owned()), error)),
        }
    }
}

/// Why a layer can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayerError {
    #[error(transparent)]
    Tar(#[from] TarError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Image(#[from] ImageError),
}

fn step<R: BufRead>(tar: &mut Tar<R>, recorder: &mut Recorder<'_>) -> Result<Option<Vec<u8>>, LayerError> {
    let Some(entry) = tar.next()? else { return Ok(None) };
    if entry.kind == Kind::Global {
        return Ok(Some(entry.name));
    }
    let place = match path::clean(&entry.name) {
        Ok(place) => place,
        Err(error) => {
            let name: Vec<u8> = entry.name.iter().copied().take(MAX_PATH).collect();
            recorder.problem(&path::readable(&name), format!("its name {error}"));
            return Ok(Some(entry.name));
        }
    };
    let (folder, name) = path::split(&place);
    if let Some(hidden) = name.strip_prefix(WHITEOUT) {
        if name == OPAQUE {
            recorder.entry(folder.to_owned(), EntryKind::Opaque)?;
        } else if matches!(hidden, "" | "." | "..") {
            recorder.problem(&place, "it hides no file");
        } else if !name.starts_with(AUFS) {
            recorder.entry(path::join(folder, hidden), EntryKind::Whiteout)?;
        }
        return Ok(Some(entry.name));
    }
    let kind = match entry.kind {
        Kind::Folder => EntryKind::Folder,
        Kind::SymbolicLink => match target(&entry) {
            Ok(target) => EntryKind::Link(target.into()),
            Err(error) => {
                recorder.problem(&place, format!("the path that it links to {error}"));
                EntryKind::Other
            }
        },
        Kind::HardLink => match path::clean(&entry.link) {
            Ok(target) => EntryKind::HardLink(target.into()),
            Err(error) => {
                recorder.problem(&place, format!("the path that it links to {error}"));
                EntryKind::Other
            }
        },
        Kind::File => EntryKind::File,
        Kind::Other | Kind::Global => EntryKind::Other,
    };
    let is_file = kind == EntryKind::File && !place.is_empty();
    let number = recorder.entry(place, kind)?;
    if is_file {
        if entry.size > MAX_LAYER_BYTES {
            return Ok(Some(entry.name));
        }
        recorder.file(number, entry.size, entry.mode, tar.content())?;
    }
    Ok(Some(entry.name))
}

/// Where a symbolic link leads, as it is written: it may be `..`, and is followed inside the image.
fn target(entry: &tar::Entry) -> Result<String, path::PathError> {
    if entry.link.len() > MAX_PATH {
        return Err(path::PathError::Long);
    }
    Ok(path::readable(&entry.link).into_owned())
}

#[cfg(test)]
mod tests;
