use proptest::prelude::*;
use serde_json::json;

use super::{
    Advisory, Affected, Event, Plan, Range, RangeKind, Verdict, affects, key, names_of, parse, releases,
};
use crate::version::{Ecosystem, compare};
use crate::{Distribution, Package, PackageType, SourcePackage};

fn range(kind: RangeKind, events: &[(&str, &str)]) -> Affected {
    let event = |(kind, at): &(&str, &str)| match *kind {
        "introduced" => Event::Introduced((*at).to_owned()),
        "fixed" => Event::Fixed((*at).to_owned()),
        "last" => Event::LastAffected((*at).to_owned()),
        _ => Event::Limit((*at).to_owned()),
    };
    let events = events.iter().map(event).collect();
    Affected { ranges: vec![Range { kind, events }], ..Affected::default() }
}

#[track_caller]
fn check(affected: &Affected, order: Ecosystem, version: &str, fixed: Option<Option<&str>>) {
    let expected = match fixed {
        Some(fixed) => Verdict::Affected { fixed: fixed.map(str::to_owned) },
        None => Verdict::Unaffected,
    };
    assert_eq!(affects(affected, order, version), expected, "{version}");
}

#[test]
fn a_version_between_two_turns_is_affected() {
    // In any order, as the schema leaves it open.
    let two = range(
        RangeKind::SemVer,
        &[("fixed", "1.4.0"), ("introduced", "0"), ("introduced", "2.0.0"), ("fixed", "2.0.5")],
    );
    check(&two, Ecosystem::Npm, "1.3.9", Some(Some("1.4.0")));
    check(&two, Ecosystem::Npm, "1.4.0", None);
    check(&two, Ecosystem::Npm, "2.0.0-rc.1", None);
    check(&two, Ecosystem::Npm, "2.0.4", Some(Some("2.0.5")));
    check(&two, Ecosystem::Npm, "2.0.5", None);
    let last = range(RangeKind::Ecosystem, &[("introduced", "1.0-1"), ("last", "1.0-1")]);
    check(&last, Ecosystem::Debian, "1.0-1", Some(None));
    check(&last, Ecosystem::Debian, "1.0-2", None);
    check(&last, Ecosystem::Debian, "1.0-0", None);
    let again = range(RangeKind::Ecosystem, &[("introduced", "0"), ("fixed", "2"), ("introduced", "2")]);
    check(&again, Ecosystem::Debian, "2", Some(None));
    let limited = range(RangeKind::Ecosystem, &[("introduced", "0"), ("limit", "2.0")]);
    check(&limited, Ecosystem::Debian, "1.9", Some(None));
    check(&limited, Ecosystem::Debian, "2.0", None);
    check(&range(RangeKind::Git, &[("introduced", "0")]), Ecosystem::Debian, "1", None);
}

#[test]
fn versions_that_are_listed_are_affected() {
    let listed = Affected { versions: vec!["1.0".into(), "1.0.post1".into()], ..Affected::default() };
    check(&listed, Ecosystem::PyPi, "1.0-1", Some(None));
    check(&listed, Ecosystem::PyPi, "1.0.1", None);
    check(&listed, Ecosystem::Debian, "1.0.0", None);
    check(&Affected::default(), Ecosystem::Debian, "1.0", None);
}

#[test]
fn what_cannot_be_compared_is_told() {
    let odd = range(RangeKind::SemVer, &[("introduced", "0"), ("fixed", "1.2.3")]);
    assert!(matches!(affects(&odd, Ecosystem::Npm, "master"), Verdict::Unknown(_)));
    let listed = Affected { versions: vec!["master".into()], ..odd };
    check(&listed, Ecosystem::Npm, "master", Some(None));
}

