//! Whether a caller may do what it asks for: every decision is the engine's.

use std::sync::Arc;

use ringwall_iam::{
    Context as Keys, InvalidRequest, Key, Layer, Outcome, Policies, Policy, Request, Unread, Verdict, View,
    decide,
};
use serde_json::{Value, json};

use crate::call::Call;
use crate::caller::Identity;
use crate::error::{ACCESS_DENIED, ApiError, Result};

/// What a call needs to be allowed: an action on a resource, with what the request tells of it.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    action: Arc<str>,
    resource: Arc<str>,
    shown: Option<Arc<str>>,
    policy: ResourcePolicy,
    granted: Option<Arc<Policy>>,
    by_ciphertext: bool,
    keys: Vec<ConditionKey>,
}

/// A condition key with its values.
type ConditionKey = (Arc<str>, Box<[Arc<str>]>);

/// The policy of the resource itself.
#[derive(Clone, Debug, Default)]
pub(crate) enum ResourcePolicy {
    /// It has none.
    #[default]
    None,
    /// It has one.
    Some(Arc<Policy>),
    /// It has one that cannot be read: nothing is allowed.
    Unread,
}

impl From<Option<&Arc<Policy>>> for ResourcePolicy {
    /// Of a policy that was kept: without it, nothing is known of what it denies.
    fn from(policy: Option<&Arc<Policy>>) -> Self {
        policy.map_or(Self::Unread, |policy| Self::Some(Arc::clone(policy)))
    }
}

impl Ask {
    /// An action on a resource by its ARN, or on `*`.
    pub(crate) fn new(action: &str, resource: impl Into<Arc<str>>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            shown: None,
            policy: ResourcePolicy::None,
            granted: None,
            by_ciphertext: false,
            keys: Vec::new(),
        }
    }

    /// On a resource that the caller named in other words than by its ARN: a refusal repeats them, and tells no ARN.
    pub(crate) fn named(mut self, text: &str) -> Self {
        self.shown = Some(text.into());
        self
    }

    /// With the resource's own policy.
    pub(crate) fn policy(mut self, policy: ResourcePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// With what a grant of KMS allows the caller beside its own policies.
    pub(crate) fn granted(mut self, policy: Option<Arc<Policy>>) -> Self {
        self.granted = policy;
        self
    }

    /// On a resource that the caller did not name, but a ciphertext did: a refusal does not tell whether it is there.
    pub(crate) fn of_ciphertext(mut self) -> Self {
        self.by_ciphertext = true;
        self
    }

    /// With a condition key of one value.
    pub(crate) fn with(self, key: &str, value: impl Into<Arc<str>>) -> Self {
        self.with_all(key, [value.into()])
    }

    /// With a condition key, if there is a value.
    pub(crate) fn with_some(self, key: &str, value: Option<impl Into<Arc<str>>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// With a condition key of several values. None at all means that the key is absent.
    pub(crate) fn with_all<T: Into<Arc<str>>>(
        mut self,
        key: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values: Box<[Arc<str>]> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.keys.push((key.into(), values));
        }
        self
    }

    /// With a tag. Condition keys do not heed case, tags of many services do: of `Env` and `env` neither may hide the other, so
    /// that both are values of one key, which no condition that asks for one value allows by.
    fn tag(mut self, key: &str, value: &str) -> Self {
        match self.keys.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            Some((_, values)) => *values = values.iter().cloned().chain([value.into()]).collect(),
            None => self.keys.push((key.into(), [value.into()].into())),
        }
        self
    }

    /// With the tags that the request would set: `aws:RequestTag/…` and `aws:TagKeys`.
    pub(crate) fn request_tags<'t>(mut self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut names: Vec<Arc<str>> = Vec::new();
        for (name, value) in tags {
            self = self.tag(&format!("aws:RequestTag/{name}"), value);
            names.push(name.into());
        }
        self.with_all("aws:TagKeys", names)
    }

    /// With the tags that the resource has: `aws:ResourceTag/…` and, for services that have one of their own, `prefix/…`.
    pub(crate) fn resource_tags<'t>(
        mut self,
        prefix: Option<&str>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Self {
        for (name, value) in tags {
            self = self.tag(&format!("aws:ResourceTag/{name}"), value);
            if let Some(prefix) = prefix {
                self = self.tag(&format!("{prefix}/{name}"), value);
            }
        }
        self
    }
}

