use std::io::{self, Write as _};

use ringwall_image::Digest;
use ringwall_scan::report::{self, Finding, Report, Severity};
use ringwall_scan::sbom::{self, Subject};

use super::known;
use super::read::{self, Read};
use crate::cli::{Scan, ScanFormat, ScanSeverity};
use crate::error::{Exit, Failure};

impl From<ScanSeverity> for Severity {
    fn from(severity: ScanSeverity) -> Self {
        match severity {
            ScanSeverity::Undefined => Self::Undefined,
            ScanSeverity::Informational => Self::Informational,
            ScanSeverity::Low => Self::Low,
            ScanSeverity::Medium => Self::Medium,
            ScanSeverity::High => Self::High,
            ScanSeverity::Critical => Self::Critical,
        }
    }
}

/// Scans a target and prints what there is.
pub(super) fn run(target: &str, args: &Scan) -> Result<Exit, Failure> {
    let options = &args.options;
    let read = read::read(target, options)?;
    let subject = subject(target, &read);
    let names = [target.to_owned()].into_iter().chain(read.digest.clone()).collect();
    let known = known::known(&read.inventory, names, args.database.as_deref(), &options.vex)?;
    let all = known.iter().flat_map(|known| &known.findings);
    let mut findings: Vec<Finding<'_>> =
        all.filter_map(|found| known::shown(found, &read.inventory)).collect();
    report::order(&mut findings);
    let report = Report {
        subject: &subject,
        inventory: &read.inventory,
        findings: &findings,
        advisories_as_of: known.as_ref().map_or("", |known| &known.advisories_as_of),
    };
    let text = match options.format {
        ScanFormat::Table => report::table(&report),
        ScanFormat::Json => report::json(&report),
        ScanFormat::Sarif => report::sarif(&report),
        ScanFormat::Cyclonedx => sbom::cyclonedx(&read.inventory, &subject),
        ScanFormat::Spdx => sbom::spdx(&read.inventory, &subject),
    };
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    known::print(known.as_ref())?;
    let is_met = options.fail_on.map(Severity::from).is_some_and(|least| {
        let counted = findings.iter().filter(|finding| finding.suppressed.is_none());
        counted.map(|finding| finding.severity).any(|severity| severity >= least)
    });
    // Who asks for a verdict is not told that all is well where nothing is known.
    let is_unknown =
        options.fail_on.is_some() && known.as_ref().is_none_or(|known| !known.not_evaluated.is_empty());
    Ok(match (is_met, is_unknown) {
        _ if !read.inventory.problems.is_empty() => Exit::Incomplete,
        (true, _) => Exit::No,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Fine,
    })
}

fn subject(target: &str, read: &Read) -> Subject {
    let now = jiff::Timestamp::now();
    let created = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let digest = read.digest.clone().unwrap_or_default();
    let id = uuid(&Digest::of(format!("{target}\0{digest}\0{}", now.as_nanosecond()).as_bytes()));
    Subject {
        name: target.to_owned(),
        digest,
        is_image: read.is_image,
        created,
        id,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// A UUID of a digest's first bytes.
///
/// Source: RFC 9562, 5.8: version 8 is whatever its maker takes.
fn uuid(digest: &Digest) -> String {
    let (_, hex) = digest.parts();
    let mut letters = hex.chars();
    let mut take = |count: usize| letters.by_ref().take(count).collect::<String>();
    let (a, b, c, d, e) = (take(8), take(4), take(3), take(3), take(12));
    format!("{a}-{b}-8{c}-8{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_name_of_its_own() {
        let id = uuid(&Digest::of(b"x"));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_ne!(id, uuid(&Digest::of(b"y")));
    }
}
