//! The bytes of the file.
//!
//! A page with the header; records, each deflated; pages of the index of packages and of the index of ids; the summary. All
//! numbers are little-endian. An index is sorted by the hash of its key, so that a look-up reads a page a step; each page, each
//! record and the summary have a CRC-32, by which damage is found before it is believed.

use std::collections::BTreeMap;
use std::hash::Hasher as _;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// What the file begins with: its kind and the version of its form.
pub(crate) const MAGIC: &[u8; 24] = b"ringwall advisories 1\n\0\0";

/// Bytes of the header and of a page of an index: what a disk reads at once.
pub(crate) const PAGE: usize = 4096;

/// Bytes of an entry of an index.
pub(crate) const ENTRY: usize = 24;

/// Bytes before the entries of a page: checksum and number of entries.
pub(crate) const PAGE_HEAD: usize = 8;

/// Entries of a page.
pub(crate) const PER_PAGE: usize = (PAGE - PAGE_HEAD) / ENTRY;

/// Where something is, and its checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u32,
    pub(crate) crc: u32,
}

/// A key's hash, and where its record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) hash: u64,
    pub(crate) place: Place,
}

impl Entry {
    pub(crate) fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let parts = self.hash.to_le_bytes().into_iter().chain(self.place.to_bytes());
        bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hash, place) = bytes.split_first_chunk()?;
        Some(Self { hash: u64::from_le_bytes(*hash), place: Place::from_bytes(place)? })
    }
}

impl Place {
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let parts = self.offset.to_le_bytes().into_iter();
        let parts = parts.chain(self.length.to_le_bytes()).chain(self.crc.to_le_bytes());
        bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (offset, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (crc, _) = rest.split_first_chunk()?;
        Some(Self {
            offset: u64::from_le_bytes(*offset),
            length: u32::from_le_bytes(*length),
            crc: u32::from_le_bytes(*crc),
        })
    }
}

/// The first page: where the parts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) packages: Index,
    pub(crate) ids: Index,
    pub(crate) summary: Place,
    /// CISA's catalogue; no bytes if there is none.
    pub(crate) exploited: Place,
}

/// Pages of an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) offset: u64,
    pub(crate) pages: u64,
}

impl Header {
    pub(crate) fn to_page(self) -> Vec<u8> {
        let mut page = MAGIC.to_vec();
        for number in [self.packages.offset, self.packages.pages, self.ids.offset, self.ids.pages] {
            page.extend(number.to_le_bytes());
        }
        page.extend(self.summary.to_bytes());
        page.extend(self.exploited.to_bytes());
        page.extend(crc(&page).to_le_bytes());
        page.resize(PAGE, 0);
        page
    }

    /// Reads the first page: `None` if it is another file's, `Some(None)` if it is damaged.
    pub(crate) fn from_page(page: &[u8]) -> Option<Option<Self>> {
        let rest = page.strip_prefix(MAGIC)?;
        let length = MAGIC.len() + 4 * 8 + 2 * 16;
        let (body, tail) = page.split_at_checked(length)?;
        let (sum, _) = tail.split_first_chunk()?;
        if crc(body) != u32::from_le_bytes(*sum) {
            return Some(None);
        }
        let mut numbers =
            rest.chunks_exact(8).filter_map(|chunk| Some(u64::from_le_bytes(chunk.try_into().ok()?)));
        let mut index = || Some(Index { offset: numbers.next()?, pages: numbers.next()? });
        let (packages, ids) = (index()?, index()?);
        let places = rest.get(4 * 8..)?;
        let header = Self {
            packages,
            ids,
            summary: Place::from_bytes(places)?,
            exploited: Place::from_bytes(places.get(16..)?)?,
        };
        Some(Some(header))
    }
}

/// What is told of all records without reading one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) records: u64,
    /// When the youngest record was changed.
    pub(crate) as_of: String,
    /// Each ecosystem with its release.
    pub(crate) ecosystems: BTreeMap<String, Ecosystem>,
}

/// What there is of an ecosystem.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ecosystem {
    pub(crate) records: u64,
    pub(crate) as_of: String,
}

pub(crate) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The place of a package in its index. What is found there is compared with the name, so that a collision finds nothing wrong.
pub(crate) fn package_hash(ecosystem: &str, name: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(ecosystem.as_bytes());
    hasher.write_u8(0);
    hasher.write(name.as_bytes());
    hasher.finish()
}

/// The place of an id in its index.
pub(crate) fn id_hash(id: &str) -> u64 {
    package_hash("", id)
}
