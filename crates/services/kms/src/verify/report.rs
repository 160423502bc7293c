use std::collections::{BTreeMap, BTreeSet};

use super::{Question, Scope};
use crate::stored::{Digest, Form, Resource, SealKind, Sealed, Stored, Transformer};

/// Most objects that are named one by one; beyond, they are counted. Whoever has as many knows what to do.
pub const MAX_FINDINGS: usize = 100_000;

/// Most seeds that are told apart of a group. kube-apiserver makes one each time that it starts or the key changes.
pub const MAX_SEEDS: usize = 1_000;

/// Most names of annotations that are kept of a group; a plugin has a handful.
const MAX_ANNOTATIONS: usize = 64;

/// What was found in etcd.
#[derive(Debug, Clone)]
pub struct Report {
    /// By resource. One that was asked for and has no object has no group.
    pub resources: BTreeMap<Resource, Rows>,
    /// Objects that are not as they should be, in the order of their keys within each resource asked for.
    pub findings: Vec<Finding>,
    /// How many more there are than were kept.
    pub more_findings: u64,
    /// Keys below the prefix that are of no object; they are kept among the findings too.
    pub unknown_keys: u64,
}

/// A resource's objects by how they are stored.
pub type Rows = BTreeMap<Row, Group>;

/// How some objects are stored: what they have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// Sealed.
    Sealed {
        /// By what.
        transformer: Transformer,
        /// The KMS provider's name.
        provider: Option<String>,
        /// The key.
        key: Option<String>,
    },
    /// In the clear.
    Clear(Form),
    /// Sealed, it says, and can't be.
    Malformed,
}

/// Objects that are stored alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub objects: u64,
    /// How many bytes their values have.
    pub bytes: u64,
    /// Sealed seeds, by digest, that they have in common, and how many objects each has.
    pub seeds: BTreeMap<Digest, u64>,
    /// Objects whose seed came after [`MAX_SEEDS`] others.
    pub other_seeds: u64,
    /// Names of annotations that any of them has, the first 64.
    pub annotations: BTreeSet<String>,
}

/// An object that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its key in etcd, with what is not UTF-8 replaced.
    pub key: String,
    /// Why.
    pub why: Why,
    /// The provider that sealed it, if one did.
    pub provider: Option<String>,
    /// The key that it is under, if it says.
    pub under: Option<String>,
    /// How many bytes its value has.
    pub bytes: u64,
}

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// It is not sealed.
    Clear(Form),
    /// Another provider sealed it.
    OtherProvider,
    /// It is under another key, or does not say under which.
    OtherKey,
    /// It says that it is sealed and can't be.
    Malformed(&'static str),
    /// Its key is of no object.
    UnknownKey,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every object is sealed, under what was expected.
    Sealed,
    /// Some object is not.
    NotSealed,
    /// No object is known not to be, but some could not be read, or there was none of a resource that was asked for.
    Unknown,
}

impl Report {
    pub(super) fn new(question: &Question) -> Self {
        let resources = match &question.scope {
            Scope::All => BTreeMap::new(),
            Scope::Resources(resources) => {
                resources.iter().map(|resource| (resource.clone(), Rows::new())).collect()
            }
        };
        Self { resources, findings: Vec::new(), more_findings: 0, unknown_keys: 0 }
    }

    /// How many objects were looked at.
    pub fn objects(&self) -> u64 {
        self.groups().map(|(_, _, group)| group.objects).sum()
    }

    /// Objects that are not as they should be.
    pub fn faults(&self) -> u64 {
        u64::try_from(self.findings.len()).unwrap_or(u64::MAX).saturating_add(self.more_findings)
    }

    /// Every group of objects that are stored alike.
    pub fn groups(&self) -> impl Iterator<Item = (&Resource, &Row, &Group)> {
        self.resources
            .iter()
            .flat_map(|(resource, rows)| rows.iter().map(move |(row, group)| (resource, row, group)))
    }

    /// Resources that were asked for and of which etcd has no object.
    pub fn empty(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(|(_, rows)| rows.is_empty()).map(|(resource, _)| resource)
    }

    /// The answer. A "no" outweighs what could not be read.
    pub fn verdict(&self) -> Verdict {
        let unread = |finding: &Finding| matches!(finding.why, Why::Malformed(_) | Why::UnknownKey);
        // What was not kept might be either.
        if self.more_findings > 0 || self.findings.iter().any(|finding| !unread(finding)) {
            Verdict::NotSealed
        } else if self.findings.is_empty() && self.objects() > 0 && self.empty().next().is_none() {
            Verdict::Sealed
        } else {
            Verdict::Unknown
        }
    }

    /// Takes in an object.
    pub(super) fn add(&mut self, question: &Question, resource: &Resource, key: &[u8], value: &[u8]) {
        let stored = Stored::parse(value);
        let bytes = u64::try_from(value.len()).unwrap_or(u64::MAX);
        let fault = question.fault(resource, &stored);
        let rows = match self.resources.get_mut(resource) {
            Some(rows) => rows,
            None => self.resources.entry(resource.clone()).or_default(),
        };
        let (row, sealed) = match stored {
            Stored::Clear(form) => (Row::Clear(form), None),
            Stored::Malformed(_) => (Row::Malformed, None),
            Stored::Sealed(sealed) => {
                let Sealed { transformer, provider, key, seal } = sealed;
                (Row::Sealed { transformer, provider, key }, seal)
            }
        };
        if let Some(why) = fault {
            let (provider, under) = match &row {
                Row::Sealed { provider, key, .. } => (provider.clone(), key.clone()),
                Row::Clear(_) | Row::Malformed => (None, None),
            };
            keep(
                &mut self.findings,
                &mut self.more_findings,
                Finding { key: text(key), why, provider, under, bytes },
            );
        }
        let group = rows.entry(row).or_default();
        group.objects = group.objects.saturating_add(1);
        group.bytes = group.bytes.saturating_add(bytes);
        if let Some(seal) = sealed {
            let room = MAX_ANNOTATIONS.saturating_sub(group.annotations.len());
            group.annotations.extend(seal.annotations.into_iter().take(room));
            if seal.kind == SealKind::Seed {
                if group.seeds.len() < MAX_SEEDS || group.seeds.contains_key(&seal.digest) {
                    *group.seeds.entry(seal.digest).or_default() += 1;
                } else {
                    group.other_seeds = group.other_seeds.saturating_add(1);
                }
            }
        }
    }

    /// Takes in a key that is of no object.
    pub(super) fn add_unknown(&mut self, key: &[u8]) {
        self.unknown_keys = self.unknown_keys.saturating_add(1);
        let finding = Finding { key: text(key), why: Why::UnknownKey, provider: None, under: None, bytes: 0 };
        keep(&mut self.findings, &mut self.more_findings, finding);
    }
}

fn keep(findings: &mut Vec<Finding>, more: &mut u64, finding: Finding) {
    if findings.len() < MAX_FINDINGS {
        findings.push(finding);
    } else {
        *more = more.saturating_add(1);
    }
}

fn text(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}
