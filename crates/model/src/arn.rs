use std::fmt;
use std::str::FromStr;

/// An Amazon Resource Name, `arn:partition:service:region:account:resource`, split and otherwise untouched.
///
/// Source: AWS, *Identify AWS resources with Amazon Resource Names*; the resource part may hold further
/// colons and slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov` …
    pub partition: String,
    /// `iam`, `sts`, `s3` …
    pub service: String,
    /// Region, empty for global services.
    pub region: String,
    /// Account id, twelve digits, or empty.
    pub account: String,
    /// Everything after the fifth colon.
    pub resource: String,
}

/// Why a text is no ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an ARN: {why}")]
pub struct InvalidArn {
    text: String,
    why: &'static str,
}

impl Arn {
    /// Longest ARN that is read: IAM's own limit (`arnType`, 2,048 characters).
    pub const MAX_LENGTH: usize = 2048;

    /// The kind and the rest of a resource such as `role/path/name`: `("role", "path/name")`.
    pub fn kind_and_rest(&self) -> Option<(&str, &str)> {
        self.resource.split_once('/')
    }

    /// The resource's last part after a slash: the name of an IAM user or role without its path.
    pub fn name(&self) -> &str {
        self.resource.rsplit('/').next().unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |why| InvalidArn { text: text.chars().take(256).collect(), why };
        if text.len() > Self::MAX_LENGTH {
            return Err(invalid("it is longer than 2,048 characters"));
        }
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().map(str::to_owned);
        let (Some(arn), Some(partition), Some(service), Some(region), Some(account), Some(resource)) =
            (next(), next(), next(), next(), next(), next())
        else {
            return Err(invalid("it needs six parts: arn:partition:service:region:account:resource"));
        };
        if arn != "arn" {
            return Err(invalid("it does not begin with `arn:`"));
        }
        if partition.is_empty() || service.is_empty() || resource.is_empty() {
            return Err(invalid("partition, service and resource may not be empty"));
        }
        Ok(Self { partition, service, region, account, resource })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}
