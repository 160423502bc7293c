//! Which names belong together, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::follow::Followed;
use crate::act::{Act, Caller, Verb};
use crate::actor::{self, Identity, extra, service_account};
use crate::audit::Event;
use crate::body::Metadata;
use crate::cloudtrail::{Call, Record, session_of};
use crate::field::Field;
use crate::finding::{Evidence, Place};
use crate::object::object;

/// Most links that are kept: some hundred MiB. Beyond, what is met later is not linked, and that is counted.
pub const MAX_LINKS: usize = 1_000_000;

/// Why two names are of one, or one leads to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// One record has both.
    SameCaller,
    /// The cluster's mapping makes one of the other.
    MappedTo,
    /// A request was made in its name.
    Impersonated,
    /// A role was assumed.
    AssumedRole,
    /// A role was assumed with the service account's token.
    WebIdentity,
    /// EKS handed out credentials for the pod.
    PodIdentity,
    /// A key was made.
    MadeKey,
    /// A token was made.
    MadeToken,
    /// The pod was made.
    MadePod,
    /// What makes pods was made.
    MadeWorkload,
    /// The pod was entered: exec, attach, or a container put into it.
    EnteredPod,
    /// The pod is one that the workload made, as its name tells.
    PodOf,
    /// The token is bound to the pod.
    TokenOf,
    /// The pod runs as the service account.
    RunsAs,
    /// The pod, or token, is one of the service account.
    OneOf,
}

impl Why {
    /// Whether it holds from the event on that made it, rather than always.
    pub(super) fn begins(self) -> bool {
        !matches!(
            self,
            Self::SameCaller | Self::MappedTo | Self::PodOf | Self::TokenOf | Self::RunsAs | Self::OneOf
        )
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameCaller => "both in one record",
            Self::MappedTo => "came to the cluster as",
            Self::Impersonated => "acted in the name of",
            Self::AssumedRole => "assumed the role",
            Self::WebIdentity => "assumed the role with its token",
            Self::PodIdentity => "got credentials by EKS Pod Identity",
            Self::MadeKey => "made the key",
            Self::MadeToken => "made the token",
            Self::MadePod => "made the pod",
            Self::MadeWorkload => "made the workload",
            Self::EnteredPod => "entered the pod",
            Self::PodOf => "is a pod of it, by its name",
            Self::TokenOf => "used the token",
            Self::RunsAs => "runs as",
            Self::OneOf => "is one of its pods",
        })
    }
}

/// A name that another leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The name.
    pub to: Identity,
    /// Why.
    pub why: Why,
    /// When, in Unix milliseconds.
    pub time: Option<i64>,
    /// The event that shows it.
    pub evidence: Evidence,
}

/// All names, and the links between them.
#[derive(Debug, Default)]
pub struct Identities {
    pub(super) links: BTreeMap<Identity, Vec<Link>>,
    /// What else names somebody: session names, unique ids, role ARNs.
    pub(super) aliases: BTreeMap<String, BTreeSet<Identity>>,
    /// Access keys and who used them.
    pub(super) owners: BTreeMap<String, BTreeSet<Identity>>,
    count: usize,
    dropped: u64,
}

object! {
    struct Made {
        "metadata" => metadata: Field<Metadata<'a>>,
    }
}