/// Proof that a call was allowed. Without one there is no [`Answer`].
#[derive(Debug)]
pub(crate) struct Permit(());

/// What a handler answers.
#[derive(Debug)]
pub(crate) struct Answer(Value);

impl Permit {
    /// For what AWS lets everybody do who can sign, or who brings another proof of his own.
    pub(crate) fn by_rule() -> Self {
        Self(())
    }

    /// The answer, by the names of the API's model.
    pub(crate) fn answer(&self, value: Value) -> Answer {
        Answer(value)
    }

    /// An answer without members.
    pub(crate) fn done(&self) -> Answer {
        Answer(json!({}))
    }
}

impl Answer {
    /// The members.
    pub(crate) fn into_value(self) -> Value {
        self.0
    }
}

impl Call<'_> {
    /// Decides. A refusal tells which kind of policy refuses, as AWS's does.
    ///
    /// # Errors
    ///
    /// `AccessDenied` unless the engine says that it is allowed.
    pub(crate) fn authorize(&self, ask: &Ask) -> Result<Permit> {
        let (request, policies) = self.question(ask)?;
        let verdict = decide(&request, &policies, View::Closed);
        tracing::debug!(
            principal = self.caller().shown(),
            action = &*ask.action,
            resource = &*ask.resource,
            outcome = verdict.outcome.name(),
            "decided"
        );
        if verdict.is_allowed() && policies.unread.is_empty() {
            return Ok(Permit(()));
        }
        self.note_denial(&denial_proof(ask, &verdict));
        Err(ApiError::new(ACCESS_DENIED, self.refusal(ask, &verdict)))
    }

    /// Whether it would be allowed, for lists that leave out what the caller must not see.
    pub(crate) fn may(&self, ask: &Ask) -> Result<bool> {
        let (request, policies) = self.question(ask)?;
        Ok(decide(&request, &policies, View::Closed).is_allowed() && policies.unread.is_empty())
    }

    fn question<'a>(&'a self, ask: &'a Ask) -> Result<(Request, Policies<'a>)> {
        let caller = self.caller();
        let mut keys: Keys = self.keys();
        for (key, values) in &ask.keys {
            keys.set(Key::new(key), values.clone());
        }
        let request = Request::new(caller.principal.clone(), &ask.action, &ask.resource, None, keys)
            .map_err(|error| match error {
                // Names that a caller chose make up the ARN.
                InvalidRequest::Resource => ApiError::new("ValidationError", error.to_string()).status(400),
                _ => ApiError::internal(&error),
            })?;
        let side = &caller.policies;
        let mut policies = Policies {
            identity: side.identity.iter().chain(&ask.granted).map(|policy| &**policy).collect(),
            boundary: side.boundary.iter().map(|policy| &**policy).collect(),
            session: side.session.iter().map(|policy| &**policy).collect(),
            ..Policies::default()
        };
        let mut unread = |layer| policies.unread.push(Unread { layer, may_deny: true });
        if side.unread {
            unread(Layer::Identity);
        }
        match &ask.policy {
            ResourcePolicy::None => {}
            ResourcePolicy::Some(policy) => policies.resource = Some(policy),
            ResourcePolicy::Unread => unread(Layer::Resource),
        }
        Ok((request, policies))
    }

    /// Source: AWS IAM User Guide, *Troubleshoot access denied error messages*.
    fn refusal(&self, ask: &Ask, verdict: &Verdict<'_>) -> String {
        let who = match &self.caller().identity {
            Identity::Service(name) => format!("Service: {name}"),
            _ => format!("User: {}", self.caller().shown()),
        };
        if ask.by_ciphertext && blocking(verdict) == Layer::Resource {
            return format!("{who} is not authorized to perform: {} {OF_CIPHERTEXT}", ask.action);
        }
        let resource = ask.shown.as_ref().unwrap_or(&ask.resource);
        let on = if &**resource == "*" { String::new() } else { format!(" on resource: {resource}") };
        let is_trust = ask.action.starts_with("sts:");
        format!(
            "{who} is not authorized to perform: {}{on} {}",
            ask.action,
            because(&ask.action, is_trust, verdict)
        )
    }
}

