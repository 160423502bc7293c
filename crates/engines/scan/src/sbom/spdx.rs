//! SPDX 2.3 as JSON.
//!
//! Source: <https://spdx.github.io/spdx-spec/v2.3/>.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Subject, is_common_license};
use crate::{Inventory, Package, purl};

const ROOT: &str = "SPDXRef-Root";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// Writes an inventory. The same inventory and subject give the same bytes.
///
/// Licences that are no common identifier stand as `LicenseRef-N` with the package's own words, since an expression that no reader
/// knows would make the document invalid.
pub fn spdx(inventory: &Inventory, subject: &Subject) -> String {
    let references = references(inventory);
    let mut packages = vec![root(subject)];
    let mut relationships = vec![relationship(DOCUMENT, "DESCRIBES", ROOT)];
    if let Some(distribution) = &inventory.distribution {
        let mut system = bare("SPDXRef-OperatingSystem", &distribution.id);
        if !distribution.version.is_empty() {
            system.insert("versionInfo".to_owned(), json!(distribution.version));
        }
        system.insert("primaryPackagePurpose".to_owned(), json!("OPERATING-SYSTEM"));
        packages.push(Value::Object(system));
        relationships.push(relationship(ROOT, "CONTAINS", "SPDXRef-OperatingSystem"));
    }
    for (index, package) in inventory.packages.iter().enumerate() {
        let id = format!("SPDXRef-Package-{}", index + 1);
        packages.push(one(&id, package, inventory, &references));
        relationships.push(relationship(ROOT, "CONTAINS", &id));
    }
    let mut document = Map::new();
    document.insert("spdxVersion".to_owned(), json!("SPDX-2.3"));
    document.insert("dataLicense".to_owned(), json!("CC0-1.0"));
    document.insert("SPDXID".to_owned(), json!(DOCUMENT));
    document.insert("name".to_owned(), json!(subject.name));
    let namespace = format!("https://ringwall.dev/spdx/{}", subject.id);
    document.insert("documentNamespace".to_owned(), json!(namespace));
    let creator = format!("Tool: ringwall-{}", subject.tool_version);
    document.insert("creationInfo".to_owned(), json!({"created": subject.created, "creators": [creator]}));
    document.insert("packages".to_owned(), Value::Array(packages));
    if !references.is_empty() {
        let mut named: Vec<(&usize, &&str)> =
            references.iter().map(|(text, number)| (number, text)).collect();
        named.sort();
        let extracted = named.into_iter().map(|(number, text)| {
            json!({"licenseId": format!("LicenseRef-{number}"), "extractedText": text, "name": text})
        });
        document.insert("hasExtractedLicensingInfos".to_owned(), extracted.collect());
    }
    document.insert("relationships".to_owned(), Value::Array(relationships));
    super::written(&Value::Object(document))
}

/// Words for licences that need a reference, numbered from 1 in their order.
fn references(inventory: &Inventory) -> BTreeMap<&str, usize> {
    let licenses = inventory.packages.iter().flat_map(|package| &package.licenses);
    let mut others: Vec<&str> =
        licenses.map(String::as_str).filter(|text| !is_common_license(text)).collect();
    others.sort_unstable();
    others.dedup();
    others.into_iter().enumerate().map(|(index, text)| (text, index + 1)).collect()
}

fn relationship(from: &str, kind: &str, to: &str) -> Value {
    json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to})
}

/// What every package must have.
fn bare(id: &str, name: &str) -> Map<String, Value> {
    let mut package = Map::new();
    package.insert("SPDXID".to_owned(), json!(id));
    package.insert("name".to_owned(), json!(name));
    package.insert("downloadLocation".to_owned(), json!("NOASSERTION"));
    package.insert("filesAnalyzed".to_owned(), json!(false));
    package
}

fn root(subject: &Subject) -> Value {
    let mut root = bare(ROOT, &subject.name);
    if !subject.digest.is_empty() {
        root.insert("versionInfo".to_owned(), json!(subject.digest));
    }
    root.insert(
        "primaryPackagePurpose".to_owned(),
        json!(if subject.is_image { "CONTAINER" } else { "FILE" }),
    );
    Value::Object(root)
}

fn one(id: &str, package: &Package, inventory: &Inventory, references: &BTreeMap<&str, usize>) -> Value {
    let mut one = bare(id, &package.name);
    if !package.version.is_empty() {
        one.insert("versionInfo".to_owned(), json!(package.version));
    }
    if let Some(vendor) = &package.vendor {
        // A supplier is one line, and its address stands in parentheses.
        let vendor: String =
            vendor.chars().map(|c| if c.is_control() || matches!(c, '(' | ')') { ' ' } else { c }).collect();
        one.insert("supplier".to_owned(), json!(format!("Organization: {}", vendor.trim())));
    }
    let declared = package.licenses.iter().map(|license| match references.get(license.as_str()) {
        Some(number) => format!("LicenseRef-{number}"),
        None => license.clone(),
    });
    let declared: Vec<String> = declared.collect();
    let declared = if declared.is_empty() { "NOASSERTION".to_owned() } else { declared.join(" AND ") };
    one.insert("licenseConcluded".to_owned(), json!("NOASSERTION"));
    one.insert("licenseDeclared".to_owned(), json!(declared));
    one.insert("copyrightText".to_owned(), json!("NOASSERTION"));
    let paths: Vec<&str> = package.locations.iter().map(|location| location.path.as_str()).collect();
    if !paths.is_empty() {
        one.insert("sourceInfo".to_owned(), json!(format!("found in {}", paths.join(", "))));
    }
    let url = purl::of(package, inventory.distribution.as_ref());
    one.insert(
        "externalRefs".to_owned(),
        json!([{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}]),
    );
    Value::Object(one)
}