/// Resources that make pods.
const WORKLOADS: [&str; 6] = ["deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "cronjobs"];

/// The annotation that names a token that was made.
/// Source: Kubernetes v1.37, `pkg/registry/core/serviceaccount/storage/token.go`.
const ISSUED: &str = "authentication.kubernetes.io/issued-credential-identifier";

impl Identities {
    /// Links that there was no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Goes from a name as far as links lead.
    pub fn follow(&self, who: &str) -> Followed {
        Followed::from(self, who)
    }

    /// Learns from an event of the audit log.
    pub fn audit(&mut self, event: &Event<'_>, place: &Place) {
        let act = Act::of(event);
        let Some(user) = act.user else { return };
        let names = actor::of_act(&act);
        let Some(first) = names.first().cloned() else { return };
        let evidence =
            Evidence { id: event.audit_id.text().to_owned(), is_record: false, place: place.clone() };
        let mut link = |from: &Identity, to: Identity, why: Why| {
            self.add(from, Link { to, why, time: act.time, evidence: evidence.clone() });
        };
        let username = Identity::KubernetesUser(act.username().to_owned());
        let own_pod = names.iter().find(|name| matches!(name, Identity::Pod(..))).cloned();
        match &own_pod {
            Some(pod) => {
                if let Some(token) = names.iter().find(|name| matches!(name, Identity::Token(_))) {
                    link(pod, token.clone(), Why::TokenOf);
                    link(token, pod.clone(), Why::TokenOf);
                }
                link(pod, username.clone(), Why::RunsAs);
                link(&username, pod.clone(), Why::OneOf);
            }
            None => {
                for name in names.iter().skip(1) {
                    link(&first, name.clone(), Why::SameCaller);
                    link(name, first.clone(), Why::SameCaller);
                }
                if !names.contains(&username) {
                    link(&first, username.clone(), Why::MappedTo);
                }
            }
        }
        if let Some(other) = event.impersonated_user.get().filter(|_| act.took_place()) {
            link(&first, Identity::KubernetesUser(other.username.text().to_owned()), Why::Impersonated);
        }
        if act.took_place() {
            let doer = own_pod.as_ref().unwrap_or(&first);
            made(&act, doer, &mut link);
        }
        if let Identity::AccessKey(_) | Identity::Principal(_) | Identity::Session(_) = first {
            let uid = user.uid.text();
            for alias in [extra(user, "sessionName"), extra(user, "principalId"), act.username(), uid] {
                self.alias(alias, &first);
            }
            self.owned(&names);
        }
    }

    /// Learns from a record of CloudTrail.
    pub fn cloudtrail(&mut self, record: &Record<'_>, place: &Place) {
        let call = Call::of(record);
        let names = actor::of_call(&call);
        let evidence = Evidence { id: record.id.text().to_owned(), is_record: true, place: place.clone() };
        if let Some(first) = names.first() {
            for name in names.iter().skip(1) {
                for (from, to) in [(first, name), (name, first)] {
                    let link = Link {
                        to: to.clone(),
                        why: Why::SameCaller,
                        time: call.time,
                        evidence: evidence.clone(),
                    };
                    self.add(from, link);
                }
            }
            if !matches!(first, Identity::KubernetesUser(_)) {
                let id = call.identity().map_or("", |identity| identity.principal_id.text());
                for alias in [id, id.split(':').next().unwrap_or_default(), call.principal()] {
                    self.alias(alias, first);
                }
                self.owned(&names);
            }
        }
        let Some(handover) = actor::handover(&call) else { return };
        let why = match call.action {
            "AssumeRoleWithWebIdentity" => Why::WebIdentity,
            "CreateAccessKey" => Why::MadeKey,
            _ if handover.for_himself => Why::AssumedRole,
            _ => Why::PodIdentity,
        };
        let holders = if handover.for_himself { &names } else { &handover.holders };
        for holder in holders {
            for given in &handover.given {
                self.add(
                    holder,
                    Link { to: given.clone(), why, time: call.time, evidence: evidence.clone() },
                );
            }
        }
        self.owned(&handover.given);
    }

    fn add(&mut self, from: &Identity, link: Link) {
        if let Identity::Session(arn) = &link.to
            && let Some((_, name)) = session_of(arn)
        {
            self.alias(name, &link.to);
        }
        let links = self.links.entry(from.clone()).or_default();
        if let Some(known) = links.iter_mut().find(|known| known.to == link.to && known.why == link.why) {
            if link.time < known.time {
                *known = link;
            }
            return;
        }
        if self.count >= MAX_LINKS {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        links.push(link);
        self.count = self.count.saturating_add(1);
    }

    fn alias(&mut self, alias: &str, identity: &Identity) {
        if alias.is_empty() || self.count >= MAX_LINKS {
            return;
        }
        let known = self.aliases.entry(alias.to_owned()).or_default();
        if known.insert(identity.clone()) {
            self.count = self.count.saturating_add(1);
        }
    }

    /// Takes note of whose an access key is.
    fn owned(&mut self, names: &[Identity]) {
        let owner = names.iter().find(|name| matches!(name, Identity::Session(_) | Identity::Principal(_)));
        let key =
            names.iter().find_map(|name| if let Identity::AccessKey(key) = name { Some(key) } else { None });
        if let (Some(owner), Some(key)) = (owner, key) {
            self.owners.entry(key.clone()).or_default().insert(owner.clone());
        }
    }
}

/// What a request made, that goes on to act: pods, tokens.
fn made(act: &Act<'_>, doer: &Identity, link: &mut impl FnMut(&Identity, Identity, Why)) {
    let (namespace, name) = (act.namespace, act.name);
    let pod = |name: &str| Identity::Pod(namespace.to_owned(), name.to_owned());
    match (act.resource, act.subresource, act.verb) {
        ("pods", "exec" | "attach", Verb::Create | Verb::Get) | ("pods", "ephemeralcontainers", _)
            if !(act.caller.is_system()
                || (act.subresource == "ephemeralcontainers" && act.verb.reads())) =>
        {
            link(doer, pod(name), Why::EnteredPod);
        }
        ("serviceaccounts", "token", Verb::Create) if act.caller != Caller::Node => {
            let issued = act.event.annotations.get().and_then(|all| all.get(ISSUED)).map(|id| &**id);
            let to = match issued.and_then(|id| id.strip_prefix("JTI=")) {
                Some(token) => Identity::Token(token.to_owned()),
                None => service_account(namespace, name),
            };
            link(doer, to, Why::MadeToken);
        }
        ("pods", "", Verb::Create) => {
            let body = [&act.event.response_object, &act.event.request_object];
            let made: Option<Made<'_>> =
                body.into_iter().find(|body| body.json().is_some()).and_then(|body| body.read());
            let metadata = made.and_then(|made| made.metadata.get().cloned()).unwrap_or_default();
            let name = if name.is_empty() { metadata.name.text() } else { name };
            if name.is_empty() {
                return;
            }
            if act.caller.is_system() {
                for owner in metadata.owners.items() {
                    let workload = Identity::Workload(namespace.to_owned(), owner.name.text().to_owned());
                    link(&workload, pod(name), Why::MadePod);
                }
            } else {
                link(doer, pod(name), Why::MadePod);
            }
        }
        (workload, "", verb)
            if verb.makes()
                && !act.caller.is_system()
                && !name.is_empty()
                && WORKLOADS.contains(&workload) =>
        {
            link(doer, Identity::Workload(namespace.to_owned(), name.to_owned()), Why::MadeWorkload);
        }
        _ => {}
    }
}
