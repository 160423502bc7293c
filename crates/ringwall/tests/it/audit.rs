//! `serve --services audit`: the real process, killed and traced.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::installation::Home;
use crate::serve::{Running, ask};

/// What no test waits longer for: reached only by a bug.
const FOREVER: Duration = Duration::from_secs(120);

/// Without TLS, so that a trace shows what is answered.
const ARGUMENTS: &str = "serve --services audit --cluster-name shop --tls-mode off --audit-listen 127.0.0.1:0 \
    --admin-listen 127.0.0.1:0 --audit-account 111122223333 --log-format json";

fn exec(number: u64) -> Value {
    let time = format!("2026-11-27T10:{:02}:{:02}.{number:06}Z", number / 60 % 60, number % 60);
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
        "auditID": format!("00000000-0000-4000-8000-{number:012}"), "verb": "create",
        "requestURI": "/api/v1/namespaces/kube-system/pods/kube-proxy-x2x7q/exec?command=id",
        "user": { "username": "ann@example.com", "groups": ["system:authenticated"] }, "sourceIPs": ["10.0.3.4"],
        "userAgent": "kubectl/v1.37.2", "responseStatus": { "code": 101 },
        "objectRef": { "resource": "pods", "namespace": "kube-system", "name": "kube-proxy-x2x7q",
                       "apiVersion": "v1", "subresource": "exec" },
        "requestReceivedTimestamp": time, "stageTimestamp": time,
        "annotations": { "authorization.k8s.io/decision": "allow" },
    })
}

/// Posts a batch; whether it was taken.
fn post(address: SocketAddr, events: &[Value]) -> std::io::Result<bool> {
    use std::io::{Read as _, Write as _};
    let body = json!({ "kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": events }).to_string();
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(FOREVER))?;
    let head = format!(
        "POST /audit/shop?timeout=30s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.is_empty() {
        // It was killed before it answered.
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn findings(home: &Home) -> Vec<Value> {
    let said = home.run("findings list --output json");
    assert_eq!(said.status, 0, "{}", said.stderr);
    said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_was_answered_is_found_though_the_process_is_killed() {
    const ROUNDS: u64 = 6;
    const BATCH: u64 = 5;
    let home = Home::new();
    let (acknowledged, sent) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for round in 0..ROUNDS {
        let mut running = Running::run(&mut home.command(ARGUMENTS));
        let address = running.address("address");
        let stop = Arc::new(AtomicBool::new(false));
        let sender = std::thread::spawn({
            let (acknowledged, sent, stop) =
                (Arc::clone(&acknowledged), Arc::clone(&sent), Arc::clone(&stop));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let first = sent.fetch_add(BATCH, Ordering::Relaxed);
                    let batch: Vec<Value> = (first..first + BATCH).map(exec).collect();
                    match post(address, &batch) {
                        Ok(true) => acknowledged.fetch_add(BATCH, Ordering::Relaxed),
                        Ok(false) => panic!("it was not taken"),
                        Err(_) => break,
                    };
                }
            }
        });
        std::thread::sleep(Duration::from_millis(150 + 170 * round));
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        stop.store(true, Ordering::Relaxed);
        sender.join().unwrap();
    }
    let (acknowledged, sent) = (acknowledged.load(Ordering::Relaxed), sent.load(Ordering::Relaxed));
    assert!(acknowledged > ROUNDS * BATCH, "{acknowledged} say little");
    let _running = Running::run(&mut home.command(ARGUMENTS));
    let begun = Instant::now();
    loop {
        let found = findings(&home);
        assert!(found.len() <= 1, "one cause is one finding: {found:#?}");
        let count = found.first().map_or(0, |finding| finding["service"]["count"].as_u64().unwrap());
        assert!(count <= sent, "{count} of {sent}: some count twice");
        if count >= acknowledged {
            break;
        }
        assert!(begun.elapsed() < FOREVER, "{count} of {acknowledged}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// By the system calls: no batch is answered before a sync of the queue's file has ended that began after the batch came.
#[test]
fn a_batch_is_answered_after_it_is_on_disk() {
    const BATCHES: u64 = 12;
    assert!(
        Command::new("strace").arg("-V").output().is_ok(),
        "strace is not installed (hint: `cargo xtask test` installs it)"
    );
    let home = Home::new();
    let log = home.path("strace");
    let plain = home.command(ARGUMENTS);
    let mut traced = Command::new("strace");
    traced.args([
        "-f",
        "-y",
        "-s",
        "64",
        "-e",
        "trace=write,writev,sendto,read,readv,recvfrom,fsync,fdatasync",
        "-o",
    ]);
    traced.arg(&log).arg(plain.get_program()).args(plain.get_args());
    traced.env_clear().env("HOME", home.path("")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    traced
        .current_dir(home.path(""))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let running = Running::run(&mut traced);
    let address = running.address("address");
    for batch in 0..BATCHES {
        assert!(post(address, &[exec(batch)]).unwrap());
    }
    let admin = running.address("admin");
    assert!(ask(admin, "GET /healthz HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
    drop(running);

    let text = String::from_utf8(std::fs::read(&log).unwrap()).unwrap();
    // Whether a sync of the queue began after the latest batch came, and whether it has ended.
    let (mut is_open, mut begun, mut is_durable, mut answered) = (false, None::<String>, false, 0);
    for line in text.lines() {
        let (process, call) = line.split_once(' ').unwrap_or((line, ""));
        let call = call.trim_start();
        if call.contains("\"POST /audit/shop") {
            (is_open, begun, is_durable) = (true, None, false);
        } else if (call.starts_with("fsync(") || call.starts_with("fdatasync("))
            && call.contains("/shop/queue>")
        {
            if call.ends_with("<unfinished ...>") {
                begun = Some(process.to_owned());
            } else {
                is_durable |= is_open && call.ends_with("= 0");
            }
        } else if call.contains("sync resumed>") && begun.as_deref() == Some(process) {
            is_durable |= is_open && call.ends_with("= 0");
        } else if is_open && call.contains("\"HTTP/1.1 200") {
            assert!(is_durable, "batch {answered} was answered before it was synced: {line}");
            (is_open, answered) = (false, answered + 1);
        }
    }
    assert_eq!(answered, BATCHES);
}
