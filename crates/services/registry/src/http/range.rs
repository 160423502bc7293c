//! Which bytes: of a blob that is read, of a piece that is sent.

use std::ops::Range;

/// What a `Range` header asks for of something of a known size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it: there is no header, or none that is understood, which by RFC 9110, 14.2, is passed over.
    All,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that are not there. 416.
    Outside,
}

/// Reads `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-LENGTH`. Of several ranges none is served: a server may do so, and no
/// client of registries asks for them.
///
/// Source: RFC 9110, 14.1.2 and 14.2.
pub(crate) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((first, last)) = header
        .and_then(|header| header.trim().strip_prefix("bytes="))
        .and_then(|ranges| ranges.trim().split_once('-'))
    else {
        return Wanted::All;
    };
    match (number(first), number(last)) {
        (None, Some(length)) if first.is_empty() => match length.min(size) {
            0 => Wanted::Outside,
            length => Wanted::Part(size - length..size),
        },
        (Some(first), None) if last.is_empty() => match first < size {
            true => Wanted::Part(first..size),
            false => Wanted::Outside,
        },
        (Some(first), Some(last)) if first <= last => match first < size {
            true => Wanted::Part(first..last.saturating_add(1).min(size)),
            false => Wanted::Outside,
        },
        _ => Wanted::All,
    }
}

/// Reads the `Content-Range` of a piece: `FIRST-LAST`, both inclusive; also in HTTP's own form `bytes FIRST-LAST/SIZE`.
///
/// Source: OCI *Distribution Specification*, "Pushing a blob in chunks"; RFC 9110, 14.4.
pub(crate) fn piece(header: &str) -> Option<Range<u64>> {
    let range = header.trim();
    let range = range.strip_prefix("bytes ").map_or(range, |rest| rest.split('/').next().unwrap_or(rest));
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..last.checked_add(1)?)
}

/// Digits alone: `u64`'s own reader takes a plus too.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_within() {
        let cases = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=0-99", Wanted::Part(0..10)),
            ("bytes=9-", Wanted::Part(9..10)),
            ("bytes=10-", Wanted::Outside),
            ("bytes=10-12", Wanted::Outside),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=-0", Wanted::Outside),
            ("bytes=3-2", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=1-2", Wanted::All),
        ];
        for (header, expected) in cases {
            assert_eq!(wanted(Some(header), 10), expected, "{header}");
        }
        assert_eq!(wanted(None, 10), Wanted::All);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Outside);
    }

    #[test]
    fn pieces_are_inclusive() {
        assert_eq!(piece("0-9"), Some(0..10));
        assert_eq!(piece("bytes 5-9/*"), Some(5..10));
        for bad in ["", "0", "9-0", "-1", "1-", "a-b", "0-18446744073709551615", "+0-1"] {
            assert_eq!(piece(bad), None, "{bad}");
        }
    }
}
