//! What answers the apiserver.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use ringwall_server::{Handler, Head, Labels, Request, Response};

use super::accounts::{Accounts, Annotations};
use super::answer;
use super::clock::budget;
use super::config_map::ConfigMapSource;
use super::members::Members;
use super::metrics::Metrics;
use super::settings::{Lookup, OnLookupFailure, Settings};
use super::tasks::Tasks;
use crate::mutate::{
    ConfigMapRoles, Facts, JITTERED_TOKEN_EXPIRATION, Mutation, Reason, Review, ReviewError, mutate,
};

/// Where an apiserver sends its reviews, as the existing webhook has it.
const PATH: &str = "/mutate";

/// Where it sends those of pods that the cluster can't do without: one whose service account can't be read is let through,
/// whatever the settings say, so that no cluster locks itself out.
const BEST_EFFORT_PATH: &str = "/mutate/best-effort";

/// Answers AdmissionReviews of pods. See [`super::start`].
pub struct Webhook {
    settings: Settings,
    accounts: Arc<dyn Accounts>,
    config_map: Option<ConfigMapSource>,
    members: Members,
    metrics: Metrics,
    _tasks: Tasks,
}

/// Why a pod gets no answer from what is known.
struct Unknown(String);

impl Webhook {
    pub(super) fn new(
        settings: Settings,
        accounts: Arc<dyn Accounts>,
        config_map: Option<ConfigMapSource>,
        members: Members,
        metrics: Metrics,
        tasks: Tasks,
    ) -> Self {
        Self { settings, accounts, config_map, members, metrics, _tasks: tasks }
    }

    /// What it waits for before it answers from memory; `None` if it does. It answers meanwhile too, by asking the apiserver.
    pub fn waits_for(&self) -> Option<String> {
        self.accounts
            .waits_for()
            .or_else(|| self.members.waits_for())
            .or_else(|| self.config_map.as_ref().and_then(ConfigMapSource::waits_for))
    }

    /// Whether the caller may ask: by its certificate, or if none is demanded from this machine.
    fn knows(&self, head: &Head) -> bool {
        if self.settings.client_names.is_empty() {
            return head.peer.ip().to_canonical().is_loopback();
        }
        head.shows_name_of(&self.settings.client_names)
    }

    async fn review(&self, head: &Head, body: &[u8]) -> Response {
        let deadline = Instant::now() + budget(head.query.as_deref());
        let review = match Review::parse(body) {
            Ok(review) => review,
            Err(error) => return self.unread(&error),
        };
        let mutation = match self.decide(&review, deadline).await {
            Ok(Ok(mutation)) => mutation,
            Ok(Err(error)) => return self.unread(&error),
            Err(Unknown(why)) => {
                let (pod, namespace) = (review.pod_name(), &review.namespace);
                let account = &review.service_account;
                tracing::warn!(namespace, account, pod, why, "a pod's identity is not known");
                let best_effort = head.path == BEST_EFFORT_PATH;
                if self.settings.on_lookup_failure == OnLookupFailure::Deny && !best_effort {
                    self.metrics.review("denied");
                    return labelled(answer::deny(&review, &why), "Unknown");
                }
                Mutation::default()
            }
        };
        self.metrics.review(mutation.method.map_or("left_alone", |method| method.name()));
        log(&review, &mutation);
        labelled(answer::admit(&review, &mutation), "")
    }

    /// The apiserver counts 400 as a webhook that failed, and does what its configuration says then.
    fn unread(&self, error: &ReviewError) -> Response {
        tracing::warn!(%error, "a review is refused");
        self.metrics.review("unread");
        labelled(Response::text(StatusCode::BAD_REQUEST, &format!("{error}\n")), "Malformed")
    }

