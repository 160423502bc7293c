use proptest::prelude::*;

use super::{of, package, parse};
use crate::package::{Distribution, Package, PackageType, SourcePackage};

fn distribution(id: &str, version: &str) -> Distribution {
    Distribution { id: id.to_owned(), version: version.to_owned(), ..Distribution::default() }
}

#[test]
fn each_type_has_its_form() {
    for (kind, name, version, url) in [
        (PackageType::Cargo, "rand", "0.7.2+a", "pkg:cargo/rand@0.7.2%2Ba"),
        (PackageType::Npm, "@Angular/Animation", "12.3.1", "pkg:npm/%40angular/animation@12.3.1"),
        (PackageType::Pypi, "Django_Package.x", "1.11.1.dev1", "pkg:pypi/django-package.x@1.11.1.dev1"),
        (
            PackageType::Maven,
            "org.apache.xmlgraphics:batik-anim",
            "1.9.1",
            "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1",
        ),
        (
            PackageType::Golang,
            "GitHub.com/gorilla/context",
            "1.2.3",
            "pkg:golang/github.com/gorilla/context@v1.2.3",
        ),
        (PackageType::Golang, "stdlib", "1.22.1", "pkg:golang/stdlib@1.22.1"),
        (PackageType::Composer, "Laravel/Laravel", "5.5.0", "pkg:composer/laravel/laravel@5.5.0"),
        (
            PackageType::Nuget,
            "EnterpriseLibrary.Common",
            "6.0.1304",
            "pkg:nuget/EnterpriseLibrary.Common@6.0.1304",
        ),
        (PackageType::Gem, "ruby-advisory-db-check", "0.12.4", "pkg:gem/ruby-advisory-db-check@0.12.4"),
        (PackageType::Generic, "a b", "", "pkg:generic/a%20b"),
    ] {
        assert_eq!(of(&Package::new(kind, name, version), None), url);
    }
}

#[test]
fn packages_of_distributions_tell_which() {
    let libc = Package {
        arch: Some("amd64".to_owned()),
        source: Some(SourcePackage { name: "glibc".to_owned(), version: "1:2.36-9".to_owned() }),
        ..Package::new(PackageType::Deb, "libc6", "1:2.36-9")
    };
    let url = of(&libc, Some(&distribution("debian", "12")));
    assert_eq!(url, "pkg:deb/debian/libc6@1:2.36-9?arch=amd64&distro=debian-12&upstream=glibc");
    let back = package(&url).unwrap().unwrap();
    assert_eq!(Package { purl: None, ..back }, libc);
    let ssl = Package {
        arch: Some("x86_64".to_owned()),
        source: Some(SourcePackage { name: "openssl".to_owned(), version: "1:3.0.7-27.el9".to_owned() }),
        ..Package::new(PackageType::Rpm, "openssl-libs", "1:3.0.7-27.el9")
    };
    let url = of(&ssl, Some(&distribution("rhel", "9.4")));
    assert_eq!(
        url,
        "pkg:rpm/rhel/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=rhel-9.4&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm"
    );
    let back = package(&url).unwrap().unwrap();
    assert_eq!(Package { purl: None, ..back }, ssl);
}

#[test]
fn urls_are_taken_apart_leniently() {
    let purl = parse("PKG://npm/@scope/name?X=1&empty=#a/./b").unwrap();
    assert_eq!((&*purl.namespace, &*purl.name, &*purl.version), ("@scope", "name", ""));
    assert_eq!(purl.qualifier("x"), Some("1"));
    assert_eq!((purl.qualifiers.len(), &*purl.subpath), (1, "a/b"));
    assert_eq!(package("pkg:swift/x/y@1").unwrap(), None);
    for bad in ["", "x", "http://a/b", "pkg:npm", "pkg:npm/", "pkg:npm/%ff"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(name in "[a-z0-9][a-z0-9 @%#?&=+.-]{0,12}", version in "[a-zA-Z0-9 @%#?&=+.:~^-]{0,12}") {
        for kind in [PackageType::Cargo, PackageType::Gem, PackageType::Nuget] {
            let given = Package::new(kind, name.clone(), version.clone());
            let back = package(&of(&given, None)).unwrap().unwrap();
            prop_assert_eq!(Package { purl: None, ..back }, given);
        }
    }
}
