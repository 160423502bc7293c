use super::layers::Origin;

/// Something that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ConfigError {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Its line in the file; 0 for what is elsewhere.
    pub(super) line: usize,
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, line: 0 }
    }

    /// About a setting, beginning with where it was set.
    pub(crate) fn at(origin: &Origin, message: &str) -> Self {
        match origin {
            Origin::File { line, .. } => Self { line: *line, ..Self::new(format!("{origin}: {message}")) },
            _ => Self::new(format!("{message}, set by {origin}")),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
