//! Filters of findings, and the suppression rules that are made of them, by GuardDuty's grammar.
//!
//! ```
//! use ringwall_detect::filter::{Action, Filters};
//!
//! let filters = Filters::read(r#"{
//!   "Name": "argo-deploys", "Action": "ARCHIVE", "Rank": 1,
//!   "FindingCriteria": {"Criterion": {
//!     "type": {"Matches": ["*:Kubernetes/AnomalousBehavior.WorkloadDeployed*"]},
//!     "resource.kubernetesDetails.kubernetesUserDetails.username": {"Equals": ["system:serviceaccount:argocd:controller"]}
//!   }}
//! }"#)?;
//! assert_eq!(filters.all().first().map(|filter| filter.action), Some(Action::Archive));
//! # Ok::<(), ringwall_detect::filter::NotAFilter>(())
//! ```
//!
//! # Semantics
//!
//! - The criteria of a filter hold all together; of the values of one operator one is enough.
//! - An attribute that a finding has several times (a container's image, a list's name) matches if one of its values does.
//! - `NotEquals` and `NotMatches` say that `Equals` and `Matches` with the same values do not hold: none of the values is one of these.
//!   They hold therefore where the finding has no such attribute. AWS does not say; any other reading would make `NotEquals` and
//!   `Equals` both true of a pod with two images.
//! - Comparisons do not hold where there is nothing to compare. Times are compared as Unix milliseconds.
//! - Texts are compared letter by letter, the case of letters included. AWS does not say; its findings have their names in one case.
//! - In `Matches`, `*` stands for any text and `?` for one character; no character takes that away from them.
//! - Filters are asked in the order of their ranks, and the first that matches says what becomes of a finding: one with the action `NOOP`
//!   keeps it from those behind. Those without a rank come last; of two with the same rank the one that was read first.
//!
//! Source: AWS GuardDuty API Reference, `CreateFilter`, `FindingCriteria` and `Condition` ("Rank … specifies the order in which this filter
//! is applied to the findings"); AWS GuardDuty User Guide, *Filtering findings* ("each filter criteria attribute is evaluated as an AND
//! operator") and *Suppression rules*.

mod attribute;
mod condition;
mod read;
mod subject;

pub use attribute::{Attribute, Form};
pub use condition::{Condition, Test};
pub use read::{MAX_INPUT, NotAFilter};

use crate::finding::Finding;
use crate::output::Scope;
use subject::Subject;

/// Most filters. Source: AWS General Reference, *Amazon GuardDuty endpoints and quotas*: 100 saved filters an account and region.
pub const MAX_FILTERS: usize = 100;

/// What becomes of a finding that a filter matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Nothing: `NOOP`. It is GuardDuty's default.
    #[default]
    Noop,
    /// It is kept, marked as archived, and sent to nobody: `ARCHIVE`.
    Archive,
}

impl Action {
    /// GuardDuty's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Noop => "NOOP",
            Self::Archive => "ARCHIVE",
        }
    }
}

/// One filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its name, unlike all others'.
    pub name: String,
    /// What it is for, as whoever wrote it says; may be empty.
    pub description: String,
    /// Its place among the filters, from 1 to 100.
    pub rank: Option<u8>,
    /// What becomes of what it matches.
    pub action: Action,
    /// What a finding has to be: all of it. Never empty.
    pub criteria: Vec<(Attribute, Condition)>,
}

impl Filter {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        self.criteria.iter().all(|(attribute, condition)| condition.holds(&subject.values(*attribute)))
    }
}

/// Filters in the order in which they are asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    all: Vec<Filter>,
}

impl Filters {
    /// All of them, the first to be asked first.
    pub fn all(&self) -> &[Filter] {
        &self.all
    }

    /// Adds those of another file.
    ///
    /// # Errors
    ///
    /// Two have the same name, or there are more than [`MAX_FILTERS`].
    pub fn add(&mut self, others: Self) -> Result<(), NotAFilter> {
        for filter in others.all {
            self.insert(filter)?;
        }
        Ok(())
    }

    fn insert(&mut self, filter: Filter) -> Result<(), NotAFilter> {
        if self.all.iter().any(|known| known.name == filter.name) {
            return Err(NotAFilter::SameName(filter.name));
        }
        if self.all.len() >= MAX_FILTERS {
            return Err(NotAFilter::TooMany);
        }
        let place = |filter: &Filter| filter.rank.unwrap_or(u8::MAX);
        let at = self.all.partition_point(|known| place(known) <= place(&filter));
        self.all.insert(at, filter);
        Ok(())
    }

    /// The filter that says what becomes of a finding: the first that matches it.
    pub fn first(&self, finding: &Finding, scope: &Scope) -> Option<&Filter> {
        if self.all.is_empty() {
            return None;
        }
        let subject = Subject::of(finding, scope);
        self.all.iter().find(|filter| filter.matches(&subject))
    }

    /// The filter that archives a finding, if one does.
    pub fn archiving(&self, finding: &Finding, scope: &Scope) -> Option<&Filter> {
        self.first(finding, scope).filter(|filter| filter.action == Action::Archive)
    }
}
