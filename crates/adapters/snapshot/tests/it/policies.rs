//! NetworkPolicies and the cluster's policies, in words that show what was understood.

use ringwall_model::network::{NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, Tier};
use ringwall_model::{LabelSelector, SelectorOperator};

use crate::folder::{kubernetes, told};

fn selector(selector: &LabelSelector) -> String {
    let words: Vec<_> = selector
        .requirements
        .iter()
        .map(|one| {
            let values = one.values.join("|");
            match one.operator {
                SelectorOperator::In => format!("{}={values}", one.key),
                SelectorOperator::NotIn => format!("{}!={values}", one.key),
                SelectorOperator::Exists => one.key.to_string(),
                SelectorOperator::DoesNotExist => format!("!{}", one.key),
            }
        })
        .collect();
    if words.is_empty() { "*".to_owned() } else { words.join(",") }
}

fn scope(scope: &PodScope) -> String {
    let namespaces = match &scope.namespaces {
        NamespaceScope::Named(name) => format!("'{name}'"),
        NamespaceScope::Selected(labels) => selector(labels),
    };
    format!("{namespaces}/{}", scope.pods.as_ref().map_or_else(|| "-".to_owned(), selector))
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Pods(pods) => scope(pods),
        Peer::Nodes(nodes) => format!("nodes {}", selector(nodes)),
        Peer::Block { cidr, except } if except.is_empty() => cidr.to_string(),
        Peer::Block { cidr, except } => format!("{cidr} but {except:?}"),
        Peer::DomainName(name) => format!("name {name}"),
        Peer::Unreadable(_) => "?".to_owned(),
    }
}

fn port(port: &PortMatch) -> String {
    match port {
        PortMatch::Protocol(protocol) => protocol.name().to_owned(),
        PortMatch::Range { protocol, first, last } if first == last => format!("{} {first}", protocol.name()),
        PortMatch::Range { protocol, first, last } => format!("{} {first}-{last}", protocol.name()),
        PortMatch::Named { protocol, name } => {
            format!("{} {name}", protocol.map_or("any", |protocol| protocol.name()))
        }
        PortMatch::Unreadable(_) => "?".to_owned(),
    }
}

fn rule(rule: &NetworkRule) -> String {
    let list =
        |items: Option<Vec<String>>| items.map_or_else(|| "all".to_owned(), |items| items.join(" or "));
    format!(
        "{:?} {} on {}",
        rule.action,
        list(rule.peers.as_ref().map(|peers| peers.iter().map(peer).collect())),
        list(rule.ports.as_ref().map(|ports| ports.iter().map(port).collect())),
    )
}

/// A policy: tier, subject, rules of ingress and egress (`-` for a direction that it says nothing of), how much is unreadable.
fn shown(policy: &NetworkPolicy) -> Vec<String> {
    let tier = match policy.tier {
        Tier::Admin(tier) => format!("admin {}", tier.priority),
        Tier::NetworkPolicy => "network".to_owned(),
        Tier::Baseline(tier) => format!("baseline {}", tier.priority),
    };
    let mut lines = vec![format!("{tier}: {}", scope(&policy.subject))];
    for (name, rules) in [("in", &policy.ingress), ("out", &policy.egress)] {
        match rules {
            None => lines.push(format!("{name} -")),
            Some(rules) if rules.is_empty() => lines.push(format!("{name} none")),
            Some(rules) => lines.extend(rules.iter().map(|one| format!("{name} {}", rule(one)))),
        }
    }
    if !policy.unreadable.is_empty() {
        lines.push(format!("unreadable {}", policy.unreadable.len()));
    }
    lines
}

/// What is understood of a NetworkPolicy's spec, and what is told of it.
fn read(spec: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {spec}\n"
    );
    let snapshot = kubernetes(&text);
    assert_eq!(snapshot.cluster.network.policies.len(), 1, "a policy is kept, whatever is wrong with it");
    (shown(snapshot.cluster.network.policies.first().unwrap()), told(&snapshot))
}

#[track_caller]
fn check(spec: &str, expect: &[&str]) {
    let (shown, told) = read(spec);
    assert!(told.is_empty(), "{spec}: {told:#?}");
    assert_eq!(shown, expect, "{spec}");
}

