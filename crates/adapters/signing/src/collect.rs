//! What stands beside an image: signatures and attestations, in the forms in which they are kept.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::bundle::MEDIA_TYPES as BUNDLES;
use crate::claim::{MAX_ENVELOPE_BYTES, MAX_PAYLOAD_BYTES};
use crate::digest::ImageDigest;
use crate::error::SourceError;
use crate::source::{Manifest, Source};
use crate::verify::{Annotations, Form, Found};

/// Most signatures of an image that are looked at: a pipeline that signs anew each day takes some months to it.
const MAX_FOUND: usize = 256;
/// Most bytes of them together: what is held in memory at once.
const MAX_FOUND_BYTES: usize = 64 << 20;

/// Sources: cosign, `specs/SIGNATURE_SPEC.md` and `specs/ATTESTATION_SPEC.md`.
pub(crate) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
/// What cosign writes as referrers. Source: cosign, `pkg/oci/remote/write.go`.
const SIGNATURES: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const ATTESTATIONS: &str = "application/vnd.dev.cosign.artifact.att.v1+json";

/// What stood beside an image, and what of it could not be taken.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Signatures and attestations.
    pub found: Vec<Found>,
    /// Places that hold something which is no signature although it should be one.
    pub problems: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureManifest {
    #[serde(default)]
    layers: Vec<Layer>,
    artifact_type: Option<String>,
    config: Option<Config>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    media_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Reads all signatures and attestations of an image: those of cosign's tags, and its referrers.
///
/// # Errors
///
/// The source doesn't answer, or there is more than is looked at. A signature that is broken ends nothing: it is told.
pub async fn collect<S: Source>(source: &S, image: &ImageDigest) -> Result<Collected, SourceError> {
    let mut collected = Collected::default();
    let mut bytes = 0;
    for ending in [".sig", ".att"] {
        let tag = image.tag(ending);
        if let Some(manifest) = source.manifest(&tag).await? {
            layers(source, &tag, &manifest, &mut collected, &mut bytes).await?;
        }
    }
    for referrer in source.referrers(image).await? {
        let place = referrer.digest.to_string();
        // A list of referrers need not tell their types, so that what is untyped is looked at.
        let kind = referrer.artifact_type.as_str();
        if !kind.is_empty() && !is_signature(kind) {
            continue;
        }
        match source.manifest(&place).await? {
            Some(manifest) => layers(source, &place, &manifest, &mut collected, &mut bytes).await?,
            None => collected.problems.push(format!("{place}: it is listed as a referrer, and is missing")),
        }
    }
    Ok(collected)
}

fn is_signature(kind: &str) -> bool {
    kind == SIGNATURES || kind == ATTESTATIONS || BUNDLES.contains(&kind)
}

async fn layers<S: Source>(
    source: &S,
    place: &str,
    manifest: &Manifest,
    collected: &mut Collected,
    total: &mut usize,
) -> Result<(), SourceError> {
    let read: SignatureManifest = match serde_json::from_slice(&manifest.bytes) {
        Ok(read) => read,
        Err(error) => {
            collected.problems.push(format!("{place}: its manifest can't be read: {error}"));
            return Ok(());
        }
    };
    let SignatureManifest { layers, artifact_type, config } = read;
    let named = artifact_type.or(config.map(|config| config.media_type)).unwrap_or_default();
    for layer in layers {
        let kind = layer.media_type.as_str();
        let is_bundle = BUNDLES.contains(&kind);
        if kind != SIMPLE_SIGNING && kind != DSSE && !is_bundle {
            if is_signature(&named) {
                collected
                    .problems
                    .push(format!("{place}: `{}` is no form of a signature", crate::claim::shown(kind)));
            }
            continue;
        }
        if collected.found.len() == MAX_FOUND {
            return Err(SourceError::TooMany { what: "signatures", limit: MAX_FOUND });
        }
        let Ok(digest) = layer.digest.parse::<ImageDigest>() else {
            collected.problems.push(format!("{place}: the digest of a signature is none"));
            continue;
        };
        let limit = if kind == SIMPLE_SIGNING { MAX_PAYLOAD_BYTES } else { MAX_ENVELOPE_BYTES };
        let limit = limit.min(MAX_FOUND_BYTES.saturating_sub(*total));
        let blob = source.blob(&digest, limit).await?;
        *total += blob.len();
        let annotations = annotations(layer.annotations);
        let form = match kind {
            SIMPLE_SIGNING => Form::Simple { payload: blob, annotations },
            DSSE => Form::Envelope { envelope: blob, annotations },
            _ => Form::Bundle(blob),
        };
        collected.found.push(Found { place: place.to_owned(), form });
    }
    Ok(())
}

fn annotations(mut all: BTreeMap<String, String>) -> Annotations {
    let mut take = |name: &str| all.remove(name);
    Annotations {
        signature: take("dev.cosignproject.cosign/signature").unwrap_or_default(),
        certificate: take("dev.sigstore.cosign/certificate"),
        chain: take("dev.sigstore.cosign/chain"),
        entry: take("dev.sigstore.cosign/bundle"),
        timestamp: take("dev.sigstore.cosign/rfc3161timestamp"),
    }
}
