//! Under which URL a service is.

use std::collections::BTreeMap;

use crate::http::{Url, UrlError};
use crate::partition::{PARTITIONS, Partition, is_region};
use crate::{Environment, SetupError};

/// Where services are: at AWS, or where the operator says.
///
/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Service-specific endpoints", "Dual-stack and FIPS endpoints"; the
/// names at AWS are those of botocore's `endpoint-rule-set-1.json` of STS, IAM, KMS, Secrets Manager, Systems Manager, EKS, EKS
/// Auth, EC2, S3, CloudWatch Logs, CloudTrail and EventBridge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    all: Option<Url>,
    services: BTreeMap<String, Url>,
    fips: bool,
    dual_stack: bool,
}

impl Endpoints {
    /// AWS's own.
    pub fn aws() -> Self {
        Self::default()
    }

    /// One URL for every service, as of `ringwall serve`.
    pub fn all(url: Url) -> Self {
        Self { all: Some(url), ..Self::default() }
    }

    /// With another URL for one service, by the name that calls have for it: `sts`, `secretsmanager`.
    #[must_use]
    pub fn with(mut self, service: &str, url: Url) -> Self {
        self.services.insert(service.to_owned(), url);
        self
    }

    /// With the names of services whose cryptography is validated by FIPS 140.
    #[must_use]
    pub fn fips(mut self, on: bool) -> Self {
        self.fips = on;
        self
    }

    /// With the names of services that have IPv6 addresses.
    #[must_use]
    pub fn dual_stack(mut self, on: bool) -> Self {
        self.dual_stack = on;
        self
    }

    /// As `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>` (of which [`SERVICES`] are looked for),
    /// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` say.
    ///
    /// # Errors
    ///
    /// One of the URLs is none.
    pub fn from_env(environment: &Environment) -> Result<Self, SetupError> {
        let mut endpoints = Self::aws()
            .fips(environment.is_true("AWS_USE_FIPS_ENDPOINT"))
            .dual_stack(environment.is_true("AWS_USE_DUALSTACK_ENDPOINT"));
        if environment.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            return Ok(endpoints);
        }
        let url = |variable: &str| -> Result<Option<Url>, SetupError> {
            let wrong = |source| SetupError::Endpoint { setting: variable.to_owned(), source };
            environment.get(variable).map(|text| text.parse().map_err(wrong)).transpose()
        };
        endpoints.all = url("AWS_ENDPOINT_URL")?;
        for (service, id) in SERVICES {
            if let Some(url) = url(&format!("AWS_ENDPOINT_URL_{id}"))? {
                endpoints.services.insert(service.to_owned(), url);
            }
        }
        Ok(endpoints)
    }

    /// With one URL for every service that has none yet.
    pub(crate) fn or_all(mut self, url: Url) -> Self {
        self.all.get_or_insert(url);
        self
    }

    /// The URL that is configured for a service, if any is.
    pub fn configured(&self, service: &str) -> Option<&Url> {
        self.services.get(service).or(self.all.as_ref())
    }

    /// The URL of a service in a region.
    ///
    /// # Errors
    ///
    /// The region's name is none that a host could have.
    pub fn url(&self, service: &str, region: &str) -> Result<Url, UrlError> {
        match self.configured(service) {
            Some(url) => Ok(url.clone()),
            None if !is_region(region) => Err(UrlError::new(region, "it is no region")),
            None => format!("https://{}", self.host(service, region)).parse(),
        }
    }

    /// The region that calls of a service are signed for: that of the caller, save for IAM at AWS, which a partition has once.
    pub(crate) fn signing_region<'a>(&self, service: &str, region: &'a str) -> &'a str {
        match service == "iam" && self.configured(service).is_none() {
            true => iam_region(partition_of(region)),
            false => region,
        }
    }

    /// The name of a service's host at AWS.
    fn host(&self, service: &str, region: &str) -> String {
        let partition = partition_of(region);
        let Partition { dns_suffix, dual_stack_dns_suffix, .. } = partition;
        if service == "iam" {
            return self.iam_host(partition);
        }
        if service == "s3" {
            let fips = if self.fips { "-fips" } else { "" };
            let dual_stack = if self.dual_stack { ".dualstack" } else { "" };
            return format!("s3{fips}{dual_stack}.{region}.{dns_suffix}");
        }
        // In these two partitions Secrets Manager has both kinds of addresses under its one name.
        let one_name = service == "secretsmanager" && matches!(partition.name, "aws" | "aws-us-gov");
        let dual_stack = service == "eks-auth" || self.dual_stack && !one_name;
        let suffix = if dual_stack { dual_stack_dns_suffix } else { dns_suffix };
        if !self.fips {
            return format!("{service}.{region}.{suffix}");
        }
        match (service, partition.name, dual_stack) {
            ("sts" | "ssm" | "eks" | "ec2" | "logs" | "cloudtrail" | "events", "aws-us-gov", false) => {
                format!("{service}.{region}.{suffix}")
            }
            ("eks", "aws", false) => format!("fips.eks.{region}.{suffix}"),
            _ => format!("{service}-fips.{region}.{suffix}"),
        }
    }

    /// The name of IAM's host, of which a partition has one.
    fn iam_host(&self, partition: &Partition) -> String {
        let Partition { name, dns_suffix: suffix, dual_stack_dns_suffix: dual, .. } = partition;
        let region = iam_region(partition);
        let iam = if self.fips { "iam-fips" } else { "iam" };
        match (*name, self.fips, self.dual_stack) {
            ("aws-us-gov", _, false) => format!("iam.us-gov.{suffix}"),
            ("aws-us-gov", _, true) => format!("iam.us-gov.{dual}"),
            ("aws", _, true) | ("aws-cn" | "aws-eusc", false, true) => format!("{iam}.global.{dual}"),
            (_, _, true) => format!("{iam}.{dual}"),
            ("aws", _, false) => format!("{iam}.{suffix}"),
            (_, false, false) | ("aws-iso" | "aws-iso-b", true, false) => format!("{iam}.{region}.{suffix}"),
            (_, true, false) => format!("{iam}.{suffix}"),
        }
    }
}

