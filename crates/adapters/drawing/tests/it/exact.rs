use std::collections::BTreeMap;

use proptest::prelude::*;
use ringwall_drawing::{Folded, Graph, Link, Party, Side, Unit, fold};
use ringwall_network::Traffic;

use crate::shop::{shop, tcp};

type Said = BTreeMap<(usize, usize), (Traffic, Traffic)>;

fn add(said: &mut Said, from: usize, to: usize, allowed: &Traffic, unknown: &Traffic) {
    if from == to || (allowed.is_none() && unknown.is_none()) {
        return;
    }
    let slot = said.entry((from, to)).or_default();
    *slot = (slot.0.or(allowed), slot.1.or(unknown));
}

/// What a graph says of each pair, read off its links.
fn plain(graph: &Graph) -> Said {
    let mut said = Said::new();
    for (from, to, link) in graph.pairs() {
        add(&mut said, from, to, &link.allowed, &link.possible);
    }
    said
}

/// What a folded graph says of each pair.
fn unfolded(graph: &Graph, folded: &Folded) -> Said {
    let members = |unit: Unit| match unit {
        Unit::Party(at) => vec![at],
        Unit::Group(at) => folded.groups[at].members.clone(),
    };
    let (mut said, none) = (Said::new(), Traffic::none());
    for (from, a) in graph.parties.iter().enumerate() {
        for (to, b) in graph.parties.iter().enumerate() {
            let open = match (a.side, b.side) {
                (Side::Outside, Side::Outside) => &none,
                (Side::Outside, _) => &folded.from_outside[to],
                (_, Side::Outside) => &folded.to_outside[from],
                _ if folded.free[from] => &folded.open[to],
                _ => &none,
            };
            add(&mut said, from, to, open, &none);
        }
    }
    for edge in &folded.edges {
        for from in members(edge.from) {
            for to in members(edge.to) {
                add(&mut said, from, to, &edge.allowed, &edge.possible);
            }
        }
    }
    said
}

fn agree(graph: &Graph) {
    let folded = fold(graph);
    assert_eq!(unfolded(graph, &folded), plain(graph));
}

fn some_traffic() -> impl Strategy<Value = Traffic> {
    prop_oneof![
        3 => Just(Traffic::none()),
        2 => Just(Traffic::all()),
        2 => (80u16..83).prop_map(tcp),
        1 => (80u16..83).prop_map(|port| tcp(port).or(&tcp(443))),
    ]
}

prop_compose! {
    fn some_graph()(
        // Of each class: its side, and the namespaces of its members.
        classes in prop::collection::vec((0..6usize, prop::collection::vec(0..3usize, 1..4)), 1..7),
        matrix in prop::collection::vec((some_traffic(), some_traffic()), 49),
    ) -> Graph {
        let mut graph = Graph::default();
        for (side, namespaces) in &classes {
            let side = match side { 0 => Side::Outside, 1 => Side::Node, _ => Side::Pods };
            let mut members = Vec::new();
            for namespace in namespaces {
                members.push(graph.parties.len());
                graph.parties.push(Party {
                    side,
                    namespace: if side == Side::Pods { format!("ns{namespace}") } else { String::new() },
                    kind: "Deployment".into(),
                    name: format!("p{}", graph.parties.len()),
                    detail: String::new(),
                });
            }
            graph.classes.push(members);
        }
        let count = classes.len();
        for from in 0..count {
            for to in 0..count {
                let (allowed, unknown) = &matrix[from * 7 + to];
                let outside = |class: usize| graph.parties[graph.classes[class][0]].side == Side::Outside;
                // Nobody here judges what passes between two others.
                if (allowed.is_none() && unknown.is_none()) || (outside(from) && outside(to)) {
                    continue;
                }
                let possible = unknown.without(allowed);
                graph.links.push(Link { from, to, allowed: allowed.clone(), possible });
            }
        }
        graph
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn folding_neither_adds_nor_leaves_out(graph in some_graph()) {
        agree(&graph);
    }
}

#[test]
fn a_shop_is_folded_to_few_edges() {
    let graph = shop();
    agree(&graph);
    let folded = fold(&graph);
    assert!(plain(&graph).len() > 400);
    assert!(folded.edges.len() < 40, "{}", folded.edges.len());
}
