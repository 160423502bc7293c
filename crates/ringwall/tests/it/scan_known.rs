use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::snapshot::{Said, run};

fn scan(arguments: &[&str], input: &str) -> Said {
    let arguments: Vec<String> = ["scan"].iter().chain(arguments).map(|text| (*text).to_owned()).collect();
    run(&arguments, input)
}

#[test]
fn a_pair_a_line_has_an_answer_a_line() {
    let compare =
        |ecosystem: &str, input: &str| scan(&["compare", "--ecosystem", ecosystem, "--batch", "-"], input);
    let said = compare("debian", "1.0~rc1-1\t1.0-1\n1.0-1\t1.0-1\r\n1:0\t9\n");
    assert_eq!((said.status, said.stdout.as_str()), (0, "<\n=\n>\n"), "{said:?}");
    let said = compare("pypi", "1.0\tnonsense\nno tab\n1.0\t1.0.0\n");
    assert_eq!(said.status, 2);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("error: `nonsense` can't be read as a version of pypi"), "{lines:?}");
    assert!(lines[1].starts_with("error: the line has no tab"), "{lines:?}");
    assert_eq!(lines[2], "=");
    for ecosystem in
        ["alpine", "redhat", "semver", "npm", "maven", "nuget", "rubygems", "packagist", "go", "cargo"]
    {
        let said = compare(ecosystem, "1.2.3\t1.10.0\n");
        assert_eq!((said.status, said.stdout.as_str()), (0, "<\n"), "{ecosystem}: {said:?}");
    }
    let said = compare("cobol", "");
    assert!(said.status == 2 && said.stderr.contains("`cobol` is none of the ecosystems"), "{said:?}");
}

struct Known {
    folder: tempfile::TempDir,
}

impl Known {
    fn new() -> Self {
        let known = Self { folder: tempfile::tempdir().unwrap() };
        let record = |id: &str, cve: &str, score: &str, fixed: &str| {
            json!({"id": id, "modified": "2026-01-02T03:04:05Z", "aliases": [cve], "summary": format!("{cve} of serde"),
                "severity": [{"type": "CVSS_V3", "score": score}],
                "affected": [{"package": {"ecosystem": "crates.io", "name": "serde"},
                    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]})
        };
        let critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
        known.file("in/one.json", &record("RUSTSEC-2024-1", "CVE-2024-1", critical, "1.0.2"));
        known.file("in/two.json", &record("RUSTSEC-2024-2", "CVE-2024-2", critical, "1.0.1"));
        known.file(
            "kev.json",
            &json!({"dateReleased": "2026-01-01T00:00:00Z", "vulnerabilities": [{"cveID": "CVE-2024-1"}]}),
        );
        known
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, json: &Value) {
        let path: PathBuf = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, json.to_string()).unwrap();
    }
}

#[test]
fn what_was_imported_is_found_and_what_does_not_matter_is_put_aside() {
    let known = Known::new();
    let database = known.path("advisories.db");
    let said =
        scan(&["--db", "import", &known.path("in"), &known.path("kev.json"), "--database", &database], "");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.stdout.starts_with("2 records of 1 ecosystems, the youngest of 2026-01-02T03:04:05Z"),
        "{said:?}"
    );
    let lock = "version = 4\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    fs::create_dir(known.path("app")).unwrap();
    fs::write(known.path("app/Cargo.lock"), lock).unwrap();
    let app = known.path("app");
    let said = scan(&[&app, "--database", &database, "--output", "json", "--fail-on", "high"], "");
    assert_eq!(said.status, 1, "{said:?}");
    let json = said.json();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{json}");
    assert_eq!((&findings[0]["id"], &findings[0]["severity"]), (&"CVE-2024-1".into(), &"CRITICAL".into()));
    assert_eq!((&findings[0]["fixedIn"], &findings[0]["exploited"]), (&"1.0.2".into(), &true.into()));
    assert_eq!(json["advisoriesAsOf"], "2026-01-02T03:04:05Z");
    assert!(said.stderr.contains("days ago"), "{said:?}");
    known.file(
        "vex.json",
        &json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{"vulnerability": {"name": "CVE-2024-1"},
            "products": [{"@id": "pkg:cargo/serde"}], "status": "not_affected", "justification": "component_not_present"}]}),
    );
    let vex = known.path("vex.json");
    let arguments =
        [&*app, "--database", &*database, "--output", "json", "--fail-on", "high", "--vex", &*vex];
    let said = scan(&arguments, "");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.json()["findings"][0]["suppressed"], "component_not_present");
}

#[test]
fn a_bad_import_changes_nothing() {
    let known = Known::new();
    let database = known.path("advisories.db");
    let import = |file: &str| scan(&["--db", "import", &known.path(file), "--database", &database], "");
    assert_eq!(import("in").status, 0);
    let before = fs::read(&database).unwrap();
    let said = import("not-there");
    assert!(
        said.status == 2 && said.stderr.contains("there are no advisories in what was given"),
        "{said:?}"
    );
    assert!(before == fs::read(&database).unwrap());
    fs::write(known.path("in/three.json"), "{\"id\": }").unwrap();
    let said = import("in");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains("three.json"), "{said:?}");
    assert!(before == fs::read(&database).unwrap(), "the same records make the same bytes");
    fs::write(&database, &before[..before.len() / 2]).unwrap();
    let said = scan(&[&known.path("in"), "--database", &database], "");
    assert!(said.status == 2 && said.stderr.contains("damaged"), "{said:?}");
    let said = scan(&[&known.path("in"), "--database", &known.path("none.db")], "");
    assert!(said.status == 2 && said.stderr.contains("hint: make it of exports"), "{said:?}");
}
