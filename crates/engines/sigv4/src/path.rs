//! Paths: as they are signed, and as they are meant.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::SignatureError;
use crate::encode::{check_escapes, encode};

/// Bytes of a path: EKS takes ARNs of 2,048 characters in one, each of which may be written as three.
pub(crate) const MAX_PATH: usize = 8 * 1024;

/// Refuses what is no path of HTTP.
pub(crate) fn check(path: &str) -> Result<(), SignatureError> {
    if path.len() > MAX_PATH {
        return Err(SignatureError::TooLarge { part: "path", limit: MAX_PATH, unit: "bytes" });
    }
    let known =
        path.starts_with('/') && !path.bytes().any(|byte| matches!(byte, b'?' | b'#' | 0..=b' ' | 0x7f));
    if known { Ok(()) } else { Err(SignatureError::Malformed("path")) }
}

/// The parts of a path, as they were sent, without empty and `.` ones, and without those that a `..` takes back. `..` above the
/// root is the root. A last empty part stands for a slash at the end.
///
/// Source: AWS, *IAM User Guide*, "Create a signed AWS API request" (`CanonicalURI`: RFC 3986, redundant slashes and dot
/// segments removed, not for S3); botocore's `remove_dot_segments` for the slash at the end. (The SDK for Rust signs `/a/.` as `/a/`,
/// as the RFC has it, and botocore as `/a`: no operation has such a path.)
fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            _ => parts.push(part),
        }
    }
    if path.ends_with('/') && !parts.is_empty() {
        parts.push("");
    }
    parts
}

/// Writes the path as it is signed: normalised, and each part percent-encoded once more than it was sent.
pub(crate) fn write_canonical(path: &str, out: &mut Vec<u8>) {
    if path == "/" {
        out.push(b'/');
        return;
    }
    let parts = parts(path);
    if parts.is_empty() {
        out.push(b'/');
    }
    for part in parts {
        out.push(b'/');
        encode(part.as_bytes(), out);
    }
}

/// The decoded parts of the path that is signed.
pub(crate) fn segments(path: &str) -> Result<Vec<Cow<'_, str>>, SignatureError> {
    check(path)?;
    let decode = |part| check_escapes(part).then(|| percent_decode_str(part).decode_utf8().ok()).flatten();
    parts(path).into_iter().map(|part| decode(part).ok_or(SignatureError::Malformed("path"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(path: &str) -> String {
        let mut out = Vec::new();
        write_canonical(path, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// botocore's: `quote(normalize_url_path(path), safe='/~')`.
    #[test]
    fn paths_are_signed_normalised_and_encoded_again() {
        for (path, expected) in [
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/..", "/"),
            ("/a/..", "/"),
            ("/a/../", "/"),
            ("/a/./b//c", "/a/b/c"),
            ("/a/b/", "/a/b/"),
            ("/a/b/.", "/a/b"),
            ("/a/b/..", "/a"),
            ("/a/b/../", "/a/"),
            ("/../../a", "/a"),
            ("/...", "/..."),
            ("/a%20b", "/a%2520b"),
            ("/a%2Fb", "/a%252Fb"),
            ("/a%2fb", "/a%252fb"),
            ("/%2e%2e/a", "/%252e%252e/a"),
            ("/a+b,c:d@e!$&'()*;=", "/a%2Bb%2Cc%3Ad%40e%21%24%26%27%28%29%2A%3B%3D"),
            ("/-_.~AZaz09", "/-_.~AZaz09"),
            ("/ሴ", "/%E1%88%B4"),
        ] {
            assert_eq!(canonical(path), expected, "{path}");
        }
    }

    #[test]
    fn segments_are_those_of_the_signed_path() {
        for (path, expected) in [
            ("/", vec![]),
            ("//a/./x/../b%2Fc/", vec!["a", "b/c", ""]),
            ("/%2E%2e/%E1%88%B4+", vec!["..", "ሴ+"]),
        ] {
            assert_eq!(segments(path).unwrap(), expected, "{path}");
        }
        for path in ["", "a", "*", "/%", "/%2", "/%zz", "/%+1", "/%ff", "/a?b", "/a#b", "/a b", "/a\n"] {
            assert!(segments(path).is_err(), "{path}");
        }
        assert!(segments(&format!("/{}", "a".repeat(MAX_PATH))).is_err());
    }
}
