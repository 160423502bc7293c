//! What of a request's body baselines look at.

use crate::act::Act;
use crate::body::{AccessReview, Workload, Written, read};

/// Most images of one workload that count: pods have a few.
const MAX_IMAGES: usize = 8;

/// Whether an act makes or changes a workload itself, rather than its status or its scale.
pub(crate) fn deploys(act: &Act<'_>) -> bool {
    act.verb.makes()
        && Workload::is(act.group, act.resource)
        && matches!(act.subresource, "" | "ephemeralcontainers")
}

/// The images that an act deploys, each once.
pub(crate) fn images(act: &Act<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if !deploys(act) {
        return found;
    }
    for piece in Written::of(act).pieces() {
        let Some(workload) = Workload::read(act.resource, piece) else { continue };
        for container in workload.spec.all_containers() {
            let image = container.image.text();
            let is_known = found.iter().any(|known| known == image);
            if !image.is_empty() && !is_known && found.len() < MAX_IMAGES {
                found.push(image.to_owned());
            }
        }
    }
    found
}

/// An image without its tag and digest.
///
/// Source: Open Container Initiative, *Distribution Specification*; a colon before the last slash is a registry's port.
pub(crate) fn repository(image: &str) -> &str {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    match named.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => named,
    }
}

/// A permission that was asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) verb: String,
    /// With the subresource: `pods/exec`; nothing if it is about a path.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    /// The answer, if that is recorded.
    pub(crate) allowed: Option<bool>,
}

/// The permission that an act asks about; `None` if it asks about none, or that is not recorded.
pub(crate) fn asked(act: &Act<'_>) -> Option<Asked> {
    if act.resource != "selfsubjectaccessreviews" {
        return None;
    }
    let sent: AccessReview<'_> = act.event.request_object.json().and_then(read)?;
    let answer: Option<AccessReview<'_>> = act.event.response_object.json().and_then(read);
    let allowed = answer.and_then(|review| review.status.get()?.allowed.get().copied());
    let spec = sent.spec.get()?;
    let Some(asked) = spec.resource.get() else { return Some(Asked::default()) };
    let resource = match asked.subresource.text() {
        "" => asked.resource.text().to_owned(),
        part => format!("{}/{part}", asked.resource.text()),
    };
    let [verb, namespace] = [&asked.verb, &asked.namespace].map(|text| text.text().to_owned());
    Some(Asked { verb, resource, namespace, allowed })
}
