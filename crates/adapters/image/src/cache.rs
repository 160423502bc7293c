//! What layers hold, kept by their digests: a layer never changes, so it need not be read again.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ringwall_files::PRIVATE;
use ringwall_scan::read::ReadError;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::layer::{Asked, Entry, EntryKind, Reading, Record};
use crate::limits::{MAX_ENTRIES, MAX_RECORD, MAX_RECORD_BYTES};

/// What wrote a record. One of another version is read anew, since its readers may have known less.
const WRITTEN_BY: &str = concat!("ringwall ", env!("CARGO_PKG_VERSION"), ", records 1");

/// A folder with a file for each layer.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    written_by: String,
    digest: String,
    asked: Asked,
    /// How many bytes of the path before begin this one, the rest of it, and what it is.
    entries: Vec<(usize, String, Code)>,
    readings: Vec<Reading>,
    problems: Vec<ReadError>,
}

#[derive(Serialize, Deserialize)]
enum Code {
    #[serde(rename = "f")]
    File,
    #[serde(rename = "d")]
    Folder,
    #[serde(rename = "l")]
    Link(String),
    #[serde(rename = "h")]
    HardLink(String),
    #[serde(rename = "o")]
    Other,
    #[serde(rename = "w")]
    Whiteout,
    #[serde(rename = "q")]
    Opaque,
}

impl Cache {
    /// In a folder, which is made if it isn't there. Who can write to it decides on what scans find: it has to be the caller's own.
    ///
    /// # Errors
    ///
    /// The folder can't be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let (algorithm, value) = digest.parts();
        self.folder.join(format!("{algorithm}-{value}.json.gz"))
    }

    /// What is known of a layer; none if that is nothing, damaged or of another version.
    pub(crate) fn load(&self, digest: &Digest) -> Option<Record> {
        let bytes = ringwall_files::read(&self.path(digest), MAX_RECORD).ok()?;
        let mut json = Vec::new();
        GzDecoder::new(bytes.as_slice()).take(MAX_RECORD_BYTES).read_to_end(&mut json).ok()?;
        let stored: Stored = serde_json::from_slice(&json).ok()?;
        if stored.written_by != WRITTEN_BY || stored.digest != digest.as_str() {
            return None;
        }
        stored.record()
    }

    /// Keeps what is known of a layer.
    pub(crate) fn store(&self, digest: &Digest, record: &Record) -> io::Result<()> {
        let mut output = GzEncoder::new(Vec::new(), Compression::fast());
        serde_json::to_writer(&mut output, &Stored::new(digest, record))?;
        output.flush()?;
        let bytes = output.finish()?;
        if bytes.len() as u64 > MAX_RECORD {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        ringwall_files::replace(&self.path(digest), &bytes, PRIVATE)
    }
}

impl Stored {
    fn new(digest: &Digest, record: &Record) -> Self {
        let mut before = "";
        let entries = record.entries.iter().map(|entry| {
            let shared = entry.path.char_indices().zip(before.chars());
            let shared = shared.take_while(|((_, ours), theirs)| ours == theirs);
            let shared = shared.last().map_or(0, |((at, last), _)| at + last.len_utf8());
            before = &entry.path;
            let code = match &entry.kind {
                EntryKind::File => Code::File,
                EntryKind::Folder => Code::Folder,
                EntryKind::Link(target) => Code::Link(target.to_string()),
                EntryKind::HardLink(target) => Code::HardLink(target.to_string()),
                EntryKind::Other => Code::Other,
                EntryKind::Whiteout => Code::Whiteout,
                EntryKind::Opaque => Code::Opaque,
            };
            (shared, entry.path.get(shared..).unwrap_or_default().to_owned(), code)
        });
        Self {
            written_by: WRITTEN_BY.to_owned(),
            digest: digest.to_string(),
            asked: record.asked.clone(),
            entries: entries.collect(),
            readings: record.readings.clone(),
            problems: record.problems.clone(),
        }
    }

    fn record(self) -> Option<Record> {
        if self.entries.len() > MAX_ENTRIES {
            return None;
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(self.entries.len());
        for (shared, rest, code) in self.entries {
            let before = entries.last().map(|entry| &*entry.path).unwrap_or_default();
            let path = format!("{}{rest}", before.get(..shared)?);
            let kind = match code {
                Code::File => EntryKind::File,
                Code::Folder => EntryKind::Folder,
                Code::Link(target) => EntryKind::Link(target.into()),
                Code::HardLink(target) => EntryKind::HardLink(target.into()),
                Code::Other => EntryKind::Other,
                Code::Whiteout => EntryKind::Whiteout,
                Code::Opaque => EntryKind::Opaque,
            };
            entries.push(Entry { path: path.into(), kind });
        }
        if self.readings.iter().any(|reading| reading.entry >= entries.len()) {
            return None;
        }
        Some(Record { entries, readings: self.readings, problems: self.problems, asked: self.asked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("layers")).unwrap();
        let digest = Digest::of(b"layer");
        assert_eq!(cache.load(&digest), None);
        let entry = |path: &str, kind| Entry { path: path.into(), kind };
        let record = Record {
            entries: vec![
                entry("etc", EntryKind::Folder),
                entry("etc/über", EntryKind::File),
                entry("etc/üx", EntryKind::Link("../a".into())),
                entry("etc", EntryKind::Opaque),
                entry("", EntryKind::Folder),
                entry("b", EntryKind::HardLink("etc/über".into())),
                entry("b/c", EntryKind::Whiteout),
                entry("b/d", EntryKind::Other),
            ],
            readings: vec![Reading { entry: 1, found: Default::default() }],
            problems: Vec::new(),
            asked: Asked::from([("a".to_owned(), "b".to_owned())]),
        };
        cache.store(&digest, &record).unwrap();
        assert_eq!(cache.load(&digest), Some(record));
        let path = cache.path(&digest);
        std::fs::rename(&path, cache.path(&Digest::of(b"other"))).unwrap();
        assert_eq!(cache.load(&Digest::of(b"other")), None, "of another layer");
        std::fs::write(&path, "damaged").unwrap();
        assert_eq!(cache.load(&digest), None);
    }
}