/// That something is refused, and what is kept in spite of it.
#[track_caller]
fn refused(spec: &str, expect: &[&str], message: &str) {
    let (shown, told) = read(spec);
    assert_eq!(shown, expect, "{spec}");
    let start = "E kubernetes/all.yaml:4: the apiserver refuses NetworkPolicy shop/p: ";
    assert!(told.iter().any(|line| line.starts_with(start) && line.contains(message)), "{spec}: {told:#?}");
}

#[test]
fn directions_are_defaulted_as_the_apiserver_does() {
    check("{podSelector: {}}", &["network: 'shop'/*", "in none", "out -"]);
    check("{}", &["network: 'shop'/*", "in none", "out -"]);
    check("{policyTypes: []}", &["network: 'shop'/*", "in none", "out -"]);
    check("{egress: [{}]}", &["network: 'shop'/*", "in none", "out Accept all on all"]);
    check("{egress: []}", &["network: 'shop'/*", "in none", "out -"]);
    check("{policyTypes: [Egress]}", &["network: 'shop'/*", "in -", "out none"]);
    check("{policyTypes: [Egress, Ingress]}", &["network: 'shop'/*", "in none", "out none"]);
    check("{ingress: null, egress: null}", &["network: 'shop'/*", "in none", "out -"]);
}

#[test]
fn peers_and_ports_are_what_they_say() {
    let rule = |rule: &str, expect: &str| {
        check(&format!("{{ingress: [{rule}]}}"), &["network: 'shop'/*", &format!("in {expect}"), "out -"]);
    };
    rule("{}", "Accept all on all");
    rule("{from: [], ports: []}", "Accept all on all");
    rule("{from: null, ports: null}", "Accept all on all");
    rule("{from: [{podSelector: {}}]}", "Accept 'shop'/* on all");
    rule("{from: [{namespaceSelector: {}}]}", "Accept */- on all");
    rule("{from: [{podSelector: null, namespaceSelector: {}}]}", "Accept */- on all");
    rule(
        "{from: [{podSelector: {matchLabels: {a: b}}, namespaceSelector: {matchLabels: {c: d}}}]}",
        "Accept c=d/a=b on all",
    );
    rule(
        "{from: [{podSelector: {matchLabels: {a: b}}}, {namespaceSelector: {matchLabels: {c: d}}}]}",
        "Accept 'shop'/a=b or c=d/- on all",
    );
    rule(
        "{from: [{podSelector: {matchExpressions: [{key: a, operator: In, values: [x, z]}, {key: b, operator: NotIn, values: [w]}, {key: c, operator: Exists}, {key: d, operator: DoesNotExist}]}}]}",
        "Accept 'shop'/a=x|z,b!=w,c,!d on all",
    );
    rule("{ports: [{port: 80}, {port: 80, protocol: UDP}]}", "Accept all on TCP 80 or UDP 80");
    rule("{ports: [{protocol: SCTP}, {}]}", "Accept all on SCTP or TCP");
    rule("{ports: [{port: http}, {port: dns, protocol: UDP}]}", "Accept all on TCP http or UDP dns");
    rule("{ports: [{port: 80, endPort: 90}, {port: 1, endPort: 1}]}", "Accept all on TCP 80-90 or TCP 1");
    rule(
        "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.3.4/32]}}]}",
        "Accept 10.0.0.0/8 but [10.1.0.0/16, 10.2.3.4/32] on all",
    );
}

#[test]
fn blocks_are_read_as_kubernetes_parses_them() {
    let block = |cidr: &str, expect: &str| {
        check(
            &format!("{{ingress: [{{from: [{{ipBlock: {{cidr: '{cidr}'}}}}]}}]}}"),
            &["network: 'shop'/*", &format!("in Accept {expect} on all"), "out -"],
        );
    };
    block("10.1.2.3/8", "10.0.0.0/8");
    block("010.001.000.009/024", "10.1.0.0/24");
    block("0.0.0.0/0", "0.0.0.0/0");
    block("0.0.0.0/00", "0.0.0.0/0");
    block("fd00::1/64", "fd00::/64");
    block("2001:0db8:0000::/32", "2001:db8::/32");
    block("::ffff:10.1.2.3/120", "10.1.2.0/24");
    block("::ffff:0:0/96", "0.0.0.0/0");
    block("::ffff:10.1.2.3/64", "::/64");
    for bad in [
        "10.0.0.0",
        "10.0.0.0/33",
        "10.0.0/8",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "256.0.0.0/8",
        "::/129",
        "x",
        "",
        "/8",
        "10.0.0.0/",
        "fe80::1%eth0/64",
    ] {
        let (shown, told) = read(&format!("{{ingress: [{{from: [{{ipBlock: {{cidr: '{bad}'}}}}]}}]}}"));
        assert_eq!(shown[1], "in Accept ? on all", "{bad}");
        assert!(!told.is_empty(), "{bad}");
    }
}

