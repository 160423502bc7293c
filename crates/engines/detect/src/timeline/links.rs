//! Which names belong together, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::follow::Followed;
use crate::act::{Act, Caller, Verb};
use crate::actor::{self, Identity, extra, service_account};
use crate::audit::Event;
use crate::body::{Metadata, PodSpec};
use crate::cloudtrail::{self, Call, Record, session_of};
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

/// How sure it is that what one name did, the other did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strength {
    /// An id that nobody else has says so: a key, a session, a token.
    #[default]
    Exact,
    /// A name says so that another object may have had before or after: a pod's.
    Name,
    /// Several may be behind it: all pods of a service account come by its name.
    Shared,
}

impl Strength {
    /// In a word, as programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Name => "name",
            Self::Shared => "shared",
        }
    }
}

impl Why {
    /// In a word, as programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SameCaller => "same-caller",
            Self::MappedTo => "mapped-to",
            Self::Impersonated => "impersonated",
            Self::AssumedRole => "assumed-role",
            Self::WebIdentity => "web-identity",
            Self::PodIdentity => "pod-identity",
            Self::MadeKey => "made-key",
            Self::MadeToken => "made-token",
            Self::MadePod => "made-pod",
            Self::MadeWorkload => "made-workload",
            Self::EnteredPod => "entered-pod",
            Self::PodOf => "pod-of",
            Self::TokenOf => "token-of",
            Self::RunsAs => "runs-as",
            Self::OneOf => "one-of",
        }
    }

    /// Whether what it leads to got its credentials from what it comes from.
    pub(super) fn gives(self) -> bool {
        matches!(
            self,
            Self::AssumedRole | Self::WebIdentity | Self::PodIdentity | Self::MadeKey | Self::MadeToken
        )
    }

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
            Self::OneOf => "has it as one of its pods or tokens",
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
    /// The first event that shows it.
    pub evidence: Evidence,
}

impl Link {
    /// How sure it is.
    pub fn strength(&self) -> Strength {
        match (self.why, &self.to) {
            (Why::RunsAs, _) | (Why::MadeToken, Identity::KubernetesUser(_)) => Strength::Shared,
            // The pod's own token says so.
            (Why::OneOf, _) => Strength::Exact,
            (_, Identity::Pod(..) | Identity::Workload(..)) => Strength::Name,
            _ => Strength::Exact,
        }
    }
}

/// When and by which event a link was made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) time: Option<i64>,
    pub(super) evidence: Evidence,
}

impl Made {
    /// What makes one the first, whatever order the logs come in.
    fn order(&self) -> (Option<i64>, &str, u64, &str) {
        let Evidence { id, place, .. } = &self.evidence;
        (self.time, &place.file, place.line, id)
    }
}

/// All names, and the links between them.
#[derive(Debug, Default)]
pub struct Identities {
    links: BTreeMap<Identity, BTreeMap<(Identity, Why), Made>>,
    /// What else names somebody: session names, unique ids, role ARNs.
    pub(super) aliases: BTreeMap<String, BTreeSet<Identity>>,
    /// Access keys and who used them.
    pub(super) owners: BTreeMap<String, BTreeSet<Identity>>,
    count: usize,
    dropped: u64,
}

object! {
    struct Manifest {
        "metadata" => metadata: Field<Metadata<'a>>,
        "spec" => spec: Field<PodSpec<'a>>,
    }
}

