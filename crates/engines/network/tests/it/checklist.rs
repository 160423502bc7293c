//! What the documentation of NetworkPolicy promises, point by point, and the failures of other engines that users report (F6 to F16).

use ringwall_model::{Cluster, Verdict};
use ringwall_network::{Network, Party};
use serde_json::{Value, json};

use crate::ask::{allowed, ask, denied, unknown, why};
use crate::build;

/// Namespaces `x` (with a label `team: x`) and `y`, two nodes, in each namespace pods `a` and `b` with labels `pod`.
fn world(policies: &[Value]) -> Cluster {
    let mut cluster = Cluster {
        namespaces: vec![
            build::namespace("x", build::labels(&json!({"team": "x"}))),
            build::namespace("y", build::labels(&json!({"team": "y"}))),
        ],
        nodes: vec![
            build::node("n1", &["10.9.0.1"], build::labels(&json!({"zone": "one"}))),
            build::node("n2", &["10.9.0.2"], build::labels(&json!({"zone": "two"}))),
        ],
        ..Cluster::default()
    };
    for (at, namespace) in ["x", "y"].iter().enumerate() {
        for (number, name) in ["a", "b"].iter().enumerate() {
            cluster.pods.push(build::pod(&json!({
                "namespace": namespace, "name": name, "labels": {"pod": name},
                "ip": format!("10.0.{at}.{number}"), "node": format!("n{}", number + 1),
                "ports": [
                    {"name": "web", "containerPort": 80 + number},
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                ],
            })));
        }
    }
    for policy in policies {
        cluster.network.policies.push(match policy.get("tier") {
            Some(_) => build::cluster_policy(policy),
            None => build::network_policy(policy),
        });
    }
    cluster
}

/// A NetworkPolicy of `x`, about all its pods unless the spec says more.
fn policy(name: &str, mut spec: Value) -> Value {
    if spec.get("podSelector").is_none() {
        spec["podSelector"] = json!({});
    }
    json!({"metadata": {"name": name, "namespace": "x"}, "spec": spec})
}

fn from_all(peers: Value) -> Cluster {
    world(&[policy("p", json!({"ingress": [{"from": peers}]}))])
}

#[test]
fn point_1_a_policy_selects_pods_of_its_own_namespace() {
    let cluster = world(&[policy("p", json!({"podSelector": {"matchLabels": {"pod": "a"}}, "ingress": []}))]);
    denied(&cluster, "y/a", "x/a", "80");
    allowed(&cluster, "y/a", "x/b", "80");
    allowed(&cluster, "x/a", "y/a", "80");
    let selectors = [
        (json!({"key": "pod", "operator": "In", "values": ["a", "c"]}), [true, false]),
        (json!({"key": "pod", "operator": "NotIn", "values": ["a"]}), [false, true]),
        (json!({"key": "absent", "operator": "NotIn", "values": ["a"]}), [true, true]),
        (json!({"key": "pod", "operator": "Exists"}), [true, true]),
        (json!({"key": "pod", "operator": "DoesNotExist"}), [false, false]),
    ];
    for (expression, selected) in selectors {
        let spec = json!({"podSelector": {"matchExpressions": [expression]}, "ingress": []});
        let cluster = world(&[policy("p", spec)]);
        for (pod, isolated) in ["x/a", "x/b"].iter().zip(selected) {
            let decision = ask(&cluster, "y/a", pod, "80");
            assert_eq!(decision.verdict == Verdict::Denied, isolated, "{expression} {pod}");
        }
    }
}

#[test]
fn point_2_policy_types_decide_which_directions_are_isolated() {
    let only_ingress = world(&[policy("p", json!({}))]);
    denied(&only_ingress, "y/a", "x/a", "80");
    allowed(&only_ingress, "x/a", "y/a", "80");
    let told = world(&[policy("p", json!({"policyTypes": ["Egress"]}))]);
    allowed(&told, "y/a", "x/a", "80");
    denied(&told, "x/a", "y/a", "80");
    let by_rules = world(&[policy("p", json!({"egress": [{"ports": [{"port": 443}]}]}))]);
    denied(&by_rules, "y/a", "x/a", "443");
    denied(&by_rules, "x/a", "y/a", "80");
    allowed(&by_rules, "x/a", "y/a", "443");
}

