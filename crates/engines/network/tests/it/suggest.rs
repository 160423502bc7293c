use std::sync::Arc;

use proptest::prelude::*;
use ringwall_model::network::{Peer, Protocol};
use ringwall_model::{Cluster, Verdict};
use ringwall_network::{LeftOut, Network, Port, Seen, Traffic, Who, suggest};

use crate::clusters::parts::{Numbers, namespace, node, pod};

fn cluster() -> Cluster {
    let web = [("app", "web"), ("pod-template-hash", "5d9c"), ("helm.sh/chart", "web-1.2")];
    let mut cluster = Cluster {
        namespaces: vec![namespace("shop", &[]), namespace("data", &[]), namespace("kube-system", &[])],
        nodes: vec![node("n1", &[], &["10.0.9.1"])],
        pods: vec![
            pod("shop", "web-1", &web, &["10.0.0.1"]),
            pod("shop", "web-2", &web, &["10.0.0.2"]),
            pod("shop", "api-1", &[("app", "api")], &["10.0.0.3"]),
            pod("shop", "idle-1", &[("app", "idle")], &["10.0.0.4"]),
            pod("data", "db-1", &[("app", "db")], &["10.0.0.5"]),
            pod("kube-system", "coredns-1", &[("k8s-app", "kube-dns")], &["10.0.0.53"]),
        ],
        ..Cluster::default()
    };
    for pod in &mut cluster.pods {
        pod.node_name = Some("n2".into());
    }
    cluster
}

fn who(namespace: &str, name: &str) -> Who {
    Who::Pod { namespace: namespace.into(), name: name.into() }
}

fn seen(from: Who, to: Who, port: u16) -> Seen {
    Seen { from, to, protocol: Protocol::Tcp, port, allowed: true }
}

fn address(text: &str) -> Who {
    Who::Address(text.parse().unwrap())
}

#[test]
fn what_was_seen_is_allowed_and_nothing_else() {
    let cluster = cluster();
    let network = Network::new(&cluster);
    let flows = [
        seen(who("shop", "web-1"), who("shop", "api-1"), 8080),
        seen(who("shop", "api-1"), who("data", "db-1"), 5432),
        seen(address("203.0.113.7"), who("shop", "web-2"), 443),
        seen(who("shop", "api-1"), address("198.51.100.9"), 443),
    ];
    let suggestion = suggest(&network, &flows);
    assert_eq!((suggestion.evidence.allowed, suggestion.evidence.refused.len()), (4, 0));
    assert!(suggestion.left_out.is_empty());
    let names: Vec<String> = suggestion.policies.iter().map(|policy| policy.reference.to_string()).collect();
    assert_eq!(
        names,
        [
            "NetworkPolicy data/default-deny",
            "NetworkPolicy shop/default-deny",
            "NetworkPolicy data/db-1",
            "NetworkPolicy shop/api-1",
            "NetworkPolicy shop/web-1"
        ]
    );
    let beyond: Vec<_> = suggestion.evidence.beyond.iter().map(|beyond| beyond.traffic.to_string()).collect();
    assert!(
        beyond.iter().all(|traffic| ["TCP 53; UDP 53", "TCP 8080", "TCP 443"].contains(&&**traffic)),
        "{beyond:?}"
    );
    assert_eq!(
        suggestion.evidence.beyond_pairs, 6,
        "DNS of four pods, and what one replica may like the other"
    );

    let mut after = cluster.clone();
    after.network.policies.clone_from(&suggestion.policies);
    let after = Network::new(&after);
    let ask =
        |from, to, port| after.connects(&from, &to, &Port::Number(port), Protocol::Tcp).unwrap().verdict;
    assert_eq!(ask(who("shop", "web-1"), who("shop", "api-1"), 8080), Verdict::Allowed);
    assert_eq!(ask(who("shop", "web-1"), who("data", "db-1"), 5432), Verdict::Denied);
    assert_eq!(ask(who("shop", "web-1"), who("shop", "idle-1"), 80), Verdict::Denied);
    assert_eq!(ask(address("203.0.113.8"), who("shop", "web-2"), 443), Verdict::Denied);
}

#[test]
fn labels_of_a_rollout_select_nobody_and_manifests_say_the_same() {
    let cluster = cluster();
    let network = Network::new(&cluster);
    let suggestion = suggest(&network, &[seen(who("shop", "web-1"), who("data", "db-1"), 5432)]);
    let web = suggestion.policies.iter().find(|policy| &*policy.reference.name == "web-1").unwrap();
    let keys: Vec<&str> =
        web.subject.pods.iter().flat_map(|pods| &pods.requirements).map(|one| &*one.key).collect();
    assert_eq!(keys, ["app"]);
    let manifest =
        serde_json::to_value(suggestion.manifests.iter().find(|one| one.name() == "web-1").unwrap()).unwrap();
    assert_eq!(manifest["spec"]["podSelector"]["matchLabels"], serde_json::json!({"app": "web"}));
    assert_eq!(manifest["spec"]["policyTypes"], serde_json::json!(["Ingress", "Egress"]));
    let database = serde_json::json!({
        "to": [{
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}},
            "podSelector": {"matchLabels": {"app": "db"}},
        }],
        "ports": [{"protocol": "TCP", "port": 5432}],
    });
    assert!(manifest["spec"]["egress"].as_array().unwrap().contains(&database), "{manifest}");
}

