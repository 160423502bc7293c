//! What an AWS principal may do: its mapping, then every authorizer that counts for what it becomes.

use std::sync::Arc;

use ringwall_model::{Decision, Namespace, Proof, Reason, Ring, Source, Subject, Verdict};

use crate::entry::{Caller, Identification, Identity, Mapping, Mappings, decide_by_policies};
use crate::{Authorizer, Question, Scope, Target};

/// May this caller do that, with every reason from the mapping to the rule.
///
/// The node authorizer, RBAC and access policies each may allow it; none denies. Where a name depends on
/// something that is not known, such as the session's name, a denial that it could turn is
/// [`Verdict::Unknown`].
pub fn explain_caller(
    authorizer: &Authorizer<'_>,
    mappings: &Mappings,
    caller: &Caller<'_>,
    verb: &str,
    target: Target<'_>,
) -> Decision {
    match mappings.identify(caller) {
        Identification::Mapped(identity) => explain_identity(authorizer, &identity, verb, target),
        Identification::NotMapped { why, not_evaluated, ends: _ } => Decision {
            verdict: if not_evaluated.is_empty() { Verdict::Denied } else { Verdict::Unknown },
            reasons: why.into_iter().map(|text| refusal(&caller.arn.to_string(), text)).collect(),
            not_evaluated,
        },
    }
}

/// May this identity do that. Of several that a caller may have, all have to agree for a sure answer.
pub fn explain_identity(
    authorizer: &Authorizer<'_>,
    identity: &Identity,
    verb: &str,
    target: Target<'_>,
) -> Decision {
    let mut answers = identity.all().map(|one| explain_one(authorizer, one, verb, target));
    let Some(mut answer) = answers.next() else { return Decision::denied() };
    for other in answers {
        if answer.verdict != other.verdict {
            answer.verdict = Verdict::Unknown;
        }
        answer.reasons.extend(other.reasons);
        answer.not_evaluated.extend(other.not_evaluated);
    }
    answer
}

fn explain_one(authorizer: &Authorizer<'_>, identity: &Identity, verb: &str, target: Target<'_>) -> Decision {
    let by_kubernetes = authorizer.explain(&Question { user: &identity.user, verb, target });
    let decision = by_kubernetes.or(decide_by_policies(&identity.policies, verb, &target));
    // Only names that may do this can turn the answer.
    let holders = if decision.is_allowed() { Vec::new() } else { authorizer.who_can(verb, &target) };
    let users: Vec<String> = holders.iter().filter_map(|row| row.subject.user_name()).collect();
    let groups = holders.iter().filter_map(|row| match &row.subject {
        Subject::Group(name) => Some(&**name),
        Subject::User(_) | Subject::ServiceAccount { .. } => None,
    });
    let mut decision = identity.settle(decision, users.iter().map(String::as_str), groups);
    decision.reasons.splice(0..0, identity.reasons.iter().cloned());
    decision
}

fn refusal(arn: &str, text: String) -> Reason {
    Reason {
        ring: Ring::Identity,
        proof: Proof::Arn(arn.into()),
        rule: None,
        statement: None,
        source: Source::built_in(),
        text: Arc::from(text),
    }
}

/// An AWS principal that may do something by its access policies.
#[derive(Clone, Debug)]
pub struct PolicyHolder<'m> {
    /// The mapping that holds the policies.
    pub mapping: &'m Mapping,
    /// Where.
    pub scope: Scope,
    /// Allowed, or unknown; never denied.
    pub decision: Decision,
}

/// Every AWS principal that may do this by its access policies, in the order of mappings and namespaces.
///
/// With `namespaces` the question is asked across the cluster and in each of them, whatever the target's own.
pub fn policy_holders<'m>(
    mappings: &'m Mappings,
    verb: &str,
    target: &Target<'_>,
    namespaces: Option<&[Namespace]>,
) -> Vec<PolicyHolder<'m>> {
    let mut holders: Vec<PolicyHolder<'m>> = Vec::new();
    let mut ask = |target: Target<'_>, scope: Scope| {
        for (place, decision) in mappings.principals_allowed(verb, &target) {
            let Some(mapping) = mappings.all().get(place) else { continue };
            let covered = holders.iter().any(|holder| {
                std::ptr::eq(holder.mapping, mapping)
                    && holder.scope == Scope::Cluster
                    && (holder.decision.is_allowed() || !decision.is_allowed())
            });
            if !covered {
                holders.push(PolicyHolder { mapping, scope: scope.clone(), decision });
            }
        }
    };
    match namespaces {
        None => ask(*target, Scope::Cluster),
        Some(namespaces) => {
            ask(target.in_namespace(""), Scope::Cluster);
            for namespace in namespaces {
                ask(target.in_namespace(&namespace.name), Scope::Namespace(namespace.name.clone()));
            }
        }
    }
    holders
}
