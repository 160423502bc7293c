//! Statements that a vulnerability does or does not matter to a product: OpenVEX and the VEX profile of CSAF.
//!
//! Sources: OpenVEX specification 0.2.0; OASIS, *Common Security Advisory Framework* 2.0, 3.2 and 4.5.

mod csaf;
mod openvex;
mod product;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::product::Product;
use crate::{Distribution, Package};

/// Bytes of a document beyond which it is not read; the largest of Red Hat's has 30 MB.
pub const MAX_DOCUMENT: usize = 64 << 20;

/// What a statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// The product is not affected.
    NotAffected,
    /// It is.
    Affected,
    /// It was, and no more.
    Fixed,
    /// Nobody knows yet.
    UnderInvestigation,
}

impl Status {
    /// The word of OpenVEX.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }

    /// Whether a finding need not be told among those that count.
    #[must_use]
    pub fn suppresses(self) -> bool {
        matches!(self, Self::NotAffected | Self::Fixed)
    }
}

/// A statement about one vulnerability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Names of the vulnerability.
    pub vulnerability: Vec<String>,
    /// What is said.
    pub status: Status,
    /// Why it is not affected, in the word of the document; empty if none is given.
    pub justification: String,
    /// The same in words.
    pub impact: String,
    /// When it was said, RFC 3339; a later one goes before an earlier one.
    pub timestamp: String,
    /// Who says it.
    pub author: String,
    products: Vec<Product>,
}

/// All statements that a scan is given.
#[derive(Clone, Debug, Default)]
pub struct Vex {
    statements: Vec<Statement>,
    image: Vec<String>,
}

/// Why a document is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VexError {
    /// It is too large.
    #[error("the document has {0} bytes; the limit is {MAX_DOCUMENT}")]
    TooLarge(usize),
    /// It is no JSON.
    #[error("the document is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of neither kind.
    #[error("the document is neither OpenVEX (`@context`) nor CSAF (`document.csaf_version`)")]
    Kind,
    /// A statement whose status is none of those that there are.
    #[error("statement {0} has no status that OpenVEX knows")]
    Status(usize),
}

impl Vex {
    /// No statements yet, for an image with these names: `pkg:oci/web@sha256…`, `registry/web:1`, a digest.
    #[must_use]
    pub fn of_image(image: Vec<String>) -> Self {
        Self { statements: Vec::new(), image }
    }

    /// Takes the statements of a document in.
    ///
    /// # Errors
    /// If it is no document of VEX; nothing of it is taken then.
    pub fn add(&mut self, json: &[u8]) -> Result<(), VexError> {
        if json.len() > MAX_DOCUMENT {
            return Err(VexError::TooLarge(json.len()));
        }
        let document: Value = serde_json::from_slice(json)?;
        let mut statements = if document.pointer("/document/csaf_version").is_some() {
            csaf::statements(&document)
        } else if text(&document, "@context").contains("openvex") {
            openvex::statements(&document)?
        } else {
            return Err(VexError::Kind);
        };
        self.statements.append(&mut statements);
        // Equal times stay as they were given, so that what was given last is said last.
        self.statements.sort_by(|a, b| a.timestamp.cmp(&b.timestamp));
        Ok(())
    }

    /// How many statements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The last statement about a vulnerability of a package.
    #[must_use]
    pub fn about<'n>(
        &self,
        names: impl Iterator<Item = &'n str> + Clone,
        package: &Package,
        distribution: Option<&Distribution>,
    ) -> Option<&Statement> {
        let named = |statement: &&Statement| {
            statement
                .vulnerability
                .iter()
                .any(|known| names.clone().any(|name| name.eq_ignore_ascii_case(known)))
        };
        let mut statements = self.statements.iter().rev().filter(named).peekable();
        statements.peek()?;
        let url = crate::purl::parse(&crate::purl::of(package, distribution)).ok()?;
        statements.find(|statement| statement.products.iter().any(|product| product.is(&url, &self.image)))
    }
}

/// A text of an object; empty if it is none.
fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A list of an object; empty if it is none.
fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
