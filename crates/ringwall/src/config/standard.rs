//! The user's folders, by the XDG Base Directory Specification.

use std::ffi::OsString;

/// This program's folders; none without a home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standard {
    pub(crate) data: Option<String>,
    pub(crate) config: Option<String>,
}

impl Standard {
    pub(super) fn new(env: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let get = |name| env(name).and_then(|value| value.into_string().ok());
        // "All paths set in these environment variables must be absolute. If an implementation encounters a relative
        // path in any of these variables it should consider the path invalid and ignore it."
        let absolute = |name| get(name).filter(|path| path.starts_with('/'));
        let home = absolute("HOME");
        let folder = |name, under: &str| {
            let base = absolute(name).or_else(|| home.as_ref().map(|home| format!("{home}/{under}")));
            base.map(|base| format!("{}/ringwall", base.trim_end_matches('/')))
        };
        Self { data: folder("XDG_DATA_HOME", ".local/share"), config: folder("XDG_CONFIG_HOME", ".config") }
    }
}
