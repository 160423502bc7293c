//! All that a detector knows, as bytes, to go on another time or elsewhere.
//!
//! ```text
//! "RINGDTCT"   8 bytes
//! version      u16, little-endian
//! the rest     MessagePack: a map of what is below, by names
//! checksum     u64, SipHash-1-3 under the published key of baselines, of all before
//! ```
//!
//! Names make it that a field can be added or left out without a new version: what is not there is as it is at the start.

use serde::{Deserialize, Serialize};

use super::{Counts, Detector};
use crate::baseline::{Baseline, NotABaseline, PUPILS, checked, with_checksum};
use crate::cloudtrail::Watch;
use crate::finding::Findings;
use crate::keep::{self, at_most, bytes};
use crate::rules::Rules;
use crate::seen::Seen;
use crate::sequence::Sequences;

const MAGIC: &[u8; 8] = b"RINGDTCT";
const VERSION: u16 = 1;

/// Longest state that is read: above what all its parts come to, whatever came before.
pub const MAX_STATE: usize = 1 << 30;

/// Why bytes are no state of a detector.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// They begin with something else.
    #[error("no state of a detector: it does not begin with `RINGDTCT`")]
    Other,
    /// They are of a version that is not known.
    #[error(
        "the state has version {0}; this program reads version {VERSION}\nhint: use a newer program, or begin anew"
    )]
    Version(u16),
    /// There are more than there can be.
    #[error("the state has {0} bytes; at most {MAX_STATE} are read")]
    TooLong(usize),
    /// Something changed them.
    #[error("the state is damaged: its checksum is another\nhint: take an older copy, or begin anew")]
    Checksum,
    /// The checksum holds, and what it is of can't be.
    #[error("the state is damaged: {0}\nhint: take an older copy, or begin anew")]
    Impossible(#[source] rmp_serde::decode::Error),
    /// So it is with the baseline in it.
    #[error("the state is damaged: {0}")]
    Baseline(#[from] NotABaseline),
}

/// What is written.
#[derive(Serialize)]
struct Written<'d> {
    seen: &'d Seen,
    rules: &'d Rules,
    #[serde(with = "bytes")]
    baseline: Vec<u8>,
    lessons: Vec<(usize, u8)>,
    findings: &'d Findings,
    trail: &'d Watch,
    sequences: &'d Sequences,
    counts: Counts,
}

/// What is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    seen: Seen,
    rules: Rules,
    #[serde(with = "bytes")]
    baseline: Vec<u8>,
    #[serde(deserialize_with = "at_most::<{ 2 * PUPILS }, _, _>")]
    lessons: Vec<(usize, u8)>,
    findings: Findings,
    trail: Watch,
    sequences: Sequences,
    counts: Counts,
}

impl Detector {
    /// All that influences what is told of later events, and the findings that are open: for the same events the same bytes. What was
    /// given from outside (lists, whether retired types are told) is no part of it.
    pub fn state(&self) -> Vec<u8> {
        let Self { seen, rules, baseline, findings, trail, sequences, counts } = self;
        let written = Written {
            seen,
            rules,
            baseline: baseline.to_bytes(),
            lessons: baseline.lessons(),
            findings,
            trail,
            sequences,
            counts: *counts,
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        let result = rmp_serde::encode::write_named(&mut bytes, &written);
        debug_assert!(result.is_ok(), "memory takes all bytes, and maps have a known length");
        with_checksum(bytes)
    }

    /// The detector whose [`Self::state`] this is. Lists and the like have to be given again.
    ///
    /// # Errors
    ///
    /// [`StateError`]: it is none, or it has changed since.
    pub fn from_state(bytes: &[u8]) -> Result<Self, StateError> {
        if bytes.len() > MAX_STATE {
            return Err(StateError::TooLong(bytes.len()));
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(StateError::Other)?;
        let (version, _) = rest.split_first_chunk().ok_or(StateError::Checksum)?;
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        let body = checked(bytes).ok_or(StateError::Checksum)?;
        let body = body.get(MAGIC.len() + size_of::<u16>()..).ok_or(StateError::Checksum)?;
        let known: Known = keep::read(body).map_err(StateError::Impossible)?;
        let mut baseline = match &*known.baseline {
            [] => Baseline::new(),
            kept => Baseline::from_bytes(kept)?,
        };
        baseline.set_lessons(&known.lessons);
        let Known { seen, rules, findings, trail, sequences, counts, .. } = known;
        Ok(Self { seen, rules, baseline, findings, trail, sequences, counts })
    }
}
