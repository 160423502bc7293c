//! Which of two versions is the newer one, as each ecosystem's own tools say.

mod alpine;
mod cargo;
mod debian;
mod digits;
mod ecosystem;
mod error;
mod go;
mod maven;
mod npm;
mod nuget;
mod packagist;
mod pypi;
mod redhat;
mod rubygems;
mod scanner;
mod semver;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

pub use self::ecosystem::{Ecosystem, UnknownEcosystem};
pub use self::error::VersionError;
use self::error::Why;

/// Bytes of a version beyond which it is not read. The longest one of PyPI, npm and Debian has fewer than 200; an order that
/// takes many steps a byte stays quick with it.
pub const MAX_VERSION: usize = 4096;

/// Whether `a` is older than, the same as, or newer than `b` in this ecosystem.
///
/// The order is that of the ecosystem's own tool: what it takes for the same version is [`Ordering::Equal`], however it is
/// written, and what it refuses is refused.
///
/// # Errors
/// Which of the two can't be read, and why.
pub fn compare(ecosystem: Ecosystem, a: &str, b: &str) -> Result<Ordering, VersionError> {
    let ordering = match ecosystem {
        Ecosystem::Debian => both(debian::parse, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::Alpine => both(alpine::parse, a, b).and_then(|(left, right)| {
            left.compare(&right).map_err(|why| (if left.is_read() { b } else { a }, why))
        }),
        Ecosystem::RedHat => both(redhat::parse, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::SemVer => both(semver::parse_lenient, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::Npm => both(npm::parse, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::PyPi => both(pypi::parse, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::Maven => both(maven::parse, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::NuGet => both(nuget::parse, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::RubyGems => both(rubygems::parse, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::Packagist => both(packagist::parse, a, b)
            .and_then(|(left, right)| left.compare(&right).map_err(|why| (a, why))),
        Ecosystem::Go => both(go::parse, a, b).map(|(a, b)| a.cmp(&b)),
        Ecosystem::Cargo => both(cargo::parse, a, b).map(|(a, b)| a.cmp(&b)),
    };
    ordering.map_err(|(version, why)| VersionError::new(ecosystem, version, why))
}

/// Reads both with one reader; the one that can't be read is told with the reason.
fn both<'a, T>(
    parse: impl Fn(&'a str) -> Result<T, Why>,
    a: &'a str,
    b: &'a str,
) -> Result<(T, T), (&'a str, Why)> {
    let one = |version: &'a str| match version.len() {
        0 => Err((version, Why::Empty)),
        length if length > MAX_VERSION => Err((version, Why::TooLong)),
        _ => parse(version).map_err(|why| (version, why)),
    };
    Ok((one(a)?, one(b)?))
}
