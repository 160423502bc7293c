//! How often something was seen, in memory that does not grow: a count-min sketch of hours.
//!
//! A key has one cell in each row, and its count is the least of those: never less than it is, as keys that share a cell only add.
//! With `ROWS` rows of `width` cells a count is too high by more than `e / width` of all that was counted with a probability of
//! `e^-ROWS` at most. Source: G. Cormode, S. Muthukrishnan, *An improved data stream summary: the count-min sketch and its
//! applications*, 2005.
//!
//! Three things differ from the textbook:
//!
//! - **A cell counts epochs, not events.** Each adds 1, however often its keys come. So a thousand requests in an hour weigh as
//!   much as one, the order of events within an epoch does not matter, and an event that comes twice changes nothing. As a cell
//!   counts an epoch once for all keys that share it, it is never above the textbook's, and the bound holds.
//! - **Counts decay** by half in a fixed number of epochs, reckoned when a cell is looked at.
//! - **No conservative update** (to raise only the least of a key's cells): what it leaves depends on the order of keys, and of
//!   two such sketches the sum is neither what one would have become.

use super::clock::LAST_EPOCH;

/// Cells of a key.
pub(super) const ROWS: usize = 3;
/// Halvings after which nothing is left of a count that was as high as counts get.
const FORGOTTEN: u32 = 30;

/// Highest count: far above what hours come to, and far below where a float loses ones. Merging the same again and again ends here.
pub(super) const MAX_COUNT: f32 = 1e6;

/// What a cell remembers of the present epoch, so that the same is not counted twice.
pub(super) trait Once: Clone + Copy + Default + PartialEq + std::fmt::Debug {
    /// Whether a lane is new in this epoch, of which so many were counted; from then on it is not.
    fn first(&mut self, lane: u32, counted: u8) -> bool;
    /// Both together.
    fn both(self, other: Self) -> Self;
}

/// Once an epoch.
impl Once for () {
    fn first(&mut self, _: u32, counted: u8) -> bool {
        counted == 0
    }

    fn both(self, (): Self) -> Self {}
}

/// Once an epoch for each of 64 lanes.
impl Once for u64 {
    fn first(&mut self, lane: u32, _: u8) -> bool {
        let bit = 1 << (lane % Self::BITS);
        let is_first = *self & bit == 0;
        *self |= bit;
        is_first
    }

    fn both(self, other: Self) -> Self {
        self | other
    }
}

/// Halving in a number of epochs.
#[derive(Clone, Debug)]
pub(super) struct Decay(Box<[f32]>);

impl Decay {
    /// `rate` is what is left after one of the `half_life` epochs. Products alone, so that it is the same on every machine.
    pub(super) fn new(rate: f64, half_life: usize) -> Self {
        let powers = std::iter::successors(Some(1.0_f64), |power| Some(power * rate));
        #[expect(clippy::cast_possible_truncation, reason = "seven digits are enough")]
        let table = powers.take(half_life).map(|power| power as f32).collect();
        Self(table)
    }

