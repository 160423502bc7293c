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
        Self { written: Arc::clone(written), lower, multi_valued }
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
        self.lower == other.lower
    }
}

impl Eq for Key {}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
