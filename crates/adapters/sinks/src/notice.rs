use ringwall_detect::finding::Finding;
use ringwall_detect::output::{self, Scope};

/// A finding that is told, once more or for the first time.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The finding, as it was when it was decided to tell it.
    pub finding: Finding,
    /// Of which cluster it is.
    pub scope: Scope,
    /// Why it is told.
    pub what: What,
    /// Where it is in the batch or the queue that it comes from; no two of a batch have the same.
    pub position: u64,
}

/// Why a finding is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is new.
    New,
    /// It was told before, and has counted up since.
    Updated,
}

impl What {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Updated => "updated",
        }
    }
}

impl Notice {
    /// The finding's id: 32 hexadecimal digits.
    pub fn id(&self) -> String {
        output::id(&self.finding, &self.scope)
    }

    /// When it was first and last seen, in Unix milliseconds; what has no time was seen when its scope says that it is now.
    pub(crate) fn seen(&self) -> (i64, i64) {
        let now = self.scope.now;
        (self.finding.first_seen.unwrap_or(now), self.finding.last_seen.unwrap_or(now))
    }

    /// What is the same for the same finding in the same state, however often and by whomever it is told: 32 hexadecimal digits.
    pub(crate) fn telling(&self) -> String {
        let (first, last) = self.seen();
        crate::digest(&[
            &self.id(),
            &self.finding.count.to_string(),
            &first.to_string(),
            &last.to_string(),
            self.finding.severity.name(),
        ])
    }
}
