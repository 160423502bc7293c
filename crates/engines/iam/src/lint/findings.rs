use std::sync::Arc;

use ringwall_model::Tree;

use super::checks::{Check, Level};
use crate::limits::{MAX_FINDINGS, MAX_LINT_WORK, MAX_SHOWN};
use crate::policy::Statement;

/// One spot that means something else than it seems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// Line at which it is written.
    pub line: u32,
    /// The statement, counted from 0; `None` if it is about the whole policy.
    pub statement: Option<usize>,
    /// The statement's `Sid`.
    pub sid: Option<Arc<str>>,
    /// What the text seems to mean; empty for what AWS refuses.
    pub seems: String,
    /// What it means.
    pub means: String,
    /// What to do.
    pub hint: String,
}

/// Findings as they come, no more than a reader can use, and how much work may still go into them.
#[derive(Debug)]
pub(super) struct Findings {
    list: Vec<Finding>,
    statement: Option<usize>,
    sid: Option<Arc<str>>,
    work: usize,
}

impl Default for Findings {
    fn default() -> Self {
        Self { list: Vec::new(), statement: None, sid: None, work: MAX_LINT_WORK }
    }
}

impl Findings {
    /// What follows is about this statement.
    pub(super) fn begin(&mut self, statement: &Statement) {
        self.statement = Some(statement.index);
        self.sid.clone_from(&statement.sid);
    }

    /// The same for a statement that may not have been read.
    pub(super) fn begin_tree(&mut self, index: usize, statement: &Tree) {
        self.statement = Some(index);
        self.sid = statement.shared("Sid");
    }

    pub(super) fn add(
        &mut self,
        check: Check,
        line: u32,
        seems: impl Into<String>,
        means: impl Into<String>,
        hint: impl Into<String>,
    ) {
        if self.list.len() >= MAX_FINDINGS {
            return;
        }
        self.list.push(Finding {
            check: check.id,
            level: check.level,
            line,
            statement: self.statement,
            sid: self.sid.clone(),
            seems: seems.into(),
            means: means.into(),
            hint: hint.into(),
        });
    }

    /// Whether so much work may be done; what cannot is left out, for a hostile policy alone.
    pub(super) fn spend(&mut self, work: usize) -> bool {
        let left = self.work.checked_sub(work);
        self.work = left.unwrap_or_default();
        left.is_some()
    }

    pub(super) fn into_vec(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| (finding.line, finding.statement));
        self.list.dedup();
        self.list
    }
}

/// The first characters of a text of the policy in backticks, with control characters escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::from("`");
    for (at, c) in text.chars().enumerate() {
        if at >= MAX_SHOWN {
            shown.push('…');
            break;
        }
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown.push('`');
    shown
}

/// Some texts in backticks, the rest counted.
pub(super) fn quoted_list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    /// More would hide the sentence around them.
    const SHOWN: usize = 3;
    let all: Vec<&str> = texts.into_iter().collect();
    let mut shown: Vec<String> = all.iter().take(SHOWN).map(|text| quoted(text)).collect();
    if let Some(more) = all.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
