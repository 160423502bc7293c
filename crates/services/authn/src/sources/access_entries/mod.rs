//! Access entries of the EKS API, or of what speaks like it.
//!
//! The list of principals is asked for at every look, so that an entry which was deleted stops to count at the next. Entries are
//! described one by one, which would be two calls an entry each time; so new ones are described at once, and the others in turn:
//! each within [`Settings::refresh_within`].

mod api;
mod copy;
mod pin;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use ringwall_awsclient::{CallError, Client, ErrorKind};
use ringwall_model::{AccessEntry, AccessPolicyAssociation, AuthenticationMode, Source};
use ringwall_rbac::entry::{Bound, Mappings, Parts, Reading, Rules};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::next_look;
use super::trees::List;
use crate::random::jittered;
use api::Described;
use pin::Pin;

/// Most entries of a cluster, with room above EKS's own quota of 1,000.
///
/// Source: AWS EKS User Guide, *View and manage Amazon EKS and Fargate service quotas*.
pub const MAX_ENTRIES: usize = 10_000;

/// Calls at once. The EKS API allows few a second, and the client waits when it is throttled.
const CALLS_AT_ONCE: usize = 4;

/// Entries that are described again at each look, at least.
const DESCRIBED_AT_LEAST: usize = 10;

/// How access entries are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name that the EKS API knows the cluster by.
    pub cluster: String,
    /// How often the API is looked at, a tenth more or less.
    pub every: Duration,
    /// Within what time each entry is described again.
    pub refresh_within: Duration,
    /// Where a copy of the entries is kept for the next start; mode 0600.
    pub copy: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster: String::new(),
            every: Duration::from_secs(15),
            refresh_within: Duration::from_secs(300),
            copy: None,
        }
    }
}

/// What is known of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    described: Described,
    pin: Pin,
}

/// All that is known: `None` for an entry of which only its principal is.
type Entries = BTreeMap<String, Option<Known>>;

/// Keeps the entries up to date.
pub(super) async fn run(list: List, settings: Settings, aws: Client, look: Arc<Notify>) {
    let mut table = Table::new(list, settings, aws);
    table.start_from_copy().await;
    loop {
        table.look().await;
        next_look(&look, jittered(table.settings.every)).await;
    }
}

struct Table {
    list: List,
    settings: Settings,
    aws: Client,
    entries: Entries,
    /// Looks since the start, by which each entry's turn is known.
    turn: BTreeMap<String, u64>,
    looks: u64,
    /// Whether the entries were listed since the start.
    listed: bool,
    kept: Option<Entries>,
}

impl Table {
    fn new(list: List, settings: Settings, aws: Client) -> Self {
        let entries = Entries::new();
        Self { list, settings, aws, entries, turn: BTreeMap::new(), looks: 0, listed: false, kept: None }
    }

    async fn start_from_copy(&mut self) {
        let Some(path) = self.settings.copy.clone() else { return };
        match copy::read(&path, &self.settings.cluster).await {
            Ok(Some(copy)) => {
                self.entries = copy.entries;
                self.kept = Some(self.entries.clone());
                self.list.slot.is_as_of(self.mappings(), copy.as_of);
            }
            Ok(None) => {}
            Err(problem) => {
                tracing::error!(file = %path.display(), "the copy of the access entries is of no use: {problem}");
            }
        }
    }

    /// Asks the API, takes up what it tells, and keeps a copy.
    async fn look(&mut self) {
        self.looks = self.looks.saturating_add(1);
        let principals = match api::list(&self.aws, &self.settings.cluster).await {
            Ok(principals) => principals,
            Err(problem) => return self.list.slot.failed(problem),
        };
        let before = self.entries.clone();
        self.entries.retain(|principal, _| principals.contains(principal));
        self.turn.retain(|principal, _| principals.contains(principal));
        for principal in principals {
            self.entries.entry(principal).or_default();
        }
        // Whom an entry was taken from is out at once, before the others are described.
        if self.listed && !before.keys().eq(self.entries.keys()) {
            self.list.slot.is(self.mappings(), None);
        }
        let problem = self.describe().await;
        let first = !std::mem::replace(&mut self.listed, true);
        if first || before != self.entries {
            self.list.slot.is(self.mappings(), self.note());
        } else {
            self.list.slot.still_is();
        }
        match problem {
            Some(problem) => self.list.slot.failed(problem),
            None => self.keep().await,
        }
    }

    /// Describes those of which nothing is known, and those whose turn it is.
    async fn describe(&mut self) -> Option<String> {
        let due = self.due();
        let mut running: JoinSet<(String, Result<Option<Described>, CallError>)> = JoinSet::new();
        let mut due = due.into_iter();
        let mut problem = None;
        loop {
            while running.len() < CALLS_AT_ONCE
                && problem.is_none()
                && let Some(principal) = due.next()
            {
                let (aws, cluster) = (self.aws.clone(), self.settings.cluster.clone());
                running.spawn(async move {
                    let described = api::describe(&aws, &cluster, &principal).await;
                    (principal, described)
                });
            }
            match running.join_next().await {
                None => return problem,
                Some(Err(error)) => problem = Some(error.to_string()),
                Some(Ok((principal, Ok(described)))) => self.take(principal, described).await,
                Some(Ok((_, Err(error)))) => {
                    // What can't be described by this caller is not asked for again and again in one go.
                    if error.kind != ErrorKind::Invalid {
                        problem.get_or_insert(error.to_string());
                    }
                }
            }
        }
    }

