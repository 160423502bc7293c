//! What a token of the cluster tells of its issuer, without checking it: it is our own.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

/// Longest token that is looked at. Source: AWS, *STS API Reference*, AssumeRoleWithWebIdentity, `WebIdentityToken`.
const MAX_TOKEN: usize = 20_000;

/// The key's id and the issuer; `None` if it is no token.
pub(crate) fn look(text: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(text).ok().map(str::trim).filter(|text| text.len() <= MAX_TOKEN)?;
    let mut parts = text.split('.');
    let mut part = || -> Option<Map<String, Value>> {
        serde_json::from_slice(&BASE64URL_NOPAD.decode(parts.next()?.as_bytes()).ok()?).ok()
    };
    let (header, claims) = (part()?, part()?);
    let of = |map: &Map<String, Value>, field: &str| map.get(field)?.as_str().map(str::to_owned);
    Some((of(&header, "kid")?, of(&claims, "iss")?))
}
