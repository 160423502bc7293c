//! Resource types and their ARNs.

use super::glob;

/// An ARN is `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, and only the last part may hold further colons.
const ARN_PARTS: usize = 6;

/// The resource part of a bucket's ARN. The name of a bucket holds no slash (Amazon S3 User Guide, "General purpose
/// bucket naming rules"), and what has one is an object.
const BUCKET: &str = "${BucketName}";

/// A kind of resource that actions of a service are on.
#[derive(Debug)]
pub struct ResourceType {
    pub(super) name: &'static str,
    pub(super) arn_patterns: Box<[&'static str]>,
    pub(super) condition_keys: Box<[&'static str]>,
}

impl ResourceType {
    /// The name in the service authorization reference, such as `bucket`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The ARNs as the reference writes them: `arn:${Partition}:s3:::${BucketName}`.
    pub fn arn_patterns(&self) -> impl Iterator<Item = &'static str> {
        self.arn_patterns.iter().copied()
    }

    /// The condition keys that such a resource brings into a request, as `aws:ResourceTag/${TagKey}`.
    #[must_use]
    pub fn condition_keys(&self) -> &[&'static str] {
        &self.condition_keys
    }

    /// Whether an ARN can be of this type, with something in place of each placeholder. In the parts before the
    /// resource a placeholder ends at the colon.
    #[must_use]
    pub fn matches(&self, arn: &str) -> bool {
        self.arn_patterns.iter().any(|pattern| arn_matches(pattern, arn))
    }
}

fn arn_matches(pattern: &str, arn: &str) -> bool {
    let (mut wanted, mut given) = (pattern.splitn(ARN_PARTS, ':'), arn.splitn(ARN_PARTS, ':'));
    let mut last = ("", "");
    for _ in 0..ARN_PARTS {
        let (Some(pattern), Some(text)) = (wanted.next(), given.next()) else { return false };
        if !glob::fills(pattern, text) {
            return false;
        }
        last = (pattern, text);
    }
    let (pattern, resource) = last;
    pattern != BUCKET || !resource.contains('/')
}
