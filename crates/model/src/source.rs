use std::fmt;
use std::sync::Arc;

/// Where something was written: a file of the snapshot and a line in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    /// Path relative to the snapshot's folder, with `/` between its parts; empty for what no file says.
    pub file: Arc<str>,
    /// Line, counted from 1; 0 where it is not known.
    pub line: u32,
}

impl Source {
    /// A spot in a file.
    pub fn new(file: impl Into<Arc<str>>, line: u32) -> Self {
        Self { file: file.into(), line }
    }

    /// For what no file says: defaults that Kubernetes or AWS set themselves.
    pub fn built_in() -> Self {
        Self { file: Arc::from(""), line: 0 }
    }

    /// Whether no file says this.
    pub fn is_built_in(&self) -> bool {
        self.file.is_empty()
    }

    /// The same file at another line.
    #[must_use]
    pub fn at(&self, line: u32) -> Self {
        Self { file: Arc::clone(&self.file), line }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_built_in(), self.line) {
            (true, _) => f.write_str("built in"),
            (false, 0) => f.write_str(&self.file),
            (false, line) => write!(f, "{}:{line}", self.file),
        }
    }
}
