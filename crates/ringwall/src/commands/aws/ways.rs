//! The ways by which whoever asks comes to AWS credentials, and whose ways lead to a principal.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_iam::inventory::{Ask, Holder, HolderKind, Inventory, Reply};
use ringwall_iam::pods::{Pods, Route, RouteKind, Taking, ask_session};
use ringwall_iam::{AwsPrincipal, InvalidRequest, Principal};
use ringwall_model::{Decision, Reason, Verdict};

use crate::error::Failure;
use crate::question::{AwsAsked, Who};

/// One way to AWS credentials.
pub(super) enum Way {
    /// Whoever asks is known to AWS.
    Itself(AwsPrincipal),
    /// Pods come to them by a route.
    Route(Box<Route>),
}

impl Way {
    /// Its name in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Itself(_) => "itself",
            Self::Route(route) => route.kind.name(),
        }
    }

    /// How it comes about, in words; empty for a principal of AWS itself.
    pub(super) fn how(&self) -> String {
        match self {
            Self::Itself(_) => String::new(),
            Self::Route(route) => format!("{} as {}", by(route.kind), route.session.arn()),
        }
    }

    /// Whether the credentials are handed out; `None` for a principal of AWS itself.
    pub(super) fn credentials(&self) -> Option<&Decision> {
        match self {
            Self::Itself(_) => None,
            Self::Route(route) => Some(&route.decision),
        }
    }

    /// Whether it is open only to whoever requests a token for the service account.
    pub(super) fn is_by_request(&self) -> bool {
        matches!(self, Self::Route(route) if route.kind == RouteKind::TokenRequest)
    }

    /// Whom AWS then sees.
    pub(super) fn principal(&self) -> &AwsPrincipal {
        match self {
            Self::Itself(principal) => principal,
            Self::Route(route) => &route.session,
        }
    }

    /// Whether whoever goes this way may do an action.
    pub(super) fn ask<'i>(
        &'i self,
        inventory: &'i Inventory<'_>,
        action: &Arc<str>,
        asked: &AwsAsked,
    ) -> Result<Reply<'i>, InvalidRequest> {
        match self {
            Self::Itself(principal) => {
                let ask = Ask {
                    principal: Principal::Aws(principal.clone()),
                    action: Arc::clone(action),
                    resource: Arc::clone(&asked.resource),
                    context: asked.context.clone(),
                };
                Ok(inventory.gather(&ask)?.reply())
            }
            Self::Route(route) => ask_session(inventory, route, action, &asked.resource, &asked.context),
        }
    }
}

/// A way in words.
fn by(kind: RouteKind) -> &'static str {
    match kind {
        RouteKind::Irsa => "by IRSA",
        RouteKind::PodIdentity => "by Pod Identity",
        RouteKind::NodeRole => "by its node's role",
        RouteKind::TokenRequest => "by a token that somebody requests for it",
    }
}

/// All ways of whoever asks, and what could not be told of them.
pub(super) fn ways(inventory: &Inventory<'_>, who: &Who) -> Result<(Vec<Way>, Vec<String>), Failure> {
    match who {
        Who::Aws(arn) => {
            let principal = AwsPrincipal::parse(&arn.to_string().into()).map_err(|error| {
                Failure::misuse_hint(error.to_string(), "as in arn:aws:iam::111122223333:role/ci-deploy")
            })?;
            Ok((vec![Way::Itself(principal)], Vec::new()))
        }
        Who::Kubernetes { user, label } => {
            let Some((namespace, name)) = user.as_service_account() else {
                return Err(Failure::misuse_hint(
                    format!("{label} is nobody whom AWS knows"),
                    "ask for an IAM principal by its ARN, or for a service account as NAMESPACE/NAME",
                ));
            };
            let pods = Pods::of(inventory);
            let ways =
                pods.routes(namespace, name).into_iter().map(|route| Way::Route(Box::new(route))).collect();
            Ok((ways, pods.gaps(namespace, name)))
        }
    }
}

/// A service account whose pods come to be a principal.
pub(super) struct Taker {
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) way: &'static str,
    /// How, in words.
    pub(super) how: &'static str,
    pub(super) possible: bool,
    pub(super) reasons: Vec<Reason>,
}

/// Service accounts with their ways to each role, by the role's ARN.
pub(super) type ByRole = BTreeMap<Arc<str>, Vec<Taking>>;

/// The service accounts whose pods come to be a holder; for a question about taking a role by a token, those that an
/// identity provider's row stands for.
pub(super) fn takers(by_role: &ByRole, holder: &Holder<'_>, asked: &AwsAsked) -> Vec<Taker> {
    let by_token = asked.action.eq_ignore_ascii_case("sts:AssumeRoleWithWebIdentity");
    let role = match (&holder.kind, &holder.principal) {
        (HolderKind::Known, Principal::Aws(principal)) if principal.role().is_some() => {
            principal.arn().as_ref()
        }
        (HolderKind::Federated, _) if by_token => &*asked.resource,
        _ => return Vec::new(),
    };
    let routes = by_role.get(role).into_iter().flatten();
    let fits = |route: &Route| match holder.kind {
        HolderKind::Federated => matches!(route.kind, RouteKind::Irsa | RouteKind::TokenRequest),
        _ => true,
    };
    routes
        .filter(|(_, _, route)| fits(route))
        .map(|(namespace, name, route)| Taker {
            namespace: Arc::clone(namespace),
            name: Arc::clone(name),
            way: route.kind.name(),
            how: by(route.kind),
            possible: route.decision.verdict != Verdict::Allowed,
            reasons: route.decision.reasons.clone(),
        })
        .collect()
}
