use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::snapshot::{Said, run};

/// A list of Secrets by nobody, which was answered.
fn planted(id: &str, code: u16) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{id}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/secrets","verb":"list","user":{{"username":"system:anonymous","groups":["system:unauthenticated"]}},"sourceIPs":["198.51.100.7"],"userAgent":"curl/8.14.1","objectRef":{{"resource":"secrets","namespace":"shop","apiVersion":"v1"}},"responseStatus":{{"metadata":{{}},"code":{code}}},"requestReceivedTimestamp":"2026-10-12T08:05:12.345678Z","stageTimestamp":"2026-10-12T08:05:12.350000Z"}}"#
    )
}

const RECORD: &str = r#"{"eventVersion":"1.11","eventSource":"eks.amazonaws.com","eventName":"DescribeCluster","eventID":"r"}"#;

fn detect(folder: &Path, rest: &str) -> Said {
    let mut arguments = vec!["detect".to_owned(), folder.to_str().unwrap().to_owned()];
    arguments.extend(rest.split_whitespace().map(str::to_owned));
    let mut said = run(&arguments, "");
    let prefix = format!("{}/", folder.display());
    said.stdout = said.stdout.replace(&prefix, "");
    said.stderr = said.stderr.replace(&prefix, "");
    said
}

fn lines(said: &Said) -> Vec<Value> {
    said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A folder with files of these names.
fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_planted_listing_is_told_in_every_form() {
    let log = [planted("a", 200), planted("b", 403), planted("c", 200)].join("\n");
    let folder =
        folder(&[("audit/1.log", log.into_bytes()), ("audit/2.gz", gzip(planted("d", 200).as_bytes()))]);
    let flags = "--cluster-name shop --account 111122223333 --region eu-west-1";
    for format in ["text", "json", "guardduty", "asff", "ocsf", "sigma"] {
        let said = detect(folder.path(), &format!("{flags} --output {format}"));
        assert_eq!(said.status, 0, "{said:?}");
        assert_eq!(said.stderr, "read 4 audit events, 0 CloudTrail records from 2 files: 1 finding\n");
        if format == "text" {
            insta::assert_snapshot!(format, said.stdout);
        } else {
            assert_eq!(lines(&said).len(), 1);
            insta::assert_json_snapshot!(format, said.json());
        }
    }
}

#[test]
fn a_finding_makes_the_command_fail_where_that_is_asked_for() {
    let folder = folder(&[("a.log", planted("a", 200).into_bytes())]);
    for (flags, status) in [("", 0), ("--fail-on high", 1), ("--fail-on low", 1), ("--fail-on critical", 0)] {
        assert_eq!(detect(folder.path(), flags).status, status, "{flags}");
    }
    assert_eq!(detect(folder.path(), "--fail-on bad").status, 2);
    assert_eq!(detect(folder.path(), "--account 1").status, 2);
    let said = detect(&folder.path().join("nothing"), "");
    assert_eq!((said.status, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("there is no such file or folder"), "{}", said.stderr);
}

#[test]
fn what_a_filter_archives_is_counted_and_not_printed() {
    let filter = |name: &str, user: &str| {
        let path = "resource.kubernetesDetails.kubernetesUserDetails.username";
        format!(
            r#"{{"Name":"{name}","Action":"ARCHIVE","FindingCriteria":{{"Criterion":{{"{path}":{{"Equals":["{user}"]}}}}}}}}"#
        )
    };
    let folder = folder(&[("a.log", planted("a", 200).into_bytes())]);
    let filters = tempfile::tempdir().unwrap();
    let named = |name: &str, text: String| {
        let path = filters.path().join(name);
        fs::write(&path, text).unwrap();
        format!("--suppress {}", path.display())
    };
    let nobody = named("nobody.json", filter("nobody", "system:anonymous"));
    let ann = named("ann.json", filter("ann", "ann"));
    let told = "read 1 audit event, 0 CloudTrail records from 1 file: 1 finding, 1 of them archived\n";
    for format in ["text", "json", "guardduty", "asff", "ocsf", "sigma"] {
        let said = detect(folder.path(), &format!("{ann} {nobody} --fail-on low --output {format}"));
        assert_eq!((said.status, said.stderr.as_str()), (0, told), "{format}");
        assert!(!said.stdout.contains("SuccessfulAnonymousAccess"), "{format}");
        let said = detect(folder.path(), &format!("{nobody} --fail-on low --archived --output {format}"));
        assert_eq!((said.status, said.stderr.as_str()), (0, told), "{format}");
        assert!(said.stdout.contains("SuccessfulAnonymousAccess"), "{format}");
    }
    let said = detect(folder.path(), &format!("{nobody} --archived --output json")).json();
    assert_eq!(said["service"]["archived"], true);
    assert_eq!(said["archivedBy"]["filter"], "nobody");
    let said = detect(folder.path(), &format!("{ann} --fail-on low --output json"));
    assert_eq!((said.status, &said.json()["service"]["archived"]), (1, &Value::Bool(false)));
    for (file, why) in [
        (filter("nobody", "x").replace("username", "usernam"), "usernam`; `resource.kubernetesDetails"),
        (filter("nobody", "x"), "two filters are named `nobody`"),
        (String::new(), "there is no filter in it"),
    ] {
        let wrong = named("wrong.json", file);
        let said = detect(folder.path(), &format!("{nobody} {wrong}"));
        assert_eq!((said.status, said.stdout.as_str()), (2, ""));
        assert!(said.stderr.contains(why), "{}", said.stderr);
    }
}

#[test]
fn what_is_broken_is_told_and_hides_nothing() {
    let whole = planted("whole", 200);
    let cut = planted("cut", 200);
    let mut strange = planted("strange", 200).into_bytes();
    let at = strange.windows(4).position(|bytes| bytes == b"curl").unwrap();
    strange[at] = 0xff;
    let text = [
        whole.as_bytes(),
        b"no JSON",
        b"{\"a\":1}",
        &cut.as_bytes()[..cut.find("\"responseStatus").unwrap() + 20],
        &strange,
        b"{\"auditID\":",
        b"[{]",
        planted("last", 200).as_bytes(),
    ]
    .join(&b"\r\n"[..]);
    let bomb = gzip(&vec![b'\n'; 64 << 20]);
    let folder = folder(&[("1-bomb.gz", bomb), ("2.log", text), ("3.json", RECORD.into())]);
    let said = detect(folder.path(), "--output json --fail-on low");
    assert_eq!(said.status, 3);
    insta::assert_snapshot!(said.stderr);
    let finding = said.json();
    let ids: Vec<&str> = finding["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["auditID"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["whole", "cut", "strange", "last"]);
    assert_eq!(finding["service"]["count"], 4);
}

#[test]
fn a_snapshot_says_whose_logs_they_are() {
    let said = run(&["detect".to_owned(), "examples/storefront".to_owned()], "");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with("storefront  eu-west-1  account 111122223333\n"), "{}", said.stdout);
    assert!(said.stderr.contains(" from 7 files: "), "{}", said.stderr);
}

#[test]
fn the_logs_of_the_storefront_tell_its_story() {
    for (name, logs) in
        [("storefront_audit", "examples/storefront/audit"), ("storefront", "examples/storefront")]
    {
        let said = run(&["detect".to_owned(), logs.to_owned()], "");
        assert_eq!(said.status, 0, "{said:?}");
        insta::assert_snapshot!(name, said.stdout + &said.stderr);
    }
}

#[test]
fn what_was_put_right_lets_nobody_in() {
    let said = run(&["detect".to_owned(), "examples/hardened".to_owned()], "");
    assert_eq!(said.stdout, "storefront  eu-west-1  account 111122223333\nnothing found\n");
}

#[test]
fn standard_input_is_a_file_and_nothing_moves_the_cursor() {
    let event = planted("a", 200).replace("198.51.100.7", "\\u001b[2J\\u202e");
    let said = run(&["detect".to_owned(), "-".to_owned()], &event);
    assert_eq!(said.status, 0);
    assert!(said.stdout.contains("      -:1  auditID a\n"), "{}", said.stdout);
    assert!(!said.stdout.contains(['\u{1b}', '\u{202e}']), "{:?}", said.stdout);
}
