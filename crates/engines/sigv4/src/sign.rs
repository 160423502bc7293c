//! Signing requests, in both forms.

use data_encoding::HEXLOWER;
use ringwall_model::Secret;

use crate::canonical::{PathForm, sha256_hex};
use crate::key::signing_key;
use crate::parts::{AuthParameter, HOST};
use crate::presented::{ALGORITHM, MAX_EXPIRES, Scope, TERMINATOR};
use crate::time::Stamp;
use crate::{Parts, SignatureError, encode, parse, query};

/// Headers that are not signed, since proxies and clients change them on the way.
///
/// Source: botocore's `SIGNED_HEADERS_BLACKLIST`.
const UNSIGNABLE: [&str; 14] = [
    "baggage",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// Who signs, for what, and when.
#[derive(Clone, Debug)]
pub struct Signer<'a> {
    /// The access key's id.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret: &'a Secret,
    /// The session token that belongs to temporary credentials.
    pub session_token: Option<&'a Secret>,
    /// The region, `us-east-1` for services without.
    pub region: &'a str,
    /// The service by its signing name.
    pub service: &'a str,
    /// Now, in Unix seconds.
    pub time: i64,
}

impl Signer<'_> {
    /// Gives the headers that a request needs to be signed: `x-amz-date`, `x-amz-security-token` with a session token, and
    /// `authorization`. All headers of the request are signed but for a few that change on the way, such as `user-agent`.
    ///
    /// # Errors
    ///
    /// A [`SignatureError`] if the request, signed, would be refused whoever signs it.
    pub fn headers(
        &self,
        parts: &Parts<'_>,
        body: &[u8],
    ) -> Result<Vec<(&'static str, String)>, SignatureError> {
        for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
            if parts.header(name)?.is_some() {
                return Err(SignatureError::AlreadySigned(name));
            }
        }
        let stamp = self.stamp()?;
        let mut added = vec![("x-amz-date", stamp.text().to_owned())];
        if let Some(token) = self.token()? {
            added.push(("x-amz-security-token", token.to_owned()));
        }
        let mut headers = parts.headers.to_vec();
        headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
        let parts = Parts { headers: &headers, ..*parts };
        let names = signed_names(&parts);
        // The signature takes part in nothing but itself, so one of zeros gives the request as its reader has it.
        let authorization = |mac: [u8; 32]| {
            format!(
                "{ALGORITHM} Credential={}, SignedHeaders={names}, Signature={}",
                self.credential(&stamp),
                HEXLOWER.encode(&mac)
            )
        };
        let unsigned = authorization([0; 32]);
        let mut with_authorization = headers.clone();
        with_authorization.push(("authorization", &unsigned));
        let mac = self.mac(&Parts { headers: &with_authorization, ..parts }, body)?;
        added.push(("authorization", authorization(mac)));
        Ok(added)
    }

    /// Gives the query string that makes a request a presigned one: its own parameters and those of the signature. It is valid for
    /// so many seconds from [`time`](Signer::time), a week at most, and together with the headers of the request.
    ///
    /// # Errors
    ///
    /// A [`SignatureError`] if the request, signed, would be refused whoever signs it.
    pub fn query(&self, parts: &Parts<'_>, body: &[u8], expires: u32) -> Result<String, SignatureError> {
        if expires > MAX_EXPIRES {
            return Err(SignatureError::Expires);
        }
        let own = parts.query.unwrap_or_default();
        if query::pairs(own)?.iter().any(|(name, _)| AuthParameter::of(name).is_some()) {
            return Err(SignatureError::AlreadySigned("X-Amz-*"));
        }
        let stamp = self.stamp()?;
        let mut query = own.as_bytes().to_vec();
        let mut add = |parameter: AuthParameter, value: &str| {
            if !query.is_empty() {
                query.push(b'&');
            }
            query.extend(parameter.name().as_bytes());
            query.push(b'=');
            encode::encode(value.as_bytes(), &mut query);
        };
        add(AuthParameter::Algorithm, ALGORITHM);
        add(AuthParameter::Credential, &self.credential(&stamp));
        add(AuthParameter::Date, stamp.text());
        add(AuthParameter::Expires, &expires.to_string());
        if let Some(token) = self.token()? {
            add(AuthParameter::SecurityToken, token);
        }
        add(AuthParameter::SignedHeaders, &signed_names(parts));
        let query = String::from_utf8(query).map_err(|_| SignatureError::Malformed("query string"))?;
        let with_signature =
            |mac: [u8; 32]| format!("{query}&{}={}", AuthParameter::Signature.name(), HEXLOWER.encode(&mac));
        let unsigned = with_signature([0; 32]);
        let mac = self.mac(&Parts { query: Some(&unsigned), ..*parts }, body)?;
        Ok(with_signature(mac))
    }

    /// The signature of a request that is whole but for it. Going through the reader, so that what is signed is what is read.
    fn mac(&self, parts: &Parts<'_>, body: &[u8]) -> Result<[u8; 32], SignatureError> {
        let presented = parse(parts)?.ok_or(SignatureError::MissingAuthenticationToken)?;
        let Scope { date, region, service } = presented.scope();
        let path = if service == "s3" { PathForm::AsSent } else { PathForm::Normalised };
        presented.mac(path, &sha256_hex(body), &signing_key(self.secret, date, region, service)?)
    }

    fn stamp(&self) -> Result<Stamp, SignatureError> {
        Stamp::of_seconds(self.time).ok_or(SignatureError::Clock)
    }

    fn token(&self) -> Result<Option<&str>, SignatureError> {
        self.session_token
            .map(|token| token.expose_text().ok_or(SignatureError::Malformed("session token")))
            .transpose()
    }

    fn credential(&self, stamp: &Stamp) -> String {
        let Self { access_key_id, region, service, .. } = self;
        format!("{access_key_id}/{}/{region}/{service}/{TERMINATOR}", stamp.day())
    }
}

/// The names of the headers to sign, as `SignedHeaders` has them.
fn signed_names(parts: &Parts<'_>) -> String {
    let mut names: Vec<&str> = parts.headers.iter().map(|(name, _)| *name).collect();
    if parts.authority.is_some() {
        names.push(HOST);
    }
    names.retain(|name| !UNSIGNABLE.contains(name));
    names.sort_unstable();
    names.dedup();
    names.join(";")
}
