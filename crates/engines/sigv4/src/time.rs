//! Times of day as signatures have them.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A second, which shows as AWS writes it: `20240131T235959Z`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    seconds: i64,
    text: [u8; Self::LENGTH],
}

impl Stamp {
    /// Of `20240131T235959Z`.
    const LENGTH: usize = 16;

    /// A time that the caller gives, in Unix seconds. `None` outside of the years 0 to 9999.
    pub fn of_seconds(seconds: i64) -> Option<Self> {
        let time = TimeZone::UTC.to_datetime(Timestamp::from_second(seconds).ok()?);
        let text = format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            u16::try_from(time.year()).ok()?,
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        );
        Some(Self { seconds, text: text.as_bytes().try_into().ok()? })
    }

    /// Reads the one form that AWS takes, ISO 8601's basic one in UTC. A day or an hour that no calendar has is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        let [y0, y1, y2, y3, m0, m1, d0, d1, b'T', h0, h1, i0, i1, s0, s1, b'Z'] = text else { return None };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0_i16, |sum, digit| {
                digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0'))
            })
        };
        let pair = |tens, ones| i8::try_from(number(&[tens, ones])?).ok();
        let year = number(&[y0, y1, y2, y3])?;
        let time =
            DateTime::new(year, pair(m0, m1)?, pair(d0, d1)?, pair(h0, h1)?, pair(i0, i1)?, pair(s0, s1)?, 0)
                .ok()?;
        Some(Self { seconds: TimeZone::UTC.to_timestamp(time).ok()?.as_second(), text })
    }

    /// Unix seconds.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// `20240131T235959Z`.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The day, as a scope has it: `20240131`.
    pub fn day(&self) -> &str {
        self.text().get(..8).unwrap_or_default()
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, day, seconds) in [
            ("20150830T123600Z", "20150830", 1_440_938_160),
            ("19700101T000000Z", "19700101", 0),
            ("20240229T235959Z", "20240229", 1_709_251_199),
        ] {
            let read = Stamp::parse(text).unwrap();
            assert_eq!((read.text(), read.day(), read.seconds()), (text, day, seconds));
            assert_eq!(Stamp::of_seconds(seconds), Some(read));
        }
    }

    #[test]
    fn what_no_calendar_has_is_refused() {
        for text in [
            "",
            "20150830T123600",
            "20150830t123600Z",
            "20150830T123600z",
            "20150230T123600Z",
            "20151330T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "2015083+T123600Z",
            "20150830T1236000Z",
            "2015-08-30T12:36Z",
            "２0150830T1236Z",
            "-0150830T123600Z",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
        assert_eq!(Stamp::of_seconds(i64::MAX), None);
        assert_eq!(Stamp::of_seconds(-62_200_000_000), None, "a year before 0");
    }
}
