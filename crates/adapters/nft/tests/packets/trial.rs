//! The lab itself: without rules everybody reaches everybody and is answered by whom it asked, and a rule by hand is seen.

use std::net::IpAddr;

use ringwall_model::network::Protocol;

use crate::lab::{Lab, Place, PodSpec};
use crate::probe::{Probe, run};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn the_lab_shows_what_a_rule_does() {
    let nodes: Vec<Vec<IpAddr>> =
        (1..=2).map(|n| vec![address(&format!("10.0.0.{n}")), address(&format!("fd00::{n}"))]).collect();
    let outside = ["198.51.100.7", "2001:db8::7", "203.0.113.9"].map(address);
    let mut lab = Lab::new(&nodes, &outside, &[80, 81]);
    let pods: Vec<PodSpec> = (0..9)
        .map(|n| PodSpec {
            key: format!("x/p{n}"),
            node: n % 2,
            addresses: vec![
                address(&format!("10.60.1.{}", n + 10)),
                address(&format!("fd00:60:1::{}", n + 10)),
            ],
        })
        .collect();
    lab.have(&pods);
    let places: Vec<Place> = pods
        .iter()
        .map(|pod| Place::Pod(pod.key.clone()))
        .chain([Place::Node(0), Place::Node(1), Place::Outside])
        .collect();
    let (mut probes, mut who) = (Vec::new(), Vec::new());
    for from in &places {
        for to in &places {
            for to_address in &lab.host(to).addresses {
                for protocol in Protocol::ALL {
                    for port in [80, 81] {
                        who.push(if protocol == Protocol::Icmp { 0 } else { lab.identity(to) });
                        probes.push(Probe {
                            from: from.clone(),
                            source: None,
                            to: *to_address,
                            protocol,
                            port,
                        });
                    }
                }
            }
        }
    }
    let answers = run(&lab, &probes, &vec![true; probes.len()]);
    for ((probe, answer), who) in probes.iter().zip(&answers).zip(&who) {
        assert_eq!(*answer, Some(*who), "{probe:?}");
    }
    lab.nodes[0].netns.run(
        "nft",
        &["-f", "-"],
        "table inet t { chain f { type filter hook forward priority 0;
            ip daddr 10.60.1.10 tcp dport 80 drop; ip6 saddr fd00:60:1::10 meta l4proto sctp drop; }; }",
    );
    let (v4, v6) = (address("10.60.1.10"), address("fd00:60:1::10"));
    // The node itself and what stays within the pod are not forwarded. The second rule stops answers too: it asks for no state.
    let cut = |probe: &Probe| {
        let forwarded = probe.from != places[0] && probe.from != Place::Node(0);
        let asks =
            probe.from == places[0] && probe.to.is_ipv6() && probe.to != v6 && probe.to != address("fd00::1");
        (forwarded && probe.to == v4 && probe.port == 80 && probe.protocol == Protocol::Tcp)
            || (probe.protocol == Protocol::Sctp && (forwarded && probe.to == v6 || asks))
    };
    let expected: Vec<bool> = probes.iter().map(|probe| !cut(probe)).collect();
    let answers = run(&lab, &probes, &expected);
    for ((probe, answer), expected) in probes.iter().zip(&answers).zip(&expected) {
        assert_eq!(answer.is_some(), *expected, "{probe:?}");
    }
    // Pods go, and others come with their addresses.
    let others = [PodSpec { key: "y/q".to_owned(), ..pods[3].clone() }];
    lab.have(&others);
    let to_other = Probe {
        from: Place::Outside,
        source: None,
        to: others[0].addresses[0],
        protocol: Protocol::Tcp,
        port: 80,
    };
    let who = lab.identity(&Place::Pod("y/q".to_owned()));
    assert_eq!(run(&lab, std::slice::from_ref(&to_other), &[true]), [Some(who)]);
}
