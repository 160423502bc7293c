//! SARIF 2.1.0: a rule for each vulnerability, a result for each package that has it.
//!
//! Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>; `security-severity` is what GitHub's code scanning
//! sorts by.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Finding, Report, Severity};

/// Writes the findings. The same report gives the same bytes.
pub fn sarif(report: &Report<'_>) -> String {
    // The worst package of a vulnerability stands for its rule.
    let mut rules: BTreeMap<&str, &Finding<'_>> = BTreeMap::new();
    for finding in report.findings {
        let rule = rules.entry(finding.id).or_insert(finding);
        if finding.severity > rule.severity {
            *rule = finding;
        }
    }
    let indexes: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, id)| (*id, index)).collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, &indexes)).collect();
    let rules: Vec<Value> = rules.into_values().map(rule).collect();
    let driver = json!({
        "name": "Ringwall",
        "informationUri": "https://github.com/ringwall/ringwall",
        "semanticVersion": report.subject.tool_version,
        "rules": rules,
    });
    let notifications = report
        .inventory
        .problems
        .iter()
        .map(|problem| json!({"level": "error", "message": {"text": problem.to_string()}}));
    let notifications: Vec<Value> = notifications.collect();
    let mut run = Map::new();
    run.insert("tool".to_owned(), json!({"driver": driver}));
    // What could not be read is said; the run itself went through.
    run.insert(
        "invocations".to_owned(),
        json!([{"executionSuccessful": true, "toolExecutionNotifications": notifications}]),
    );
    run.insert("results".to_owned(), Value::Array(results));
    run.insert(
        "properties".to_owned(),
        json!({"image": report.subject.name, "digest": report.subject.digest, "advisoriesAsOf": report.advisories_as_of}),
    );
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    crate::sbom::written(&document)
}

fn rule(finding: &Finding<'_>) -> Value {
    let mut rule = Map::new();
    rule.insert("id".to_owned(), json!(finding.id));
    rule.insert("shortDescription".to_owned(), json!({"text": or_id(finding)}));
    if !finding.url.is_empty() {
        rule.insert("helpUri".to_owned(), json!(finding.url));
    }
    rule.insert("defaultConfiguration".to_owned(), json!({"level": level(finding.severity)}));
    let mut properties = Map::new();
    properties.insert("tags".to_owned(), json!(["security", "vulnerability", finding.severity.as_str()]));
    properties.insert("security-severity".to_owned(), json!(format!("{:.1}", score(finding))));
    if !finding.aliases.is_empty() {
        properties.insert("aliases".to_owned(), json!(finding.aliases));
    }
    rule.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(rule)
}

fn result(finding: &Finding<'_>, indexes: &BTreeMap<&str, usize>) -> Value {
    let package = finding.package;
    let fix = match finding.fixed {
        Some(fixed) => format!("fixed in {fixed}"),
        None => "no fixed version".to_owned(),
    };
    let text = format!("{} in {} {}: {} ({fix})", finding.id, package.name, package.version, or_id(finding));
    let locations = package.locations.iter().map(|location| {
        let mut place = Map::new();
        // Code scanning shows a line, and a package has none.
        place.insert(
            "physicalLocation".to_owned(),
            json!({"artifactLocation": {"uri": uri(&location.path)}, "region": {"startLine": 1}}),
        );
        if let Some(layer) = &location.layer {
            place.insert("message".to_owned(), json!({"text": format!("layer {layer}")}));
        }
        Value::Object(place)
    });
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(finding.id));
    result.insert("ruleIndex".to_owned(), json!(indexes.get(finding.id)));
    result.insert("level".to_owned(), json!(level(finding.severity)));
    result.insert("message".to_owned(), json!({"text": text}));
    result.insert("locations".to_owned(), locations.collect());
    let fingerprint =
        format!("{}/{}/{}/{}", finding.id, package.kind.as_str(), package.name, package.version);
    result.insert("partialFingerprints".to_owned(), json!({"vulnerabilityInPackage/v1": fingerprint}));
    if let Some(why) = finding.suppressed {
        result.insert("suppressions".to_owned(), json!([{"kind": "external", "justification": why}]));
    }
    Value::Object(result)
}

fn or_id<'a>(finding: &Finding<'a>) -> &'a str {
    if finding.title.is_empty() { finding.id } else { finding.title }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational | Severity::Undefined => "note",
    }
}

/// The score, or for a severity without one the least that CVSS 3 has for it.
fn score(finding: &Finding<'_>) -> f64 {
    finding.score.unwrap_or(match finding.severity {
        Severity::Critical => 9.0,
        Severity::High => 7.0,
        Severity::Medium => 4.0,
        Severity::Low => 0.1,
        Severity::Informational | Severity::Undefined => 0.0,
    })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b'!');
    utf8_percent_encode(path, KEPT).to_string()
}