/// Affected, as the schema's own words have it: events sorted, one after the other.
fn naively(events: &[(String, String)], order: Ecosystem, version: &str) -> bool {
    let before = |at: &str| at == "0" || compare(order, at, version).unwrap().is_le();
    let mut sorted: Vec<_> = events.iter().collect();
    sorted.sort_by(|(a_kind, a), (b_kind, b)| {
        let places = match (a.as_str(), b.as_str()) {
            ("0", "0") => std::cmp::Ordering::Equal,
            ("0", _) => std::cmp::Ordering::Less,
            (_, "0") => std::cmp::Ordering::Greater,
            (a, b) => compare(order, a, b).unwrap(),
        };
        let rank = |kind: &str| ["fixed", "introduced", "last"].iter().position(|known| *known == kind);
        places.then(rank(a_kind).cmp(&rank(b_kind)))
    });
    let mut affected = false;
    for (kind, at) in sorted {
        match kind.as_str() {
            "introduced" if before(at) => affected = true,
            "fixed" if before(at) => affected = false,
            "last" if compare(order, at, version).unwrap().is_lt() => affected = false,
            _ => {}
        }
    }
    affected
}

proptest! {
    #[test]
    fn a_range_is_as_read_naively(
        events in prop::collection::vec((prop::sample::select(vec!["introduced", "fixed", "last"]), 1_u8..9), 0..6),
        from_zero in any::<bool>(),
        version in 1_u8..10,
    ) {
        let mut events: Vec<(String, String)> = events.into_iter().map(|(kind, at)| (kind.to_owned(), at.to_string())).collect();
        if from_zero {
            events.push(("introduced".to_owned(), "0".to_owned()));
        }
        let version = version.to_string();
        let borrowed: Vec<(&str, &str)> = events.iter().map(|(kind, at)| (kind.as_str(), at.as_str())).collect();
        let affected = range(RangeKind::Ecosystem, &borrowed);
        let ours = matches!(affects(&affected, Ecosystem::Debian, &version), Verdict::Affected { .. });
        prop_assert_eq!(ours, naively(&events, Ecosystem::Debian, &version));
    }

    #[test]
    fn no_record_panics(text in "\\PC{0,200}") {
        _ = parse(text.as_bytes());
    }
}

fn read(value: serde_json::Value) -> Advisory {
    parse(value.to_string().as_bytes()).unwrap()
}

#[test]
fn records_of_all_exports_are_read() {
    let debian = read(json!({
        "id": "DEBIAN-CVE-2024-1", "modified": "2026-01-02T03:04:05Z", "upstream": ["CVE-2024-1"], "schema_version": "1.7.0",
        "affected": [{"package": {"ecosystem": "Debian:12", "name": "curl", "purl": "pkg:deb/debian/curl?arch=source"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "7.88.1-10+deb12u5"}]}],
            "ecosystem_specific": {"urgency": "unimportant"}}]
    }));
    assert_eq!(
        (debian.vulnerabilities()[0].id.as_str(), debian.affected[0].rating.as_deref()),
        ("CVE-2024-1", Some("unimportant"))
    );
    let over = read(json!({"id": "A", "affected": [{"package": {"ecosystem": "Debian:10", "name": "x"},
        "ecosystem_specific": {"urgency": "end-of-life"}}]}));
    assert_eq!(over.affected[0].plan, Plan::EndOfLife);
    let later = read(json!({"id": "A", "affected": [{"package": {"ecosystem": "Debian:12", "name": "x"},
        "database_specific": {"status": "no-dsa"}}]}));
    assert_eq!(later.affected[0].plan, Plan::Later);
    let alma = read(
        json!({"id": "ALSA-2024:1", "summary": "Important: nodejs:18 security update", "related": ["CVE-2024-2"]}),
    );
    assert_eq!(
        (alma.rating.as_deref(), alma.vulnerabilities()[0].id.as_str()),
        (Some("Important"), "CVE-2024-2")
    );
    let rust = read(json!({"id": "RUSTSEC-2024-1", "aliases": null, "severity": null, "affected": [{
        "package": {"ecosystem": "crates.io", "name": "x"}, "database_specific": {"informational": "unmaintained"}}]}));
    assert_eq!(rust.affected[0].informational.as_deref(), Some("unmaintained"));
    let ghsa = read(json!({"id": "GHSA-x", "database_specific": {"severity": "MODERATE"},
        "references": [{"type": "WEB", "url": "https://a"}, {"type": "ADVISORY", "url": "https://b"}, {"type": "WEB"}]}));
    assert_eq!(
        (ghsa.rating.as_deref(), ghsa.references),
        (Some("MODERATE"), vec!["https://b".into(), "https://a".into()])
    );
}