    fn due(&self) -> Vec<String> {
        let looks = self.settings.refresh_within.as_secs().checked_div(self.settings.every.as_secs().max(1));
        let looks = usize::try_from(looks.unwrap_or(1).max(1)).unwrap_or(1);
        let share = self.entries.len().div_ceil(looks).max(DESCRIBED_AT_LEAST);
        let turn = |principal: &str| self.turn.get(principal).copied().unwrap_or_default();
        let mut known: Vec<(u64, &String)> = Vec::new();
        let mut due: Vec<String> = Vec::new();
        for (principal, entry) in &self.entries {
            match entry {
                None => due.push(principal.clone()),
                Some(_) => known.push((turn(principal), principal)),
            }
        }
        known.sort_unstable();
        due.extend(known.into_iter().take(share).map(|(_, principal)| principal.clone()));
        due
    }

    async fn take(&mut self, principal: String, described: Option<Described>) {
        let Some(described) = described else {
            // Deleted since it was listed.
            self.entries.remove(&principal);
            return;
        };
        let same = |known: &Known| known.described.entry_arn == described.entry_arn;
        let pin = match self.entries.get(&principal).cloned().flatten().filter(same).map(|known| known.pin) {
            // The same entry is bound to whom it was bound to, whatever has become of the principal.
            Some(Pin::To(id)) => Pin::To(id),
            before => match (before, pin::of(&described, &principal, &self.list.principals).await) {
                (Some(Pin::Gone), Pin::Unknown) => Pin::Gone,
                // IAM may know of a principal later than EKS. If it is there after all, and was before the entry, it is the one.
                (_, pin) => pin,
            },
        };
        self.turn.insert(principal.clone(), self.looks);
        self.entries.insert(principal, Some(Known { described, pin }));
    }

    /// What does not keep entries from counting and should be known.
    fn note(&self) -> Option<String> {
        let known = self.entries.values().flatten();
        let unbound = known.filter(|known| known.pin == Pin::Unknown).count();
        (unbound > 0).then(|| {
            format!(
                "{unbound} access entries count by their ARN alone: the unique ids of their principals are not known, since \
                 they are of another account or iam:GetRole and iam:GetUser are not allowed"
            )
        })
    }

    async fn keep(&mut self) {
        let Some(path) = &self.settings.copy else { return };
        // Its age is that of the last look, so that it is written at times even if nothing changed.
        let is_new = self.kept.as_ref() != Some(&self.entries);
        if !is_new && !self.looks.is_multiple_of(copy::LOOKS_UNTIL_WRITTEN) {
            return;
        }
        match copy::write(path, &self.settings.cluster, self.list.slot.now(), &self.entries).await {
            Ok(()) => self.kept = Some(self.entries.clone()),
            Err(problem) => {
                tracing::error!(file = %path.display(), "the access entries can't be kept for the next start: {problem}");
            }
        }
    }

    fn mappings(&self) -> Mappings {
        mappings(&self.settings.cluster, &self.entries, &self.list.rules)
    }
}

/// The mappings of a copy.
pub(crate) fn of_copy(bytes: &[u8], cluster: &str, rules: &Rules) -> Result<Mappings, String> {
    copy::parse(bytes, cluster).map(|copy| mappings(cluster, &copy.entries, rules))
}

fn mappings(cluster: &str, entries_known: &Entries, rules: &Rules) -> Mappings {
    let source = Source::new(format!("access entries of {cluster}"), 1);
    let mut entries = Vec::new();
    let mut policies = Vec::new();
    let mut bound = HashMap::new();
    let mut exported = Vec::new();
    for (principal, known) in entries_known {
        let described = known.as_ref().map(|known| &known.described);
        entries.push(AccessEntry {
            principal_arn: principal.as_str().into(),
            kind: described.map_or("", |it| it.kind.as_str()).into(),
            username: described.and_then(|it| it.username.as_deref()).map(Arc::from),
            groups: described.into_iter().flat_map(|it| &it.groups).map(|it| it.as_str().into()).collect(),
            created_at: described.and_then(|it| it.created_at.as_deref()).map(Arc::from),
            listed_only: described.is_none(),
            source: source.clone(),
        });
        let Some(known) = known else { continue };
        exported.push(principal.as_str());
        policies.extend(known.described.policies.iter().map(|policy| AccessPolicyAssociation {
            principal_arn: principal.as_str().into(),
            policy_arn: policy.arn.as_str().into(),
            scope: policy.scope(),
            source: source.clone(),
        }));
        match &known.pin {
            Pin::To(id) => drop(bound.insert(principal.as_str(), Bound::To(id))),
            Pin::Gone => drop(bound.insert(principal.as_str(), Bound::Gone)),
            Pin::Unknown => {}
        }
    }
    Mappings::from_parts(&Parts {
        mode: Some(AuthenticationMode::Api),
        access_entries: &entries,
        access_entries_exported: true,
        access_policies: &policies,
        access_policies_exported: exported,
        reading: Reading::Webhook(rules.clone()),
        bound,
        ..Parts::default()
    })
}
