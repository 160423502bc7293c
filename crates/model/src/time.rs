//! Points in time, as the AWS CLI prints them and as IAM policies write them.

/// Days before each month of a year that is no leap year.
const DAYS_BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Milliseconds since 1970, from ISO 8601 text (`2025-04-14T22:45:48.097000-05:00`, the AWS CLI's second
/// version) or from seconds (`1713131148.097`, its first).
pub fn milliseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => iso(date, time),
        None => seconds(text),
    }
}

/// Seconds with a fraction; an exponent (`1.7E9`) too, since JSON writers may use one.
fn seconds(text: &str) -> Option<i64> {
    /// The year 9999, beyond which nothing is a date.
    const LAST: f64 = 253_402_300_800.0;
    let seconds: f64 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    (seconds.is_finite() && seconds.abs() < LAST).then(|| (seconds * 1000.0).floor() as i64)
}

fn iso(date: &str, time: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (clock, offset) = split_offset(time)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let whole = ((days(year, month, day)? * 24 + hour) * 60 + minute) * 60 + second - offset * 60;
    Some(whole * 1000 + thousandths(fraction)?)
}

/// The clock and the offset from UTC in minutes; an offset is required.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let (clock, offset, sign) = match (time.rsplit_once('+'), time.rsplit_once('-')) {
        (Some((clock, offset)), _) => (clock, offset, 1),
        (None, Some((clock, offset))) => (clock, offset, -1),
        (None, None) => return None,
    };
    let compact = offset.replace(':', "");
    let (hours, minutes) = compact.split_at_checked(2)?;
    Some((clock, sign * (digits(hours, 2)? * 60 + digits(minutes, 2)?)))
}

fn thousandths(fraction: &str) -> Option<i64> {
    let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
    fraction.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits(&padded, 3))?
}

fn digits(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Days since 1970 in the Gregorian calendar; `None` for a day that its month does not have.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let at = usize::try_from(month - 1).ok()?;
    let before = DAYS_BEFORE.get(at)?;
    let length = DAYS_BEFORE.get(at + 1).unwrap_or(&365) - before + i64::from(month == 2 && leap);
    if day > length {
        return None;
    }
    let past = year - 1;
    let years = past * 365 + past / 4 - past / 100 + past / 400;
    /// The same sum for the start of 1970.
    const EPOCH: i64 = 719_162;
    Some(years + before + i64::from(month > 2 && leap) + day - 1 - EPOCH)
}

/// ISO 8601 in UTC with milliseconds: `2025-04-15T03:45:48.097Z`. Years that take more than four digits have them.
pub fn text(milliseconds: i64) -> String {
    let (day, of_day) = (milliseconds.div_euclid(86_400_000), milliseconds.rem_euclid(86_400_000));
    let (year, month, day) = date(day);
    let (seconds, thousandths) = (of_day / 1000, of_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}Z")
}

/// Year, month and day of a day since 1970, in the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of one: the months' lengths then repeat with a period of five.
fn date(day: i64) -> (i64, i64, i64) {
    /// Days from March of the year 0 to 1970, and days of 400 years.
    const TO_1970: i64 = 719_468;
    const ERA: i64 = 146_097;
    let day = day + TO_1970;
    let (era, of_era) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests;
