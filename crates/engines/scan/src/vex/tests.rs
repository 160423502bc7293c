use serde_json::{Value, json};

use super::{Status, Vex, VexError};
use crate::{Package, PackageType};

fn vex(document: &Value) -> Vex {
    let mut vex = Vex::of_image(vec!["shop/web:1".into(), "sha256:aa".into()]);
    vex.add(document.to_string().as_bytes()).unwrap();
    vex
}

#[track_caller]
fn check(vex: &Vex, name: &str, package: &Package, status: Option<Status>) {
    let told = vex.about([name].into_iter(), package, None).map(|statement| statement.status);
    assert_eq!(told, status, "{name} {}", package.name);
}

fn openvex(products: &Value, status: &str) -> Value {
    json!({"@context": "https://openvex.dev/ns/v0.2.0", "author": "shop", "timestamp": "2026-01-01T00:00:00Z", "statements": [{
        "vulnerability": {"name": "CVE-2024-1", "aliases": ["GHSA-1"]}, "products": products, "status": status,
        "justification": "vulnerable_code_not_in_execute_path"}]})
}

#[test]
fn openvex_is_about_a_package_or_about_an_image() {
    let lodash = Package::new(PackageType::Npm, "lodash", "4.17.20");
    let other = Package::new(PackageType::Npm, "lodash", "4.17.21");
    let exact = vex(&openvex(&json!([{"@id": "pkg:npm/lodash@4.17.20"}]), "not_affected"));
    check(&exact, "CVE-2024-1", &lodash, Some(Status::NotAffected));
    check(&exact, "ghsa-1", &lodash, Some(Status::NotAffected));
    check(&exact, "CVE-2024-1", &other, None);
    check(&exact, "CVE-2024-2", &lodash, None);
    let every = vex(&openvex(&json!([{"identifiers": {"purl": "pkg:npm/lodash"}}]), "fixed"));
    check(&every, "CVE-2024-1", &other, Some(Status::Fixed));
    let part = json!([{"@id": "shop/web:1", "subcomponents": [{"@id": "pkg:npm/lodash"}]}]);
    check(&vex(&openvex(&part, "affected")), "CVE-2024-1", &lodash, Some(Status::Affected));
    let elsewhere = json!([{"@id": "shop/other:1", "subcomponents": [{"@id": "pkg:npm/lodash"}]}]);
    check(&vex(&openvex(&elsewhere, "affected")), "CVE-2024-1", &lodash, None);
    check(
        &vex(&openvex(&json!([{"@id": "sha256:aa"}]), "under_investigation")),
        "CVE-2024-1",
        &lodash,
        Some(Status::UnderInvestigation),
    );
}

#[test]
fn the_last_statement_holds() {
    let mut vex = vex(&openvex(&json!(["pkg:npm/lodash"]), "not_affected"));
    let mut later = openvex(&json!(["pkg:npm/lodash"]), "affected");
    later["timestamp"] = "2026-02-01T00:00:00Z".into();
    vex.add(later.to_string().as_bytes()).unwrap();
    let mut earlier = openvex(&json!(["pkg:npm/lodash"]), "fixed");
    earlier["timestamp"] = "2025-02-01T00:00:00Z".into();
    vex.add(earlier.to_string().as_bytes()).unwrap();
    check(&vex, "CVE-2024-1", &Package::new(PackageType::Npm, "lodash", "1.0.0"), Some(Status::Affected));
    assert_eq!(vex.len(), 3);
}

#[test]
fn csaf_names_products_by_id() {
    let document = json!({
        "document": {"csaf_version": "2.0", "publisher": {"name": "ACME"}, "tracking": {"current_release_date": "2026-01-01T00:00:00Z"}},
        "product_tree": {
            "branches": [{"branches": [{"product": {"product_id": "lodash", "product_identification_helper": {"purl": "pkg:npm/lodash@4.17.20"}}}]}],
            "full_product_names": [{"product_id": "web", "name": "web"}],
            "relationships": [{"product_reference": "lodash", "relates_to_product_reference": "web", "full_product_name": {"product_id": "web:lodash"}}]},
        "vulnerabilities": [{"cve": "CVE-2024-1", "product_status": {"known_not_affected": ["web:lodash", "unknown"]},
            "flags": [{"label": "component_not_present", "product_ids": ["web:lodash"]}]}]
    });
    let vex = vex(&document);
    let lodash = Package::new(PackageType::Npm, "lodash", "4.17.20");
    check(&vex, "CVE-2024-1", &lodash, Some(Status::NotAffected));
    let told = vex.about(["CVE-2024-1"].into_iter(), &lodash, None).unwrap();
    assert_eq!((told.justification.as_str(), told.author.as_str()), ("component_not_present", "ACME"));
}

#[test]
fn what_is_no_vex_is_refused_whole() {
    let mut vex = Vex::default();
    assert!(matches!(vex.add(b"{}"), Err(VexError::Kind)));
    assert!(matches!(vex.add(b"x"), Err(VexError::Json(_))));
    let mut document = openvex(&json!(["pkg:npm/lodash"]), "fixed");
    document["statements"].as_array_mut().unwrap().push(json!({"status": "perhaps"}));
    assert!(matches!(vex.add(document.to_string().as_bytes()), Err(VexError::Status(2))));
    assert!(vex.is_empty());
}
