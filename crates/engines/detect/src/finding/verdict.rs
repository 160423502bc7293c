//! What people and filters have decided of findings: archived or not, useful or not.
//!
//! Findings come again from the same events and under the same id ([`crate::output::id`]), so what was decided is kept apart from them,
//! by their ids:
//!
//! ```
//! use ringwall_detect::finding::{Marks, Rating};
//!
//! let id = "0123456789abcdef0123456789abcdef";
//! let mut marks = Marks::default();
//! marks.archive(id, 1_795_000_000_000)?;
//! marks.rate(id, Rating::NotUseful, "our own scanner", 1_795_000_060_000)?;
//! assert!(marks.verdict(id, None).is_archived());
//! # Ok::<(), ringwall_detect::finding::NotMarked>(())
//! ```
//!
//! # How marks and filters go together
//!
//! - What somebody has archived stays so, however often it is counted up, until somebody unarchives it.
//! - What somebody has unarchived stays in sight, although a filter would archive it: whoever did that has seen it there.
//! - Of anything else the first filter that matches decides, anew each time that it is looked at.
//! - Another cause is another finding, of which nothing was decided.
//!
//! Source: AWS GuardDuty API Reference, `ArchiveFindings`, `UnarchiveFindings`, `UpdateFindingsFeedback`; AWS GuardDuty User Guide,
//! *Suppression rules*: "new findings that match the criteria … are automatically archived". AWS does not say what becomes of an
//! archived finding that happens again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

use super::MAX_FINDINGS;
use crate::filter::Filter;

/// Most findings that are marked: as many as are open.
pub const MAX_MARKS: usize = MAX_FINDINGS;
/// Longest comment, in bytes. GuardDuty gives no bound; this is some pages.
pub const MAX_COMMENT: usize = 8192;
/// Digits of an id.
const ID: usize = 32;

/// Why something was not marked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMarked {
    /// No finding has such an id.
    #[error("`{0}` is no id of a finding: that has 32 hexadecimal digits")]
    NoId(String),
    /// The comment is longer than [`MAX_COMMENT`].
    #[error("the comment has {0} bytes; at most {MAX_COMMENT} are kept")]
    Comment(usize),
    /// So many are marked already.
    #[error("{MAX_MARKS} findings are marked; no more are kept\nhint: forget those that are gone")]
    TooMany,
}

/// Whether a finding was of use. Source: AWS GuardDuty API Reference, `UpdateFindingsFeedback`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rating {
    /// It told of something.
    #[serde(rename = "USEFUL")]
    Useful,
    /// It was a false alarm, or of no interest.
    #[serde(rename = "NOT_USEFUL")]
    NotUseful,
}

impl Rating {
    /// GuardDuty's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Useful => "USEFUL",
            Self::NotUseful => "NOT_USEFUL",
        }
    }
}

/// What somebody said of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Feedback {
    /// Whether it was of use.
    pub rating: Rating,
    /// In their words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// When, in Unix milliseconds.
    pub time: i64,
}

/// What somebody decided: in sight or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ByHand {
    /// Whether it was archived, rather than unarchived.
    pub archived: bool,
    /// When, in Unix milliseconds.
    pub time: i64,
}

/// What people have decided of one finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mark {
    /// Archived or unarchived, whichever was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ByHand>,
    /// The last feedback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
}

impl Mark {
    /// What holds of its finding, which this filter would archive.
    pub fn verdict(&self, filter: Option<&Filter>) -> Verdict {
        let archived = match self.archive {
            Some(ByHand { archived: true, .. }) => Some(Archived::ByHand),
            Some(ByHand { archived: false, .. }) => None,
            None => filter.map(|filter| Archived::ByFilter(filter.name.clone())),
        };
        Verdict { archived, feedback: self.feedback.clone() }
    }
}

/// The marks of all findings, by their ids. As JSON, an object with a member for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Marks(BTreeMap<String, Mark>);

impl Marks {
    /// Takes a finding out of sight. `time` is in Unix milliseconds.
    ///
    /// # Errors
    ///
    /// See [`NotMarked`].
    pub fn archive(&mut self, id: &str, time: i64) -> Result<(), NotMarked> {
        self.entry(id)?.archive = Some(ByHand { archived: true, time });
        Ok(())
    }

    /// Has a finding in sight again, whatever filters say.
    ///
    /// # Errors
    ///
    /// See [`NotMarked`].
    pub fn unarchive(&mut self, id: &str, time: i64) -> Result<(), NotMarked> {
        self.entry(id)?.archive = Some(ByHand { archived: false, time });
        Ok(())
    }

