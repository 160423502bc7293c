//! Which hosts a token may be for.

use std::fmt;
use std::str::FromStr;

use ringwall_awsclient::partition::Partition;

use super::TokenError;
use super::error::shown;
use super::url::Url;

/// STS's one host that is of no region. Only the partition `aws` has one.
const GLOBAL: &str = "sts.amazonaws.com";
/// The region that stands for it, which has no host of its own.
const PSEUDO_REGION: &str = "aws-global";

/// The partition of whatever no other one has.
const AWS: &str = "aws";
/// Its FIPS hosts have the plain names.
///
/// Source: botocore, STS's endpoint rules.
const GOVERNMENT: &str = "aws-us-gov";
/// Partitions whose hosts with IPv4 and IPv6 addresses are taken.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/endpoints/partitions.go`, `GetSTSDualStackPartitionDomain`.
const DUAL_STACK: [&str; 4] = [AWS, "aws-cn", GOVERNMENT, "aws-eusc"];

const STS: &str = "sts";
const STS_FIPS: &str = "sts-fips";
const HTTPS: &str = "https";
const HTTP: &str = "http";

/// The STS that a cluster's tokens have to be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// AWS's own.
    Aws {
        /// The partition whose hosts are taken.
        partition: &'static Partition,
        /// The region that the cluster is in: its host is taken even if the SDKs don't know the region yet.
        region: Option<String>,
    },
    /// This one and no other.
    Endpoint(Endpoint),
}

/// A configured STS: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: &'static str,
    /// Host, and port if it is not the scheme's own, in lower case: as clients sign it.
    authority: String,
}

/// A URL that is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{url}` is no endpoint of STS: {why} (hint: such as `https://sts.example.com` or `http://127.0.0.1:8443`)"
)]
pub struct InvalidEndpoint {
    url: String,
    why: &'static str,
}

impl Endpoint {
    /// The URL without a path: `https://sts.example.com:8443`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    /// Reads a URL of a scheme, host and port, and nothing else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |why| InvalidEndpoint { url: text.to_owned(), why };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("it has no scheme"))?;
        let (scheme, own_port) = match scheme {
            HTTPS => (HTTPS, "443"),
            HTTP => (HTTP, "80"),
            _ => return Err(invalid("its scheme is neither `https` nor `http`")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
        let (host, port) =
            split_port(&authority).ok_or_else(|| invalid("its host and port can't be read"))?;
        let authority = if port.is_some_and(|port| port == own_port) { host } else { &authority };
        Ok(Self { scheme, authority: authority.to_owned() })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Host and port. A host is one name, address or bracketed IPv6 address; a port is written in one way.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let end_of_address = authority.strip_prefix('[').map(|rest| rest.find(']'));
    let (host, after) = match end_of_address {
        Some(end) => authority.split_at_checked(end?.checked_add(2)?)?,
        None => authority.split_at_checked(authority.find(':').unwrap_or(authority.len()))?,
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    let port = match after.strip_prefix(':') {
        Some(port) => {
            let number: u16 = port.parse().ok()?;
            Some(port).filter(|port| number != 0 && *port == number.to_string())
        }
        None => None,
    };
    (is_host && (after.is_empty() || port.is_some())).then_some((host, port))
}

/// Labels of letters, digits and marks that are in no alphabet but ASCII's, without an empty one and so without a dot at the end.
fn is_name(host: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    host.split('.').all(|label| !label.is_empty() && label.bytes().all(known))
}

impl Hosts {
    /// Refuses a URL of another scheme.
    ///
    /// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `Verify`: `https`. That of a configured endpoint must be
    /// its own.
    pub(super) fn check_scheme(&self, url: &Url<'_>) -> Result<(), TokenError> {
        let wanted = match self {
            Self::Aws { .. } => HTTPS,
            Self::Endpoint(endpoint) => endpoint.scheme,
        };
        if url.scheme == wanted {
            return Ok(());
        }
        Err(TokenError::Scheme { found: shown(url.scheme), wanted })
    }

    /// Refuses a host that is none of this STS, and tells the region that the host is of, if that is known.
    ///
    /// An upper-case letter, a dot at the end, user information, a port that goes without saying: each is another spelling of
    /// a host, which might not be the one that was signed. A configured endpoint must match by scheme, host and port.
    ///
    /// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `verifySTSHostnameFormat`.
    pub(super) fn check_host<'u>(&self, url: &Url<'u>) -> Result<Option<&'u str>, TokenError> {
        let host = url.authority;
        match self {
            Self::Endpoint(endpoint) if endpoint.authority == host => Ok(None),
            Self::Endpoint(endpoint) => {
                Err(TokenError::Endpoint { found: shown(host), wanted: endpoint.authority.clone() })
            }
            Self::Aws { partition, region } => check_aws(host, partition, region.as_deref()),
        }
    }

    /// Where a token's question goes: to the configured address if there is one, whatever the token says.
    pub(super) fn origin(&self, authority: &str) -> String {
        match self {
            Self::Aws { .. } => format!("{HTTPS}://{authority}"),
            Self::Endpoint(endpoint) => endpoint.url(),
        }
    }
}

fn check_aws<'h>(
    host: &'h str,
    partition: &'static Partition,
    own: Option<&str>,
) -> Result<Option<&'h str>, TokenError> {
    if host == GLOBAL {
        let is_there = partition.name == AWS;
        return if is_there { Ok(None) } else { Err(TokenError::GlobalHost { partition: partition.name }) };
    }
    let refused = || TokenError::Host { found: shown(host), partition: partition.name };
    let mut labels = host.split('.');
    let (_, Some(region), Some(_)) = (labels.next(), labels.next(), labels.next()) else {
        return Err(refused());
    };
    if !is_region(region) {
        return Err(TokenError::Region { found: shown(region) });
    }
    let is_own = own.is_some_and(|own| domains(partition).any(|domain| is_host(host, STS, own, domain)));
    let is_taken = is_name(host) && (is_own || is_of_sdk(host, region, partition));
    if is_taken { Ok(Some(region)) } else { Err(refused()) }
}

