use std::convert::Infallible;

use serde_json::{Value, json};

use super::{Lookup, Report, findings};
use crate::advisory::{Advisory, key, parse};
use crate::kev::Kev;
use crate::severity::Severity;
use crate::vex::Vex;
use crate::{Distribution, Inventory, Package, PackageType, SourcePackage};

/// 2026-02-01T00:00:00Z.
const NOW: i64 = 1_769_904_000;

/// Records in a list: what an index must agree with.
struct Records(Vec<Advisory>);

impl Lookup for Records {
    type Error = Infallible;

    fn of_package(&self, ecosystem: &str, name: &str) -> Result<Vec<Advisory>, Infallible> {
        let about = |record: &&Advisory| {
            record
                .affected
                .iter()
                .any(|affected| affected.ecosystem == ecosystem && key(ecosystem, &affected.name) == name)
        };
        Ok(self.0.iter().filter(about).cloned().collect())
    }

    fn by_id(&self, id: &str) -> Result<Option<Advisory>, Infallible> {
        Ok(self.0.iter().find(|record| record.id == id).cloned())
    }

    fn as_of(&self) -> &str {
        "2026-01-22T00:00:00Z"
    }

    fn has(&self, ecosystem: &str) -> bool {
        self.0.iter().any(|record| record.affected.iter().any(|affected| affected.ecosystem == ecosystem))
    }
}

