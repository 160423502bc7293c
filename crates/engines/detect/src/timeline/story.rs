//! The timeline itself.

use std::collections::BTreeSet;
use std::fmt;

use super::links::{Link, Strength, Why};
use crate::actor::Identity;
use crate::audit::Outcome;
use crate::finding::Evidence;

/// Most entries of a timeline, some hundred MiB: the earliest. What is beyond is counted.
pub const MAX_ENTRIES: usize = 100_000;

/// What somebody did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// Who was asked for.
    pub who: String,
    /// From whom he had his credentials, the first one first, each with the link that leads from it. They are told, and not
    /// followed.
    pub origins: Vec<(Identity, Link)>,
    /// Who was asked for, and all names that belong to him and did something, each with the one that leads to it.
    pub identities: Vec<Known>,
    /// What he did, in the order of time.
    pub entries: Vec<Entry>,
    /// Entries that there was no room for.
    pub left_out: u64,
}

/// A name that belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The name.
    pub identity: Identity,
    /// From when on, in Unix milliseconds; from ever, if there is no time.
    pub since: Option<i64>,
    /// The name that leads to it and how; none for who was asked for.
    pub through: Option<(Identity, Link)>,
    /// How sure it is: as the weakest of the links that lead to it.
    pub strength: Strength,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, in Unix milliseconds.
    pub time: Option<i64>,
    /// The event.
    pub evidence: Evidence,
    /// The name by which it belongs.
    pub identity: Identity,
    /// How that name came in; none for who was asked for.
    pub through: Option<Why>,
    /// How sure it is that it was he.
    pub strength: Strength,
    /// All names that the event has for whoever did it, the strongest first.
    pub names: Vec<Identity>,
    /// As which user of Kubernetes; empty for a call to AWS.
    pub username: String,
    /// In whose name, if in another's.
    pub impersonated: String,
    /// What was done: `get secrets`, `iam:CreateAccessKey`.
    pub action: String,
    /// To what: `shop/db`, an ARN; empty if it is not said.
    pub object: String,
    /// With what: the command of an exec.
    pub detail: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why not, in the apiserver's or AWS's word; empty if it succeeded.
    pub error: String,
    /// From where.
    pub source: String,
    /// What the client called itself.
    pub user_agent: String,
    /// The types of the findings that rest on it.
    pub findings: BTreeSet<&'static str>,
    /// Of what may be another's: whether it came from an address from which he did what is surely his.
    pub is_from_same: bool,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.identity.kind(), self.identity.name())?;
        if let Some((from, link)) = &self.through {
            write!(f, ", which {} {} ", from.kind(), from.name())?;
            match link.why {
                Why::SameCaller => f.write_str("shares a record with")?,
                why => write!(f, "{}", phrase(why))?,
            }
        }
        if self.strength == Strength::Shared {
            f.write_str(" (or another that runs as it)")?;
        }
        Ok(())
    }
}

/// As the end of "which NAME …".
fn phrase(why: Why) -> String {
    match why {
        Why::MappedTo => "is to the cluster".to_owned(),
        Why::PodOf => "made, by its name".to_owned(),
        Why::OneOf => "is run as by".to_owned(),
        why => why.to_string(),
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.names.first().unwrap_or(&self.identity);
        write!(f, "{} {}: {}", name.kind(), name.name(), self.what())?;
        if !self.impersonated.is_empty() {
            write!(f, " as {}", self.impersonated)?;
        }
        if let Some(result) = self.result() {
            write!(f, " ({result})")?;
        }
        if !self.source.is_empty() {
            write!(f, " from {}", self.source)?;
        }
        Ok(())
    }
}

impl Entry {
    /// Action, object and command, as one text.
    pub fn what(&self) -> String {
        let mut what = self.action.clone();
        for (mark, part) in [(" ", &self.object), (": ", &self.detail)] {
            if !part.is_empty() {
                what.push_str(mark);
                what.push_str(part);
            }
        }
        what
    }

    /// What became of it in words; nothing if it succeeded.
    pub fn result(&self) -> Option<String> {
        let result = match self.outcome {
            Outcome::Succeeded => return None,
            Outcome::Denied => "denied",
            Outcome::Failed => "failed",
            Outcome::NotTold => "outcome not recorded",
        };
        Some(if self.error.is_empty() { result.to_owned() } else { format!("{result}: {}", self.error) })
    }
}
