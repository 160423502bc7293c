//! How long a review may take.

use std::time::Duration;

/// What an apiserver waits for a webhook if nobody says otherwise. Source: Kubernetes API reference, MutatingWebhook
/// `timeoutSeconds`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that an apiserver waits. Source: as above.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// What is left for the answer's way back, at the least.
const MARGIN: Duration = Duration::from_millis(250);

/// The time that a review's look-ups may take, from the `timeout` that the apiserver writes into the query: all but a tenth,
/// or [`MARGIN`].
pub(super) fn budget(query: Option<&str>) -> Duration {
    let parameters = query.unwrap_or_default().split('&');
    let timeout = parameters.filter_map(|pair| pair.strip_prefix("timeout=")).find_map(go_duration);
    let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT).min(MAX_TIMEOUT);
    timeout.saturating_sub(MARGIN.max(timeout / 10)).max(timeout / 2)
}

/// A duration as Go writes it: `10s`, `1m0s`, `1.5s`, `500ms`. Source: Go, package `time`, `Duration.String`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, behind) = rest.split_at(end);
        let unit = behind.find(|character: char| character.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(unit);
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = next;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_in_time() {
        for (query, milliseconds) in [
            (Some("timeout=10s"), 9000),
            (Some("timeout=1s"), 750),
            (Some("timeout=400ms"), 200),
            (Some("a=b&timeout=1m0s"), 27_000),
            (Some("timeout=1.5s"), 1250),
            (Some("timeout=0s"), 9000),
            (Some("timeout=x"), 9000),
            (Some("timeout=5"), 9000),
            (Some("timeout=99999999999999999999999999999999h"), 9000),
            (Some(""), 9000),
            (None, 9000),
        ] {
            assert_eq!(budget(query), Duration::from_millis(milliseconds), "{query:?}");
        }
    }
}
