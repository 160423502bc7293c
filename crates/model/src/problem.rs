use std::fmt;

use crate::Source;

/// How much a [`Problem`] costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Everything was read; something in it means other than it seems.
    Warning,
    /// Something could not be read and is missing from every answer.
    Error,
}

/// Something wrong with the input, at its spot, with the way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub source: Source,
    /// Whether anything was lost.
    pub level: Level,
    /// What is wrong: lower case, no full stop, the user's own words in backticks.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// Something that could not be read.
    pub fn error(source: Source, message: impl Into<String>) -> Self {
        Self { source, level: Level::Error, message: message.into(), hint: None }
    }

    /// Something that was read and should be looked at.
    pub fn warning(source: Source, message: impl Into<String>) -> Self {
        Self { source, level: Level::Warning, message: message.into(), hint: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.message)
    }
}
