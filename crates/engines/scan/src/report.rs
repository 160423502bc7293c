//! What was found, as others read it: SARIF, our own JSON, and a table for people.

mod json;
mod sarif;
mod table;

pub use json::json;
pub use sarif::sarif;
pub use table::table;

use crate::{Inventory, Package};

/// How bad a vulnerability is, in ECR's words.
///
/// Source: `FindingSeverity` of ECR's API model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nobody has judged it.
    #[default]
    Undefined,
    /// No danger by itself.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// The word, in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// A vulnerability of a package, as a report shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding<'a> {
    /// The name by which it is known: `CVE-2024-1`, or the advisory's where there is no CVE.
    pub id: &'a str,
    /// Other names.
    pub aliases: &'a [String],
    /// What is affected.
    pub package: &'a Package,
    /// The first version without it; none if there is no such version yet.
    pub fixed: Option<&'a str>,
    /// How bad.
    pub severity: Severity,
    /// CVSS base score, 0 to 10, if there is one.
    pub score: Option<f64>,
    /// One line.
    pub title: &'a str,
    /// Where to read on; empty if nowhere.
    pub url: &'a str,
    /// Whether CISA lists it as exploited.
    pub is_exploited: bool,
    /// Why it doesn't count, if a VEX statement says so.
    pub suppressed: Option<&'a str>,
}

/// Everything that a report tells.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What it is of, and when it was made.
    pub subject: &'a crate::sbom::Subject,
    /// What is installed.
    pub inventory: &'a Inventory,
    /// What is known against it, in the order of [`order`].
    pub findings: &'a [Finding<'a>],
    /// When the advisories were last brought up to date, in RFC 3339; empty if there are none.
    pub advisories_as_of: &'a str,
}

/// The order of findings in every report: the worst first, then by name of the package, version, id.
pub fn order(findings: &mut [Finding<'_>]) {
    findings.sort_by(|a, b| {
        let suppressed = a.suppressed.is_some().cmp(&b.suppressed.is_some());
        let rest = || {
            (&a.package.name, &a.package.version, a.id, a.package).cmp(&(
                &b.package.name,
                &b.package.version,
                b.id,
                b.package,
            ))
        };
        suppressed.then_with(|| b.severity.cmp(&a.severity)).then_with(rest)
    });
}

#[cfg(test)]
mod tests;
