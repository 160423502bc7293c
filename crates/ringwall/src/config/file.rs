//! `ringwall.toml`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::flags::Flags;
use super::layers::Origin;
use super::settings::DECLARED;
use super::standard::Standard;
use super::value::Raw;
use crate::question::did_you_mean;

/// Bytes of a settings file at most. All settings with long values have 4 KiB.
const MAX_FILE: u64 = 1024 * 1024;

/// The environment variable that names the file.
pub(super) const VARIABLE: &str = "RINGWALL_CONFIG";

/// The settings that a file has.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    values: BTreeMap<&'static str, (Raw, usize)>,
}

impl File {
    /// Reads the file that is named, else the one in the user's folder, if it is there.
    pub(super) fn find(
        flags: &Flags,
        env: &dyn Fn(&str) -> Option<OsString>,
        standard: &Standard,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let named = flags.file.clone().or_else(|| env(VARIABLE).map(PathBuf::from));
        let usual = || standard.config.as_ref().map(|folder| Path::new(folder).join("ringwall.toml"));
        let is_named = named.is_some();
        let path = named.or_else(usual)?;
        match read(&path) {
            Ok(text) => Some(Self::parse(path, &text, errors)),
            Err(error) if !is_named && error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                errors.push(ConfigError::new(format!("`{}` can't be read: {error}", path.display())));
                None
            }
        }
    }

    /// Takes what the file sets; what is wrong is added to the errors.
    pub(super) fn parse(path: PathBuf, text: &str, errors: &mut Vec<ConfigError>) -> Self {
        let mut file = Self { path, values: BTreeMap::new() };
        let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1);
        match DeTable::parse(text) {
            Ok(table) => file.take("", table.get_ref(), &line, errors),
            Err(error) => {
                let origin = file.origin(error.span().map_or(1, |span| line(span.start)));
                errors.push(ConfigError::at(&origin, error.message()));
            }
        }
        file
    }

    fn take(
        &mut self,
        prefix: &str,
        table: &DeTable<'_>,
        line: &dyn Fn(usize) -> usize,
        errors: &mut Vec<ConfigError>,
    ) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let at = line(name.span().start);
            let inner = format!("{key}.");
            let is_table = DECLARED.iter().any(|declared| declared.key.starts_with(&inner));
            let declared = DECLARED.iter().find(|declared| declared.key == key);
            match (declared, value.get_ref()) {
                (Some(declared), value) => {
                    self.values.insert(declared.key, (raw(value), at));
                }
                (None, DeValue::Table(table)) if is_table => self.take(&inner, table, line, errors),
                (None, _) if is_table => {
                    errors
                        .push(ConfigError::at(&self.origin(at), &format!("`{key}` is a table, as [{key}]")));
                }
                (None, _) => {
                    let error = ConfigError::at(&self.origin(at), &format!("there is no setting `{key}`"));
                    let known = DECLARED.iter().map(|declared| declared.key);
                    errors.push(match did_you_mean(&key, known) {
                        Some(hint) => error.hint(hint),
                        None => error.hint("docs/reference/config.md has all of them"),
                    });
                }
            }
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<(Raw, Origin)> {
        self.values.get(key).map(|(raw, line)| (raw.clone(), self.origin(*line)))
    }

    fn origin(&self, line: usize) -> Origin {
        Origin::File { path: self.path.clone(), line }
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    let number = |text: &str, radix| i64::from_str_radix(text, radix).ok();
    match value {
        DeValue::String(text) => Raw::Text(text.clone().into_owned()),
        DeValue::Integer(integer) => {
            number(integer.as_str(), integer.radix()).map_or(Raw::Other("integer of that size"), Raw::Number)
        }
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> =
                items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
            texts.map_or(Raw::Other("array of other things than strings"), Raw::List)
        }
        other => Raw::Other(other.type_str()),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = fs::File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if u64::try_from(length).is_ok_and(|length| length > MAX_FILE) {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {MAX_FILE} bytes"),
        ));
    }
    Ok(text)
}
