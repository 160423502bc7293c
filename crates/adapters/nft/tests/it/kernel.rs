//! What the kernel is asked and told beside verdicts: replacement under load, the log, counts, what was changed by others.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use ringwall_model::network::Protocol;
use ringwall_network::Direction;
use ringwall_network::plan::DirectionRules;
use ringwall_nft::{Denial, DenyLog, DriftKind, Options, Plan};

use crate::lab::{Lab, inside, pod4, pod6, start, tcp, udp};
use crate::policy::options;
use crate::rules::{accepting, node, pods, port};

/// Datagrams that come to pod 1 from pods 2 and 3 within a time, sent as fast as they come.
struct Stream {
    stop: Arc<AtomicBool>,
    from: [Arc<AtomicU32>; 2],
    threads: Vec<std::thread::JoinHandle<u32>>,
}

impl Stream {
    fn start(lab: &Lab) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let from = [Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0))];
        let socket = inside(&lab.pod(1), || UdpSocket::bind((pod4(1), 53)).unwrap());
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut threads = Vec::new();
        let (counts, until) = (from.clone(), Arc::clone(&stop));
        threads.push(std::thread::spawn(move || {
            let mut buffer = [0; 16];
            while !until.load(Ordering::Relaxed) {
                if let Ok((_, peer)) = socket.recv_from(&mut buffer) {
                    counts[usize::from(peer.ip() == pod4(3))].fetch_add(1, Ordering::Relaxed);
                }
            }
            0
        }));
        for sender in [2, 3] {
            let until = Arc::clone(&stop);
            threads.push(start(&lab.pod(sender), move || {
                let socket = UdpSocket::bind((pod4(sender), 4000)).unwrap();
                let mut sent = 0;
                while !until.load(Ordering::Relaxed) {
                    if socket.send_to(b"x", (pod4(1), 53)).is_ok() {
                        sent += 1;
                    }
                    std::thread::sleep(Duration::from_micros(500));
                }
                sent
            }));
        }
        Self { stop, from, threads }
    }

    /// What was sent by 2 and by 3, and what came of each.
    fn finish(self) -> ([u32; 2], [u32; 2]) {
        self.stop.store(true, Ordering::Relaxed);
        let sent: Vec<u32> = self.threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        ([sent[1], sent[2]], self.from.map(|count| count.load(Ordering::Relaxed)))
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn replacement_and_change_under_load_let_nothing_through_and_lose_nothing() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    let accept = |more: u16| {
        let traffic = port(Protocol::Udp, 53).or(&port(Protocol::Tcp, more));
        let web = accepting(Direction::Ingress, "web", vec![(pods(&[2]), traffic)]);
        Plan::new(&node(&lab, &[(1, web, DirectionRules::default())]), &options()).unwrap()
    };
    let mut before = accept(1);
    nft.replace(&before).await.unwrap();
    let stream = Stream::start(&lab);
    for round in 2..60 {
        let after = accept(round);
        if round % 2 == 0 {
            nft.update(&before, &after).await.unwrap();
        } else {
            nft.replace(&after).await.unwrap();
        }
        before = after;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (sent, came) = stream.finish();
    assert!(sent[0] > 200 && sent[1] > 200, "both sent: {sent:?}");
    assert_eq!(came[1], 0, "of the denied, {} were sent", sent[1]);
    assert!(sent[0] - came[0] <= 2, "of {} allowed ones, {} came", sent[0], came[0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn changes_end_where_a_replacement_does() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    let plan = |port_number: u16, allowed: &[usize], from: usize| {
        let web = accepting(
            Direction::Ingress,
            "web",
            vec![
                (pods(allowed), port(Protocol::Tcp, port_number)),
                (
                    ringwall_network::plan::Addresses::block(
                        "10.20.0.0/16".parse().unwrap(),
                        &["10.20.3.0/24".parse().unwrap()],
                    ),
                    port(Protocol::Udp, port_number),
                ),
            ],
        );
        Plan::new(&node(&lab, &[(from, web, DirectionRules::default())]), &options()).unwrap()
    };
    let steps =
        [plan(80, &[2], 1), plan(81, &[2, 3], 1), plan(81, &[3], 1), plan(81, &[3], 2), plan(80, &[2], 1)];
    nft.replace(&steps[0]).await.unwrap();
    let first = nft.read(&steps[0]).await.unwrap();
    assert_eq!(first.drift(&steps[0], None), []);
    for pair in steps.windows(2) {
        nft.update(&pair[0], &pair[1]).await.unwrap();
        let now = nft.read(&pair[1]).await.unwrap();
        assert_eq!(now.drift(&pair[1], None), []);
    }
    let last = nft.read(&steps[4]).await.unwrap();
    assert_eq!(last.drift(&steps[4], Some(&first)), [], "back where it began, in the kernel's words too");
    assert_eq!(last, first);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn what_others_change_is_seen_and_put_right() {
    let lab = Lab::new(2);
    let nft = lab.nft();
    let web = accepting(Direction::Ingress, "web", vec![(pods(&[2]), port(Protocol::Tcp, 80))]);
    let plan = Plan::new(&node(&lab, &[(1, web, DirectionRules::default())]), &options()).unwrap();
    let by_hand = |command: &str| {
        let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
        inside(&lab.node(), move || {
            let output = std::process::Command::new("nft").args(&command).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        });
    };
    by_hand("add table inet theirs");
    by_hand("add chain inet theirs keep");
    nft.replace(&plan).await.unwrap();
    let then = nft.read(&plan).await.unwrap();
    assert_eq!(then.drift(&plan, Some(&then)), []);
    for (command, what, how) in [
        ("insert rule inet ringwall judge accept", "chain judge", DriftKind::Changed),
        ("flush chain inet ringwall judge", "chain judge", DriftKind::Changed),
        ("delete element inet ringwall pods4 { 10.10.0.1 }", "set pods4", DriftKind::Changed),
        ("add set inet ringwall hers { type ipv4_addr; }", "set hers", DriftKind::Foreign),
        ("delete chain inet ringwall output", "chain output", DriftKind::Missing),
    ] {
        if how == DriftKind::Missing {
            by_hand("flush chain inet ringwall output");
        }
        by_hand(command);
        let drift = nft.read(&plan).await.unwrap().drift(&plan, Some(&then));
        assert_eq!(drift.len(), 1, "{command}: {drift:?}");
        assert_eq!((drift[0].what.as_str(), drift[0].how), (what, how));
        nft.replace(&plan).await.unwrap();
        assert_eq!(nft.read(&plan).await.unwrap().drift(&plan, Some(&then)), [], "{command}");
    }
    // The same number of elements, another one.
    by_hand("delete element inet ringwall egress4 { 10.10.0.2 }");
    by_hand("add element inet ringwall egress4 { 10.10.0.3 : drop }");
    assert_eq!(nft.read(&plan).await.unwrap().drift(&plan, Some(&then)).len(), 1);
    nft.uninstall(&options().table).await.unwrap();
    assert!(
        nft.read(&plan).await.unwrap().drift(&plan, None).iter().all(|drift| drift.how == DriftKind::Missing)
    );
    by_hand("list chain inet theirs keep");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn denied_packets_are_logged_with_pod_and_policy_and_counted() {
    let lab = Lab::new(2);
    let nft = lab.nft();
    let web = accepting(Direction::Ingress, "web", vec![(pods(&[2]), port(Protocol::Tcp, 80))]);
    let plan = Plan::new(&node(&lab, &[(1, web, DirectionRules::default())]), &options()).unwrap();
    nft.replace(&plan).await.unwrap();
    let mut log = inside(&lab.node(), || DenyLog::open(Options::LOG_GROUP).unwrap());
    for address in [pod4(1), pod6(1)] {
        assert!(tcp(&lab.pod(2), &lab.pod(1), address, 80));
        assert!(!udp(&lab.pod(2), &lab.pod(1), address, 99));
        let logged = (0..20).find_map(|_| log.next().unwrap()).unwrap();
        let denied = plan.denied(logged).unwrap();
        let Denial::Rule(cause) = &denied.why else { panic!("{denied:?}") };
        assert_eq!(cause.to_string(), "ingress NetworkPolicy default/web");
        assert_eq!(&*denied.pod.unwrap().name, "pod1");
        let packet = denied.logged.packet;
        assert_eq!((packet.destination, packet.protocol, packet.ports.unwrap().1), (address, 17, 99));
    }
    let counts = nft.counts(&plan).await.unwrap();
    let of =
        |text: &str| counts.causes.iter().find(|(cause, _)| cause.to_string() == text).unwrap().1.packets;
    let denied = counts.denied.iter().find(|(why, _)| matches!(why, Denial::Rule(_))).unwrap();
    assert_eq!(denied.1.packets, 2);
    assert!(of("ingress NetworkPolicy default/web, rule 1") >= 8, "both ways of two connections");
    let pod =
        counts.pods.iter().find(|(pod, way, _)| &*pod.name == "pod2" && *way == Direction::Egress).unwrap();
    assert!(pod.2.packets >= 10 && pod.2.bytes > 400);
}
