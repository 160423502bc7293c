//! A file of advisories that is asked.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use ringwall_scan::advisory::{Advisory, MAX_RECORD, key};
use ringwall_scan::kev::{Kev, MAX_CATALOGUE};
use ringwall_scan::matching::Lookup;
use serde::de::DeserializeOwned;

use crate::error::DatabaseError;
use crate::format::{
    ENTRY, Entry, Header, Index, PAGE, PAGE_HEAD, Place, Summary, crc, id_hash, package_hash,
};
use crate::write::inflate;

/// Bytes of a record or of the summary as it is stored: what is larger was not written by us.
const MAX_STORED: u32 = 64 << 20;

/// Records that are read for one package. The Linux kernel has fewer than 20,000 in a release.
const MAX_OF_PACKAGE: usize = 100_000;

/// Bytes of the summary.
const MAX_SUMMARY: usize = 16 << 20;

/// A file of advisories. It stays the one that was opened when an import replaces it.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    file: File,
    header: Header,
    summary: Summary,
}

impl Database {
    /// Opens a file.
    ///
    /// # Errors
    /// If it is not there, is another file, or its first page or summary is damaged.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let file = File::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => DatabaseError::Missing { path: path.to_owned() },
            _ => DatabaseError::Read { path: path.to_owned(), source },
        })?;
        let mut page = [0; PAGE];
        file.read_exact_at(&mut page, 0).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => DatabaseError::Format { path: path.to_owned() },
            _ => DatabaseError::Read { path: path.to_owned(), source },
        })?;
        let damaged = || DatabaseError::Damaged { path: path.to_owned(), part: "the header", offset: 0 };
        let header =
            Header::from_page(&page).ok_or_else(|| DatabaseError::Format { path: path.to_owned() })?;
        let header = header.ok_or_else(damaged)?;
        let mut database = Self { path: path.to_owned(), file, header, summary: Summary::default() };
        database.summary = database.json(header.summary, "the summary", MAX_SUMMARY)?;
        Ok(database)
    }

    /// How many records there are.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.summary.records
    }

    /// CISA's catalogue, if it was imported.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn exploited(&self) -> Result<Kev, DatabaseError> {
        let place = self.header.exploited;
        if place.length == 0 {
            return Ok(Kev::default());
        }
        let json = self.bytes(place, "the catalogue of exploited vulnerabilities", MAX_CATALOGUE)?;
        Kev::parse(&json)
            .map_err(|_| self.damaged("the catalogue of exploited vulnerabilities", place.offset))
    }

    fn damaged(&self, part: &'static str, offset: u64) -> DatabaseError {
        DatabaseError::Damaged { path: self.path.clone(), part, offset }
    }

    fn read(&self, bytes: &mut [u8], offset: u64, part: &'static str) -> Result<(), DatabaseError> {
        self.file.read_exact_at(bytes, offset).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged(part, offset),
            _ => DatabaseError::Read { path: self.path.clone(), source },
        })
    }

    fn bytes(&self, place: Place, part: &'static str, limit: usize) -> Result<Vec<u8>, DatabaseError> {
        let damaged = || self.damaged(part, place.offset);
        if place.length > MAX_STORED {
            return Err(damaged());
        }
        let mut stored = vec![0; usize::try_from(place.length).unwrap_or_default()];
        self.read(&mut stored, place.offset, part)?;
        if crc(&stored) != place.crc {
            return Err(damaged());
        }
        inflate(&stored, limit).map_err(|_| damaged())
    }

    fn json<T: DeserializeOwned>(
        &self,
        place: Place,
        part: &'static str,
        limit: usize,
    ) -> Result<T, DatabaseError> {
        let bytes = self.bytes(place, part, limit)?;
        serde_json::from_slice(&bytes).map_err(|_| self.damaged(part, place.offset))
    }

    fn record(&self, place: Place) -> Result<Advisory, DatabaseError> {
        self.json(place, "a record", MAX_RECORD)
    }

    /// The entries of a page.
    fn page(&self, index: Index, page: u64) -> Result<Vec<Entry>, DatabaseError> {
        let offset = page.checked_mul(PAGE as u64).and_then(|at| at.checked_add(index.offset));
        let offset = offset.ok_or_else(|| self.damaged("the header", 0))?;
        let mut bytes = [0; PAGE];
        self.read(&mut bytes, offset, "a page of an index")?;
        let damaged = || self.damaged("a page of an index", offset);
        let (sum, body) = bytes.split_first_chunk().ok_or_else(damaged)?;
        if crc(body) != u32::from_le_bytes(*sum) {
            return Err(damaged());
        }
        let (count, _) = body.split_first_chunk().ok_or_else(damaged)?;
        let count = usize::try_from(u32::from_le_bytes(*count)).unwrap_or(usize::MAX);
        let entries = bytes.get(PAGE_HEAD..).unwrap_or_default().chunks_exact(ENTRY);
        Ok(entries.take(count).filter_map(Entry::from_bytes).collect())
    }

    /// Where all records with this hash are.
    fn places(&self, index: Index, hash: u64) -> Result<Vec<Place>, DatabaseError> {
        // The first page whose last entry is not before the hash.
        let (mut low, mut high) = (0, index.pages);
        while low < high {
            let middle = low + (high - low) / 2;
            let before = self.page(index, middle)?.last().is_some_and(|entry| entry.hash < hash);
            (low, high) = if before { (middle + 1, high) } else { (low, middle) };
        }
        let mut places = Vec::new();
        while low < index.pages && places.len() < MAX_OF_PACKAGE {
            let page = self.page(index, low)?;
            places.extend(page.iter().filter(|entry| entry.hash == hash).map(|entry| entry.place));
            if page.last().is_none_or(|entry| entry.hash > hash) {
                break;
            }
            low += 1;
        }
        Ok(places)
    }
}

impl Lookup for Database {
    type Error = DatabaseError;

    fn of_package(&self, ecosystem: &str, name: &str) -> Result<Vec<Advisory>, DatabaseError> {
        let mut records = Vec::new();
        for place in self.places(self.header.packages, package_hash(ecosystem, name))? {
            let record = self.record(place)?;
            let is_it = |affected: &ringwall_scan::advisory::Affected| {
                affected.ecosystem == ecosystem && key(ecosystem, &affected.name) == name
            };
            if record.affected.iter().any(is_it) {
                records.push(record);
            }
        }
        Ok(records)
    }

    fn by_id(&self, id: &str) -> Result<Option<Advisory>, DatabaseError> {
        for place in self.places(self.header.ids, id_hash(id))? {
            let record = self.record(place)?;
            if record.id == id {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn as_of(&self) -> &str {
        &self.summary.as_of
    }

    fn has(&self, ecosystem: &str) -> bool {
        self.summary.ecosystems.contains_key(ecosystem)
    }
}
