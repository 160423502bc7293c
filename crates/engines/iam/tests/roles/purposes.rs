use ringwall_iam::inventory::Inventory;
use ringwall_iam::roles::{Purpose, check_ids, purposes, results};
use ringwall_model::{
    AccessEntry, AuthenticationMode, AwsAuthConfigMap, AwsAuthEntry, AwsDocument, AwsExport, Cluster,
    Ec2Instance, FargateProfile, Node, NodeGroup, Outcome, ServiceAccount, Severity, Source,
};
use serde_json::json;

use crate::build::{
    ACCOUNT, ISSUER, allow, arn, associate, by_github, by_people, by_pods, by_service, cluster, failure, of,
    role, tree,
};

const CHECK: &str = "iam-role-two-purposes";

fn told(cluster: &Cluster, name: &str) -> Vec<Purpose> {
    let all = purposes(&Inventory::of(cluster));
    let role = all.into_iter().find(|role| role.arn == arn(name)).expect("the role is told of");
    assert!(role.purposes.iter().all(|(_, reason)| !reason.source.is_built_in()), "{role:#?}");
    role.purposes.into_iter().map(|(purpose, _)| purpose).collect()
}

fn entry(name: &str, kind: &str) -> AccessEntry {
    AccessEntry {
        principal_arn: arn(name),
        kind: kind.into(),
        username: None,
        groups: Vec::new(),
        created_at: None,
        listed_only: false,
        source: Source::new("aws/entry.json", 2),
    }
}

fn annotate(cluster: &mut Cluster, namespace: &str, name: &str, role: &str) {
    cluster.service_accounts.push(ServiceAccount {
        namespace: namespace.into(),
        name: name.into(),
        source: Source::new("kubernetes/accounts.yaml", 1),
        role_arn: Some(arn(role)),
        role_arn_line: 6,
        audience: None,
        sts_regional_endpoints: None,
        labels: Vec::new(),
        automount_token: None,
    });
}

fn group(name: &str, role: &str) -> NodeGroup {
    NodeGroup {
        name: name.into(),
        node_role: Some(arn(role)),
        ami_type: None,
        instance_types: Vec::new(),
        launch_template: None,
        source: Source::new("aws/nodegroup.json", 2),
    }
}

fn aws_auth(items: &serde_json::Value) -> AwsAuthConfigMap {
    let source = Source::new("kubernetes/aws-auth.yaml", 1);
    let entries =
        vec![AwsAuthEntry { key: "mapRoles".into(), source: source.clone(), document: Ok(tree(items)) }];
    AwsAuthConfigMap { source, entries }
}

fn add_on(cluster: &mut Cluster, name: &str, role: &str) {
    let json =
        json!({"addon": {"addonName": name, "clusterName": "c", "serviceAccountRoleArn": &*arn(role)}});
    cluster.aws.documents.push(AwsDocument {
        export: AwsExport::EksAddon,
        source: Source::new("aws/addon.json", 1),
        tree: tree(&json),
    });
}

#[test]
fn each_use_tells_its_purpose() {
    let ec2 = || by_service("ec2.amazonaws.com");
    let mut profile = role("self-managed", ec2(), &[]);
    profile.instance_profiles.push("profile".into());
    let mut cluster = cluster(vec![
        role("cluster", by_service("eks.amazonaws.com"), &[]),
        role("group", ec2(), &[]),
        profile,
        role("linux", ec2(), &[]),
        role("mapped-node", ec2(), &[]),
        role("fargate", by_service("eks-fargate-pods.amazonaws.com"), &[]),
        role("mapped-fargate", by_service("eks-fargate-pods.amazonaws.com"), &[]),
        role("irsa", ec2(), &[]),
        role("pod-identity", by_pods(), &[]),
        role("add-on", ec2(), &[]),
        role("person", by_people(), &[]),
        role("ci", by_github(json!({})), &[]),
        role("bastion", ec2(), &[]),
        role("creator", by_people(), &[allow(&["eks:CreateCluster"], &["*"])]),
        role("function", by_service("lambda.amazonaws.com"), &[]),
        role("idle", ec2(), &[]),
    ]);
    cluster.info.role_arn = Some(arn("cluster"));
    let document = json!({"cluster": {"roleArn": &*arn("cluster")}});
    cluster.aws.documents.push(AwsDocument {
        export: AwsExport::EksCluster,
        source: Source::new("aws/cluster.json", 1),
        tree: tree(&document),
    });
    cluster.aws.node_groups.push(group("general", "group"));
    let instance = |id: &str| Ec2Instance {
        id: id.into(),
        state: None,
        private_dns_name: None,
        instance_type: None,
        addresses: Vec::new(),
        instance_profile_arn: Some("profile".into()),
        http_endpoint: None,
        http_tokens: None,
        hop_limit: None,
        source: Source::new("aws/instances.json", 4),
    };
    cluster.aws.instances = vec![instance("i-1"), instance("i-other")];
    cluster.nodes.push(Node {
        name: "node".into(),
        source: Source::new("kubernetes/nodes.yaml", 1),
        labels: Vec::new(),
        provider_id: Some("aws:///eu-west-1a/i-1".into()),
        compute: None,
        addresses: Vec::new(),
        pod_cidrs: Vec::new(),
        instance_type: None,
    });
    cluster.aws.access_entries = vec![
        entry("linux", "EC2_LINUX"),
        entry("person", "STANDARD"),
        entry("ci", "STANDARD"),
        entry("bastion", "STANDARD"),
    ];
    cluster.aws_auth = Some(aws_auth(&json!([
        {"rolearn": &*arn("mapped-node"), "username": "system:node:{{EC2PrivateDNSName}}", "groups": ["system:nodes"]},
        {"RoleArn": &*arn("mapped-fargate"), "username": "system:node:{{SessionName}}", "groups": ["system:nodes"]},
        {"rolearn": &*arn("deleted"), "groups": ["ops"]}
    ])));
    cluster.aws.fargate_profiles.push(FargateProfile {
        name: "p".into(),
        pod_execution_role: Some(arn("fargate")),
        source: Source::new("aws/profile.json", 2),
    });
    annotate(&mut cluster, "shop", "orders", "irsa");
    associate(&mut cluster, "shop", "feeds", "pod-identity");
    add_on(&mut cluster, "aws-ebs-csi-driver", "add-on");
    let expected = [
        ("cluster", vec![Purpose::Cluster]),
        ("group", vec![Purpose::Node]),
        ("self-managed", vec![Purpose::Node]),
        ("linux", vec![Purpose::Node]),
        ("mapped-node", vec![Purpose::Node]),
        ("fargate", vec![Purpose::FargatePodExecution]),
        ("mapped-fargate", vec![Purpose::FargatePodExecution]),
        ("irsa", vec![Purpose::ServiceAccount]),
        ("pod-identity", vec![Purpose::ServiceAccount; 2]),
        ("add-on", vec![Purpose::AddOn]),
        ("person", vec![Purpose::Person; 2]),
        ("ci", vec![Purpose::Automation; 2]),
        ("bastion", vec![Purpose::Automation]),
        ("creator", vec![Purpose::Person, Purpose::ClusterCreator]),
        ("function", vec![Purpose::AwsService]),
        ("idle", vec![]),
    ];
    for (name, wanted) in expected {
        assert_eq!(told(&cluster, name), wanted, "{name}");
    }
    let all = purposes(&Inventory::of(&cluster));
    assert!(all.iter().all(|role| role.arn != arn("deleted")), "of a role that does not exist nobody knows");
    assert_eq!(of(&cluster, CHECK), []);
}

