use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

/// Longest URL. Source: the longest that is called is a presigned one with a session token, of about 3,000 bytes; AWS
/// itself takes no request line beyond 16 KiB.
const MAX_URL_BYTES: usize = 16 << 10;

/// An absolute URL of http or https, without user, password or fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    uri: Uri,
    /// In lower case, without brackets.
    host: String,
    port: u16,
    https: bool,
}

/// Why a text is no URL that can be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` can't be called: {why}")]
pub struct UrlError {
    url: String,
    why: &'static str,
}

impl UrlError {
    /// One that shows the text cut, as [`cut`] does.
    pub fn new(text: &str, why: &'static str) -> Self {
        Self { url: cut(text), why }
    }
}

impl Url {
    /// The host, in lower case, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also if it isn't written.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host and port as they are written, and as the `Host` header has them.
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// The path, `/` at least.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query string, without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// The same server with another path and query, as `/path?query`.
    ///
    /// # Errors
    ///
    /// They can't stand in a URL.
    pub fn with_target(&self, target: &str) -> Result<Self, UrlError> {
        let scheme = if self.https { "https" } else { "http" };
        let refuse = |why| UrlError::new(target, why);
        if !target.starts_with('/') {
            return Err(refuse("it does not begin with `/`"));
        }
        let uri: Uri = Uri::builder()
            .scheme(scheme)
            .authority(self.authority())
            .path_and_query(target)
            .build()
            .map_err(|_| refuse("it has characters that no URL has"))?;
        Ok(Self { uri, ..self.clone() })
    }

    /// The same server, with a path below this URL's own.
    ///
    /// # Errors
    ///
    /// They can't stand in a URL.
    pub fn join(&self, path: &str, query: Option<&str>) -> Result<Self, UrlError> {
        let base = self.path().trim_end_matches('/');
        match query {
            Some(query) if !query.is_empty() => self.with_target(&format!("{base}{path}?{query}")),
            _ => self.with_target(&format!("{base}{path}")),
        }
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The address that the host is, if it is one and no name.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let refuse = |why| UrlError::new(text, why);
        if text.len() > MAX_URL_BYTES {
            return Err(refuse("it is too long"));
        }
        if text.contains('#') {
            return Err(refuse("it has a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| refuse("it is no URL"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse("it does not begin with `https://` or `http://`")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("it has no host"))?.as_str();
        if authority.contains('@') {
            return Err(refuse("it has a user"));
        }
        let host = uri.host().unwrap_or_default();
        let rest = authority.strip_prefix(host).unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if host.is_empty() {
            return Err(refuse("it has no host"));
        }
        let port = match rest.strip_prefix(':') {
            Some(port) => {
                port.parse().ok().filter(|port| *port != 0).ok_or_else(|| refuse("its port is none"))?
            }
            None if https => 443,
            None => 80,
        };
        Ok(Self { host, port, https, uri })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl fmt::Debug for Url {
    /// Leaves out the query, which holds the signature of a presigned URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path())
    }
}

/// What a message shows of a text of any length. The query is left out, for it may hold a signature.
pub fn cut(text: &str) -> String {
    const SHOWN: usize = 100;
    let bare = text.split_once('?').map_or(text, |(bare, _)| bare);
    let shown: String = bare.chars().take(SHOWN).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_http_with_a_host_and_nothing_strange() {
        let url: Url = "https://STS.eu-central-1.amazonaws.com".parse().unwrap();
        assert_eq!((url.host(), url.port(), url.path()), ("sts.eu-central-1.amazonaws.com", 443, "/"));
        let url: Url = "http://[::1]:4566/base/?a=b".parse().unwrap();
        assert_eq!((url.host(), url.port(), url.query()), ("::1", 4566, Some("a=b")));
        assert_eq!(url.authority(), "[::1]:4566");
        assert_eq!(url.join("/x", Some("c=d")).unwrap().to_string(), "http://[::1]:4566/base/x?c=d");
        for text in [
            "",
            "sts.amazonaws.com",
            "ftp://a",
            "https://",
            "https:///x",
            "https://a@b/",
            "https://a:0/",
            "https://a:70000/",
            "https://a/#f",
            "/x",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }

    #[test]
    fn queries_are_in_no_message() {
        let url: Url = "https://a/b?X-Amz-Signature=planted".parse().unwrap();
        assert_eq!(format!("{url:?}"), "https://a/b");
        assert!(!"ftp://a/b?planted".parse::<Url>().unwrap_err().to_string().contains("planted"));
    }
}
