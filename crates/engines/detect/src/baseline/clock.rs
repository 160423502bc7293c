//! Time as a baseline knows it: hours in which there were events.

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// So many events in a row that are of another hour than the present one and its neighbours move the time there. One clock that is
/// wrong, or one made-up time, moves nothing; a night without events, or another log, is believed after so many.
const STRAYS: u8 = 32;

/// Most hours that one move counts for in the learning period: a night or a day of silence is a part of it, a jump of years is not.
const MAX_STEP: i64 = 24;

/// The hour that is, by event times. No clock is asked.
///
/// Its epochs are the hours in which something was seen, numbered: a cluster that nobody watched for a month forgets nothing, and
/// a time that jumps by years costs one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// The present hour since 1970; nothing before the first event that has a time.
    pub(super) hour: Option<i64>,
    /// The number of the present epoch, from 1.
    pub(super) epoch: u32,
    /// How many hours were watched, silent ones included.
    pub(super) watched: u32,
    /// How many events in a row were of another time.
    pub(super) strays: u8,
}

/// The last epoch there is, in 1,900 years.
pub(super) const LAST_EPOCH: u32 = (1 << 24) - 1;

impl Default for Clock {
    fn default() -> Self {
        Self { hour: None, epoch: 1, watched: 0, strays: 0 }
    }
}

impl Clock {
    /// As it is when an event of that time has come.
    pub(super) fn at(self, milliseconds: Option<i64>) -> Self {
        let Some(hour) = milliseconds.map(|time| time.div_euclid(HOUR)) else { return self };
        let Some(present) = self.hour else { return Self { hour: Some(hour), ..self } };
        let step = hour.saturating_sub(present);
        match step {
            // The last event of an hour may come after the first of the next.
            -1 | 0 => Self { strays: 0, ..self },
            1 => self.moved(hour, step),
            _ if self.strays.saturating_add(1) >= STRAYS => self.moved(hour, step),
            _ => Self { strays: self.strays.saturating_add(1), ..self },
        }
    }

    fn moved(self, hour: i64, step: i64) -> Self {
        let counted = u32::try_from(step.clamp(0, MAX_STEP)).unwrap_or(0);
        Self {
            hour: Some(hour),
            epoch: self.epoch.saturating_add(1).min(LAST_EPOCH),
            watched: self.watched.saturating_add(counted),
            strays: 0,
        }
    }

    /// Of two that are merged: their epochs end now, so that only ages count.
    pub(super) fn merged(self, other: Self) -> Self {
        Self {
            hour: self.hour.max(other.hour),
            epoch: self.epoch.max(other.epoch),
            watched: self.watched.max(other.watched),
            strays: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(times: impl IntoIterator<Item = i64>) -> Clock {
        times.into_iter().fold(Clock::default(), |clock, hour| clock.at(Some(hour * HOUR)))
    }

    #[test]
    fn hours_with_events_are_counted() {
        assert_eq!(run([]).epoch, 1);
        let clock = run([100, 100, 101, 100, 102, 102]);
        assert_eq!((clock.hour, clock.epoch, clock.watched), (Some(102), 3, 2));
        assert_eq!(run([100, 101]).at(None), run([100, 101]), "what has no time moves nothing");
    }

    #[test]
    fn a_wrong_clock_moves_nothing() {
        // Every second event comes from an apiserver that is a century ahead, and some from one at 1970.
        let times = (0..2000).flat_map(|event| [100 + event / 100, 1_000_000, 100 + event / 100, 0]);
        let clock = run(times);
        assert_eq!((clock.hour, clock.epoch, clock.watched), (Some(119), 20, 19));
    }

    #[test]
    fn silence_and_another_log_are_followed() {
        let weekend = [100].into_iter().chain([164; 40]);
        assert_eq!((run(weekend.clone()).epoch, run(weekend).watched), (2, 24));
        let clock = run([1_000_000].into_iter().chain([100; 40]).chain(101..110));
        assert_eq!((clock.hour, clock.epoch, clock.watched), (Some(109), 11, 9));
    }

    #[test]
    fn extreme_times_are_no_trouble() {
        let times = [i64::MAX, i64::MIN].into_iter().cycle().take(1000);
        let clock = times.fold(Clock::default(), |clock, time| clock.at(Some(time)));
        assert!(clock.epoch < 40);
    }
}
