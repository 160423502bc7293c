use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::{event, read, read_as, record, spots};

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::fast());
    std::io::Read::read_to_end(&mut encoder, &mut out).unwrap();
    out
}

/// What all entries are, whatever it was wrapped in; nothing is unreadable.
fn entries(text: &str) -> Vec<String> {
    let (entries, tally) = read(text);
    assert_eq!((tally.unreadable, &tally.spots, &tally.stopped), (0, &vec![], &None), "{text}");
    entries
}

#[test]
fn lines_are_events_whatever_ends_them() {
    let (a, b) = (event("a"), event("b"));
    for text in [
        format!("{a}\n{b}\n"),
        format!("{a}\n{b}"),
        format!("{a}\r\n{b}\r\n"),
        format!("\u{feff}{a}\n{b}"),
        format!("  {a}  \n\t{b}"),
        format!("{a}\n{b},"),
    ] {
        assert_eq!(entries(&text), ["audit a:1", "audit b:2"], "{text}");
    }
    assert_eq!(entries(&format!("\n\n{a}\n\n{b}\n\n")), ["audit a:3", "audit b:5"]);
    assert_eq!(entries(&format!("{a}{b}")), ["audit a:1", "audit b:1"], "Firehose ends no lines");
    assert_eq!(entries(""), [""; 0]);
}

#[test]
fn lists_are_events_with_lines() {
    let events = [value(&event("a")), value(&event("b"))];
    let list = json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": events});
    assert_eq!(entries(&list.to_string()), ["audit a:1", "audit b:1"]);
    assert_eq!(entries(&pretty(&list)), ["audit a:6", "audit b:21"]);
    assert_eq!(entries(&pretty(&json!(events))), ["audit a:2", "audit b:17"]);
    assert_eq!(entries(&pretty(&events[0])), ["audit a:1"]);
    let two = format!("{}\n{}\n", pretty(&events[0]), pretty(&events[1]));
    assert_eq!(entries(&two), ["audit a:1", "audit b:16"]);
    let split = format!("{{\"items\":[\n{},\n{}\n]}}\n", event("a"), event("b"));
    assert_eq!(entries(&split), ["audit a:2", "audit b:3"]);
}

#[test]
fn cloudtrail_comes_in_many_wrappings() {
    let (a, b) = (record("a"), record("b"));
    let file = format!("{{\"Records\":[{a},{b}]}}");
    assert_eq!(entries(&file), ["trail a:1", "trail b:1"]);
    assert_eq!(entries(&pretty(&value(&file))), ["trail a:3", "trail b:12"]);
    assert_eq!(entries(&format!("{a}\n{b}\n")), ["trail a:1", "trail b:2"]);
    assert_eq!(entries(&format!("[{file},{file}]")), ["trail a:1", "trail b:1", "trail a:1", "trail b:1"]);
    let lookup = json!({"Events": [
        {"EventId": "a", "EventName": "DescribeCluster", "Username": "ann", "CloudTrailEvent": a},
        {"EventId": "b", "EventName": "DescribeCluster", "Username": "ann", "CloudTrailEvent": b},
    ], "NextToken": "x"});
    assert_eq!(entries(&pretty(&lookup)), ["trail a:3", "trail b:9"]);
    let bridge = json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": value(&a)});
    assert_eq!(entries(&bridge.to_string()), ["trail a:1"]);
}

const STREAM: &str = "kube-apiserver-audit-0123456789abcdef0123456789abcdef";

#[test]
fn cloudwatch_is_unwrapped_and_its_logs_are_told_apart() {
    let plain = "I1012 08:05:12.123456 1 scheduler.go:12] \"bound\" pod=\"shop/cart\"";
    let events = json!({"events": [
        {"logStreamName": STREAM, "timestamp": 1, "message": event("a"), "ingestionTime": 2, "eventId": "1"},
        {"logStreamName": "kube-scheduler-01", "timestamp": 1, "message": plain},
        {"logStreamName": "kube-apiserver-01", "timestamp": 1, "message": plain},
        {"logStreamName": "authenticator-01", "timestamp": 1, "message": "time=\"2026-10-12\" level=info"},
        {"logStreamName": "authenticator-01", "timestamp": 1, "message": "{\"level\":\"info\"}"},
        {"logStreamName": "kube-controller-manager-01", "timestamp": 1, "message": plain},
        {"timestamp": 1, "message": record("b")},
    ], "searchedLogStreams": []});
    for text in [events.to_string(), pretty(&events)] {
        let (entries, tally) = read(&text);
        assert!(entries[0].starts_with("audit a:") && entries[1].starts_with("trail b:"), "{entries:?}");
        assert_eq!((entries.len(), tally.other_logs, tally.unreadable), (2, [0, 1, 2, 1, 1], 0));
    }
    let batch = json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/aws/eks/shop/cluster",
        "logStream": STREAM, "subscriptionFilters": ["all"], "logEvents": [
            {"id": "1", "timestamp": 1, "message": event("a")}, {"id": "2", "timestamp": 1, "message": event("b")}]});
    let both = ["audit a:1", "audit b:1"];
    assert_eq!(entries(&batch.to_string()), both);
    let packed = BASE64.encode(&gzip(batch.to_string().as_bytes()));
    assert_eq!(entries(&packed), both);
    assert_eq!(entries(&json!({"awslogs": {"data": packed}, "data": packed}).to_string()), both);
    assert_eq!(entries(&json!({"Records": [{"kinesis": {"data": packed}}]}).to_string()), both);
    assert_eq!(entries(&json!({"records": [{"recordId": "1", "data": packed}]}).to_string()), both);
    let scheduler = json!({"logStream": "kube-scheduler-01", "logEvents": [{"id": "1", "message": plain}]});
    assert_eq!(read(&scheduler.to_string()).1.other_logs, [0, 0, 0, 0, 1]);
    let control = json!({"messageType": "CONTROL_MESSAGE", "logStream": "", "logEvents": [
        {"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."}]});
    assert_eq!(entries(&control.to_string()), [""; 0]);
    let insights = json!({"results": [
        [{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": event("a")}],
        [{"field": "@logStream", "value": "kube-scheduler-01"}, {"field": "@message", "value": plain}],
    ], "status": "Complete"});
    assert_eq!(entries(&pretty(&insights)), ["audit a:3"]);
}

#[test]
fn exports_and_tails_have_the_time_before_the_text() {
    let name = format!("export/0f1e/{STREAM}/000000");
    let line = format!("2026-10-12T08:05:12.123Z {}\n", event("a"));
    let (told, tally) = read_as(&name, line.repeat(2).as_bytes());
    assert_eq!((told.len(), tally.audit, tally.unreadable), (2, 2, 0));
    let plain = "2026-10-12T08:05:12.123Z I1012 08:05:12.123456 1 scheduler.go:12] bound\n";
    let (_, tally) = read_as("export/0f1e/kube-scheduler-01/000000.gz", plain.as_bytes());
    assert_eq!((tally.other_logs, tally.unreadable), ([0, 0, 0, 0, 1], 0));
    assert_eq!(spots(&read_as("log", plain.as_bytes()).1), [1], "nobody says what it is");
    let tail = format!("2026-10-12T08:05:12.123000+00:00 {STREAM} {}\n", event("a"));
    assert_eq!(entries(&tail), ["audit a:1"]);
    let container = format!("2026-10-12T08:05:12.123456789Z stdout F {}\n", event("a"));
    assert_eq!(entries(&container), ["audit a:1"]);
}
