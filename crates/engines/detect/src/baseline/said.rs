//! What of a request's body baselines look at.

use crate::act::Act;
use crate::audit::Body;
use crate::field::{Field, Text};
use crate::object::object;

/// Most images of one workload that count: pods have a few.
const MAX_IMAGES: usize = 8;

object! {
    struct Workload {
        "spec" => spec: Field<Spec<'a>>,
    }

    struct Spec {
        "containers" => containers: Field<Vec<Container<'a>>>,
        "initContainers" => init: Field<Vec<Container<'a>>>,
        "ephemeralContainers" => ephemeral: Field<Vec<Container<'a>>>,
        "template" => template: Field<Template<'a>>,
        "jobTemplate" => job: Field<Job<'a>>,
    }

    struct Template {
        "spec" => spec: Field<PodSpec<'a>>,
    }

    struct Job {
        "spec" => spec: Field<JobSpec<'a>>,
    }

    struct JobSpec {
        "template" => template: Field<Template<'a>>,
    }

    struct PodSpec {
        "containers" => containers: Field<Vec<Container<'a>>>,
        "initContainers" => init: Field<Vec<Container<'a>>>,
    }

    struct Container {
        "image" => image: Field<Text<'a>>,
    }

    struct Review {
        "spec" => spec: Field<ReviewSpec<'a>>,
        "status" => status: Field<ReviewStatus<'a>>,
    }

    struct ReviewSpec {
        "resourceAttributes" => attributes: Field<Attributes<'a>>,
        "nonResourceAttributes" => path: Field<PathAttributes<'a>>,
    }

    struct Attributes {
        "verb" => verb: Field<Text<'a>>,
        "group" => group: Field<Text<'a>>,
        "resource" => resource: Field<Text<'a>>,
        "subresource" => subresource: Field<Text<'a>>,
        "namespace" => namespace: Field<Text<'a>>,
    }

    struct PathAttributes {
        "verb" => verb: Field<Text<'a>>,
        "path" => path: Field<Text<'a>>,
    }

    struct ReviewStatus {
        "allowed" => allowed: Field<bool>,
    }
}

/// Resources that have pods or templates of them.
pub(crate) fn is_workload(resource: &str) -> bool {
    matches!(
        resource,
        "pods"
            | "deployments"
            | "daemonsets"
            | "statefulsets"
            | "replicasets"
            | "replicationcontrollers"
            | "jobs"
            | "cronjobs"
    )
}

/// Whether an act makes or changes a workload itself, rather than its status or its scale.
pub(crate) fn deploys(act: &Act<'_>) -> bool {
    act.verb.makes() && is_workload(act.resource) && matches!(act.subresource, "" | "ephemeralcontainers")
}

/// A permission that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) verb: String,
    pub(crate) group: String,
    /// With the subresource: `pods/exec`; of no resource the path.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    /// The answer, if that is recorded.
    pub(crate) allowed: Option<bool>,
}

/// The images that an act deploys, each once.
pub(crate) fn images(act: &Act<'_>) -> Vec<String> {
    if !deploys(act) {
        return Vec::new();
    }
    let of = |body: &Body<'_>| body.read::<Workload<'_>>().map(of_workload).unwrap_or_default();
    let sent = of(&act.event.request_object);
    // A patch without images changes something else, unless it is a form that has no members: a list of operations.
    let is_list = act.event.request_object.json().is_some_and(|json| json.starts_with('['));
    if sent.is_empty() && is_list { of(&act.event.response_object) } else { sent }
}

fn of_workload(workload: Workload<'_>) -> Vec<String> {
    let Field::Is(spec) = workload.spec else { return Vec::new() };
    let job = match spec.job {
        Field::Is(Job { spec: Field::Is(spec), .. }) => spec.template,
        _ => Field::Absent,
    };
    let templated = [spec.template, job].into_iter().filter_map(|template| match template {
        Field::Is(Template { spec: Field::Is(spec), .. }) => Some([spec.containers, spec.init]),
        _ => None,
    });
    let lists = [spec.containers, spec.init, spec.ephemeral].into_iter().chain(templated.flatten());
    let mut found: Vec<String> = Vec::new();
    for list in lists {
        for container in list.items() {
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

/// The permission that an act asks about; `None` if it asks about none, or that is not recorded.
pub(crate) fn asked(act: &Act<'_>) -> Option<Asked> {
    if act.resource != "selfsubjectaccessreviews" {
        return None;
    }
    let sent = act.event.request_object.read::<Review<'_>>()?;
    let answer = act.event.response_object.read::<Review<'_>>();
    let allowed = answer.and_then(|review| review.status.get()?.allowed.get().copied());
    let Field::Is(spec) = sent.spec else { return None };
    let own = |text: &Field<Text<'_>>| text.text().to_owned();
    if let Field::Is(asked) = spec.attributes {
        let resource = match asked.subresource.text() {
            "" => asked.resource.text().to_owned(),
            part => format!("{}/{part}", asked.resource.text()),
        };
        return Some(Asked {
            verb: own(&asked.verb),
            group: own(&asked.group),
            resource,
            namespace: own(&asked.namespace),
            allowed,
        });
    }
    let Field::Is(path) = spec.path else { return None };
    Some(Asked {
        verb: own(&path.verb),
        group: String::new(),
        resource: own(&path.path),
        namespace: String::new(),
        allowed,
    })
}
