//! `timeline` as JSON; `docs/reference/timeline.md` documents the shape.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_detect::Identity;
use ringwall_detect::audit::Outcome;
use ringwall_detect::finding::Evidence;
use ringwall_detect::timeline::{Entry, Link, Strength};
use ringwall_model::time;
use serde::Serialize;

use super::json::VERSION;
use crate::commands::Told;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimelineJson<'t> {
    version: u32,
    who: &'t str,
    /// Of no cluster that is known: left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'t str>,
    origins: Vec<OriginJson<'t>>,
    identities: Vec<IdentityJson<'t>>,
    entries: Vec<EntryJson<'t>>,
    left_out: u64,
    not_linked: u64,
    alike: &'t [String],
}

/// A name.
#[derive(Debug, Serialize)]
struct NameJson {
    kind: &'static str,
    name: String,
}

/// A name that belongs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct IdentityJson<'t> {
    #[serde(flatten)]
    name: NameJson,
    /// From ever: left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    strength: &'static str,
    /// Of who was asked for: left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<ThroughJson<'t>>,
}

#[derive(Debug, Serialize)]
struct ThroughJson<'t> {
    /// The place in `identities` of the name that leads here.
    identity: Option<usize>,
    #[serde(flatten)]
    link: LinkJson<'t>,
}

#[derive(Debug, Serialize)]
struct OriginJson<'t> {
    #[serde(flatten)]
    name: NameJson,
    to: NameJson,
    #[serde(flatten)]
    link: LinkJson<'t>,
}

#[derive(Debug, Serialize)]
struct LinkJson<'t> {
    link: &'static str,
    strength: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    evidence: EvidenceJson<'t>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryJson<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    log: &'static str,
    /// The place in `identities` of the name by which it belongs.
    identity: Option<usize>,
    joined: JoinedJson,
    names: Vec<NameJson>,
    #[serde(skip_serializing_if = "str::is_empty")]
    kubernetes_user: &'t str,
    #[serde(skip_serializing_if = "str::is_empty")]
    impersonated_user: &'t str,
    action: &'t str,
    #[serde(skip_serializing_if = "str::is_empty")]
    object: &'t str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'t str,
    result: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'t str,
    #[serde(rename = "sourceIP", skip_serializing_if = "str::is_empty")]
    source: &'t str,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'t str,
    findings: &'t BTreeSet<&'static str>,
    evidence: EvidenceJson<'t>,
}

/// Why an entry is joined.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JoinedJson {
    link: &'static str,
    strength: &'static str,
    /// Only of what is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    from_same_address: Option<bool>,
}

/// An event, as `detect` names it.
#[derive(Debug, Serialize)]
struct EvidenceJson<'t> {
    #[serde(rename = "auditID", skip_serializing_if = "Option::is_none")]
    audit_id: Option<&'t str>,
    #[serde(rename = "eventID", skip_serializing_if = "Option::is_none")]
    event_id: Option<&'t str>,
    file: &'t str,
    line: u64,
}

impl From<&Identity> for NameJson {
    fn from(identity: &Identity) -> Self {
        let kind = match identity {
            Identity::Principal(_) => "iam-principal",
            Identity::Session(_) => "role-session",
            Identity::AccessKey(_) => "access-key",
            Identity::KubernetesUser(name) if name.starts_with("system:serviceaccount:") => "service-account",
            Identity::KubernetesUser(_) => "kubernetes-user",
            Identity::Token(_) => "service-account-token",
            Identity::Pod(..) => "pod",
            Identity::Workload(..) => "workload",
            Identity::Nobody(_) => "address",
            Identity::WebIdentity(_) => "web-identity",
        };
        Self { kind, name: identity.name() }
    }
}

impl<'t> From<&'t Evidence> for EvidenceJson<'t> {
    fn from(evidence: &'t Evidence) -> Self {
        let id = Some(evidence.id.as_str()).filter(|id| !id.is_empty());
        Self {
            audit_id: id.filter(|_| !evidence.is_record),
            event_id: id.filter(|_| evidence.is_record),
            file: &evidence.place.file,
            line: evidence.place.line,
        }
    }
}

impl<'t> From<&'t Link> for LinkJson<'t> {
    fn from(link: &'t Link) -> Self {
        Self {
            link: link.why.name(),
            strength: link.strength().name(),
            time: link.time.map(time::text),
            evidence: EvidenceJson::from(&link.evidence),
        }
    }
}

/// What is printed of a timeline.
pub(crate) fn of(told: &Told) -> TimelineJson<'_> {
    let Told { story, scope, alike, not_linked } = told;
    let at: BTreeMap<&Identity, usize> =
        story.identities.iter().enumerate().map(|(at, known)| (&known.identity, at)).collect();
    TimelineJson {
        version: VERSION,
        who: &story.who,
        cluster: scope.cluster.as_deref(),
        account: scope.account.as_deref(),
        region: scope.region.as_deref(),
        origins: story
            .origins
            .iter()
            .map(|(from, link)| OriginJson { name: from.into(), to: (&link.to).into(), link: link.into() })
            .collect(),
        identities: story
            .identities
            .iter()
            .map(|known| IdentityJson {
                name: (&known.identity).into(),
                since: known.since.map(time::text),
                strength: known.strength.name(),
                through: known
                    .through
                    .as_ref()
                    .map(|(from, link)| ThroughJson { identity: at.get(from).copied(), link: link.into() }),
            })
            .collect(),
        entries: story
            .entries
            .iter()
            .map(|entry| entry_json(entry, at.get(&entry.identity).copied()))
            .collect(),
        left_out: story.left_out,
        not_linked: *not_linked,
        alike,
    }
}

fn entry_json(entry: &Entry, identity: Option<usize>) -> EntryJson<'_> {
    EntryJson {
        time: entry.time.map(time::text),
        log: if entry.evidence.is_record { "cloudtrail" } else { "audit" },
        identity,
        joined: JoinedJson {
            link: entry.through.map_or("asked-for", |why| why.name()),
            strength: entry.strength.name(),
            from_same_address: (entry.strength == Strength::Shared).then_some(entry.is_from_same),
        },
        names: entry.names.iter().map(NameJson::from).collect(),
        kubernetes_user: &entry.username,
        impersonated_user: &entry.impersonated,
        action: &entry.action,
        object: &entry.object,
        detail: &entry.detail,
        result: match entry.outcome {
            Outcome::Succeeded => "succeeded",
            Outcome::Denied => "denied",
            Outcome::Failed => "failed",
            Outcome::NotTold => "unknown",
        },
        error: &entry.error,
        source: &entry.source,
        user_agent: &entry.user_agent,
        findings: &entry.findings,
        evidence: EvidenceJson::from(&entry.evidence),
    }
}
