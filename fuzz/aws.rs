//! What holds for any bytes that come as an answer of AWS's, or as a shared file. Fuzz targets call it, and a test that
//! replays their corpora.
#![allow(dead_code, reason = "each fuzz target calls one of these")]

use ringwall_awsclient::{Element, Profiles};

/// Bytes as the XML of an answer. Tells how many elements are read.
pub(crate) fn xml(bytes: &[u8]) -> Option<usize> {
    let read = Element::parse(bytes);
    assert_eq!(read, Element::parse(bytes), "read again");
    let root = read.map_err(|error| assert!(!error.to_string().is_empty())).ok()?;
    assert!(size(&root).1 <= bytes.len(), "it has grown");
    Some(size(&root).0)
}

/// Elements, and bytes of their names and texts.
fn size(element: &Element) -> (usize, usize) {
    let own = element.name.len() + element.text.len();
    element
        .children
        .iter()
        .map(size)
        .fold((1, own), |(count, bytes), (more, further)| (count + more, bytes + further))
}

/// A config file, a line of `---`, a credentials file. Tells whether they are read, and never shows a value.
pub(crate) fn profile(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let (config, credentials) = text.split_once("\n---\n").unwrap_or((text, ""));
    match Profiles::parse(config, credentials) {
        Ok(profiles) => {
            for profile in ["default", "a", "b"] {
                if let Some(secret) = profiles.get(profile, "aws_secret_access_key") {
                    assert!(text.contains(secret), "a value that nobody wrote");
                }
            }
            true
        }
        Err(error) => {
            assert!(error.to_string().contains("line "), "{error}");
            false
        }
    }
}
