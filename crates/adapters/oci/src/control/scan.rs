use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_store::{Batch, Expect, Row, Scan as Range, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Control, image_name};

/// Findings in a record: with enhanced findings of about two KiB each, a record stays below half of what the store takes.
pub const FINDINGS_A_PAGE: usize = 250;

/// A scan of an image, as far as it is. The scanner writes it; the control API asks for it with [`ScanStatus::Pending`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// How far it is.
    pub status: ScanStatus,
    /// More about the status.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether the findings are of enhanced scanning.
    #[serde(default)]
    pub enhanced: bool,
    /// When it was last asked for by the API, in milliseconds since 1970.
    #[serde(default)]
    pub requested: Option<i64>,
    /// When it was completed, in milliseconds since 1970.
    #[serde(default)]
    pub completed: Option<i64>,
    /// How old the advisories were, in milliseconds since 1970.
    #[serde(default)]
    pub source_updated: Option<i64>,
    /// Findings by severity, as the API names severities.
    #[serde(default)]
    pub counts: BTreeMap<String, u32>,
    /// How many pages of findings there are.
    #[serde(default)]
    pub pages: u32,
}

/// How far a scan is.
///
/// Source: AWS, *Amazon ECR API Reference*, `ScanStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanStatus {
    /// It runs.
    InProgress,
    /// A basic scan is done.
    Complete,
    /// It could not be done.
    Failed,
    /// It is nothing that can be scanned.
    UnsupportedImage,
    /// An enhanced scan is done, and repeated as advisories change.
    Active,
    /// It waits for the scanner.
    Pending,
    /// It is too old to be scanned again.
    ScanEligibilityExpired,
    /// Findings are not to be had for now.
    FindingsUnavailable,
    /// Too many were asked for.
    LimitExceeded,
    /// The image is archived.
    ImageArchived,
    /// The image is too large.
    ImageSizeExceeded,
}

impl ScanStatus {
    /// As the API has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
            Self::UnsupportedImage => "UNSUPPORTED_IMAGE",
            Self::Active => "ACTIVE",
            Self::Pending => "PENDING",
            Self::ScanEligibilityExpired => "SCAN_ELIGIBILITY_EXPIRED",
            Self::FindingsUnavailable => "FINDINGS_UNAVAILABLE",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::ImageArchived => "IMAGE_ARCHIVED",
            Self::ImageSizeExceeded => "IMAGE_SIZE_EXCEEDED",
        }
    }
}

impl Control {
    /// The scan of an image.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn scan(
        &self,
        account: &str,
        repository_id: &str,
        digest: &str,
    ) -> Result<Option<Arc<Row<Scan>>>, StoreError> {
        self.scans.get(account, "", &image_name(repository_id, digest)).await
    }

    /// Files what a scan found, in place of what an earlier one did: all of it is there at once.
    ///
    /// `findings` are `ImageScanFinding` or `EnhancedImageScanFinding` of the API, with times in seconds since 1970; the
    /// scan's number of pages follows from them.
    ///
    /// # Errors
    ///
    /// Those of the store; a batch of it takes some 250,000 findings.
    pub async fn put_scan(
        &self,
        account: &str,
        repository_id: &str,
        digest: &str,
        mut scan: Scan,
        findings: &[Value],
    ) -> Result<(), StoreError> {
        let name = image_name(repository_id, digest);
        let before = self.scans.get(account, "", &name).await?.map_or(0, |row| row.value.pages);
        let mut batch = Batch::new();
        let mut pages = 0;
        for page in findings.chunks(FINDINGS_A_PAGE) {
            let at = page_name(&name, pages);
            self.findings.put(&mut batch, account, "", &at, &page.to_vec(), Expect::Any);
            pages += 1;
        }
        for page in pages..before {
            self.findings.delete(&mut batch, account, "", &page_name(&name, page), Expect::Any);
        }
        scan.pages = pages;
        self.scans.put(&mut batch, account, "", &name, &scan, Expect::Any);
        self.store.commit(batch).await?;
        Ok(())
    }

    /// A page of what a scan found.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn findings(
        &self,
        account: &str,
        repository_id: &str,
        digest: &str,
        page: u32,
    ) -> Result<Vec<Value>, StoreError> {
        let name = page_name(&image_name(repository_id, digest), page);
        Ok(self.findings.get(account, "", &name).await?.map(|row| row.value.clone()).unwrap_or_default())
    }

    /// Takes away all that is told of an image: it was deleted.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn forget_image(
        &self,
        account: &str,
        repository_id: &str,
        digest: &str,
    ) -> Result<(), StoreError> {
        let name = image_name(repository_id, digest);
        let pages = self.scans.get(account, "", &name).await?.map_or(0, |row| row.value.pages);
        let mut batch = Batch::new();
        for page in 0..pages {
            self.findings.delete(&mut batch, account, "", &page_name(&name, page), Expect::Any);
        }
        self.scans.delete(&mut batch, account, "", &name, Expect::Any);
        self.images.delete(&mut batch, account, "", &name, Expect::Any);
        self.store.commit(batch).await?;
        Ok(())
    }

    /// Takes away all that is told of a repository's images: it was deleted.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn forget_repository(&self, account: &str, repository_id: &str) -> Result<(), StoreError> {
        let prefix = image_name(repository_id, "");
        loop {
            let range = Range { prefix: &prefix, ..Range::default() };
            let scans = self.scans.scan(account, "", range).await?;
            let states = self.images.scan(account, "", Range { prefix: &prefix, ..Range::default() }).await?;
            if scans.is_empty() && states.is_empty() {
                break;
            }
            let names =
                scans.iter().map(|row| &row.place.name).chain(states.iter().map(|row| &row.place.name));
            for name in names {
                if let Some(digest) = name.strip_prefix(&prefix) {
                    self.forget_image(account, repository_id, digest).await?;
                }
            }
        }
        let mut batch = Batch::new();
        self.previews.delete(&mut batch, account, "", repository_id, Expect::Any);
        self.store.commit(batch).await?;
        Ok(())
    }
}

fn page_name(image: &str, page: u32) -> String {
    format!("{image}#{page:05}")
}
