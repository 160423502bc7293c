//! From one name to all that belong to it, and to their events.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use super::links::{Identities, Link, Strength, Why, callers};
use super::story::{Entry, Known, MAX_ENTRIES, Story};
use super::{origins, roots};
use crate::act::Act;
use crate::actor::{self, Identity};
use crate::audit::{Event, Outcome};
use crate::cloudtrail::{Call, Record};
use crate::finding::{Evidence, Finding, Place};

/// Most names that are followed: of somebody who deploys to everything, the rest is another story.
pub const MAX_FOLLOWED: usize = 10_000;

/// How long credentials that a pod got may still be used, in milliseconds: the longest session of a role.
/// Source: AWS IAM User Guide, *Update the maximum session duration for a role*.
const LONGEST_SESSION: i64 = 12 * 60 * 60 * 1000;

/// What makes the order of entries: of one time the place, and of one place the id, since a list is one line.
type Order = (Option<i64>, Arc<str>, u64, String);

/// Names that belong to one, and what they did.
#[derive(Debug, Default)]
pub struct Followed {
    who: String,
    known: Vec<Known>,
    at: BTreeMap<Identity, usize>,
    /// Access keys that several use.
    shared: BTreeSet<String>,
    /// Sessions and users with several keys, and those. A session's name may be used again, as CI systems do: then the key tells
    /// which one it is.
    keys: BTreeMap<Identity, BTreeSet<Identity>>,
    origins: Vec<(Identity, Link)>,
    since: Option<i64>,
    until: Option<i64>,
    entries: BTreeMap<Order, Entry>,
    left_out: u64,
}

impl Followed {
    pub(super) fn from(identities: &Identities, who: &str) -> Self {
        let several = identities.owners.iter().filter(|(_, owners)| owners.len() > 1);
        let mut followed = Self {
            who: who.to_owned(),
            shared: several.map(|(key, _)| key.clone()).collect(),
            keys: identities.keys(),
            ..Self::default()
        };
        // What belongs from early on and is sure comes first, so that each name is gone on from once.
        let mut queue: BinaryHeap<Reverse<(Option<i64>, Strength, usize)>> = BinaryHeap::new();
        for root in roots::named(identities, who) {
            queue.push(Reverse((None, Strength::Exact, followed.know(Known::root(root)))));
        }
        while let Some(Reverse((since, strength, at))) = queue.pop() {
            let Some(known) = followed.known.get(at).cloned() else { continue };
            let is_old = (known.since, known.strength) != (since, strength);
            if is_old || (known.through.is_some() && followed.is_by_key(&known.identity)) {
                continue;
            }
            let links = identities.of(&known.identity).filter(|link| leads_on(&known, link));
            for link in links.chain(roots::pods_of(identities, &known)) {
                let next = Known::through(&known, link);
                if followed.is_news(&next) {
                    queue.push(Reverse((next.since, next.strength, followed.know(next))));
                }
            }
        }
        followed.origins = origins::of(identities, &followed.known);
        followed
    }

    /// Leaves out what was before or after, in Unix milliseconds. What has no time stays.
    #[must_use]
    pub fn between(mut self, since: Option<i64>, until: Option<i64>) -> Self {
        (self.since, self.until) = (since, until);
        self
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
        let impersonated = event.impersonated_user.get().map(|user| user.username.text());
        let belongs = self.belongs(&names, act.time).or_else(|| self.is_in_name_of(impersonated?));
        let Some((identity, through, strength)) = belongs else { return };
        let status = event.response_status.get();
        let error = match (act.outcome, status) {
            (Outcome::Denied | Outcome::Failed, Some(status)) => {
                match (status.reason.text(), status.code.get()) {
                    ("", Some(code)) => code.to_string(),
                    (reason, _) => reason.to_owned(),
                }
            }
            _ => String::new(),
        };
        let (action, object, detail) = super::words::request(&act);
        self.push(Entry {
            time: act.time,
            evidence: Evidence {
                id: event.audit_id.text().to_owned(),
                is_record: false,
                place: place.clone(),
            },
            identity,
            through,
            strength,
            names,
            username: act.username().to_owned(),
            impersonated: impersonated.unwrap_or_default().to_owned(),
            action,
            object,
            detail,
            outcome: act.outcome,
            error,
            source: act.source.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: event.user_agent.text().to_owned(),
            findings: BTreeSet::new(),
            is_from_same: false,
        });
    }

