//! SubjectAccessReviews, of both versions.
//!
//! Source: Kubernetes API Reference, *SubjectAccessReview v1 authorization.k8s.io*; v1beta1 calls `groups` `group`.

use std::collections::BTreeMap;

use ringwall_rbac::Target;
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// Why a body is no SubjectAccessReview.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the body is empty where a SubjectAccessReview is needed")]
    Empty,
    #[error("the body is no SubjectAccessReview: {0}")]
    NotJson(#[source] serde_json::Error),
    #[error(
        "the body is of a kind or version other than SubjectAccessReview of authorization.k8s.io/v1 or v1beta1"
    )]
    OtherKind,
    #[error("the SubjectAccessReview has to be about either a resource or a path")]
    Target,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    api_version: String,
    kind: String,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    resource_attributes: Option<Resource>,
    #[serde(default)]
    non_resource_attributes: Option<NonResource>,
    #[serde(default)]
    user: String,
    #[serde(default)]
    groups: Option<Vec<String>>,
    #[serde(default)]
    group: Option<Vec<String>>,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    extra: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resource {
    namespace: String,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NonResource {
    path: String,
    verb: String,
}

#[derive(Debug)]
enum About {
    Resource(Resource),
    Path(NonResource),
}

/// What a review asks.
#[derive(Debug)]
pub(crate) struct Asked {
    api_version: &'static str,
    about: About,
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    pub(crate) uid: String,
    extra: BTreeMap<String, Vec<String>>,
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Yes, with the reason.
    Allowed(String),
    /// No, whatever other authorizers say, with the reason.
    Denied(String),
    /// Others decide. What could not be evaluated is told.
    NoOpinion(Option<String>),
}

impl Asked {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Malformed> {
        if body.trim_ascii().is_empty() {
            return Err(Malformed::Empty);
        }
        let Wire { api_version, kind, spec } = serde_json::from_slice(body).map_err(Malformed::NotJson)?;
        let (api_version, groups) = match api_version.as_str() {
            "authorization.k8s.io/v1" => ("authorization.k8s.io/v1", spec.groups),
            "authorization.k8s.io/v1beta1" => ("authorization.k8s.io/v1beta1", spec.group),
            _ => return Err(Malformed::OtherKind),
        };
        if kind != "SubjectAccessReview" {
            return Err(Malformed::OtherKind);
        }
        let about = match (spec.resource_attributes, spec.non_resource_attributes) {
            (Some(resource), None) => About::Resource(resource),
            (None, Some(path)) => About::Path(path),
            _ => return Err(Malformed::Target),
        };
        Ok(Self {
            api_version,
            about,
            user: spec.user,
            groups: groups.unwrap_or_default(),
            uid: spec.uid,
            extra: spec.extra.unwrap_or_default(),
        })
    }

    /// The verb, and what it is asked on; `None` if that is no question.
    pub(crate) fn target(&self) -> Option<(&str, Target<'_>)> {
        match &self.about {
            About::Resource(Resource { namespace, verb, group, resource, subresource, name }) => {
                let target = Target::Resource { group, resource, subresource, name, namespace };
                // `*` asks for all verbs or resources at a time, which no rule but `*` answers; as an operand it means itself.
                (!verb.is_empty() && !resource.is_empty()).then_some((verb, target))
            }
            About::Path(NonResource { path, verb }) => {
                (!verb.is_empty() && !path.is_empty()).then_some((verb, Target::NonResource { path }))
            }
        }
    }

    /// The values of an extra field. Its key may have been written in any case.
    pub(crate) fn extra<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.extra.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(key));
        own.flat_map(|(_, values)| values).map(String::as_str)
    }

    /// Whether leave is asked to impersonate an extra field: any verb of impersonation, constrained ones too.
    ///
    /// Source: Kubernetes v1.37.2, `k8s.io/apiserver/pkg/endpoints/filters/impersonation`: verb `impersonate` or
    /// `impersonate:MODE`, resource `userextras`, the field's key as subresource.
    pub(crate) fn impersonates_extra(&self, key: &str) -> bool {
        let About::Resource(Resource { verb, resource, subresource, .. }) = &self.about else { return false };
        let is_verb = verb == "impersonate" || verb.starts_with("impersonate:");
        is_verb && resource == "userextras" && subresource.eq_ignore_ascii_case(key)
    }

    pub(crate) fn reply(&self, answer: &Answer) -> Json {
        let status = match answer {
            Answer::Allowed(reason) => json!({ "allowed": true, "reason": reason }),
            Answer::Denied(reason) => json!({ "allowed": false, "denied": true, "reason": reason }),
            Answer::NoOpinion(None) => json!({ "allowed": false }),
            Answer::NoOpinion(Some(unknown)) => json!({ "allowed": false, "evaluationError": unknown }),
        };
        json!({ "apiVersion": self.api_version, "kind": "SubjectAccessReview", "status": status })
    }
}
