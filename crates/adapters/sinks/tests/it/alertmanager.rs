use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ringwall_model::Severity;
use ringwall_sinks::{Clock, Parts, Sink, SinkSettings};
use serde_json::Value;

use crate::fixture::notices;
use crate::process::{Process, free, program};
use crate::receiver::{Answer, Receiver, get};

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn sink(folder: &Path, url: &str, endpoint: &str, more: &str, clock: Clock) -> Sink {
    let text = format!(
        "[[sink]]\nname = 'pager'\nto.alertmanager = {{ url = '{url}', allow = ['{endpoint}'], hold-seconds = 600, \
         generator-url = 'https://ringwall.example/findings/{{id}}' {more} }}"
    );
    let parts = Parts { clock, ..Parts::new(folder.to_owned()) };
    Sink::new(&SinkSettings::parse(&text).unwrap()[0], &parts).unwrap()
}

#[tokio::test]
async fn alerts_are_sent_again_until_they_end_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_| Answer::from(200)).await;
    let time = Arc::new(AtomicI64::new(1_795_000_100));
    let clock = || {
        let time = Arc::clone(&time);
        Clock::new(move || time.load(Ordering::Relaxed))
    };
    let more = format!(", ca-file = '{}'", receiver.ca_file.display());
    let made = || sink(folder.path(), &receiver.url("/api/v2/alerts"), &receiver.endpoint(), &more, clock());
    let sink = made();
    assert_eq!(sink.upkeep_every(), Some(Duration::from_secs(60)));
    sink.deliver(&notices(2)).await.unwrap();
    let first = receiver.take();
    assert_eq!((first.len(), first[0].path.as_str()), (1, "/api/v2/alerts"));
    let alerts = first[0].json();
    assert_eq!(alerts[0]["labels"]["alertname"], "Execution:Kubernetes/ExecInKubeSystemPod");
    assert_eq!(alerts[0]["labels"]["namespace"], "shop");
    assert_eq!(alerts[0]["startsAt"], "2026-11-18T11:06:40.123Z");
    assert_eq!(alerts[0]["endsAt"], "2026-11-18T11:18:20.000Z");
    drop(sink);
    let sink = made();
    time.fetch_add(300, Ordering::Relaxed);
    sink.upkeep().await.unwrap();
    let sort = |value: &Value| {
        let mut all: Vec<String> = value.as_array().unwrap().iter().map(Value::to_string).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(sort(&receiver.take()[0].json()), sort(&alerts), "as they were, with the same end");
    time.fetch_add(300, Ordering::Relaxed);
    sink.upkeep().await.unwrap();
    assert_eq!(receiver.take().len(), 0);
}

/// Alertmanager itself, without peers, with nobody to notify.
fn alertmanager(folder: &Path, address: SocketAddr) -> Process {
    let config = folder.join("alertmanager.yml");
    std::fs::write(&config, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").unwrap();
    let mut command = Command::new(program("RINGWALL_ALERTMANAGER"));
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--cluster.listen-address=");
    Process::listening(&mut command, address)
}

/// The alerts that it has, by their labels' `finding` and `severity`.
async fn alerts(address: SocketAddr) -> Vec<(String, String, String)> {
    let all: Value = serde_json::from_slice(&get(&format!("http://{address}/api/v2/alerts")).await).unwrap();
    let mut all: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            assert!(text(&alert["generatorURL"]).ends_with(&text(&alert["labels"]["finding"])));
            (
                text(&alert["labels"]["finding"]),
                text(&alert["labels"]["severity"]),
                text(&alert["status"]["state"]),
            )
        })
        .collect();
    all.sort_unstable();
    all
}

#[tokio::test]
#[ignore = "needs Alertmanager; cargo xtask test runs it"]
async fn alertmanager_has_what_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let address = free();
    let mut running = alertmanager(folder.path(), address);
    let url = format!("http://{address}/api/v2/alerts");
    let sink = sink(folder.path(), &url, &address.to_string(), "", Clock::new(now));
    let mut notices = notices(3);
    sink.deliver(&notices).await.unwrap();
    let active = |of: &[ringwall_sinks::Notice]| {
        let mut all: Vec<_> = of
            .iter()
            .map(|notice| (notice.id(), notice.finding.severity.name().to_owned(), "active".to_owned()))
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(alerts(address).await, active(&notices));
    // Counted up, it is the same alert; when it gets worse, the one before ends.
    notices[0].finding.count = 5;
    notices[1].finding.severity = Severity::Critical;
    sink.deliver(&notices[..2]).await.unwrap();
    assert_eq!(alerts(address).await, active(&notices));
    // Alertmanager forgets all when it restarts.
    running.stop();
    let _running = alertmanager(folder.path(), address);
    assert_eq!(alerts(address).await, []);
    sink.upkeep().await.unwrap();
    assert_eq!(alerts(address).await, active(&notices));
}
