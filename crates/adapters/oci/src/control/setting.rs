//! Names of [`Repository::settings`](crate::Repository::settings), as ECR's API has them where it has them.

/// `MUTABLE`, `IMMUTABLE`, `IMMUTABLE_WITH_EXCLUSION` or `MUTABLE_WITH_EXCLUSION`.
pub const MUTABILITY: &str = "imageTagMutability";

/// `ImageTagMutabilityExclusionFilters` of the API.
pub const EXCLUSION_FILTERS: &str = "imageTagMutabilityExclusionFilters";

/// `ImageScanningConfiguration` of the API: an object with `scanOnPush`.
pub const SCANNING: &str = "imageScanningConfiguration";

/// `EncryptionConfiguration` of the API.
pub const ENCRYPTION: &str = "encryptionConfiguration";

/// The repository policy, as the control API files policies: an object with the text as `document`, and `pins`.
pub const POLICY: &str = "repositoryPolicy";

/// The lifecycle policy's text.
pub const LIFECYCLE: &str = "lifecyclePolicy";

/// When the lifecycle policy was last carried out, in milliseconds since 1970.
pub const LIFECYCLE_EVALUATED: &str = "lifecyclePolicyEvaluatedAt";

/// An object of the tags' names and values.
pub const TAGS: &str = "tags";

/// The region in which it was made.
pub const REGION: &str = "region";
