use std::collections::BTreeSet;

use ringwall_model::Cluster;

use super::did_you_mean;
use crate::error::Failure;

/// Verbs of requests for resources and for paths, and those that only authorizers know.
///
/// Sources: Kubernetes documentation, *Authorization*, sections "Determine the request verb" and
/// "Special verbs"; *Using RBAC Authorization*; *Certificates and Certificate Signing Requests*.
const KNOWN: [&str; 20] = [
    "*",
    "approve",
    "attest",
    "bind",
    "create",
    "delete",
    "deletecollection",
    "escalate",
    "get",
    "head",
    "impersonate",
    "list",
    "options",
    "patch",
    "post",
    "put",
    "sign",
    "update",
    "use",
    "watch",
];

/// Refuses a verb that neither Kubernetes nor any rule of the snapshot knows.
pub(super) fn check(verb: &str, cluster: &Cluster) -> Result<(), Failure> {
    let in_rules = || cluster.roles.iter().flat_map(|role| &role.rules).flat_map(|rule| &rule.verbs);
    if KNOWN.contains(&verb) || in_rules().any(|known| **known == *verb) {
        return Ok(());
    }
    let message = format!("unknown verb `{verb}`");
    if KNOWN.contains(&verb.to_lowercase().as_str()) {
        return Err(Failure::misuse_hint(
            message,
            "verbs are compared byte for byte: write it in lower case",
        ));
    }
    let known: BTreeSet<&str> = KNOWN.into_iter().chain(in_rules().map(|verb| &**verb)).collect();
    let hint = did_you_mean(verb, known)
        .unwrap_or_else(|| "use get, list, watch, create, update, patch, delete or deletecollection".into());
    Err(Failure::misuse_hint(message, hint))
}
