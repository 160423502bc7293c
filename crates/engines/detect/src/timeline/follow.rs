//! From one name to all that belong to it, and to their events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::links::{Identities, Link, Why};
use super::story::{Entry, Known, MAX_ENTRIES, Story};
use crate::act::Act;
use crate::actor::{self, Identity};
use crate::audit::{Event, Outcome};
use crate::cloudtrail::{Call, Record};
use crate::finding::{Evidence, Place};

/// Most names that are followed: of somebody who deploys to everything, the rest is another story.
const MAX_FOLLOWED: usize = 10_000;

/// Names that belong to one, and what they did.
#[derive(Debug, Default)]
pub struct Followed {
    who: String,
    known: Vec<Known>,
    at: BTreeMap<Identity, usize>,
    /// Access keys that several use.
    shared: BTreeSet<String>,
    entries: Vec<Entry>,
    left_out: u64,
}

impl Followed {
    pub(super) fn from(identities: &Identities, who: &str) -> Self {
        let several = identities.owners.iter().filter(|(_, owners)| owners.len() > 1);
        let mut followed = Self {
            who: who.to_owned(),
            shared: several.map(|(key, _)| key.clone()).collect(),
            ..Self::default()
        };
        let mut queue = VecDeque::new();
        for root in roots(identities, who) {
            queue.push_back(followed.know(root, None, None, false));
        }
        while let Some(at) = queue.pop_front() {
            let Some(known) = followed.known.get(at).cloned() else { continue };
            let is_root = known.through.is_none();
            let links = identities.links.get(&known.identity).map(Vec::as_slice).unwrap_or_default();
            let mut next: Vec<Link> =
                links.iter().filter(|link| leads_on(&known, link, is_root)).cloned().collect();
            next.extend(pods_of(identities, &known));
            for link in next {
                if matches!(&link.to, Identity::AccessKey(key) if followed.shared.contains(key)) {
                    continue;
                }
                let since = if link.why.begins() { known.since.max(link.time) } else { known.since };
                let is_better = followed
                    .at
                    .get(&link.to)
                    .and_then(|at| followed.known.get(*at))
                    .is_none_or(|other| since < other.since && other.through.is_some());
                if is_better && followed.known.len() < MAX_FOLLOWED {
                    let to = link.to.clone();
                    let is_shared = known.is_shared || link.why == Why::RunsAs;
                    queue.push_back(followed.know(
                        to,
                        since,
                        Some((known.identity.clone(), link)),
                        is_shared,
                    ));
                }
            }
        }
        followed
    }

    /// Whether nobody of that name is in the logs.
    pub fn is_nobody(&self) -> bool {
        self.known.is_empty()
    }

    /// Looks at an event of the audit log again.
    pub fn audit(&mut self, event: &Event<'_>, place: &Place) {
        // One entry a request: the stage at which it was decided, or of what goes on the one at which it began.
        if event.stage.text() == "RequestReceived" {
            return;
        }
        let act = Act::of(event);
        let names = actor::of_act(&act);
        let Some((identity, through, is_shared)) = self.belongs(&names, act.time) else { return };
        let outcome = match act.outcome {
            Outcome::Succeeded => "",
            Outcome::Denied => "denied",
            Outcome::Failed => "failed",
            Outcome::NotTold => "outcome not recorded",
        };
        let evidence =
            Evidence { id: event.audit_id.text().to_owned(), is_record: false, place: place.clone() };
        self.push(Entry {
            time: act.time,
            evidence,
            identity,
            through,
            is_shared,
            username: act.username().to_owned(),
            impersonated: event
                .impersonated_user
                .get()
                .map(|user| user.username.text().to_owned())
                .unwrap_or_default(),
            what: super::story::request(&act),
            outcome: outcome.to_owned(),
            source: act.source.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: event.user_agent.text().to_owned(),
        });
    }

    /// Looks at a record of CloudTrail again.
    pub fn cloudtrail(&mut self, record: &Record<'_>, place: &Place) {
        let call = Call::of(record);
        let mut names = actor::of_call(&call);
        if let Some(handover) = actor::handover(&call).filter(|handover| !handover.for_himself) {
            // The agent of Pod Identity calls for the pod, with the node's credentials.
            names.splice(0..0, handover.holders.into_iter().chain(handover.given));
        }
        let Some((identity, through, is_shared)) = self.belongs(&names, call.time) else { return };
        let evidence = Evidence { id: record.id.text().to_owned(), is_record: true, place: place.clone() };
        self.push(Entry {
            time: call.time,
            evidence,
            identity,
            through,
            is_shared,
            username: String::new(),
            impersonated: String::new(),
            what: super::story::call(&call),
            outcome: record.error_code.text().to_owned(),
            source: record.source_ip.text().to_owned(),
            user_agent: record.user_agent.text().to_owned(),
        });
    }

