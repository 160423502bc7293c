//! What condition values of each type are; nothing, if a text is not of the type.

use std::net::IpAddr;

pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

pub(crate) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    (is_digits(whole) && is_digits(fraction)).then(|| text.parse().unwrap())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Nanoseconds since 1970: of a date in W3C's profile of ISO 8601, or of seconds since then.
pub(crate) fn date(text: &str) -> Option<i128> {
    const NANOS: i128 = 1_000_000_000;
    if is_digits(text) {
        return Some(text.parse::<i128>().ok()? * NANOS);
    }
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let mut parts = day.split('-');
    let year = fixed(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| fixed(part, 2))?;
    let of_month = parts.next().map_or(Some(1), |part| fixed(part, 2))?;
    if parts.next().is_some()
        || !(1..=12).contains(&month)
        || !(1..=month_length(year, month)).contains(&of_month)
    {
        return None;
    }
    let mut days = of_month - 1;
    days += (1..month).map(|month| month_length(year, month)).sum::<i64>();
    days += (1970..year).map(year_length).sum::<i64>() - (year..1970).map(year_length).sum::<i64>();
    let midnight = i128::from(days) * 86_400 * NANOS;
    time.map_or(Some(midnight), |time| Some(midnight + time_of_day(time)?))
}

fn time_of_day(text: &str) -> Option<i128> {
    let (clock, offset) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let sign = text.rfind(['+', '-'])?;
            let (clock, zone) = text.split_at(sign);
            let (hours, minutes) = zone.trim_start_matches(['+', '-']).split_once(':')?;
            let minutes = fixed(hours, 2).filter(|hours| *hours < 24)? * 60
                + fixed(minutes, 2).filter(|minutes| *minutes < 60)?;
            (clock, if zone.starts_with('-') { -minutes } else { minutes })
        }
    };
    let mut parts = clock.split(':');
    let hours = fixed(parts.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = fixed(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let (seconds, nanos) = match parts.next() {
        None => (0, 0),
        Some(part) => {
            let (seconds, fraction) = part.split_once('.').unwrap_or((part, "0"));
            if !is_digits(fraction) || fraction.len() > 9 {
                return None;
            }
            let nanos = format!("{fraction:0<9}").parse::<i64>().ok()?;
            (fixed(seconds, 2).filter(|seconds| *seconds < 60)?, nanos)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    let seconds = hours * 3600 + (minutes - offset) * 60 + seconds;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

fn fixed(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && is_digits(text)).then(|| text.parse().ok())?
}

fn year_length(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The bits of an address, most significant first.
fn bits(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("{:032b}", u32::from(address)),
        IpAddr::V6(address) => format!("{:0128b}", u128::from(address)),
    }
}

pub(crate) fn address(text: &str) -> Option<String> {
    text.parse().ok().map(bits)
}

/// An address or a range, as its bits and how many of them count.
pub(crate) fn range(text: &str) -> Option<(String, usize)> {
    let Some((start, length)) = text.split_once('/') else {
        let own = address(text)?;
        let length = own.len();
        return Some((own, length));
    };
    let start = address(start)?;
    let length = Some(length).filter(|length| is_digits(length))?.parse().ok()?;
    (length <= start.len()).then_some((start, length))
}

pub(crate) fn in_range(address: &str, (start, length): &(String, usize)) -> bool {
    address.len() == start.len() && address.chars().take(*length).eq(start.chars().take(*length))
}

pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let unpadded = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - unpadded.len() > 2 {
        return None;
    }
    let mut binary = String::new();
    for character in unpadded.chars() {
        binary.push_str(&format!("{:06b}", DIGITS.find(character)?));
    }
    let bytes = binary.as_bytes().chunks_exact(8);
    Some(bytes.map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect())
}
