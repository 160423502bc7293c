//! Whether a version is one of those that a record is about.
//!
//! Source: OSV schema, "Evaluation". Events are put into order by version; the last one that is not after the version decides.

use std::cmp::Ordering;

use super::{Affected, Event, Range, RangeKind};
use crate::version::{self, Ecosystem, VersionError};

/// Whether a version is affected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is; the version that ends the range, if one does, is the fix.
    Affected {
        /// The next version that is not affected.
        fixed: Option<String>,
    },
    /// It is not.
    Unaffected,
    /// A version could not be compared, and no other range and no list says that it is affected.
    Unknown(VersionError),
}

/// Whether this version of the package is affected, in this order of versions.
#[must_use]
pub fn affects(affected: &Affected, order: Ecosystem, installed: &str) -> Verdict {
    let mut unknown = None;
    for range in &affected.ranges {
        let order = match range.kind {
            RangeKind::Git => continue,
            // Go's own versions and those of modules have a form that its ecosystem alone reads.
            RangeKind::SemVer if order != Ecosystem::Go => Ecosystem::SemVer,
            RangeKind::SemVer | RangeKind::Ecosystem => order,
        };
        match within(range, order, installed) {
            Ok(Some(fixed)) => return Verdict::Affected { fixed },
            Ok(None) => {}
            Err(error) => unknown = Some(error),
        }
    }
    // Python's indices and tools write the same version in several ways.
    let same = |listed: &String| {
        listed == installed
            || (order == Ecosystem::PyPi && version::compare(order, listed, installed) == Ok(Ordering::Equal))
    };
    if affected.versions.iter().any(same) {
        return Verdict::Affected { fixed: None };
    }
    unknown.map_or(Verdict::Unaffected, Verdict::Unknown)
}

/// A turn of a range: where, and what it is. Of two at one version the later one is as [`Turn`] has them: a fix ends what was
/// before, and what is introduced there is affected, unless it is the last that is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Fixed,
    Introduced,
    LastAffected,
}

/// The fix if the version is in the range; `None` if it is not.
fn within(range: &Range, order: Ecosystem, installed: &str) -> Result<Option<Option<String>>, VersionError> {
    let mut limits = Vec::new();
    // The latest turn that is not after the version; no place is before every version.
    let mut last: Option<(Option<&str>, Turn)> = None;
    // The earliest fix after the version.
    let mut next: Option<&str> = None;
    for event in &range.events {
        let (at, turn) = match event {
            Event::Introduced(at) if at == "0" => (None, Turn::Introduced),
            Event::Introduced(at) => (Some(at.as_str()), Turn::Introduced),
            Event::Fixed(at) => (Some(at.as_str()), Turn::Fixed),
            Event::LastAffected(at) => (Some(at.as_str()), Turn::LastAffected),
            Event::Limit(at) => {
                limits.push(at.as_str());
                continue;
            }
        };
        let reached = match (at, turn) {
            (None, _) => true,
            // The last affected version is affected itself.
            (Some(at), Turn::LastAffected) => version::compare(order, at, installed)?.is_lt(),
            (Some(at), _) => version::compare(order, at, installed)?.is_le(),
        };
        if reached {
            let is_later = match last {
                None => true,
                Some((before, kind)) => places(order, before, at)?.then(kind.cmp(&turn)).is_lt(),
            };
            last = if is_later { Some((at, turn)) } else { last };
        } else if let (Turn::Fixed, Some(at)) = (turn, at)
            && next.is_none_or(|next| version::compare(order, at, next) == Ok(Ordering::Less))
        {
            next = Some(at);
        }
    }
    if last.is_none_or(|(_, turn)| turn != Turn::Introduced) {
        return Ok(None);
    }
    let mut before = limits.is_empty();
    for limit in limits {
        before |= limit == "*" || version::compare(order, installed, limit)?.is_lt();
    }
    Ok(before.then(|| next.map(str::to_owned)))
}

fn places(order: Ecosystem, a: Option<&str>, b: Option<&str>) -> Result<Ordering, VersionError> {
    match (a, b) {
        (Some(a), Some(b)) => version::compare(order, a, b),
        (a, b) => Ok(a.is_some().cmp(&b.is_some())),
    }
}
