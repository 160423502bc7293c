//! Records of extended headers.

use super::TarError;
use crate::limits::MAX_PIECES;

/// What an extended header says of the entry after it.
#[derive(Debug, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) sparse: Sparse,
}

/// What GNU tar says there of a sparse file.
///
/// Source: GNU tar manual, "Storing Sparse Files", PAX formats 0.0, 0.1 and 1.0.
#[derive(Debug, Default)]
pub(super) struct Sparse {
    pub(super) major: Option<u64>,
    pub(super) minor: Option<u64>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) whole: Option<u64>,
    /// Of 0.0 and 0.1.
    pub(super) pieces: Vec<(u64, u64)>,
    offset: Option<u64>,
}

impl Sparse {
    /// Whether the pieces stand at the beginning of the data.
    pub(super) fn is_in_data(&self) -> bool {
        (self.major, self.minor) == (Some(1), Some(0))
    }
}

impl Pax {
    /// Reads the records `LENGTH KEY=VALUE\n`. An empty value leaves what the header says.
    ///
    /// Source: POSIX, `pax`, "pax Extended Header"; what is refused is what Go's `archive/tar` refuses.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, TarError> {
        let mut pax = Self::default();
        while !bytes.is_empty() {
            let (record, rest) = record(bytes).ok_or(TarError::Extension)?;
            pax.take(record)?;
            bytes = rest;
        }
        Ok(pax)
    }

    fn take(&mut self, record: &[u8]) -> Result<(), TarError> {
        let equals = record.iter().position(|byte| *byte == b'=').ok_or(TarError::Extension)?;
        let (key, value) = record.split_at(equals);
        let value = value.get(1..).unwrap_or_default();
        if key.is_empty() {
            return Err(TarError::Extension);
        }
        let name = || if value.contains(&0) { Err(TarError::Extension) } else { Ok(value.to_vec()) };
        match key {
            _ if value.is_empty() => {}
            b"path" => self.path = Some(name()?),
            b"linkpath" => self.link = Some(name()?),
            b"size" => self.size = Some(decimal(value)?),
            b"GNU.sparse.major" => self.sparse.major = Some(decimal(value)?),
            b"GNU.sparse.minor" => self.sparse.minor = Some(decimal(value)?),
            b"GNU.sparse.name" => self.sparse.name = Some(name()?),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.sparse.whole = Some(decimal(value)?),
            b"GNU.sparse.offset" => self.sparse.offset = Some(decimal(value)?),
            b"GNU.sparse.numbytes" => {
                let offset = self.sparse.offset.take().ok_or(TarError::Extension)?;
                self.sparse.pieces.push((offset, decimal(value)?));
            }
            b"GNU.sparse.map" => {
                let numbers: Vec<u64> =
                    value.split(|byte| *byte == b',').map(decimal).collect::<Result<_, _>>()?;
                let pairs = numbers.chunks_exact(2);
                if !pairs.remainder().is_empty() {
                    return Err(TarError::Extension);
                }
                self.sparse.pieces = pairs.filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect();
            }
            _ => {}
        }
        if self.sparse.pieces.len() > MAX_PIECES { Err(TarError::Pieces) } else { Ok(()) }
    }
}

/// The first record without its length and its line end, and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(bytes.get(..space)?).ok()?).ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    Some((record, bytes.get(length..)?))
}

/// A number in decimal digits alone.
pub(super) fn decimal(digits: &[u8]) -> Result<u64, TarError> {
    let value =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    value.and_then(|text| text.parse().ok()).ok_or(TarError::Extension)
}
