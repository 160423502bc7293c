use serde::{Deserialize, Serialize};

/// The name under which a record of an image is filed, by the [`id`](crate::Repository::id) of its repository: what was told of
/// an image is not told of the same image in a later repository of that name.
#[must_use]
pub fn image_name(repository_id: &str, digest: &str) -> String {
    format!("{repository_id}@{digest}")
}

/// What workers tell of an image beside its scans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageState {
    /// How far its replication is, one for each destination.
    #[serde(default)]
    pub replication: Vec<ImageReplication>,
    /// How far its signatures are, one for each profile.
    #[serde(default)]
    pub signing: Vec<ImageSigning>,
}

/// How far the replication of an image to a destination is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageReplication {
    /// Region of the destination.
    pub region: String,
    /// Account of the destination.
    pub registry: String,
    /// `IN_PROGRESS`, `COMPLETE`, `FAILED`
    pub status: String,
    /// Why it failed.
    #[serde(default)]
    pub failure: Option<String>,
}

/// How far a signature of an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSigning {
    /// ARN of the signing profile.
    pub profile: String,
    /// `IN_PROGRESS`, `COMPLETE`, `FAILED`
    pub status: String,
    /// Code of its failure.
    #[serde(default)]
    pub failure_code: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub failure_reason: Option<String>,
}

/// A preview of a lifecycle policy that was asked for. What it would do is worked out when it is read, by the function that
/// does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecyclePreview {
    /// The policy's text.
    pub text: String,
    /// When it was asked for, in milliseconds since 1970: the time that its answer is for.
    pub started: i64,
}