fn record(id: &str, ecosystem: &str, name: &str, fixed: &str, more: Value) -> Value {
    let events = if fixed.is_empty() {
        json!([{"introduced": "0"}])
    } else {
        json!([{"introduced": "0"}, {"fixed": fixed}])
    };
    let mut record = json!({"id": id, "summary": format!("{id} of {name}"), "affected": [{
        "package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]});
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn scan(id: &str, version: &str, packages: Vec<Package>, records: &[Value], vex: &Vex, kev: &Kev) -> Report {
    let records = records.iter().map(|record| parse(record.to_string().as_bytes()).unwrap()).collect();
    let distribution =
        Distribution { id: id.to_owned(), version: version.to_owned(), ..Distribution::default() };
    let inventory = Inventory { distribution: Some(distribution), packages, ..Inventory::default() };
    findings(&inventory, &Records(records), vex, kev, NOW)
}

fn told(id: &str, version: &str, packages: Vec<Package>, records: &[Value]) -> Vec<String> {
    let report = scan(id, version, packages, records, &Vex::default(), &Kev::default());
    report
        .findings
        .into_iter()
        .map(|found| format!("{} {}", found.id, found.fixed.unwrap_or_default()))
        .collect()
}

fn deb(name: &str, source: &str, version: &str) -> Package {
    let mut package = Package::new(PackageType::Deb, name, version);
    package.source = Some(SourcePackage { name: source.into(), version: version.into() });
    package
}

#[test]
fn a_package_is_matched_by_its_source_in_its_release() {
    let records = [
        record(
            "DEBIAN-CVE-2024-1",
            "Debian:12",
            "curl",
            "7.88.1-10+deb12u5",
            json!({"upstream": ["CVE-2024-1"]}),
        ),
        record("DEBIAN-CVE-2024-2", "Debian:11", "curl", "", json!({"upstream": ["CVE-2024-2"]})),
        record("DEBIAN-CVE-2024-3", "Debian:12", "libcurl4", "", json!({})),
        record("DEBIAN-CVE-2024-4", "Debian:12", "curl", "", json!({"withdrawn": "2024-01-01T00:00:00Z"})),
    ];
    let found = told("debian", "12", vec![deb("libcurl4", "curl", "7.88.1-10+deb12u4")], &records);
    assert_eq!(found, ["CVE-2024-1 7.88.1-10+deb12u5"]);
    assert!(told("debian", "12", vec![deb("libcurl4", "curl", "7.88.1-10+deb12u5")], &records).is_empty());
}

#[test]
fn what_the_distribution_brought_is_the_distributions() {
    let records = [
        record("GHSA-1", "PyPI", "Requests", "2.32", json!({"aliases": ["CVE-2024-5"]})),
        record("DEBIAN-CVE-2024-5", "Debian:12", "requests", "2.28-2", json!({"upstream": ["CVE-2024-5"]})),
    ];
    let mut wheel = Package::new(PackageType::Pypi, "requests", "2.28.1");
    let system = deb("python3-requests", "requests", "2.28-1");
    assert_eq!(told("debian", "12", vec![system.clone(), wheel.clone()], &records).len(), 2);
    wheel.owner = Some("python3-requests".into());
    assert_eq!(told("debian", "12", vec![system, wheel], &records), ["CVE-2024-5 2.28-2"]);
}

#[test]
fn one_vulnerability_is_told_once() {
    let records = [
        record(
            "GHSA-1",
            "crates.io",
            "x",
            "1.2.0",
            json!({"aliases": ["CVE-2024-6", "RUSTSEC-2024-1"], "database_specific": {"severity": "HIGH"}}),
        ),
        record("RUSTSEC-2024-1", "crates.io", "x", "1.2.0", json!({"aliases": ["CVE-2024-6", "GHSA-1"]})),
        record("RUSTSEC-2024-9", "crates.io", "x", "", json!({"aliases": ["GHSA-9"]})),
        record("GHSA-9", "crates.io", "x", "3.0.0", json!({"aliases": ["RUSTSEC-2024-9"]})),
    ];
    let report = scan(
        "debian",
        "12",
        vec![Package::new(PackageType::Cargo, "x", "1.1.0")],
        &records,
        &Vex::default(),
        &Kev::default(),
    );
    assert_eq!(report.findings.len(), 2);
    assert_eq!(
        (report.findings[0].id.as_str(), report.findings[0].rated.severity),
        ("CVE-2024-6", Severity::High)
    );
    assert_eq!(report.findings[0].advisories, ["GHSA-1", "RUSTSEC-2024-1"]);
    assert_eq!(report.findings[1].fixed.as_deref(), Some("3.0.0"));
}

#[test]
fn what_is_said_of_one_cve_of_an_advisory_is_not_said_of_the_others() {
    let records = [record(
        "ALSA-1",
        "AlmaLinux:9",
        "curl",
        "7.76-2.el9",
        json!({"related": ["CVE-2024-1", "CVE-2024-2"]}),
    )];
    let mut vex = Vex::default();
    let document = json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": [
        {"vulnerability": {"name": "CVE-2024-1"}, "products": ["pkg:rpm/almalinux/curl"], "status": "not_affected"}]});
    vex.add(document.to_string().as_bytes()).unwrap();
    let package = Package::new(PackageType::Rpm, "curl", "7.76-1.el9");
    let report = scan("almalinux", "9.4", vec![package], &records, &vex, &Kev::default());
    let ids: Vec<_> =
        report.findings.iter().map(|found| (found.id.as_str(), found.is_suppressed())).collect();
    assert_eq!(ids, [("CVE-2024-2", false), ("CVE-2024-1", true)]);
}

#[test]
fn a_stream_of_a_module_is_fixed_by_its_own() {
    let records = [
        record(
            "ALSA-1",
            "AlmaLinux:8",
            "nodejs",
            "1:18.20-1.module_el8.9.0+1+a",
            json!({"summary": "Important: nodejs:18 security update"}),
        ),
        record(
            "ALSA-2",
            "AlmaLinux:8",
            "nodejs",
            "1:20.12-1.module_el8.9.0+2+b",
            json!({"summary": "Low: nodejs:20 security update"}),
        ),
        record("ALSA-3", "AlmaLinux:8", "nodejs", "1:22.1-1.el8", json!({})),
    ];
    let mut package = Package::new(PackageType::Rpm, "nodejs", "1:18.19-1.module_el8.9.0+0+c");
    package.module = Some("nodejs:18:8090020240101:abc:x86_64".into());
    assert_eq!(
        told("almalinux", "8.9", vec![package.clone()], &records),
        ["ALSA-1 1:18.20-1.module_el8.9.0+1+a"]
    );
    package.module = None;
    package.version = "1:18.19-1.el8".into();
    assert_eq!(told("almalinux", "8.9", vec![package], &records), ["ALSA-3 1:22.1-1.el8"]);
}

#[test]
fn statements_and_the_catalogue_have_their_say() {
    let records = [
        record("A", "npm", "x", "2.0.0", json!({"aliases": ["CVE-2024-7"]})),
        record(
            "B",
            "npm",
            "x",
            "2.0.0",
            json!({"aliases": ["CVE-2024-8"], "database_specific": {"severity": "LOW"}}),
        ),
    ];
    let mut vex = Vex::default();
    let document = json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": [
        {"vulnerability": {"name": "A"}, "products": ["pkg:npm/x"], "status": "not_affected"}]});
    vex.add(document.to_string().as_bytes()).unwrap();
    let kev = json!({"dateReleased": "2026-01-30T00:00:00Z", "vulnerabilities": [
        {"cveID": "CVE-2024-8", "dateAdded": "2024-05-01", "dueDate": "2024-05-22", "knownRansomwareCampaignUse": "Known"}]});
    let kev = Kev::parse(kev.to_string().as_bytes()).unwrap();
    let report =
        scan("debian", "12", vec![Package::new(PackageType::Npm, "x", "1.0.0")], &records, &vex, &kev);
    let ids: Vec<_> =
        report.findings.iter().map(|found| (found.id.as_str(), found.is_suppressed())).collect();
    assert_eq!(ids, [("CVE-2024-8", false), ("CVE-2024-7", true)]);
    assert!(report.findings[0].exploited.as_ref().is_some_and(|listed| listed.ransomware));
    assert_eq!((report.worst(), report.age_days), (Some(Severity::Low), Some(10)));
    assert_eq!(report.exploited_as_of, "2026-01-30T00:00:00Z");
}

#[test]
fn what_could_not_be_told_is_told() {
    let records = [record("A", "npm", "x", "2.0.0", json!({}))];
    let packages = vec![
        deb("curl", "curl", "1"),
        Package::new(PackageType::Npm, "x", "master"),
        Package::new(PackageType::Npm, "x", ""),
    ];
    let report = scan("debian", "12", packages, &records, &Vex::default(), &Kev::default());
    let told: Vec<_> = report.not_evaluated.iter().map(|problem| problem.to_owned()).collect();
    assert!(report.findings.is_empty());
    assert_eq!(told.len(), 3);
    assert_eq!(
        (told[0].subject.as_str(), told[0].why.as_str()),
        ("Debian:12", "there are no advisories of it")
    );
    assert!(told[1].why.contains("no version"), "{told:?}");
    assert!(told[2].subject.starts_with("x master: A"), "{told:?}");
}