#[test]
fn what_the_apiserver_refuses_is_kept_and_allows_nothing() {
    let peer = |peer: &str, message: &str| {
        refused(
            &format!("{{ingress: [{{from: [{peer}, {{podSelector: {{}}}}]}}]}}"),
            &["network: 'shop'/*", "in Accept ? or 'shop'/* on all", "out -"],
            message,
        );
    };
    peer("{}", "a peer without podSelector");
    peer("null", "a peer without podSelector");
    peer("x", "a peer is a string");
    peer("{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}", "a peer with ipBlock and a selector");
    peer("{ipBlock: {}}", "an ipBlock without `cidr`");
    peer("{ipBlock: {cidr: 10}}", "`cidr` is a number");
    peer("{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}", "not a part of");
    peer("{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}", "not a part of");
    peer("{ipBlock: {cidr: 10.0.0.0/8, except: ['fd00::/64']}}", "not a part of");
    peer("{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.1]}}", "not a block");
    peer("{ipBlock: {cidr: 10.0.0.0/8, except: 10.0.0.0/16}}", "`except` is a string, not a list");
    peer("{podSelector: []}", "`podSelector` is a list");
    peer("{podSelector: {matchLabels: {a: 1}}}", "label `a` is a number");
    peer("{podSelector: {matchLabels: {'a b': c}}}", "not a label's key");
    peer("{podSelector: {matchLabels: {a: -b}}}", "not a label's value");
    peer("{podSelector: {matchExpressions: [{key: a, operator: Is, values: [b]}]}}", "expression is invalid");
    peer("{podSelector: {matchExpressions: [{key: a, operator: In}]}}", "expression is invalid");
    peer(
        "{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
        "expression is invalid",
    );

    let port = |port: &str, message: &str| {
        refused(
            &format!("{{egress: [{{ports: [{port}, {{port: 1}}]}}]}}"),
            &["network: 'shop'/*", "in none", "out Accept all on ? or TCP 1"],
            message,
        );
    };
    port("{port: 0}", "`port` is 0");
    port("{port: 65536}", "`port` is 65536");
    port("{port: 1.5}", "`port` is a number, not an integer");
    port("{port: '80'}", "`port` is `80`, not a port's name");
    port("{port: HTTP}", "not a port's name");
    port("{port: 80, protocol: tcp}", "`protocol` is `tcp`");
    port("{port: 80, protocol: ICMP}", "`protocol` is `ICMP`");
    port("{endPort: 80}", "`endPort` without a number");
    port("{port: http, endPort: 80}", "`endPort` without a number");
    port("{port: 80, endPort: 79}", "`endPort` 79 is below `port` 80");
    port("{port: 80, endPort: 70000}", "`endPort` is 70000");
    port("x", "a port is a string");

    refused(
        "{ingress: {}}",
        &["network: 'shop'/*", "in Accept ? on all", "out -"],
        "`ingress` is a mapping, not a list",
    );
    refused("{ingress: [x]}", &["network: 'shop'/*", "in Accept ? on all", "out -"], "a rule is a string");
    refused(
        "{ingress: [{from: {}}]}",
        &["network: 'shop'/*", "in Accept ? on all", "out -"],
        "`from` is a mapping",
    );
    refused(
        "{ingress: [{ports: x}]}",
        &["network: 'shop'/*", "in Accept all on ?", "out -"],
        "`ports` is a string",
    );
    refused(
        "{podSelector: {matchLabels: {a: b, c: 1}}}",
        &["network: 'shop'/a=b", "in none", "out -", "unreadable 1"],
        "label `c` is a number",
    );
    let both = ["network: 'shop'/*", "in none", "out none", "unreadable 1"];
    refused("{policyTypes: [ingress]}", &both, "a policy type is `ingress`");
    refused("{policyTypes: Ingress}", &both, "`policyTypes` is a string");
    refused("{policyTypes: [Ingress, Egress, Ingress]}", &both, "more than two");
    refused("[]", &["network: 'shop'/*", "in none", "out -", "unreadable 1"], "`spec` is a list");
}