#[test]
fn many_addresses_of_a_block_are_the_block_and_it_is_said() {
    let cluster = cluster();
    let network = Network::new(&cluster);
    let many = (1..=4).map(|host| seen(who("shop", "api-1"), address(&format!("198.51.100.{host}")), 443));
    let near = (20..=24).map(|host| seen(who("shop", "api-1"), address(&format!("10.0.0.{host}")), 443));
    let flows: Vec<Seen> = many.chain(near).collect();
    let suggestion = suggest(&network, &flows);
    let api = suggestion.policies.iter().find(|policy| &*policy.reference.name == "api-1").unwrap();
    let blocks: Vec<String> = (api.egress.iter().flatten())
        .flat_map(|rule| rule.peers.iter().flatten())
        .filter_map(|peer| match peer {
            Peer::Block { cidr, .. } => Some(cidr.to_string()),
            _ => None,
        })
        .collect();
    assert!(blocks.contains(&"198.51.100.0/24".to_owned()), "{blocks:?}");
    assert!(blocks.contains(&"10.0.0.20/32".to_owned()), "a block with pods in it stays closed: {blocks:?}");
    assert!(suggestion.notes.iter().any(|note| note.contains("198.51.100.0/24")), "{:?}", suggestion.notes);
}

#[test]
fn what_cannot_be_said_is_left_out_and_what_was_stopped_stays_stopped() {
    let cluster = cluster();
    let network = Network::new(&cluster);
    let ping = Seen { protocol: Protocol::Icmp, ..seen(who("shop", "web-1"), who("shop", "api-1"), 8 << 8) };
    let nobody = seen(who("shop", "gone"), who("shop", "api-1"), 80);
    let stopped = Seen { allowed: false, ..seen(who("shop", "idle-1"), who("shop", "api-1"), 8080) };
    let fine = seen(who("shop", "web-1"), who("shop", "api-1"), 8080);
    let suggestion = suggest(&network, &[ping, nobody, stopped, fine]);
    assert!(matches!(
        suggestion.left_out.as_slice(),
        [(0, LeftOut::Protocol(Protocol::Icmp)), (1, LeftOut::Nobody(_))]
    ));
    assert!(suggestion.evidence.opened.is_empty());
    assert_eq!(suggestion.evidence.allowed, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn every_flow_is_allowed_and_a_flow_left_away_is_not(number in any::<u64>()) {
        let cluster = cluster();
        let network = Network::new(&cluster);
        let mut numbers = Numbers(number);
        let names = [("shop", "web-1"), ("shop", "api-1"), ("shop", "idle-1"), ("data", "db-1")];
        let any_who = |numbers: &mut Numbers| {
            let (namespace, name) = names[numbers.below(names.len())];
            who(namespace, name)
        };
        let flows: Vec<Seen> = (0..1 + numbers.below(8))
            .map(|_| {
                let port = 8000 + u16::try_from(numbers.below(3)).unwrap();
                let from = if numbers.one_in(4) { address("203.0.113.7") } else { any_who(&mut numbers) };
                seen(from, any_who(&mut numbers), port)
            })
            .collect();
        let suggestion = suggest(&network, &flows);
        prop_assert_eq!(suggestion.evidence.allowed, flows.len());
        let mut after = cluster.clone();
        after.network.policies = suggestion.policies;
        let after = Network::new(&after);
        let known: Vec<Arc<str>> = after.cluster().network.policies.iter().filter_map(|policy| policy.reference.namespace.clone()).collect();
        for from in names {
            for to in names.iter().filter(|to| **to != from && known.contains(&to.0.into())) {
                let expected = flows.iter().filter(|flow| flow.from == who(from.0, from.1) && flow.to == who(to.0, to.1));
                let expected = expected.fold(Traffic::none(), |all, flow| all.or(&Traffic::ports(Protocol::Tcp, flow.port, flow.port)));
                let party = |(namespace, name): (&str, &str)| after.party(after.pod_named(namespace, name).unwrap());
                prop_assert_eq!(after.traffic(party(from), party(*to)).traffic, expected, "{:?} -> {:?}", from, to);
            }
        }
    }
}
