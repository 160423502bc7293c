//! Types of findings by name.

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::finding::{CUSTOM_KINDS, Kind};
use crate::{cloudtrail, rules, sequence};

/// The type that has a name.
pub(crate) fn named(name: &str) -> Option<&'static Kind> {
    static KINDS: LazyLock<HashMap<&'static str, &'static Kind>> = LazyLock::new(|| {
        let audit = rules::KINDS.iter().map(|listed| listed.kind);
        let trail = cloudtrail::KINDS.into_iter().flatten().copied();
        audit
            .chain(trail)
            .chain(sequence::kinds())
            .chain(CUSTOM_KINDS)
            .map(|kind| (kind.name, kind))
            .collect()
    });
    KINDS.get(name).copied()
}