/// The partition of a region. One that nobody knows is taken for one of AWS's main partition, as SDKs do.
fn partition_of(region: &str) -> &'static Partition {
    let [.., main] = &PARTITIONS;
    Partition::of_region(region).unwrap_or(main)
}

/// The region that calls of IAM are signed for.
fn iam_region(partition: &Partition) -> &'static str {
    match partition.name {
        "aws-cn" => "cn-north-1",
        _ => partition.global_region,
    }
}

/// The services that are called, each with the name that variables have for it.
///
/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Identifiers for service-specific endpoints".
pub const SERVICES: [(&str, &str); 12] = [
    ("sts", "STS"),
    ("iam", "IAM"),
    ("kms", "KMS"),
    ("secretsmanager", "SECRETS_MANAGER"),
    ("ssm", "SSM"),
    ("eks", "EKS"),
    ("eks-auth", "EKS_AUTH"),
    ("ec2", "EC2"),
    ("s3", "S3"),
    ("logs", "CLOUDWATCH_LOGS"),
    ("cloudtrail", "CLOUDTRAIL"),
    ("events", "EVENTBRIDGE"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn host(service: &str, region: &str, fips: bool, dual_stack: bool) -> String {
        let endpoints = Endpoints::aws().fips(fips).dual_stack(dual_stack);
        endpoints.url(service, region).unwrap().host().to_owned()
    }

    /// As botocore 1.44's `EndpointProvider` resolves them.
    #[test]
    fn hosts_are_those_of_the_sdks() {
        for (service, region, expected) in [
            (
                "sts",
                "eu-central-1",
                [
                    "sts.eu-central-1.amazonaws.com",
                    "sts.eu-central-1.api.aws",
                    "sts-fips.eu-central-1.amazonaws.com",
                    "sts-fips.eu-central-1.api.aws",
                ],
            ),
            (
                "sts",
                "us-gov-west-1",
                [
                    "sts.us-gov-west-1.amazonaws.com",
                    "sts.us-gov-west-1.api.aws",
                    "sts.us-gov-west-1.amazonaws.com",
                    "sts-fips.us-gov-west-1.api.aws",
                ],
            ),
            (
                "sts",
                "cn-north-1",
                [
                    "sts.cn-north-1.amazonaws.com.cn",
                    "sts.cn-north-1.api.amazonwebservices.com.cn",
                    "sts-fips.cn-north-1.amazonaws.com.cn",
                    "sts-fips.cn-north-1.api.amazonwebservices.com.cn",
                ],
            ),
            (
                "kms",
                "us-gov-west-1",
                [
                    "kms.us-gov-west-1.amazonaws.com",
                    "kms.us-gov-west-1.api.aws",
                    "kms-fips.us-gov-west-1.amazonaws.com",
                    "kms-fips.us-gov-west-1.api.aws",
                ],
            ),
            (
                "secretsmanager",
                "eu-central-1",
                [
                    "secretsmanager.eu-central-1.amazonaws.com",
                    "secretsmanager.eu-central-1.amazonaws.com",
                    "secretsmanager-fips.eu-central-1.amazonaws.com",
                    "secretsmanager-fips.eu-central-1.amazonaws.com",
                ],
            ),
            (
                "ssm",
                "us-gov-west-1",
                [
                    "ssm.us-gov-west-1.amazonaws.com",
                    "ssm.us-gov-west-1.api.aws",
                    "ssm.us-gov-west-1.amazonaws.com",
                    "ssm-fips.us-gov-west-1.api.aws",
                ],
            ),
            (
                "eks",
                "eu-central-1",
                [
                    "eks.eu-central-1.amazonaws.com",
                    "eks.eu-central-1.api.aws",
                    "fips.eks.eu-central-1.amazonaws.com",
                    "eks-fips.eu-central-1.api.aws",
                ],
            ),
            (
                "eks",
                "cn-north-1",
                [
                    "eks.cn-north-1.amazonaws.com.cn",
                    "eks.cn-north-1.api.amazonwebservices.com.cn",
                    "eks-fips.cn-north-1.amazonaws.com.cn",
                    "eks-fips.cn-north-1.api.amazonwebservices.com.cn",
                ],
            ),
            (
                "eks-auth",
                "us-iso-east-1",
                [
                    "eks-auth.us-iso-east-1.api.aws.ic.gov",
                    "eks-auth.us-iso-east-1.api.aws.ic.gov",
                    "eks-auth-fips.us-iso-east-1.api.aws.ic.gov",
                    "eks-auth-fips.us-iso-east-1.api.aws.ic.gov",
                ],
            ),
            (
                "ec2",
                "eusc-de-east-1",
                [
                    "ec2.eusc-de-east-1.amazonaws.eu",
                    "ec2.eusc-de-east-1.api.amazonwebservices.eu",
                    "ec2-fips.eusc-de-east-1.amazonaws.eu",
                    "ec2-fips.eusc-de-east-1.api.amazonwebservices.eu",
                ],
            ),
            (
                "s3",
                "eu-central-1",
                [
                    "s3.eu-central-1.amazonaws.com",
                    "s3.dualstack.eu-central-1.amazonaws.com",
                    "s3-fips.eu-central-1.amazonaws.com",
                    "s3-fips.dualstack.eu-central-1.amazonaws.com",
                ],
            ),
            (
                "events",
                "us-gov-west-1",
                [
                    "events.us-gov-west-1.amazonaws.com",
                    "events.us-gov-west-1.api.aws",
                    "events.us-gov-west-1.amazonaws.com",
                    "events-fips.us-gov-west-1.api.aws",
                ],
            ),
            (
                "iam",
                "eu-central-1",
                [
                    "iam.amazonaws.com",
                    "iam.global.api.aws",
                    "iam-fips.amazonaws.com",
                    "iam-fips.global.api.aws",
                ],
            ),
            (
                "iam",
                "xx-nowhere-1",
                [
                    "iam.amazonaws.com",
                    "iam.global.api.aws",
                    "iam-fips.amazonaws.com",
                    "iam-fips.global.api.aws",
                ],
            ),
            (
                "iam",
                "cn-northwest-1",
                [
                    "iam.cn-north-1.amazonaws.com.cn",
                    "iam.global.api.amazonwebservices.com.cn",
                    "iam-fips.amazonaws.com.cn",
                    "iam-fips.api.amazonwebservices.com.cn",
                ],
            ),
            (
                "iam",
                "us-gov-east-1",
                [
                    "iam.us-gov.amazonaws.com",
                    "iam.us-gov.api.aws",
                    "iam.us-gov.amazonaws.com",
                    "iam.us-gov.api.aws",
                ],
            ),
            (
                "iam",
                "us-iso-west-1",
                [
                    "iam.us-iso-east-1.c2s.ic.gov",
                    "iam.api.aws.ic.gov",
                    "iam-fips.us-iso-east-1.c2s.ic.gov",
                    "iam-fips.api.aws.ic.gov",
                ],
            ),
            (
                "iam",
                "us-isob-east-1",
                [
                    "iam.us-isob-east-1.sc2s.sgov.gov",
                    "iam.api.aws.scloud",
                    "iam-fips.us-isob-east-1.sc2s.sgov.gov",
                    "iam-fips.api.aws.scloud",
                ],
            ),
            (
                "iam",
                "eu-isoe-west-1",
                [
                    "iam.eu-isoe-west-1.cloud.adc-e.uk",
                    "iam.api.cloud-aws.adc-e.uk",
                    "iam-fips.cloud.adc-e.uk",
                    "iam-fips.api.cloud-aws.adc-e.uk",
                ],
            ),
            (
                "iam",
                "us-isof-east-1",
                [
                    "iam.us-isof-south-1.csp.hci.ic.gov",
                    "iam.api.aws.hci.ic.gov",
                    "iam-fips.csp.hci.ic.gov",
                    "iam-fips.api.aws.hci.ic.gov",
                ],
            ),
            (
                "iam",
                "eusc-de-east-1",
                [
                    "iam.eusc-de-east-1.amazonaws.eu",
                    "iam.global.api.amazonwebservices.eu",
                    "iam-fips.amazonaws.eu",
                    "iam-fips.api.amazonwebservices.eu",
                ],
            ),
        ] {
            let found = [(false, false), (false, true), (true, false), (true, true)]
                .map(|(fips, dual_stack)| host(service, region, fips, dual_stack));
            assert_eq!(found, expected, "{service} {region}");
        }
    }

    /// As the same resolves `signingRegion`.
    #[test]
    fn calls_of_iam_are_signed_for_its_one_region() {
        let signed = |service, region| Endpoints::aws().signing_region(service, region).to_owned();
        for (region, of_iam) in [
            ("us-east-1", "us-east-1"),
            ("eu-central-1", "us-east-1"),
            ("xx-nowhere-1", "us-east-1"),
            ("cn-northwest-1", "cn-north-1"),
            ("us-gov-east-1", "us-gov-west-1"),
            ("us-iso-west-1", "us-iso-east-1"),
            ("us-isob-east-1", "us-isob-east-1"),
            ("eu-isoe-west-1", "eu-isoe-west-1"),
            ("us-isof-east-1", "us-isof-south-1"),
            ("eusc-de-east-1", "eusc-de-east-1"),
        ] {
            assert_eq!(signed("iam", region), of_iam, "{region}");
            assert_eq!(signed("sts", region), region);
        }
        let ours = Endpoints::all("https://aws.internal:7443".parse().unwrap());
        assert_eq!(ours.signing_region("iam", "eu-central-1"), "eu-central-1");
    }

    #[test]
    fn variables_override_them() {
        let environment = Environment::of([
            ("AWS_ENDPOINT_URL", "https://aws.internal:7443"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:4566"),
            ("AWS_USE_FIPS_ENDPOINT", "TRUE"),
        ]);
        let endpoints = Endpoints::from_env(&environment).unwrap();
        let url = |service| endpoints.url(service, "eu-central-1").unwrap().to_string();
        assert_eq!(url("sts"), "https://aws.internal:7443/");
        assert_eq!(url("secretsmanager"), "http://127.0.0.1:4566/");
        let ignored = Environment::of([
            ("AWS_ENDPOINT_URL", "https://aws.internal"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ]);
        assert_eq!(Endpoints::from_env(&ignored).unwrap(), Endpoints::aws());
        let wrong = Environment::of([("AWS_ENDPOINT_URL_STS", "sts.internal")]);
        let told = Endpoints::from_env(&wrong).unwrap_err().to_string();
        assert!(told.contains("AWS_ENDPOINT_URL_STS"), "{told}");
    }

    #[test]
    fn a_region_can_lead_nowhere_else() {
        for region in ["evil.example/", "a@evil.example/x", "x#", "a b"] {
            assert!(Endpoints::aws().url("sts", region).is_err(), "{region}");
        }
    }
}
