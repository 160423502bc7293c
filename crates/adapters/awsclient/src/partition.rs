//! AWS's partitions: which regions are of which, and under which names their services are.

/// A partition of AWS: regions that share accounts, ARNs and domain names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// As ARNs have it: `aws`, `aws-cn`.
    pub name: &'static str,
    /// What ends the names of services: `amazonaws.com`.
    pub dns_suffix: &'static str,
    /// The same for names with IPv4 and IPv6 addresses: `api.aws`.
    pub dual_stack_dns_suffix: &'static str,
    /// The region whose credentials count for services without regions.
    pub global_region: &'static str,
    /// What its regions begin with. `us-gov-` is no region of `us-`.
    prefixes: &'static [&'static str],
}

/// All partitions, those with longer prefixes first.
///
/// Source: botocore's `data/partitions.json` (1.44); the eight of it that aws-iam-authenticator knows, which are all.
pub const PARTITIONS: [Partition; 8] = [
    Partition {
        name: "aws-us-gov",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        global_region: "us-gov-west-1",
        prefixes: &["us-gov-"],
    },
    Partition {
        name: "aws-iso",
        dns_suffix: "c2s.ic.gov",
        dual_stack_dns_suffix: "api.aws.ic.gov",
        global_region: "us-iso-east-1",
        prefixes: &["us-iso-"],
    },
    Partition {
        name: "aws-iso-b",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_dns_suffix: "api.aws.scloud",
        global_region: "us-isob-east-1",
        prefixes: &["us-isob-"],
    },
    Partition {
        name: "aws-iso-f",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_dns_suffix: "api.aws.hci.ic.gov",
        global_region: "us-isof-south-1",
        prefixes: &["us-isof-"],
    },
    Partition {
        name: "aws-iso-e",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
        global_region: "eu-isoe-west-1",
        prefixes: &["eu-isoe-"],
    },
    Partition {
        name: "aws-eusc",
        dns_suffix: "amazonaws.eu",
        dual_stack_dns_suffix: "api.amazonwebservices.eu",
        global_region: "eusc-de-east-1",
        prefixes: &["eusc-de-"],
    },
    Partition {
        name: "aws-cn",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
        global_region: "cn-northwest-1",
        prefixes: &["cn-"],
    },
    Partition {
        name: "aws",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        global_region: "us-east-1",
        prefixes: &["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"],
    },
];

impl Partition {
    /// The partition of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PARTITIONS.iter().find(|partition| partition.name == name)
    }

    /// The partition that a region is of, also of one that AWS hasn't opened yet.
    ///
    /// Source: botocore's `regionRegex`, as `^(us|eu|ap|sa|ca|me|af|il|mx)\-\w+\-\d+$`.
    pub fn of_region(region: &str) -> Option<&'static Self> {
        PARTITIONS.iter().find(|partition| partition.matches(region))
    }

    /// Whether a region's name is one of this partition's.
    pub fn matches(&self, region: &str) -> bool {
        let rest = self.prefixes.iter().find_map(|prefix| region.strip_prefix(prefix));
        let Some((place, number)) = rest.and_then(|rest| rest.split_once('-')) else { return false };
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !place.is_empty()
            && place.bytes().all(word)
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Longest region: it is a part of a host's name, which has at most so many letters; AWS's longest has 18.
const MAX_REGION: usize = 63;

/// Whether a text can be a region's name, known or not: nothing in it can lead to another host.
pub fn is_region(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=MAX_REGION).contains(&text.len()) && text.bytes().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_of_one_partition() {
        for (region, name) in [
            ("eu-central-1", Some("aws")),
            ("us-east-1", Some("aws")),
            ("ap-southeast-7", Some("aws")),
            ("mx-central-1", Some("aws")),
            ("us-nowhere-99", Some("aws")),
            ("us-gov-west-1", Some("aws-us-gov")),
            ("cn-north-1", Some("aws-cn")),
            ("us-iso-east-1", Some("aws-iso")),
            ("us-isob-east-1", Some("aws-iso-b")),
            ("us-isof-south-1", Some("aws-iso-f")),
            ("eu-isoe-west-1", Some("aws-iso-e")),
            ("eusc-de-east-1", Some("aws-eusc")),
            ("", None),
            ("eu-central", None),
            ("eu-central-", None),
            ("eu-central-1a", None),
            ("eu-central-1.evil", None),
            ("aws-global", None),
            ("xx-central-1", None),
        ] {
            assert_eq!(Partition::of_region(region).map(|found| found.name), name, "{region}");
            let matching = PARTITIONS.iter().filter(|partition| partition.matches(region)).count();
            assert!(matching <= 1, "{region}");
        }
    }

    #[test]
    fn a_global_region_is_of_its_partition() {
        for partition in PARTITIONS {
            assert_eq!(Partition::of_region(partition.global_region), Some(&partition));
            assert_eq!(Partition::named(partition.name), Some(&partition));
        }
    }
}
