use crate::read::{Found, Kind, packages};

fn names(found: &Found) -> Vec<String> {
    found.packages.iter().map(|package| format!("{}@{}", package.name, package.version)).collect()
}

#[test]
fn published_programs() {
    let deps = br#"{"libraries": {"App/1.0.0": {"type": "project"}, "Newtonsoft.Json/13.0.3": {"type": "package"}, "Bad": {"type": "package"}}}"#;
    let found = packages(Kind::DotnetDeps, "App.deps.json", deps);
    assert_eq!(names(&found), ["Newtonsoft.Json@13.0.3"]);
    assert_eq!(found.problems[0].message, "not a library: `Bad`");
}

#[test]
fn locks_and_configs() {
    let lock = br#"{"version": 1, "dependencies": {"net8.0": {"A": {"type": "Direct", "resolved": "1.0.0"}, "P": {"type": "Project"}},
        "net8.0/linux-x64": {"A": {"type": "Direct", "resolved": "1.0.0"}, "B": {"type": "Transitive"}}}}"#;
    let found = packages(Kind::NugetLock, "packages.lock.json", lock);
    assert_eq!(names(&found), ["A@1.0.0"]);
    assert_eq!(found.problems[0].message, "`B` is not resolved");
    let config = "\u{feff}<?xml version=\"1.0\"?>\n<packages>\n  <package id=\"A&amp;B\" version=\"1.0\" />\n  <package id=\"C\"/>\n</packages>";
    let found = packages(Kind::NugetConfig, "packages.config", config.as_bytes());
    assert_eq!(names(&found), ["A&B@1.0"]);
    assert_eq!(found.problems[0].to_string(), "packages.config:4: a package without `id` or `version`");
}
