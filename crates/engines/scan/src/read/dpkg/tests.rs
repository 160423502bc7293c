use crate::read::{Kind, Spot, packages};

const STATUS: &str = "\
Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <x@example.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u4
Conffiles:
 /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab
Description: GNU C Library
 Version: 9 is not a field here.

Package: gone
Status: deinstall ok config-files
Version: 1-1

garbage
Package: half
Status: install ok half-configured
Architecture: all
Source: gcc-12 (12.2.0-14)
Version: 1:4

Status: install ok installed
Architecture: all
";

#[test]
fn paragraphs_are_packages() {
    let found = packages(Kind::DpkgStatus, "var/lib/dpkg/status", STATUS.as_bytes());
    let shown: Vec<_> = found
        .packages
        .iter()
        .map(|package| {
            let source = package.source.as_ref().unwrap();
            (&*package.name, &*package.version, package.arch.as_deref(), &*source.name, &*source.version)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("libc6", "2.36-9+deb12u4", Some("amd64"), "glibc", "2.36-9+deb12u4"),
            ("half", "1:4", Some("all"), "gcc-12", "12.2.0-14"),
        ]
    );
    let problems: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "var/lib/dpkg/status:17: not a field: `garbage`",
            "var/lib/dpkg/status:24: a paragraph without `Package` or `Version`",
        ]
    );
}

#[test]
fn lists_tell_who_owns_what() {
    let found =
        packages(Kind::DpkgFiles, "var/lib/dpkg/info/libc6:amd64.list", b"/.\n/lib\n/lib/libc.so.6\n");
    assert_eq!(found.owned[0].package, "libc6");
    assert_eq!(found.owned[0].paths, ["lib", "lib/libc.so.6"]);
    let sums = b"d41d8cd98f00b204e9800998ecf8427e  usr/share/doc/a b\n";
    let found = packages(Kind::DpkgFiles, "var/lib/dpkg/status.d/a.md5sums", sums);
    assert_eq!(found.owned[0].paths, ["usr/share/doc/a b"]);
}

#[test]
fn text_that_is_none_is_told_and_the_rest_read() {
    let found = packages(
        Kind::DpkgStatus,
        "s",
        b"Package: a\nVersion: 1\nMaintainer: J\xf6rg\n\nPackage: b\nVersion: 2\n",
    );
    assert_eq!(found.packages.len(), 2);
    assert_eq!(found.problems[0].spot, Spot::Line(3));
}
