//! What policies say is what packets meet.

use ringwall_model::network::Protocol;
use ringwall_network::Direction;
use ringwall_network::plan::DirectionRules;
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
