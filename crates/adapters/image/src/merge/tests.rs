use ringwall_scan::package::Package;

use super::*;
use crate::layer::{Entry, EntryKind, Reading};

fn package(name: &str, version: &str) -> Package {
    Package::new(PackageType::Deb, name, version)
}

/// A path, what it is, and the names and versions of the packages that it tells.
type Made<'m> = (&'m str, EntryKind, &'m [(&'m str, &'m str)]);

/// A layer with entries; of those with packages, what they told.
fn layer(entries: &[Made<'_>]) -> Record {
    let mut record = Record::default();
    for (number, (path, kind, packages)) in entries.iter().enumerate() {
        record.entries.push(Entry { path: (*path).into(), kind: kind.clone() });
        if !packages.is_empty() {
            let packages = packages.iter().map(|(name, version)| package(name, version)).collect();
            record.readings.push(Reading { entry: number, found: Found { packages, ..Found::default() } });
        }
    }
    record
}

/// Name, path and layer of each package.
fn told(records: &[Record]) -> Vec<String> {
    let refs: Vec<&Record> = records.iter().collect();
    let names: Vec<Option<String>> = (0..records.len()).map(|number| Some(number.to_string())).collect();
    let inventory = Merged::new(&refs).inventory(&names);
    let packages = inventory.packages.iter().map(|package| {
        let places = package.locations.iter();
        let places: Vec<String> =
            places.map(|place| format!("{}@{}", place.path, place.layer.as_deref().unwrap_or("-"))).collect();
        format!("{} {} {}", package.name, package.version, places.join(","))
    });
    packages.collect()
}

const FILE: EntryKind = EntryKind::File;
const STATUS: &str = "var/lib/dpkg/status";

#[test]
fn a_package_is_of_the_layer_that_brought_it() {
    let records = [
        layer(&[(STATUS, FILE, &[("base", "1"), ("changed", "1"), ("removed", "1")])]),
        layer(&[(STATUS, FILE, &[("base", "1"), ("changed", "2"), ("added", "1"), ("back", "1")])]),
        layer(&[(STATUS, FILE, &[("base", "1"), ("changed", "2"), ("added", "1")])]),
        layer(&[(STATUS, FILE, &[("base", "1"), ("changed", "2"), ("added", "1"), ("back", "1")])]),
    ];
    assert_eq!(
        told(&records),
        [
            format!("added 1 {STATUS}@1"),
            format!("back 1 {STATUS}@3"),
            format!("base 1 {STATUS}@0"),
            format!("changed 2 {STATUS}@1"),
        ]
    );
}

#[test]
fn a_file_that_was_hidden_brings_its_packages_anew() {
    let records = [
        layer(&[(STATUS, FILE, &[("base", "1")])]),
        layer(&[("var/lib/dpkg", EntryKind::Opaque, &[]), (STATUS, FILE, &[("base", "1")])]),
    ];
    assert_eq!(told(&records), [format!("base 1 {STATUS}@1")]);
    let records = [
        layer(&[("a/status", FILE, &[("gone", "1")]), ("b", FILE, &[("kept", "1")])]),
        layer(&[("a", EntryKind::Whiteout, &[])]),
    ];
    assert_eq!(told(&records), ["kept 1 b@0"]);
}

#[test]
fn a_file_with_two_names_is_told_once() {
    let records =
        [layer(&[("b", FILE, &[("x", "1")]), ("a", EntryKind::HardLink("b".into()), &[])]), layer(&[])];
    assert_eq!(told(&records), ["x 1 b@0"]);
    let hidden = [records[0].clone(), layer(&[("b", EntryKind::Whiteout, &[])])];
    assert_eq!(told(&hidden), ["x 1 a@0"], "the other name still shows it");
}

#[test]
fn places_are_those_that_are_seen() {
    let records = [
        layer(&[("usr/lib", EntryKind::Folder, &[]), ("lib", EntryKind::Link("usr/lib".into()), &[])]),
        layer(&[("lib/apk/db/installed", FILE, &[("musl", "1")])]),
    ];
    assert_eq!(told(&records), ["musl 1 usr/lib/apk/db/installed@1"]);
}

#[test]
fn what_links_lead_to_is_asked_for() {
    let records = [
        layer(&[
            ("data/dpkg/status", FILE, &[]),
            ("srv/lock", FILE, &[]),
            ("srv/hard", FILE, &[]),
            ("usr/lib/os-release", FILE, &[]),
        ]),
        layer(&[
            ("var/lib/dpkg", EntryKind::Link("../../data/dpkg".into()), &[]),
            ("app/Cargo.lock", EntryKind::Link("/srv/lock".into()), &[]),
            ("app/yarn.lock", EntryKind::HardLink("srv/hard".into()), &[]),
            ("etc/os-release", EntryKind::Link("../usr/lib/os-release".into()), &[]),
            ("loop/Cargo.lock", EntryKind::Link("Cargo.lock".into()), &[]),
        ]),
    ];
    let refs: Vec<&Record> = records.iter().collect();
    let unread = Merged::new(&refs).unread();
    let asked = |path: &str, name: &str| (path.to_owned(), name.to_owned());
    let expect = Asked::from([
        asked("data/dpkg/status", STATUS),
        asked("srv/lock", "app/Cargo.lock"),
        asked("srv/hard", "app/yarn.lock"),
    ]);
    assert_eq!(unread, [expect, Asked::new()]);
    // What was asked for once is known.
    let known = Record { asked: unread[0].clone(), ..records[0].clone() };
    assert_eq!(Merged::new(&[&known, &records[1]]).unread(), [Asked::new(), Asked::new()]);
}
