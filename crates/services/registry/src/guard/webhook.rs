//! What answers an apiserver.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use ringwall_server::{Handler, Head, Labels, Request, Response};
use ringwall_signing::Reference;

use super::answer::answer;
use super::configuration::Configuration;
use super::images::Images;
use super::judge::{Judged, Subject, judge};
use super::review::{PodImages, ReviewError};

/// Where an apiserver sends its reviews.
const PATH: &str = "/validate";
/// The longest that one image is looked at. The manifest in `deploy/manifests/image-guard` gives the webhook a little more, so
/// that it answers with the reason, rather than the apiserver without one.
const TIME: Duration = Duration::from_secs(8);
/// Images of a pod that are looked at at once.
const AT_ONCE: usize = 8;

/// Answers AdmissionReviews of pods by the rules.
pub struct Webhook<I> {
    configuration: Configuration,
    images: I,
    /// Names in the certificates of the apiservers that are answered; none: only callers on this machine are.
    client_names: Vec<String>,
    reviews: Family<Outcome, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl<I: Images> Webhook<I> {
    /// Answers by these rules, asking `images` about images. `client_names` are names in the certificates of the apiservers;
    /// without any, callers on this machine alone are answered.
    pub fn new(
        configuration: Configuration,
        images: I,
        client_names: Vec<String>,
        registry: &mut Registry,
    ) -> Self {
        let reviews = Family::default();
        registry.sub_registry_with_prefix("ringwall_image_guard").register(
            "reviews",
            "Pods by what became of them: admitted, warned, denied or unread",
            Family::clone(&reviews),
        );
        Self { configuration, images, client_names, reviews }
    }

    fn knows(&self, head: &Head) -> bool {
        if self.client_names.is_empty() {
            return head.peer.ip().to_canonical().is_loopback();
        }
        head.shows_name_of(&self.client_names)
    }

    async fn review(&self, body: &[u8]) -> Response {
        let review = match PodImages::parse(body) {
            Ok(review) => review,
            Err(error) => return self.unread(&error),
        };
        let namespace = review.namespace.as_str();
        let judging = review.images.clone().into_iter().map(|image| async move {
            let judged = self.image(&image, namespace).await;
            (image, judged)
        });
        let judged: Vec<(String, Judged)> =
            futures_util::stream::iter(judging).buffered(AT_ONCE).collect().await;
        let refused = judged.iter().any(|(_, judged)| !judged.refused.is_empty());
        let warned = judged.iter().any(|(_, judged)| !judged.would_refuse.is_empty());
        let outcome = match (refused, warned) {
            (true, _) => "denied",
            (false, true) => "warned",
            (false, false) => "admitted",
        };
        self.count(outcome);
        let pod = &review.pod;
        for (image, Judged { refused, would_refuse, .. }) in &judged {
            for why in refused {
                tracing::warn!(namespace, pod, image, why, "an image is refused");
            }
            for why in would_refuse {
                tracing::info!(namespace, pod, image, why, "an image would be refused");
            }
        }
        labelled(answer(&review, &judged), if refused { "Denied" } else { "" })
    }

    async fn image(&self, image: &str, namespace: &str) -> Judged {
        let reference = match image.parse::<Reference>() {
            Ok(reference) => reference,
            Err(error) => return self.unknown(None, namespace, &error.to_string()),
        };
        let subject = Subject { image: &reference, namespace: Some(namespace) };
        match tokio::time::timeout(TIME, judge(&self.configuration, &self.images, subject)).await {
            Ok(judged) => judged,
            Err(_) => self.unknown(Some(&reference), namespace, "its registry did not answer in time"),
        }
    }

    /// An image that nobody can tell anything about is refused by whichever rule it might be under.
    fn unknown(&self, image: Option<&Reference>, namespace: &str, why: &str) -> Judged {
        let mut judged = Judged::default();
        for rule in &self.configuration.rules {
            if image.is_none_or(|image| rule.is_for(image, Some(namespace))) {
                judged.add(rule, format!("rule `{}`: the image can't be looked at: {why}", rule.rule.name));
            }
        }
        judged
    }

    /// The apiserver counts 400 as a webhook that failed, and does what its configuration says then.
    fn unread(&self, error: &ReviewError) -> Response {
        tracing::warn!(%error, "a review is refused");
        self.count("unread");
        labelled(Response::text(StatusCode::BAD_REQUEST, &format!("{error}\n")), "Malformed")
    }

    fn count(&self, outcome: &'static str) {
        self.reviews.get_or_create(&Outcome { outcome }).inc();
    }
}

impl<I: Images> Handler for Webhook<I> {
    async fn handle(&self, request: Request) -> Response {
        let head = &request.head;
        if !self.knows(head) {
            tracing::warn!(peer = %head.peer, "a caller without a known certificate is refused");
            let text = "a client certificate with a name that the settings know is needed\n";
            return labelled(Response::text(StatusCode::FORBIDDEN, text), "Forbidden");
        }
        if head.path != PATH {
            return labelled(Response::text(StatusCode::NOT_FOUND, "reviews go to /validate\n"), "NotFound");
        }
        if head.method != Method::POST {
            let answer = Response::text(StatusCode::METHOD_NOT_ALLOWED, "reviews are sent by POST\n");
            return labelled(answer, "Method");
        }
        self.review(&request.body).await
    }
}

fn labelled(mut response: Response, code: &'static str) -> Response {
    response.labels =
        Labels { service: "images".into(), operation: "Validate".into(), code: Cow::Borrowed(code) };
    response
}

#[cfg(test)]
mod tests;
