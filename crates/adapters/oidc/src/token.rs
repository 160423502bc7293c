use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::keys::{Algorithm, KeySet};
use crate::{TokenError, json};

/// Longest token that is taken. Source: AWS, *STS API Reference*, AssumeRoleWithWebIdentity, `WebIdentityToken`:
/// length constraints, maximum length of 20000.
pub const MAX_TOKEN_BYTES: usize = 20_000;

/// How far `iat` and `nbf` may lie in the future: what clocks that nobody keeps in step drift apart. It lets nobody in
/// for longer, since `exp` has none.
pub const LEEWAY_SECONDS: i64 = 300;

/// Seconds that are a date at all (the year 9999): what is beyond is a mistake, and would overflow what is made of it.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// A token of which nothing is known but that it has the form of one.
///
/// [`Token::issuer`] is there to find the provider by; only [`crate::Issuers::verify`] makes claims of it.
#[derive(Debug, Clone)]
pub struct Token<'a> {
    /// What is signed: the first two parts with their dot.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: String,
    issuer: String,
    claims: Map<String, Value>,
}

/// What is demanded of a token, from the provider that is registered in IAM.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider's URL with `https://`, byte for byte what `iss` has to be.
    pub issuer: &'a str,
    /// The provider's client ids.
    pub audiences: &'a [String],
    /// The provider's thumbprints; they count where the certificate is by no trusted authority.
    pub thumbprints: &'a [crate::Thumbprint],
}

/// From when to when a token is valid, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// `iat`.
    pub issued: i64,
    /// `exp`.
    pub expires: i64,
}

/// What a token says, after every check.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// `iss`, which is the provider's URL.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// The client id of the provider that it is for: `azp` if it is there, else the first of `aud` that is one.
    pub audience: String,
    /// All of `aud`.
    pub audiences: Vec<String>,
    /// `azp`.
    pub authorized_party: Option<String>,
    /// `exp`, in seconds since 1970.
    pub expires: i64,
    /// `iat`, in seconds since 1970.
    pub issued: i64,
    /// Every claim, those above too.
    pub all: Map<String, Value>,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    ///
    /// It is no JWS in compact form with an algorithm that is taken, a `kid` and an `iss`; a key is written twice; or the
    /// header has `crit`.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { bytes: text.len() });
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::NotCompact)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::NotCompact)?;
        if claims.contains('.') {
            return Err(TokenError::NotCompact);
        }
        let header = part("header", header)?;
        let algorithm = text_of(&header, "alg")?;
        let algorithm =
            Algorithm::from_name(algorithm).ok_or_else(|| TokenError::Algorithm(cut(algorithm)))?;
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        let key_id = text_of(&header, "kid")?.to_owned();
        let claims = part("claims", claims)?;
        let issuer = text_of(&claims, "iss")?.to_owned();
        let signature =
            BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| TokenError::Base64("signature"))?;
        Ok(Self { signed, signature, algorithm, key_id, issuer, claims })
    }

    /// Who it says has issued it. Not to be trusted before it is verified.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// From when to when it says that it is valid, if that is now. For whoever hands it on to the one who verifies it: the
    /// signature has not been looked at. `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// `exp` or `iat` is missing or no time, its time is over, or `iat` or `nbf` is in the future beyond
    /// [`LEEWAY_SECONDS`].
    pub fn lifetime(&self, now: i64) -> Result<Lifetime, TokenError> {
        let expires = seconds(&self.claims, "exp")?.ok_or(TokenError::Missing("exp"))?;
        if now >= expires {
            return Err(TokenError::Expired { expires, now });
        }
        let issued = seconds(&self.claims, "iat")?.ok_or(TokenError::Missing("iat"))?;
        let not_before = seconds(&self.claims, "nbf")?;
        for (claim, value) in [("iat", Some(issued)), ("nbf", not_before)] {
            if let Some(value) = value.filter(|value| *value > now.saturating_add(LEEWAY_SECONDS)) {
                return Err(TokenError::Future { claim, value, now });
            }
        }
        Ok(Lifetime { issued, expires })
    }

    /// Checks it against the provider that it has to be of, by keys that are at hand. `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// The token is not taken.
    pub fn verify_with(
        &self,
        keys: &KeySet,
        expected: &Expected<'_>,
        now: i64,
    ) -> Result<Claims, TokenError> {
        let claims = self.check(expected, now)?;
        keys.verify(&self.key_id, self.algorithm, self.signed.as_bytes(), &self.signature)?;
        Ok(claims)
    }

    /// The checks that need no key.
    pub(crate) fn check(&self, expected: &Expected<'_>, now: i64) -> Result<Claims, TokenError> {
        if self.issuer != expected.issuer {
            return Err(TokenError::Issuer {
                token: cut(&self.issuer),
                registered: expected.issuer.to_owned(),
            });
        }
        let subject = text_of(&self.claims, "sub")?.to_owned();
        let audiences = audiences(&self.claims)?;
        let authorized_party = match self.claims.contains_key("azp") {
            true => Some(text_of(&self.claims, "azp")?.to_owned()),
            false => None,
        };
        let audience = audience(&audiences, authorized_party.as_deref(), expected.audiences)?;
        let Lifetime { issued, expires } = self.lifetime(now)?;
        Ok(Claims {
            issuer: self.issuer.clone(),
            subject,
            audience,
            audiences,
            authorized_party,
            expires,
            issued,
            all: self.claims.clone(),
        })
    }
}

