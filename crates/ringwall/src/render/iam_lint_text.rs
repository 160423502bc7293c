//! `iam lint` for people: each finding with its spot first, so that editors can jump to it.

use std::io::{self, Write};

use anstyle::Style;
use ringwall_iam::lint::{Finding, Level};

use super::style;
use crate::cli::PolicyType;
use crate::commands::{LintReport, Linted};

/// Columns before what a line says.
const INDENT: &str = "         ";

pub(crate) fn print(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    let width = style::width();
    for (policy, finding) in report.findings() {
        let spot = style::paint(style::FAINT, &format!("{}:", policy.source.at(finding.line)));
        let level = style::paint(style_of(finding.level), finding.level.name());
        writeln!(out, "{spot} {level} {}{}", finding.check, place(policy, finding))?;
        for (label, text) in [("seems", &finding.seems), ("means", &finding.means), ("hint", &finding.hint)] {
            if text.is_empty() {
                continue;
            }
            let painted = if label == "hint" { style::paint(style::HINT, label) } else { label.to_owned() };
            let lines = style::wrap(text, width.saturating_sub(INDENT.len()), "");
            for (at, line) in lines.iter().enumerate() {
                match at {
                    0 => writeln!(out, "  {painted}{}{line}", " ".repeat(7 - label.len()))?,
                    _ => writeln!(out, "{INDENT}{line}")?,
                }
            }
        }
        writeln!(out)?;
    }
    summary(out, report)
}

fn style_of(level: Level) -> Style {
    match level {
        Level::Error => style::ERROR,
        Level::Security | Level::Warning => style::WARNING,
        Level::Suggestion => style::PLAIN,
    }
}

fn place(policy: &Linted, finding: &Finding) -> String {
    let mut text = String::from(" in ");
    text.push_str(match PolicyType::of(policy.kind) {
        PolicyType::Identity => "identity policy",
        PolicyType::Resource => "resource policy",
        PolicyType::Trust => "trust policy",
        PolicyType::Scp => "service control policy",
        PolicyType::Rcp => "resource control policy",
        PolicyType::Boundary => "permissions boundary",
        PolicyType::Session => "session policy",
        PolicyType::Endpoint => "endpoint policy",
    });
    if let Some(name) = &policy.name {
        text.push_str(&format!(" `{name}`"));
    }
    if let Some(index) = finding.statement {
        text.push_str(&format!(", statement {index}"));
        if let Some(sid) = &finding.sid {
            text.push_str(&format!(" `{sid}`"));
        }
    }
    text.chars().filter(|c| !c.is_control()).collect()
}

fn summary(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    let policies = match report.policies.len() {
        1 => "1 policy".to_owned(),
        count => format!("{count} policies"),
    };
    let counts: Vec<String> = (Level::ALL.into_iter().rev())
        .filter_map(|level| {
            let count = report.findings().filter(|(_, finding)| finding.level == level).count();
            (count > 0).then(|| format!("{count} {level}"))
        })
        .collect();
    match counts.as_slice() {
        [] => writeln!(out, "{policies}, nothing found"),
        counts => writeln!(out, "{policies}: {}", counts.join(", ")),
    }
}
