//! Policies of resources, and how it is told which resource each belongs to.

use ringwall_model::ResourcePolicy;

use crate::folder::{Folder, clean, told};

const KEY: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const OTHER: &str = "mrk-0123456789abcdef0123456789abcdef";

/// ARN of each resource, its account, and the number of statements of its policy; `-` for no policy, `?` for an
/// unreadable one.
fn shown(policies: &[ResourcePolicy]) -> Vec<String> {
    policies
        .iter()
        .map(|one| {
            let policy = match one.policy.as_ref().map(|policy| &policy.document) {
                None => "-".into(),
                Some(Err(_)) => "?".into(),
                Some(Ok(tree)) => tree.list("Statement").len().to_string(),
            };
            format!("{} {} {policy}", one.resource_arn, one.account.as_deref().unwrap_or("none"))
        })
        .collect()
}

fn read(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let snapshot = Folder::with(files).read();
    (shown(&snapshot.cluster.aws.resource_policies), told(&snapshot))
}

fn describe_key(id: &str) -> String {
    format!(r#"{{"KeyMetadata": {{"KeyId": "{id}", "Arn": "arn:aws:kms:eu-west-1:111122223333:key/{id}"}}}}"#)
}

fn key_policy(statement: &str) -> String {
    format!(r#"{{"Policy": {:?}, "PolicyName": "default"}}"#, format!(r#"{{"Statement": [{statement}]}}"#))
}

const ROOT: &str = r#"{"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Resource": "*"}"#;

#[test]
fn the_file_of_resource_policies_is_read() {
    let text = r#"{"ResourcePolicies": [
{"ResourceArn": "arn:aws:s3:::shop", "AccountId": "111122223333", "PolicyDocument": {"Statement": [{}]}},
{"ResourceArn": "arn:aws:s3:::plain", "PolicyDocument": null},
{"ResourceArn": "arn:aws:sqs:eu-west-1:444455556666:q", "AccountId": null, "PolicyDocument": "{\"Statement\": [{}, {}]}"}]}"#;
    let policies = clean(&[("aws/r.json", text)]).cluster.aws.resource_policies;
    assert_eq!(
        shown(&policies),
        [
            "arn:aws:s3:::shop 111122223333 1",
            "arn:aws:s3:::plain none -",
            "arn:aws:sqs:eu-west-1:444455556666:q 444455556666 2",
        ]
    );
    assert_eq!(policies.iter().map(|one| one.source.line).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn what_is_wrong_in_it_costs_itself() {
    let text = r#"{"ResourcePolicies": [7,
{"PolicyDocument": {}},
{"ResourceArn": "bucket", "PolicyDocument": {}},
{"ResourceArn": "arn:aws:s3:::*", "PolicyDocument": {}},
{"ResourceArn": "arn:aws:s3:::a"},
{"ResourceArn": "arn:aws:s3:::b", "AccountId": 111122223333, "PolicyDocument": {}},
{"ResourceArn": "arn:aws:sqs:eu-west-1:444455556666:q", "AccountId": "111122223333", "PolicyDocument": {}},
{"ResourceArn": "arn:aws:s3:::c", "PolicyDocument": "{"},
{"ResourceArn": "arn:aws:s3:::d", "PolicyDocument": {}},
{"ResourceArn": "arn:aws:s3:::d", "PolicyDocument": null},
{"ResourceArn": "arn:aws:s3:::d", "PolicyDocument": {}}]}"#;
    let (policies, told) = read(&[("aws/r.json", text)]);
    assert_eq!(
        policies,
        [
            "arn:aws:sqs:eu-west-1:444455556666:q 444455556666 0",
            "arn:aws:s3:::c none ?",
            "arn:aws:s3:::d none 0"
        ]
    );
    let started: Vec<_> = told.iter().map(|told| told.chars().take(90).collect::<String>()).collect();
    assert_eq!(
        started,
        [
            "E aws/r.json:1: a resource's policy without `ResourceArn` was not read",
            "E aws/r.json:2: a resource's policy without `ResourceArn` was not read",
            "E aws/r.json:3: `bucket` is not an ARN: it needs six parts: arn:partition:service:region:a",
            "E aws/r.json:4: `arn:aws:s3:::*` has a wildcard and names no one resource; it was not read",
            "E aws/r.json:5: `arn:aws:s3:::a` has no `PolicyDocument`, so its policy is not known",
            "E aws/r.json:6: `AccountId` of `arn:aws:s3:::b` is not twelve digits in quotes",
            "W aws/r.json:7: `AccountId` is 111122223333, but `arn:aws:sqs:eu-west-1:444455556666:q` is",
            "E aws/r.json:8: policy `resource policy` of `arn:aws:s3:::c` can't be read: not valid JSON",
            "W aws/r.json:10: the policy of `arn:aws:s3:::d` is written twice with different content; a",
        ]
    );
}

