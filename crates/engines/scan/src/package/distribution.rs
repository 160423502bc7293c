//! Which distribution an image is of, as `os-release` tells.

use serde::{Deserialize, Serialize};

/// A distribution and its release.
///
/// Source: os-release(5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Distribution {
    /// `ID`: `debian`, `alpine`, `amzn`, `rhel` …; `linux` if the file doesn't say.
    pub id: String,
    /// `ID_LIKE`: what it is derived from, the nearest first.
    #[serde(default)]
    pub id_like: Vec<String>,
    /// `VERSION_ID`: `12`, `3.20.3`, `2023`; empty for a rolling one.
    #[serde(default)]
    pub version: String,
    /// `VERSION_CODENAME`: `bookworm`; empty if there is none.
    #[serde(default)]
    pub codename: String,
    /// `PRETTY_NAME`, for people.
    #[serde(default)]
    pub pretty: String,
    /// `CPE_NAME`, if the file has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
}

/// A value longer than this is none that any distribution has.
const MAX_VALUE_BYTES: usize = 4096;

impl Distribution {
    /// Reads `os-release`: assignments as a shell would take them. A line that is none is passed over, as the manual wants.
    /// Tells nothing if the text has neither `ID` nor `VERSION_ID` nor `PRETTY_NAME`.
    pub fn from_os_release(text: &str) -> Option<Self> {
        let mut distribution = Self::default();
        let mut known = false;
        for line in text.lines() {
            let Some((key, value)) = line.trim_start().split_once('=') else { continue };
            if value.len() > MAX_VALUE_BYTES {
                continue;
            }
            let value = unquote(value.trim_end());
            match key.trim_end() {
                "ID" => distribution.id = value.to_ascii_lowercase(),
                "ID_LIKE" => distribution.id_like = value.split_whitespace().map(str::to_owned).collect(),
                "VERSION_ID" => distribution.version = value,
                "VERSION_CODENAME" => {
                    distribution.codename = value;
                    continue;
                }
                "PRETTY_NAME" => distribution.pretty = value,
                "CPE_NAME" => {
                    distribution.cpe = Some(value);
                    continue;
                }
                _ => continue,
            }
            known = true;
        }
        if distribution.id.is_empty() {
            distribution.id = "linux".to_owned();
        }
        known.then_some(distribution)
    }

    /// Whether it is this distribution or derived from it.
    pub fn is_like(&self, id: &str) -> bool {
        self.id == id || self.id_like.iter().any(|like| like == id)
    }
}

/// A word of the shell: quotes off, `\` before any of `"$\`` taken off inside double quotes.
fn unquote(text: &str) -> String {
    if let Some(inner) = text.strip_prefix('\'') {
        return inner.strip_suffix('\'').unwrap_or(inner).to_owned();
    }
    let inner = match text.strip_prefix('"') {
        Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
        None => text,
    };
    let mut value = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next()),
            other => value.push(other),
        }
    }
    value
}