    /// Says whether a finding was of use, in the place of what was said before.
    ///
    /// # Errors
    ///
    /// See [`NotMarked`].
    pub fn rate(&mut self, id: &str, rating: Rating, comment: &str, time: i64) -> Result<(), NotMarked> {
        if comment.len() > MAX_COMMENT {
            return Err(NotMarked::Comment(comment.len()));
        }
        self.entry(id)?.feedback = Some(Feedback { rating, comment: comment.to_owned(), time });
        Ok(())
    }

    /// Takes a mark as it was kept.
    ///
    /// # Errors
    ///
    /// See [`NotMarked`].
    pub fn set(&mut self, id: &str, mark: Mark) -> Result<(), NotMarked> {
        *self.entry(id)? = mark;
        Ok(())
    }

    /// What was decided of a finding, if anything was.
    pub fn get(&self, id: &str) -> Option<&Mark> {
        self.0.get(id)
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Mark)> {
        self.0.iter().map(|(id, mark)| (id.as_str(), mark))
    }

    /// Forgets what was decided of findings of which this is false: those that are gone.
    pub fn retain(&mut self, mut is_there: impl FnMut(&str) -> bool) {
        self.0.retain(|id, _| is_there(id));
    }

    /// What holds of a finding, which this filter would archive.
    pub fn verdict(&self, id: &str, filter: Option<&Filter>) -> Verdict {
        self.get(id).cloned().unwrap_or_default().verdict(filter)
    }

    fn entry(&mut self, id: &str) -> Result<&mut Mark, NotMarked> {
        let is_id = id.len() == ID && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_id {
            return Err(NotMarked::NoId(super::short(id)));
        }
        let is_full = self.0.len() >= MAX_MARKS;
        match self.0.entry(id.to_owned()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(_) if is_full => Err(NotMarked::TooMany),
            Entry::Vacant(entry) => Ok(entry.insert(Mark::default())),
        }
    }
}

/// By what a finding was archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Archived {
    /// Somebody did it.
    ByHand,
    /// A filter did, of this name.
    ByFilter(String),
}

/// What holds of a finding, beside what happened. By default nothing was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is out of sight, and by what.
    pub archived: Option<Archived>,
    /// What somebody said of it.
    pub feedback: Option<Feedback>,
}

impl Verdict {
    /// Whether it is out of sight.
    pub fn is_archived(&self) -> bool {
        self.archived.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filters;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn hands_come_before_filters() {
        let text =
            r#"{"name":"all","action":"ARCHIVE","findingCriteria":{"criterion":{"severity":{"gte":0}}}}"#;
        let filters = Filters::read(text).unwrap();
        let filter = filters.all().first();
        let mut marks = Marks::default();
        assert_eq!(marks.verdict(ID, None), Verdict::default());
        assert_eq!(marks.verdict(ID, filter).archived, Some(Archived::ByFilter("all".to_owned())));
        marks.archive(ID, 1).unwrap();
        assert_eq!(marks.verdict(ID, filter).archived, Some(Archived::ByHand));
        assert_eq!(marks.verdict(ID, None).archived, Some(Archived::ByHand));
        marks.unarchive(ID, 2).unwrap();
        assert_eq!(marks.verdict(ID, filter).archived, None);
        marks.retain(|_| false);
        assert_eq!(marks, Marks::default());
    }

    #[test]
    fn marks_come_back_as_they_were_kept() {
        let mut marks = Marks::default();
        marks.archive(ID, 5).unwrap();
        marks.rate(ID, Rating::NotUseful, "our own scanner", 7).unwrap();
        let text = serde_json::to_string(&marks).unwrap();
        assert_eq!(
            text,
            format!(
                r#"{{"{ID}":{{"archive":{{"archived":true,"time":5}},"feedback":{{"rating":"NOT_USEFUL","comment":"our own scanner","time":7}}}}}}"#
            )
        );
        assert_eq!(serde_json::from_str::<Marks>(&text).unwrap(), marks);
        let mut other = Marks::default();
        for (id, mark) in marks.iter() {
            other.set(id, mark.clone()).unwrap();
        }
        assert_eq!(other, marks);
    }

    #[test]
    fn what_is_no_mark_is_not_kept() {
        let mut marks = Marks::default();
        for id in ["", "0123", &ID.to_uppercase(), &format!("{ID}0"), "§123456789abcdef0123456789abcdef"] {
            assert!(matches!(marks.archive(id, 1), Err(NotMarked::NoId(_))), "{id}");
        }
        let comment = "x".repeat(MAX_COMMENT + 1);
        assert_eq!(marks.rate(ID, Rating::Useful, &comment, 1), Err(NotMarked::Comment(MAX_COMMENT + 1)));
        assert_eq!(marks, Marks::default());
    }
}
