//! Files of a tar archive, one after the other. What of its headers is of no use here (owners, links, times) is passed over.
//!
//! Source: POSIX.1-2017, `pax`, "ustar Interchange Format"; the GNU form of large sizes.

use std::io::{self, Read};

/// Bytes of a header, and of the blocks that files fill.
const BLOCK: usize = 512;

/// Where the magic of a header stands.
const MAGIC_AT: usize = 257;

/// Whether bytes begin a tar archive.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(MAGIC_AT..).is_some_and(|rest| rest.starts_with(b"ustar"))
}

/// Gives each file, with its name, to a function that says whether more is wanted.
pub(super) fn files(
    mut input: impl Read,
    each: &mut dyn FnMut(&str, &mut dyn Read) -> io::Result<bool>,
) -> io::Result<()> {
    let mut block = [0; BLOCK];
    loop {
        match input.read_exact(&mut block) {
            // An archive that ends without its two empty blocks has all its files.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        if !sum_fits(&block) {
            return Err(invalid("a header of the archive does not fit its checksum"));
        }
        let size = size(&block).ok_or_else(|| invalid("a header of the archive has no size"))?;
        let mut body = input.by_ref().take(size);
        let is_file = matches!(block.get(156), Some(b'0' | 0));
        let more = !is_file || each(&name(&block), &mut body)?;
        let left = body.limit();
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        let skip = left.saturating_add(padding);
        if !more {
            return Ok(());
        }
        if io::copy(&mut input.by_ref().take(skip), &mut io::sink())? < left {
            return Err(invalid("the archive is cut off"));
        }
    }
}

fn name(block: &[u8; BLOCK]) -> String {
    let field = block.get(..100).unwrap_or_default();
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

fn size(block: &[u8; BLOCK]) -> Option<u64> {
    let field = block.get(124..136)?;
    match field.split_first()? {
        // GNU writes what octal digits have no room for as a number of eleven bytes.
        (0x80, rest) => {
            rest.iter().try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)))
        }
        _ => octal(field),
    }
}

/// The sum of all bytes, with spaces where the sum stands.
fn sum_fits(block: &[u8; BLOCK]) -> bool {
    let field = block.get(148..156).unwrap_or_default();
    let all: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    let own: u64 = field.iter().map(|byte| u64::from(*byte)).sum();
    octal(field) == Some(all - own + 8 * u64::from(b' '))
}
