//! Times as AWS writes them.

use jiff::Timestamp;

/// `2026-11-27T08:05:30Z`, of milliseconds since 1970.
pub(crate) fn iso(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// Milliseconds since 1970, from the clock.
pub fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_time_is_written_without_fraction() {
        assert_eq!(super::iso(1_764_230_730_123), "2025-11-27T08:05:30Z");
        assert_eq!(ringwall_model::time::milliseconds(&super::iso(999)), Some(0));
    }
}