#[test]
fn point_3_all_policies_together_allow_what_any_of_them_allows() {
    let cluster = world(&[
        policy("a", json!({"ingress": [{"ports": [{"port": 80}]}]})),
        policy("b", json!({"ingress": [{"ports": [{"port": 81}]}]})),
    ]);
    allowed(&cluster, "y/a", "x/a", "80");
    allowed(&cluster, "y/a", "x/a", "81");
    denied(&cluster, "y/a", "x/a", "82");
    let why = why(&cluster, "y/a", "x/a", "82");
    assert!(why.contains("policies.yaml:1 isolates Pod x/a for ingress"), "{why}");
    assert_eq!(why.lines().count(), 2, "both policies isolate: {why}");
}

#[test]
fn point_4_egress_and_ingress_must_both_allow() {
    let open = json!([{}]);
    for (egress, ingress, expected) in
        [(json!([]), open.clone(), false), (open.clone(), json!([]), false), (open.clone(), open, true)]
    {
        let cluster = world(&[policy(
            "p",
            json!({"egress": egress, "ingress": ingress, "policyTypes": ["Ingress", "Egress"]}),
        )]);
        assert_eq!(ask(&cluster, "x/a", "x/b", "80").is_allowed(), expected);
    }
}

#[test]
fn point_5_nothing_said_in_a_rule_is_everything() {
    let cluster = world(&[policy("p", json!({"ingress": [{"from": [], "ports": []}]}))]);
    for port in ["80", "80/UDP", "80/SCTP", "2048/ICMP"] {
        allowed(&cluster, "y/a", "x/a", port);
        allowed(&cluster, "8.8.8.8", "x/a", port);
    }
    let cluster = world(&[policy(
        "p",
        json!({"ingress": [
            {"from": [{"podSelector": {"matchLabels": {"pod": "a"}}}, {"podSelector": {"matchLabels": {"pod": "none"}}}],
             "ports": [{"port": 80}, {"port": 81}]},
        ]}),
    )]);
    allowed(&cluster, "x/a", "x/b", "81");
    denied(&cluster, "x/a", "x/b", "82");
    denied(&cluster, "y/a", "x/b", "80");
}

#[test]
fn point_6_selectors_in_one_peer_are_anded_and_peers_are_ored() {
    let pod_a = json!({"matchLabels": {"pod": "a"}});
    let team_y = json!({"matchLabels": {"team": "y"}});
    let own = from_all(json!([{"podSelector": pod_a}]));
    allowed(&own, "x/a", "x/b", "80");
    denied(&own, "y/a", "x/b", "80");
    let namespaces = from_all(json!([{"namespaceSelector": team_y}]));
    allowed(&namespaces, "y/b", "x/b", "80");
    denied(&namespaces, "x/a", "x/b", "80");
    let both = from_all(json!([{"namespaceSelector": team_y, "podSelector": pod_a}]));
    allowed(&both, "y/a", "x/b", "80");
    denied(&both, "y/b", "x/b", "80");
    denied(&both, "x/a", "x/b", "80");
    let either = from_all(json!([{"namespaceSelector": team_y}, {"podSelector": pod_a}]));
    allowed(&either, "y/b", "x/b", "80");
    allowed(&either, "x/a", "x/b", "80");
    let every = from_all(json!([{"namespaceSelector": {}}]));
    allowed(&every, "y/b", "x/b", "80");
    denied(&every, "8.8.8.8", "x/b", "80");
    let by_name =
        from_all(json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "y"}}}]));
    allowed(&by_name, "y/b", "x/b", "80");
    denied(&by_name, "x/a", "x/b", "80");
}

#[test]
fn a_namespace_without_an_object_has_its_name_as_label() {
    let mut cluster =
        from_all(json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "y"}}}]));
    cluster.namespaces.clear();
    allowed(&cluster, "y/b", "x/b", "80");
    denied(&cluster, "x/a", "x/b", "80");
}

