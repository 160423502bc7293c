use serde::{Deserialize, Serialize};

/// A replication of what was there before the rules: asked for by the control API, done by the replicating worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// Region of the destination.
    pub region: String,
    /// Account of the destination.
    pub registry: String,
    /// How far it is.
    pub status: BackfillStatus,
    /// Why all of it failed.
    #[serde(default)]
    pub failure: Option<String>,
    /// Images to replicate; `None` until they are counted.
    #[serde(default)]
    pub total: Option<u32>,
    /// Images that were replicated.
    #[serde(default)]
    pub completed: u32,
    /// Images that could not be.
    #[serde(default)]
    pub failed: u32,
    /// What came of each image, at most as many as fit into a record.
    #[serde(default)]
    pub results: Vec<BackfillResult>,
    /// Milliseconds since 1970.
    pub started: i64,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub ended: Option<i64>,
}

/// What came of one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillResult {
    /// Repository.
    pub repository: String,
    /// Digest.
    pub digest: String,
    /// Why it could not be replicated.
    #[serde(default)]
    pub failure: Option<String>,
}

/// How far a backfill is.
///
/// Source: AWS, *Amazon ECR API Reference*, `ReplicationBackfillStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BackfillStatus {
    /// The images are being counted.
    Preparing,
    /// Images are being sent.
    InProgress,
    /// All were tried.
    Complete,
    /// None could be tried.
    Failed,
    /// No further image is begun.
    Stopping,
    /// It was stopped.
    Stopped,
}

impl BackfillStatus {
    /// As the API has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Preparing => "PREPARING",
            Self::InProgress => "IN_PROGRESS",
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
        }
    }

    /// Whether nothing more will come of it.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Stopped)
    }
}
