//! Times: seconds since 1970 as JSON numbers inside, text outside.

use jiff::Timestamp;
use serde_json::{Number, Value};

/// Seconds at which no calendar that AWS's clients have ends: the year 9999.
const LAST: f64 = 253_402_300_799.0;

/// The seconds of a text in ISO 8601 with an offset, or in seconds.
pub(crate) fn read(text: &str) -> Option<Value> {
    let milliseconds = ringwall_model::time::milliseconds(text)?;
    if milliseconds % 1000 == 0 {
        return Some(Value::from(milliseconds / 1000));
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any date are exact in a double")]
    let seconds = milliseconds as f64 / 1000.0;
    Number::from_f64(seconds).map(Value::Number)
}

/// Whether a number is a time that can be written.
pub(crate) fn is_time(number: &Number) -> bool {
    number.as_f64().is_some_and(|seconds| (-LAST..=LAST).contains(&seconds) && seconds > -62_000_000_000.0)
}

/// A time as ISO 8601 in UTC, with milliseconds or to the second.
pub(crate) fn write(number: &Number, with_milliseconds: bool) -> Option<String> {
    if !is_time(number) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let milliseconds = (number.as_f64()? * 1000.0).round() as i64;
    let time = Timestamp::from_millisecond(milliseconds).ok()?;
    let format = if with_milliseconds { "%Y-%m-%dT%H:%M:%S.%3fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Some(time.strftime(format).to_string())
}
