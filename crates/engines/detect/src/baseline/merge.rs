//! Two baselines to one.

use super::Baseline;
use super::habits::day;

impl Baseline {
    /// Adds what another one has learned, of other events. In whatever order several are merged, the result is the same, up to
    /// the last digits of its counts.
    ///
    /// Ages count, not times: both are taken as they are now. What both have of the same actor in the same hour counts twice; a
    /// stream that is split goes to one process by actor.
    pub fn merge(&mut self, other: &Self) {
        let clock = self.clock.merged(other.clock);
        let later = |of: fn(&Self) -> u32, all: u32| (all - of(self).min(all), all - of(other).min(all));
        let hours = later(|baseline| baseline.clock.epoch, clock.epoch);
        let days = later(|baseline| day(baseline.clock.watched), day(clock.watched));
        self.actors.merge(&other.actors, hours);
        self.peers.merge(&other.peers, hours);
        self.habits.merge(&other.habits, days);
        self.clock = clock;
        if let Some(other) = &other.calls {
            self.calls.get_or_insert_default().merge(other);
        }
    }
}
