//! A table for people.

use std::fmt::Write;

use super::{Report, Severity};

/// Cells longer than this are cut, so that a line stays one on a wide terminal.
const MAX_CELL: usize = 48;

const HEADS: [&str; 6] = ["SEVERITY", "ID", "PACKAGE", "VERSION", "FIXED IN", "TITLE"];

/// Writes the findings as a table, then how many there are, how old the advisories are, and what could not be read.
pub fn table(report: &Report<'_>) -> String {
    let shown = report.findings.iter().filter(|finding| finding.suppressed.is_none());
    let rows: Vec<[String; 6]> = shown
        .map(|finding| {
            let exploited = if finding.is_exploited { " (exploited)" } else { "" };
            [
                format!("{}{exploited}", finding.severity.as_str()),
                finding.id.to_owned(),
                finding.package.name.clone(),
                finding.package.version.clone(),
                finding.fixed.unwrap_or("-").to_owned(),
                finding.title.to_owned(),
            ]
            .map(|cell| cut(&cell))
        })
        .collect();
    let mut text = String::new();
    if !rows.is_empty() {
        let heads = HEADS.map(str::to_owned);
        let widths: Vec<usize> = (0..HEADS.len())
            .map(|column| {
                let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
            })
            .collect();
        for row in [&heads].into_iter().chain(&rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                // A `String` takes what is written.
                _ = write!(line, "{cell:<width$}  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    text.push_str(&summary(report));
    text
}

fn summary(report: &Report<'_>) -> String {
    let count = |severity: Severity| {
        let counted = report.findings.iter().filter(|finding| finding.suppressed.is_none());
        counted.filter(|finding| finding.severity == severity).count()
    };
    let severities = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Informational,
        Severity::Undefined,
    ];
    let counts = severities.into_iter().filter(|severity| count(*severity) > 0);
    let counts: Vec<String> =
        counts.map(|severity| format!("{} {}", count(severity), severity.as_str().to_lowercase())).collect();
    // Where nothing was compared, nothing is said to be well.
    let counts = match (report.advisories_as_of.is_empty(), counts.is_empty()) {
        (true, true) => "not compared with advisories".to_owned(),
        (false, true) => "no vulnerability known".to_owned(),
        (_, false) => counts.join(", "),
    };
    let system = report.inventory.distribution.as_ref().map_or("no distribution known", |distribution| {
        if distribution.pretty.is_empty() { &distribution.id } else { &distribution.pretty }
    });
    let mut text = format!(
        "{}: {} packages, {system}: {counts}\n",
        report.subject.name,
        report.inventory.packages.len()
    );
    let suppressed = report.findings.iter().filter(|finding| finding.suppressed.is_some()).count();
    if suppressed > 0 {
        text.push_str(&format!("{suppressed} more don't count, as VEX statements say\n"));
    }
    match report.advisories_as_of {
        "" => text.push_str("no advisories were imported, so nothing was compared\n"),
        date => text.push_str(&format!("advisories as of {date}\n")),
    }
    for problem in &report.inventory.problems {
        text.push_str(&format!("could not be read: {problem}\n"));
    }
    text
}

fn cut(cell: &str) -> String {
    let clean = cell.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let letters: Vec<char> = clean.collect();
    match letters.len() > MAX_CELL {
        true => letters.into_iter().take(MAX_CELL - 1).chain(['…']).collect(),
        false => letters.into_iter().collect(),
    }
}
