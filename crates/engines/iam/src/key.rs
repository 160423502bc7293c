use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::catalog::catalog;

/// A condition key's name. Case does not count in it, and it is shown as it was written.
///
/// Source: AWS IAM User Guide, *IAM JSON policy elements: Condition*: "Condition key names are not case-sensitive."
#[derive(Clone, Debug)]
pub struct Key {
    written: Arc<str>,
    lower: Arc<str>,
    hash: u64,
    multi_valued: bool,
}

impl Key {
    /// A key by its name.
    pub fn new(written: &Arc<str>) -> Self {
        let lower = if written.bytes().any(|byte| byte.is_ascii_uppercase()) {
            written.to_ascii_lowercase().into()
        } else {
            Arc::clone(written)
        };
        let multi_valued = catalog().is_multi_valued(&lower);
        let hash = hash(&lower);
        Self { written: Arc::clone(written), lower, hash, multi_valued }
    }

    /// The name as it is written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether AWS gives this key several values, so that policies need a set operator for it.
    pub fn is_multi_valued(&self) -> bool {
        self.multi_valued
    }

    /// The name in lower case, by which keys are told apart.
    pub fn lower(&self) -> &str {
        &self.lower
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.lower == other.lower
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    /// By a hash first, so that most comparisons are of two numbers: the order is no order of names.
    fn cmp(&self, other: &Self) -> Ordering {
        self.hash.cmp(&other.hash).then_with(|| self.lower.cmp(&other.lower))
    }
}

/// FNV-1a. Keys that somebody makes collide cost a comparison of names, no more.
fn hash(lower: &str) -> u64 {
    lower.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
