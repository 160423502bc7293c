use super::{Kind, wanted, wanted_binary};

#[test]
fn files_are_known_by_their_path() {
    for (path, kind) in [
        ("var/lib/dpkg/status", Some(Kind::DpkgStatus)),
        ("./var/lib/dpkg/status.d/base-files", Some(Kind::DpkgStatus)),
        ("var/lib/dpkg/status.d/base-files.md5sums", Some(Kind::DpkgFiles)),
        ("var/lib/dpkg/info/bash.list", Some(Kind::DpkgFiles)),
        ("opt/copy/var/lib/dpkg/status", None),
        ("/lib/apk/db/installed", Some(Kind::ApkInstalled)),
        ("usr/lib/sysimage/rpm/rpmdb.sqlite", Some(Kind::RpmSqlite)),
        ("var/lib/rpm/Packages", Some(Kind::RpmBdb)),
        ("app/node_modules/a/package.json", Some(Kind::NodePackage)),
        ("app/node_modules/@s/a/package.json", Some(Kind::NodePackage)),
        ("app/node_modules/a/lib/package.json", None),
        ("package.json", None),
        ("x/app.deps.json", Some(Kind::DotnetDeps)),
        ("srv/app.WAR", Some(Kind::JavaArchive)),
        ("usr/lib/ruby/gems/3.1.0/specifications/default/json.gemspec", Some(Kind::Gemspec)),
        ("json.gemspec", None),
        ("requirements-dev.txt", Some(Kind::Requirements)),
        ("vendor/composer/installed.json", Some(Kind::ComposerInstalled)),
    ] {
        assert_eq!(wanted(path), kind, "{path}");
    }
}

#[test]
fn programs_are_known_by_their_start() {
    assert_eq!(wanted_binary(b"\x7fELF\x02"), Some(Kind::Binary));
    assert_eq!(wanted_binary(b"#!/bin/sh"), None);
    assert_eq!(wanted_binary(b""), None);
}
