//! The content of a file, with zeros where it has holes.

use std::io::{self, BufRead, Read};

use super::{Tar, TarError, cut_off};

/// Whether pieces are in order, lie within the file, and are as much as is stored.
pub(super) fn check(pieces: &[(u64, u64)], stored: u64, whole: u64) -> Result<(), TarError> {
    let (mut end, mut sum) = (0_u64, 0_u64);
    for (offset, length) in pieces {
        if *offset < end {
            return Err(TarError::Sparse);
        }
        end = offset.checked_add(*length).ok_or(TarError::Sparse)?;
        sum = sum.checked_add(*length).ok_or(TarError::Sparse)?;
    }
    if end > whole || sum > stored { Err(TarError::Sparse) } else { Ok(()) }
}

/// Reads an entry's content to its end.
pub(crate) struct Content<'t, R> {
    tar: &'t mut Tar<R>,
    /// Where in the file reading is.
    at: u64,
    /// Which piece comes next.
    piece: usize,
}

impl<'t, R> Content<'t, R> {
    pub(super) fn new(tar: &'t mut Tar<R>) -> Self {
        Self { tar, at: 0, piece: 0 }
    }
}

impl<R: BufRead> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.tar.size.saturating_sub(self.at).min(buffer.len() as u64);
        if room == 0 {
            return Ok(0);
        }
        let next = match &self.tar.pieces {
            None => Some((0, self.tar.size)),
            Some(pieces) => loop {
                match pieces.get(self.piece) {
                    Some((offset, length)) if offset.saturating_add(*length) <= self.at => self.piece += 1,
                    found => break found.copied(),
                }
            },
        };
        let (take, is_hole) = match next {
            Some((offset, _)) if self.at < offset => (room.min(offset - self.at), true),
            Some((offset, length)) => (room.min(offset.saturating_add(length) - self.at), false),
            None => (room, true),
        };
        let take = usize::try_from(take).unwrap_or(buffer.len());
        let Some(target) = buffer.get_mut(..take) else { return Ok(0) };
        let read = if is_hole {
            target.fill(0);
            take
        } else {
            let read = self.tar.inner.read(target)?;
            if read == 0 {
                return Err(cut_off());
            }
            self.tar.at = self.tar.at.saturating_add(read as u64);
            self.tar.left = self.tar.left.saturating_sub(read as u64);
            read
        };
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}