/// Resources that make pods.
const WORKLOADS: [&str; 6] = ["deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "cronjobs"];

impl Identities {
    /// Links that there was no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether a name is in the logs.
    pub(super) fn has(&self, identity: &Identity) -> bool {
        self.links.contains_key(identity)
    }

    /// Where a name leads.
    pub(super) fn of(&self, identity: &Identity) -> impl Iterator<Item = Link> {
        self.links.get(identity).into_iter().flatten().map(|((to, why), made)| Link {
            to: to.clone(),
            why: *why,
            time: made.time,
            evidence: made.evidence.clone(),
        })
    }

    /// All names from one on, in their order.
    pub(super) fn from(&self, first: Identity) -> impl Iterator<Item = &Identity> {
        self.links.range(first..).map(|(identity, _)| identity)
    }

    /// All links, each with the name that it leads from.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Identity, &Identity, Why)> {
        self.links.iter().flat_map(|(from, links)| links.keys().map(move |(to, why)| (from, to, *why)))
    }

    /// The keys of sessions and users that have several.
    pub(super) fn keys(&self) -> BTreeMap<Identity, BTreeSet<Identity>> {
        let mut keys: BTreeMap<Identity, BTreeSet<Identity>> = BTreeMap::new();
        for (key, owners) in &self.owners {
            for owner in owners {
                keys.entry(owner.clone()).or_default().insert(Identity::AccessKey(key.clone()));
            }
        }
        keys.retain(|_, keys| keys.len() > 1);
        keys
    }

    /// Everything that somebody can be asked for by.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let aliases = self.aliases.keys().cloned();
        self.links.keys().map(Identity::name).chain(aliases)
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
        self.meet(&first);
        let evidence =
            Evidence { id: event.audit_id.text().to_owned(), is_record: false, place: place.clone() };
        let mut link = |from: &Identity, to: Identity, why: Why| {
            self.add(from, Link { to, why, time: act.time, evidence: evidence.clone() });
        };
        let username = Identity::KubernetesUser(act.username().to_owned());
        let own_pod = names.iter().find(|name| matches!(name, Identity::Pod(..))).cloned();
        let own_token = names.iter().find(|name| matches!(name, Identity::Token(_))).cloned();
        match (&own_pod, &own_token) {
            (Some(pod), token) => {
                if let Some(token) = token {
                    link(pod, token.clone(), Why::TokenOf);
                    link(token, pod.clone(), Why::TokenOf);
                }
                link(pod, username.clone(), Why::RunsAs);
                link(&username, pod.clone(), Why::OneOf);
            }
            (None, Some(token)) => {
                link(token, username.clone(), Why::RunsAs);
                link(&username, token.clone(), Why::OneOf);
            }
            (None, None) => {
                for name in names.iter().skip(1) {
                    link(&first, name.clone(), Why::SameCaller);
                    link(name, first.clone(), Why::SameCaller);
                }
                if !names.contains(&username) {
                    for name in &names {
                        link(name, username.clone(), Why::MappedTo);
                    }
                }
            }
        }
        if act.took_place() {
            // Of somebody who came by AWS, the key as well: a session's name may be used again by another.
            let doers = own_pod.as_slice();
            let doers = if doers.is_empty() { &names } else { doers };
            let other = event.impersonated_user.get().map(|user| user.username.text().to_owned());
            for doer in doers {
                if let Some(other) = &other {
                    link(doer, Identity::KubernetesUser(other.clone()), Why::Impersonated);
                }
                made(&act, doer, &mut link);
            }
        }
        if let Identity::AccessKey(_) | Identity::Principal(_) | Identity::Session(_) = first {
            let uid = user.uid.text();
            let ids = [extra(user, "principalId"), extra(user, "canonicalArn"), uid];
            for alias in ids.into_iter().chain([extra(user, "sessionName"), act.username()]) {
                self.alias(alias, &first);
            }
            self.owned(&names);
        }
    }

    /// Learns from a record of CloudTrail.
    pub fn cloudtrail(&mut self, record: &Record<'_>, place: &Place) {
        let call = Call::of(record);
        let names = callers(&call);
        let evidence = Evidence { id: record.id.text().to_owned(), is_record: true, place: place.clone() };
        if let Some(first) = names.first() {
            self.meet(first);
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
            if !matches!(first, Identity::KubernetesUser(_) | Identity::WebIdentity(_)) {
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
        let Link { to, why, time, evidence } = link;
        let made = Made { time, evidence };
        let key = (to, why);
        if let Some(known) = self.links.get_mut(from).and_then(|links| links.get_mut(&key)) {
            // Of no time is earlier than of any: then nothing is left out by it.
            if made.order() < known.order() {
                *known = made;
            }
            return;
        }
        self.meet(&key.0);
        self.meet(from);
        if self.has_room()
            && let Some(links) = self.links.get_mut(from)
        {
            links.insert(key, made);
        }
    }

    /// Takes note of a name, and of what else it is called.
    fn meet(&mut self, identity: &Identity) {
        if self.links.contains_key(identity) || !self.has_room() {
            return;
        }
        self.links.insert(identity.clone(), BTreeMap::new());
        match identity {
            Identity::Session(arn) => {
                if let Some((role, name)) = session_of(arn) {
                    self.alias(role, identity);
                    self.alias(name, identity);
                }
            }
            Identity::Principal(arn) => {
                if let Some((_, name)) = arn.rsplit_once('/') {
                    self.alias(name, identity);
                }
            }
            _ => {}
        }
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.count < MAX_LINKS;
        if has_room {
            self.count = self.count.saturating_add(1);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
        has_room
    }

    fn alias(&mut self, alias: &str, identity: &Identity) {
        let is_known = self.aliases.get(alias).is_some_and(|known| known.contains(identity));
        if !alias.is_empty() && !is_known && self.has_room() {
            self.aliases.entry(alias.to_owned()).or_default().insert(identity.clone());
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

/// Who called. A web identity has no name but its token's subject.
pub(super) fn callers(call: &Call<'_>) -> Vec<Identity> {
    let names = actor::of_call(call);
    match call.caller {
        cloudtrail::Caller::WebIdentity(subject) if names.is_empty() && !subject.is_empty() => {
            vec![Identity::WebIdentity(subject.to_owned())]
        }
        _ => names,
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
            let to = actor::issued_token(act).unwrap_or_else(|| service_account(namespace, name));
            link(doer, to, Why::MadeToken);
        }
        ("pods", "", Verb::Create) => {
            let body = [&act.event.response_object, &act.event.request_object];
            let made: Option<Manifest<'_>> =
                body.into_iter().find(|body| body.json().is_some()).and_then(|body| body.read());
            let made = made.unwrap_or_default();
            let metadata = made.metadata.get().cloned().unwrap_or_default();
            let name = if name.is_empty() { metadata.name.text() } else { name };
            if name.is_empty() {
                return;
            }
            if let Some(account) = made.spec.get().map(PodSpec::account) {
                let account =
                    service_account(namespace, if account.is_empty() { "default" } else { account });
                link(&pod(name), account.clone(), Why::RunsAs);
                link(&account, pod(name), Why::OneOf);
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
