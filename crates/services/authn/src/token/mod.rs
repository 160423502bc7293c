//! A token, and all that can be told of it without asking STS.
//!
//! A token is `k8s-aws-v1.` and, in base64url, the URL of a presigned request to STS for `GetCallerIdentity`, whose signature
//! covers the header `x-k8s-aws-id` with the cluster's id. STS answers who signed it; that it *is* STS who is asked, for nothing
//! else, in one reading, is what is checked here.
//!
//! The order of the checks is that of aws-iam-authenticator (81b1daba, `pkg/token/token.go`, `Verify`), and the first that fails
//! is told:
//!
//! 1. at most [`MAX_TOKEN_BYTES`]; the prefix; base64url without padding; a URL;
//! 2. the scheme; a host of STS in the cluster's partition, or the configured endpoint's; the path `/`;
//! 3. a query string in which no two names differ in case only, all are listed, and each comes once;
//! 4. `Action` is `GetCallerIdentity`; `X-Amz-SignedHeaders` has `x-k8s-aws-id`; `X-Amz-Expires` is a number of 0 to
//!    [`MAX_EXPIRES`]; `X-Amz-Date` is a date, at most [`LIFETIME`] seconds ago and, which is STS's own rule, at most
//!    [`ringwall_sigv4::MAX_SKEW`] ahead.
//!
//! Of whatever could be read in two ways, none is chosen: it is refused. So are spellings that no client writes, though
//! aws-iam-authenticator takes them.
//!
//! What STS would refuse whatever the key is [`Token::check_signature`]'s: it saves the call.

mod error;
mod host;
mod query;
mod url;

use data_encoding::BASE64URL_NOPAD;
use ringwall_sigv4::{MAX_SKEW, Parts, Stamp};

pub use error::TokenError;
pub use host::{Endpoint, Hosts, InvalidEndpoint};

use error::shown;
use query::{ACTION, CREDENTIAL, DATE, EXPIRES, Parameters, SIGNED_HEADERS};
use url::Url;

/// Longest token, in bytes.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `maxTokenLenBytes`.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// What tokens begin with.
pub const PREFIX: &str = "k8s-aws-v1.";

/// The header that names the cluster.
pub const CLUSTER_HEADER: &str = "x-k8s-aws-id";

/// Most seconds in `X-Amz-Expires`. STS ignores them, and a token is valid for [`LIFETIME`] whatever it says.
pub const MAX_EXPIRES: u32 = 900;

/// Seconds for which a token is valid, from its `X-Amz-Date` on.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `presignedURLExpiration`.
pub const LIFETIME: i64 = 15 * 60;

const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";
/// What a request of STS's API has beside its signature, in the spelling that counts there.
const REQUEST: [(&str, &str); 2] = [("Action", GET_CALLER_IDENTITY), ("Version", "2011-06-15")];
const SERVICE: &str = "sts";

/// The form in which the answer is asked for, as aws-iam-authenticator asks for it.
pub(crate) const ACCEPT: (&str, &str) = ("accept", "application/json");

/// What a cluster demands of its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    cluster_id: String,
    hosts: Hosts,
}

/// A cluster id that no header can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no cluster id: it has to be visible ASCII without blanks, of 1 to {MAX_CLUSTER_ID} bytes")]
pub struct InvalidClusterId(String);

/// Longest cluster id, in bytes: EKS's names have at most 100, other installers take domain names.
const MAX_CLUSTER_ID: usize = 256;

