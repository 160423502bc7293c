//! `iam lint --output json`, documented in `docs/reference/output.md`.

use std::io::{self, Write};

use ringwall_iam::lint::Finding;
use serde::Serialize;

use super::json;
use super::report_json::{ProblemJson, problem};
use crate::cli::PolicyType;
use crate::commands::{LintReport, Linted};

#[derive(Debug, Serialize)]
struct ReportJson<'a> {
    version: u32,
    policies: usize,
    findings: Vec<FindingJson<'a>>,
    problems: Vec<ProblemJson<'a>>,
}

#[derive(Debug, Serialize)]
struct FindingJson<'a> {
    check: &'a str,
    level: &'a str,
    file: &'a str,
    line: u32,
    policy: Option<&'a str>,
    r#type: &'a str,
    statement: Option<StatementJson<'a>>,
    seems: Option<&'a str>,
    means: &'a str,
    hint: &'a str,
}

#[derive(Debug, Serialize)]
struct StatementJson<'a> {
    index: usize,
    sid: Option<&'a str>,
}

pub(crate) fn print(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    let report = ReportJson {
        version: json::VERSION,
        policies: report.policies.len(),
        findings: report.findings().map(|(policy, finding)| self::finding(policy, finding)).collect(),
        problems: report.problems.iter().map(problem).collect(),
    };
    json::print(out, &report)
}

fn finding<'a>(policy: &'a Linted, finding: &'a Finding) -> FindingJson<'a> {
    let Finding { check, level, line, statement, sid, seems, means, hint } = finding;
    FindingJson {
        check,
        level: level.name(),
        file: &policy.source.file,
        line: *line,
        policy: policy.name.as_deref(),
        r#type: PolicyType::of(policy.kind).name(),
        statement: statement.map(|index| StatementJson { index, sid: sid.as_deref() }),
        seems: Some(seems.as_str()).filter(|seems| !seems.is_empty()),
        means,
        hint,
    }
}
