//! Our own JSON, which `docs/reference/scan.md` describes.

use serde_json::{Map, Value, json as value};

use super::{Finding, Report};
use crate::{Package, purl};

/// Writes everything that the report has. The same report gives the same bytes.
pub fn json(report: &Report<'_>) -> String {
    let inventory = report.inventory;
    let distribution = inventory.distribution.as_ref().map(|distribution| {
        value!({"id": distribution.id, "version": distribution.version, "name": distribution.pretty})
    });
    let packages: Vec<Value> =
        inventory.packages.iter().map(|package| self::package(package, report)).collect();
    let findings: Vec<Value> = report.findings.iter().map(|finding| self::finding(finding, report)).collect();
    let problems: Vec<String> = inventory.problems.iter().map(ToString::to_string).collect();
    let document = value!({
        "subject": {"name": report.subject.name, "digest": report.subject.digest},
        "created": report.subject.created,
        "advisoriesAsOf": report.advisories_as_of,
        "distribution": distribution,
        "findings": findings,
        "packages": packages,
        "problems": problems,
    });
    crate::sbom::written(&document)
}

fn package(package: &Package, report: &Report<'_>) -> Value {
    let mut object = Map::new();
    object.insert("type".to_owned(), value!(package.kind.as_str()));
    object.insert("name".to_owned(), value!(package.name));
    object.insert("version".to_owned(), value!(package.version));
    object.insert("purl".to_owned(), value!(purl::of(package, report.inventory.distribution.as_ref())));
    let mut optional = |key: &str, text: Option<&String>| {
        if let Some(text) = text {
            object.insert(key.to_owned(), value!(text));
        }
    };
    optional("arch", package.arch.as_ref());
    optional("vendor", package.vendor.as_ref());
    optional("module", package.module.as_ref());
    optional("owner", package.owner.as_ref());
    if let Some(source) = &package.source {
        object.insert("source".to_owned(), value!({"name": source.name, "version": source.version}));
    }
    if !package.licenses.is_empty() {
        object.insert("licenses".to_owned(), value!(package.licenses));
    }
    let locations = package.locations.iter().map(|location| match &location.layer {
        Some(layer) => value!({"path": location.path, "layer": layer}),
        None => value!({"path": location.path}),
    });
    object.insert("locations".to_owned(), locations.collect());
    Value::Object(object)
}

fn finding(finding: &Finding<'_>, report: &Report<'_>) -> Value {
    let mut object = Map::new();
    object.insert("id".to_owned(), value!(finding.id));
    object.insert("severity".to_owned(), value!(finding.severity.as_str()));
    object
        .insert("purl".to_owned(), value!(purl::of(finding.package, report.inventory.distribution.as_ref())));
    object.insert("package".to_owned(), value!(finding.package.name));
    object.insert("version".to_owned(), value!(finding.package.version));
    object.insert("fixedIn".to_owned(), value!(finding.fixed));
    object.insert("title".to_owned(), value!(finding.title));
    object.insert("url".to_owned(), value!(finding.url));
    object.insert("aliases".to_owned(), value!(finding.aliases));
    object.insert("score".to_owned(), value!(finding.score));
    object.insert("exploited".to_owned(), value!(finding.is_exploited));
    if let Some(why) = finding.suppressed {
        object.insert("suppressed".to_owned(), value!(why));
    }
    Value::Object(object)
}
