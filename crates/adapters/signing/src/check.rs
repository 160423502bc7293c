//! All of an image's signatures at once.

use crate::claim::Claim;
use crate::collect::{Collected, collect};
use crate::digest::ImageDigest;
use crate::error::{Refusal, SourceError};
use crate::source::Source;
use crate::trust::Trust;
use crate::verify::{Accepted, Image, verify};

/// What came of one signature.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Where it stands.
    pub place: String,
    /// Whether it counts, or why not.
    pub verdict: Result<Accepted, Refusal>,
}

/// What is known of an image by what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The image.
    pub digest: ImageDigest,
    /// Its signatures and attestations, in the order in which they were found.
    pub checked: Vec<Checked>,
    /// Places that hold something which is no signature although it should be one.
    pub problems: Vec<String>,
}

impl Report {
    /// The signatures that count.
    pub fn signatures(&self) -> impl Iterator<Item = &Accepted> {
        self.accepted().filter(|accepted| matches!(accepted.claim, Claim::Signature { .. }))
    }

    /// The attestations of a kind that count.
    pub fn attestations<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Accepted> {
        self.accepted().filter(move |accepted| {
            matches!(&accepted.claim, Claim::Attestation { predicate_type, .. } if predicate_type == kind)
        })
    }

    fn accepted(&self) -> impl Iterator<Item = &Accepted> {
        self.checked.iter().filter_map(|checked| checked.verdict.as_ref().ok())
    }

    /// The one reason why nothing counts, in words.
    pub fn why_unsigned(&self) -> String {
        let mut refusals = self.checked.iter().filter_map(|checked| checked.verdict.as_ref().err());
        match (refusals.next(), refusals.count()) {
            (None, _) if self.checked.is_empty() => "it has no signature".to_owned(),
            (None, _) => "it has attestations, and no signature".to_owned(),
            (Some(one), 0) => format!("it has a signature that doesn't count: {one}"),
            (Some(first), more) => {
                format!("it has {} signatures that don't count, the first of them: {first}", more + 1)
            }
        }
    }
}

/// Finds an image by tag or digest, and checks whatever stands beside it.
///
/// # Errors
///
/// The source doesn't answer, or has no such image.
pub async fn check<S: Source>(source: &S, reference: &str, trust: &Trust) -> Result<Report, SourceError> {
    let manifest =
        source.manifest(reference).await?.ok_or_else(|| SourceError::Missing(reference.to_owned()))?;
    let image = Image { digest: manifest.digest, manifest: manifest.bytes };
    let Collected { found, problems } = collect(source, &image.digest).await?;
    let checked = found
        .iter()
        .map(|found| Checked { place: found.place.clone(), verdict: verify(found, &image, trust) })
        .collect();
    Ok(Report { digest: image.digest, checked, problems })
}
