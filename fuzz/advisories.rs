//! What holds for any bytes that come as versions, advisories or statements about them. Fuzz targets call it, and a test that
//! replays their corpora.
#![allow(dead_code, reason = "each fuzz target calls one of these")]

use ringwall_advisories::{Database, import};
use ringwall_scan::advisory::{Advisory, affects, parse};
use ringwall_scan::kev::Kev;
use ringwall_scan::matching::Lookup;
use ringwall_scan::severity::{Cvss, rate};
use ringwall_scan::version::{Ecosystem, compare};
use ringwall_scan::vex::Vex;
use ringwall_scan::{Package, PackageType};

/// A line of two versions with a tab between them, in each ecosystem. Tells in how many it has an answer.
pub(crate) fn versions(bytes: &[u8]) -> usize {
    let Some((a, b)) = std::str::from_utf8(bytes).ok().and_then(|text| text.trim_end().split_once('\t')) else {
        return 0;
    };
    let answered = |ecosystem: &Ecosystem| {
        let there = compare(*ecosystem, a, b);
        let back = compare(*ecosystem, b, a);
        assert_eq!(there.is_ok(), back.is_ok(), "{ecosystem}");
        if let Err(error) = &there {
            assert!(error.to_string().len() < 1024, "{error}");
        }
        there.is_ok_and(|ordering| {
            assert_eq!(Ok(ordering.reverse()), back, "{ecosystem}");
            true
        })
    };
    Ecosystem::ALL.iter().filter(|ecosystem| answered(ecosystem)).count()
}

/// A record of the OSV schema, or a CVSS vector. Tells whether it is a record.
pub(crate) fn record(bytes: &[u8]) -> bool {
    if let Some(vector) = std::str::from_utf8(bytes).ok().and_then(|text| text.trim_end().parse::<Cvss>().ok()) {
        assert!((0.0..=10.0).contains(&vector.score), "{vector:?}");
    }
    let Ok(record) = parse(bytes) else { return false };
    let json = serde_json::to_vec(&record).expect("a record is JSON");
    let again: Advisory = serde_json::from_slice(&json).expect("what was written is read");
    assert_eq!(again, record);
    for affected in &record.affected {
        let order = Ecosystem::of_osv(&affected.ecosystem).unwrap_or(Ecosystem::SemVer);
        for version in affected.versions.iter().map(String::as_str).chain(["0", "1.0.0"]) {
            let verdict = affects(affected, order, version);
            assert_eq!(verdict, affects(affected, order, version));
        }
        _ = rate(&record, affected, &[]);
    }
    assert!(record.names().any(|name| name == record.name()));
    true
}

/// A document of VEX, or CISA's catalogue. Tells how many statements there are.
pub(crate) fn statements(bytes: &[u8]) -> usize {
    _ = Kev::parse(bytes).map(|kev| kev.get("CVE-2024-1").is_some());
    let mut vex = Vex { image: vec!["web".to_owned()], ..Vex::default() };
    if vex.add(bytes).is_err() {
        assert!(vex.is_empty(), "nothing of what is refused is taken");
    }
    _ = vex.about(["CVE-2024-1"].into_iter(), &Package::new(PackageType::Npm, "lodash", "4.17.20"), None);
    vex.len()
}

/// A file of an export, in any form. Tells how many records there are, all of which are found again.
pub(crate) fn export(bytes: &[u8]) -> u64 {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("input"), folder.path().join("advisories.db"));
    std::fs::write(&input, bytes).expect("it is written");
    let Ok(imported) = import(&[input], &output, &mut |_| {}) else {
        assert!(!output.exists());
        return 0;
    };
    let database = Database::open(&output).expect("what was written is read");
    assert_eq!(database.records(), imported.records);
    imported.records
}

/// A file of advisories. Tells whether it can be asked.
pub(crate) fn database(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("advisories.db");
    std::fs::write(&path, bytes).expect("it is written");
    let Ok(database) = Database::open(&path) else { return false };
    _ = database.exploited().map(|kev| kev.get("CVE-2024-1").is_some());
    let found = database.of_package("npm", "lodash").is_ok();
    database.by_id("GHSA-1").is_ok() && found
}
