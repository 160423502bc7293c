//! What is sealed in etcd, to be read.

use std::io::{self, Write};

use ringwall_kms::rotate::Outcome;
use ringwall_kms::verify::{Finding, Group, Report, Row, Verdict, Why};

use super::style::{self, FAINT, HEADING, NO, WARNING, YES, paint, printable};
use super::table::{Cell, Table};

/// Seeds of a row that are shown one by one.
const SEEDS_SHOWN: usize = 4;

/// Hex digits of a seed's digest that are shown; all are in the JSON.
const DIGITS: usize = 12;

/// Prints what came of a rotation, and what is in etcd after it.
pub(crate) fn print_outcome(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    if let Some(key) = &outcome.key {
        writeln!(out, "Key: {}", printable(key))?;
    }
    let failed =
        u64::try_from(outcome.failures.len()).unwrap_or(u64::MAX).saturating_add(outcome.more_failures);
    writeln!(
        out,
        "{} sealed anew, {} unchanged, {} deleted meanwhile, {} failed",
        objects(outcome.resealed),
        outcome.unchanged,
        outcome.gone,
        failed
    )?;
    for failure in &outcome.failures {
        writeln!(out, "  {} {}", printable(&failure.object), paint(FAINT, &printable(&failure.message)))?;
    }
    if outcome.more_failures > 0 {
        writeln!(out, "  … and {} more", outcome.more_failures)?;
    }
    match &outcome.report {
        Some(report) => {
            writeln!(out)?;
            print_report(out, report)
        }
        None if outcome.interrupted => Ok(()),
        None => writeln!(
            out,
            "{}",
            paint(WARNING, "Not proved: without --etcd nobody knows under which key the objects are now.")
        ),
    }
}

/// Prints how objects are stored, each that is not as it should be, and the answer.
pub(crate) fn print_report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let mut table = Table::new(["resource", "stored", "key", "objects", "bytes"]);
    for (resource, rows) in &report.resources {
        if rows.is_empty() {
            table.row([
                Cell::new(resource.to_string()),
                Cell::styled(WARNING, "no object"),
                Cell::default(),
                Cell::new("0"),
                Cell::new("0"),
            ]);
        }
        for (place, (row, group)) in rows.iter().enumerate() {
            let resource = if place == 0 { resource.to_string() } else { String::new() };
            table.row([
                Cell::new(printable(&resource)),
                stored(row),
                key(row, group),
                Cell::new(group.objects.to_string()),
                Cell::new(group.bytes.to_string()),
            ]);
        }
    }
    if !table.is_empty() {
        table.print(out, 0, style::width())?;
        writeln!(out)?;
    }
    if !report.findings.is_empty() {
        writeln!(out, "{}", paint(HEADING, "Not as it should be"))?;
        for finding in &report.findings {
            writeln!(out, "  {} {}", printable(&finding.key), paint(FAINT, &why(finding)))?;
        }
        if report.more_findings > 0 {
            writeln!(out, "  … and {} more", report.more_findings)?;
        }
        writeln!(out)?;
    }
    let (look, text) = match report.verdict() {
        Verdict::Sealed => (YES, format!("Sealed: {}, all of them.", objects(report.objects()))),
        Verdict::NotSealed => {
            (NO, format!("Not sealed as expected: {} of {}.", report.faults(), objects(report.objects())))
        }
        Verdict::Unknown if report.objects() == 0 => {
            (WARNING, "Unknown: etcd has no such object.".to_owned())
        }
        Verdict::Unknown if report.findings.is_empty() => {
            let empty: Vec<_> = report.empty().map(ToString::to_string).collect();
            (WARNING, format!("Unknown: etcd has no object of {}.", empty.join(", ")))
        }
        Verdict::Unknown => (WARNING, format!("Unknown: {} could not be read.", objects(report.faults()))),
    };
    writeln!(out, "{}", paint(look, &text))
}

fn stored(row: &Row) -> Cell {
    match row {
        Row::Sealed { transformer, provider: Some(provider), .. } => {
            Cell::new(format!("{}, provider {}", transformer.name(), printable(provider)))
        }
        Row::Sealed { transformer, .. } => Cell::new(transformer.name()),
        Row::Clear(form) => Cell::styled(NO, format!("in the clear ({})", form.name())),
        Row::Malformed => Cell::styled(WARNING, "malformed"),
    }
}

fn key(row: &Row, group: &Group) -> Cell {
    let Row::Sealed { key, .. } = row else { return Cell::default() };
    let mut cell = Cell::new(key.as_deref().map_or_else(|| "not told".to_owned(), printable));
    for (digest, objects) in group.seeds.iter().take(SEEDS_SHOWN) {
        let digest: String = digest.to_string().chars().take(DIGITS).collect();
        cell = cell.then(FAINT, format!("seed {digest}: {objects}"));
    }
    let others = u64::try_from(group.seeds.len().saturating_sub(SEEDS_SHOWN)).unwrap_or(u64::MAX);
    if others > 0 || group.other_seeds > 0 {
        cell = cell.then(
            FAINT,
            format!("and {others} seeds more{}", if group.other_seeds > 0 { ", at least" } else { "" }),
        );
    }
    cell
}

/// Why an object is not as it should be.
pub(super) fn why(finding: &Finding) -> String {
    let Finding { why, provider, under, bytes, .. } = finding;
    let told = |value: &Option<String>| value.as_deref().map_or_else(|| "none".to_owned(), printable);
    match why {
        Why::Clear(form) => format!("in the clear ({}), {bytes} bytes", form.name()),
        Why::OtherProvider => format!("sealed by another provider: {}", told(provider)),
        Why::OtherKey => format!("under another key: {}", told(under)),
        Why::Malformed(why) => format!("malformed: {why}, {bytes} bytes"),
        Why::UnknownKey => "no key of an object".to_owned(),
        _ => "not as expected".to_owned(),
    }
}

fn objects(count: u64) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}
