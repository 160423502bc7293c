//! What programs say they were built of: Go's build info, and the crates that `cargo auditable` notes.

mod crates;
mod go;
mod object;

use super::{Found, Problems};
use object::Object;

/// A file of several architectures has few; the magic number is also that of Java's classes, whose next number is larger.
const MAX_ARCHITECTURES: usize = 30;

pub(super) fn read(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    for (at, slice) in object::architectures(bytes) {
        // What can't be taken apart as a program is none, or of a kind that has neither; its start alone told that it might be one.
        let Some(object) = Object::new(slice) else { continue };
        crates::read(at, &object, found, problems);
        go::read(at, &object, found, problems);
    }
    found.packages.sort();
    found.packages.dedup();
}

#[cfg(test)]
mod tests;