    async fn decide(
        &self,
        review: &Review,
        deadline: Instant,
    ) -> Result<Result<Mutation, ReviewError>, Unknown> {
        let no_roles = ConfigMapRoles::default();
        let mut facts = Facts { config_map: &no_roles, ..Facts::default() };
        // What is left alone anyhow needs no look-up.
        if review.exempt().is_some() {
            return Ok(mutate(review, &facts, &self.settings.mutate));
        }
        let (namespace, name) = (review.namespace.as_str(), review.service_account.as_str());
        let left = || deadline.saturating_duration_since(Instant::now());
        facts.pod_identity = self.members.contains(namespace, name, left()).await.map_err(Unknown)?;
        let roles = match &self.config_map {
            None => None,
            Some(source) => match source.get(left()).await {
                Some(roles) => Some(roles),
                // Of a pod with an association it only tells the token's lifetime.
                None if facts.pod_identity => None,
                None => return Err(Unknown(String::from("the ConfigMap is not known yet"))),
            },
        };
        if let Some(roles) = &roles {
            facts.config_map = roles;
        }
        let annotations = match self.account(namespace, name, left()).await {
            Ok(annotations) => annotations,
            // The same: the agent gives the credentials, whatever the annotations say.
            Err(_) if facts.pod_identity => None,
            Err(unknown) => return Err(unknown),
        };
        facts.annotations = annotations.as_deref();
        facts.pod_identity_expiration = draw();
        Ok(mutate(review, &facts, &self.settings.mutate))
    }

    /// A service account's annotations; `None` if there is no such service account.
    async fn account(
        &self,
        namespace: &str,
        name: &str,
        within: Duration,
    ) -> Result<Option<Annotations>, Unknown> {
        let known = self.accounts.known(namespace, name);
        if known.annotations.is_some() && known.fresh && self.settings.lookup == Lookup::Unknown {
            self.metrics.lookup("cached");
            return Ok(known.annotations);
        }
        let grace = self.settings.lookup_grace_period;
        let within = if grace.is_zero() { within } else { within.min(grace) };
        match self.accounts.read(namespace, name, within).await {
            Ok(found) => {
                self.metrics.lookup(if found.is_some() { "read" } else { "missing" });
                Ok(found)
            }
            Err(error) if known.annotations.is_some() => {
                tracing::warn!(namespace, name, %error, "a service account counts as it was known last");
                self.metrics.lookup("last_known");
                Ok(known.annotations)
            }
            Err(error) => {
                self.metrics.lookup("failed");
                Err(Unknown(error.to_string()))
            }
        }
    }
}

impl Handler for Webhook {
    async fn handle(&self, request: Request) -> Response {
        let head = &request.head;
        if !self.knows(head) {
            tracing::warn!(peer = %head.peer, "a caller without a known certificate is refused");
            let text = "a client certificate with a name that the settings know is needed\n";
            return labelled(Response::text(StatusCode::FORBIDDEN, text), "Forbidden");
        }
        if head.path != PATH && head.path != BEST_EFFORT_PATH {
            return labelled(Response::text(StatusCode::NOT_FOUND, "reviews go to /mutate\n"), "NotFound");
        }
        if head.method != Method::POST {
            let answer = Response::text(StatusCode::METHOD_NOT_ALLOWED, "reviews are sent by POST\n");
            return labelled(answer, "Method");
        }
        let content_type = head.header("content-type").unwrap_or_default();
        if content_type.split(';').next().map(str::trim) != Some("application/json") {
            let text = "invalid Content-Type, expected `application/json`\n";
            return labelled(Response::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text), "ContentType");
        }
        self.review(head, &request.body).await
    }
}

fn labelled(mut response: Response, code: &'static str) -> Response {
    response.labels =
        Labels { service: "pods".into(), operation: "Mutate".into(), code: Cow::Borrowed(code) };
    response
}

fn log(review: &Review, mutation: &Mutation) {
    let (namespace, account, pod) = (&review.namespace, &review.service_account, review.pod_name());
    let method = mutation.method.map_or("none", |method| method.name());
    let why = || mutation.reasons.iter().map(Reason::to_string).collect::<Vec<_>>().join("; ");
    if mutation.reasons.iter().any(Reason::is_warning) {
        tracing::warn!(namespace, account, pod, method, why = why(), "reviewed");
    } else if mutation.method.is_some() {
        tracing::info!(namespace, account, pod, method, "reviewed");
    } else {
        tracing::debug!(namespace, account, pod, method, why = why(), "reviewed");
    }
}

/// The lifetime of a token that nobody names one for, in seconds.
fn draw() -> i64 {
    let (least, most) = JITTERED_TOKEN_EXPIRATION.into_inner();
    let mut bytes = [0_u8; 4];
    // Without randomness the longest will do: nothing but the load on STS rests on it.
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => least + i64::from(u32::from_le_bytes(bytes)) % (most - least + 1),
        Err(_) => most,
    }
}

#[cfg(test)]
mod tests;
