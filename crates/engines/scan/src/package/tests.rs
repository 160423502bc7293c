use super::{Distribution, Inventory, Package, PackageType};
use crate::read::{Found, Owned};

#[test]
fn versions_of_distributions_come_apart() {
    let parts = |kind, version: &str| {
        let package = Package::new(kind, "x", version);
        let parts = package.parts();
        (parts.epoch.map(str::to_owned), parts.version.to_owned(), parts.release.map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(parts(PackageType::Deb, "1:2.3-rc1-4"), (some("1"), "2.3-rc1".to_owned(), some("4")));
    assert_eq!(parts(PackageType::Deb, "20230311"), (None, "20230311".to_owned(), None));
    assert_eq!(parts(PackageType::Apk, "3.1.4-r6"), (None, "3.1.4".to_owned(), some("r6")));
    assert_eq!(parts(PackageType::Npm, "1.0.0-rc.1"), (None, "1.0.0-rc.1".to_owned(), None));
}

#[test]
fn os_release_is_read_as_a_shell_would() {
    let text = "# comment\nID=\"Rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID='9.3'\nPRETTY_NAME=\"Rocky \\\"Linux\\\" 9\"\njunk\n";
    let distribution = Distribution::from_os_release(text).unwrap();
    assert_eq!(distribution.id, "rocky");
    assert!(distribution.is_like("rhel") && !distribution.is_like("debian"));
    assert_eq!(distribution.version, "9.3");
    assert_eq!(distribution.pretty, "Rocky \"Linux\" 9");
    assert_eq!(Distribution::from_os_release("HOME=/root"), None);
}

#[test]
fn what_a_distribution_owns_is_told() {
    let found =
        |name: &str| Found { packages: vec![Package::new(PackageType::Pypi, name, "1")], ..Found::default() };
    let owned = Owned {
        package: "python3-six".to_owned(),
        paths: vec!["usr/lib/python3/dist-packages/six.egg-info".to_owned()],
    };
    let inventory = Inventory::assemble([
        ("usr/lib/python3/dist-packages/six.egg-info".to_owned(), Some("sha256:a".to_owned()), found("six")),
        ("opt/six/METADATA".to_owned(), None, found("other")),
        ("x.list".to_owned(), None, Found { owned: vec![owned], ..Found::default() }),
    ]);
    let owners: Vec<_> =
        inventory.packages.iter().map(|package| (&*package.name, package.owner.as_deref())).collect();
    assert_eq!(owners, [("other", None), ("six", Some("python3-six"))]);
    assert_eq!(inventory.packages[1].locations[0].layer.as_deref(), Some("sha256:a"));
}
