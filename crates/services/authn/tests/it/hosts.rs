//! Which hosts are STS's, for each partition and with a configured endpoint.

use ringwall_authn::token::{Endpoint, TokenError};
use ringwall_awsclient::partition::PARTITIONS;

use crate::harness::{NOW, Signing, aws, endpoint, rules_in, token_of};
use crate::naive;

fn read(rules: &ringwall_authn::token::Rules, scheme: &str, authority: &str) -> Result<(), TokenError> {
    let url = Signing::default().url().replacen(
        "https://sts.eu-central-1.amazonaws.com",
        &format!("{scheme}://{authority}"),
        1,
    );
    rules.read(&token_of(url), NOW).map(|_| ())
}

#[test]
fn each_partition_has_its_hosts() {
    // Each is of the partitions that follow it, and of no other.
    for (host, of) in [
        ("sts.amazonaws.com", vec!["aws"]),
        ("sts.us-east-1.amazonaws.com", vec!["aws", "aws-us-gov"]),
        ("sts-fips.us-east-1.amazonaws.com", vec!["aws", "aws-us-gov"]),
        ("sts.us-east-1.api.aws", vec!["aws", "aws-us-gov"]),
        ("sts-fips.us-east-1.api.aws", vec!["aws", "aws-us-gov"]),
        ("sts.not-a-region.amazonaws.com", vec!["aws", "aws-us-gov"]),
        ("sts.us-gov-west-1.amazonaws.com", vec!["aws", "aws-us-gov"]),
        ("sts.us-gov-west-1.api.aws", vec!["aws", "aws-us-gov"]),
        ("sts-fips.us-gov-west-1.amazonaws.com", vec![]),
        ("sts.cn-north-1.amazonaws.com.cn", vec!["aws-cn"]),
        ("sts-fips.cn-north-1.amazonaws.com.cn", vec!["aws-cn"]),
        ("sts.cn-north-1.api.amazonwebservices.com.cn", vec!["aws-cn"]),
        ("sts.cn-north-1.amazonaws.com", vec![]),
        ("sts.us-east-1.amazonaws.com.cn", vec![]),
        ("sts.us-iso-east-1.c2s.ic.gov", vec!["aws-iso"]),
        ("sts-fips.us-iso-east-1.c2s.ic.gov", vec!["aws-iso"]),
        ("sts.us-iso-east-1.api.aws.ic.gov", vec![]),
        ("sts.us-isob-east-1.sc2s.sgov.gov", vec!["aws-iso-b"]),
        ("sts.eu-isoe-west-1.cloud.adc-e.uk", vec!["aws-iso-e"]),
        ("sts.us-isof-south-1.csp.hci.ic.gov", vec!["aws-iso-f"]),
        ("sts.eusc-de-east-1.amazonaws.eu", vec!["aws-eusc"]),
        ("sts.eusc-de-east-1.api.amazonwebservices.eu", vec!["aws-eusc"]),
    ] {
        for partition in &PARTITIONS {
            let taken = read(&aws(partition.name), "https", host).is_ok();
            assert_eq!(taken, of.contains(&partition.name), "{host} in {}", partition.name);
        }
    }
}

#[test]
fn what_only_looks_like_a_host_of_sts_is_none() {
    for host in [
        "",
        "sts",
        "sts.",
        "sts.amazonaws",
        "amazonaws.com",
        "sts..amazonaws.com",
        "sts.aws-global.amazonaws.com",
        "sts.us-east-1.amazonaws.com.",
        "sts.amazonaws.com.",
        "STS.us-east-1.amazonaws.com",
        "sts.US-EAST-1.amazonaws.com",
        "sts.us-east-1.AMAZONAWS.com",
        "sts.-us.amazonaws.com",
        "sts.us-.amazonaws.com",
        "sts.us_east_1.amazonaws.com",
        "sts.us-east-1.amazonaws.com:443",
        "sts.us-east-1.amazonaws.com:",
        "sts.amazonaws.com:443",
        "sts.us-east-1.amazonaws.com@evil.example",
        "user@sts.us-east-1.amazonaws.com",
        "user:word@sts.amazonaws.com",
        "sts.us-east-1.amazonaws.com.evil.example",
        "sts.us-east-1.evil.amazonaws.com",
        "evil.sts.us-east-1.amazonaws.com",
        "xsts.us-east-1.amazonaws.com",
        "sts-fips.amazonaws.com",
        "sts.us-east-1.xamazonaws.com",
        "sts.evil.example",
        "s3.us-east-1.amazonaws.com",
        "iam.amazonaws.com",
        "sts.us-east-1.amazonaws%2Ecom",
        "%73ts.us-east-1.amazonaws.com",
        "sts.xn--us-east-1.amazonaws.com.example",
        "169.254.169.254",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "sts.us-east-1.amazonaws.com\\evil.example",
        "sts.amazonaws.com,evil.example",
    ] {
        for partition in &PARTITIONS {
            let error = read(&aws(partition.name), "https", host).err();
            assert!(
                matches!(error, Some(TokenError::Host { .. } | TokenError::Region { .. })),
                "{host} in {}: {error:?}",
                partition.name
            );
        }
    }
    let global = read(&aws("aws-cn"), "https", "sts.amazonaws.com").unwrap_err();
    assert_eq!(global, TokenError::GlobalHost { partition: "aws-cn" });
}

