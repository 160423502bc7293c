//! Who sets a setting: a flag before an environment variable before the file before the default.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::declare::{Declared, Setting};
use super::error::ConfigError;
use super::file::File;
use super::flags::Flags;
use super::settings::DECLARED;
use super::standard::Standard;
use super::value::{Raw, Value};

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(String),
    Variable(String),
    File { path: PathBuf, line: usize },
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// All who may set something.
pub(crate) struct Layers<'a> {
    pub(crate) flags: &'a Flags,
    pub(crate) env: &'a dyn Fn(&str) -> Option<OsString>,
    pub(crate) file: Option<&'a File>,
    pub(crate) standard: &'a Standard,
}

impl Layers<'_> {
    /// A setting from the first that sets it; what is wrong is added to the errors.
    pub(super) fn read<T: Value>(
        &self,
        declared: &'static Declared,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Setting<T>> {
        let (raw, origin) = match self.find(declared) {
            Ok(Some(found)) => found,
            Ok(None) => return T::unset().map(|value| Setting { value, origin: Origin::Default }),
            Err(error) => {
                errors.push(error);
                return None;
            }
        };
        // A path in the file is meant from where the file is.
        let base = match &origin {
            Origin::File { path, .. } => path.parent().unwrap_or(Path::new("")),
            _ => Path::new(""),
        };
        match T::read(&raw, base) {
            Ok(value) => Some(Setting { value, origin }),
            Err(wanted) => {
                // What was written is not repeated where a password may have got into it.
                let may_hold_secret = matches!(T::KIND, "store" | "root key");
                let written = if may_hold_secret { String::from("that") } else { raw.written() };
                let message = format!("`{}` can't be {written}: it has to be {wanted}", declared.key);
                errors.push(ConfigError::at(&origin, &message));
                None
            }
        }
    }

    fn find(&self, declared: &'static Declared) -> Result<Option<(Raw, Origin)>, ConfigError> {
        if let Some(found) = self.set(declared)? {
            return Ok(Some(found));
        }
        let data = DECLARED.iter().find(|other| other.key == "data-folder").map(|other| self.set(other));
        let data = match data {
            Some(Ok(Some((Raw::Word(text) | Raw::Text(text), Origin::File { path, .. })))) => {
                Some(path.parent().unwrap_or(Path::new("")).join(text).display().to_string())
            }
            Some(Ok(Some((Raw::Word(text) | Raw::Text(text), _)))) => Some(text),
            _ => None,
        };
        match declared.fallback.text(self.standard, data) {
            Ok(text) => Ok(text.map(|text| (Raw::Word(text), Origin::Default))),
            Err(why) => Err(ConfigError::new(format!("`{}` has no default here: {why}", declared.key))
                .hint(format!("give --{} or set {}", declared.flag(), declared.variable()))),
        }
    }

    /// The value that somebody set.
    fn set(&self, declared: &Declared) -> Result<Option<(Raw, Origin)>, ConfigError> {
        if let Some(text) = self.flags.get(declared.key) {
            return Ok(Some((Raw::Word(text.to_owned()), Origin::Flag(declared.flag()))));
        }
        let variable = declared.variable();
        if let Some(text) = (self.env)(&variable) {
            let text = text
                .into_string()
                .map_err(|_| ConfigError::new(format!("the environment variable {variable} is not UTF-8")))?;
            return Ok(Some((Raw::Word(text), Origin::Variable(variable))));
        }
        Ok(self.file.and_then(|file| file.get(declared.key)))
    }
}
