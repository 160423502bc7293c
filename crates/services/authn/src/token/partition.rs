//! AWS's partitions, as far as hosts of STS go.

use std::fmt;
use std::str::FromStr;

/// A partition of AWS: regions that share accounts and a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition(&'static Row);

#[derive(Debug, PartialEq, Eq)]
struct Row {
    id: &'static str,
    /// What stands before `-WORD-NUMBER` in the names of its regions.
    regions: &'static [&'static str],
    domain: &'static str,
    /// The domain of the hosts that have IPv4 and IPv6 addresses. None where aws-iam-authenticator knows none.
    dual_stack: Option<&'static str>,
    /// The first label of its FIPS hosts that are IPv4 only.
    fips: &'static str,
}

const STS: &str = "sts";
const STS_FIPS: &str = "sts-fips";

/// The partition of whatever no other one has.
static AWS: Row = Row {
    id: "aws",
    regions: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
    domain: "amazonaws.com",
    dual_stack: Some("api.aws"),
    fips: STS_FIPS,
};

/// Source: botocore, `partitions.json` and STS's endpoint rules (GovCloud's hosts are FIPS ones under their plain names);
/// aws-iam-authenticator 81b1daba, `pkg/endpoints/partitions.go`, for which partitions have dual-stack hosts.
static OTHERS: [Row; 7] = [
    Row {
        id: "aws-cn",
        regions: &["cn"],
        domain: "amazonaws.com.cn",
        dual_stack: Some("api.amazonwebservices.com.cn"),
        fips: STS_FIPS,
    },
    Row {
        id: "aws-us-gov",
        regions: &["us-gov"],
        domain: "amazonaws.com",
        dual_stack: Some("api.aws"),
        fips: STS,
    },
    Row { id: "aws-iso", regions: &["us-iso"], domain: "c2s.ic.gov", dual_stack: None, fips: STS_FIPS },
    Row { id: "aws-iso-b", regions: &["us-isob"], domain: "sc2s.sgov.gov", dual_stack: None, fips: STS_FIPS },
    Row {
        id: "aws-iso-e",
        regions: &["eu-isoe"],
        domain: "cloud.adc-e.uk",
        dual_stack: None,
        fips: STS_FIPS,
    },
    Row {
        id: "aws-iso-f",
        regions: &["us-isof"],
        domain: "csp.hci.ic.gov",
        dual_stack: None,
        fips: STS_FIPS,
    },
    Row {
        id: "aws-eusc",
        regions: &["eusc-de"],
        domain: "amazonaws.eu",
        dual_stack: Some("api.amazonwebservices.eu"),
        fips: STS_FIPS,
    },
];

/// A name that is none of a partition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no partition of AWS (hint: there are {})", Partition::ids().collect::<Vec<_>>().join(", "))]
pub struct UnknownPartition {
    name: String,
}

impl Partition {
    /// The partition of most regions.
    pub const AWS: Self = Self(&AWS);

    /// The names of all, as ARNs have them.
    pub fn ids() -> impl Iterator<Item = &'static str> {
        Self::all().map(|partition| partition.id())
    }

    /// The name, as ARNs have it: `aws-cn`.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    fn all() -> impl Iterator<Item = Self> {
        std::iter::once(&AWS).chain(&OTHERS).map(Self)
    }

    /// The partition that a region is taken to be in: by the form of its name, and `aws` if no form fits.
    ///
    /// Source: Smithy, *Rules engine standard library*, `aws.partition`.
    fn of_region(region: &str) -> Self {
        let fits = |partition: &Self| partition.0.regions.iter().any(|prefix| is_region_of(region, prefix));
        Self::all().find(fits).unwrap_or(Self::AWS)
    }

    /// Whether a host is one of STS in the region by the SDKs' rules, with a domain of this partition.
    ///
    /// Not whether there is such a region: in `aws` every well-formed name gives a host, as the SDKs make them for regions that
    /// they don't know yet. GovCloud has the domain of `aws`, so either takes the other's hosts.
    pub(super) fn has_host(self, host: &str, region: &str) -> bool {
        let Row { domain, dual_stack, fips, .. } = Self::of_region(region).0;
        let is = |label: &str, domain: &str| is_host(host, label, region, domain);
        let of_sdk = is(STS, domain)
            || is(fips, domain)
            || dual_stack.is_some_and(|domain| is(STS, domain) || is(STS_FIPS, domain));
        // A pseudo-region: its host is the global one.
        let pseudo = region == "aws-global" && is(STS, domain);
        of_sdk && !pseudo && self.domains().any(|domain| host.ends_with(&format!(".{region}.{domain}")))
    }

    /// Whether a host is one of STS in the region by this partition's domains: for the region that the cluster itself is in, which
    /// may be newer than the rules here.
    pub(super) fn has_own_host(self, host: &str, region: &str) -> bool {
        self.domains().any(|domain| is_host(host, STS, region, domain))
    }

    fn domains(self) -> impl Iterator<Item = &'static str> {
        [Some(self.0.domain), self.0.dual_stack].into_iter().flatten()
    }
}

impl FromStr for Partition {
    type Err = UnknownPartition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all()
            .find(|partition| partition.id() == text)
            .ok_or_else(|| UnknownPartition { name: text.to_owned() })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

fn is_host(host: &str, label: &str, region: &str, domain: &str) -> bool {
    let rest = host.strip_prefix(label).and_then(|rest| rest.strip_prefix('.'));
    rest.and_then(|rest| rest.strip_prefix(region)).and_then(|rest| rest.strip_prefix('.')) == Some(domain)
}

/// Whether it is `PREFIX-WORD-NUMBER`.
fn is_region_of(region: &str, prefix: &str) -> bool {
    let rest = region.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    let Some((word, number)) = rest.and_then(|rest| rest.split_once('-')) else { return false };
    let all = |text: &str, known: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(known);
    all(word, u8::is_ascii_alphanumeric) && all(number, u8::is_ascii_digit)
}

/// Whether it can be the name of a region.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `validateInputRegion`:
/// `^[[:alnum:]]([[:alnum:]\-]*[[:alnum:]])?$`.
pub(super) fn is_region(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.into_iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}
