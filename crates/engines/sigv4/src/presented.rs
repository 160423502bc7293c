//! Reading the signature of a request, in its two forms.

use std::borrow::Cow;
use std::fmt;

use data_encoding::HEXLOWER;

use crate::key::MAC;
use crate::parts::{AuthParameter, HOST, MAX_HEADER_VALUE, is_header_name, trim};
use crate::query::{self, Pair};
use crate::time::Stamp;
use crate::{Parts, SignatureError};

/// The one algorithm that there is.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What ends a scope.
pub(crate) const TERMINATOR: &str = "aws4_request";
/// Bytes of an `Authorization` header: the longest credential and [`MAX_SIGNED_HEADERS`] names of 100 letters are below it.
const MAX_AUTHORIZATION: usize = 8 * 1024;
/// Headers that are signed: SDKs sign about ten.
const MAX_SIGNED_HEADERS: usize = 64;
/// Bytes of an access key id. Source: AWS, *IAM API Reference*, `AccessKey`.
const MAX_ACCESS_KEY_ID: usize = 128;
/// Bytes of a region or a service: the longest of AWS's have about 30.
const MAX_SCOPE_NAME: usize = 64;
/// Seconds that a presigned request may be valid for: a week. Source: AWS, *IAM User Guide*, `X-Amz-Expires`.
pub(crate) const MAX_EXPIRES: u32 = 604_800;
/// The header that may go unsigned although it is an `x-amz-*` one: browsers send it for `user-agent`, which nobody signs.
const UNSIGNED_AGENT: &str = "x-amz-user-agent";

/// Signed headers, sorted by name, each once, with their values as they are signed.
pub(crate) type SignedHeaders<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// Where a signature was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query string: a presigned URL.
    Presigned,
}

/// What a signature was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The day, eight digits: `20240131`. It is the day of the signature.
    pub date: Cow<'a, str>,
    /// The region: `eu-central-1`.
    pub region: Cow<'a, str>,
    /// The service by its signing name: `sts`.
    pub service: Cow<'a, str>,
}

/// A request with the signature that it presents, well-formed but not yet verified: whatever it says is the caller's
/// word until [`verify`](Presented::verify) has been passed.
pub struct Presented<'a> {
    pub(crate) parts: Parts<'a>,
    pub(crate) pairs: Vec<Pair<'a>>,
    pub(crate) form: Form,
    pub(crate) access_key_id: Cow<'a, str>,
    pub(crate) scope: Scope<'a>,
    pub(crate) stamp: Stamp,
    pub(crate) expires: Option<u32>,
    pub(crate) session_token: Option<Cow<'a, str>>,
    pub(crate) signed: SignedHeaders<'a>,
    pub(crate) content_sha256: Option<Cow<'a, str>>,
    pub(crate) signature: [u8; MAC],
}

impl<'a> Presented<'a> {
    /// Where the signature was found.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Whose key is said to have signed.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// What the signature is for.
    pub fn scope(&self) -> &Scope<'a> {
        &self.scope
    }

    /// When it was signed, in Unix seconds.
    pub fn time(&self) -> i64 {
        self.stamp.seconds()
    }

    /// The seconds for which a presigned request says that it is valid.
    pub fn expires(&self) -> Option<u32> {
        self.expires
    }

    /// The token that belongs to temporary credentials.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The names of the headers that are signed, in lower case, sorted.
    pub fn signed_headers(&self) -> impl Iterator<Item = &'a str> {
        self.signed.iter().map(|(name, _)| *name)
    }

    /// The value of a header as it is signed: without blanks around it, several spaces as one. `None` if it isn't signed, for then
    /// it can be anybody's addition.
    pub fn signed_header(&self, name: &str) -> Option<&str> {
        let at = self.signed.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?;
        self.signed.get(at).map(|(_, value)| &**value)
    }

    /// The parameters of the query string, as [`Parts::query_pairs`] has them.
    pub fn query_pairs(&self) -> impl Iterator<Item = &Pair<'a>> {
        self.pairs.iter().filter(|(name, _)| AuthParameter::of(name).is_none())
    }

    /// The request that it was read from.
    pub fn parts(&self) -> &Parts<'a> {
        &self.parts
    }

    /// Refuses a signature for another service.
    ///
    /// # Errors
    ///
    /// [`SignatureError::ScopeService`].
    pub fn require_service(&self, service: &str) -> Result<(), SignatureError> {
        if self.scope.service == service {
            Ok(())
        } else {
            Err(SignatureError::ScopeService(service.to_owned()))
        }
    }
}

