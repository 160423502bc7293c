//! Access entries, as the EKS API exports them.
//!
//! Source: EKS user guide, *Create access entries* (types, default user names) and *Associate access policies
//! with access entries*.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ringwall_model::{AccessEntry, AccessPolicyAssociation, Arn, Severity, Source};

use super::mapping::{Mapping, Origin};
use super::principal::{Matcher, PrincipalKind, canonical, fold};
use super::reading::node_groups;
use super::{Bound, Flaw, FlawKind, GrantedPolicy, Parts};

/// All access entries; one that only its access policies tell of is among them.
pub(super) fn mappings(parts: &Parts<'_>) -> Vec<Mapping> {
    let mut policies: HashMap<&str, Vec<&AccessPolicyAssociation>> = HashMap::new();
    for association in parts.access_policies {
        policies.entry(&association.principal_arn).or_default().push(association);
    }
    let exported: HashSet<&str> = parts.access_policies_exported.iter().copied().collect();
    let described: HashSet<&str> = parts
        .access_entries
        .iter()
        .filter(|entry| !entry.listed_only)
        .map(|entry| &*entry.principal_arn)
        .collect();
    let mut known: HashSet<&str> = HashSet::new();
    let mut mappings = Vec::new();
    for entry in parts.access_entries {
        // A list names what other exports describe.
        if entry.listed_only
            && (described.contains(&*entry.principal_arn) || known.contains(&*entry.principal_arn))
        {
            continue;
        }
        known.insert(&entry.principal_arn);
        mappings.push(mapping(entry, mappings.len()));
    }
    for association in parts.access_policies {
        if known.insert(&association.principal_arn) {
            let entry = only_associated(&association.principal_arn, &association.source);
            mappings.push(mapping(&entry, mappings.len()));
        }
    }
    for mapping in &mut mappings {
        let own = policies.get(&*mapping.principal);
        mapping.policies =
            own.into_iter().flatten().map(|association| GrantedPolicy::new(association)).collect();
        mapping.policies_known = !may_hold_policies(mapping.kind.as_deref())
            || own.is_some()
            || exported.contains(&*mapping.principal);
        if !mapping.policies_known {
            mapping.not_evaluated.push(format!(
                "the access policies of `{0}` are not in the snapshot: `aws eks list-associated-access-policies \
                 --cluster-name {1} --principal-arn {0}`",
                mapping.principal,
                parts.name()
            ));
        }
        if parts.reading.rules().is_some() {
            as_webhook(mapping, parts);
        }
        if mapping.username.is_none() {
            mapping.not_evaluated.push(format!(
                "user name and groups of `{0}` are not in the snapshot: `aws eks describe-access-entry \
                 --cluster-name {1} --principal-arn {0}`",
                mapping.principal,
                parts.name()
            ));
        }
    }
    mappings
}

/// What EKS adds to an access entry and does not tell.
fn as_webhook(mapping: &mut Mapping, parts: &Parts<'_>) {
    if mapping.groups.is_empty() {
        let groups = node_groups(mapping.kind.as_deref().unwrap_or_default());
        mapping.groups = groups.iter().map(|group| Arc::from(*group)).collect();
    }
    match parts.bound.get(&*mapping.principal) {
        None => {}
        Some(Bound::To(id)) => mapping.unique_id = Some(Arc::from(*id)),
        Some(Bound::Gone) => mapping.flaws.push(Flaw {
            kind: FlawKind::MissingPrincipal,
            text: format!(
                "the access entry of `{}` is bound to a principal that is gone; delete it and create it again",
                mapping.principal
            ),
            severity: Severity::Low,
            never: true,
            source: mapping.source.clone(),
        }),
    }
}

fn only_associated(principal: &Arc<str>, source: &Source) -> AccessEntry {
    AccessEntry {
        principal_arn: Arc::clone(principal),
        kind: "".into(),
        username: None,
        groups: Vec::new(),
        created_at: None,
        listed_only: true,
        source: source.clone(),
    }
}

/// AWS's pages say that only STANDARD entries hold access policies, and that nodes of custom node classes
/// (`EC2`) need one. A type that is not known may.
fn may_hold_policies(kind: Option<&str>) -> bool {
    !matches!(kind, Some("EC2_LINUX" | "EC2_WINDOWS" | "FARGATE_LINUX" | "HYBRID_LINUX" | "HYPERPOD_LINUX"))
}

fn mapping(entry: &AccessEntry, index: usize) -> Mapping {
    let arn = entry.principal_arn.parse::<Arn>().ok();
    let kind = Some(&entry.kind).filter(|kind| !entry.listed_only && !kind.is_empty());
    let username = match &entry.username {
        Some(name) => Some(Arc::clone(name)),
        None if entry.listed_only => None,
        None => arn.as_ref().and_then(|arn| default_username(arn, &entry.kind)),
    };
    Mapping {
        origin: Origin::AccessEntry,
        index,
        principal: Arc::clone(&entry.principal_arn),
        kind: kind.cloned(),
        username,
        groups: entry.groups.clone(),
        policies: Vec::new(),
        policies_known: true,
        not_evaluated: Vec::new(),
        source: entry.source.clone(),
        flaws: Vec::new(),
        created_at: entry.created_at.clone(),
        unique_id: None,
        matcher: arn.as_ref().map_or(Matcher::Nobody, matcher),
    }
}

/// The name that EKS gives when none is chosen; for `EC2` and `HYPERPOD_LINUX` AWS does not tell it.
fn default_username(arn: &Arn, kind: &str) -> Option<Arc<str>> {
    match kind {
        "EC2_LINUX" | "EC2_WINDOWS" => Some("system:node:{{EC2PrivateDNSName}}".into()),
        "FARGATE_LINUX" | "HYBRID_LINUX" => Some("system:node:{{SessionName}}".into()),
        "STANDARD" | "" => match PrincipalKind::of(arn).ok()? {
            PrincipalKind::Role => {
                let Arn { partition, account, .. } = arn;
                Some(
                    format!("arn:{partition}:sts::{account}:assumed-role/{}/{{{{SessionName}}}}", arn.name())
                        .into(),
                )
            }
            _ => Some(arn.to_string().into()),
        },
        _ => None,
    }
}

/// A role's path is left out of the comparison, as aws-iam-authenticator's `StripPath` does in the mapper
/// that access entries are modelled on (`pkg/mapper/dynamicfile/mapper.go`).
fn matcher(arn: &Arn) -> Matcher {
    match fold(&arn.to_string()).parse::<Arn>() {
        Ok(folded) => match PrincipalKind::of(&folded) {
            Ok(PrincipalKind::Role) => Matcher::Exact(canonical(&folded, PrincipalKind::Role)),
            Ok(_) => Matcher::Exact(folded.to_string()),
            Err(_) => Matcher::Nobody,
        },
        Err(_) => Matcher::Nobody,
    }
}
