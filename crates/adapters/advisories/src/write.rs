//! The file, from records in any order.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use flate2::{Compression, write::DeflateEncoder};
use ringwall_scan::advisory::{Advisory, key};
use tempfile::NamedTempFile;

use crate::error::ImportError;
use crate::format::{
    Entry, Header, Index, PAGE, PAGE_HEAD, PER_PAGE, Place, Summary, crc, id_hash, package_hash,
};

/// Records of one file: all databases of OSV together have about half a million.
const MAX_RECORDS: usize = 8_000_000;

/// The mode of the file: advisories are public.
const MODE: u32 = 0o644;

/// Records as they come, kept beside the file that they become, so that memory holds their places alone.
pub(crate) struct Writer {
    path: PathBuf,
    spool: BufWriter<File>,
    length: u64,
    records: HashMap<String, Kept>,
    exploited: Option<Vec<u8>>,
}

/// A record that was written to the spool.
struct Kept {
    modified: String,
    place: Place,
    withdrawn: bool,
    keys: Vec<u64>,
    ecosystems: Vec<String>,
}

impl Writer {
    pub(crate) fn new(path: &Path) -> Result<Self, ImportError> {
        let spool = tempfile::tempfile_in(folder(path))
            .map_err(|source| ImportError::Write { path: path.to_owned(), source })?;
        Ok(Self {
            path: path.to_owned(),
            spool: BufWriter::new(spool),
            length: 0,
            records: HashMap::new(),
            exploited: None,
        })
    }

    /// How many records there are, with those that were taken back.
    pub(crate) fn records(&self) -> usize {
        self.records.len()
    }

    /// Takes a record. Of two with the same id the one that was changed later stays, in whatever order they come.
    pub(crate) fn add(&mut self, advisory: &Advisory) -> Result<(), ImportError> {
        let json = serde_json::to_vec(advisory).map_err(io::Error::from);
        let bytes = json.and_then(|json| deflate(&json)).map_err(|source| self.failed(source))?;
        let place = Place { offset: self.length, length: length(&bytes), crc: crc(&bytes) };
        if let Some(kept) = self.records.get(&advisory.id) {
            let old = (&kept.modified, kept.place.crc, kept.place.length);
            if old >= (&advisory.modified, place.crc, place.length) {
                return Ok(());
            }
        } else if self.records.len() >= MAX_RECORDS {
            return Err(ImportError::TooMany(MAX_RECORDS));
        }
        let mut keys = Vec::new();
        let mut ecosystems = Vec::new();
        for affected in &advisory.affected {
            let name = key(&affected.ecosystem, &affected.name);
            keys.push(package_hash(&affected.ecosystem, &name));
            ecosystems.push(affected.ecosystem.clone());
        }
        keys.sort_unstable();
        keys.dedup();
        ecosystems.sort_unstable();
        ecosystems.dedup();
        self.spool.write_all(&bytes).map_err(|source| self.failed(source))?;
        self.length += bytes.len() as u64;
        let modified = advisory.modified.clone();
        let kept = Kept { modified, place, withdrawn: advisory.withdrawn.is_some(), keys, ecosystems };
        self.records.insert(advisory.id.clone(), kept);
        Ok(())
    }

    /// Takes CISA's catalogue; the last one that comes stays.
    pub(crate) fn set_exploited(&mut self, json: &[u8]) -> Result<(), ImportError> {
        self.exploited = Some(deflate(json).map_err(|source| self.failed(source))?);
        Ok(())
    }

    /// Puts the file in its place. It is on the disk when this returns.
    pub(crate) fn finish(mut self) -> Result<Summary, ImportError> {
        let written = self.write();
        written.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ImportError {
        ImportError::Write { path: self.path.clone(), source }
    }

    fn write(&mut self) -> io::Result<Summary> {
        self.spool.flush()?;
        let folder = folder(&self.path);
        let file = NamedTempFile::new_in(folder)?;
        let mut out = Out { file: BufWriter::new(file.as_file()), offset: 0 };
        out.put(&vec![0; PAGE])?;
        let (mut packages, mut ids, mut summary) = (Vec::new(), Vec::new(), Summary::default());
        let mut sorted: Vec<_> = self.records.iter().filter(|(_, kept)| !kept.withdrawn).collect();
        sorted.sort_unstable_by_key(|(id, _)| *id);
        let mut bytes = Vec::new();
        for (id, kept) in sorted {
            bytes.resize(usize::try_from(kept.place.length).unwrap_or(usize::MAX), 0);
            self.spool.get_ref().read_exact_at(&mut bytes, kept.place.offset)?;
            let place = out.place(&bytes)?;
            packages.extend(kept.keys.iter().map(|hash| Entry { hash: *hash, place }));
            ids.push(Entry { hash: id_hash(id), place });
            count(&mut summary, kept);
        }
        let header = Header {
            packages: out.index(packages)?,
            ids: out.index(ids)?,
            summary: out.place(&deflate(&serde_json::to_vec(&summary)?)?)?,
            exploited: match &self.exploited {
                Some(bytes) => out.place(bytes)?,
                None => Place::default(),
            },
        };
        out.file.flush()?;
        drop(out);
        file.as_file().write_all_at(&header.to_page(), 0)?;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(MODE))?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        File::open(folder)?.sync_all()?;
        Ok(summary)
    }
}

fn count(summary: &mut Summary, kept: &Kept) {
    let later = |as_of: &mut String| {
        if *as_of < kept.modified {
            as_of.clone_from(&kept.modified);
        }
    };
    summary.records += 1;
    later(&mut summary.as_of);
    for name in &kept.ecosystems {
        let ecosystem = summary.ecosystems.entry(name.clone()).or_default();
        ecosystem.records += 1;
        later(&mut ecosystem.as_of);
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// The file as it grows.
struct Out<'f> {
    file: BufWriter<&'f File>,
    offset: u64,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.offset += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    fn place(&mut self, bytes: &[u8]) -> io::Result<Place> {
        let place = Place { offset: self.offset, length: length(bytes), crc: crc(bytes) };
        self.put(bytes)?;
        Ok(place)
    }

    fn index(&mut self, mut entries: Vec<Entry>) -> io::Result<Index> {
        entries.sort_unstable();
        let offset = self.offset;
        let mut pages = 0;
        for chunk in entries.chunks(PER_PAGE) {
            let count = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            let mut body = count.to_le_bytes().to_vec();
            body.extend(chunk.iter().flat_map(|entry| entry.to_bytes()));
            body.resize(PAGE - PAGE_HEAD / 2, 0);
            self.put(&crc(&body).to_le_bytes())?;
            self.put(&body)?;
            pages += 1;
        }
        Ok(Index { offset, pages })
    }
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Inflates what [`deflate`] made, up to a limit.
pub(crate) fn inflate(bytes: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let reader = flate2::read::DeflateDecoder::new(bytes);
    reader.take(limit as u64 + 1).read_to_end(&mut out)?;
    if out.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it inflates to more than is ever written"));
    }
    Ok(out)
}