impl fmt::Debug for Presented<'_> {
    /// Leaves out the signature and the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("parts", &self.parts)
            .field("form", &self.form)
            .field("access_key_id", &self.access_key_id)
            .field("scope", &self.scope)
            .field("time", &self.stamp)
            .finish_non_exhaustive()
    }
}

/// Reads the signature of a request. `None` if it has none: an anonymous caller.
///
/// What has a signature in any form that isn't whole is an error, never anonymous.
///
/// # Errors
///
/// Every [`SignatureError`] but those that need the body, the key or the time.
pub fn parse<'a>(parts: &Parts<'a>) -> Result<Option<Presented<'a>>, SignatureError> {
    parts.check()?;
    let pairs = query::pairs(parts.query.unwrap_or_default())?;
    let in_query = pairs.iter().any(|(name, _)| AuthParameter::of(name).is_some());
    match (parts.header("authorization")?, in_query) {
        (None, false) => Ok(None),
        (Some(authorization), false) => in_header(parts, pairs, authorization).map(Some),
        (None, true) => presigned(parts, pairs).map(Some),
        (Some(_), true) => Err(SignatureError::TwoMechanisms),
    }
}

fn in_header<'a>(
    parts: &Parts<'a>,
    pairs: Vec<Pair<'a>>,
    authorization: &'a str,
) -> Result<Presented<'a>, SignatureError> {
    if authorization.len() > MAX_AUTHORIZATION {
        return Err(SignatureError::TooLarge {
            part: "Authorization header",
            limit: MAX_AUTHORIZATION,
            unit: "bytes",
        });
    }
    let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    check_algorithm(algorithm, SignatureError::NotAws)?;
    let [mut credential, mut signed_headers, mut signature] = [None; 3];
    for parameter in rest.split(',').map(trim) {
        let (name, value) = parameter.split_once('=').ok_or(SignatureError::NotKeyValue)?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => return Err(SignatureError::AuthorizationParameter),
        };
        if place.replace(value).is_some() {
            return Err(SignatureError::AuthorizationParameter);
        }
    }
    let lacks = SignatureError::AuthorizationLacks;
    let (access_key_id, scope) = read_credential(credential.ok_or(lacks("Credential"))?)?;
    let signed_headers = signed_headers.ok_or(lacks("SignedHeaders"))?;
    let signature = signature.ok_or(lacks("Signature"))?;
    let date = parts.header("x-amz-date")?.ok_or(SignatureError::NoDate)?;
    Ok(Presented {
        form: Form::Header,
        signature: read_signature(signature)?,
        stamp: read_date(date, &scope)?,
        signed: read_signed_headers(parts, signed_headers)?,
        expires: None,
        session_token: parts.header("x-amz-security-token")?.map(Cow::Borrowed),
        content_sha256: content_sha256(parts, None)?,
        parts: *parts,
        pairs,
        access_key_id,
        scope,
    })
}

