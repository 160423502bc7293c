//! Reasons and combined decisions.

use std::sync::Arc;

use ringwall_model::{Decision, ObjectRef, Proof, Reason, Ring, ServiceAccount, Source, Verdict};

/// A Kubernetes object that a route goes through.
pub(super) fn object(reference: ObjectRef, source: Source, text: impl Into<Arc<str>>) -> Reason {
    Reason {
        ring: Ring::Identity,
        proof: Proof::Object(reference),
        rule: None,
        statement: None,
        source,
        text: text.into(),
    }
}

/// An AWS resource that a route goes through.
pub(crate) fn resource(arn: &Arc<str>, source: &Source, text: impl Into<Arc<str>>) -> Reason {
    Reason {
        ring: Ring::Identity,
        proof: Proof::Arn(Arc::clone(arn)),
        rule: None,
        statement: None,
        source: source.clone(),
        text: text.into(),
    }
}

/// A service account's name in full.
pub(super) fn account(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "v1".into(),
        kind: "ServiceAccount".into(),
        namespace: Some(namespace.into()),
        name: name.into(),
    }
}

/// The annotation of a service account that names its role.
pub(super) fn annotation(of: &ServiceAccount, role_arn: &str) -> Reason {
    object(
        account(&of.namespace, &of.name),
        of.source.at(of.role_arn_line),
        format!("eks.amazonaws.com/role-arn is {role_arn}"),
    )
}

/// An answer that rests on nothing but its verdict.
pub(super) fn bare(verdict: Verdict) -> Decision {
    Decision { verdict, reasons: Vec::new(), not_evaluated: Vec::new() }
}

/// Unknown, since this could not be looked at.
pub(super) fn unknown(why: impl Into<String>) -> Decision {
    Decision { verdict: Verdict::Unknown, reasons: Vec::new(), not_evaluated: vec![why.into()] }
}

/// The answer of several that all have to allow: denied beats unknown beats allowed.
pub(super) fn both(mut first: Decision, second: Decision) -> Decision {
    first.verdict = match (first.verdict, second.verdict) {
        (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
    };
    for reason in second.reasons {
        if !first.reasons.contains(&reason) {
            first.reasons.push(reason);
        }
    }
    for gap in second.not_evaluated {
        if !first.not_evaluated.contains(&gap) {
            first.not_evaluated.push(gap);
        }
    }
    first
}
