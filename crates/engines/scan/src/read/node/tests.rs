use crate::read::{Found, Kind, packages};

fn names(found: &Found) -> Vec<String> {
    found.packages.iter().map(|package| format!("{}@{}", package.name, package.version)).collect()
}

#[test]
fn npm_locks_of_each_version() {
    let one = br#"{"lockfileVersion": 1, "dependencies": {
        "a": {"version": "1.0.0", "dependencies": {"@s/b": {"version": "2.0.0"}}},
        "alias": {"version": "npm:real@3.0.0"}, "own": {"version": "file:own"}, "bad": {}}}"#;
    let found = packages(Kind::NpmLock, "package-lock.json", one);
    assert_eq!(names(&found), ["@s/b@2.0.0", "a@1.0.0", "real@3.0.0"]);
    assert_eq!(found.problems[0].message, "`bad` has no version");
    let three =
        br#"{"lockfileVersion": 3, "packages": {"": {"version": "9.9.9"}, "ws/x": {"version": "1.1.1"},
        "node_modules/x": {"resolved": "ws/x", "link": true},
        "node_modules/a": {"version": "1.0.0", "license": "MIT"},
        "node_modules/a/node_modules/@s/b": {"version": "2.0.0"},
        "node_modules/alias": {"name": "real", "version": "3.0.0"}}}"#;
    let found = packages(Kind::NpmLock, "package-lock.json", three);
    assert_eq!(names(&found), ["a@1.0.0", "@s/b@2.0.0", "real@3.0.0"]);
    assert_eq!(found.packages[0].licenses, ["MIT"]);
}

#[test]
fn yarn_locks_of_both_generations() {
    let classic = "# yarn lockfile v1\n\n\"@s/a@^1.0.0\", \"@s/a@~1.0\":\n  version \"1.0.2\"\n  resolved \"x\"\n  dependencies:\n    version \"^9\"\n\nb@^2:\n  version \"2.0.0\"\n\n\"c@npm:real@^3\":\n  version \"3.1.0\"\nnovers@1:\n  resolved \"x\"\n";
    let found = packages(Kind::YarnLock, "yarn.lock", classic.as_bytes());
    assert_eq!(names(&found), ["@s/a@1.0.2", "b@2.0.0", "real@3.1.0"]);
    assert_eq!(found.problems[0].to_string(), "yarn.lock:14: an entry without version: `novers@1`");
    let berry = "__metadata:\n  version: 8\n\n\"@s/a@npm:^1, @s/a@npm:~1\":\n  version: 1.10\n  resolution: \"@s/a@npm:1.10\"\n  languageName: node\n  linkType: hard\n\n\"own@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"own@workspace:.\"\n  linkType: soft\n";
    let found = packages(Kind::YarnLock, "yarn.lock", berry.as_bytes());
    assert_eq!(names(&found), ["@s/a@1.10"]);
    assert_eq!(found.problems, []);
}

#[test]
fn pnpm_locks_of_each_version() {
    let check = |text: &str| names(&packages(Kind::PnpmLock, "pnpm-lock.yaml", text.as_bytes()));
    let five = "lockfileVersion: 5.4\npackages:\n  /@s/a/1.0.0_b@2.0.0:\n    resolution: {integrity: sha512-x}\n  /b/2.0.0:\n    dev: true\n";
    assert_eq!(check(five), ["@s/a@1.0.0", "b@2.0.0"]);
    let six = "lockfileVersion: '6.0'\npackages:\n  /@s/a@1.0.0(b@2.0.0):\n    resolution: {integrity: sha512-x}\n  /b@2.0.0:\n    dev: true\n";
    assert_eq!(check(six), ["@s/a@1.0.0", "b@2.0.0"]);
    let nine = "lockfileVersion: '9.0'\npackages:\n  '@s/a@1.0.0':\n    resolution: {integrity: sha512-x}\n  b@2.0.0:\n    engines: {node: '>=8'}\n  c@https://codeload.github.com/x/c/tar.gz/abc:\n    version: 3.0.0\n    name: c\nsnapshots:\n  b@2.0.0: {}\n";
    assert_eq!(check(nine), ["@s/a@1.0.0", "b@2.0.0", "c@3.0.0"]);
}

#[test]
fn installed_packages_tell_their_licence() {
    let text = br#"{"name": "@s/a", "version": "v1.0.0", "licenses": [{"type": "MIT"}, "ISC"], "author": {"name": "A"}}"#;
    let found = packages(Kind::NodePackage, "node_modules/@s/a/package.json", text);
    assert_eq!(names(&found), ["@s/a@1.0.0"]);
    assert_eq!(found.packages[0].licenses, ["MIT", "ISC"]);
    assert_eq!(packages(Kind::NodePackage, "p", br#"{"type": "module"}"#), Found::default());
}