#[test]
fn what_does_not_take_effect_tells_nothing() {
    let mut cluster = cluster(vec![role("r", by_service("ec2.amazonaws.com"), &[])]);
    cluster.aws_auth = Some(aws_auth(&json!([{"rolearn": &*arn("path/r"), "groups": ["system:nodes"]}])));
    assert_eq!(told(&cluster, "r"), [], "a role with a path never matches");
    cluster.aws_auth = Some(aws_auth(&json!([{"rolearn": &*arn("r"), "groups": ["system:nodes"]}])));
    assert_eq!(told(&cluster, "r"), [Purpose::Node]);
    cluster.info.authentication_mode = Some(AuthenticationMode::Api);
    assert_eq!(told(&cluster, "r"), [], "in this mode nobody reads aws-auth");
    cluster.aws.access_entries.push(entry("r", "EC2_LINUX"));
    assert_eq!(told(&cluster, "r"), [Purpose::Node]);
    cluster.info.authentication_mode = Some(AuthenticationMode::ConfigMap);
    assert_eq!(told(&cluster, "r"), [Purpose::Node], "and in this one nobody reads access entries");
}

#[test]
fn two_purposes_of_one_role_are_told() {
    let ec2 = by_service("ec2.amazonaws.com");
    let mut cluster = cluster(vec![role("both", ec2, &[])]);
    cluster.aws.node_groups.push(group("general", "both"));
    assert_eq!(of(&cluster, CHECK), []);
    associate(&mut cluster, "shop", "orders", "both");
    let (severity, why) = failure(&cluster, CHECK);
    assert_eq!(severity, Severity::High);
    assert!(why.contains("is for nodes and a service account"), "{why}");
}

#[test]
fn people_and_automation_do_not_share_a_role() {
    let mut ci = role("ci", by_github(json!({"StringEquals": {}})), &[]);
    let trust = json!({"Version": "2012-10-17", "Statement": [by_github(json!({})), by_people()]});
    ci.trust = Some(crate::build::document("trust", &trust));
    let (severity, why) = failure(&cluster(vec![ci]), CHECK);
    assert_eq!(severity, Severity::Medium);
    assert!(why.contains("people and automation"), "{why}");
}

#[test]
fn an_add_on_has_a_service_account_of_its_own() {
    let trust = json!({
        "Effect": "Allow", "Principal": {"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}")},
        "Action": "sts:AssumeRoleWithWebIdentity"
    });
    let mut cluster = cluster(vec![role("csi", trust, &[])]);
    add_on(&mut cluster, "aws-ebs-csi-driver", "csi");
    annotate(&mut cluster, "kube-system", "ebs-csi-controller-sa", "csi");
    assert_eq!(of(&cluster, CHECK), []);
    annotate(&mut cluster, "shop", "orders", "csi");
    assert!(failure(&cluster, CHECK).1.contains("a service account and an add-on"));
}

#[test]
fn without_an_export_what_needs_it_is_unknown() {
    let mut cluster = cluster(Vec::new());
    cluster.aws.iam_exported = false;
    assert_eq!(results(&Inventory::of(&cluster)), [], "a cluster without roles has nothing to judge");
    cluster.aws.node_groups.push(group("general", "nodes"));
    cluster.aws.access_entries.push(entry("people", "STANDARD"));
    assert_eq!(told(&cluster, "people"), [Purpose::Person]);
    let results = results(&Inventory::of(&cluster));
    for check in ["iam-node-role-data", "iam-over-broad", "iam-trust-too-wide"] {
        let result = results.iter().find(|result| result.check == check).unwrap();
        assert_eq!(result.outcome, Outcome::Unknown);
        assert!(result.why.contains("get-account-authorization-details"), "{}", result.why);
    }
    assert!(results.iter().all(|result| check_ids().any(|id| id == result.check)));
}
