//! IAM roles for service accounts, and roles that trust a service account's tokens unasked.
//!
//! Sources: Amazon EKS User Guide, *IAM roles for service accounts* and *Assign IAM roles to Kubernetes service accounts*;
//! IAM User Guide, *Create a role for OpenID Connect federation*; AWS SDKs and Tools Reference Guide, *Standardized
//! credential providers*; the handler of amazon-eks-pod-identity-webhook for what it puts into a pod.

use std::sync::Arc;

use ringwall_model::{Decision, OidcProvider, Verdict};

use super::proof::{self, bare, both, unknown};
use super::trust::{Attempt, Outcome, attempt};
use super::trusting::{WITH_WEB_IDENTITY, issuer, provider_of};
use super::{Pods, Route, RouteKind, Who, subject};
use crate::context::Context;
use crate::principal::{AwsPrincipal, Principal};

/// The audience of the token that the webhook mounts, unless an annotation names another.
pub(super) const STS: &str = "sts.amazonaws.com";

/// Audiences of one provider that are tried.
///
/// Source: IAM User Guide, *IAM and AWS STS quotas*: 100 client ids for each provider.
const MAX_AUDIENCES: usize = 100;

impl Pods<'_> {
    /// The role that the service account's annotation names.
    pub(super) fn irsa(&self, who: &Who<'_, '_>) -> Option<Route> {
        let object = who.account.object?;
        let role_arn = object.role_arn.as_ref()?;
        let audience = object.audience.as_deref().unwrap_or(STS);
        let session = AwsPrincipal::parse(role_arn).ok()?;
        let Some(issuer) = issuer(self.inventory) else {
            let decision = unknown("the cluster's issuer is not known (hint: `aws eks describe-cluster`)");
            let how = format!("annotated with {role_arn}; whose tokens the role trusts cannot be compared");
            let mut route = route(RouteKind::Irsa, role_arn, session, decision, Context::default(), how);
            route.decision.reasons.push(proof::annotation(object, role_arn));
            return Some(route);
        };
        let token = Token { issuer, subject: subject(who.namespace, who.name), audience };
        let Outcome { decision, why } = self.exchange(&token, role_arn);
        let mut how = match decision.verdict {
            Verdict::Denied => format!("annotated with {role_arn}, but it gets no credentials: {why}"),
            _ => format!(
                "the webhook mounts a token of {} for {audience}, which STS exchanges for {role_arn}",
                token.subject
            ),
        };
        if who.account.association.is_some() {
            how.push_str(
                "; the Pod Identity association comes first for new pods, since the webhook then sets up that alone; \
                 where both are set up, SDKs take the web identity before container credentials",
            );
        }
        let context = self.claims(&token, role_arn);
        let mut route = route(RouteKind::Irsa, role_arn, session, decision, context, how);
        route.decision.reasons.insert(0, proof::annotation(object, role_arn));
        Some(route)
    }

    /// Roles that let the service account's tokens in, though no annotation names them.
    pub(super) fn token_requests(&self, who: &Who<'_, '_>) -> Vec<Route> {
        let Some(issuer) = issuer(self.inventory) else { return Vec::new() };
        let subject = subject(who.namespace, who.name);
        let candidates = self.trusting.candidates(&subject).into_iter();
        let routes = candidates.filter_map(|role_arn| {
            let (audience, decision) = self.any_audience(issuer, &subject, role_arn)?;
            let session = AwsPrincipal::parse(role_arn).ok()?;
            let how = format!(
                "possible by token request: {role_arn} trusts {subject}; whoever gets a token of the service account for \
                 {audience} has the role: by `create serviceaccounts/token`, or in a pod that runs as it"
            );
            let token = Token { issuer, subject: subject.clone(), audience: &audience };
            let context = self.claims(&token, role_arn);
            let mut route = route(RouteKind::TokenRequest, role_arn, session, decision, context, how);
            if let Some(object) = who.account.object {
                let text = format!("its tokens have the subject {subject}");
                let reference = proof::account(who.namespace, who.name);
                route.decision.reasons.insert(0, proof::object(reference, object.source.clone(), text));
            } else {
                route.how.push_str("; it is not in the snapshot: whoever creates it has the role");
            }
            Some(route)
        });
        routes.collect()
    }

    /// Whoever asks for a token chooses its audience: the first that opens the role, else the first that possibly does.
    fn any_audience(&self, issuer: &str, subject: &str, role_arn: &Arc<str>) -> Option<(Arc<str>, Decision)> {
        let mut possible = None;
        for audience in self.audiences(issuer, role_arn) {
            let token = Token { issuer, subject: subject.to_owned(), audience: &audience };
            let decision = self.exchange(&token, role_arn).decision;
            match decision.verdict {
                Verdict::Allowed => return Some((audience, decision)),
                Verdict::Unknown if possible.is_none() => possible = Some((audience, decision)),
                Verdict::Unknown | Verdict::Denied => {}
            }
        }
        possible
    }

    fn audiences(&self, issuer: &str, role_arn: &str) -> Vec<Arc<str>> {
        let provider = provider_of(role_arn, issuer).and_then(|arn| self.provider(&arn));
        match provider.and_then(|provider| provider.client_ids.as_ref()) {
            Some(known) => {
                let mut all: Vec<Arc<str>> = known.iter().take(MAX_AUDIENCES).cloned().collect();
                // The usual one first, so that an answer names it.
                all.sort_by_key(|audience| &**audience != STS);
                all
            }
            None => vec![STS.into()],
        }
    }

    /// Whether some token of a service account opens a role, or possibly does.
    pub(super) fn opens(&self, issuer: &str, namespace: &str, name: &str, role_arn: &Arc<str>) -> bool {
        let subject = subject(namespace, name);
        self.trusting.names(role_arn, &subject) && self.any_audience(issuer, &subject, role_arn).is_some()
    }

    pub(super) fn provider(&self, arn: &str) -> Option<&OidcProvider> {
        self.cluster.aws.oidc_providers.iter().find(|provider| *provider.arn == *arn)
    }

    /// Whether STS exchanges a token for a role.
    fn exchange(&self, token: &Token<'_>, role_arn: &Arc<str>) -> Outcome {
        let Some(provider) = provider_of(role_arn, token.issuer) else {
            return Outcome { decision: Decision::denied(), why: format!("`{role_arn}` is no role's ARN") };
        };
        let vouched = self.vouched(&provider, token);
        let trusted = attempt(
            self.inventory,
            Attempt {
                principal: Principal::Federated(Arc::clone(&provider)),
                action: WITH_WEB_IDENTITY,
                role_arn,
                context: token.claims(&provider),
                open: &[],
            },
        );
        let why = [trusted.why, vouched.why].into_iter().filter(|why| !why.is_empty());
        Outcome {
            why: why.collect::<Vec<_>>().join("; "),
            decision: both(vouched.decision, trusted.decision),
        }
    }

    /// Whether the role's account has an identity provider for the issuer that takes the token's audience.
    fn vouched(&self, arn: &Arc<str>, token: &Token<'_>) -> Outcome {
        let aws = &self.cluster.aws;
        let allowed = |gap: Option<String>| Outcome {
            decision: Decision { not_evaluated: gap.into_iter().collect(), ..bare(Verdict::Allowed) },
            why: String::new(),
        };
        let denied = |why| Outcome { decision: Decision::denied(), why };
        let account = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
        match self.provider(arn) {
            Some(OidcProvider { client_ids: Some(known), source, .. }) => {
                if !known.iter().any(|audience| **audience == *token.audience) {
                    let list = known.iter().map(|known| &**known).collect::<Vec<_>>().join(", ");
                    return denied(format!(
                        "the identity provider {arn} takes no tokens for {}: its audiences are {list}",
                        token.audience
                    ));
                }
                let mut outcome = allowed(None);
                let text = format!("identity provider that takes tokens for {}", token.audience);
                outcome.decision.reasons.push(proof::resource(arn, source, text));
                outcome
            }
            Some(_) => allowed(Some(format!(
                "the audiences of {arn}: `aws iam get-open-id-connect-provider` is missing"
            ))),
            None => {
                let listed = aws.oidc_providers.first().and_then(|provider| account(&provider.arn));
                let listed = listed.or_else(|| self.cluster.info.account.as_deref().map(str::to_owned));
                if aws.oidc_providers_exported && listed.is_some() && listed == account(arn) {
                    return denied(format!("the account has no identity provider {arn}"));
                }
                allowed(Some(format!(
                    "whether there is an identity provider {arn}: `aws iam list-open-id-connect-providers` of its account is missing"
                )))
            }
        }
    }

    /// What requests of a session carry that a token was exchanged for.
    ///
    /// Source: IAM User Guide, *IAM and AWS STS condition context keys*, "Available keys for AWS OIDC federation".
    fn claims(&self, token: &Token<'_>, role_arn: &str) -> Context {
        match provider_of(role_arn, token.issuer) {
            Some(provider) => token.claims(&provider),
            None => Context::default(),
        }
    }
}

/// A service account's token.
struct Token<'t> {
    issuer: &'t str,
    subject: String,
    audience: &'t str,
}

impl Token<'_> {
    fn claims(&self, provider: &str) -> Context {
        let Self { issuer, subject, audience } = self;
        Context::from_iter([
            (format!("{issuer}:sub"), subject.as_str()),
            (format!("{issuer}:aud"), audience),
            ("aws:FederatedProvider".to_owned(), provider),
        ])
    }
}

/// A route without a session policy.
pub(super) fn route(
    kind: RouteKind,
    role_arn: &Arc<str>,
    session: AwsPrincipal,
    decision: Decision,
    context: Context,
    how: String,
) -> Route {
    Route {
        kind,
        role_arn: Arc::clone(role_arn),
        decision,
        session,
        context,
        session_policy: None,
        session_policy_unread: None,
        how,
    }
}
