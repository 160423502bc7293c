use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use ringwall_sinks::{Parts, Sink, SinkSettings};

use crate::fixture::notices;
use crate::process::{Process, free, program};
use crate::receiver::{Answer, Receiver};

fn sink(folder: &std::path::Path, url: &str, endpoint: &str, more: &str) -> Sink {
    let text =
        format!("[[sink]]\nname = 'otel'\nto.otlp = {{ url = '{url}', allow = ['{endpoint}'] {more} }}");
    Sink::new(&SinkSettings::parse(&text).unwrap()[0], &Parts::new(folder.to_owned())).unwrap()
}

#[tokio::test]
async fn what_a_collector_rejects_is_set_aside_and_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let answer = "{\"partialSuccess\":{\"rejectedLogRecords\":\"1\",\"errorMessage\":\"too old\"}}";
    let receiver = Receiver::start(move |_| Answer { body: answer.to_owned(), ..Answer::from(200) }).await;
    let more = format!(", ca-file = '{}'", receiver.ca_file.display());
    let sink = sink(folder.path(), &receiver.url("/v1/logs"), &receiver.endpoint(), &more);
    sink.deliver(&notices(3)).await.unwrap();
    assert_eq!(receiver.take().len(), 1);
    assert_eq!((sink.counted().delivered, sink.counted().refused), (0, 3));
    let kept = std::fs::read(folder.path().join("otel.refused.jsonl")).unwrap();
    let kept = String::from_utf8(kept).unwrap();
    assert_eq!(kept.matches("the collector rejected 1 records: too old").count(), 3);
}

/// The collector, which prints what it gets.
fn collector(address: SocketAddr) -> Process {
    let config = [
        format!("yaml:receivers::otlp::protocols::http::endpoint: {address}"),
        "yaml:exporters::debug::verbosity: detailed".to_owned(),
        "yaml:service::pipelines::logs::receivers: [otlp]".to_owned(),
        "yaml:service::pipelines::logs::exporters: [debug]".to_owned(),
        "yaml:service::telemetry::metrics::level: none".to_owned(),
    ];
    let mut command = Command::new(program("RINGWALL_COLLECTOR"));
    command.args(config.iter().flat_map(|part| ["--config", part]));
    Process::listening(&mut command, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a collector of OpenTelemetry; cargo xtask test runs it"]
async fn a_collector_reads_each_record() {
    let folder = tempfile::tempdir().unwrap();
    let address = free();
    let mut collector = collector(address);
    let sink = sink(folder.path(), &format!("http://{address}/v1/logs"), &address.to_string(), "");
    let notices = notices(2);
    sink.deliver(&notices).await.unwrap();
    assert_eq!(sink.counted().delivered, 2);
    // It prints after it has answered.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let said = collector.stop();
    for expected in [
        "service.name: Str(ringwall)",
        "cloud.account.id: Str(111122223333)",
        "k8s.cluster.name: Str(shop)",
        "SeverityText: medium",
        "SeverityNumber: Warn(13)",
        "Timestamp: 2026-11-18 11:06:40.123 +0000 UTC",
        "EventName: ringwall.finding",
        "ringwall.finding.count: Int(1)",
        "k8s.pod.name: Str(pod-2)",
        "Body: Str(mallory ran a command in the pod shop/pod-1 «λ».)",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    for notice in &notices {
        assert!(said.contains(&format!("ringwall.finding.id: Str({})", notice.id())));
    }
}
