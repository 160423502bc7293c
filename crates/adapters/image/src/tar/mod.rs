//! Tar streams as container runtimes read them.
//!
//! The formats of POSIX (ustar, pax), GNU and V7, with long names, sparse files of all kinds and numbers in base 256. Where
//! readers differ, this does as Go's `archive/tar`, by which containerd, Docker and Podman unpack, so that what is looked at is
//! what would run: links and folders have no data whatever their size says, a long name of GNU counts before one of pax, and
//! global headers change nothing. The `tar` crate holds extended headers of any length, and reads no sparse files of pax.

mod header;
mod pax;
mod sparse;

use std::io::{self, BufRead};

use self::header::{BLOCK, Header};
use self::pax::Pax;
pub(crate) use self::sparse::Content;
use crate::limits::{MAX_EXTENSION, MAX_PIECES};

/// Why a tar stream can't be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TarError {
    /// The stream broke, or its end came too soon.
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("a header's checksum is wrong")]
    Checksum,
    #[error("a header's {0} is no number")]
    Number(&'static str),
    #[error("an extended header can't be read")]
    Extension,
    #[error("an extended header or long name has more than {} bytes", MAX_EXTENSION)]
    TooLong,
    #[error("the pieces of a sparse file overlap, or go beyond its end")]
    Sparse,
    #[error("a sparse file has more than {MAX_PIECES} pieces")]
    Pieces,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    HardLink,
    SymbolicLink,
    /// A device or a pipe, or of a kind that is not known.
    Other,
    /// Values for all entries that follow, which runtimes pass over.
    Global,
}

/// An entry, before its data.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// As it is written, in bytes.
    pub(crate) name: Vec<u8>,
    /// Where a link leads, as it is written.
    pub(crate) link: Vec<u8>,
    /// Bytes of the file, holes included.
    pub(crate) size: u64,
    pub(crate) mode: u32,
}

/// Whether a block can begin a tar stream.
pub(crate) fn is_header(block: &[u8; BLOCK]) -> bool {
    let header = Header(block);
    !header.is_zero() && header.is_sound()
}

/// A tar stream, read entry by entry.
pub(crate) struct Tar<R> {
    inner: R,
    /// Bytes of data of the current entry that were not read yet, and of its padding.
    left: u64,
    padding: u64,
    /// Bytes read so far.
    at: u64,
    pieces: Option<Vec<(u64, u64)>>,
    size: u64,
}

