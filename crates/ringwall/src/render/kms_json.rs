//! `kms verify` and `kms rotate` with `--output json`, documented in `docs/reference/output.md`.

use std::io::{self, Write};

use ringwall_kms::rotate::Outcome;
use ringwall_kms::verify::{Finding, Group, Report, Row, Rows, Verdict, Why};
use serde::Serialize;

use super::{json, kms_text};

#[derive(Serialize)]
struct OutcomeJson<'a> {
    version: u32,
    key: Option<&'a str>,
    resealed: u64,
    unchanged: u64,
    gone: u64,
    failures: Vec<FailureJson<'a>>,
    more_failures: u64,
    interrupted: bool,
    report: Option<ReportJson<'a>>,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    object: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct ReportJson<'a> {
    version: u32,
    verdict: &'static str,
    objects: u64,
    resources: Vec<ResourceJson<'a>>,
    findings: Vec<FindingJson<'a>>,
    more_findings: u64,
}

#[derive(Serialize)]
struct ResourceJson<'a> {
    resource: String,
    objects: u64,
    stored: Vec<StoredJson<'a>>,
}

#[derive(Serialize)]
struct StoredJson<'a> {
    how: &'static str,
    form: Option<&'static str>,
    provider: Option<&'a str>,
    key: Option<&'a str>,
    objects: u64,
    bytes: u64,
    seeds: Vec<SeedJson>,
    other_seeds: u64,
    annotations: Vec<&'a str>,
}

#[derive(Serialize)]
struct SeedJson {
    sha256: String,
    objects: u64,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    key: &'a str,
    why: &'static str,
    provider: Option<&'a str>,
    under: Option<&'a str>,
    bytes: u64,
    message: String,
}

/// Prints what came of a rotation.
pub(crate) fn print_outcome(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let Outcome { key, resealed, unchanged, gone, failures, more_failures, interrupted, report } = outcome;
    let failures =
        failures.iter().map(|failure| FailureJson { object: &failure.object, message: &failure.message });
    json::print(
        out,
        &OutcomeJson {
            version: json::VERSION,
            key: key.as_deref(),
            resealed: *resealed,
            unchanged: *unchanged,
            gone: *gone,
            failures: failures.collect(),
            more_failures: *more_failures,
            interrupted: *interrupted,
            report: report.as_ref().map(self::report),
        },
    )
}

/// Prints what is in etcd.
pub(crate) fn print_report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    json::print(out, &self::report(report))
}

fn report(report: &Report) -> ReportJson<'_> {
    ReportJson {
        version: json::VERSION,
        verdict: match report.verdict() {
            Verdict::Sealed => "sealed",
            Verdict::NotSealed => "not-sealed",
            Verdict::Unknown => "unknown",
        },
        objects: report.objects(),
        resources: report
            .resources
            .iter()
            .map(|(resource, rows)| resource_json(resource.to_string(), rows))
            .collect(),
        findings: report.findings.iter().map(finding).collect(),
        more_findings: report.more_findings,
    }
}

fn resource_json(resource: String, rows: &Rows) -> ResourceJson<'_> {
    let objects = rows.values().map(|group| group.objects).sum();
    ResourceJson { resource, objects, stored: rows.iter().map(|(row, group)| stored(row, group)).collect() }
}

fn stored<'a>(row: &'a Row, group: &'a Group) -> StoredJson<'a> {
    let (how, form, provider, key) = match row {
        Row::Sealed { transformer, provider, key } => {
            (transformer.name(), None, provider.as_deref(), key.as_deref())
        }
        Row::Clear(form) => ("clear", Some(form.name()), None, None),
        Row::Malformed => ("malformed", None, None, None),
    };
    let seed = |(digest, objects): (&ringwall_kms::stored::Digest, &u64)| SeedJson {
        sha256: digest.to_string(),
        objects: *objects,
    };
    StoredJson {
        how,
        form,
        provider,
        key,
        objects: group.objects,
        bytes: group.bytes,
        seeds: group.seeds.iter().map(seed).collect(),
        other_seeds: group.other_seeds,
        annotations: group.annotations.iter().map(String::as_str).collect(),
    }
}

fn finding(finding: &Finding) -> FindingJson<'_> {
    FindingJson {
        key: &finding.key,
        why: match finding.why {
            Why::Clear(_) => "clear",
            Why::OtherProvider => "other-provider",
            Why::OtherKey => "other-key",
            Why::UnknownKey => "unknown-key",
            _ => "malformed",
        },
        provider: finding.provider.as_deref(),
        under: finding.under.as_deref(),
        bytes: finding.bytes,
        message: kms_text::why(finding),
    }
}
