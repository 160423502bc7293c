//! The checks of the network ring, each where it fails, where it holds, and where it can't be judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringwall_model::network::{
    GroupPeer, GroupProtocol, InterfaceKind, NetworkInterface, SecurityGroup, SecurityGroupPolicy,
    SecurityGroupRule,
};
use ringwall_model::{
    AwsDocument, AwsExport, Cluster, ComputeType, Ec2Instance, Entry, Outcome, Source, Tree, Value,
};
use ringwall_network::{Network, checks};
use serde_json::json;

use crate::build::{cluster_policy, namespace, network_policy, node, pod, reference};

/// Results of a check that did not pass, as `fail: why`.
fn of(cluster: &Cluster, check: &str) -> Vec<String> {
    assert!(checks::check_ids().any(|id| id == check), "{check} is one of the checks");
    let results = checks::results(&Network::new(cluster));
    let mine: Vec<_> = results.into_iter().filter(|result| result.check == check).collect();
    assert!(!mine.is_empty(), "{check} says nothing at all");
    mine.into_iter()
        .filter(|result| result.outcome != Outcome::Pass)
        .map(|result| format!("{:?}: {}", result.outcome, result.why).to_lowercase())
        .collect()
}

/// A pod `web` in the namespace `shop`, with the policies given as JSON.
fn shop(policies: &[serde_json::Value]) -> Cluster {
    let mut cluster = Cluster {
        namespaces: vec![namespace("shop", Vec::new())],
        pods: vec![pod(&json!({
            "namespace": "shop", "name": "web", "labels": {"app": "web"}, "ip": "10.0.0.1", "node": "one",
            "ports": [{"containerPort": 8080, "name": "http"}],
        }))],
        nodes: vec![node("one", &["10.0.9.1"], Vec::new())],
        ..Cluster::default()
    };
    cluster.network.policies = policies.iter().map(network_policy).collect();
    cluster
}

fn policy(spec: serde_json::Value) -> serde_json::Value {
    json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec})
}

#[test]
fn every_check_says_something_and_nothing_else_does() {
    let cluster = Cluster::default();
    let results = checks::results(&Network::new(&cluster));
    let said: BTreeSet<_> = results.iter().map(|result| result.check).collect();
    assert_eq!(said, checks::check_ids().collect());
    assert!(results.iter().all(|result| result.outcome == Outcome::Pass), "an empty cluster has no mistakes");
}

#[test]
fn a_namespace_is_closed_by_a_policy_about_every_pod() {
    let (ingress, egress) = ("network-default-ingress", "network-default-egress");
    let open = shop(&[]);
    assert_eq!(
        of(&open, ingress),
        ["fail: no policy limits what goes in for pod web in the namespace `shop`"]
    );
    assert_eq!(
        of(&open, egress),
        ["fail: no policy limits what goes out for pod web in the namespace `shop`"]
    );
    let closed = shop(&[policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))]);
    assert_eq!((of(&closed, ingress), of(&closed, egress)), (Vec::new(), Vec::new()));
    let one_way = shop(&[policy(json!({"podSelector": {}}))]);
    assert_eq!((of(&one_way, ingress).len(), of(&one_way, egress).len()), (0, 1));
    let some = shop(&[policy(json!({"podSelector": {"matchLabels": {"app": "web"}}}))]);
    assert!(of(&some, ingress)[0].contains("the next one has all open"), "{:?}", of(&some, ingress));
    let all =
        shop(&[policy(json!({"podSelector": {}})), policy(json!({"podSelector": {}, "ingress": [{}]}))]);
    assert_eq!(
        of(&all, ingress),
        ["fail: networkpolicy shop/p lets everything in for every pod of the namespace `shop`"]
    );
}

#[test]
fn what_is_no_pod_of_the_pod_network_asks_for_no_policy() {
    let mut system = shop(&[]);
    system.namespaces[0].name = "kube-system".into();
    system.pods[0].reference.namespace = Some("kube-system".into());
    let mut host = shop(&[]);
    host.pods[0].host_network = true;
    let mut over = shop(&[]);
    over.pods[0].phase = Some("Succeeded".into());
    for cluster in [system, host, over] {
        assert_eq!(of(&cluster, "network-default-ingress"), Vec::<String>::new());
    }
}

