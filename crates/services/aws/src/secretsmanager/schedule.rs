//! Schedules of rotation: after days, at a rate, or by cron. Times are UTC.
//!
//! Source: AWS, *Secrets Manager User Guide*, "Schedule expressions in Secrets Manager rotation".

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Milliseconds of an hour.
const HOUR: i64 = 60 * 60 * 1000;

/// The shortest rate.
///
/// Source: AWS, *Secrets Manager User Guide*, "Rate expressions": "You can rotate a secret as often as every four hours".
const MIN_HOURS: i64 = 4;

/// The longest rate.
///
/// Source: AWS, *Secrets Manager API Reference*, `RotationRulesType`, `AutomaticallyAfterDays`.
const MAX_DAYS: i64 = 1000;

/// How far ahead cron is looked for: the 29th of February comes within eight years, on a given weekday within forty.
const HORIZON_DAYS: i32 = 366 * 41;

/// When a secret is to be rotated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Schedule {
    /// So many days after the last time.
    AfterDays(i64),
    /// `rate(…)` or `cron(…)`.
    Expression(String),
}

impl Schedule {
    /// Whether AWS would take it.
    pub(crate) fn is_valid(&self) -> bool {
        match self {
            Self::AfterDays(days) => (1..=MAX_DAYS).contains(days),
            Self::Expression(text) => rate(text).is_some() || Cron::parse(text).is_some(),
        }
    }

    /// The next time after one, both in milliseconds since 1970.
    pub(crate) fn next(&self, after: i64) -> Option<i64> {
        match self {
            Self::AfterDays(days) => after.checked_add(days.checked_mul(24 * HOUR)?),
            Self::Expression(text) => match rate(text) {
                Some(milliseconds) => after.checked_add(milliseconds),
                None => Cron::parse(text)?.next(after),
            },
        }
    }
}

/// Milliseconds of `rate(10 days)`.
fn rate(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inner.trim().split_once(' ')?;
    let number: i64 = number.parse().ok()?;
    let hours = match unit.trim() {
        "hour" | "hours" => number,
        "day" | "days" => number.checked_mul(24)?,
        _ => return None,
    };
    (MIN_HOURS..=MAX_DAYS * 24).contains(&hours).then(|| hours.saturating_mul(HOUR))
}

/// `cron(0 hours day-of-month month day-of-week *)`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cron {
    hours: u32,
    months: u32,
    day: Day,
}

/// On which days of a month. Sets have a bit for each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    OfMonth(u32),
    LastOfMonth,
    /// Sunday is 1.
    OfWeek(u32),
    /// A weekday for the nth time in the month.
    Nth(i8, i8),
    /// A weekday for the last time in the month.
    LastOfWeekday(i8),
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Cron {
    fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix("cron(")?.strip_suffix(')')?;
        let fields: Vec<&str> = inner.split_ascii_whitespace().collect();
        let ["0", hours, of_month, months, of_week, "*"] = *fields.as_slice() else { return None };
        let day = match (of_month, of_week) {
            ("?", "?") => return None,
            ("L", "?") => Day::LastOfMonth,
            (days, "?") => Day::OfMonth(set(days, (1, 31), &[])?),
            ("?", days) => Self::weekday(days)?,
            _ => return None,
        };
        Some(Self { hours: set(hours, (0, 23), &[])?, months: set(months, (1, 12), &MONTHS)?, day })
    }

    fn weekday(text: &str) -> Option<Day> {
        let day = |text: &str| number(text, (1, 7), &WEEKDAYS).and_then(|day| i8::try_from(day).ok());
        if let Some((weekday, nth)) = text.split_once('#') {
            let nth: i8 = nth.parse().ok().filter(|nth| (1..=5).contains(nth))?;
            return Some(Day::Nth(day(weekday)?, nth));
        }
        match text.strip_suffix('L') {
            // The week's last day.
            Some("") => Some(Day::OfWeek(1 << 7)),
            Some(weekday) => Some(Day::LastOfWeekday(day(weekday)?)),
            None => set(text, (1, 7), &WEEKDAYS).map(Day::OfWeek),
        }
    }

    fn next(self, after: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(after).ok()?;
        let mut date = after.to_zoned(TimeZone::UTC).date();
        for _ in 0..HORIZON_DAYS {
            if self.is_on(date) {
                for hour in (0..24).filter(|hour| self.hours & (1 << hour) != 0) {
                    let time = date.at(hour, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?.timestamp();
                    if time > after {
                        return Some(time.as_millisecond());
                    }
                }
            }
            date = date.checked_add(Span::new().days(1)).ok()?;
        }
        None
    }

    fn is_on(self, date: Date) -> bool {
        let weekday = date.weekday().to_sunday_one_offset();
        self.months & (1 << date.month()) != 0
            && match self.day {
                Day::OfMonth(days) => days & (1 << date.day()) != 0,
                Day::LastOfMonth => date.day() == date.days_in_month(),
                Day::OfWeek(days) => days & (1 << weekday) != 0,
                Day::Nth(day, nth) => weekday == day && (date.day() - 1) / 7 + 1 == nth,
                Day::LastOfWeekday(day) => weekday == day && date.day() + 7 > date.days_in_month(),
            }
    }
}

