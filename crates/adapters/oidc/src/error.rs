use std::io;
use std::sync::Arc;

/// Why a token is not taken.
///
/// `Display` is for the log. Whoever sent the token, who may be anyone, is told [`TokenError::code`] and
/// [`TokenError::aws_message`], which say nothing of the network behind.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is longer than STS takes.
    #[error("the token has {bytes} bytes; at most {} are taken", crate::token::MAX_TOKEN_BYTES)]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// It has no three parts.
    #[error("the token is no JWS in compact form: three parts joined by dots")]
    NotCompact,
    /// A part is no base64url.
    #[error("the token's {0} is not base64url without padding")]
    Base64(&'static str),
    /// A part is no JSON object, or has a key twice.
    #[error("the token's {part} is no JSON object: {message}")]
    Json {
        /// `header` or `claims`.
        part: &'static str,
        /// Why.
        message: String,
    },
    /// An algorithm that is not taken, as `none` and `HS256`.
    #[error("tokens signed with `{0}` are not taken")]
    Algorithm(String),
    /// The header demands an extension.
    #[error("the token's header has `crit`, and no extension is known here")]
    Critical,
    /// A header or claim that has to be there is not.
    #[error("the token has no `{0}`")]
    Missing(&'static str),
    /// A header or claim is not of its type.
    #[error("the token's `{0}` is of the wrong type")]
    WrongType(&'static str),
    /// Another issuer than the registered one.
    #[error("the token is issued by `{token}`, not by `{registered}`")]
    Issuer {
        /// Its `iss`.
        token: String,
        /// The provider's URL.
        registered: String,
    },
    /// Not for a registered client.
    #[error("the token is for {0}, and no client of the provider")]
    Audience(String),
    /// Its time is over.
    #[error("the token expired at {expires}; now is {now}")]
    Expired {
        /// Its `exp`, in seconds since 1970.
        expires: i64,
        /// When it was checked.
        now: i64,
    },
    /// Its time has not come.
    #[error("the token's `{claim}` is in the future: {value}; now is {now}")]
    Future {
        /// `iat` or `nbf`.
        claim: &'static str,
        /// Its value, in seconds since 1970.
        value: i64,
        /// When it was checked.
        now: i64,
    },
    /// The issuer has no key of that id for that algorithm.
    #[error("the issuer has no usable key `{key_id}` for {algorithm}")]
    UnknownKey {
        /// The token's `kid`.
        key_id: String,
        /// The token's `alg`.
        algorithm: &'static str,
    },
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    Signature,
    /// The issuer's keys can't be had.
    #[error("can't get the keys of `{issuer}`")]
    Keys {
        /// The provider's URL.
        issuer: String,
        /// Why.
        #[source]
        source: FetchError,
    },
}

impl TokenError {
    /// The error code that `AssumeRoleWithWebIdentity` answers with.
    ///
    /// `IDPRejectedClaim` is not among them: AWS has it for providers that it asks about a token, which OpenID Connect
    /// has no need of.
    ///
    /// Source: AWS, *STS API Reference*, AssumeRoleWithWebIdentity, Errors.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "ExpiredTokenException",
            Self::Keys { source, .. } if source.is_communication() => "IDPCommunicationError",
            _ => "InvalidIdentityToken",
        }
    }

    /// What the caller may be told, in AWS's words where they are known.
    pub fn aws_message(&self) -> String {
        match self {
            Self::Expired { expires, now } => {
                format!(
                    "Token expired: current date/time {now} must be before the expiration date/time {expires}"
                )
            }
            Self::Audience(_) => "Incorrect token audience".to_owned(),
            Self::Keys { source: FetchError::Thumbprint, .. } => {
                "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint".to_owned()
            }
            Self::Keys { source, .. } if source.is_communication() => {
                "The identity provider could not be reached to verify the identity token".to_owned()
            }
            Self::Keys { .. } | Self::UnknownKey { .. } => {
                "Couldn't retrieve verification key from your identity provider, please reference \
                 AssumeRoleWithWebIdentity documentation for requirements"
                    .to_owned()
            }
            other => {
                let mut text = other.to_string();
                if let Some(first) = text.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                text
            }
        }
    }
}

/// Why an issuer's documents can't be had.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A URL that is not fetched.
    #[error("`{url}` is not fetched: {why}")]
    Url {
        /// The URL, cut if it is long.
        url: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// The name has no address.
    #[error("`{host}` can't be resolved")]
    Resolve {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The name has addresses, but none on the public internet.
    #[error("`{host}:{port}` has no public address, and is not on the list of those that may have another")]
    Address {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// Nobody answers there.
    #[error("can't connect to `{host}`")]
    Connect {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The certificate is by no trusted authority, and has no registered thumbprint.
    #[error("the certificate is by no trusted authority and matches no thumbprint of the provider")]
    Thumbprint,
    /// The certificate is not what it has to be: expired, say, or another host's.
    #[error("the certificate of `{host}` is refused")]
    Certificate {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The TLS handshake failed.
    #[error("TLS fails with `{host}`")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// It took too long.
    #[error("no answer within {} s", crate::fetch::TIMEOUT.as_secs())]
    Timeout,
    /// The exchange broke off.
    #[error("HTTP fails with `{host}`")]
    Http {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: Arc<hyper::Error>,
    },
    /// Another status than 200; a redirect too.
    #[error("`{url}` answers {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// Too long an answer.
    #[error("`{url}` answers with more than {limit} bytes")]
    TooLong {
        /// What was asked for.
        url: String,
        /// How many are taken.
        limit: usize,
    },
    /// The answer is not what it has to be.
    #[error("`{url}` answers with no usable document: {why}")]
    Document {
        /// What was asked for.
        url: String,
        /// Why.
        why: String,
    },
    /// The discovery document is another issuer's.
    #[error("the discovery document names the issuer `{found}`")]
    Issuer {
        /// Its `issuer`.
        found: String,
    },
    /// The TLS library can't be set up.
    #[error("TLS can't be set up")]
    Setup(#[source] Arc<rustls::Error>),
}

impl FetchError {
    /// Whether trying again may help: AWS's `IDPCommunicationError`, "often a transient error caused by network
    /// conditions".
    pub fn is_communication(&self) -> bool {
        match self {
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Timeout
            | Self::Http { .. } => true,
            Self::Status { status, .. } => *status >= 500 || *status == 429,
            Self::Url { .. }
            | Self::Address { .. }
            | Self::Thumbprint
            | Self::Certificate { .. }
            | Self::TooLong { .. }
            | Self::Document { .. }
            | Self::Issuer { .. }
            | Self::Setup(_) => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Address { .. } => {
                Some("if the issuer is meant to be inside, list its host and port in the settings")
            }
            Self::Thumbprint => Some(
                "add the issuer's authority to the extra certificates, or its thumbprint to the provider",
            ),
            Self::Certificate { .. } => Some("check the dates and names in the issuer's certificate"),
            _ => None,
        }
    }
}

/// Why issuers can't be asked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The extra certificates can't be used.
    #[error(transparent)]
    Roots(#[from] ringwall_roots::RootsError),
    /// Not forty hexadecimal digits.
    #[error("`{0}` is no thumbprint: forty hexadecimal digits, the SHA-1 of a certificate")]
    Thumbprint(String),
}
