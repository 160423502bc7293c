//! Quotas that ways by tokens run into.
//!
//! Source: IAM User Guide, *IAM and AWS STS quotas*: a trust policy has 2,048 characters, on request up to 8,192, white
//! space not counted; an account has 100 OpenID Connect identity providers, on request up to 700.

use ringwall_model::{CheckResult, Severity};

use super::super::Pods;
use super::super::proof;
use super::About;
use super::grant::Grant;
use crate::lint::length;

/// Characters of a trust policy: by default, and on request.
const TRUST_LENGTHS: [usize; 2] = [2_048, 8_192];
/// Identity providers of an account by default.
const PROVIDERS: usize = 100;
/// From which share of a quota on it is near, in per cent.
const NEAR: usize = 90;

const TRUST_LENGTH: About = About {
    check: "irsa-trust-length",
    title: "trust policies have room for further clusters and service accounts",
    remedy: "use a role for each service account, or EKS Pod Identity, whose trust policy needs no cluster's issuer",
};
const PROVIDER_QUOTA: About = About {
    check: "irsa-provider-quota",
    title: "the account has room for the identity providers of further clusters",
    remedy: "delete the identity providers of clusters that are gone, or use EKS Pod Identity, which needs none",
};

pub(super) const CHECKS: &[&About] = &[&TRUST_LENGTH, &PROVIDER_QUOTA];

impl Pods<'_> {
    pub(super) fn quotas(&self, grants: &[Grant<'_>]) -> Vec<CheckResult> {
        let mut roles: Vec<&Grant<'_>> = Vec::new();
        for grant in grants {
            if !roles.iter().any(|known| known.role() == grant.role()) {
                roles.push(grant);
            }
        }
        let long = roles.into_iter().filter_map(|grant| {
            let document = grant.known.principal.trust.as_ref()?.document.as_ref().ok()?;
            let length = length(document);
            let quota = TRUST_LENGTHS.into_iter().find(|quota| length <= *quota);
            let why = match quota {
                Some(quota) if length * 100 < quota * NEAR => return None,
                Some(quota) => format!(
                    "the trust policy of {} has {length} of {quota} characters: another cluster or service account may not fit",
                    grant.role()
                ),
                None => format!("the trust policy of {} has {length} characters, more than IAM takes", grant.role()),
            };
            Some(TRUST_LENGTH.fails(Severity::Low, why, vec![grant.reason()]))
        });
        let mut results = TRUST_LENGTH.or(long.collect(), self.trust_gap());
        let aws = &self.cluster.aws;
        let gap =
            (!aws.oidc_providers_exported).then_some("`aws iam list-open-id-connect-providers` is missing");
        let count = aws.oidc_providers.len();
        let full = aws.oidc_providers.first().filter(|_| count * 100 >= PROVIDERS * NEAR).map(|first| {
            let why = format!("the account has {count} identity providers; by default IAM takes {PROVIDERS}");
            PROVIDER_QUOTA.fails(
                Severity::Low,
                why,
                vec![proof::resource(&first.arn, &first.source, "is one of them")],
            )
        });
        results.extend(PROVIDER_QUOTA.or(full.into_iter().collect(), gap));
        results
    }
}
