use super::{Format, Subject, cyclonedx, format, read, spdx};
use crate::package::{Distribution, Inventory, Location, Package, PackageType, SourcePackage};

pub(crate) fn inventory() -> Inventory {
    let place = |path: &str| vec![Location { path: path.to_owned(), layer: Some("sha256:aa".to_owned()) }];
    let mut packages = vec![
        Package {
            arch: Some("amd64".to_owned()),
            source: Some(SourcePackage { name: "glibc".to_owned(), version: "2.36-9+deb12u4".to_owned() }),
            vendor: Some("GNU Libc Maintainers <x@example.org>".to_owned()),
            locations: place("var/lib/dpkg/status"),
            ..Package::new(PackageType::Deb, "libc6", "2.36-9+deb12u4")
        },
        Package {
            licenses: vec!["MIT".to_owned(), "see the file LICENSE".to_owned()],
            locations: place("app/package-lock.json"),
            ..Package::new(PackageType::Npm, "@babel/core", "7.0.0")
        },
        Package {
            locations: place("app.jar"),
            ..Package::new(PackageType::Maven, "org.example:thing", "1.0")
        },
        Package {
            owner: Some("python3-six".to_owned()),
            locations: place("usr/lib/python3/dist-packages/six-1.16.0.egg-info"),
            ..Package::new(PackageType::Pypi, "six", "1.16.0")
        },
    ];
    packages.sort();
    let distribution = Distribution {
        id: "debian".to_owned(),
        version: "12".to_owned(),
        pretty: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        ..Distribution::default()
    };
    Inventory { distribution: Some(distribution), packages, problems: Vec::new() }
}

pub(crate) fn subject() -> Subject {
    Subject {
        name: "registry.example/shop:1".to_owned(),
        digest: format!("sha256:{}", "ab".repeat(32)),
        is_image: true,
        created: "2026-11-28T08:00:00Z".to_owned(),
        id: "3e671687-395b-41f5-a30f-a58921a69b79".to_owned(),
        tool_version: "0.1.0".to_owned(),
    }
}

/// What is left when what a form has no place for is left out.
fn comparable(inventory: &Inventory, with_places: bool) -> Vec<Package> {
    let strip = |package: &Package| Package {
        purl: None,
        locations: if with_places { package.locations.clone() } else { Vec::new() },
        owner: package.owner.clone().filter(|_| with_places),
        licenses: package.licenses.clone().into_iter().filter(|_| with_places).collect(),
        ..package.clone()
    };
    inventory.packages.iter().map(strip).collect()
}

#[test]
fn documents_are_written() {
    insta::assert_snapshot!("cyclonedx", cyclonedx(&inventory(), &subject()));
    insta::assert_snapshot!("spdx", spdx(&inventory(), &subject()));
}

#[test]
fn what_is_written_is_read_back() {
    let given = inventory();
    let text = cyclonedx(&given, &subject());
    assert_eq!(format(text.as_bytes()), Some(Format::CycloneDx));
    let back = read(Format::CycloneDx, "bom.json", text.as_bytes());
    assert_eq!(comparable(&back, true), comparable(&given, true));
    assert_eq!(back.distribution, given.distribution);
    assert_eq!(back.problems, []);
    let text = spdx(&given, &subject());
    assert_eq!(format(text.as_bytes()), Some(Format::Spdx));
    let back = read(Format::Spdx, "spdx.json", text.as_bytes());
    assert_eq!(comparable(&back, false), comparable(&given, false));
    assert_eq!(back.distribution.unwrap().version, "12");
    assert_eq!(back.problems, []);
}

#[test]
fn documents_of_others_are_read() {
    let bom = br#"{"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [
        {"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1", "components": [
            {"type": "library", "name": "b", "purl": "pkg:pypi/b@2", "properties": [{"name": "syft:location:0:path", "value": "/x/METADATA"}]}]},
        {"type": "library", "name": "c", "version": "3", "purl": "pkg:npm"},
        {"type": "library", "name": "bash", "purl": "pkg:deb/ubuntu/bash@5?arch=amd64&distro=ubuntu-22.04"},
        {"type": "file", "name": "no package"}]}"#;
    let inventory = read(Format::CycloneDx, "bom.json", bom);
    let names: Vec<_> = inventory.packages.iter().map(|package| &*package.name).collect();
    assert_eq!(names, ["bash", "a", "b"]);
    assert_eq!(inventory.packages[2].locations[0].path, "x/METADATA");
    assert_eq!(inventory.distribution.unwrap().version, "22.04");
    assert_eq!(inventory.problems[0].to_string(), "bom.json: `pkg:npm`: a package URL without type or name");
    let cut = &bom[..bom.len() / 2];
    let inventory = read(Format::CycloneDx, "bom.json", cut);
    assert!(!inventory.packages.is_empty() && !inventory.problems.is_empty());
}
