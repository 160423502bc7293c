use std::fmt;

use crate::NftError;

/// Longest name of a table: enough for a name, and short enough for a line of a log.
const MAX_TABLE_NAME: usize = 32;

/// Longest name of an interface that the kernel knows (`IFNAMSIZ` without the closing zero).
const MAX_INTERFACE_NAME: usize = 15;

/// How rules are programmed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The table, in the family `inet`. Nothing else is touched.
    pub table: TableName,
    /// The node's interfaces that lead to pods. What comes from or goes to one of them with an address that no pod of the rules has is
    /// dropped: its pod is not known yet.
    pub interfaces: Vec<InterfacePattern>,
    /// The group to which denied packets are logged; `None` logs none.
    pub log_group: Option<u16>,
    /// Logs and counts what would be denied, and denies nothing.
    pub audit: bool,
    /// Lets through what comes from or goes to pods that are not known yet.
    pub fail_open: bool,
    /// Lets flows live on that were allowed when they began, as Calico and kube-router do; else each packet is judged by the rules of now.
    pub established_survive: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            table: TableName("ringwall".to_owned()),
            interfaces: Vec::new(),
            log_group: Some(Self::LOG_GROUP),
            audit: false,
            fail_open: false,
            established_survive: false,
        }
    }
}

impl Options {
    /// The group of denied packets where none is chosen. Others use low numbers (Calico 1 and 2, kube-router 100).
    pub const LOG_GROUP: u16 = 7464;
}

/// The name of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// A letter, then letters, digits and `_`.
    ///
    /// # Errors
    ///
    /// If it is anything else, or too long.
    pub fn new(name: &str) -> Result<Self, NftError> {
        let mut letters = name.bytes();
        let fine = name.len() <= MAX_TABLE_NAME
            && letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if fine { Ok(Self(name.to_owned())) } else { Err(NftError::TableName(name.to_owned())) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an interface, or the beginning of many, as `eni*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InterfacePattern(String);

impl InterfacePattern {
    /// A name, or the beginning of names with `*` after it.
    ///
    /// # Errors
    ///
    /// If no interface can have that name.
    pub fn new(pattern: &str) -> Result<Self, NftError> {
        let stem = pattern.strip_suffix('*').unwrap_or(pattern);
        if is_interface_name(stem) {
            Ok(Self(pattern.to_owned()))
        } else {
            Err(NftError::Interface(pattern.to_owned()))
        }
    }
}

impl fmt::Display for InterfacePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether it can stand in a script between quotes: what else the kernel allows, no CNI plugin makes.
pub(crate) fn is_interface_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_INTERFACE_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@:".contains(&byte))
}