/// Whether a host is one that the SDKs have for the region, with a domain of the partition.
///
/// Not whether there is such a region: in `aws` every well-formed name gives a host, as the SDKs make one for regions that they
/// don't know yet. GovCloud has the domain of `aws`, so either takes the other's hosts; what STS answers tells the partition.
fn is_of_sdk(host: &str, region: &str, partition: &Partition) -> bool {
    let of = Partition::of_region(region).or_else(|| Partition::named(AWS)).unwrap_or(partition);
    let fips = if of.name == GOVERNMENT { STS } else { STS_FIPS };
    let plain = |label| is_host(host, label, region, of.dns_suffix);
    let dual = |label| is_host(host, label, region, of.dual_stack_dns_suffix);
    let is_pseudo = region == PSEUDO_REGION && plain(STS);
    let is_known = plain(STS) || plain(fips) || dual(STS) || dual(STS_FIPS);
    let is_here = |domain: &str| [STS, STS_FIPS].iter().any(|label| is_host(host, label, region, domain));
    is_known && !is_pseudo && domains(partition).any(is_here)
}

fn domains(partition: &Partition) -> impl Iterator<Item = &'static str> {
    let dual_stack = DUAL_STACK.contains(&partition.name).then_some(partition.dual_stack_dns_suffix);
    std::iter::once(partition.dns_suffix).chain(dual_stack)
}

/// Whether it is `LABEL.REGION.DOMAIN`.
fn is_host(host: &str, label: &str, region: &str, domain: &str) -> bool {
    let rest =
        [label, region].into_iter().try_fold(host, |rest, part| rest.strip_prefix(part)?.strip_prefix('.'));
    rest == Some(domain)
}

/// Whether it can be the name of a region.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `validateInputRegion`:
/// `^[[:alnum:]]([[:alnum:]\-]*[[:alnum:]])?$`.
fn is_region(text: &str) -> bool {
    ringwall_awsclient::partition::is_region(text) && !text.starts_with('-') && !text.ends_with('-')
}
