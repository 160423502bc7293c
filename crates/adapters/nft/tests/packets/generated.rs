//! Clusters made up at random: the engine, the naive reading and the packets agree.

use std::net::IpAddr;
use std::time::Instant;

use ringwall_model::network::Protocol;

use crate::enforce::Enforcer;
use crate::lab::{Lab, Place};
use crate::naive::{self, Question};
use crate::probe::{self, Probe};
use crate::random::Random;
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

/// What is asked in packets of one state: one of each protocol that has ports, or an echo.
fn kinds(random: &mut Random) -> Vec<(Protocol, u16)> {
    let mut kinds = vec![(Protocol::Tcp, *random.pick(&PORTS)), (Protocol::Udp, *random.pick(&PORTS))];
    kinds.push(match random.below(3) {
        0 => (Protocol::Icmp, 0),
        1 => (Protocol::Sctp, *random.pick(&PORTS)),
        _ => (Protocol::Tcp, *random.pick(&PORTS)),
    });
    kinds.dedup();
    kinds
}

/// The naive reading agrees with the engine; the verdicts.
fn agreed(world: &World, questions: &[Question], about: &str) -> Vec<bool> {
    let verdicts = Families::new(world).allow(questions);
    for (question, verdict) in questions.iter().zip(&verdicts) {
        assert_eq!(*verdict, naive::allowed(world, question), "{about}: {question:?}\n{}", objects(world));
    }
    verdicts
}

fn objects(world: &World) -> String {
    let pods = world.pods.iter().map(|pod| format!("{pod:?}"));
    let nodes = world.nodes.iter().map(|node| format!("{node:?}"));
    let vpc = world.vpc.iter().map(|vpc| format!("{vpc:?}"));
    let namespaces = std::iter::once(format!("{:?}", world.namespaces));
    let objects = world.objects.iter().map(ToString::to_string);
    namespaces.chain(nodes).chain(pods).chain(vpc).chain(objects).collect::<Vec<_>>().join("\n")
}

/// How many scenarios, and the first one's seed: more by `RINGWALL_SCENARIOS`, others by `RINGWALL_SEED`.
fn scenarios(default: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let first = number("RINGWALL_SEED").unwrap_or(0) % (u64::MAX / 2);
    first..first + number("RINGWALL_SCENARIOS").unwrap_or(default)
}

#[test]
fn the_engine_agrees_with_a_naive_reading() {
    let mut kinds: Vec<(Protocol, u16)> = vec![(Protocol::Icmp, 0)];
    for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
        kinds.extend(PORTS.iter().flat_map(|port| [(protocol, *port), (protocol, *port + 1)]));
    }
    let mut seen = [0, 0];
    for seed in 0..12 {
        for (step, world) in scenario::states(seed).iter().enumerate() {
            for verdict in agreed(world, &questions(world, &kinds), &format!("scenario {seed}, state {step}"))
            {
                seen[usize::from(verdict)] += 1;
            }
        }
    }
    // Scenarios in which all is allowed, or nothing, would show little.
    assert!(seen.iter().all(|count| *count > 5_000), "{seen:?}");
}

#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn packets_agree_with_the_engine_and_a_naive_reading() {
    let started = Instant::now();
    let nodes: Vec<Vec<IpAddr>> = (0..scenario::NODES).map(scenario::node_addresses).collect();
    let mut lab = Lab::new(&nodes, &OUTSIDE.map(|address| address.parse().unwrap()), &PORTS);
    let mut enforcer = Enforcer::default();
    let (mut seen, mut states, mut wrong) = ([0, 0], 0, Vec::new());
    let seeds = scenarios(300);
    for seed in seeds.clone() {
        let mut random = Random::new(!seed);
        for (step, world) in scenario::states(seed).iter().enumerate() {
            states += 1;
            lab.have(&world.pod_specs());
            enforcer.apply(&lab, world);
            let questions = questions(world, &kinds(&mut random));
            let expected = agreed(world, &questions, &format!("scenario {seed}, state {step}"));
            let probes: Vec<Probe> = questions
                .iter()
                .map(|question| Probe {
                    from: world.place_of(question.from),
                    source: Some(question.from),
                    to: question.to,
                    protocol: question.protocol,
                    port: question.port,
                })
                .collect();
            let answers = probe::run(&lab, &probes, &expected);
            for ((question, answer), expected) in questions.iter().zip(answers).zip(expected) {
                seen[usize::from(expected)] += 1;
                let who = match question.protocol {
                    Protocol::Icmp => 0,
                    _ => lab.identity(&world.place_of(question.to)),
                };
                if answer != expected.then_some(who) {
                    wrong.push(format!(
                        "scenario {seed}, state {step}: {question:?}: {answer:?} where {expected}"
                    ));
                }
            }
            assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), objects(world));
        }
    }
    let (spent, changes) = enforcer.spent;
    eprintln!(
        "{} scenarios, {states} states: {} packets' flows allowed and {} denied as the engine says, in {:.1?}; {changes} changes of rules \
         in {spent:.1?}. {UNTRIED}",
        seeds.end - seeds.start,
        seen[1],
        seen[0],
        started.elapsed(),
    );
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

/// What no scenario can try, by name.
const UNTRIED: &str = "Not tried, for want of kernel parts: SCTP beyond its first two chunks (no sockets), VLANs of trunk interfaces \
                       (modelled by veth pairs), the queue statement and flowtables (not used)";