#[test]
fn the_clusters_own_region_is_taken_though_nobody_knows_it_yet() {
    for (partition, region, host) in [
        ("aws-cn", "zz-new-1", "sts.zz-new-1.amazonaws.com.cn"),
        ("aws-cn", "zz-new-1", "sts.zz-new-1.api.amazonwebservices.com.cn"),
        ("aws-iso-e", "zz-new-1", "sts.zz-new-1.cloud.adc-e.uk"),
    ] {
        read(&aws(partition), "https", host).unwrap_err();
        read(&rules_in(partition, Some("zz-other-1")), "https", host).unwrap_err();
        read(&rules_in(partition, Some(region)), "https", host).unwrap();
        read(&rules_in(partition, Some(region)), "https", &host.replace("sts.", "sts-fips.")).unwrap_err();
    }
}

/// Every host that can be put together of labels that matter, in every partition: as the reference has it.
#[test]
fn hosts_are_as_the_reference_has_them() {
    let regions: Vec<&str> = PARTITIONS
        .iter()
        .map(|partition| partition.global_region)
        .chain([
            "not-a-region",
            "x",
            "-x",
            "x-",
            "a_b",
            "aws-global",
            "us-gov",
            "us-gov-x",
            "us-iso-1",
            "eu-west-99",
            "eusc-fr-1-1",
        ])
        .collect();
    let domains: Vec<&str> = PARTITIONS
        .iter()
        .flat_map(|partition| [partition.dns_suffix, partition.dual_stack_dns_suffix])
        .collect();
    let mut compared = 0;
    for label in ["sts", "sts-fips", "sts-", "ec2", ""] {
        for region in &regions {
            for domain in domains.iter().copied().chain(["example.com", "com", ""]) {
                let host = format!("{label}.{region}.{domain}");
                for partition in &PARTITIONS {
                    for own in [None, Some(partition.global_region), Some("x"), Some("-x")] {
                        let ours = read(&rules_in(partition.name, own), "https", &host).is_ok();
                        let theirs = naive::host(&host, partition.name, own.unwrap_or_default());
                        assert_eq!(ours, theirs, "{host} in {} of {own:?}", partition.name);
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 40_000, "{compared}");
}

#[test]
fn a_configured_endpoint_is_the_only_one() {
    for (url, scheme, authority) in [
        ("https://sts.example.com", "https", "sts.example.com"),
        ("https://sts.example.com/", "https", "sts.example.com"),
        ("https://STS.Example.COM:443/", "https", "sts.example.com"),
        ("https://sts.example.com:8443", "https", "sts.example.com:8443"),
        ("http://127.0.0.1:4566", "http", "127.0.0.1:4566"),
        ("http://localhost:80", "http", "localhost"),
        ("http://[::1]:4566", "http", "[::1]:4566"),
        ("https://ringwall_aws", "https", "ringwall_aws"),
    ] {
        let rules = endpoint(url);
        read(&rules, scheme, authority).unwrap();
        let other = if scheme == "https" { "http" } else { "https" };
        assert!(matches!(read(&rules, other, authority), Err(TokenError::Scheme { .. })), "{url}");
        for authority in [
            format!("{authority}:443"),
            format!("{authority}:80"),
            format!("{authority}."),
            format!("x{authority}"),
            format!("user@{authority}"),
            format!("{authority}@evil.example"),
            authority.to_uppercase() + "X",
            authority.replace('.', "%2E") + "%",
            authority.split(':').next().unwrap().to_owned() + ":1",
            "sts.amazonaws.com".to_owned(),
            "sts.eu-central-1.amazonaws.com".to_owned(),
            String::new(),
        ] {
            let error = read(&rules, scheme, &authority).err();
            assert!(matches!(error, Some(TokenError::Endpoint { .. })), "{url}, {authority}: {error:?}");
        }
    }
}

#[test]
fn an_endpoint_is_scheme_host_and_port() {
    for (text, shown) in [
        ("https://sts.example.com:443", "https://sts.example.com"),
        ("http://sts.example.com:443", "http://sts.example.com:443"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
    ] {
        assert_eq!(text.parse::<Endpoint>().unwrap().url(), shown);
    }
    for text in [
        "",
        "sts.example.com",
        "//sts.example.com",
        "ftp://sts.example.com",
        "HTTPS://sts.example.com",
        "https://",
        "https:///",
        "https://sts.example.com/path",
        "https://sts.example.com//",
        "https://sts.example.com?x",
        "https://sts.example.com#x",
        "https://user@sts.example.com",
        "https://sts.example.com:",
        "https://sts.example.com:0",
        "https://sts.example.com:0443",
        "https://sts.example.com:+443",
        "https://sts.example.com:65536",
        "https://sts..example.com",
        "https://sts.example.com.",
        "https://st s",
        "https://sté.example.com",
        "https://[::1",
        "https://[x]:1",
        "https://::1",
        "https://[::1]x",
    ] {
        text.parse::<Endpoint>().expect_err(text);
    }
}