/// A field's numbers as bits: `*`, `1`, `1-5`, `*/4`, `2/4`, and lists of them.
fn set(text: &str, (low, high): (u32, u32), names: &[&str]) -> Option<u32> {
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let number = |text: &str| number(text, (low, high), names);
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None if range == "*" => (low, high),
            None => (number(range)?, if step.is_some() { high } else { number(range)? }),
        };
        if from > to {
            return None;
        }
        for number in (from..=to).step_by(step.unwrap_or(1)) {
            bits |= 1 << number;
        }
    }
    Some(bits)
}

fn number(text: &str, (low, high): (u32, u32), names: &[&str]) -> Option<u32> {
    let by_name = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let number = match by_name {
        Some(at) => u32::try_from(at).ok()?.checked_add(low)?,
        None => text.parse().ok()?,
    };
    (low..=high).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str, after: &str) -> String {
        let after: Timestamp = after.parse().unwrap();
        let schedule = Schedule::Expression(text.to_owned());
        assert!(schedule.is_valid(), "{text}");
        let next = schedule.next(after.as_millisecond()).unwrap();
        Timestamp::from_millisecond(next).unwrap().to_string()
    }

    #[test]
    fn the_next_time_follows_the_schedule() {
        // 1 January 2026 is a Thursday.
        let cases = [
            ("rate(10 days)", "2026-01-01T03:30:00Z", "2026-01-11T03:30:00Z"),
            ("rate(4 hours)", "2026-01-01T23:00:00Z", "2026-01-02T03:00:00Z"),
            ("cron(0 8 1 * ? *)", "2026-01-01T08:00:00Z", "2026-02-01T08:00:00Z"),
            ("cron(0 8 1 * ? *)", "2026-01-01T07:59:59Z", "2026-01-01T08:00:00Z"),
            ("cron(0 */8 * * ? *)", "2026-01-01T08:00:01Z", "2026-01-01T16:00:00Z"),
            ("cron(0 4/8 ? * MON-FRI *)", "2026-01-02T20:00:00Z", "2026-01-05T04:00:00Z"),
            ("cron(0 0 L * ? *)", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"),
            ("cron(0 0 29 2 ? *)", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("cron(0 16 ? * 1#2 *)", "2026-01-01T00:00:00Z", "2026-01-11T16:00:00Z"),
            ("cron(0 1 ? 1,JUL SUNL *)", "2026-01-26T00:00:00Z", "2026-07-26T01:00:00Z"),
            ("cron(0 1 ? * L *)", "2026-01-01T00:00:00Z", "2026-01-03T01:00:00Z"),
        ];
        for (text, after, expect) in cases {
            assert_eq!(next(text, after), expect, "{text}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let bad = [
            "rate(3 hours)",
            "rate(0 days)",
            "rate(1001 days)",
            "rate(1 week)",
            "rate(-1 days)",
            "rate(1days)",
            "cron(0 8 * * * *)",
            "cron(0 8 ? * ? *)",
            "cron(5 8 1 * ? *)",
            "cron(0 24 1 * ? *)",
            "cron(0 8 1 * ?)",
            "cron(0 8 32 * ? *)",
            "cron(0 8 1 13 ? *)",
            "cron(0 8 1 * ? 2027)",
            "cron(0 8 ? * 1#6 *)",
            "cron(0 8-2 1 * ? *)",
            "cron(0 1/0 1 * ? *)",
            "at(2026-01-01)",
            "",
            "cron()",
        ];
        for text in bad {
            assert!(!Schedule::Expression(text.to_owned()).is_valid(), "{text}");
        }
        // A day that never comes is no time.
        assert_eq!(Schedule::Expression("cron(0 0 30 2 ? *)".to_owned()).next(0), None);
    }
}