fn presigned<'a>(parts: &Parts<'a>, pairs: Vec<Pair<'a>>) -> Result<Presented<'a>, SignatureError> {
    let [mut algorithm, mut credential, mut date, mut expires] = [const { None }; 4];
    let [mut signed_headers, mut signature, mut token, mut sha256] = [const { None }; 4];
    for (name, value) in &pairs {
        let Some(parameter) = AuthParameter::of(name) else { continue };
        let place = match parameter {
            AuthParameter::Algorithm => &mut algorithm,
            AuthParameter::Credential => &mut credential,
            AuthParameter::Date => &mut date,
            AuthParameter::Expires => &mut expires,
            AuthParameter::SignedHeaders => &mut signed_headers,
            AuthParameter::Signature => &mut signature,
            AuthParameter::SecurityToken => &mut token,
            AuthParameter::ContentSha256 => &mut sha256,
        };
        if name != parameter.name() || place.replace(value.clone()).is_some() {
            return Err(SignatureError::AuthParameter(parameter.name()));
        }
    }
    let lacks = SignatureError::QueryLacks;
    check_algorithm(&algorithm.ok_or(lacks.clone())?, SignatureError::Algorithm)?;
    let (access_key_id, scope) = match credential.ok_or(lacks.clone())? {
        Cow::Borrowed(text) => read_credential(text)?,
        Cow::Owned(text) => into_owned(read_credential(&text)?),
    };
    for header in ["x-amz-date", "x-amz-security-token"] {
        if parts.header(header)?.is_some() {
            return Err(SignatureError::HeaderOfPresigned(header));
        }
    }
    Ok(Presented {
        form: Form::Presigned,
        signature: read_signature(&signature.ok_or(lacks.clone())?)?,
        stamp: read_date(&date.ok_or(lacks.clone())?, &scope)?,
        signed: read_signed_headers(parts, &signed_headers.ok_or(lacks)?)?,
        expires: expires.map(|text| read_expires(&text)).transpose()?,
        session_token: token,
        content_sha256: content_sha256(parts, sha256)?,
        parts: *parts,
        pairs,
        access_key_id,
        scope,
    })
}

fn check_algorithm(algorithm: &str, other: SignatureError) -> Result<(), SignatureError> {
    match algorithm {
        ALGORITHM => Ok(()),
        "AWS4-ECDSA-P256-SHA256" => Err(SignatureError::SigV4a),
        _ => Err(other),
    }
}

fn read_credential(text: &str) -> Result<(Cow<'_, str>, Scope<'_>), SignatureError> {
    let mut elements = text.split('/');
    let mut element = || elements.next().ok_or(SignatureError::CredentialElements);
    let (id, date, region, service, term) = (element()?, element()?, element()?, element()?, element()?);
    if elements.next().is_some() {
        return Err(SignatureError::CredentialElements);
    }
    let within = |text: &str, limit, known: fn(&u8) -> bool| {
        (1..=limit).contains(&text.len()) && text.as_bytes().iter().all(known)
    };
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    if !within(id, MAX_ACCESS_KEY_ID, u8::is_ascii_graphic) {
        return Err(SignatureError::CredentialElement("access key id"));
    }
    if date.len() != 8 || !within(date, 8, u8::is_ascii_digit) {
        return Err(SignatureError::CredentialElement("date"));
    }
    if !within(region, MAX_SCOPE_NAME, name) {
        return Err(SignatureError::CredentialElement("region"));
    }
    if !within(service, MAX_SCOPE_NAME, name) {
        return Err(SignatureError::CredentialElement("service"));
    }
    if term != TERMINATOR {
        return Err(SignatureError::Terminator);
    }
    Ok((id.into(), Scope { date: date.into(), region: region.into(), service: service.into() }))
}

fn into_owned((id, scope): (Cow<'_, str>, Scope<'_>)) -> (Cow<'static, str>, Scope<'static>) {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    (own(id), Scope { date: own(scope.date), region: own(scope.region), service: own(scope.service) })
}

fn read_date(text: &str, scope: &Scope<'_>) -> Result<Stamp, SignatureError> {
    let stamp = Stamp::parse(text).ok_or(SignatureError::Date)?;
    if scope.date != stamp.day() {
        let (scope, day) = (scope.date.clone().into_owned(), stamp.day().to_owned());
        return Err(SignatureError::ScopeDate { scope, day });
    }
    Ok(stamp)
}

fn read_expires(text: &str) -> Result<u32, SignatureError> {
    let digits = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|seconds| digits && *seconds <= MAX_EXPIRES);
    seconds.ok_or(SignatureError::Expires)
}