    /// All of it, in the order of time.
    pub fn story(mut self) -> Story {
        self.entries.sort_by(|one, other| {
            let key =
                |entry: &Entry| (entry.time, entry.evidence.place.file.clone(), entry.evidence.place.line);
            key(one).cmp(&key(other))
        });
        // The stages of one request, and what several logs have.
        self.entries.dedup_by(|next, last| {
            !next.evidence.id.is_empty() && next.evidence.id == last.evidence.id && next.what == last.what
        });
        Story { who: self.who, identities: self.known, entries: self.entries, left_out: self.left_out }
    }

    fn know(
        &mut self,
        identity: Identity,
        since: Option<i64>,
        through: Option<(Identity, Link)>,
        is_shared: bool,
    ) -> usize {
        let known = Known { identity: identity.clone(), since, through, is_shared };
        if let Some(slot) = self.at.get(&identity).and_then(|at| self.known.get_mut(*at)) {
            *slot = known;
        } else {
            self.at.insert(identity.clone(), self.known.len());
            self.known.push(known);
        }
        self.at.get(&identity).copied().unwrap_or_default()
    }

    /// The name by which an event belongs, and why that does.
    fn belongs(&self, names: &[Identity], time: Option<i64>) -> Option<(Identity, Option<Why>, bool)> {
        let is_pod = names.iter().any(|name| matches!(name, Identity::Pod(..) | Identity::Token(_)));
        names.iter().find_map(|name| {
            let known = self.known.get(*self.at.get(name)?)?;
            let why = known.through.as_ref().map(|(_, link)| link.why);
            // In another's name he acts himself; and a service account's other pods are not this one.
            let is_other = why == Some(Why::Impersonated)
                || (is_pod && matches!(name, Identity::KubernetesUser(_)) && why == Some(Why::RunsAs));
            let is_after = known.since.is_none() || time.is_none() || time >= known.since;
            (!is_other && is_after).then(|| (name.clone(), why, known.is_shared))
        })
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() >= MAX_ENTRIES {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.entries.push(entry);
    }
}

/// Whether a link is gone along. In whose name somebody acted is told, and is not he; what a service account's other pods do is
/// asked for by its name alone.
fn leads_on(known: &Known, link: &Link, is_root: bool) -> bool {
    let why = known.through.as_ref().map(|(_, link)| link.why);
    if why == Some(Why::Impersonated) || (link.why == Why::OneOf && !is_root) {
        return false;
    }
    // A user name that many come by leads to none of them.
    !(why == Some(Why::MappedTo) && link.why == Why::SameCaller)
        && (!link.why.begins() || known.since.is_none() || link.time.is_none() || link.time >= known.since)
}

/// The pods of a workload, by their names: `NAME-…`.
fn pods_of(identities: &Identities, known: &Known) -> Vec<Link> {
    let Identity::Workload(namespace, workload) = &known.identity else { return Vec::new() };
    let Some((_, made)) = &known.through else { return Vec::new() };
    let first = Identity::Pod(namespace.clone(), format!("{workload}-"));
    let later = identities.links.range(first..).map(|(identity, _)| identity);
    later
        .take_while(|identity| {
            matches!(identity, Identity::Pod(of, name) if of == namespace
                && name.strip_prefix(workload.as_str()).is_some_and(|rest| rest.starts_with('-')))
        })
        .map(|pod| Link {
            to: pod.clone(),
            why: Why::PodOf,
            time: made.time,
            evidence: made.evidence.clone(),
        })
        .collect()
}

/// Whom a text names: exactly, or as a role, a session, an id, a pod.
fn roots(identities: &Identities, who: &str) -> Vec<Identity> {
    let mut roots = BTreeSet::new();
    let named: Vec<Identity> = ["AKIA", "ASIA"]
        .iter()
        .filter(|prefix| who.starts_with(**prefix))
        .map(|_| Identity::AccessKey(who.to_owned()))
        .chain(Identity::of_arn(who))
        .chain([
            Identity::KubernetesUser(who.to_owned()),
            Identity::Token(who.trim_start_matches("JTI=").to_owned()),
        ])
        .chain(
            who.trim_start_matches("pod/")
                .split_once('/')
                .map(|(namespace, name)| Identity::Pod(namespace.to_owned(), name.to_owned())),
        )
        .collect();
    let is_known = |identity: &Identity| {
        identities.links.contains_key(identity)
            || identities.links.values().flatten().any(|link| link.to == *identity)
    };
    roots.extend(named.into_iter().filter(is_known));
    roots.extend(identities.aliases.get(who).into_iter().flatten().cloned());
    if let Some((account, role)) = role_of(who) {
        let of_role = |identity: &&Identity| matches!(identity, Identity::Session(arn) if arn.contains(&format!("::{account}:assumed-role/{role}/")));
        roots.extend(identities.links.keys().filter(of_role).cloned());
    }
    roots.into_iter().collect()
}

/// Account and name of a role's ARN.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let (head, role) = arn.split_once(":role/")?;
    Some((head.rsplit(':').next()?, role.rsplit('/').next()?))
}
