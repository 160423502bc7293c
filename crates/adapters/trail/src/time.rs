use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A second, as CloudTrail writes it: `2026-11-27T08:00:00Z`.
///
/// Between the years 0001 and 9999, so that its text always has the same length and days sort as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(Timestamp);

impl EventTime {
    /// From seconds since 1970. `None` beyond the years that the text can hold.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let time = Timestamp::from_second(seconds).ok()?;
        (1..=9999).contains(&time.to_zoned(TimeZone::UTC).year()).then_some(Self(time))
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0.as_second()
    }

    /// The day in UTC.
    pub(crate) fn day(self) -> civil::Date {
        self.0.to_zoned(TimeZone::UTC).date()
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: Timestamp = text.parse().map_err(de::Error::custom)?;
        Self::from_unix(time.as_second()).ok_or_else(|| de::Error::custom("the year is out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_cloudtrail_writes_it() {
        let time = EventTime::from_unix(1_795_766_400).unwrap();
        assert_eq!(time.to_string(), "2026-11-27T08:00:00Z");
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2026-11-27T08:00:00Z\"");
        assert_eq!(serde_json::from_str::<EventTime>("\"2026-11-27T08:00:00Z\"").unwrap(), time);
        assert_eq!(EventTime::from_unix(-1).unwrap().to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_year_without_four_digits_is_none() {
        assert_eq!(EventTime::from_unix(253_402_300_800), None);
        assert_eq!(EventTime::from_unix(-62_135_596_801), None);
        assert_eq!(EventTime::from_unix(i64::MAX), None);
    }
}