impl Rules {
    /// Tokens for the cluster with this id, for one of these hosts.
    ///
    /// # Errors
    ///
    /// The id can't stand in a header, or would be another one there.
    pub fn new(cluster_id: &str, hosts: Hosts) -> Result<Self, InvalidClusterId> {
        let fits = (1..=MAX_CLUSTER_ID).contains(&cluster_id.len());
        if fits && cluster_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self { cluster_id: cluster_id.to_owned(), hosts })
        } else {
            Err(InvalidClusterId(shown(cluster_id)))
        }
    }

    /// The cluster's id.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The STS that tokens have to be for.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Reads a token; `now` is in Unix seconds.
    ///
    /// # Errors
    ///
    /// The first [`TokenError`] in the order of this module's description.
    pub fn read(&self, text: &str, now: i64) -> Result<Token, TokenError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { bytes: text.len() });
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(TokenError::Prefix)?;
        let decoded = BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_| TokenError::Base64)?;
        let url = Url::parse(&decoded)?;
        self.hosts.check_scheme(&url)?;
        let region = self.hosts.check_host(&url)?;
        if url.path != "/" {
            return Err(TokenError::Path { found: shown(url.path) });
        }
        let parameters = Parameters::parse(&url)?;
        if parameters.get(ACTION) != GET_CALLER_IDENTITY {
            return Err(TokenError::Action { found: shown(parameters.get(ACTION)) });
        }
        let mut signed = parameters.get(SIGNED_HEADERS).split(';');
        if !signed.any(|name| name.eq_ignore_ascii_case(CLUSTER_HEADER)) {
            return Err(TokenError::ClusterUnsigned);
        }
        check_expires(parameters.get(EXPIRES))?;
        let signed_at = check_date(parameters.get(DATE), now)?;
        let access_key_id = parameters.get(CREDENTIAL).split('/').next().unwrap_or_default();
        Ok(Token {
            origin: self.hosts.origin(url.authority),
            host: url.authority.to_owned(),
            region: region.map(str::to_owned),
            query: url.query.to_owned(),
            access_key_id: access_key_id.to_owned(),
            signed_at,
        })
    }
}

/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `Verify`; digits alone, where Go's `Atoi` takes a sign.
fn check_expires(text: &str) -> Result<(), TokenError> {
    let seconds: Option<u32> = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    seconds.filter(|seconds| *seconds <= MAX_EXPIRES).map(|_| ()).ok_or(TokenError::Expires)
}

/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `Verify`, for dates that are over; AWS, *IAM User Guide*,
/// "Troubleshoot Signature Version 4 request signing", for those that are not yet.
fn check_date(text: &str, now: i64) -> Result<i64, TokenError> {
    if text.is_empty() {
        return Err(TokenError::NoDate);
    }
    let signed = Stamp::parse(text).ok_or(TokenError::Date)?;
    let now = Stamp::of_seconds(now).ok_or(TokenError::Clock)?;
    // Between the years 0 and 9999 no difference overflows.
    let age = now.seconds().saturating_sub(signed.seconds());
    if age > LIFETIME {
        return Err(TokenError::Expired { signed, now });
    }
    if age < -MAX_SKEW {
        return Err(TokenError::NotYet { signed, now });
    }
    Ok(signed.seconds())
}

/// A token that passed every check but STS's.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Scheme, host and port to ask.
    origin: String,
    /// The host as it was signed.
    host: String,
    /// The region that the host is of.
    region: Option<String>,
    query: String,
    access_key_id: String,
    signed_at: i64,
}

impl Token {
    /// Id of the access key that it says it was signed with; empty if it says none.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The host that it is for, with the port if it has one: `sts.eu-central-1.amazonaws.com`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// When it ends, in Unix seconds.
    pub fn expires(&self) -> i64 {
        self.signed_at.saturating_add(LIFETIME)
    }

    /// The URL to ask, a secret until the token has ended.
    pub(crate) fn url(&self) -> String {
        format!("{}/?{}", self.origin, self.query)
    }

    /// Refuses what STS would refuse whoever's key it is: a signature that is none, is not of the headers that are sent to it, or
    /// is for another service or region.
    ///
    /// # Errors
    ///
    /// [`TokenError::Request`], [`TokenError::Signature`] and [`TokenError::ScopeRegion`].
    pub fn check_signature(&self, rules: &Rules) -> Result<(), TokenError> {
        let headers = [("host", self.host.as_str()), (CLUSTER_HEADER, rules.cluster_id()), ACCEPT];
        let parts =
            Parts { method: "GET", path: "/", query: Some(&self.query), headers: &headers, authority: None };
        let missing = || TokenError::Signature(ringwall_sigv4::SignatureError::MissingAuthenticationToken);
        let presented = ringwall_sigv4::parse(&parts).map_err(TokenError::Signature)?.ok_or_else(missing)?;
        let has = |wanted| presented.query_pairs().any(|(name, value)| (&**name, &**value) == wanted);
        if !REQUEST.into_iter().all(has) {
            return Err(TokenError::Request);
        }
        presented.require_service(SERVICE).map_err(TokenError::Signature)?;
        // The global host is not of a region, and a configured endpoint may be of any.
        match &self.region {
            Some(host) if presented.scope().region != *host => Err(TokenError::ScopeRegion {
                signed: presented.scope().region.clone().into_owned(),
                host: host.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Token {
    /// Leaves out the query string: who has it can use the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("host", &self.host)
            .field("access_key_id", &self.access_key_id)
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}
