//! Parameters.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::{Failure, Result};

/// Parameters of a request. A push by digest has the most, one for each tag.
const MAX_PARAMETERS: usize = 256;

/// What needs no encoding in a parameter's value, by RFC 3986, 2.3 and 3.4, and is usual in digests and media types.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':');

/// The parameters of a request, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what came after the `?`. A plus stays one: it is usual in media types, and RFC 3986 has it mean itself.
    pub(crate) fn of(text: &str) -> Result<Self> {
        Self::read(text, |text| text.into())
    }

    /// Reads a form, in which a plus is a space.
    ///
    /// Source: WHATWG *URL*, "application/x-www-form-urlencoded parsing".
    pub(crate) fn form(text: &str) -> Result<Self> {
        Self::read(text, |text| text.replace('+', " ").into())
    }

    fn read(text: &str, plain: impl Fn(&str) -> Cow<'_, str>) -> Result<Self> {
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() >= MAX_PARAMETERS {
                return Err(Failure::new(
                    http::StatusCode::URI_TOO_LONG,
                    "UNSUPPORTED",
                    format!("a request has at most {MAX_PARAMETERS} parameters"),
                ));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((decoded(&plain(name))?, decoded(&plain(value))?));
        }
        Ok(Self(pairs))
    }

    /// The first value of a parameter.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn decoded(text: &str) -> Result<String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(value) => Ok(value.into_owned()),
        Err(_) => Err(Failure::bad_request("UNSUPPORTED", "a parameter is not UTF-8")),
    }
}

/// A value as it may stand in a parameter.
pub(crate) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, ENCODED).to_string()
}

/// `Link` to the next page.
///
/// Source: RFC 8288, 3; OCI *Distribution Specification*, "Listing Tags".
pub(crate) fn next_page(path: &str, parameters: &[(&str, &str)]) -> String {
    let parameters: Vec<_> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("<{path}?{}>; rel=\"next\"", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_order() {
        let query = Query::of("tag=1&digest=sha256%3A0&tag=2&&n").unwrap();
        assert_eq!(query.all("tag").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.first("digest"), Some("sha256:0"));
        assert_eq!(query.first("n"), Some(""));
        assert_eq!(query.first("last"), None);
        assert!(Query::of("a=%ff").is_err());
        assert!(Query::of(&"a&".repeat(MAX_PARAMETERS + 1)).is_err());
    }

    #[test]
    fn a_plus_is_a_space_in_forms_alone() {
        assert_eq!(Query::of("artifactType=x+json").unwrap().first("artifactType"), Some("x+json"));
        assert_eq!(Query::form("scope=a+b%2B").unwrap().first("scope"), Some("a b+"));
    }

    #[test]
    fn a_link_is_read_back() {
        let link = next_page("/v2/a/tags/list", &[("n", "2"), ("last", "a&b c")]);
        assert_eq!(link, "</v2/a/tags/list?n=2&last=a%26b%20c>; rel=\"next\"");
    }
}
