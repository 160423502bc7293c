//! Clusters made up at random: the engine, the naive reading and the packets agree.

use std::net::IpAddr;

use ringwall_model::network::Protocol;

use crate::lab::Place;
use crate::naive::{self, Question};
use crate::scenario::{self, OUTSIDE, PORTS};
use crate::verdict::Families;
use crate::world::World;

/// Everything that can be asked of a state: from every address to every other of its family that is not at the same place.
fn questions(world: &World, kinds: &[(Protocol, u16)]) -> Vec<Question> {
    let outside = OUTSIDE.iter().map(|address| address.parse().unwrap());
    let pods = world.on_pod_network().flat_map(|pod| pod.addresses.iter().copied());
    let nodes = world.nodes.iter().flat_map(|node| node.addresses.iter().copied());
    let addresses: Vec<IpAddr> = pods.chain(nodes).chain(outside).collect();
    let mut questions = Vec::new();
    for from in &addresses {
        for to in &addresses {
            let (one, other) = (world.place_of(*from), world.place_of(*to));
            let judged = matches!(one, Place::Pod(_)) || matches!(other, Place::Pod(_));
            if from.is_ipv4() == to.is_ipv4() && one != other && judged {
                questions.extend(kinds.iter().map(|(protocol, port)| Question {
                    from: *from,
                    to: *to,
                    protocol: *protocol,
                    port: *port,
                }));
            }
        }
    }
    questions
}

#[test]
fn the_engine_agrees_with_a_naive_reading() {
    let mut kinds: Vec<(Protocol, u16)> = vec![(Protocol::Icmp, 8 * 256)];
    for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
        kinds.extend(PORTS.iter().flat_map(|port| [(protocol, *port), (protocol, *port + 1)]));
    }
    let mut seen = [0, 0];
    for seed in 0..300 {
        for (step, world) in scenario::states(seed).iter().enumerate() {
            let questions = questions(world, &kinds);
            let verdicts = Families::new(world).allow(&questions);
            for (question, verdict) in questions.iter().zip(verdicts) {
                assert_eq!(
                    verdict,
                    naive::allowed(world, question),
                    "scenario {seed}, state {step}: {question:?}\n{:#?}",
                    world.objects.iter().map(ToString::to_string).collect::<Vec<_>>()
                );
                seen[usize::from(verdict)] += 1;
            }
        }
    }
    // Scenarios in which all is allowed, or nothing, would show little.
    assert!(seen.iter().all(|count| *count > 100_000), "{seen:?}");
}
