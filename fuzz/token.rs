//! What holds for any bytes that are read as a token. The fuzz target calls it, and a test that replays its corpus.

use ringwall_authn::token::{Hosts, PREFIX, Rules};
use ringwall_awsclient::partition::PARTITIONS;

/// What became of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// They are no token.
    Refused,
    /// A token that STS would refuse whoever signed it.
    Unsigned,
    /// A token to ask STS about.
    Token,
}

/// 2023-11-14T22:13:20Z.
const NOW: i64 = 1_700_000_000;

/// Bytes as a URL, and as a token as they are: each partition reads them in one way or refuses them, and a reason is given.
pub(crate) fn read(bytes: &[u8]) -> Read {
    let encoded = data_encoding::BASE64URL_NOPAD.encode(bytes);
    let mut best = Read::Refused;
    for text in
        [Some(format!("{PREFIX}{encoded}")), String::from_utf8(bytes.to_vec()).ok()].into_iter().flatten()
    {
        for partition in &PARTITIONS {
            let rules = Rules::new("storefront", Hosts::Aws { partition, region: None }).expect("an id");
            let token = match rules.read(&text, NOW) {
                Ok(token) => token,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    continue;
                }
            };
            assert!(token.host().is_ascii() && token.host().starts_with("sts"), "{}", token.host());
            assert!((NOW..=NOW + 1800).contains(&token.expires()));
            match token.check_signature(&rules) {
                Ok(()) => best = Read::Token,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    if best == Read::Refused {
                        best = Read::Unsigned;
                    }
                }
            }
        }
    }
    best
}
