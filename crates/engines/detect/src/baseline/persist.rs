//! The form in which a baseline is kept, version 2. Numbers are little-endian.
//!
//! ```text
//! "RINGBASE"                            8 bytes
//! version                               u16
//! whether calls to AWS are known        u8; not in version 1
//! present hour since 1970               i64; the least there is: none
//! present epoch, hours watched, strays  u32, u32, u8
//! three sketches: actors, peers, habits
//!     bits of a row                     u8
//!     cells that are not empty          u32
//!     each: empty cells before it       varint (LEB128)
//!           epochs since it was counted varint
//!           counted in that epoch       u8
//!           counted before              f32
//!           lanes (peers only)          u64
//! the same from `present hour` on       of calls to AWS, if they are known
//! checksum of all before                u64, SipHash-1-3 under the published key
//! ```

use super::clock::{Clock, LAST_EPOCH};
use super::habits::day;
use super::sketch::{Cell, MAX_COUNT, Once, Sketch};
use super::{Baseline, hash};

const MAGIC: &[u8; 8] = b"RINGBASE";
const VERSION: u16 = 2;
/// The version that knows nothing of calls to AWS.
const WITHOUT_CALLS: u16 = 1;

/// Longest form: twice all cells of all sketches, each with the longest numbers, and 64 bytes around them.
pub const MAX_BYTES: usize = 2
    * (64 + (3 << super::ACTORS_BITS) * 12 + (3 << super::PEERS_BITS) * 20 + (3 << super::habits::BITS) * 12);

/// Why bytes are no baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABaseline {
    /// They begin with something else.
    #[error("no baseline: it does not begin with `RINGBASE`")]
    Other,
    /// They are of a version that is not known.
    #[error(
        "the baseline has version {0}; this program reads version {VERSION}\nhint: learn it anew, or use a newer program"
    )]
    Version(u16),
    /// There are more than there can be.
    #[error("the baseline has {0} bytes; at most {MAX_BYTES} are read")]
    TooLong(usize),
    /// Something changed them.
    #[error("the baseline is damaged: its checksum is another\nhint: take an older copy, or learn it anew")]
    Checksum,
    /// The checksum holds, and what it is of can't be.
    #[error("the baseline is damaged at byte {at}: {what}\nhint: take an older copy, or learn it anew")]
    Impossible {
        /// Where.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

impl Baseline {
    /// All of it, to be kept. At most [`MAX_BYTES`]; ten to fourteen for each count that is not forgotten.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.push(self.calls.is_some().into());
        self.write(&mut bytes);
        if let Some(calls) = &self.calls {
            calls.write(&mut bytes);
        }
        with_checksum(bytes)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let Clock { hour, epoch, watched, strays } = self.clock;
        bytes.extend(hour.unwrap_or(i64::MIN).to_le_bytes());
        bytes.extend(epoch.to_le_bytes());
        bytes.extend(watched.to_le_bytes());
        bytes.push(strays);
        write(bytes, &self.actors, epoch, |_, ()| {});
        write(bytes, &self.peers, epoch, |bytes, lanes| bytes.extend(lanes.to_le_bytes()));
        write(bytes, &self.habits, day(watched), |_, ()| {});
    }

    /// The baseline that was kept so.
    ///
    /// # Errors
    ///
    /// [`NotABaseline`]: it was not, or it has changed since.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotABaseline> {
        if bytes.len() > MAX_BYTES {
            return Err(NotABaseline::TooLong(bytes.len()));
        }
        if !bytes.starts_with(MAGIC) {
            return Err(NotABaseline::Other);
        }
        let mut rest = Rest { bytes, at: MAGIC.len() };
        let version = u16::from_le_bytes(rest.take()?);
        if !(WITHOUT_CALLS..=VERSION).contains(&version) {
            return Err(NotABaseline::Version(version));
        }
        let body = checked(bytes).ok_or(NotABaseline::Checksum)?;
        rest.bytes = body;
        let [has_calls] = if version == WITHOUT_CALLS { [0] } else { rest.take()? };
        rest.check(has_calls <= 1, "calls that are neither known nor not")?;
        let mut baseline = Self::read(&mut rest)?;
        if has_calls == 1 {
            baseline.calls = Some(Box::new(Self::read(&mut rest)?));
        }
        rest.check(rest.at == body.len(), "more than three sketches")?;
        Ok(baseline)
    }

    fn read(rest: &mut Rest<'_>) -> Result<Self, NotABaseline> {
        let hour = i64::from_le_bytes(rest.take()?);
        let clock = Clock {
            hour: (hour != i64::MIN).then_some(hour),
            epoch: u32::from_le_bytes(rest.take()?),
            watched: u32::from_le_bytes(rest.take()?),
            strays: u8::from_le_bytes(rest.take()?),
        };
        let days = day(clock.watched);
        rest.check(
            (1..=LAST_EPOCH).contains(&clock.epoch) && days <= LAST_EPOCH,
            "an epoch that never comes",
        )?;
        let mut baseline = Self { clock, ..Self::default() };
        read(rest, &mut baseline.actors, clock.epoch, |_| Ok(()))?;
        read(rest, &mut baseline.peers, clock.epoch, |rest| Ok(u64::from_le_bytes(rest.take()?)))?;
        read(rest, &mut baseline.habits, days, |_| Ok(()))?;
        Ok(baseline)
    }
}

