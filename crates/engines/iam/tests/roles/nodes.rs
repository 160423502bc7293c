use ringwall_model::{Cluster, NodeGroup, Outcome, Severity, Source};
use serde_json::{Value as Json, json};

use crate::build::{
    allow, arn, attach, by_service, cluster, document, failure, managed, of, one, policy, role,
};

const CHECK: &str = "iam-node-role-data";
const SSM: &str = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

fn nodes(policies: &[Json]) -> Cluster {
    let mut cluster = cluster(vec![role("nodes", by_service("ec2.amazonaws.com"), policies)]);
    cluster.aws.node_groups.push(NodeGroup {
        name: "general".into(),
        node_role: Some(arn("nodes")),
        ami_type: None,
        instance_types: Vec::new(),
        launch_template: None,
        source: Source::new("aws/nodegroup.json", 2),
    });
    cluster
}

#[test]
fn data_on_anything_is_told() {
    for (action, resource) in [
        ("s3:GetObject", "arn:aws:s3:::one-bucket/*"),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-*"),
        ("kms:Decrypt", "*"),
        ("ssm:GetParameter*", "*"),
        ("dynamodb:*", "arn:aws:dynamodb:*:*:table/orders"),
        ("rds-db:connect", "*"),
    ] {
        let (severity, why) = failure(&nodes(&[allow(&[action], &[resource])]), CHECK);
        assert_eq!(severity, Severity::High, "{action}");
        assert!(why.contains(action.split(':').next().unwrap()), "{why}");
    }
}

#[test]
fn what_nodes_need_is_not() {
    let described =
        allow(&["ec2:DescribeInstances", "eks:DescribeCluster", "ecr:GetDownloadUrlForLayer"], &["*"]);
    assert_eq!(of(&nodes(&[described]), CHECK), []);
    let mut agents = nodes(&[]);
    attach(&mut agents.aws.principals[0], SSM);
    managed(&mut agents, SSM, &allow(&["ssm:GetParameter", "ssm:GetParameters", "ssmmessages:*"], &["*"]));
    assert_eq!(of(&agents, CHECK), []);
    let other = role("other", by_service("ec2.amazonaws.com"), &[allow(&["s3:GetObject"], &["*"])]);
    assert_eq!(of(&cluster(vec![other]), CHECK), [], "no node has this role");
}

#[test]
fn what_takes_it_back_counts() {
    let mut bounded = nodes(&[allow(&["s3:GetObject"], &["*"])]);
    let boundary = "arn:aws:iam::111122223333:policy/boundary";
    managed(&mut bounded, boundary, &allow(&["ec2:*"], &["*"]));
    attach(&mut bounded.aws.principals[0], boundary);
    let attached = bounded.aws.principals[0].attached.pop();
    bounded.aws.principals[0].boundary = attached;
    assert_eq!(of(&bounded, CHECK), [], "the boundary allows no S3");
    let denied = policy(json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}));
    assert_eq!(of(&nodes(&[allow(&["s3:GetObject"], &["*"]), denied]), CHECK), []);
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let mut missing = nodes(&[]);
    attach(&mut missing.aws.principals[0], "arn:aws:iam::111122223333:policy/nodes");
    let result = one(&missing, CHECK);
    assert_eq!(result.outcome, Outcome::Unknown);
    assert!(result.why.contains("policy/nodes` is not in the export"), "{}", result.why);
    let conditional = policy(json!({
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    }));
    let result = one(&nodes(&[conditional]), CHECK);
    assert_eq!(result.outcome, Outcome::Unknown);
    assert!(result.why.contains("aws:SourceVpce"), "{}", result.why);
    let mut refused = nodes(&[]);
    refused.aws.principals[0].inline.push(document("bad", &json!({"Statement": [{"Effect": "allow"}]})));
    assert_eq!(one(&refused, CHECK).outcome, Outcome::Unknown);
    assert!(!of(&refused, "iam-policy-refused").is_empty());
    assert_eq!(of(&nodes(&[]), "iam-policy-refused"), []);
}
