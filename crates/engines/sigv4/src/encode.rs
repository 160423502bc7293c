//! Percent-encoding as AWS signs it.

/// Writes bytes percent-encoded: all but letters, digits, `-`, `_`, `.` and `~`, with hexadecimal digits in upper case.
///
/// Source: AWS, *IAM User Guide*, "Create a signed AWS API request", `UriEncode`.
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(byte);
        } else {
            out.extend([b'%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
}

fn hex(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' - 10 + nibble }
}

/// Whether each `%` has two hexadecimal digits after it. A lax decoder leaves the others as they are, so that one text
/// has two readings.
pub(crate) fn check_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        matches!(rest.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_have_two_digits() {
        for (text, whole) in [
            ("", true),
            ("a%20%aF", true),
            ("%", false),
            ("%2", false),
            ("a%2g", false),
            ("%%20", false),
            ("%+1", false),
        ] {
            assert_eq!(check_escapes(text), whole, "{text}");
        }
    }
}
