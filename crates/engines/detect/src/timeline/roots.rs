//! Whom a text names, and which pods a workload has.

use std::collections::BTreeSet;

use super::links::{Identities, Link, Strength, Why};
use super::story::Known;
use crate::actor::{Identity, service_account};

/// Whom a text names: exactly, or as a role, a session, an id, a pod, a service account.
pub(super) fn named(identities: &Identities, who: &str) -> Vec<Identity> {
    let mut exactly = vec![
        Identity::AccessKey(who.to_owned()),
        Identity::KubernetesUser(who.to_owned()),
        Identity::Token(who.strip_prefix("JTI=").unwrap_or(who).to_owned()),
        Identity::Nobody(who.to_owned()),
        Identity::WebIdentity(who.to_owned()),
    ];
    exactly.extend(Identity::of_arn(who));
    let in_namespace = who.strip_prefix("pod/").unwrap_or(who);
    if let Some((namespace, name)) = in_namespace.split_once('/') {
        exactly.push(Identity::Pod(namespace.to_owned(), name.to_owned()));
        exactly.push(service_account(namespace, name));
    }
    let mut named: BTreeSet<Identity> = exactly.into_iter().filter(|name| identities.has(name)).collect();
    named.extend(identities.aliases.get(who).into_iter().flatten().cloned());
    if let Some((account, role)) = role_of(who) {
        let of_role = format!("::{account}:assumed-role/{role}/");
        let sessions = identities.from(Identity::Session(String::new()));
        let sessions = sessions.take_while(|identity| matches!(identity, Identity::Session(_)));
        named.extend(
            sessions
                .filter(|identity| matches!(identity, Identity::Session(arn) if arn.contains(&of_role)))
                .cloned(),
        );
    }
    named.into_iter().collect()
}

/// Account and name of a role's ARN. Sessions don't have the role's path.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let (head, role) = arn.split_once(":role/")?;
    Some((head.rsplit(':').next()?, role.rsplit('/').next()?))
}

/// The pods of a workload that somebody made, by their names.
pub(super) fn pods_of(identities: &Identities, known: &Known) -> Vec<Link> {
    let (Identity::Workload(namespace, workload), Some((_, made))) = (&known.identity, &known.through) else {
        return Vec::new();
    };
    let prefix = format!("{workload}-");
    let first = Identity::Pod(namespace.clone(), prefix.clone());
    identities
        .from(first)
        .map_while(|identity| match identity {
            Identity::Pod(of, name) if of == namespace => Some((identity, name.strip_prefix(&prefix)?)),
            _ => None,
        })
        .filter(|(_, rest)| is_generated(rest))
        .map(|(pod, _)| Link {
            to: pod.clone(),
            why: Why::PodOf,
            time: made.time,
            evidence: made.evidence.clone(),
        })
        .collect()
}

/// What Kubernetes makes names of: no vowels, so that no words come of it.
/// Source: Kubernetes v1.37, `staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go`.
const GENERATED: &str = "bcdfghjklmnpqrstvwxz2456789";

/// Whether what follows a workload's name in a pod's is made by Kubernetes: `web-5c8d9` has pods of `web`, `web-api-5c8d9` has
/// not.
///
/// Sources: Kubernetes v1.37, `staging/src/k8s.io/apiserver/pkg/storage/names/generate.go` (five characters);
/// `pkg/controller/controller_utils.go`, `ComputeHash` (up to ten, of a ReplicaSet); *StatefulSets*, "Ordinal index"; *Jobs*,
/// "Completion mode"; *CronJob*, whose Jobs have the minute.
fn is_generated(rest: &str) -> bool {
    let is_made = |part: &str| part.chars().all(|character| GENERATED.contains(character));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_suffix = |part: &str| part.len() == 5 && is_made(part);
    match rest.split_once('-') {
        None => is_number(rest) || is_suffix(rest),
        Some((minute, end)) if is_number(minute) => is_number(end) || is_suffix(end),
        Some((hash, end)) => (6..=10).contains(&hash.len()) && is_made(hash) && is_suffix(end),
    }
}

impl Known {
    /// Who was asked for.
    pub(super) fn root(identity: Identity) -> Self {
        Self { identity, since: None, through: None, strength: Strength::Exact }
    }

    /// Where a link leads from a name.
    pub(super) fn through(known: &Self, link: Link) -> Self {
        let since = if link.why.begins() { known.since.max(link.time) } else { known.since };
        Self {
            identity: link.to.clone(),
            since,
            strength: known.strength.max(link.strength()),
            through: Some((known.identity.clone(), link)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_generated;

    #[test]
    fn pods_are_told_by_what_kubernetes_adds() {
        for rest in ["0", "12", "x2x4q", "6d9f7b5c8-x2x4q", "29384400-zbcd2", "29384400-0"] {
            assert!(is_generated(rest), "{rest}");
        }
        for rest in
            ["api", "api-x2x4q", "api-6d9f7b5c8-x2x4q", "indexer-0", "indexer-x2x4q", "", "-", "Ab2x4-x2x4q"]
        {
            assert!(!is_generated(rest), "{rest}");
        }
    }
}