#[test]
fn a_key_policy_finds_its_key() {
    let (described, other, policy) = (describe_key(KEY), describe_key(OTHER), key_policy(ROOT));
    let expected = [format!("arn:aws:kms:eu-west-1:111122223333:key/{KEY} 111122223333 1")];
    let named = format!("aws/{OTHER}/key-policy-{KEY}.json");
    let cases: [&[(&str, &str)]; 5] = [
        // by the id in the file's name, the last one of the path
        &[("aws/a.json", &described), ("aws/b.json", &other), (&named, &policy)],
        // in one file with its key
        &[("aws/a.json", &format!("{policy}\n{described}")), ("aws/b.json", &other)],
        // by the ARN in its statements
        &[(
            "aws/a.json",
            &key_policy(&format!(r#"{{"Resource": ["arn:aws:kms:eu-west-1:111122223333:key/{KEY}"]}}"#)),
        )],
        // by the id in the file's name, the account that it names, and the cluster's region
        &[(&named, &policy), ("cluster.yaml", "region: eu-west-1\n")],
        // the only one of both
        &[("aws/a.json", &described), ("aws/b.json", &policy)],
    ];
    for files in cases {
        assert_eq!(shown(&clean(files).cluster.aws.resource_policies), expected, "{files:?}");
    }
}

#[test]
fn a_key_policy_without_a_key_is_told() {
    let (described, other, policy) = (describe_key(KEY), describe_key(OTHER), key_policy(ROOT));
    let foreign = key_policy(r#"{"Principal": {"AWS": "444455556666"}}"#);
    let near_uuid = format!("aws/key-policy-{}.json", KEY.replace('a', "g"));
    let cases: [&[(&str, &str)]; 5] = [
        &[("aws/p.json", &policy)],
        &[("aws/a.json", &described), ("aws/b.json", &other), ("aws/p.json", &policy)],
        &[("aws/a.json", &described), ("aws/p.json", &foreign)],
        &[(&near_uuid, &policy), ("cluster.yaml", "region: eu-west-1\n")],
        &[("aws/p.json", r#"{"Policy": "{"}"#), ("aws/a.json", &described)],
    ];
    for files in cases {
        let (policies, told) = read(files);
        assert_eq!(policies, [""; 0], "{files:?}");
        let missing = "which key this policy belongs to can't be told; it was not used";
        assert!(told.iter().any(|told| told.starts_with("W ") && told.ends_with(missing)), "{told:#?}");
    }
    let bucket = key_policy(r#"{"Resource": "arn:aws:s3:::shop/*"}"#);
    let (policies, told) = read(&[("aws/p.json", &format!("{bucket}\n{other}"))]);
    assert_eq!(policies, [""; 0]);
    assert_eq!(told, ["W aws/p.json:1: a bucket's policy doesn't name its bucket; it was not used"]);
}

#[test]
fn a_broken_key_policy_stays_with_its_key() {
    let file = format!("aws/key-policy-{KEY}.json");
    let (policies, told) = read(&[("aws/a.json", &describe_key(KEY)), (&file, r#"{"Policy": "{"}"#)]);
    assert_eq!(policies, [format!("arn:aws:kms:eu-west-1:111122223333:key/{KEY} 111122223333 ?")]);
    assert_eq!(told.len(), 1);
}

#[test]
fn a_repository_gets_its_arn() {
    let policy = r#"{"registryId": "111122223333", "repositoryName": "web/shop", "policyText": "{\"Statement\": []}"}"#;
    let repositories = r#"{"repositories": [{"registryId": "111122223333", "repositoryName": "web/shop",
"repositoryArn": "arn:aws:ecr:us-east-1:111122223333:repository/web/shop"}]}"#;
    let info = "region: eu-west-1\npartition: aws-eusc\n";
    assert_eq!(
        read(&[("aws/p.json", policy), ("cluster.yaml", info)]).0,
        ["arn:aws-eusc:ecr:eu-west-1:111122223333:repository/web/shop 111122223333 0"]
    );
    assert_eq!(
        read(&[("aws/p.json", policy), ("aws/r.json", repositories), ("cluster.yaml", info)]).0,
        ["arn:aws:ecr:us-east-1:111122223333:repository/web/shop 111122223333 0"]
    );
    let (policies, told) = read(&[("aws/p.json", policy)]);
    assert_eq!(policies, [""; 0]);
    assert_eq!(
        told,
        ["W aws/p.json:1: region or account of repository `web/shop` can't be told; its policy was not used"]
    );
}

#[test]
fn secrets_queues_and_topics_name_themselves() {
    let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret";
    let files = [
        ("aws/1.json", &*format!(r#"{{"ARN": "{secret}:a-1", "Name": "a", "ResourcePolicy": "{{}}"}}"#)),
        ("aws/2.json", &*format!(r#"{{"ARN": "{secret}:b-1", "Name": "b"}}"#)),
        (
            "aws/3.json",
            r#"{"Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:q", "Policy": "{}"}}"#,
        ),
        (
            "aws/4.json",
            r#"{"Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:r", "CreatedTimestamp": "1"}}"#,
        ),
        ("aws/5.json", r#"{"Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:s"}}"#),
        (
            "aws/6.json",
            r#"{"Attributes": {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Policy": "{\"Statement\": [{}]}"}}"#,
        ),
    ];
    let (policies, told) = read(&files);
    assert_eq!(
        policies,
        [
            &*format!("{secret}:a-1 111122223333 0"),
            &*format!("{secret}:b-1 111122223333 -"),
            "arn:aws:sqs:eu-west-1:111122223333:q 111122223333 0",
            "arn:aws:sqs:eu-west-1:111122223333:r 111122223333 -",
            "arn:aws:sns:eu-west-1:111122223333:t 111122223333 1",
        ]
    );
    assert_eq!(
        told,
        [
            "W aws/5.json:1: the attributes of `arn:aws:sqs:eu-west-1:111122223333:s` are not all there; its policy is not known"
        ]
    );
}