#[test]
fn fields_that_are_dropped_and_rules_that_are_not_used_are_told() {
    let (shown, told) = read("{ingress: [{form: [{podSelector: {}}]}]}");
    assert_eq!(shown[1], "in Accept all on all", "the apiserver drops what it doesn't know");
    assert_eq!(
        told,
        ["W kubernetes/all.yaml:4: NetworkPolicy shop/p: a rule has no field `form`, so it is dropped"]
    );
    let (shown, told) = read("{policyTypes: [Ingress], egress: [{}]}");
    assert_eq!(shown[2], "out -");
    assert_eq!(
        told,
        [
            "W kubernetes/all.yaml:4: NetworkPolicy shop/p: its `egress` rules are not used: `policyTypes` does not list Egress"
        ]
    );
}

#[test]
fn a_policy_without_a_namespace_is_of_default() {
    let snapshot = kubernetes(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {ingress: [{from: [{podSelector: {}}]}]}\n",
    );
    let policy = &snapshot.cluster.network.policies[0];
    assert_eq!(shown(policy), ["network: 'default'/*", "in Accept 'default'/* on all", "out -"]);
    assert_eq!(policy.reference.namespace.as_deref(), Some("default"));
    assert_eq!((policy.source.line, policy.ingress.as_ref().unwrap()[0].source.line), (1, 4));
}

/// What is understood of a policy of the cluster, and what is told of it.
fn read_cluster(kind: &str, version: &str, name: &str, spec: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "apiVersion: policy.networking.k8s.io/{version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    );
    let snapshot = kubernetes(&text);
    assert_eq!(snapshot.cluster.network.policies.len(), 1);
    (shown(snapshot.cluster.network.policies.first().unwrap()), told(&snapshot))
}

#[track_caller]
fn cluster(kind: &str, spec: &str, expect: &[&str]) {
    let version = if kind == "ClusterNetworkPolicy" { "v1alpha2" } else { "v1alpha1" };
    let name = if kind.starts_with("Baseline") { "default" } else { "p" };
    let (shown, told) = read_cluster(kind, version, name, spec);
    assert!(told.is_empty(), "{spec}: {told:#?}");
    assert_eq!(shown, expect, "{spec}");
}

const ALL: &str = "subject: {namespaces: {}}";

#[test]
fn cluster_network_policies_have_tiers_actions_and_peers_of_their_own() {
    cluster(
        "ClusterNetworkPolicy",
        "{tier: Admin, priority: 7, subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}}}",
        &["admin 7: */a=b", "in -", "out -"],
    );
    cluster(
        "ClusterNetworkPolicy",
        &format!(
            "{{tier: Baseline, priority: 0, {ALL}, ingress: [{{action: Deny, from: [{{namespaces: {{matchLabels: {{x: z}}}}}}]}}, {{action: Pass, name: rest, from: [{{pods: {{namespaceSelector: {{}}, podSelector: {{}}}}}}]}}]}}"
        ),
        &["baseline 0: */-", "in Deny x=z/- on all", "in Pass */* on all", "out -"],
    );
    cluster(
        "ClusterNetworkPolicy",
        &format!(
            "{{tier: Admin, priority: 1000, {ALL}, egress: [{{action: Accept, to: [{{networks: [10.0.0.0/8, 'fd00::/8']}}, {{nodes: {{}}}}, {{domainNames: ['*.example.com']}}], protocols: [{{tcp: {{destinationPort: {{number: 443}}}}}}, {{udp: {{destinationPort: {{range: {{start: 1, end: 9}}}}}}}}, {{sctp: {{destinationPort: {{number: 5}}}}}}]}}, {{action: Accept, to: [{{namespaces: {{}}}}], protocols: [{{destinationNamedPort: dns}}]}}]}}"
        ),
        &[
            "admin 1000: */-",
            "in -",
            "out Accept 10.0.0.0/8 or fd00::/8 or nodes * or name *.example.com on TCP 443 or UDP 1-9 or SCTP 5",
            "out Accept */- on any dns",
        ],
    );
}

