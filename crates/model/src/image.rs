use std::sync::Arc;

use crate::Source;

/// What a scan of an image told: `ringwall scan --output json`, kept in the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedImage {
    /// The file it is in.
    pub source: Source,
    /// The image as it was named.
    pub name: Arc<str>,
    /// The digest of its manifest; none if the scan was of a folder or an SBOM.
    pub digest: Option<Arc<str>>,
    /// When it was scanned, in RFC 3339.
    pub created: Option<Arc<str>>,
    /// As of when the advisories were; none if there were none, so that nothing was compared.
    pub advisories_as_of: Option<Arc<str>>,
    /// How many packages it has.
    pub packages: usize,
    /// How many of its files could not be read.
    pub problems: usize,
    /// Vulnerabilities that count: those that VEX statements take away are left out.
    pub findings: ImageFindings,
}

/// How many vulnerabilities there are, by ECR's severities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageFindings {
    /// Critical.
    pub critical: usize,
    /// High.
    pub high: usize,
    /// Medium.
    pub medium: usize,
    /// Low.
    pub low: usize,
    /// Informational, and those that nobody has judged.
    pub other: usize,
    /// Of all these, those for which there is a version without.
    pub fixable: usize,
    /// Of all these, those that CISA lists as exploited.
    pub exploited: usize,
}
