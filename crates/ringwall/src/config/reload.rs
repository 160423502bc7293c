//! What differs between the settings in force and those read again.

use super::declare::{Change, Declared};
use super::settings::Settings;

/// Settings that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Those that take effect at once.
    pub(crate) live: Vec<&'static str>,
    /// Those that need a restart.
    pub(crate) restart: Vec<&'static str>,
}

/// What changed in what the settings say, not in who says it.
pub(crate) fn compare(old: &Settings, new: &Settings) -> Changes {
    let (live, restart): (Vec<_>, Vec<_>) =
        old.changed(new).into_iter().partition(|declared| declared.change == Change::Live);
    let keys = |declared: Vec<&Declared>| declared.into_iter().map(|declared| declared.key).collect();
    Changes { live: keys(live), restart: keys(restart) }
}