/// The client id that a token is for.
///
/// Source: AWS, *IAM User Guide*, "IAM and AWS STS condition context keys", keys for OIDC federation, Default: the key
/// `aud` is the claim `azp`; "if no value is set for azp, the aud condition key maps to the aud claim". The client ids
/// are compared with that same value, so that what was checked is what policies see.
fn audience(
    audiences: &[String],
    authorized_party: Option<&str>,
    clients: &[String],
) -> Result<String, TokenError> {
    let is_client = |name: &&str| clients.iter().any(|client| client == name);
    let found = match authorized_party {
        Some(party) => Some(party).filter(is_client),
        None => audiences.iter().map(String::as_str).find(is_client),
    };
    found.map(str::to_owned).ok_or_else(|| {
        let names = authorized_party.map_or_else(|| audiences.join("`, `"), str::to_owned);
        TokenError::Audience(format!("`{}`", cut(&names)))
    })
}

fn audiences(claims: &Map<String, Value>) -> Result<Vec<String>, TokenError> {
    let wrong = || TokenError::WrongType("aud");
    let text =
        |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(wrong);
    match claims.get("aud") {
        None => Err(TokenError::Missing("aud")),
        Some(Value::Array(list)) if list.is_empty() => Err(TokenError::Missing("aud")),
        Some(Value::Array(list)) => list.iter().map(text).collect(),
        Some(value) => Ok(vec![text(value)?]),
    }
}

fn part(name: &'static str, text: &str) -> Result<Map<String, Value>, TokenError> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| TokenError::Base64(name))?;
    json::object(&bytes).map_err(|error| TokenError::Json { part: name, message: cut(&error.to_string()) })
}

/// A header or claim that is text and not empty.
fn text_of<'a>(object: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, TokenError> {
    match object.get(name) {
        None => Err(TokenError::Missing(name)),
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(TokenError::WrongType(name)),
    }
}

/// A NumericDate (RFC 7519, 2), whose fraction is dropped.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, TokenError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let wrong = TokenError::WrongType(name);
    let Some(number) = value.as_f64() else { return Err(wrong) };
    if !(0.0..=LAST_SECOND).contains(&number) {
        return Err(wrong);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, and the fraction is dropped")]
    Ok(Some(value.as_i64().unwrap_or(number.floor() as i64)))
}

/// What is told of a stranger's text.
pub(crate) fn cut(text: &str) -> String {
    /// Enough to know a URL or name again.
    const MAX_SHOWN: usize = 200;
    text.chars().take(MAX_SHOWN).collect()
}
