//! A block of 512 bytes that begins an entry.

use super::TarError;

/// Length of a block.
pub(super) const BLOCK: usize = 512;

/// Offset and length of each piece of a sparse file.
pub(super) type Pieces = Vec<(u64, u64)>;

/// A header's block.
pub(super) struct Header<'b>(pub(super) &'b [u8; BLOCK]);

/// How the rest of a header is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Before POSIX: no prefix.
    V7,
    /// POSIX, with a prefix of 155 bytes.
    Ustar,
    /// Schily's, with a prefix of 131.
    Star,
    Gnu,
}

impl<'b> Header<'b> {
    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    fn field(&self, start: usize, length: usize) -> &'b [u8] {
        self.0.get(start..start.saturating_add(length)).unwrap_or_default()
    }

    /// Whether the sum of the bytes is that in the header; old writers added signed ones.
    pub(super) fn is_sound(&self) -> bool {
        let Some(written) = number(self.field(148, 8)) else { return false };
        let (mut unsigned, mut signed) = (0_i64, 0_i64);
        for (at, byte) in self.0.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { *byte };
            unsigned += i64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        i64::try_from(written).is_ok_and(|written| written == unsigned || written == signed)
    }

    pub(super) fn layout(&self) -> Layout {
        match (self.field(257, 6), self.field(263, 2)) {
            (b"ustar\0", _) if self.field(508, 4) == b"tar\0" => Layout::Star,
            (b"ustar\0", _) => Layout::Ustar,
            (b"ustar ", b" \0") => Layout::Gnu,
            _ => Layout::V7,
        }
    }

    pub(super) fn kind(&self) -> u8 {
        self.field(156, 1).first().copied().unwrap_or_default()
    }

    pub(super) fn size(&self) -> Result<u64, TarError> {
        number(self.field(124, 12)).ok_or(TarError::Number("size"))
    }

    pub(super) fn mode(&self) -> u32 {
        number(self.field(100, 8)).and_then(|mode| u32::try_from(mode & 0o7777).ok()).unwrap_or_default()
    }

    /// The path, prefix and all.
    pub(super) fn name(&self) -> Vec<u8> {
        let prefix = match self.layout() {
            Layout::Ustar => text(self.field(345, 155)),
            Layout::Star => text(self.field(345, 131)),
            // Go wrote prefixes there for years, where the times stand; a prefix is no number.
            Layout::Gnu if number(self.field(345, 12)).is_none() || number(self.field(357, 12)).is_none() => {
                text(self.field(345, 155))
            }
            Layout::Gnu | Layout::V7 => &[],
        };
        let name = text(self.field(0, 100));
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        text(self.field(157, 100)).to_vec()
    }

    /// Of a sparse file of GNU's old kind: its pieces, whether more follow, and its whole length.
    pub(super) fn sparse(&self) -> Result<(Pieces, bool, u64), TarError> {
        let mut pieces = Vec::new();
        let more = pairs(self.field(386, 96), &mut pieces)? && self.field(482, 1) != [0];
        let whole = number(self.field(483, 12)).ok_or(TarError::Number("length"))?;
        Ok((pieces, more, whole))
    }

    /// Of a block that goes on with such pieces: them, and whether more follow.
    pub(super) fn more_sparse(&self, pieces: &mut Vec<(u64, u64)>) -> Result<bool, TarError> {
        Ok(pairs(self.field(0, 504), pieces)? && self.field(504, 1) != [0])
    }
}

/// Reads pairs of offset and length; whether there was no empty one, which ends them.
fn pairs(bytes: &[u8], pieces: &mut Vec<(u64, u64)>) -> Result<bool, TarError> {
    for pair in bytes.chunks_exact(24) {
        let (offset, length) = pair.split_at(12);
        if offset.first() == Some(&0) {
            return Ok(false);
        }
        let piece = number(offset).zip(number(length)).ok_or(TarError::Number("piece"))?;
        pieces.push(piece);
    }
    Ok(true)
}

/// What stands before the first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in GNU's binary form; not a negative one.
///
/// Source: GNU tar manual, "Basic Tar Format" and "Extensions to the tar Format": a first byte with its highest bit set means
/// base 256, the next bit that it is negative.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let Some((first, rest)) = field.split_first()
        && first & 0x80 != 0
    {
        if first & 0x40 != 0 {
            return None;
        }
        let first = u64::from(first & 0x3f);
        return rest.iter().try_fold(first, |value, byte| {
            value.checked_mul(256).and_then(|value| value.checked_add(u64::from(*byte)))
        });
    }
    let digits = field.trim_ascii_start();
    let digits = digits.split(|byte| matches!(byte, 0 | b' ')).next().unwrap_or_default();
    digits.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}