fn read_signature(text: &str) -> Result<[u8; MAC], SignatureError> {
    let mut mac = [0; MAC];
    if text.len() != 2 * MAC || HEXLOWER.decode_mut(text.as_bytes(), &mut mac).is_err() {
        return Err(SignatureError::SignatureForm);
    }
    Ok(mac)
}

/// Finds the signed headers, and sees that those are among them which change what a request means.
///
/// `content-type` may go unsigned, as the SDKs for PHP and JavaScript (version 2) leave it: the protocol of a service is known from its
/// scope, so nobody may go by a `content-type` that [`Presented::signed_header`] doesn't give.
///
/// Source: AWS, *IAM User Guide*, "Create a signed AWS API request", `CanonicalHeaders`: `host` and any `x-amz-*`.
fn read_signed_headers<'a>(parts: &Parts<'a>, names: &str) -> Result<SignedHeaders<'a>, SignatureError> {
    let mut signed: SignedHeaders<'a> = Vec::with_capacity(16);
    for name in names.split(';') {
        if signed.len() == MAX_SIGNED_HEADERS {
            return Err(SignatureError::TooLarge {
                part: "SignedHeaders",
                limit: MAX_SIGNED_HEADERS,
                unit: "headers",
            });
        }
        if !is_header_name(name) || signed.last().is_some_and(|(last, _)| *last >= name) {
            return Err(SignatureError::SignedHeadersOrder);
        }
        signed.push(find_header(parts, name)?);
    }
    if !signed.iter().any(|(name, _)| *name == HOST) {
        return Err(SignatureError::HostUnsigned);
    }
    let unsigned = |name: &str| {
        name.starts_with("x-amz-")
            && name != UNSIGNED_AGENT
            && signed.binary_search_by(|(other, _)| (*other).cmp(name)).is_err()
    };
    match parts.headers.iter().find(|(name, _)| unsigned(name)) {
        Some((name, _)) => Err(SignatureError::HeaderUnsigned((*name).to_owned())),
        None => Ok(signed),
    }
}

fn find_header<'a>(parts: &Parts<'a>, name: &str) -> Result<(&'a str, Cow<'a, str>), SignatureError> {
    let missing = || SignatureError::SignedHeader(name.to_owned());
    let mut found = parts.headers.iter().filter(|(other, _)| *other == name);
    let by_authority = parts.authority.filter(|_| name == HOST).map(|authority| (HOST, authority));
    let (name, value) = found.next().copied().or(by_authority).ok_or_else(missing)?;
    if found.next().is_some() {
        return Err(missing());
    }
    if value.len() > MAX_HEADER_VALUE {
        return Err(SignatureError::TooLarge { part: "header", limit: MAX_HEADER_VALUE, unit: "bytes" });
    }
    // A line feed would let one value stand for several lines of the canonical request.
    if value.bytes().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
        return Err(SignatureError::Malformed("header value"));
    }
    Ok((name, single_spaced(trim(value))))
}

fn single_spaced(value: &str) -> Cow<'_, str> {
    if !value.contains("  ") {
        return Cow::Borrowed(value);
    }
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    Cow::Owned(words.join(" "))
}

/// The payload's hash as the request says it, in whichever place.
fn content_sha256<'a>(
    parts: &Parts<'a>,
    in_query: Option<Cow<'a, str>>,
) -> Result<Option<Cow<'a, str>>, SignatureError> {
    let header = "x-amz-content-sha256";
    let said = match (parts.header(header)?, in_query) {
        (Some(_), Some(_)) => return Err(SignatureError::HeaderOfPresigned(header)),
        (said, in_query) => said.map(Cow::Borrowed).or(in_query),
    };
    match said.as_deref() {
        Some("UNSIGNED-PAYLOAD") => Err(SignatureError::Payload("UNSIGNED-PAYLOAD")),
        Some(text) if text.starts_with("STREAMING-") => Err(SignatureError::Payload("STREAMING-*")),
        _ => Ok(said),
    }
}
