use std::fs;

use serde_json::Value;

use crate::snapshot::{Said, run};

/// A file per name, linted together; the names are those that the output has.
fn lint(files: &[(&str, &str)], rest: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec!["iam".to_owned(), "lint".to_owned()];
    arguments.extend(rest.split_whitespace().map(str::to_owned));
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        arguments.push(path.to_str().unwrap().to_owned());
    }
    let mut said = run(&arguments, "");
    let prefix = format!("{}/", folder.path().display());
    said.stdout = said.stdout.replace(&prefix, "");
    said.stderr = said.stderr.replace(&prefix, "");
    said
}

const GOOD: &str = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
]}"#;

const MIXED: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": ["s3:GetObjects", "s3:ListBucket"],
      "Resource": "arn:aws:s3:::data/*",
      "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}
    },
    {"Effect": "allow", "Action": "s3:*", "Resource": "*"}
  ]
}"#;

const YAML: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Role:
    Properties:
      RoleName: app
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
        - Effect: Allow
          Action: sts:AssumeRole
          Principal:
            AWS: '*'
";

/// Checks and lines, in the order of the output.
fn found(said: &Said) -> Vec<(String, u64)> {
    let report = said.json();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| (finding["check"].as_str().unwrap().to_owned(), finding["line"].as_u64().unwrap()))
        .collect()
}

#[test]
fn the_text_reads_as_it_should() {
    let said = lint(&[("mixed.json", MIXED), ("role.yaml", YAML)], "");
    assert_eq!((said.status, said.stderr.as_str()), (1, ""));
    // The day of the data on AWS's actions moves with it.
    insta::assert_snapshot!(said.stdout.replace(ringwall_iam::catalog().date(), "DATE"));
}

#[test]
fn the_json_keeps_its_shape() {
    let said = lint(&[("role.yaml", YAML)], "--output json");
    insta::assert_json_snapshot!(said.json());
}

#[test]
fn the_exit_status_is_that_of_the_level_asked_for() {
    assert_eq!(lint(&[("good.json", GOOD)], "--fail-on suggestion").status, 0);
    assert_eq!(lint(&[("role.yaml", YAML)], "").status, 0);
    assert_eq!(lint(&[("role.yaml", YAML)], "--fail-on warning").status, 1);
    assert_eq!(lint(&[("role.yaml", YAML)], "--fail-on security").status, 1);
    assert_eq!(lint(&[("mixed.json", MIXED)], "").status, 1);
    let said = run(&["iam", "lint"].map(str::to_owned), "");
    assert_eq!(said.status, 2, "{said:?}");
    let said = run(&["iam", "lint", "nowhere.json"].map(str::to_owned), "");
    assert_eq!((said.status, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("`nowhere.json` cannot be read"), "{said:?}");
}

#[test]
fn what_cannot_be_read_costs_itself_alone() {
    let said = lint(&[("broken.json", "{\"Statement\": ["), ("mixed.json", MIXED)], "");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains("broken.json:1") && said.stdout.contains("s3:GetObjects"), "{said:?}");
    let said = lint(&[("pod.yaml", "kind: Pod\n")], "");
    assert_eq!(said.status, 3);
    assert!(said.stderr.contains("pod.yaml: the file has no policy"), "{said:?}");
    let said = lint(&[("bad.json", r#"{"Policy": "%7B%22Statement%22%zz"}"#)], "");
    assert_eq!(said.status, 3);
    assert!(said.stderr.contains("cannot be decoded"), "{said:?}");
}

#[test]
fn policies_are_found_wherever_they_stand() {
    let in_text = r#"{"Policy": "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:GetObjects\", \"Resource\": \"*\"}}"}"#;
    assert_eq!(found(&lint(&[("a.json", in_text)], "-o json")), [("action-unknown".to_owned(), 1)]);
    let encoded = "{\"PolicyDocument\":\n \"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGetObjects%22%2C%22Resource%22%3A%22*%22%7D%7D\"}";
    assert_eq!(found(&lint(&[("a.json", encoded)], "-o json")), [("action-unknown".to_owned(), 2)]);
    let block = "policyText: |\n  {\"Version\": \"2012-10-17\", \"Statement\": [\n    {\"Effect\": \"Allow\", \"Resource\": \"*\",\n     \"Action\": \"s3:GetObjects\"}]}\n";
    let said = lint(&[("a.yaml", block)], "-o json");
    assert_eq!(found(&said), [("action-unknown".to_owned(), 4)], "{said:?}");
}

#[test]
fn exports_tell_what_a_policy_is_and_which_ones_count() {
    let bad = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObjects", "Resource": "*"}}"#;
    let details = format!(
        r#"{{"Policies": [
          {{"PolicyName": "Mine", "Arn": "arn:aws:iam::111122223333:policy/Mine", "PolicyVersionList": [
            {{"VersionId": "v1", "IsDefaultVersion": false, "Document": {bad}}},
            {{"VersionId": "v2", "IsDefaultVersion": true, "Document": {bad}}}]}},
          {{"PolicyName": "Theirs", "Arn": "arn:aws:iam::aws:policy/Theirs", "PolicyVersionList": [
            {{"VersionId": "v1", "IsDefaultVersion": true, "Document": {bad}}}]}}]}}"#
    );
    let report = lint(&[("a.json", &details)], "-o json").json();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!((findings.len(), &findings[0]["policy"]), (1, &Value::from("Mine")), "{findings:#?}");
    let tree = format!(
        r#"{{"Organization": {{"Id": "o-1"}}, "Roots": [{{"Id": "r-1", "ServiceControlPolicies": [{{"Name": "list", "PolicyDocument": {bad}}}]}}]}}"#
    );
    let said = lint(&[("a.json", &tree)], "-o json");
    let report = said.json();
    assert_eq!(report["findings"][0]["type"], "scp");
    assert!(found(&said).iter().any(|(check, _)| check == "scp-allow-list"), "{report:#}");
    let said = lint(&[("a.json", &tree)], "-o json --type identity");
    assert_eq!(said.json()["findings"][0]["type"], "identity", "the option wins");
}

#[test]
fn standard_input_is_a_file_too() {
    let said = run(&["iam", "lint", "-"].map(str::to_owned), MIXED);
    assert_eq!(said.status, 1);
    assert!(said.stdout.starts_with("-:7: error action-unknown"), "{said:?}");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let policy = GOOD
        .replace("s3:GetObject", "s3:\\u001b[31mGet\\u0007")
        .replace("\"Effect\"", "\"Sid\": \"a\\u001bb\", \"Effect\"");
    let said = lint(&[("a.json", &policy)], "");
    assert!(said.stdout.contains("\\u{1b}") && !said.stdout.contains(['\u{1b}', '\u{7}']), "{said:?}");
}