/// Of several kinds of policy that refuse, AWS names one: the first in the order of its evaluation.
const ORDER: [Layer; 7] = [
    Layer::Scp,
    Layer::Rcp,
    Layer::Resource,
    Layer::Identity,
    Layer::Boundary,
    Layer::Session,
    Layer::VpcEndpoint,
];

/// What is told of a key that only a ciphertext names: the same whether it is there or not.
const OF_CIPHERTEXT: &str = "on the resource associated with this ciphertext because the resource does not exist in this \
     Region, no resource-based policies allow access, or a resource-based policy explicitly denies access";

fn blocking(verdict: &Verdict<'_>) -> Layer {
    ORDER.into_iter().find(|layer| verdict.blocked_by.contains(layer)).unwrap_or(Layer::Identity)
}

fn because(action: &str, is_trust: bool, verdict: &Verdict<'_>) -> String {
    let layer = blocking(verdict);
    if verdict.outcome != Outcome::ExplicitlyDenied {
        return format!("because no {} allows the {action} action", name(layer, is_trust).1);
    }
    let managed = verdict.statements.iter().filter(|deciding| deciding.layer == layer);
    let policy =
        managed.filter_map(|deciding| deciding.policy.arn.as_deref()).find(|arn| arn.contains(":policy/"));
    let which = policy.map(|arn| format!(": {arn}")).unwrap_or_default();
    format!("with an explicit deny in {} {}{which}", name(layer, is_trust).0, name(layer, is_trust).1)
}

/// Article and name of a kind of policy.
fn name(layer: Layer, is_trust: bool) -> (&'static str, &'static str) {
    match layer {
        Layer::Scp => ("a", "service control policy"),
        Layer::Rcp => ("a", "resource control policy"),
        Layer::Resource if is_trust => ("the", "role trust policy"),
        Layer::Resource => ("a", "resource-based policy"),
        Layer::Boundary => ("a", "permissions boundary"),
        Layer::Session => ("a", "session policy"),
        Layer::Identity => ("an", "identity-based policy"),
        Layer::VpcEndpoint => ("a", "VPC endpoint policy"),
    }
}

/// What the record of a refused call tells of the decision beside CloudTrail's own members.
fn denial_proof(ask: &Ask, verdict: &Verdict<'_>) -> Value {
    let statements: Vec<Value> = verdict
        .statements
        .iter()
        .map(|deciding| {
            json!({
                "layer": deciding.layer.name(),
                "policy": deciding.policy.arn.as_deref().unwrap_or(&deciding.policy.name),
                "statement": deciding.statement.index,
                "sid": deciding.statement.sid.as_deref(),
                "effect": deciding.statement.effect.name(),
            })
        })
        .collect();
    json!({
        "action": &*ask.action,
        "resource": &*ask.resource,
        "outcome": verdict.outcome.name(),
        "blockedBy": verdict.blocked_by.iter().map(|layer| layer.name()).collect::<Vec<_>>(),
        "statements": statements,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_differ_in_case_do_not_hide_each_other() {
        let ask = Ask::new("ec2:CreateVpc", "*").request_tags([("Env", "prod"), ("env", "dev")]);
        let values =
            ask.keys.iter().find(|(key, _)| &**key == "aws:RequestTag/Env").map(|(_, values)| &**values);
        assert_eq!(values, Some(&["prod".into(), "dev".into()][..]));
    }
}
