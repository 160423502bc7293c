use crate::read::{Kind, packages};

#[test]
fn locked_and_installed_packages() {
    let lock = br#"{"packages": [{"name": "a/b", "version": "v1.2.3", "license": ["MIT"]}, {"name": "c/d"}],
        "packages-dev": [{"name": "e/f", "version": "dev-main"}]}"#;
    let found = packages(Kind::ComposerLock, "composer.lock", lock);
    let names: Vec<_> = found.packages.iter().map(|package| (&*package.name, &*package.version)).collect();
    assert_eq!(names, [("a/b", "1.2.3"), ("e/f", "dev-main")]);
    assert_eq!(found.problems[0].message, "a package without name or version: `c/d`");
    for installed in [
        &br#"[{"name": "a/b", "version": "1.0.0"}]"#[..],
        br#"{"packages": [{"name": "a/b", "version": "1.0.0"}]}"#,
    ] {
        assert_eq!(packages(Kind::ComposerInstalled, "i", installed).packages.len(), 1);
    }
}
