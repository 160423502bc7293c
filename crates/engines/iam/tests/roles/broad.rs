use ringwall_model::{
    Cluster, IamPrincipal, IamPrincipalKind, OrgNode, OrgNodeKind, Organization, Outcome, Proof, Severity,
    Source,
};
use serde_json::{Value as Json, json};

use crate::build::{
    ACCOUNT, allow, associate, attach, by_people, by_pods, cluster, deploy, document, everybody, failure, of,
    one, policy, role,
};

const CHECK: &str = "iam-over-broad";

fn pods(policies: &[Json]) -> Cluster {
    let mut cluster = cluster(vec![role("orders", by_pods(), policies)]);
    associate(&mut cluster, "shop", "orders", "orders");
    cluster
}

fn people(policies: &[Json]) -> Cluster {
    cluster(vec![role("people", by_people(), policies)])
}

#[test]
fn everything_is_more_than_anybody_needs() {
    let all = || allow(&["*"], &["*"]);
    assert_eq!(failure(&pods(&[all()]), CHECK).0, Severity::Critical);
    assert_eq!(failure(&people(&[all()]), CHECK).0, Severity::High);
    let but = policy(json!({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}));
    assert_eq!(failure(&pods(&[but]), CHECK).0, Severity::Critical);
}

#[test]
fn all_of_a_service_on_everything_is_told() {
    let (severity, why) = failure(&pods(&[allow(&["elasticloadbalancing:*"], &["*"])]), CHECK);
    assert_eq!(severity, Severity::Medium);
    assert!(why.contains("`elasticloadbalancing:*` on everything"), "{why}");
    assert_eq!(failure(&pods(&[allow(&["s3:*"], &["*"])]), CHECK).0, Severity::High);
    assert_eq!(of(&pods(&[allow(&["s3:*"], &["arn:aws:s3:::orders", "arn:aws:s3:::orders/*"])]), CHECK), []);
    assert_eq!(of(&pods(&[allow(&["elasticloadbalancing:Describe*"], &["*"])]), CHECK), []);
}

#[test]
fn data_on_everything_is_held_against_what_workloads_name() {
    let all = || pods(&[allow(&["secretsmanager:GetSecretValue"], &["*"])]);
    let (severity, why) = failure(&all(), CHECK);
    assert_eq!(severity, Severity::High);
    assert!(why.contains("read every secret") && why.contains("name no secret"), "{why}");
    let mut cluster = all();
    deploy(&mut cluster, "shop", "orders", ("DB_SECRET_ID", "shop/orders"));
    deploy(&mut cluster, "shop", "other", ("DB_SECRET_ID", "shop/other"));
    let result = one(&cluster, CHECK);
    assert!(result.why.contains("name 1 secret (shop/orders)"), "{}", result.why);
    assert!(result.reasons.iter().any(|reason| matches!(reason.proof, Proof::Object(_))));
    let zones = failure(&pods(&[allow(&["route53:ChangeResourceRecordSets"], &["*"])]), CHECK).1;
    assert!(!zones.contains("name no"), "nobody looks for zones in workloads: {zones}");
    for narrow in [
        allow(
            &["secretsmanager:GetSecretValue"],
            &["arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/*"],
        ),
        policy(json!({
            "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/app": "orders"}}
        })),
    ] {
        assert_eq!(of(&pods(&[narrow]), CHECK), []);
    }
}

#[test]
fn every_kind_of_evidence_is_read() {
    let s3 = || pods(&[allow(&["s3:GetObject"], &["*"])]);
    for variable in [
        ("BUCKET", "orders-data"),
        ("TARGET", "s3://orders-data/path"),
        ("TARGET", "arn:aws:s3:::orders-data/path"),
        ("ARGUMENTS", "--to=s3://orders-data"),
    ] {
        let mut cluster = s3();
        deploy(&mut cluster, "shop", "orders", variable);
        let why = failure(&cluster, CHECK).1;
        assert!(why.contains("name 1 bucket (orders-data)"), "{variable:?}: {why}");
    }
    let mut queue = pods(&[allow(&["sqs:ReceiveMessage"], &["*"])]);
    deploy(&mut queue, "shop", "orders", ("URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/orders"));
    assert!(failure(&queue, CHECK).1.contains("name 1 queue (orders)"));
}

