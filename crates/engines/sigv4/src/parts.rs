//! A request as it was sent.

use std::borrow::Cow;
use std::fmt;

use crate::query::Pair;
use crate::{SignatureError, path, query};

/// Headers of a request: `hyper` takes 100 unless told otherwise, SDKs send about 15.
pub(crate) const MAX_HEADERS: usize = 128;
/// Bytes of a header's value: session tokens are the longest, and AWS asks for 4 KiB to be kept for them.
pub(crate) const MAX_HEADER_VALUE: usize = 16 * 1024;
/// Letters of a method: the longest that is registered, `UPDATEREDIRECTREF`, has 17.
const MAX_METHOD: usize = 32;

/// A request as it was sent, but for its body. Nothing in it is decoded yet, since signatures are of what was sent.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// What stands before `?`, not decoded.
    pub path: &'a str,
    /// What stands after `?`, not decoded.
    pub query: Option<&'a str>,
    /// Names in lower case and their values, in the order received, a pair for each line.
    pub headers: &'a [(&'a str, &'a str)],
    /// `:authority` of HTTP/2, which stands for a `host` header that isn't there.
    pub authority: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The parameters of the query string, decoded, in the order sent, without those that make up a presigned request's signature.
    ///
    /// Whoever needs parameters takes them from here: a signature is of what this function reads, and a second parser
    /// could read something else in the same text.
    ///
    /// # Errors
    ///
    /// [`SignatureError::MalformedQuery`] if a name or value can't be decoded to UTF-8, a parameter has no name, or two names
    /// differ in case only; [`SignatureError::TooLarge`].
    pub fn query_pairs(&self) -> Result<Vec<Pair<'a>>, SignatureError> {
        let mut pairs = query::pairs(self.query.unwrap_or_default())?;
        pairs.retain(|(name, _)| AuthParameter::of(name).is_none());
        Ok(pairs)
    }

    /// The parts of the path, decoded: of the normalised path, the one that is signed. A slash at the end gives an empty last
    /// part, the root gives none. A part may hold a `/` that was sent as `%2F`, as ARNs in EKS's paths do.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Malformed`] if it is no path or can't be decoded to UTF-8, [`SignatureError::TooLarge`].
    pub fn path_segments(&self) -> Result<Vec<Cow<'a, str>>, SignatureError> {
        path::segments(self.path)
    }

    /// The value of a header without the blanks around it. `host` may be `:authority`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Repeated`] if it is there more than once.
    pub fn header(&self, name: &str) -> Result<Option<&'a str>, SignatureError> {
        let mut values = self.headers.iter().filter(|(other, _)| *other == name).map(|(_, value)| *value);
        let value = values.next().or(self.authority.filter(|_| name == HOST));
        if values.next().is_some() {
            return Err(SignatureError::Repeated(name.to_owned()));
        }
        Ok(value.map(trim))
    }

    /// Refuses what no client of HTTP sends, so that the canonical form can't be forged with it.
    pub(crate) fn check(&self) -> Result<(), SignatureError> {
        let method = self.method.as_bytes();
        if method.is_empty() || method.len() > MAX_METHOD || !method.iter().all(u8::is_ascii_uppercase) {
            return Err(SignatureError::Malformed("method"));
        }
        path::check(self.path)?;
        if self.headers.len() > MAX_HEADERS {
            return Err(SignatureError::TooLarge { part: "head", limit: MAX_HEADERS, unit: "headers" });
        }
        if !self.headers.iter().all(|(name, _)| is_header_name(name)) {
            return Err(SignatureError::Malformed("header name"));
        }
        match (self.header(HOST)?, self.authority) {
            (Some(host), Some(authority)) if host != authority => Err(SignatureError::Malformed("host")),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Parts<'_> {
    /// Leaves out query and headers, in which there are tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

pub(crate) const HOST: &str = "host";

/// Whether it is a name of a header, in lower case.
pub(crate) fn is_header_name(name: &str) -> bool {
    let token =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

/// Without the blanks around it that HTTP allows for.
pub(crate) fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

/// The parameters that make up the signature of a presigned request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthParameter {
    Algorithm,
    Credential,
    Date,
    Expires,
    SignedHeaders,
    Signature,
    SecurityToken,
    ContentSha256,
}

impl AuthParameter {
    const ALL: [Self; 8] = [
        Self::Algorithm,
        Self::Credential,
        Self::Date,
        Self::Expires,
        Self::SignedHeaders,
        Self::Signature,
        Self::SecurityToken,
        Self::ContentSha256,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "X-Amz-Algorithm",
            Self::Credential => "X-Amz-Credential",
            Self::Date => "X-Amz-Date",
            Self::Expires => "X-Amz-Expires",
            Self::SignedHeaders => "X-Amz-SignedHeaders",
            Self::Signature => "X-Amz-Signature",
            Self::SecurityToken => "X-Amz-Security-Token",
            Self::ContentSha256 => "X-Amz-Content-Sha256",
        }
    }

    /// Which one a name is, in whatever case.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| name.eq_ignore_ascii_case(parameter.name()))
    }
}
