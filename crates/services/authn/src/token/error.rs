//! Why a text is no token.

use ringwall_sigv4::{SignatureError, Stamp};

use super::{LIFETIME, MAX_EXPIRES, MAX_TOKEN_BYTES, PREFIX};

/// Most characters of a token's own words that a message repeats.
const SHOWN: usize = 64;

/// Why a text is no token for this cluster.
///
/// No message holds a signature or a session token; what it repeats of the text is bounded and visible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than tokens are.
    #[error("the token has {bytes} bytes; at most {MAX_TOKEN_BYTES} are taken")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// Another beginning: a token of some other kind, as a service account's.
    #[error(
        "the token does not begin with `{PREFIX}` (hint: `ringwall token` and `aws eks get-token` make one)"
    )]
    Prefix,
    /// Not base64url, or with padding, line ends or loose bits.
    #[error("the token is not base64url without padding after `{PREFIX}` (hint: it may have been cut off)")]
    Base64,
    /// No URL, or one that could be read in two ways.
    #[error("the token holds no URL as it has to be: {0}")]
    Url(&'static str),
    /// Another scheme.
    #[error("the token's URL has the scheme `{found}`, not `{wanted}`")]
    Scheme {
        /// The token's.
        found: String,
        /// The one that has to be.
        wanted: &'static str,
    },
    /// The global host in a partition that has none.
    #[error(
        "the token is for STS's global endpoint, which the partition `{partition}` does not have (hint: \
         AWS_STS_REGIONAL_ENDPOINTS=regional)"
    )]
    GlobalHost {
        /// The cluster's partition.
        partition: &'static str,
    },
    /// A host whose second label can't be a region.
    #[error("the token's host has `{found}` in the place of a region")]
    Region {
        /// The label.
        found: String,
    },
    /// A host that is none of STS in this partition.
    #[error("the token is for `{found}`, which is no host of STS in the partition `{partition}`")]
    Host {
        /// The token's host.
        found: String,
        /// The cluster's partition.
        partition: &'static str,
    },
    /// Another host or port than the configured one.
    #[error(
        "the token is for `{found}`, this cluster's STS is `{wanted}` (hint: AWS_ENDPOINT_URL_STS of the client has to be this \
         cluster's)"
    )]
    Endpoint {
        /// The token's host and port.
        found: String,
        /// The configured ones.
        wanted: String,
    },
    /// Any path but `/`.
    #[error("the token's URL has the path `{found}`, not `/`")]
    Path {
        /// The token's.
        found: String,
    },
    /// A query string that is none, or that could be read in two ways.
    #[error("the query string of the token's URL is malformed: {0}")]
    Query(&'static str),
    /// Two parameters whose names differ in case only.
    #[error("the parameter `{name}` stands in the token's URL in two spellings")]
    Duplicate {
        /// The second spelling.
        name: String,
    },
    /// A parameter that no token has.
    #[error("the token's URL has a parameter `{name}`, which no token has")]
    NotListed {
        /// Its name.
        name: String,
    },
    /// A parameter with more than one value.
    #[error("the parameter `{name}` stands in the token's URL more than once")]
    Several {
        /// Its name.
        name: String,
    },
    /// A request for something else.
    #[error("the token is a request for `{found}`, not for `GetCallerIdentity`")]
    Action {
        /// The action, or nothing.
        found: String,
    },
    /// The cluster's id is not signed, so the token could be for any cluster.
    #[error("the token's signature does not cover the header `x-k8s-aws-id`, which names the cluster")]
    ClusterUnsigned,
    /// No number of seconds within bounds.
    #[error("the token's `X-Amz-Expires` is no number of 0 to {MAX_EXPIRES} seconds")]
    Expires,
    /// No date at all.
    #[error("the token has no `X-Amz-Date`")]
    NoDate,
    /// No date in the one form that there is.
    #[error("the token's `X-Amz-Date` is no date of the form `20240131T235959Z`")]
    Date,
    /// Signed too long ago.
    #[error(
        "the token was signed at {signed} and ended {} min later; now is {now} (hint: kubectl gets a new one; else the clocks differ)",
        LIFETIME / 60
    )]
    Expired {
        /// When it was signed.
        signed: Stamp,
        /// When it was checked.
        now: Stamp,
    },
    /// Signed at a time that is not yet.
    #[error("the token is signed at {signed}, and now is {now} (hint: the clocks differ)")]
    NotYet {
        /// When it is said to be signed.
        signed: Stamp,
        /// When it was checked.
        now: Stamp,
    },
    /// The time that it has to be checked against is none.
    #[error("the clock shows no time between the years 0 and 9999")]
    Clock,
    /// The request is none of STS's API.
    #[error("the token has not `Action=GetCallerIdentity` and `Version=2011-06-15` in this spelling")]
    Request,
    /// No signature that anybody could have made for this request.
    #[error("the token's signature can't be one for this cluster: {0}")]
    Signature(SignatureError),
    /// Signed for another region than its host's.
    #[error("the token is signed for the region `{signed}` and for a host of `{host}`")]
    ScopeRegion {
        /// The region of the credential's scope.
        signed: String,
        /// The region of the host.
        host: String,
    },
}

/// A token's words as a message shows them: visible and short.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
