//! Rules that change under load, and processes that die meanwhile.

use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ringwall_nft::{Nft, Plan};
use serde_json::{Value, json};

use crate::enforce::{node_rules, options, within};
use crate::failures::{Scene, deny_all, from_app, policy};
use crate::random::Random;

/// Changes of rules while packets flow.
const SWAPS: usize = 400;

/// Datagrams that may be on their way to the receiver, so that none is lost for want of room.
const WINDOW: usize = 64;

/// How long a datagram may take before it is lost.
const LOST: Duration = Duration::from_secs(20);

/// Kills during a change of rules.
const KILLS: usize = 40;

/// Tells the process that is killed which program to run as `nft`, if it is not that.
const PROGRAM_VARIABLE: &str = "RINGWALL_PACKETS_PROGRAM";

/// Tells the process that is killed in which namespace it changes rules.
const VICTIM_VARIABLE: &str = "RINGWALL_PACKETS_VICTIM";

/// What datagrams go from one to another, and how many arrived.
struct Stream {
    sent: AtomicUsize,
    arrived: AtomicUsize,
}

/// `red/a` may reach `red/c` and nothing may come from `red/b`: to `c` by what `c` gets, to `a` by what `b` sends.
fn verdicts(more: &[Value]) -> Vec<Value> {
    let mut policies = vec![
        policy("c", Some("c"), json!({"ingress": [{"from": from_app("a")}]})),
        policy("b", Some("b"), json!({"policyTypes": ["Egress"], "egress": [{"to": from_app("c")}]})),
    ];
    policies.extend_from_slice(more);
    policies
}

fn plans(scene: &mut Scene, policies: Vec<Value>) -> Vec<Plan> {
    scene.world.objects = policies;
    (0..2).map(|node| Plan::new(&node_rules(&scene.lab, &scene.world, node), &options()).unwrap()).collect()
}

#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn four_hundred_changes_of_rules_leak_nothing_and_lose_nothing() {
    let mut scene = Scene::new();
    // The same verdicts by quite different tables.
    let ports: Vec<Value> = (0..60).map(|n| json!({"port": 3000 + 2 * n})).collect();
    let more = [
        policy("c2", Some("c"), json!({"ingress": [{"from": from_app("nobody"), "ports": ports}]})),
        policy("a", Some("a"), json!({"policyTypes": ["Egress"], "egress": [{"to": from_app("c")}]})),
        policy("b2", Some("b"), json!({"ingress": [{"from": [{"ipBlock": {"cidr": "100.64.0.0/10"}}]}]})),
    ];
    let tables = [
        plans(&mut scene, verdicts(&[])),
        plans(&mut scene, verdicts(&more)),
        plans(&mut scene, verdicts(&more[..1])),
    ];
    for (node, plan) in scene.lab.nodes.iter().zip(&tables[0]) {
        within(&node.netns, || async { Nft::default().replace(plan).await }).unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let streams: Vec<(Arc<Stream>, bool)> = [("a", "c", true), ("b", "c", false), ("b", "a", false)]
        .into_iter()
        .zip([9100, 9101, 9102])
        .map(|((from, to, allowed), port)| {
            let to_address = SocketAddr::new(scene.v4(to), port);
            let server = scene.netns(to).within(|| UdpSocket::bind(to_address)).unwrap();
            let client = scene.netns(from).within(|| UdpSocket::bind((scene.v4(from), 0))).unwrap();
            let stream = Arc::new(Stream { sent: AtomicUsize::new(0), arrived: AtomicUsize::new(0) });
            receive(server, Arc::clone(&stream), Arc::clone(&stop));
            send(client, to_address, allowed, Arc::clone(&stream), Arc::clone(&stop));
            (stream, allowed)
        })
        .collect();
    let started = Instant::now();
    let mut random = Random::new(7);
    let mut now = [0, 0];
    for swap in 0..SWAPS {
        let node = swap % 2;
        let next = (now[node] + 1 + random.below(2)) % 3;
        let (before, after) = (&tables[now[node]][node], &tables[next][node]);
        let whole = random.percent(25);
        within(&scene.lab.nodes[node].netns, || async {
            if whole {
                Nft::default().replace(after).await
            } else {
                Nft::default().update(before, after).await
            }
        })
        .unwrap();
        now[node] = next;
    }
    let spent = started.elapsed();
    // On a fast machine the packets would be few.
    while streams.iter().any(|(stream, _)| stream.sent.load(Ordering::SeqCst) < 2000) {
        std::thread::sleep(Duration::from_millis(10));
    }
    stop.store(true, Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(300));
    for (stream, allowed) in &streams {
        let (sent, arrived) = (stream.sent.load(Ordering::SeqCst), stream.arrived.load(Ordering::SeqCst));
        eprintln!(
            "{SWAPS} changes of rules in {spent:.1?}: of {sent} datagrams that are {} {arrived} arrived",
            if *allowed { "allowed" } else { "denied" }
        );
        assert_eq!(arrived, if *allowed { sent } else { 0 });
    }
}

fn receive(socket: UdpSocket, stream: Arc<Stream>, stop: Arc<AtomicBool>) {
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 16];
        let mut quiet = false;
        // One more wait after the end, for what is still on its way.
        while !quiet {
            quiet = stop.load(Ordering::SeqCst);
            while socket.recv(&mut buffer).is_ok() {
                stream.arrived.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
}

fn send(socket: UdpSocket, to: SocketAddr, allowed: bool, stream: Arc<Stream>, stop: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) {
            // A filter that refuses at once is a loss too, where the datagram is allowed.
            stream.sent.fetch_add(1, Ordering::SeqCst);
            let _ = socket.send_to(b"datagram", to);
            let sent = Instant::now();
            let behind =
                || stream.sent.load(Ordering::SeqCst) - stream.arrived.load(Ordering::SeqCst) > WINDOW;
            while allowed && behind() && sent.elapsed() < LOST {
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    });
}

