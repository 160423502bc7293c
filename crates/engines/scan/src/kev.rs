//! CISA's catalogue of vulnerabilities that are known to be exploited.
//!
//! Source: the JSON schema of CISA's Known Exploited Vulnerabilities catalogue.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Bytes of a catalogue beyond which it is not read; in 2026 it has 2 MB.
pub const MAX_CATALOGUE: usize = 64 << 20;

/// The catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kev {
    /// `dateReleased`, RFC 3339; empty without a catalogue.
    pub released: String,
    listed: BTreeMap<String, Exploited>,
}

/// What the catalogue says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exploited {
    /// The day since which it is listed, `YYYY-MM-DD`.
    pub since: String,
    /// The day until which US agencies have to act.
    pub due: String,
    /// Whether ransomware is known to use it.
    pub ransomware: bool,
}

/// Why a catalogue is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KevError {
    /// It is too large.
    #[error("the catalogue has {0} bytes; the limit is {MAX_CATALOGUE}")]
    TooLarge(usize),
    /// It is none.
    #[error("it is no catalogue of known exploited vulnerabilities: {0}")]
    Schema(#[from] serde_json::Error),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue {
    #[serde(default)]
    date_released: String,
    vulnerabilities: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(rename = "cveID")]
    id: String,
    #[serde(default)]
    date_added: String,
    #[serde(default)]
    due_date: String,
    #[serde(default)]
    known_ransomware_campaign_use: String,
}

impl Kev {
    /// Reads the catalogue's JSON.
    ///
    /// # Errors
    /// If it is none, or larger than [`MAX_CATALOGUE`].
    pub fn parse(json: &[u8]) -> Result<Self, KevError> {
        if json.len() > MAX_CATALOGUE {
            return Err(KevError::TooLarge(json.len()));
        }
        let catalogue: Catalogue = serde_json::from_slice(json)?;
        let listed = catalogue.vulnerabilities.into_iter().map(|listed| {
            let ransomware = listed.known_ransomware_campaign_use == "Known";
            (listed.id, Exploited { since: listed.date_added, due: listed.due_date, ransomware })
        });
        Ok(Self { released: catalogue.date_released, listed: listed.collect() })
    }

    /// What is said of a CVE.
    #[must_use]
    pub fn get(&self, cve: &str) -> Option<&Exploited> {
        self.listed.get(cve)
    }
}
