use ringwall_model::{
    AccessEntry, AccessKey, AwsDocument, AwsExport, Cluster, IamPrincipal, IamPrincipalKind, Outcome,
    Severity, Source,
};
use serde_json::json;

use crate::build::{ACCOUNT, by_people, by_service, cluster, failure, of, one, role, tree};

const CHECK: &str = "iam-access-key";

/// Users, with lists of access keys of so many of them.
fn users(names: &[&str], lists: usize) -> Cluster {
    let user = |name: &&str| {
        let source = Source::new("aws/iam.json", 3);
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
        IamPrincipal::new(IamPrincipalKind::User, arn, *name, source)
    };
    let mut cluster = cluster(names.iter().map(user).collect());
    let list = AwsDocument {
        export: AwsExport::IamAccessKeyList,
        source: Source::new("aws/keys.json", 1),
        tree: tree(&json!({"AccessKeyMetadata": []})),
    };
    cluster.aws.documents = vec![list; lists];
    cluster.aws.access_keys_exported = lists > 0;
    cluster
}

fn key(user: &str, status: Option<&str>, made: &str) -> AccessKey {
    AccessKey {
        user: user.into(),
        id: "1234".into(),
        status: status.map(Into::into),
        created_at: Some(made.into()),
        source: Source::new("aws/keys.json", 5),
    }
}

#[test]
fn active_keys_are_told_and_old_ones_are_worse() {
    let mut cluster = users(&["build"], 1);
    assert_eq!(of(&cluster, CHECK), []);
    cluster.aws.access_keys.push(key("build", Some("Active"), "2026-09-01T00:00:00+00:00"));
    assert_eq!(failure(&cluster, CHECK).0, Severity::Medium);
    cluster.aws.principals[0].created_at = Some("2026-12-01T00:00:00+00:00".into());
    let (severity, why) = failure(&cluster, CHECK);
    assert_eq!(severity, Severity::High);
    assert!(why.contains("91 days before the newest date"), "{why}");
    cluster.aws.principals[0].created_at = Some("2026-11-30T00:00:00+00:00".into());
    assert_eq!(failure(&cluster, CHECK).0, Severity::Medium, "90 days are not more than 90");
    cluster.aws.access_keys[0].status = Some("Inactive".into());
    assert_eq!(of(&cluster, CHECK), []);
    cluster.aws.access_keys[0].status = None;
    assert_eq!(of(&cluster, CHECK).len(), 1, "of which nobody tells that it is off");
}

#[test]
fn users_without_a_list_are_unknown() {
    let result = one(&users(&["a", "b", "c", "d"], 0), CHECK);
    assert_eq!(result.outcome, Outcome::Unknown);
    assert!(result.why.contains("`a`, `b`, `c` and 1 more"), "{}", result.why);
    assert!(result.why.contains("list-access-keys"), "{}", result.why);
    assert_eq!(one(&users(&["a", "b"], 1), CHECK).outcome, Outcome::Unknown);
    assert_eq!(of(&users(&["a", "b"], 2), CHECK), []);
}

#[test]
fn a_user_that_the_cluster_lets_in_is_told() {
    let mut cluster = users(&["oncall"], 1);
    cluster.aws.access_entries.push(AccessEntry {
        principal_arn: format!("arn:aws:iam::{ACCOUNT}:user/oncall").into(),
        kind: "STANDARD".into(),
        username: None,
        groups: Vec::new(),
        created_at: None,
        listed_only: false,
        source: Source::new("aws/entry.json", 2),
    });
    let (severity, why) = failure(&cluster, CHECK);
    assert_eq!(severity, Severity::Medium);
    assert!(why.contains("access entry"), "{why}");
}

#[test]
fn roles_that_nobody_takes_are_told() {
    let check = "iam-unused-role";
    let mut people = role("people", by_people(), &[]);
    let other = role("other", by_people(), &[]);
    assert_eq!(of(&cluster(vec![people.clone(), other.clone()]), check), []);
    people.last_used = Some("2026-03-01T00:00:00+00:00".into());
    let (severity, why) = failure(&cluster(vec![people.clone(), other.clone()]), check);
    assert_eq!(severity, Severity::Low);
    assert!(why.contains("`people` was last taken on 2026-03-01"), "{why}");
    people.last_used = None;
    people.created_at = Some("2026-10-01T00:00:00+00:00".into());
    assert_eq!(of(&cluster(vec![people.clone(), other.clone()]), check), [], "it is new");
    people.created_at = Some("2025-01-01T00:00:00+00:00".into());
    assert!(failure(&cluster(vec![people.clone(), other]), check).1.contains("never taken"));
    assert_eq!(one(&cluster(vec![people]), check).outcome, Outcome::Unknown, "an export without last uses");
    let mut service = role("function", by_service("lambda.amazonaws.com"), &[]);
    service.last_used = Some("2025-01-01T00:00:00+00:00".into());
    assert_eq!(of(&cluster(vec![service, role("now", by_people(), &[])]), check), []);
}