    /// Looks at a record of CloudTrail again.
    pub fn cloudtrail(&mut self, record: &Record<'_>, place: &Place) {
        let call = Call::of(record);
        let mut names = callers(&call);
        if let Some(handover) = actor::handover(&call).filter(|handover| !handover.for_himself) {
            // The agent of Pod Identity calls for the pod, with the node's credentials.
            names.splice(0..0, handover.holders.into_iter().chain(handover.given));
        }
        let Some((identity, through, strength)) = self.belongs(&names, call.time) else { return };
        let outcome = match (call.succeeded, call.was_denied()) {
            (true, _) => Outcome::Succeeded,
            (false, true) => Outcome::Denied,
            (false, false) => Outcome::Failed,
        };
        let (action, object) = super::words::call(&call);
        self.push(Entry {
            time: call.time,
            evidence: Evidence { id: record.id.text().to_owned(), is_record: true, place: place.clone() },
            identity,
            through,
            strength,
            names,
            username: String::new(),
            impersonated: String::new(),
            action,
            object,
            detail: String::new(),
            outcome,
            error: record.error_code.text().to_owned(),
            source: record.source_ip.text().to_owned(),
            user_agent: record.user_agent.text().to_owned(),
            findings: BTreeSet::new(),
            is_from_same: false,
        });
    }

    /// All of it, in the order of time; each entry with the types of the findings that name its event.
    pub fn story(self, findings: &[&Finding]) -> Story {
        let mut types: BTreeMap<(&str, u64, &str), Vec<&'static str>> = BTreeMap::new();
        for finding in findings {
            for Evidence { id, place, .. } in finding.evidence() {
                types.entry((&place.file, place.line, id)).or_default().push(finding.kind.name);
            }
        }
        // The stages of one request, and what several logs have, are one.
        let mut at: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        let mut entries: Vec<Entry> = Vec::with_capacity(self.entries.len());
        for (_, mut entry) in self.entries {
            let Evidence { id, place, .. } = &entry.evidence;
            let of_it = types.get(&(&*place.file, place.line, id.as_str()));
            entry.findings = of_it.into_iter().flatten().copied().collect();
            let request = (id.clone(), entry.action.clone(), entry.object.clone());
            match at.get(&request).and_then(|at| entries.get_mut(*at)) {
                Some(known) if !id.is_empty() => known.findings.extend(entry.findings),
                _ => {
                    at.insert(request, entries.len());
                    entries.push(entry);
                }
            }
        }
        let sources: BTreeSet<String> = entries
            .iter()
            .filter(|entry| entry.strength == Strength::Exact)
            .map(|entry| entry.source.clone())
            .collect();
        for entry in entries.iter_mut().filter(|entry| entry.strength == Strength::Shared) {
            entry.is_from_same = sources.contains(&entry.source);
        }
        Story {
            who: self.who,
            origins: self.origins,
            identities: told_of(self.known, &entries),
            entries,
            left_out: self.left_out,
        }
    }

    /// Whether a way to a name tells more than what is known: it begins earlier, or as early and is surer.
    fn is_news(&self, next: &Known) -> bool {
        if matches!(&next.identity, Identity::AccessKey(key) if self.shared.contains(key)) {
            return false;
        }
        match self.at.get(&next.identity).and_then(|at| self.known.get(*at)) {
            Some(known) => {
                known.through.is_some() && (next.since, next.strength) < (known.since, known.strength)
            }
            None => self.known.len() < MAX_FOLLOWED,
        }
    }

    /// Whether a session or user is followed by one of several keys: then the others may be somebody else.
    fn is_by_key(&self, identity: &Identity) -> bool {
        self.keys.get(identity).is_some_and(|keys| keys.iter().any(|key| self.at.contains_key(key)))
    }

    fn know(&mut self, known: Known) -> usize {
        let next = self.known.len();
        let at = *self.at.entry(known.identity.clone()).or_insert(next);
        match self.known.get_mut(at) {
            Some(slot) => *slot = known,
            None => self.known.push(known),
        }
        at
    }

