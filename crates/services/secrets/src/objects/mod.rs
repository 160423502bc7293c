//! The parameter `objects` of a SecretProviderClass: which secrets a volume holds, and as which files.
//!
//! It is a YAML list in a string. Source: the AWS provider's README, and `provider/secret_descriptor.go` there. Keys are
//! matched without regard to case and scalars become strings as `sigs.k8s.io/yaml` makes them, so that a class means here what it
//! means there. `docs/plugs/secrets.md` lists each field, and where more is refused.

mod file;
mod name;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use file::Taken;
pub use file::{FilePath, InvalidPath, Translation};
pub use name::{Kind, Reference};
pub use read::{Rules, read};

/// Longest `objects` that is read, in bytes. A SecretProviderClass as a whole stays below etcd's 1.5 MiB; the largest
/// class in use has some hundred objects of some hundred bytes.
pub const MAX_TEXT: usize = 256 * 1024;

/// Most objects of a class, and most files of a volume that its text names. Each object may take a call of AWS's APIs.
pub const MAX_FILES: usize = 1000;

/// Longest JMESPath expression, in bytes: its parser recurses.
pub const MAX_EXPRESSION: usize = 512;

/// One secret or parameter, with the files made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its line in `objects`, counted from 1.
    pub line: u32,
    /// Which service has it.
    pub kind: Kind,
    /// What to ask the region for.
    pub primary: Reference,
    /// What to ask the failover region for; the same unless `failoverObject` says otherwise.
    pub failover: Reference,
    /// The file of the whole value.
    pub file: FilePath,
    /// The mode of that file, and of those of [`Object::all_keys`]; at most 0o777.
    pub mode: u32,
    /// The files of parts of it.
    pub parts: Vec<Part>,
    /// Whether each key of the value, a JSON object, becomes a file.
    pub all_keys: bool,
}

/// A file of a part of a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its line in `objects`.
    pub line: u32,
    /// A JMESPath expression that compiles; its result has to be a string.
    pub path: String,
    /// The file.
    pub file: FilePath,
    /// Its mode; at most 0o777.
    pub mode: u32,
}

/// What is wrong with `objects`, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`objects` line {line}: {message}{}", hint.as_ref().map(|hint| format!(" (hint: {hint})")).unwrap_or_default())]
pub struct GrammarError {
    /// The line in `objects`, counted from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl GrammarError {
    /// What the message repeats of the class stays on its line, in a log and in an event.
    pub(crate) fn new(line: u32, message: impl AsRef<str>) -> Self {
        let message = message.as_ref().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { line, message, hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
