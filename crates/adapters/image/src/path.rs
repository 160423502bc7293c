//! Paths in an image: relative to its root, parts separated by `/`, no `.`, no `..`.

use std::borrow::Cow;

use crate::limits::{MAX_DEPTH, MAX_PART, MAX_PATH};

/// Why a path can't be one of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error("leads out of the image")]
    Outside,
    #[error("has more than {MAX_PATH} bytes, or a part of more than {MAX_PART}")]
    Long,
    #[error("is deeper than {MAX_DEPTH} folders")]
    Deep,
}

/// The path of an entry; empty for the root itself.
///
/// `..` takes back the part before it, as Go's `filepath.Clean` does. Before the first part it would lead out: runtimes refuse
/// such a layer or put it at the root, so nobody needs one.
pub(crate) fn clean(name: &[u8]) -> Result<String, PathError> {
    if name.len() > MAX_PATH {
        return Err(PathError::Long);
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop().ok_or(PathError::Outside)?;
            }
            _ if part.len() > MAX_PART => return Err(PathError::Long),
            _ => parts.push(part),
        }
    }
    if parts.len() > MAX_DEPTH {
        return Err(PathError::Deep);
    }
    Ok(readable(&parts.join(&b'/')).into_owned())
}

/// Bytes as text: those that aren't UTF-8 as `\xNN`, so that two names stay two.
pub(crate) fn readable(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 12);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(text)
}

/// The folder and the name.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A name in a folder.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned() {
        for (name, path) in [
            ("./etc/os-release", "etc/os-release"),
            ("/etc//os-release/", "etc/os-release"),
            ("./", ""),
            ("", ""),
            ("a/./b/../c", "a/c"),
            ("a/..", ""),
        ] {
            assert_eq!(clean(name.as_bytes()), Ok(path.to_owned()), "{name}");
        }
        for name in ["..", "../etc/passwd", "/../etc", "a/../../etc"] {
            assert_eq!(clean(name.as_bytes()), Err(PathError::Outside), "{name}");
        }
        assert_eq!(clean("a/".repeat(256).as_bytes()), Err(PathError::Deep));
        assert_eq!(clean("a".repeat(256).as_bytes()), Err(PathError::Long));
        assert_eq!(clean("ab/".repeat(1400).as_bytes()), Err(PathError::Long));
    }

    #[test]
    fn names_that_are_not_utf8_stay_apart() {
        assert_eq!(clean(b"a/\xff\xfe.txt").unwrap(), "a/\\xff\\xfe.txt");
        assert_ne!(clean(b"\xff"), clean(b"\xfe"));
    }
}