#[test]
fn point_7_blocks_match_whoever_has_the_address() {
    let cluster = from_all(
        json!([{"ipBlock": {"cidr": "10.0.1.7/31", "except": ["10.0.1.6/32"]}}, {"ipBlock": {"cidr": "10.0.1.1/30"}}]),
    );
    allowed(&cluster, "y/a", "x/b", "80");
    allowed(&cluster, "10.0.1.7", "x/b", "80");
    denied(&cluster, "10.0.1.6", "x/b", "80");
    denied(&cluster, "2001:db8::1", "x/b", "80");
    let six = from_all(json!([{"ipBlock": {"cidr": "::/0"}}]));
    denied(&six, "y/a", "x/b", "80");
    allowed(&six, "2001:db8::1", "x/b", "80");
}

/// "IP overlapping both IPBlock.CIDR and IPBlock.Except is allowed", of another element, rule, or policy; ports stay with their rule.
#[test]
fn f6_except_takes_out_of_its_own_block_alone() {
    let all_but = json!({"ipBlock": {"cidr": "10.0.0.0/16", "except": ["10.0.1.0/24"]}});
    let the_part = json!({"ipBlock": {"cidr": "10.0.1.0/31"}});
    denied(&from_all(json!([all_but])), "y/a", "x/b", "80");
    allowed(&from_all(json!([all_but, the_part])), "y/a", "x/b", "80");
    denied(&from_all(json!([all_but, the_part])), "10.0.1.2", "x/b", "80");
    let of_two_rules = world(&[policy(
        "p",
        json!({"ingress": [
            {"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.1.0/24"]}}], "ports": [{"port": 80}]},
            {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 81}]},
        ]}),
    )]);
    denied(&of_two_rules, "y/a", "x/b", "80");
    allowed(&of_two_rules, "y/a", "x/b", "81");
    allowed(&of_two_rules, "8.8.8.8", "x/b", "80");
    allowed(&of_two_rules, "8.8.8.8", "x/b", "81");
    let of_two_policies = world(&[
        policy("p", json!({"ingress": [{"from": [all_but]}]})),
        policy("q", json!({"ingress": [{"from": [the_part]}]})),
    ]);
    allowed(&of_two_policies, "y/a", "x/b", "80");
}

#[test]
fn f7_a_rule_may_have_any_number_of_ports() {
    let ports: Vec<Value> = (0..300).map(|number| json!({"port": 1000 + 2 * number})).collect();
    let cluster = world(&[policy("p", json!({"ingress": [{"ports": ports}]}))]);
    for number in 0..300 {
        allowed(&cluster, "y/a", "x/a", &(1000 + 2 * number).to_string());
        denied(&cluster, "y/a", "x/a", &(1001 + 2 * number).to_string());
    }
    let network = Network::new(&cluster);
    let traffic = network.traffic(
        Party::Pod(network.pod_named("y", "a").unwrap()),
        Party::Pod(network.pod_named("x", "a").unwrap()),
    );
    assert_eq!(traffic.traffic.spans().count(), 300);
}

#[test]
fn point_8_ports_and_protocols() {
    let ports = |ports: Value| world(&[policy("p", json!({"ingress": [{"ports": ports}]}))]);
    let plain = ports(json!([{"port": 80}]));
    allowed(&plain, "y/a", "x/a", "80");
    denied(&plain, "y/a", "x/a", "80/UDP");
    let all_udp = ports(json!([{"protocol": "UDP"}]));
    allowed(&all_udp, "y/a", "x/a", "9/UDP");
    denied(&all_udp, "y/a", "x/a", "9");
    let range = ports(json!([{"port": 80, "endPort": 82}]));
    for (port, expected) in [("79", false), ("80", true), ("82", true), ("83", false)] {
        assert_eq!(ask(&range, "y/a", "x/a", port).is_allowed(), expected, "{port}");
    }
    let sctp = ports(json!([{"protocol": "SCTP", "port": 80}]));
    allowed(&sctp, "y/a", "x/a", "80/SCTP");
    denied(&sctp, "y/a", "x/a", "80");
    denied(&sctp, "y/a", "x/a", "2048/ICMP");
}

