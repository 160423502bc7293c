//! The authorization webhook: access policies, decided by the same engine that explains them.
//!
//! It never takes away what RBAC gives: it allows what an access policy allows, has no opinion on all else, and denies one thing
//! alone, to impersonate the field by which it knows people ([`PASS`]).
//!
//! Sources: AWS EKS User Guide, *Associate access policies with access entries*: policies allow only, are beside RBAC, and are not
//! applied to impersonated users; Kubernetes, *Webhook Mode* and *Authorization*, "Using a file for authorization configuration".

mod pass;
pub(crate) mod review;

use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use ringwall_model::AccessScope;
use ringwall_rbac::Target;
use ringwall_rbac::entry::{GrantedPolicy, decide_by_policies};
use ringwall_server::{Labels, Request, Response};

use crate::mapper::Mapper;
use crate::metrics::Metrics;
pub(crate) use pass::Passes;
pub use pass::{HOLDS, KEY_BYTES, PASS};
use pass::{Holder, Principal};
use review::{Answer, Asked};

/// Bytes of a review. Groups and selectors have some KiB.
const MAX_REVIEW_BYTES: usize = 256 * 1024;

/// Answers SubjectAccessReviews.
pub(crate) struct Access {
    pub(crate) mapper: Arc<Mapper>,
    pub(crate) passes: Arc<Passes>,
    pub(crate) metrics: Metrics,
}

impl Access {
    pub(crate) fn answer(&self, request: &Request, now: i64) -> Response {
        if request.head.method != Method::POST {
            let mut response = self.text(StatusCode::METHOD_NOT_ALLOWED, "a SubjectAccessReview is POSTed");
            response.headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            return response;
        }
        if request.body.len() > MAX_REVIEW_BYTES {
            let text = format!("a SubjectAccessReview has at most {MAX_REVIEW_BYTES} bytes");
            return self.text(StatusCode::PAYLOAD_TOO_LARGE, &text);
        }
        let asked = match Asked::read(&request.body) {
            Ok(asked) => asked,
            Err(malformed) => return self.text(StatusCode::BAD_REQUEST, &malformed.to_string()),
        };
        let (result, answer) = self.decide(&asked, now);
        self.metrics.access(result);
        let mut response = Response::new(StatusCode::OK, asked.reply(&answer).to_string());
        response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.labels = labels(result);
        response
    }

    /// The answer, and what it is counted as.
    fn decide(&self, asked: &Asked, now: i64) -> (&'static str, Answer) {
        if asked.impersonates_extra(PASS) {
            return (
                "denied",
                Answer::Denied(format!(
                    "nobody may impersonate `{PASS}`: it is given by authentication alone"
                )),
            );
        }
        let mut passes = asked.extra(PASS);
        let pass = match (passes.next(), passes.next()) {
            (None, _) => return ("no_pass", Answer::NoOpinion(None)),
            (Some(pass), None) => pass,
            (Some(_), Some(_)) => {
                return ("bad_pass", Answer::NoOpinion(Some("there are several access passes".to_owned())));
            }
        };
        let holder = Holder { username: &asked.user, uid: &asked.uid, groups: &asked.groups };
        let principal = match self.passes.verify(pass, holder, now) {
            Ok(principal) => principal,
            Err(bad) => return ("bad_pass", Answer::NoOpinion(Some(bad.to_string()))),
        };
        let policies = match self.mapper.policies(&principal.arn, Some(&principal.unique_id)) {
            Ok(policies) => policies,
            Err(refusal) => return ("not_known", Answer::NoOpinion(Some(refusal.to_string()))),
        };
        match asked.target() {
            Some((verb, target)) => by_policies(&policies, &principal, verb, &target),
            None => ("no_opinion", Answer::NoOpinion(None)),
        }
    }

    fn text(&self, status: StatusCode, text: &str) -> Response {
        self.metrics.access("malformed_request");
        let mut response = Response::text(status, &format!("{text}\n"));
        response.labels = labels("malformed_request");
        response
    }
}

fn labels(result: &'static str) -> Labels {
    let code = if matches!(result, "malformed_request" | "bad_pass" | "not_known") { result } else { "" };
    Labels { service: "authn".into(), operation: "SubjectAccessReview".into(), code: code.into() }
}

fn by_policies(
    policies: &[GrantedPolicy],
    principal: &Principal,
    verb: &str,
    target: &Target<'_>,
) -> (&'static str, Answer) {
    let decision = decide_by_policies(policies, verb, target);
    if decision.is_allowed() {
        let allowing = policies.iter().find(|policy| policy.decide(verb, target).is_allowed());
        let reason = allowing.map(|policy| reason(policy, &principal.unique_id, target));
        return ("allowed", Answer::Allowed(reason.unwrap_or_default()));
    }
    // What can't be told does not allow; it is said, since somebody expects it to.
    let unknown = (!decision.not_evaluated.is_empty()).then(|| decision.not_evaluated.join("; "));
    (if unknown.is_some() { "unknown" } else { "no_opinion" }, Answer::NoOpinion(unknown))
}

/// The reason, in EKS's words as audit events of its clusters show them; those for namespaces are formed after RBAC's own.
///
/// Sources: an audit event of EKS that is publicly documented, for the whole cluster; Kubernetes v1.37.2,
/// `plugin/pkg/auth/authorizer/rbac`, for how a RoleBinding is told.
fn reason(policy: &GrantedPolicy, unique_id: &str, target: &Target<'_>) -> String {
    let GrantedPolicy { arn, principal, scope, .. } = policy;
    let binding = match scope {
        AccessScope::Cluster => format!("ClusterRoleBinding \"{principal}+{arn}\""),
        AccessScope::Namespaces(_) | AccessScope::Unknown(_) => {
            let namespace = match *target {
                Target::Resource { group: "", resource: "namespaces", name, namespace: "", .. } => name,
                _ => target.namespace(),
            };
            format!("RoleBinding \"{principal}+{arn}/{namespace}\"")
        }
    };
    format!("EKS Access Policy: allowed by {binding} of ClusterRole \"{arn}\" to User \"{unique_id}\"")
}
