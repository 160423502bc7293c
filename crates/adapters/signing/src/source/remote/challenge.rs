//! What a registry asks for before it answers, and where its next page is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ringwall_http::Url;

/// What stays as it is in a query's values.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A challenge of `WWW-Authenticate`. Source: RFC 9110, 11.6.1; distribution, *Token Authentication Specification*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer(Bearer),
}

/// Where a token is, and for what it has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) realm: String,
    service: String,
    scope: String,
}

impl Challenge {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, parameters) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut bearer = Bearer::default();
        let mut rest = parameters.trim();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_once(',').unwrap_or((after, "")),
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => bearer.realm = value.to_owned(),
                "service" => bearer.service = value.to_owned(),
                "scope" => bearer.scope = value.to_owned(),
                _ => {}
            }
            rest = after.trim_start_matches([',', ' ']);
        }
        Some(Self::Bearer(bearer))
    }
}

impl Bearer {
    /// The URL that gives the token.
    pub(super) fn url(&self) -> Option<Url> {
        let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
        let mark = if self.realm.contains('?') { '&' } else { '?' };
        let Self { realm, service, scope } = self;
        format!("{realm}{mark}service={}&scope={}", encoded(service), encoded(scope)).parse().ok()
    }
}

/// The path of the next page, if there is one and it is the same registry's. Source: RFC 8288; OCI Distribution 1.1.
pub(super) fn next_page(link: &str) -> Option<String> {
    let (target, relation) = link.strip_prefix('<')?.split_once('>')?;
    if !relation.contains("rel=\"next\"") && !relation.contains("rel=next") {
        return None;
    }
    match target.parse::<Url>() {
        Ok(url) => {
            Some(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
        }
        Err(_) => target.starts_with('/').then(|| target.to_owned()),
    }
}