impl<R: BufRead> Tar<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, left: 0, padding: 0, at: 0, pieces: None, size: 0 }
    }

    /// Where the current entry's data begins, which is as far as was read if none of it was.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Bytes of data of the current entry that were not read yet.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    pub(crate) fn is_sparse(&self) -> bool {
        self.pieces.is_some()
    }

    /// Goes to the next entry; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, TarError> {
        let (mut pax, mut long_name, mut long_link) = (None::<Pax>, None, None);
        loop {
            self.skip_rest()?;
            let Some(block) = self.block()? else { return Ok(None) };
            let header = Header(&block);
            if header.is_zero() {
                // Two empty blocks end the archive, whatever follows; one and the end do too.
                return match self.block()? {
                    Some(next) if !Header(&next).is_zero() => Err(TarError::Checksum),
                    _ => Ok(None),
                };
            }
            if !header.is_sound() {
                return Err(TarError::Checksum);
            }
            let size = header.size()?;
            match header.kind() {
                b'x' => pax = Some(Pax::read(&self.extension(size)?)?),
                b'L' => long_name = Some(until_nul(self.extension(size)?)),
                b'K' => long_link = Some(until_nul(self.extension(size)?)),
                b'g' => {
                    self.extension(size)?;
                    return Ok(Some(Entry {
                        kind: Kind::Global,
                        name: header.name(),
                        link: Vec::new(),
                        size: 0,
                        mode: 0,
                    }));
                }
                flag => return self.entry(&header, flag, pax, long_name, long_link).map(Some),
            }
        }
    }

    fn entry(
        &mut self,
        header: &Header<'_>,
        flag: u8,
        pax: Option<Pax>,
        long_name: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> Result<Entry, TarError> {
        let pax = pax.unwrap_or_default();
        let name = long_name.or(pax.path).unwrap_or_else(|| header.name());
        let kind = match flag {
            b'0' | b'7' | b'S' => Kind::File,
            0 if name.ends_with(b"/") => Kind::Folder,
            0 => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::SymbolicLink,
            b'5' => Kind::Folder,
            _ => Kind::Other,
        };
        let has_data = !matches!(flag, b'1'..=b'6') && kind != Kind::Folder;
        let stored = pax.size.map_or_else(|| header.size(), Ok)?;
        let stored = if has_data { stored } else { 0 };
        let mut entry = Entry {
            kind,
            name,
            link: long_link.or(pax.link).unwrap_or_else(|| header.link()),
            size: stored,
            mode: header.mode(),
        };
        (self.left, self.padding, self.pieces) = (stored, padding(stored), None);
        if flag == b'S' {
            let (mut pieces, mut more, whole) = header.sparse()?;
            // Where the pieces don't fit into the header, blocks of them stand before the data, outside its length.
            while more {
                let block = self.block()?.ok_or_else(cut_off)?;
                more = Header(&block).more_sparse(&mut pieces)?;
                if pieces.len() > MAX_PIECES {
                    return Err(TarError::Pieces);
                }
            }
            (entry.size, self.pieces) = (whole, Some(pieces));
        } else if kind == Kind::File {
            if pax.sparse.is_in_data() {
                let pieces = self.pieces_in_data()?;
                entry.size = pax.sparse.whole.ok_or(TarError::Extension)?;
                self.pieces = Some(pieces);
            } else if let Some(whole) = pax.sparse.whole
                && (pax.sparse.major.is_none() || pax.sparse.major == Some(0))
            {
                (entry.size, self.pieces) = (whole, Some(pax.sparse.pieces));
            }
            if self.pieces.is_some()
                && let Some(name) = pax.sparse.name
            {
                entry.name = name;
            }
        }
        if let Some(pieces) = &self.pieces {
            sparse::check(pieces, self.left, entry.size)?;
        }
        self.size = entry.size;
        Ok(entry)
    }

    /// The current entry's content, holes as zeros.
    pub(crate) fn content(&mut self) -> Content<'_, R> {
        Content::new(self)
    }

    /// The pieces of the newest format: decimal numbers in lines at the beginning of the data, padded to whole blocks.
    fn pieces_in_data(&mut self) -> Result<Vec<(u64, u64)>, TarError> {
        let (mut taken, mut left) = (0_u64, self.left);
        let mut block = [0; BLOCK];
        let mut at = BLOCK;
        let mut line = |tar: &mut Self| -> Result<u64, TarError> {
            let mut digits = Vec::new();
            loop {
                if at == BLOCK {
                    left = left.checked_sub(BLOCK as u64).ok_or(TarError::Sparse)?;
                    block = tar.block()?.ok_or_else(cut_off)?;
                    (at, taken) = (0, taken.saturating_add(BLOCK as u64));
                }
                let byte = block.get(at).copied().unwrap_or_default();
                at += 1;
                match byte {
                    b'\n' => return pax::decimal(&digits).map_err(|_| TarError::Sparse),
                    // As long as the longest number.
                    b'0'..=b'9' if digits.len() < 20 => digits.push(byte),
                    _ => return Err(TarError::Sparse),
                }
            }
        };
        let count = line(self)?;
        let count =
            usize::try_from(count).ok().filter(|count| *count <= MAX_PIECES).ok_or(TarError::Pieces)?;
        let mut pieces = Vec::new();
        for _ in 0..count {
            pieces.push((line(self)?, line(self)?));
        }
        self.left = self.left.saturating_sub(taken);
        Ok(pieces)
    }

    /// The data of a header that says something of the next one.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        let length =
            usize::try_from(size).ok().filter(|size| *size <= MAX_EXTENSION).ok_or(TarError::TooLong)?;
        (self.left, self.padding, self.pieces) = (size, padding(size), None);
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        self.left = 0;
        Ok(bytes)
    }

    /// The next block; none at the end of the stream.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        if self.inner.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        Ok(Some(block))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.inner.read_exact(bytes)?;
        self.at = self.at.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Passes over what was not read of the current entry.
    fn skip_rest(&mut self) -> io::Result<()> {
        let mut left = self.left.saturating_add(self.padding);
        self.at = self.at.saturating_add(left);
        while left > 0 {
            let ready = self.inner.fill_buf()?.len() as u64;
            if ready == 0 {
                return Err(cut_off());
            }
            let step = ready.min(left);
            self.inner.consume(usize::try_from(step).unwrap_or(usize::MAX));
            left -= step;
        }
        (self.left, self.padding, self.pieces, self.size) = (0, 0, None, 0);
        Ok(())
    }

    /// Says that the current entry's data was passed over in another way, by seeking.
    pub(crate) fn was_skipped(&mut self) {
        self.at = self.at.saturating_add(self.left).saturating_add(self.padding);
        (self.left, self.padding, self.pieces, self.size) = (0, 0, None, 0);
    }

    /// Bytes from here to the next header.
    pub(crate) fn to_next(&self) -> u64 {
        self.left.saturating_add(self.padding)
    }

    /// The stream itself, to seek in it.
    pub(crate) fn inner(&mut self) -> &mut R {
        &mut self.inner
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends in the middle of an entry")
}

fn padding(size: u64) -> u64 {
    let over = size % BLOCK as u64;
    if over == 0 { 0 } else { BLOCK as u64 - over }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}

#[cfg(test)]
mod tests;
