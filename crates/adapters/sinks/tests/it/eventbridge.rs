use std::process::Command;

use ringwall_awsclient::{Client, Config, Endpoints, Environment, Static};
use ringwall_sinks::{Again, Parts, Sink, SinkSettings};
use serde_json::{Value, json};

use crate::fixture::notices;
use crate::process::{Process, free, program};
use crate::receiver::{Answer, Receiver, Sent};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn sink(folder: &std::path::Path, endpoint: &str, more: &str) -> Sink {
    let text = format!(
        "[[sink]]\nname = 'bus'\nto.eventbridge = {{ endpoint = '{endpoint}', region = 'eu-central-1' {more} }}"
    );
    let environment = Environment::of([("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    let parts = Parts { environment, ..Parts::new(folder.to_owned()) };
    Sink::new(&SinkSettings::parse(&text).unwrap()[0], &parts).unwrap()
}

/// The findings' ids in a call.
fn ids(sent: &Sent) -> Vec<String> {
    let entries = sent.json()["Entries"].as_array().unwrap().clone();
    let id = |entry: &Value| -> String {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        detail["id"].as_str().unwrap().to_owned()
    };
    entries.iter().map(id).collect()
}

#[tokio::test]
async fn entries_that_fail_are_put_again_and_the_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<String> = notices(12).iter().map(|notice| notice.id()).collect();
    let (throttled, malformed) = (all[1].clone(), all[3].clone());
    let mut calls = 0;
    let receiver = Receiver::start(move |sent| {
        calls += 1;
        let results: Vec<Value> = ids(sent)
            .iter()
            .map(|id| match id {
                _ if *id == throttled && calls == 1 => json!({"ErrorCode": "ThrottlingException"}),
                _ if *id == malformed => json!({"ErrorCode": "MalformedDetail", "ErrorMessage": "no"}),
                _ => json!({"EventId": "e"}),
            })
            .collect();
        Answer { body: json!({"FailedEntryCount": 1, "Entries": results}).to_string(), ..Answer::from(200) }
    })
    .await;
    let ca = format!(", bus = 'security', ca-file = '{}'", receiver.ca_file.display());
    let sink = sink(folder.path(), &receiver.url("/"), &ca);
    let failure = sink.deliver(&notices(12)).await.unwrap_err();
    assert_eq!((failure.again, failure.done), (Again::Retry { after: None }, 1), "{failure}");
    let sent = receiver.take();
    assert_eq!((sent.len(), ids(&sent[0])), (1, all[..10].to_vec()));
    assert_eq!(sent[0].header("x-amz-target"), "AWSEvents.PutEvents");
    assert_eq!(sent[0].json()["Entries"][0]["EventBusName"], "security");
    sink.deliver(&notices(12)).await.unwrap();
    let again: Vec<Vec<String>> = receiver.take().iter().map(ids).collect();
    assert_eq!(again, [[&all[1..2], &all[3..4], &all[10..]].concat()]);
    assert_eq!((sink.counted().delivered, sink.counted().refused), (11, 1));
}

#[test]
fn nobody_but_aws_sends_in_its_name() {
    let text =
        "[[sink]]\nname = 'bus'\nto.eventbridge = { source = 'aws.guardduty', region = 'eu-central-1' }";
    let settings = &SinkSettings::parse(text).unwrap()[0];
    let refused = Sink::new(settings, &Parts::new(".".into())).unwrap_err();
    assert!(refused.to_string().contains("AWS's own"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs moto; cargo xtask test runs it"]
async fn a_rule_for_guardduty_findings_fits() {
    let folder = tempfile::tempdir().unwrap();
    let address = free();
    let mut command = Command::new(program("RINGWALL_MOTO"));
    let _moto =
        Process::listening(command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]), address);
    let url = format!("http://{address}");
    let mut config = Config::new("eu-central-1", std::sync::Arc::new(Static::key(KEY, "secret".to_owned())));
    config.endpoints = Endpoints::all(url.parse().unwrap());
    let aws = Client::new(config).unwrap();
    let call = async |service, target: &str, body: Value| aws.json(service, target, &body).await.unwrap();
    let group = "findings";
    call("logs", "Logs_20140328.CreateLogGroup", json!({"logGroupName": group})).await;
    call("events", "AWSEvents.CreateEventBus", json!({"Name": "security"})).await;
    let pattern = json!({
        "source": ["ringwall"],
        "detail-type": ["GuardDuty Finding"],
        "detail": {"type": [{"prefix": "Execution:"}], "severity": [{"numeric": [">=", 4]}]},
    });
    let rule = json!({"Name": "all", "EventBusName": "security", "EventPattern": pattern.to_string()});
    call("events", "AWSEvents.PutRule", rule).await;
    let arn = format!("arn:aws:logs:eu-central-1:123456789012:log-group:{group}");
    let targets = json!({"Rule": "all", "EventBusName": "security", "Targets": [{"Id": "1", "Arn": arn}]});
    call("events", "AWSEvents.PutTargets", targets).await;

    let notices = notices(12);
    let sink = sink(folder.path(), &url, ", bus = 'security'");
    sink.deliver(&notices).await.unwrap();
    let logged = call("logs", "Logs_20140328.FilterLogEvents", json!({"logGroupName": group})).await;
    let received: Vec<Value> = logged["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| serde_json::from_str(event["message"].as_str().unwrap()).unwrap())
        .collect();
    let mut told: Vec<&str> = received.iter().map(|event| event["detail"]["id"].as_str().unwrap()).collect();
    told.sort_unstable();
    let mut expected: Vec<String> = notices.iter().map(|notice| notice.id()).collect();
    expected.sort_unstable();
    assert_eq!(told, expected);
    for event in &received {
        assert_eq!(event["detail-type"], "GuardDuty Finding");
        assert_eq!(event["detail"]["resource"]["eksClusterDetails"]["name"], "shop");
        assert_eq!(event["time"], "2026-11-18T11:06:40Z");
    }
}
