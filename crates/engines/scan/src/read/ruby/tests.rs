use crate::read::{Found, Kind, packages};

fn names(found: &Found) -> Vec<String> {
    found.packages.iter().map(|package| format!("{}@{}", package.name, package.version)).collect()
}

#[test]
fn gems_of_a_lock() {
    let lock = "GIT\n  remote: https://example.org/x.git\n  specs:\n    x (0.1.0)\n\nPATH\n  remote: .\n  specs:\n    own (1.0)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.15.4-arm64-darwin)\n      racc (~> 1.4)\n    nokogiri (1.15.4-x86_64-linux)\n    broken\n\nDEPENDENCIES\n  nokogiri\n";
    let found = packages(Kind::GemfileLock, "Gemfile.lock", lock.as_bytes());
    assert_eq!(names(&found), ["nokogiri@1.15.4", "x@0.1.0"]);
    assert_eq!(found.problems[0].to_string(), "Gemfile.lock:17: not a gem: `broken`");
}

#[test]
fn installed_gems() {
    let spec = "# stub: json 2.6.1 ruby lib\nGem::Specification.new do |s|\n  s.name = \"json\".freeze\n  s.version = Gem::Version.new(\"2.6.1\")\n  s.licenses = [\"Ruby\".freeze, 'MIT']\n  s.authors = [\"Florian \\\"F\\\" Frank\".freeze]\nend\n";
    let found = packages(Kind::Gemspec, "specifications/json-2.6.1.gemspec", spec.as_bytes());
    assert_eq!(names(&found), ["json@2.6.1"]);
    assert_eq!(found.packages[0].licenses, ["Ruby", "MIT"]);
    assert_eq!(found.packages[0].vendor.as_deref(), Some("Florian \"F\" Frank"));
}