/// Bytes without the checksum at their end, if it holds.
pub(crate) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (body, checksum) = bytes.split_last_chunk()?;
    (hash::checksum(body) == u64::from_le_bytes(*checksum)).then_some(body)
}

/// Bytes with their checksum at the end, as a baseline has it.
pub fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(hash::checksum(&bytes).to_le_bytes());
    bytes
}

fn write<S: Once>(bytes: &mut Vec<u8>, sketch: &Sketch<S>, now: u32, seen: fn(&mut Vec<u8>, S)) {
    bytes.push(sketch.bits());
    let count = sketch.cells().iter().filter(|cell| !cell.is_empty()).count();
    bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    let mut gap = 0;
    for cell in sketch.cells() {
        if cell.is_empty() {
            gap += 1;
            continue;
        }
        varint(bytes, gap);
        varint(bytes, now.saturating_sub(cell.epoch()));
        bytes.push(cell.counted());
        bytes.extend(cell.before.to_le_bytes());
        seen(bytes, cell.seen);
        gap = 0;
    }
}

fn varint(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read<S: Once>(
    rest: &mut Rest<'_>,
    sketch: &mut Sketch<S>,
    now: u32,
    seen: fn(&mut Rest<'_>) -> Result<S, NotABaseline>,
) -> Result<(), NotABaseline> {
    let [bits] = rest.take()?;
    rest.check(bits == sketch.bits(), "a sketch of another size")?;
    let count = u32::from_le_bytes(rest.take()?);
    let mut cells = sketch.cells_mut().iter_mut();
    for _ in 0..count {
        let gap = usize::try_from(rest.varint()?).unwrap_or(usize::MAX);
        let age = rest.varint()?;
        let [counted] = rest.take()?;
        let before = f32::from_le_bytes(rest.take()?);
        let cell = Cell::new(before, now.saturating_sub(age), counted, seen(rest)?);
        rest.check(age < now, "counted before the first epoch")?;
        rest.check(before.is_sign_positive() && before <= MAX_COUNT, "a count that can't be")?;
        *cells.nth(gap).ok_or_else(|| rest.error("a cell beyond the last"))? = cell;
    }
    Ok(())
}

/// What is still to be read.
struct Rest<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Rest<'_> {
    fn error(&self, what: &'static str) -> NotABaseline {
        NotABaseline::Impossible { at: self.at, what }
    }

    fn check(&self, holds: bool, what: &'static str) -> Result<(), NotABaseline> {
        if holds { Ok(()) } else { Err(self.error(what)) }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], NotABaseline> {
        let chunk = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk().copied());
        let chunk = chunk.ok_or_else(|| self.error("it ends too soon"))?;
        self.at += N;
        Ok(chunk)
    }

    /// In the one form that it is written in.
    fn varint(&mut self) -> Result<u32, NotABaseline> {
        let mut number = 0_u32;
        for shift in [0, 7, 14, 21] {
            let [byte] = self.take()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                self.check(byte > 0 || shift == 0, "a number with zeros before it")?;
                return Ok(number);
            }
        }
        Err(self.error("a number that is too long"))
    }
}