#[test]
fn point_8_named_ports_are_the_destination_pods_own() {
    let named = world(&[policy("p", json!({"ingress": [{"ports": [{"port": "web"}]}]}))]);
    allowed(&named, "y/a", "x/a", "80");
    denied(&named, "y/a", "x/a", "81");
    allowed(&named, "y/a", "x/b", "81");
    denied(&named, "y/a", "x/b", "80");
    let protocol = world(&[policy("p", json!({"ingress": [{"ports": [{"port": "dns"}]}]}))]);
    denied(&protocol, "y/a", "x/a", "53");
    denied(&protocol, "y/a", "x/a", "53/UDP");
    let absent = world(&[policy("p", json!({"ingress": [{"ports": [{"port": "absent"}]}]}))]);
    denied(&absent, "y/a", "x/a", "80");
    let egress =
        world(&[policy("p", json!({"policyTypes": ["Egress"], "egress": [{"ports": [{"port": "web"}]}]}))]);
    allowed(&egress, "x/a", "y/b", "81");
    denied(&egress, "x/a", "y/b", "80");
    denied(&egress, "x/a", "8.8.8.8", "80");
}

#[test]
fn point_8_every_container_of_a_name_counts() {
    let mut cluster = world(&[policy("p", json!({"ingress": [{"ports": [{"port": "web"}]}]}))]);
    let more = build::container_port(&json!({"name": "web", "containerPort": 8443}));
    cluster.pods[0].network.ports.push(more);
    allowed(&cluster, "y/a", "x/a", "80");
    allowed(&cluster, "y/a", "x/a", "8443");
}

#[test]
fn point_10_a_pod_and_its_own_node_always_reach_each_other() {
    let cluster = world(&[policy("p", json!({"policyTypes": ["Ingress", "Egress"]}))]);
    allowed(&cluster, "node:n1", "x/a", "80");
    allowed(&cluster, "x/a", "node:n1", "10250");
    allowed(&cluster, "10.9.0.1", "x/a", "80");
    denied(&cluster, "node:n2", "x/a", "80");
    denied(&cluster, "x/a", "node:n2", "10250");
    allowed(&cluster, "x/a", "x/a", "80");
}

#[test]
fn f16_and_point_11_host_network_pods_are_their_node() {
    let mut cluster = world(&[policy(
        "all",
        json!({"policyTypes": ["Ingress", "Egress"], "ingress": [{"from": [{"podSelector": {}}]}]}),
    )]);
    cluster.pods.push(build::pod(&json!({
        "namespace": "x", "name": "host", "labels": {"pod": "host"}, "ip": "10.9.0.2", "node": "n2", "hostNetwork": true,
    })));
    denied(&cluster, "x/host", "x/a", "80");
    allowed(&cluster, "x/host", "x/b", "80");
    allowed(&cluster, "y/a", "x/host", "80");
    allowed(&cluster, "x/host", "y/a", "80");
    let mut by_block =
        world(&[policy("p", json!({"ingress": [{"from": [{"ipBlock": {"cidr": "10.9.0.2/32"}}]}]}))]);
    by_block.pods.extend(cluster.pods.pop());
    allowed(&by_block, "x/host", "x/a", "80");
}

#[test]
fn f12_a_node_is_matched_by_its_address_and_by_nothing_else() {
    let every_pod = from_all(json!([{"namespaceSelector": {}}]));
    denied(&every_pod, "node:n2", "x/a", "80");
    allowed(&from_all(json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}])), "node:n2", "x/a", "80");
    allowed(&from_all(json!([{"ipBlock": {"cidr": "10.9.0.2/32"}}])), "node:n2", "x/a", "80");
    denied(&from_all(json!([{"ipBlock": {"cidr": "10.9.0.0/32"}}])), "node:n2", "x/a", "80");
}

#[test]
fn point_12_answers_of_an_allowed_connection_need_no_rule() {
    let cluster = world(&[policy("p", json!({"policyTypes": ["Ingress", "Egress"], "ingress": [{}]}))]);
    allowed(&cluster, "y/a", "x/a", "80");
}