#[test]
fn the_older_kinds_have_actions_and_ports_of_their_own() {
    cluster(
        "AdminNetworkPolicy",
        &format!(
            "{{priority: 5, {ALL}, egress: [{{action: Allow, to: [{{namespaces: {{}}}}], ports: [{{portNumber: {{protocol: UDP, port: 53}}}}, {{portNumber: {{port: 80}}}}, {{portRange: {{start: 5, end: 5}}}}, {{namedPort: web}}]}}]}}"
        ),
        &["admin 5: */-", "in -", "out Accept */- on UDP 53 or TCP 80 or TCP 5 or any web"],
    );
    cluster(
        "BaselineAdminNetworkPolicy",
        &format!("{{{ALL}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}]}}]}}"),
        &["baseline 0: */-", "in Deny */- on all", "out -"],
    );
}

#[test]
fn what_breaks_the_rules_of_a_cluster_policys_definition_is_unreadable() {
    let bad = |spec: &str, expect: &[&str], message: &str| {
        let (shown, told) = read_cluster("ClusterNetworkPolicy", "v1alpha2", "p", spec);
        assert_eq!(shown, expect, "{spec}");
        assert!(
            told.iter().any(|line| line.starts_with("E ") && line.contains(message)),
            "{spec}: {told:#?}"
        );
    };
    bad(
        &format!("{{tier: admin, priority: 1, {ALL}}}"),
        &["admin 1: */-", "in -", "out -", "unreadable 1"],
        "`tier` is `admin`",
    );
    bad(
        &format!("{{tier: Admin, priority: 1001, {ALL}}}"),
        &["admin 0: */-", "in -", "out -", "unreadable 1"],
        "`priority` is 1001",
    );
    bad(
        "{tier: Admin, priority: 1, subject: {namespaces: {}, pods: {namespaceSelector: {}, podSelector: {}}}}",
        &["admin 1: */-", "in -", "out -", "unreadable 1"],
        "not exactly one field",
    );
    let rule = |rule: &str, expect: &str, unreadable: bool, message: &str| {
        let mut lines = vec!["admin 1: */-", "in -"];
        lines.push(expect);
        if unreadable {
            lines.push("unreadable 1");
        }
        bad(&format!("{{tier: Admin, priority: 1, {ALL}, egress: [{rule}]}}"), &lines, message);
    };
    rule("{action: Allow, to: [{namespaces: {}}]}", "out Deny */- on all", true, "`action` is `Allow`");
    rule("{action: Deny}", "out Deny ? on all", false, "a rule without `to`");
    rule("{action: Deny, to: [{}]}", "out Deny ? on all", false, "not exactly one field");
    rule("{action: Deny, to: [{futures: {}}]}", "out Deny ? on all", false, "no field `futures`");
    rule(
        "{action: Deny, to: [{networks: [10.0.0.0/08, 10.0.0.0/8]}]}",
        "out Deny 10.0.0.0/8 or ? on all",
        false,
        "not a block",
    );
    rule(
        "{action: Deny, to: [{networks: ['::ffff:1.2.3.4/128']}]}",
        "out Deny ? on all",
        false,
        "not a block",
    );
    rule(
        "{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {}}]}",
        "out Deny */- on ?",
        false,
        "`tcp` without one `destinationPort`",
    );
    rule(
        "{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 9, end: 9}}}}]}",
        "out Deny */- on ?",
        false,
        "the range of ports from 9 to 9",
    );
    rule(
        "{action: Deny, to: [{nodes: {}}], protocols: [{destinationNamedPort: a}, {tcp: {destinationPort: {number: 1}}}]}",
        "out Deny nodes * on TCP 1 or ?",
        false,
        "peers that are no pods",
    );
    let many = vec!["{action: Deny, to: [{nodes: {}}]}"; 26].join(", ");
    let (shown, told) = read_cluster(
        "ClusterNetworkPolicy",
        "v1alpha2",
        "p",
        &format!("{{tier: Admin, priority: 1, {ALL}, egress: [{many}]}}"),
    );
    assert_eq!(shown.len(), 2 + 26 + 1, "all rules are kept, as unreadable");
    assert!(told[0].contains("`egress` has 26 items, the API takes at most 25"), "{told:#?}");
    let (_, told) = read_cluster("BaselineAdminNetworkPolicy", "v1alpha1", "other", &format!("{{{ALL}}}"));
    assert!(told[0].contains("its name is `other`"), "{told:#?}");
}
