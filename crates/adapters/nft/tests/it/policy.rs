//! What policies say is what packets meet.

use ringwall_model::network::Protocol;
use ringwall_network::Direction;
use ringwall_network::plan::{Addresses, DirectionRules};
use ringwall_nft::{InterfacePattern, Options, Plan};

use crate::lab::{Lab, pod4, pod6, tcp, udp};
use crate::rules::{accepting, node, pods, port};

pub(crate) fn options() -> Options {
    Options { interfaces: vec![InterfacePattern::new("eni*").unwrap()], ..Options::default() }
}

#[tokio::test]
#[ignore = "needs root"]
async fn only_what_is_accepted_passes() {
    let lab = Lab::new(3);
    let all = |to: usize| {
        [pod4(to), pod6(to)].map(|address| {
            [1, 2, 3].map(|from| {
                if from == to {
                    return (true, true);
                }
                let (from, to) = (lab.pod(from), lab.pod(to));
                (tcp(&from, &to, address, 80), udp(&from, &to, address, 53))
            })
        })
    };
    assert_eq!(all(1), [[(true, true); 3]; 2], "nothing is programmed");
    let web = accepting(Direction::Ingress, "web", vec![(pods(&[2]), port(Protocol::Tcp, 80))]);
    let rules = node(&lab, &[(1, web, DirectionRules::default())]);
    lab.nft().replace(&Plan::new(&rules, &options()).unwrap()).await.unwrap();
    assert_eq!(all(1), [[(true, true), (true, false), (false, false)]; 2]);
    assert_eq!(all(2), [[(true, true); 3]; 2], "replies to pod 1 pass, and pod 2 is not isolated");
    assert!(!tcp(&lab.pod(2), &lab.pod(1), pod4(1), 81), "another port");
    let out = accepting(Direction::Egress, "out", vec![(pods(&[1]), port(Protocol::Udp, 53))]);
    let rules = node(&lab, &[(3, DirectionRules::default(), out)]);
    lab.nft().replace(&Plan::new(&rules, &options()).unwrap()).await.unwrap();
    assert_eq!(all(1), [[(true, true), (true, true), (false, true)]; 2]);
    assert!(tcp(&lab.pod(1), &lab.pod(3), pod4(3), 80));
    lab.nft().uninstall(&options().table).await.unwrap();
    assert_eq!(all(1), [[(true, true); 3]; 2]);
}

#[tokio::test]
#[ignore = "needs root"]
async fn a_rule_about_very_many_pods_is_shared_and_means_the_same() {
    let lab = Lab::new(3);
    // Pods of other nodes, more than a map of one rule would hold.
    let many = (0..600u32).map(|at| std::net::IpAddr::from((0x0a1e_0000 + at).to_be_bytes()));
    let many = Addresses::each(many.chain([pod4(2), pod6(2)]));
    let web = || accepting(Direction::Ingress, "web", vec![(many.clone(), port(Protocol::Tcp, 80))]);
    let other = accepting(Direction::Ingress, "other", vec![(pods(&[3]), port(Protocol::Tcp, 81))]);
    let rules = node(&lab, &[(1, web(), DirectionRules::default()), (2, other, DirectionRules::default())]);
    let plan = Plan::new(&rules, &options()).unwrap();
    let script = plan.script();
    assert!(
        script.lines().any(|line| line.contains("saddr @known4_") && line.contains(" goto c_")),
        "{script}"
    );
    assert_eq!(script.matches("10.30.1.255").count(), 1, "once for all");
    lab.nft().replace(&plan).await.unwrap();
    for (two, three) in [(pod4(1), pod4(1)), (pod6(1), pod6(1))] {
        assert!(tcp(&lab.pod(2), &lab.pod(1), two, 80), "{two}");
        assert!(!tcp(&lab.pod(3), &lab.pod(1), three, 80), "known by another rule, and not by this: {three}");
        assert!(!tcp(&lab.outside(), &lab.pod(1), three, 80), "known by none: {three}");
    }
    assert!(tcp(&lab.pod(3), &lab.pod(2), pod4(2), 81));
    let read = lab.nft().read(&plan).await.unwrap();
    assert_eq!(read.drift(&plan, None), []);
}
