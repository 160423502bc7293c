//! What is known against the packages that were read.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ringwall_advisories::{Database, DatabaseError};
use ringwall_scan::Inventory;
use ringwall_scan::matching::{self, Found, Report};
use ringwall_scan::report::Finding;
use ringwall_scan::vex::{MAX_DOCUMENT, Vex};

use crate::error::Failure;
use crate::render::style;

/// What could not be told is printed up to this; the rest is counted.
const SHOWN: usize = 20;

/// Looks all packages up. Without a file of advisories nothing is known, unless the user named one, which then has to be there.
pub(super) fn known(
    inventory: &Inventory,
    names: Vec<String>,
    database: Option<&Path>,
    vex: &[PathBuf],
) -> Result<Option<Report>, Failure> {
    let opened = match Database::open(&super::import::place(database)?) {
        Err(DatabaseError::Missing { .. }) if database.is_none() => return Ok(None),
        opened => opened?,
    };
    let mut statements = Vex::of_image(names);
    for path in vex {
        let unreadable = |source| Failure::Read { path: path.display().to_string(), source };
        let bytes = ringwall_files::read(path, MAX_DOCUMENT as u64).map_err(unreadable)?;
        let told = statements.add(&bytes);
        told.map_err(|error| Failure::misuse(format!("`{}`: {error}", path.display())))?;
    }
    let now = jiff::Timestamp::now().as_second();
    Ok(Some(matching::findings(inventory, &opened, &statements, &opened.exploited()?, now)))
}

/// A finding as reports show it.
pub(super) fn shown<'a>(found: &'a Found, inventory: &'a Inventory) -> Option<Finding<'a>> {
    let statement = found.statement.as_ref().filter(|statement| statement.status.suppresses());
    let suppressed = statement.map(|statement| match statement.justification.as_str() {
        "" => statement.status.as_str(),
        justification => justification,
    });
    Some(Finding {
        id: &found.id,
        aliases: &found.aliases,
        package: inventory.packages.get(found.package)?,
        fixed: found.fixed.as_deref(),
        severity: found.rated.severity,
        score: found.rated.cvss.as_ref().map(|cvss| cvss.score),
        title: if found.title.is_empty() { &found.description } else { &found.title },
        url: found.references.first().map_or("", String::as_str),
        is_exploited: found.exploited.is_some(),
        suppressed,
    })
}

/// Tells on standard error how old the advisories are, and what could not be told by them.
pub(super) fn print(report: Option<&Report>) -> io::Result<()> {
    let mut err = anstream::stderr().lock();
    let warning = style::paint(style::WARNING, "warning:");
    let Some(report) = report else {
        writeln!(err, "{warning} there are no advisories: nothing is known against these packages")?;
        return writeln!(
            err,
            "  {} make a file of them: ringwall scan --db import FILE…",
            style::paint(style::HINT, "hint:")
        );
    };
    if let Some(days) = report.age_days {
        writeln!(err, "advisories as of {}, {days} days ago", report.advisories_as_of)?;
    }
    for problem in report.not_evaluated.iter().take(SHOWN) {
        writeln!(err, "{warning} not evaluated: {}: {}", problem.subject, problem.why)?;
    }
    match report.not_evaluated.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(err, "… and {more} more"),
    }
}
