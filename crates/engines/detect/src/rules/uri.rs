//! Paths and queries of requests, as the apiserver understands them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The values that a query has for a name, decoded.
pub(super) fn values<'q>(query: &'q str, name: &'q str) -> impl Iterator<Item = Cow<'q, str>> {
    query.split('&').filter_map(move |pair| {
        let (known, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(known) == name).then(|| decode(value))
    })
}

/// The segments of a path, decoded; empty ones and `.` are none, and `..` goes up.
pub(super) fn segments(path: &str) -> Vec<Cow<'_, str>> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        let segment = percent_decode_str(segment).decode_utf8_lossy();
        match &*segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    segments
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let query = "command=sh&comm%61nd=-c&command=cat+%2Fetc%2Fshadow&stdin=true&command";
        assert_eq!(values(query, "command").collect::<Vec<_>>(), ["sh", "-c", "cat /etc/shadow", ""]);
        assert_eq!(values("", "command").count(), 0);
    }

    #[test]
    fn paths_are_decoded() {
        assert_eq!(segments("/api/./v1//p%72oxy/%2e/x/../y"), ["api", "v1", "proxy", "y"]);
        assert_eq!(segments("/../.."), [""; 0]);
    }
}
