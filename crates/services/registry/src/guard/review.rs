//! The images of a pod that an apiserver asks about.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Largest review that is read. An apiserver takes objects of 3 MiB at most (`MaxRequestBodyBytes`); a review of an update
/// holds the object, the old one, and a little more.
pub(super) const MAX_REVIEW_BYTES: usize = 8 << 20;
/// Most different images of a pod: each is asked of a registry within the time of the review.
const MAX_IMAGES: usize = 64;
/// The versions that an apiserver may send; the answer is in the same one.
const VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];
/// Where a pod has containers. Source: Kubernetes API, *PodSpec*.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// What a review is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodImages {
    pub(super) api_version: &'static str,
    pub(super) uid: String,
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name, or how it begins.
    pub pod: String,
    /// The images of all its containers that it did not have before, each once.
    pub images: Vec<String>,
}

/// Why a review can't be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// It is larger than what is read.
    #[error("the review is larger than {MAX_REVIEW_BYTES} bytes")]
    TooLarge,
    /// It is no JSON.
    #[error("the review is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is missing or of another type.
    #[error("`{path}` is not {expected}")]
    Field {
        /// Where, as `request.object`.
        path: &'static str,
        /// `an object`, …
        expected: &'static str,
    },
    /// The pod has more images than are looked at.
    #[error("the pod has more than {MAX_IMAGES} different images")]
    TooMany,
}

impl PodImages {
    /// Reads a review in JSON: of a pod that is created, changed, or given an ephemeral container. Any other kind of object has
    /// no images here, and is not asked about.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(text: &[u8]) -> Result<Self, ReviewError> {
        if text.len() > MAX_REVIEW_BYTES {
            return Err(ReviewError::TooLarge);
        }
        let review: Value = serde_json::from_slice(text)?;
        let wrong = |path, expected| ReviewError::Field { path, expected };
        let of =
            |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let version = of(&review, "/apiVersion").unwrap_or_default();
        let api_version = VERSIONS.into_iter().find(|known| *known == version);
        let api_version = api_version
            .filter(|_| of(&review, "/kind").as_deref() == Some("AdmissionReview"))
            .ok_or_else(|| wrong("kind", "an AdmissionReview of admission.k8s.io/v1 or v1beta1"))?;
        let request = review.get("request").and_then(Value::as_object);
        let request = request.ok_or_else(|| wrong("request", "an object"))?;
        let text = |pointer: &str| of(&review, pointer).unwrap_or_default();
        let object = request.get("object").and_then(Value::as_object);
        let object = object.ok_or_else(|| wrong("request.object", "an object"))?;
        let kind = text("/request/kind/kind");
        if !matches!(kind.as_str(), "" | "Pod") {
            return Err(wrong("request.kind", "a Pod"));
        }
        let old = match request.get("oldObject") {
            Some(Value::Object(old)) => images(old)?,
            _ => BTreeSet::new(),
        };
        // What runs already is not asked about again: a pod can be marked and ended whatever is known of its image by now.
        let new: Vec<String> = images(object)?.into_iter().filter(|image| !old.contains(image)).collect();
        if new.len() > MAX_IMAGES {
            return Err(ReviewError::TooMany);
        }
        let name = text("/request/object/metadata/name");
        let name = if name.is_empty() { text("/request/object/metadata/generateName") } else { name };
        let namespace = text("/request/namespace");
        let namespace =
            if namespace.is_empty() { text("/request/object/metadata/namespace") } else { namespace };
        Ok(Self { api_version, uid: text("/request/uid"), namespace, pod: name, images: new })
    }
}

/// The images of a pod. A container without one is refused: the rules have nothing to go by.
fn images(pod: &Map<String, Value>) -> Result<BTreeSet<String>, ReviewError> {
    let mut found = BTreeSet::new();
    let wrong = |expected| ReviewError::Field { path: "request.object.spec", expected };
    let spec = pod.get("spec").and_then(Value::as_object).ok_or_else(|| wrong("an object"))?;
    for field in CONTAINERS {
        let containers = match spec.get(field) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(containers)) => containers,
            Some(_) => return Err(wrong("of a pod: its containers are no list")),
        };
        for container in containers {
            let image = container.get("image").and_then(Value::as_str).filter(|image| !image.is_empty());
            found.insert(image.ok_or_else(|| wrong("of a pod: a container has no image"))?.to_owned());
        }
    }
    // Volumes of images are read by containers, which run what is in them. Source: Kubernetes API, *ImageVolumeSource*.
    let volumes = spec.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let of_volumes = volumes.filter_map(|volume| volume.pointer("/image/reference").and_then(Value::as_str));
    found.extend(of_volumes.filter(|image| !image.is_empty()).map(str::to_owned));
    Ok(found)
}

#[cfg(test)]
mod tests;