#[test]
fn a_record_is_of_one_vulnerability_or_of_each_that_it_fixes() {
    let names = |value: serde_json::Value| {
        let one = |found: super::Vulnerability| format!("{}: {}", found.id, found.aliases.join(" "));
        read(value).vulnerabilities().into_iter().map(one).collect::<Vec<_>>()
    };
    let ghsa = json!({"id": "GHSA-1", "aliases": ["PYSEC-1", "CVE-2024-1"], "related": ["CVE-2024-9"]});
    assert_eq!(names(ghsa), ["CVE-2024-1: GHSA-1 PYSEC-1"]);
    let usn = json!({"id": "USN-1", "upstream": ["CVE-2024-2", "CVE-2024-1", "GHSA-3"]});
    assert_eq!(names(usn), ["CVE-2024-1: USN-1", "CVE-2024-2: USN-1"]);
    let alma = json!({"id": "ALSA-1", "related": ["CVE-2024-1", "CVE-2024-2"]});
    assert_eq!(names(alma), ["CVE-2024-1: ALSA-1", "CVE-2024-2: ALSA-1"]);
    assert_eq!(names(json!({"id": "MAL-1"})), ["MAL-1: "]);
}

#[test]
fn what_is_no_record_is_refused() {
    for (text, why) in
        [("{}", "no `id`"), ("[]", "no record"), ("{\"id\": 1}", "no record"), ("", "no record")]
    {
        let error = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
    let long = read(json!({"id": "A", "details": "ä".repeat(10_000)}));
    assert!(long.details.len() < 1_100 && long.details.ends_with('…'));
}

fn distribution(id: &str, version: &str) -> Distribution {
    Distribution { id: id.to_owned(), version: version.to_owned(), ..Distribution::default() }
}

#[test]
fn a_distribution_is_known_by_its_release() {
    let names = |kind, id: &str, version: &str| {
        let releases = releases(&Package::new(kind, "x", "1"), Some(&distribution(id, version)));
        releases.into_iter().map(|release| release.name).collect::<Vec<_>>()
    };
    assert_eq!(names(PackageType::Deb, "debian", "12"), ["Debian:12"]);
    assert_eq!(names(PackageType::Deb, "ubuntu", "22.04"), ["Ubuntu:22.04:LTS", "Ubuntu:22.04"]);
    assert_eq!(names(PackageType::Apk, "alpine", "3.19.1"), ["Alpine:v3.19"]);
    assert_eq!(names(PackageType::Apk, "alpine", "3.22.0_alpha20250108"), ["Alpine:edge"]);
    assert_eq!(names(PackageType::Rpm, "almalinux", "9.4"), ["AlmaLinux:9"]);
    assert_eq!(names(PackageType::Rpm, "sles", "15.5"), ["SUSE:Linux Enterprise Server 15 SP5"]);
    assert_eq!(names(PackageType::Npm, "debian", "12"), ["npm"]);
    assert!(names(PackageType::Deb, "unheard-of", "1").is_empty());
    assert!(releases(&Package::new(PackageType::Deb, "x", "1"), None).is_empty());
}

#[test]
fn sources_are_looked_up_where_advisories_are_by_them() {
    let mut package = Package::new(PackageType::Deb, "libcurl4", "7.88.1-10+b1");
    package.source = Some(SourcePackage { name: "curl".into(), version: "7.88.1-10".into() });
    assert_eq!(names_of(&package, "Debian:12"), ("curl", "7.88.1-10"));
    package.kind = PackageType::Rpm;
    assert_eq!(names_of(&package, "AlmaLinux:9"), ("libcurl4", "7.88.1-10+b1"));
    assert_eq!(names_of(&package, "Rocky Linux:9"), ("curl", "7.88.1-10"));
}

#[test]
fn names_are_compared_as_ecosystems_do() {
    assert_eq!(key("PyPI", "Zope.Interface__x"), "zope-interface-x");
    assert_eq!(key("NuGet", "Newtonsoft.Json"), "newtonsoft.json");
    assert_eq!(key("npm", "JSONStream"), "JSONStream");
}
