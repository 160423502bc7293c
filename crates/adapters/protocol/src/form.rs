//! Forms: query strings as bodies.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::{Target, WireError};
use crate::head::RequestHead;
use crate::limits::{MAX_BODY, MAX_PARAMETERS};

pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The one media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of a Query request: of the body, or of the query string, no name in both or twice.
pub(crate) fn parameters<'a>(
    target: Target,
    head: &RequestHead<'a>,
    body: &'a [u8],
) -> Result<Vec<Pair<'a>>, WireError> {
    let mut pairs = match head.method {
        "POST" if !body.is_empty() => {
            if !head.media_type().is_ok_and(|media_type| media_type == FORM) {
                return Err(target.media_type(FORM));
            }
            if body.len() > MAX_BODY {
                return Err(target.too_large("bytes", MAX_BODY));
            }
            decode(target, body)?
        }
        "POST" | "GET" if body.is_empty() => Vec::new(),
        "GET" => return Err(target.malformed("A GET has no body")),
        _ => return Err(target.malformed("The method has to be GET or POST")),
    };
    pairs.extend(head.query.iter().cloned());
    if pairs.len() > MAX_PARAMETERS {
        return Err(target.too_large("parameters", MAX_PARAMETERS));
    }
    refuse_doubles(target, &pairs)?;
    Ok(pairs)
}

/// Takes a form apart by the rules that hold for query strings: each pair has a name, `%` has two hexadecimal digits, `+` is
/// a space, what comes out is UTF-8. A name without `=` has an empty value.
fn decode(target: Target, form: &[u8]) -> Result<Vec<Pair<'_>>, WireError> {
    let malformed = || target.malformed("The form is not percent-encoded UTF-8");
    let form = std::str::from_utf8(form).map_err(|_| malformed())?;
    let mut pairs = Vec::new();
    for pair in form.split('&') {
        if pairs.len() == MAX_PARAMETERS {
            return Err(target.too_large("parameters", MAX_PARAMETERS));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name.is_empty() {
            return Err(target.malformed("A parameter has no name"));
        }
        pairs.push((unescape(name).ok_or_else(malformed)?, unescape(value).ok_or_else(malformed)?));
    }
    Ok(pairs)
}

fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().any(|byte| matches!(byte, 0..=b' ' | 0x7f | b'#')) || !has_whole_escapes(text) {
        return None;
    }
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Cow::Owned(decoded.into_owned()))
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut bytes = after.bytes();
        matches!((bytes.next(), bytes.next()), (Some(a), Some(b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    })
}

/// Refuses a name that is there twice, or in two spellings that differ in case: of those, two readers could take
/// different ones.
fn refuse_doubles(target: Target, pairs: &[Pair<'_>]) -> Result<(), WireError> {
    let mut names: Vec<String> = pairs.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    if names.iter().zip(names.iter().skip(1)).any(|(left, right)| left == right) {
        return Err(target.malformed("A parameter stands there twice"));
    }
    Ok(())
}
