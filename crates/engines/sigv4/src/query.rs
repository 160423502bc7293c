//! Query strings: the one parser of them, and their canonical form.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::SignatureError;
use crate::encode::{check_escapes, encode};

/// Bytes of a query string: a presigned URL with a session token is below 4 KiB, and what is larger goes in bodies.
pub(crate) const MAX_QUERY: usize = 16 * 1024;
/// Pairs of a query string: `UntagResource` has 50 keys, the most of any operation.
pub(crate) const MAX_PAIRS: usize = 256;

/// A name and its value, decoded.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Takes a query string apart, strictly: between `&`s there are pairs, each has a name, `%` has two hexadecimal digits, and what
/// comes out is UTF-8. `+` is a space, as the SDKs for Go and Rust sign it. A name without `=` has an empty value.
///
/// A name may come twice (`tagKeys=a&tagKeys=b`), but not in two spellings that differ in case, of which two readers could
/// take different ones (CVE-2022-2385).
pub(crate) fn pairs(query: &str) -> Result<Vec<Pair<'_>>, SignatureError> {
    if query.len() > MAX_QUERY {
        return Err(SignatureError::TooLarge { part: "query string", limit: MAX_QUERY, unit: "bytes" });
    }
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let mut pairs: Vec<Pair<'_>> = Vec::with_capacity(8);
    for pair in query.split('&') {
        if pairs.len() == MAX_PAIRS {
            return Err(SignatureError::TooLarge {
                part: "query string",
                limit: MAX_PAIRS,
                unit: "parameters",
            });
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name.is_empty() {
            return Err(SignatureError::MalformedQuery("a parameter has no name"));
        }
        pairs.push((decode(name)?, decode(value)?));
    }
    if has_two_spellings(&pairs) {
        return Err(SignatureError::MalformedQuery("the names of two parameters differ in case only"));
    }
    Ok(pairs)
}

fn decode(text: &str) -> Result<Cow<'_, str>, SignatureError> {
    const WHY: SignatureError = SignatureError::MalformedQuery("it is not percent-encoded UTF-8");
    // What is not allowed to stand in a request line as it is.
    if text.bytes().any(|byte| matches!(byte, 0..=b' ' | 0x7f | b'#')) || !check_escapes(text) {
        return Err(WHY);
    }
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().map_err(|_| WHY);
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| WHY)?;
    Ok(Cow::Owned(decoded.into_owned()))
}

fn has_two_spellings(pairs: &[Pair<'_>]) -> bool {
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable_by(|left, right| lowered(left).cmp(lowered(right)));
    names
        .iter()
        .zip(names.iter().skip(1))
        .any(|(left, right)| left != right && left.eq_ignore_ascii_case(right))
}

fn lowered(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// Writes pairs as they are signed: percent-encoded, sorted by name and then by value, `=` even where there is no value.
pub(crate) fn write_canonical<'p>(pairs: impl Iterator<Item = &'p Pair<'p>>, out: &mut Vec<u8>) {
    // Nothing is encoded as this, and everything is above it: so pairs are in order of their names first.
    const END_OF_NAME: u8 = 0;
    let mut encoded: Vec<Vec<u8>> = pairs
        .map(|(name, value)| {
            let mut pair = Vec::with_capacity(name.len() + value.len() + 16);
            encode(name.as_bytes(), &mut pair);
            pair.push(END_OF_NAME);
            encode(value.as_bytes(), &mut pair);
            pair
        })
        .collect();
    encoded.sort_unstable();
    for (at, pair) in encoded.iter().enumerate() {
        if at > 0 {
            out.push(b'&');
        }
        out.extend(pair.iter().map(|byte| if *byte == END_OF_NAME { b'=' } else { *byte }));
    }
}