/// Two tables for the first node, large enough that making them takes a while: no two of their blocks make one.
fn large(scene: &mut Scene) -> [Plan; 2] {
    let blocks = |second: usize| -> Vec<Value> {
        (0..1000)
            .map(|n| json!({"ipBlock": {"cidr": format!("100.{second}.{}.{}/28", n / 8, n % 8 * 32)}}))
            .collect()
    };
    let mut plan = |policies: Vec<Value>| plans(scene, policies).swap_remove(0);
    [
        plan(vec![deny_all()]),
        plan(vec![
            policy("a", Some("a"), json!({"ingress": [{"from": blocks(64), "ports": [{"port": 80}]}]})),
            policy("b", Some("b"), json!({"egress": [{"to": blocks(65)}], "policyTypes": ["Egress"]})),
        ]),
    ]
}

/// Changes rules until it is killed: the process of the next test's victims.
#[test]
#[ignore = "the next test starts it"]
fn a_victim_changes_rules() {
    let Ok(namespace) = std::env::var(VICTIM_VARIABLE) else { return };
    // Its own lab is only there to make plans of; the rules go to the other one.
    let mut scene = Scene::new();
    let tables = large(&mut scene);
    let program = std::env::var_os(PROGRAM_VARIABLE);
    let nft = program.map_or_else(Nft::default, Nft::new).in_namespace(&namespace);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Tells that it begins.
    eprintln!("ready");
    loop {
        for plan in tables.iter().rev() {
            runtime.block_on(nft.replace(plan)).unwrap();
        }
    }
}

/// The program gets all of a script or nothing: who is killed while it is handed over leaves no half of one.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn a_script_is_handed_over_whole_whenever_its_maker_is_killed() {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;
    let mut scene = Scene::new();
    let [_, plan] = large(&mut scene);
    let folder = tempfile::tempdir().unwrap();
    let (program, kept) = (folder.path().join("nft"), folder.path().join("script"));
    // Has no table; kills who started it before it reads anything, and keeps what it gets then. A pipe holds 64 KiB.
    let kept = kept.display();
    let lines = format!(
        "#!/bin/sh\ncase \"$*\" in *list*) echo '{{\"nftables\": []}}'; exit;; esac\nkill -9 $PPID\nsleep 0.3\ncat > {kept}.part\nmv {kept}.part {kept}\n"
    );
    std::fs::write(&program, lines).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let status = victim(&scene, Some(&program)).wait().unwrap();
    assert!(!status.success());
    let until = Instant::now() + LOST;
    let script = loop {
        match std::fs::File::open(folder.path().join("script")) {
            Ok(file) => {
                let mut script = String::new();
                file.take(16 << 20).read_to_string(&mut script).unwrap();
                break script;
            }
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(script.len() > 64 << 10, "{}", script.len());
    assert!(script.ends_with(&plan.script()));
}

fn victim(scene: &Scene, program: Option<&std::path::Path>) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "swaps::a_victim_changes_rules"])
        .env(VICTIM_VARIABLE, scene.lab.nodes[0].netns.name())
        .envs(program.map(|program| (PROGRAM_VARIABLE, program)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The tables that packets meet, of all that there are: those with a chain that the kernel calls. Without their names.
fn judges(ruleset: &str) -> Vec<String> {
    let mut tables: Vec<String> = Vec::new();
    for line in ruleset.lines() {
        if line.starts_with("table inet ringwall") {
            tables.push(String::new());
        } else {
            tables.last_mut().unwrap().extend([line, "\n"]);
        }
    }
    tables.retain(|table| table.contains(" hook "));
    tables
}

#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn a_table_is_old_or_new_whenever_its_maker_is_killed() {
    use std::io::{BufRead as _, BufReader};
    let mut scene = Scene::new();
    let tables = large(&mut scene);
    let node = &scene.lab.nodes[0].netns;
    let listed = || judges(&node.run("nft", &["-s", "list", "ruleset"], ""));
    let only = |mut judges: Vec<String>| {
        assert_eq!(judges.len(), 1);
        judges.swap_remove(0)
    };
    let whole: Vec<String> = tables
        .iter()
        .rev()
        .map(|plan| {
            within(node, || async { Nft::default().replace(plan).await }).unwrap();
            only(listed())
        })
        .collect();
    assert_ne!(whole[0], whole[1]);
    let mut random = Random::new(11);
    let mut seen = [0, 0];
    for kill in 0..KILLS {
        let mut victim = victim(&scene, None);
        let mut said = BufReader::new(victim.stderr.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap() == "ready"), "it never began");
        std::thread::sleep(Duration::from_millis(u64::try_from(random.below(600)).unwrap()));
        victim.kill().unwrap();
        victim.wait().unwrap();
        // What it had started may still be at it; what it leaves in the end is looked at, and at any moment before.
        let until = Instant::now() + Duration::from_millis(60);
        loop {
            let found = listed();
            assert!(!found.is_empty(), "kill {kill}: nothing is in force");
            for table in &found {
                let which = whole.iter().position(|whole| whole == table);
                assert!(which.is_some(), "kill {kill}: neither old nor new:\n{table}");
                seen[which.unwrap()] += 1;
            }
            if Instant::now() > until {
                break;
            }
        }
    }
    eprintln!(
        "{KILLS} kills during changes of rules: what was in force was one of the two each time it was looked at ({seen:?})"
    );
}