#[test]
fn point_13_who_is_over_is_nobody() {
    let mut cluster = from_all(json!([{"podSelector": {"matchLabels": {"pod": "a"}}}]));
    cluster.pods.push(build::pod(&json!({
        "namespace": "x", "name": "done", "labels": {"pod": "a"}, "ip": "10.0.1.1", "phase": "Succeeded",
    })));
    denied(&cluster, "10.0.1.1", "x/b", "80");
    let network = Network::new(&cluster);
    assert!(network.pod_named("x", "done").is_none());
}

#[test]
fn point_14_a_changed_label_changes_the_answer() {
    let mut cluster = from_all(
        json!([{"namespaceSelector": {"matchLabels": {"team": "y"}}, "podSelector": {"matchLabels": {"pod": "a"}}}]),
    );
    allowed(&cluster, "y/a", "x/b", "80");
    cluster.pods[2].labels = build::labels(&json!({"pod": "other"}));
    denied(&cluster, "y/a", "x/b", "80");
    cluster.pods[2].labels = build::labels(&json!({"pod": "a"}));
    cluster.namespaces[1].labels = build::labels(&json!({"team": "other"}));
    denied(&cluster, "y/a", "x/b", "80");
}

fn everyone() -> Value {
    json!({"namespaces": {}})
}

#[test]
fn point_15_tiers_come_before_and_after_network_policies() {
    let admin = |action: &str, priority: i32| {
        json!({"name": format!("{action}-{priority}"), "tier": "Admin", "priority": priority, "subject": everyone(),
               "ingress": [{"name": "all", "action": action, "peers": [everyone()], "ports": [{"port": 80}]}]})
    };
    let baseline = json!({"name": "base", "tier": "Baseline", "priority": 0, "subject": everyone(),
                          "ingress": [{"action": "Deny", "peers": [everyone()]}]});
    let open = policy("open", json!({"ingress": [{}]}));
    let closed = policy("closed", json!({"ingress": []}));
    let denied_first = world(&[admin("Deny", 1), open.clone()]);
    denied(&denied_first, "y/a", "x/a", "80");
    allowed(&denied_first, "y/a", "x/a", "81");
    let text = why(&denied_first, "y/a", "x/a", "80");
    assert_eq!(text, "cluster-policies.yaml:10 ingress rule 0 `all` denies TCP 80 to Pod x/a from Pod y/a\n");
    allowed(&world(&[admin("Accept", 1), closed.clone()]), "y/a", "x/a", "80");
    allowed(&world(&[admin("Accept", 1), admin("Deny", 2)]), "y/a", "x/a", "80");
    denied(&world(&[admin("Accept", 2), admin("Deny", 1)]), "y/a", "x/a", "80");
    let passed = world(&[admin("Pass", 1), admin("Deny", 2), closed.clone()]);
    denied(&passed, "y/a", "x/a", "80");
    allowed(&world(&[admin("Pass", 1), admin("Deny", 2), open.clone()]), "y/a", "x/a", "80");
    denied(&world(&[admin("Pass", 1), admin("Deny", 2), baseline.clone()]), "y/a", "x/a", "80");
    allowed(&world(&[baseline.clone(), open]), "y/a", "x/a", "80");
    denied(&world(std::slice::from_ref(&baseline)), "y/a", "x/a", "80");
    allowed(&world(&[baseline]), "8.8.8.8", "x/a", "80");
}

#[test]
fn rules_of_one_cluster_policy_come_in_their_order() {
    let one = json!({"name": "one", "tier": "Admin", "priority": 1, "subject": everyone(), "egress": [
        {"action": "Accept", "peers": [{"pods": {"namespaceSelector": {"matchLabels": {"team": "y"}}, "podSelector": {"matchLabels": {"pod": "a"}}}}]},
        {"action": "Deny", "peers": [everyone(), {"network": "8.8.8.0/24"}]},
    ]});
    let cluster = world(&[one]);
    allowed(&cluster, "x/a", "y/a", "80");
    denied(&cluster, "x/a", "y/b", "80");
    denied(&cluster, "x/a", "8.8.8.8", "80");
    allowed(&cluster, "x/a", "8.8.4.4", "80");
}

