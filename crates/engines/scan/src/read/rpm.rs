//! rpm's databases: three containers of the same headers.

mod bdb;
mod header;
mod ndb;
mod sqlite;

use super::{Found, Problems};

/// The header of one package has at most this; rpm itself takes 256 MiB, and the largest that are known (kernel, texlive) have 20.
const MAX_HEADER_BYTES: usize = 64 << 20;

/// More packages than this are in no distribution, let alone installed.
const MAX_PACKAGES: usize = 200_000;

/// `rpmdb.sqlite`.
pub(super) fn sqlite(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    sqlite::blobs(bytes, problems, &mut |at, blob, problems| header::read(at, blob, found, problems));
}

/// `Packages.db`.
pub(super) fn ndb(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    ndb::blobs(bytes, problems, &mut |at, blob, problems| header::read(at, blob, found, problems));
}

/// `Packages`.
pub(super) fn bdb(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    bdb::blobs(bytes, problems, &mut |at, blob, problems| header::read(at, blob, found, problems));
}

/// Takes a header and the byte of the file at which it begins.
type Sink<'s> = dyn FnMut(usize, &[u8], &mut Problems<'_>) + 's;

#[cfg(test)]
mod tests;
