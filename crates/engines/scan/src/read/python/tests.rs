use crate::read::{Found, Kind, packages};

fn names(found: &Found) -> Vec<String> {
    found.packages.iter().map(|package| format!("{}@{}", package.name, package.version)).collect()
}

#[test]
fn installed_distributions() {
    let text = "Metadata-Version: 2.1\nName: Flask-Login\nVersion: 0.6.3\nLicense: UNKNOWN\nLicense-Expression: MIT\nAuthor-email: a@example.org\n\nName: not this\n";
    let found = packages(Kind::PythonMetadata, "x.dist-info/METADATA", text.as_bytes());
    assert_eq!(names(&found), ["Flask-Login@0.6.3"]);
    assert_eq!(found.packages[0].licenses, ["MIT"]);
    let found = packages(Kind::PythonMetadata, "x.egg-info", b"Name: x\n\n");
    assert_eq!(found.problems[0].to_string(), "x.egg-info: no `Name` or no `Version`");
}

#[test]
fn pinned_requirements_alone_count() {
    let text = "# comment\nflask==2.0.1 # why\nrequests[security] == 2.31.0 ; python_version > '3'\ndjango>=3\na==1.*\nb==1,!=2\n-r other.txt\n--hash=x==y\nc==1.0 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def\nd @ https://example.org/d==1#sha256=x\ne===1.0+local\n";
    let found = packages(Kind::Requirements, "requirements.txt", text.as_bytes());
    assert_eq!(names(&found), ["flask@2.0.1", "requests@2.31.0", "c@1.0", "e@1.0+local"]);
}

#[test]
fn locks_of_pipenv_poetry_uv_and_pdm() {
    let pipfile =
        br#"{"_meta": {"hash": {"sha256": "x"}}, "default": {"a": {"version": "==1.0"}, "vcs": {"git": "x"}},
        "develop": {"b": {"version": "==2.0"}}}"#;
    assert_eq!(names(&packages(Kind::PipfileLock, "Pipfile.lock", pipfile)), ["a@1.0", "b@2.0"]);
    let poetry = b"[[package]]\nname = \"a\"\nversion = \"1.0\"\n\n[package.dependencies]\nb = \"^2\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0\"\n\n[metadata]\nlock-version = \"2.0\"\n";
    assert_eq!(names(&packages(Kind::PoetryLock, "poetry.lock", poetry)), ["a@1.0", "b@2.0"]);
    let uv = b"version = 1\n[[package]]\nname = \"own\"\nversion = \"0\"\nsource = { virtual = \".\" }\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
    assert_eq!(names(&packages(Kind::UvLock, "uv.lock", uv)), ["a@1.0"]);
    let pdm = b"[[package]]\nname = \"a\"\nversion = \"1.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nextras = [\"x\"]\n";
    assert_eq!(names(&packages(Kind::PdmLock, "pdm.lock", pdm)), ["a@1.0"]);
}