#[test]
fn policies_of_one_priority_have_no_order() {
    let one = |name: &str, action: &str, port: u16| {
        json!({"name": name, "tier": "Admin", "priority": 7, "subject": everyone(),
               "ingress": [{"action": action, "peers": [everyone()], "ports": [{"port": port, "endPort": port + 1}]}]})
    };
    let cluster =
        world(&[one("a", "Accept", 80), one("b", "Deny", 81), policy("closed", json!({"ingress": []}))]);
    allowed(&cluster, "y/a", "x/a", "80");
    denied(&cluster, "y/a", "x/a", "82");
    denied(&cluster, "y/a", "x/a", "83");
    let why = unknown(&cluster, "y/a", "x/a", "81");
    assert!(why.contains("`a`, `b` have the same priority"), "{why}");
}

#[test]
fn nodes_are_peers_of_cluster_policies() {
    let cluster = |peers: Value| {
        world(&[json!({"name": "nodes", "tier": "Admin", "priority": 1, "subject": everyone(),
                       "egress": [{"action": "Deny", "peers": peers}]})])
    };
    let one_zone = cluster(json!([{"nodes": {"matchLabels": {"zone": "two"}}}]));
    denied(&one_zone, "x/a", "node:n2", "10250");
    allowed(&one_zone, "y/b", "node:n1", "10250");
    allowed(&one_zone, "x/a", "y/b", "80");
    let mut without_object = cluster(json!([{"nodes": {"matchLabels": {"zone": "two"}}}]));
    without_object.nodes.clear();
    let why = unknown(&without_object, "x/a", "node:n2", "10250");
    assert!(why.contains("labels of a node"), "{why}");
}

#[test]
fn what_cannot_be_evaluated_is_said() {
    let names =
        world(&[json!({"name": "names", "tier": "Admin", "priority": 1, "subject": everyone(), "egress": [
            {"action": "Accept", "peers": [{"domain": "example.com"}], "ports": [{"port": 443}]},
            {"action": "Deny", "peers": [{"network": "0.0.0.0/0"}]},
        ]})]);
    let text = unknown(&names, "x/a", "93.184.215.14", "443");
    assert!(text.contains("which addresses `example.com` has"), "{text}");
    denied(&names, "x/a", "93.184.215.14", "80");
    denied(&names, "x/a", "y/b", "443");
    let readable = policy("q", json!({"ingress": [{"ports": [{"port": 82}]}]}));
    let mut unreadable = world(&[policy("p", json!({"ingress": [{"ports": [{"port": 80}]}]})), readable]);
    unreadable.network.policies[0].unreadable.push("`podSelector` is no selector".into());
    allowed(&unreadable, "y/a", "x/a", "82");
    for port in ["80", "81"] {
        let text = unknown(&unreadable, "y/a", "x/a", port);
        assert!(text.contains("`podSelector` is no selector"), "{text}");
    }
}

#[test]
fn dual_stack_peers_are_allowed_only_if_every_shared_family_is() {
    let mut cluster = from_all(json!([{"ipBlock": {"cidr": "10.0.1.0/24"}}]));
    for (at, address) in [(1, "fd00::1"), (2, "fd00::2")] {
        cluster.pods[at].network.addresses.push(address.parse().unwrap());
    }
    denied(&cluster, "y/a", "x/b", "80");
    allowed(&cluster, "y/b", "x/b", "80");
    cluster.network.policies.push(build::network_policy(&policy(
        "q",
        json!({"ingress": [{"from": [{"ipBlock": {"cidr": "fd00::/64"}}]}]}),
    )));
    allowed(&cluster, "y/a", "x/b", "80");
}

#[test]
fn a_pod_without_an_address_is_judged_by_its_labels() {
    let mut by_labels = from_all(json!([{"namespaceSelector": {"matchLabels": {"team": "y"}}}]));
    by_labels.pods[2].network.addresses.clear();
    allowed(&by_labels, "y/a", "x/a", "80");
    let mut by_block = from_all(json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]));
    by_block.pods[2].network.addresses.clear();
    denied(&by_block, "y/a", "x/a", "80");
    let mut from_it = world(&[json!({"metadata": {"name": "e", "namespace": "y"}, "spec": {
        "podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}]}]}})]);
    from_it.pods[2].network.addresses.clear();
    allowed(&from_it, "y/a", "x/a", "80");
    denied(&from_it, "y/a", "y/b", "80");
}
