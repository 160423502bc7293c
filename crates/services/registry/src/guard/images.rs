//! What can be found out about images.

use std::future::Future;

use ringwall_registry::guard::Severity;
use ringwall_signing::{ImageDigest, Reference, Report, Trust};

/// What is known of an image's scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanKnown {
    /// There is none.
    None,
    /// It failed, or can't be read: why.
    Failed(String),
    /// It is complete.
    Complete {
        /// The day of the advisories that it used, in milliseconds since 1970, if they tell.
        advisories_of: Option<i64>,
        /// The worst finding of all.
        worst: Option<Severity>,
        /// The worst finding that has a fix.
        worst_fixable: Option<Severity>,
    },
}

/// An image as its registry has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its digest, also if it was named by a tag.
    pub digest: ImageDigest,
    /// Its signatures, by what was asked to be trusted.
    pub signatures: Option<Report>,
}

/// Asks registries, and whoever scans.
pub trait Images: Send + Sync + 'static {
    /// An image, with its signatures if somebody is trusted. The error is in words.
    fn image(
        &self,
        image: &Reference,
        trust: Option<&Trust>,
    ) -> impl Future<Output = Result<Known, String>> + Send;

    /// Its scan.
    fn scan(&self, image: &Reference, digest: &ImageDigest) -> impl Future<Output = ScanKnown> + Send;

    /// The time, in milliseconds since 1970.
    fn now(&self) -> i64;
}
