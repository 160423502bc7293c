use std::collections::HashMap;
use std::fmt;

/// Longest path of a file in a volume, in bytes. Source: secrets-store-csi-driver, `atomic_writer.go` (`maxPathLength`).
const MAX_PATH: usize = 4096;

/// Longest name of a file, in bytes. Source: the same, `maxFileNameLength`.
const MAX_NAME: usize = 255;

/// What becomes of `/` in names: the parameter `pathTranslation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Translation {
    /// It becomes this character; `_` unless told otherwise.
    To(char),
    /// It stays, and makes folders. One at the start is left out.
    Off,
}

impl Translation {
    /// Reads the parameter: absent or empty is `_`, `False` in any case is off, else it is one character.
    ///
    /// Of more than one byte it is not, as the existing provider counts bytes.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::To('_'));
        }
        if text.eq_ignore_ascii_case("false") {
            return Some(Self::Off);
        }
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(only), None) if only.is_ascii() && !only.is_ascii_control() => Some(Self::To(only)),
            _ => None,
        }
    }

    fn apply(self, name: &str) -> String {
        match self {
            Self::To(character) => name.chars().map(|c| if c == '/' { character } else { c }).collect(),
            Self::Off => name.trim_start_matches('/').to_owned(),
        }
    }
}

/// Where a file lies in its volume: relative, clean, and never outside of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(String);

/// Why a name makes no [`FilePath`]. Says nothing of the name itself, which may come out of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// `..` stands in it.
    #[error("would lie outside the volume: it has `..` in its path")]
    Leaves,
    /// Its first part begins with `..`, which the driver keeps for itself.
    #[error("begins with `..`: the driver keeps such names for itself")]
    Reserved,
    /// Nothing is left of it.
    #[error("is empty")]
    Empty,
    /// `//`, a `.` as a part, or a `/` at the end.
    #[error("is no clean path: `//`, `/./` and a `/` at the end are refused by the driver")]
    Unclean,
    /// A part of more than 255 bytes, or more than 4,096 in all.
    #[error("is too long for a file: 255 bytes a name, 4,096 a path")]
    TooLong,
    /// A NUL or another control character.
    #[error("has a control character in it")]
    Control,
}

impl FilePath {
    /// The file of a name.
    ///
    /// The driver refuses what is not clean (`fileutil.Validate`, `validatePath`); here it is refused before anything is
    /// fetched, and for each kind of name alike.
    pub fn new(name: &str, translation: Translation) -> Result<Self, InvalidPath> {
        let path = translation.apply(name);
        if path.is_empty() {
            return Err(InvalidPath::Empty);
        }
        if path.chars().any(char::is_control) {
            return Err(InvalidPath::Control);
        }
        let mut parts = path.split('/');
        if parts.clone().any(|part| part == "..") {
            return Err(InvalidPath::Leaves);
        }
        if parts.clone().any(|part| part.is_empty() || part == ".") {
            return Err(InvalidPath::Unclean);
        }
        if parts.next().is_some_and(|first| first.starts_with("..")) {
            return Err(InvalidPath::Reserved);
        }
        if path.len() > MAX_PATH || path.split('/').any(|part| part.len() > MAX_NAME) {
            return Err(InvalidPath::TooLong);
        }
        Ok(Self(path))
    }

    /// The path, with `/` between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders it lies in, outermost first: `a` and `a/b` of `a/b/c`.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').filter_map(|(at, _)| self.0.get(..at))
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The files of a volume so far, each with the line that names it.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    files: HashMap<String, u32>,
    folders: HashMap<String, (String, u32)>,
}

impl Taken {
    /// Takes a file. If another is in its way, that one and its line: the same, or one of them the other's folder.
    pub(crate) fn take(&mut self, file: &FilePath, line: u32) -> Result<(), (String, u32)> {
        let path = file.as_str();
        if let Some(first) = self.files.get(path) {
            return Err((path.to_owned(), *first));
        }
        if let Some(below) = self.folders.get(path) {
            return Err(below.clone());
        }
        if let Some((above, first)) = file.folders().find_map(|folder| self.files.get_key_value(folder)) {
            return Err((above.clone(), *first));
        }
        for folder in file.folders() {
            self.folders.entry(folder.to_owned()).or_insert_with(|| (path.to_owned(), line));
        }
        self.files.insert(path.to_owned(), line);
        Ok(())
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }
}