    fn left(&self, age: u32) -> f32 {
        let half_life = u32::try_from(self.0.len()).unwrap_or(u32::MAX).max(1);
        let halvings = age / half_life;
        if halvings >= FORGOTTEN {
            return 0.0;
        }
        let rest = self.0.get((age % half_life) as usize).copied().unwrap_or(0.0);
        #[expect(clippy::cast_precision_loss, reason = "a power of two is exact")]
        let halved = rest / (1_u32 << halvings) as f32;
        halved
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cell<S> {
    /// What was counted before the epoch of its mark, as of that epoch.
    pub(super) before: f32,
    /// The epoch in which it was last counted in, and in the lowest byte how often in that epoch.
    mark: u32,
    /// What was counted in that epoch.
    pub(super) seen: S,
}

impl<S: Once> Cell<S> {
    pub(super) fn new(before: f32, epoch: u32, counted: u8, seen: S) -> Self {
        Self { before, mark: epoch << 8 | u32::from(counted), seen }
    }

    pub(super) fn epoch(&self) -> u32 {
        self.mark >> 8
    }

    #[expect(clippy::cast_possible_truncation, reason = "it is the lowest byte")]
    pub(super) fn counted(&self) -> u8 {
        self.mark as u8
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn all(&self) -> f32 {
        self.before + f32::from(self.counted())
    }

    fn before(&self, now: u32, decay: &Decay) -> f32 {
        match now.saturating_sub(self.epoch()) {
            0 => self.before,
            age => (self.all() * decay.left(age)).min(MAX_COUNT),
        }
    }

    fn enter(&mut self, now: u32, decay: &Decay) {
        if self.epoch() < now {
            *self = Self::new(self.before(now, decay), now, 0, S::default());
        }
    }

    fn count(&mut self, lane: u32, now: u32, decay: &Decay) -> bool {
        self.enter(now, decay);
        let is_first = self.seen.first(lane, self.counted());
        if is_first && self.counted() < u8::MAX {
            self.mark += 1;
        }
        is_first
    }

    /// Both together, of which one is given as it is `later` epochs after.
    fn merge(&mut self, mut other: Self, later: u32, decay: &Decay) {
        if other.is_empty() {
            return;
        }
        let epoch = other.epoch().saturating_add(later).min(LAST_EPOCH);
        other = Self::new(other.before, epoch, other.counted(), other.seen);
        if self.is_empty() {
            *self = other;
            return;
        }
        let now = self.epoch().max(other.epoch());
        self.enter(now, decay);
        other.enter(now, decay);
        let counted = self.counted().saturating_add(other.counted());
        *self =
            Self::new((self.before + other.before).min(MAX_COUNT), now, counted, self.seen.both(other.seen));
    }
}

/// The sketch.
#[derive(Clone, Debug)]
pub(super) struct Sketch<S> {
    /// Row after row.
    cells: Vec<Cell<S>>,
    /// How many bits of a key choose a cell of a row.
    bits: u32,
    decay: Decay,
}

impl<S: Once> Sketch<S> {
    /// One of rows with `2^bits` cells. `ROWS * bits` is at most 64.
    pub(super) fn new(bits: u32, decay: Decay) -> Self {
        Self { cells: vec![Cell::default(); ROWS << bits], bits, decay }
    }

    fn places(&self, key: u64) -> [usize; ROWS] {
        let (bits, mask) = (self.bits, (1_u64 << self.bits) - 1);
        let mut row = 0;
        [(); ROWS].map(|()| {
            let column = key.wrapping_shr(bits * row) & mask;
            let place = u64::from(row) << bits | column;
            row += 1;
            usize::try_from(place).unwrap_or(usize::MAX)
        })
    }

    fn of(&self, key: u64) -> impl Iterator<Item = &Cell<S>> {
        self.places(key).into_iter().filter_map(|place| self.cells.get(place))
    }

    /// In how many epochs before the present one a key was seen, as far as that is not forgotten.
    pub(super) fn before(&self, key: u64, now: u32) -> f32 {
        self.of(key).map(|cell| cell.before(now, &self.decay)).fold(f32::INFINITY, f32::min)
    }

    /// Counts a key. What was counted of it before the present epoch, and whether it is new in this one.
    pub(super) fn visit(&mut self, key: u64, lane: u32, now: u32) -> (f32, bool) {
        let (mut before, mut is_first) = (f32::INFINITY, false);
        for place in self.places(key) {
            if let Some(cell) = self.cells.get_mut(place) {
                is_first |= cell.count(lane, now, &self.decay);
                before = before.min(cell.before);
            }
        }
        (before, is_first)
    }

    /// Adds another sketch of the same size. `later` is by how many epochs each one's numbers have to rise.
    pub(super) fn merge(&mut self, other: &Self, later: (u32, u32)) {
        for (cell, other) in self.cells.iter_mut().zip(&other.cells) {
            let own = std::mem::take(cell);
            cell.merge(own, later.0, &self.decay);
            cell.merge(*other, later.1, &self.decay);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "it is 64 at most")]
    pub(super) fn bits(&self) -> u8 {
        self.bits as u8
    }

    pub(super) fn cells(&self) -> &[Cell<S>] {
        &self.cells
    }

    pub(super) fn cells_mut(&mut self) -> &mut [Cell<S>] {
        &mut self.cells
    }
}