#[test]
fn a_policy_of_the_cluster_may_close_a_namespace() {
    let close = |subject: serde_json::Value, peer: serde_json::Value| {
        let mut cluster = shop(&[]);
        cluster.network.policies.push(cluster_policy(&json!({
            "name": "c", "tier": "Baseline", "priority": 1, "subject": subject,
            "ingress": [{"action": "Deny", "peers": [peer]}],
        })));
        of(&cluster, "network-default-ingress").len()
    };
    let everybody = json!({"namespaces": {}});
    assert_eq!(close(everybody.clone(), everybody.clone()), 0);
    let one = json!({"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}});
    assert_eq!(close(everybody, one), 1, "it denies one namespace only");
}

#[test]
fn a_default_that_cant_be_read_is_no_default_that_is_missing() {
    let mut cluster = shop(&[policy(json!({"podSelector": {}}))]);
    cluster.network.policies[0].unreadable.push("label `a` is a number".into());
    assert!(of(&cluster, "network-default-ingress")[0].starts_with("unknown: "));
}

#[test]
fn policies_that_select_nothing_are_told_with_what_was_meant() {
    let check = "network-policy-selects-nothing";
    let typo = shop(&[policy(json!({"podSelector": {"matchLabels": {"app": "webs"}}}))]);
    assert_eq!(of(&typo, check), ["fail: networkpolicy shop/p selects no pod; there is `app=web`"]);
    let other = shop(&[policy(json!({"podSelector": {"matchLabels": {"app": "db"}}}))]);
    assert_eq!(of(&other, check), ["fail: networkpolicy shop/p selects no pod"]);
    let mut host = shop(&[policy(json!({"podSelector": {"matchLabels": {"app": "web"}}}))]);
    host.pods[0].host_network = true;
    assert!(of(&host, check)[0].contains("only pods on their nodes' network"));
    let mut waiting = shop(&[policy(json!({"podSelector": {}}))]);
    waiting.pods.clear();
    assert_eq!(of(&waiting, check), Vec::<String>::new(), "a default waits for pods");
}

#[test]
fn rules_for_nobody_and_ports_that_nobody_has_are_told() {
    let rule = |rule: serde_json::Value| shop(&[policy(json!({"podSelector": {}, "ingress": [rule]}))]);
    let never = |cluster: &Cluster| of(cluster, "network-rule-never-matches").len();
    let port = |cluster: &Cluster| of(cluster, "network-port-missing");
    let gone = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gone"}}});
    assert_eq!(never(&rule(json!({"from": [gone]}))), 1);
    assert_eq!(never(&rule(json!({"from": [gone, {"podSelector": {}}]}))), 0, "one of its peers is there");
    assert_eq!(never(&rule(json!({"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}))), 0);
    assert_eq!(never(&rule(json!({}))), 0);

    assert_eq!(
        port(&rule(json!({"ports": [{"port": 8081}]}))),
        [
            "fail: a rule of networkpolicy shop/p allows tcp 8081, which no container of the pods that it is about has"
        ]
    );
    for good in
        [json!({"port": 8080}), json!({"port": "http"}), json!({"port": 8000, "endPort": 9000}), json!({})]
    {
        assert_eq!(port(&rule(json!({"ports": [good]}))), Vec::<String>::new(), "{good}");
    }
    for bad in [json!({"port": 8080, "protocol": "UDP"}), json!({"port": "https"})] {
        assert_eq!(port(&rule(json!({"ports": [bad]}))).len(), 1, "{bad}");
    }
    let mut silent = rule(json!({"ports": [{"port": 8081}]}));
    silent.pods[0].network.ports.clear();
    assert_eq!(port(&silent), Vec::<String>::new(), "who declares no port may listen on any");
    let out = |peer: serde_json::Value| {
        let spec = json!({"podSelector": {}, "egress": [{"to": [peer], "ports": [{"port": 5432}]}]});
        port(&shop(&[policy(spec)])).len()
    };
    assert_eq!((out(json!({"podSelector": {}})), out(json!({"ipBlock": {"cidr": "10.0.0.0/8"}}))), (1, 0));
}

#[test]
fn a_label_of_namespaces_that_anybody_gives_is_told() {
    let check = |selector: serde_json::Value| {
        let spec = json!({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": selector}]}]});
        of(&shop(&[policy(spec)]), "network-namespace-label").len()
    };
    assert_eq!(check(json!({"matchLabels": {"team": "web"}})), 1);
    assert_eq!(check(json!({"matchLabels": {"kubernetes.io/metadata.name": "web"}})), 0);
    assert_eq!(check(json!({"matchLabels": {"kubernetes.io/metadata.name": "web", "team": "web"}})), 0);
    assert_eq!(check(json!({})), 0, "everybody is meant");
    let not = json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["a"]}]});
    assert_eq!(check(not), 1, "a name that is left out leaves others in");
}

fn instance(tokens: &str, hops: i64, endpoint: &str) -> Ec2Instance {
    Ec2Instance {
        id: "i-1".into(),
        state: None,
        private_dns_name: None,
        instance_type: None,
        addresses: Vec::new(),
        instance_profile_arn: None,
        http_endpoint: Some(endpoint.into()),
        http_tokens: Some(tokens.into()),
        hop_limit: Some(hops),
        source: Source::new("aws/instances.json", 7),
    }
}

#[test]
fn the_metadata_service_is_open_if_neither_policy_nor_instance_closes_it() {
    let judged = |cluster: &Cluster| {
        let told = of(cluster, "network-metadata-open");
        told.first().map(|one| one.split(':').next().unwrap().to_owned())
    };
    let on = |instance: Ec2Instance, policies: &[serde_json::Value]| {
        let mut cluster = shop(policies);
        cluster.nodes[0].provider_id = Some("aws:///eu-west-1a/i-1".into());
        cluster.aws.instances.push(instance);
        cluster
    };
    assert_eq!(judged(&on(instance("required", 2, "enabled"), &[])).as_deref(), Some("fail"));
    assert_eq!(judged(&on(instance("optional", 1, "enabled"), &[])).as_deref(), Some("fail"));
    assert_eq!(judged(&on(instance("required", 1, "enabled"), &[])), None);
    assert_eq!(judged(&on(instance("optional", 2, "disabled"), &[])), None);
    assert_eq!(judged(&shop(&[])).as_deref(), Some("unknown"), "nobody tells of the instance");
    let mut fargate = on(instance("optional", 2, "enabled"), &[]);
    fargate.nodes[0].compute = Some(ComputeType::Fargate);
    assert_eq!(judged(&fargate), None);

    let block = |except: serde_json::Value| {
        let to = json!([{"ipBlock": {"cidr": "0.0.0.0/0", "except": except}}]);
        policy(json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": to}]}))
    };
    let open = instance("required", 2, "enabled");
    assert_eq!(judged(&on(open.clone(), &[block(json!(["10.0.0.0/8"]))])).as_deref(), Some("fail"));
    assert_eq!(judged(&on(open, &[block(json!(["169.254.169.254/32"]))])), None);
}

fn rule(index: usize, ports: (i32, i32), peer: GroupPeer) -> SecurityGroupRule {
    let source = Source::new("aws/groups.json", 10 + u32::try_from(index).unwrap());
    let peers = vec![(peer, source.clone())];
    SecurityGroupRule { index, protocol: GroupProtocol::Tcp, ports: Some(ports), peers, source }
}

fn group(id: &str, ingress: Vec<SecurityGroupRule>) -> SecurityGroup {
    let source = Source::new("aws/groups.json", 2);
    SecurityGroup { id: id.into(), name: None, vpc: None, ingress, egress: Vec::new(), source }
}

fn block(text: &str) -> GroupPeer {
    GroupPeer::Block(text.parse().unwrap())
}

#[test]
fn node_ports_are_judged_on_the_groups_of_nodes() {
    let judge = |ports: (i32, i32), peer: &str, groups: &[&str]| {
        let mut cluster = Cluster::default();
        cluster.aws.security_groups = vec![group("sg-1", vec![rule(0, ports, block(peer))])];
        cluster.aws.network_interfaces = vec![NetworkInterface {
            id: "eni-1".into(),
            kind: InterfaceKind::Interface,
            addresses: Vec::new(),
            prefixes: Vec::new(),
            groups: groups.iter().map(|group| Arc::from(*group)).collect(),
            instance: Some("i-1".into()),
            device_index: Some(0),
            subnet: None,
            description: None,
            public_address: None,
            source: Source::built_in(),
        }];
        of(&cluster, "network-node-ports-open").len()
    };
    assert_eq!(judge((30_000, 32_767), "0.0.0.0/0", &["sg-1"]), 1);
    assert_eq!(judge((32_000, 32_000), "::/0", &["sg-1"]), 1);
    assert_eq!(judge((0, 65_535), "0.0.0.0/0", &["sg-1"]), 1);
    assert_eq!(judge((443, 443), "0.0.0.0/0", &["sg-1"]), 0);
    assert_eq!(judge((30_000, 32_767), "10.0.0.0/8", &["sg-1"]), 0);
    assert_eq!(judge((30_000, 32_767), "0.0.0.0/0", &["sg-2"]), 0, "no node carries it");
}

#[test]
fn a_block_beside_the_group_of_pods_bypasses_it() {
    let judge = |wide: SecurityGroupRule| {
        let mut cluster = shop(&[]);
        let narrow = GroupPeer::Group { id: "sg-pods".into(), account: None };
        cluster.aws.security_groups = vec![group("sg-db", vec![rule(0, (5432, 5432), narrow), wide])];
        cluster.network.security_group_policies.push(SecurityGroupPolicy {
            reference: reference("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy", Some("shop"), "db"),
            source: Source::built_in(),
            pods: None,
            service_accounts: None,
            groups: vec![("sg-pods".into(), Source::built_in())],
            unreadable: Vec::new(),
        });
        of(&cluster, "network-group-bypassed").len()
    };
    assert_eq!(judge(rule(1, (5432, 5432), block("10.0.0.0/16"))), 1);
    assert_eq!(judge(rule(1, (22, 22), block("10.0.0.0/16"))), 0, "another port");
    assert_eq!(judge(rule(1, (5432, 5432), block("192.0.2.0/24"))), 0, "no node is in it");
}

#[test]
fn a_public_endpoint_is_told_if_everybody_may_ask() {
    let judge = |public: bool, blocks: Option<&[&str]>| {
        let entry = |key: &str, value: Value| Entry { key: key.into(), line: 3, value: Tree::new(3, value) };
        let texts =
            |texts: &[&str]| texts.iter().map(|text| Tree::new(4, Value::String((*text).into()))).collect();
        let mut vpc = vec![entry("endpointPublicAccess", Value::Bool(public))];
        vpc.extend(blocks.map(|blocks| entry("publicAccessCidrs", Value::Sequence(texts(blocks)))));
        let of_cluster = vec![entry("resourcesVpcConfig", Value::Mapping(vpc.into()))];
        let tree =
            Tree::new(1, Value::Mapping(vec![entry("cluster", Value::Mapping(of_cluster.into()))].into()));
        let mut cluster = Cluster::default();
        let source = Source::new("aws/cluster.json", 1);
        cluster.aws.documents.push(AwsDocument { export: AwsExport::EksCluster, source, tree });
        of(&cluster, "network-public-endpoint").len()
    };
    assert_eq!(judge(true, None), 1);
    assert_eq!(judge(true, Some(&["203.0.113.0/24", "0.0.0.0/0"])), 1);
    assert_eq!(judge(true, Some(&["203.0.113.0/24"])), 0);
    assert_eq!(judge(false, Some(&["0.0.0.0/0"])), 0);
}