#[test]
fn ways_up_are_critical() {
    for action in [
        "iam:CreatePolicyVersion",
        "iam:AttachRolePolicy",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:CreateAccessKey",
    ] {
        let (severity, why) = failure(&people(&[allow(&[action], &["*"])]), CHECK);
        assert_eq!(severity, Severity::Critical, "{why}");
        assert!(why.contains(action), "{why}");
        assert_eq!(of(&people(&[allow(&[action], &["arn:aws:iam::111122223333:role/teams/x"])]), CHECK), []);
    }
    let own = allow(&["iam:PutRolePolicy"], &["arn:aws:iam::111122223333:role/people"]);
    assert!(failure(&people(&[own]), CHECK).1.contains("into itself"));
    let (severity, why) = failure(&pods(&[allow(&["sts:AssumeRole"], &["*"])]), CHECK);
    assert_eq!(severity, Severity::High);
    assert!(why.contains("every role that trusts the account"), "{why}");
    let entries = allow(&["eks:CreateAccessEntry", "eks:AssociateAccessPolicy"], &["*"]);
    assert_eq!(failure(&people(&[entries]), CHECK).0, Severity::Critical);
    assert_eq!(
        of(&people(&[allow(&["eks:CreateAccessEntry"], &["*"])]), CHECK),
        [],
        "one alone gives nothing"
    );
}

#[test]
fn pass_role_counts_with_what_it_can_be_passed_to() {
    let alone = failure(&people(&[allow(&["iam:PassRole"], &["*"])]), CHECK);
    assert_eq!(alone.0, Severity::High);
    let both = allow(&["iam:PassRole", "eks:CreatePodIdentityAssociation"], &["*"]);
    let (severity, why) = failure(&people(&[both]), CHECK);
    assert_eq!(severity, Severity::Critical);
    assert!(why.contains("to any pod"), "{why}");
    let limited = |service: &str| {
        let pass = json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
            "Condition": {"StringEquals": {"iam:PassedToService": service}}
        });
        people(&[policy(pass), allow(&["ec2:RunInstances"], &["*"])])
    };
    assert!(failure(&limited("ec2.amazonaws.com"), CHECK).1.contains("an instance of its own"));
    assert_eq!(of(&limited("pods.eks.amazonaws.com"), CHECK), []);
    assert_eq!(
        of(&people(&[allow(&["iam:PassRole"], &["arn:aws:iam::111122223333:role/app-*"])]), CHECK),
        []
    );
}

#[test]
fn a_key_or_role_that_hands_over_to_the_account_counts_as_one_that_does() {
    assert!(failure(&pods(&[allow(&["kms:Decrypt"], &["*"])]), CHECK).1.contains("every KMS key"));
    let one_key = allow(&["kms:Decrypt"], &["arn:aws:kms:eu-west-1:111122223333:key/1"]);
    assert_eq!(of(&pods(&[one_key]), CHECK), []);
}

#[test]
fn control_policies_and_denials_count() {
    let mut cluster = people(&[allow(&["iam:PutRolePolicy"], &["*"])]);
    let node = |kind, id: &str, policies: &[Json], children| OrgNode {
        kind,
        id: id.into(),
        name: id.into(),
        service_control_policies: Some(policies.iter().map(|json| document("scp", json)).collect()),
        resource_control_policies: Some(vec![document("rcp", &everybody())]),
        children,
        source: Source::new("aws/organization.json", 1),
    };
    let full = allow(&["*"], &["*"]);
    let organization = |scp: &[Json]| Organization {
        id: "o-example".into(),
        management_account: None,
        roots: vec![node(
            OrgNodeKind::Root,
            "r-ab12",
            std::slice::from_ref(&full),
            vec![node(OrgNodeKind::Account, ACCOUNT, scp, Vec::new())],
        )],
        source: Source::new("aws/organization.json", 1),
    };
    cluster.aws.organization = Some(organization(std::slice::from_ref(&full)));
    assert_eq!(failure(&cluster, CHECK).0, Severity::Critical);
    let no_iam = policy(json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}));
    cluster.aws.organization = Some(organization(&[full.clone(), no_iam]));
    assert_eq!(of(&cluster, CHECK), []);
}

#[test]
fn what_is_aws_own_or_out_of_reach_is_not_judged() {
    let all = || allow(&["*"], &["*"]);
    let service = role("lambda", crate::build::by_service("lambda.amazonaws.com"), &[all()]);
    assert_eq!(of(&cluster(vec![service]), CHECK), [], "nothing of the cluster uses it");
    let mut missing = pods(&[]);
    attach(&mut missing.aws.principals[0], "arn:aws:iam::111122223333:policy/orders");
    let result = one(&missing, CHECK);
    assert_eq!(result.outcome, Outcome::Unknown);
    assert!(result.why.contains("policy/orders` is not in the export"), "{}", result.why);
}

#[test]
fn users_are_judged_like_people() {
    let source = Source::new("aws/iam.json", 3);
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/build");
    let mut user = IamPrincipal::new(IamPrincipalKind::User, arn, "build", source);
    user.inline = vec![document("build", &allow(&["ecr:*"], &["*"]))];
    let (severity, why) = failure(&cluster(vec![user]), CHECK);
    assert_eq!(severity, Severity::Medium);
    assert!(why.contains("user `build`"), "{why}");
}