    /// The name by which an event belongs, why that does, and how sure it is.
    fn belongs(&self, names: &[Identity], time: Option<i64>) -> Option<(Identity, Option<Why>, Strength)> {
        let is_pod = names.iter().any(|name| matches!(name, Identity::Pod(..) | Identity::Token(_)));
        let key = names.iter().find(|name| matches!(name, Identity::AccessKey(_)));
        let has_other_key = key.is_some_and(|key| !self.at.contains_key(key));
        let claims = names.iter().filter_map(|name| {
            let known = self.known.get(*self.at.get(name)?)?;
            let why = known.through.as_ref().map(|(_, link)| link.why);
            // In another's name he acts himself; another key, or another pod of a service account, is not this one.
            let is_other = why == Some(Why::Impersonated)
                || (why.is_some() && has_other_key && self.is_by_key(name))
                || (is_pod && matches!(name, Identity::KubernetesUser(_)) && why == Some(Why::RunsAs));
            let is_after = known.since.is_none() || time.is_none() || time >= known.since;
            (!is_other && is_after).then_some((name, why, known.strength))
        });
        // By the name that was asked for, or else the surest and strongest.
        let claim = claims.min_by_key(|(_, why, strength)| (why.is_some(), *strength));
        claim.map(|(name, why, strength)| (name.clone(), why, strength))
    }

    /// What others do in somebody's name is his as well, if it is he who was asked for.
    fn is_in_name_of(&self, username: &str) -> Option<(Identity, Option<Why>, Strength)> {
        let identity = Identity::KubernetesUser(username.to_owned());
        let known = self.known.get(*self.at.get(&identity)?)?;
        known.through.is_none().then_some((identity, Some(Why::Impersonated), Strength::Exact))
    }

    fn push(&mut self, entry: Entry) {
        let is_outside = entry.time.is_some_and(|time| {
            self.since.is_some_and(|since| time < since) || self.until.is_some_and(|until| time >= until)
        });
        if is_outside {
            return;
        }
        let Evidence { id, place, .. } = &entry.evidence;
        let order = (entry.time, Arc::clone(&place.file), place.line, format!("{id} {}", entry.action));
        self.entries.insert(order, entry);
        // The latest go, whatever order they come in.
        if self.entries.len() > MAX_ENTRIES {
            self.entries.pop_last();
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}

/// Whether a link is gone along. In whose name somebody acted is told, and is not he; what a service account's other pods do is
/// asked for by its name alone.
fn leads_on(known: &Known, link: &Link) -> bool {
    let why = known.through.as_ref().map(|(_, link)| link.why);
    if why == Some(Why::Impersonated) || (link.why == Why::OneOf && why.is_some()) {
        return false;
    }
    // A user name that many come by leads to none of them.
    if why == Some(Why::MappedTo) && link.why == Why::SameCaller {
        return false;
    }
    let (Some(since), Some(time)) = (known.since, link.time) else { return true };
    match link.why {
        // Whoever is in a pod has the credentials as well that it got before.
        Why::WebIdentity | Why::PodIdentity => time >= since.saturating_sub(LONGEST_SESSION),
        why => !why.begins() || time >= since,
    }
}

/// Names that did something, who was asked for, and those that lead from one to the other.
fn told_of(known: Vec<Known>, entries: &[Entry]) -> Vec<Known> {
    let through: BTreeMap<&Identity, Option<&Identity>> =
        known.iter().map(|known| (&known.identity, known.through.as_ref().map(|(from, _)| from))).collect();
    let mut told: BTreeSet<Identity> = BTreeSet::new();
    let users: BTreeSet<&str> = entries.iter().map(|entry| entry.username.as_str()).collect();
    let users = known.iter().map(|known| &known.identity).filter(
        |identity| matches!(identity, Identity::KubernetesUser(name) if users.contains(name.as_str())),
    );
    let names = entries.iter().flat_map(|entry| std::iter::once(&entry.identity).chain(&entry.names));
    for name in names.chain(users) {
        let mut next = Some(name).filter(|name| through.contains_key(name));
        while let Some(name) = next.filter(|name| told.insert((*name).clone())) {
            next = through.get(name).copied().flatten();
        }
    }
    known.into_iter().filter(|known| known.through.is_none() || told.contains(&known.identity)).collect()
}
