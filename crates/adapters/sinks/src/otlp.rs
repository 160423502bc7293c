//! Findings as log records of OpenTelemetry, by OTLP over HTTP in JSON.
//!
//! Source: OpenTelemetry, *OTLP Specification* 1.9, "OTLP/HTTP", "JSON Protobuf Encoding": names in lowerCamelCase, 64-bit numbers as
//! texts, enumerations as numbers; `opentelemetry/proto/logs/v1/logs.proto`; *Semantic conventions* for the names of attributes.

use ringwall_detect::output::Scope;
use ringwall_model::Severity;
use serde_json::{Value, json};

use crate::post::{Post, Receiver};
use crate::settings::OtlpSettings;
use crate::{Clock, Fault, Format, Notice};

/// How many records a request has.
const BATCH: usize = 64;
/// Longest body: collectors take 20 MiB by default, and gateways before them often a megabyte.
const MAX_BODY: usize = 1 << 20;

/// A collector.
#[derive(Debug)]
pub(crate) struct Otlp {
    post: Post,
    clock: Clock,
}

impl Otlp {
    pub(crate) fn new(settings: &OtlpSettings, clock: Clock) -> Result<Self, String> {
        let post = Post::new(&Receiver {
            url: &settings.url,
            allow: &settings.allow,
            ca_file: settings.ca_file.as_deref(),
            bearer_file: settings.bearer_file.as_deref(),
            plain: true,
        })?;
        Ok(Self { post, clock })
    }

    pub(crate) const fn batch(&self) -> usize {
        BATCH
    }

    pub(crate) async fn send(&self, batch: &[&Notice]) -> Result<(), Fault> {
        let body = request(batch, self.clock.now()).to_string();
        if body.len() > MAX_BODY {
            return Err(Fault::Notice(format!(
                "the body would have {} bytes; at most {MAX_BODY} are sent",
                body.len()
            )));
        }
        let answer = self.post.json(body.into(), &[]).await?;
        match rejected(&answer.body) {
            None => Ok(()),
            Some(why) if batch.len() == 1 => Err(Fault::Notice(why)),
            Some(why) => Err(Fault::SomeOf(why)),
        }
    }
}

/// Why records were rejected, if some were. Source: as above, "Partial Success": `rejected_log_records` is how many, and the request
/// must not be sent again; without any, it is a warning.
fn rejected(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let partial = answer.get("partialSuccess")?;
    let count = partial.get("rejectedLogRecords").map(|count| match count {
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_i64().unwrap_or(0),
    });
    let message: String =
        partial.get("errorMessage").and_then(Value::as_str).unwrap_or_default().chars().take(200).collect();
    match count.unwrap_or(0) {
        0 if message.is_empty() => None,
        0 => {
            tracing::warn!(message, "the collector took all records, and has a remark");
            None
        }
        count => Some(format!("the collector rejected {count} records: {message}")),
    }
}

/// An `ExportLogsServiceRequest`. `now` is in seconds since 1970.
fn request(batch: &[&Notice], now: i64) -> Value {
    // Records of one cluster after the other share what is said of it.
    let of_cluster = batch.chunk_by(|one, other| place(&one.scope) == place(&other.scope)).map(|notices| {
        let records: Vec<Value> = notices.iter().map(|notice| record(notice, now)).collect();
        let scope = notices.first().map(|notice| place(&notice.scope)).unwrap_or_default();
        let [account, region, cluster] = scope;
        let known = [("cloud.account.id", account), ("cloud.region", region), ("k8s.cluster.name", cluster)];
        let fixed = [("service.name", "ringwall"), ("cloud.provider", "aws"), ("cloud.platform", "aws_eks")];
        json!({
            "resource": {"attributes": attributes(fixed.into_iter().chain(known))},
            "scopeLogs": [{
                "scope": {"name": "ringwall", "version": env!("CARGO_PKG_VERSION")},
                "logRecords": records,
            }],
        })
    });
    json!({"resourceLogs": of_cluster.collect::<Vec<_>>()})
}

fn place(scope: &Scope) -> [&str; 3] {
    [&scope.account, &scope.region, &scope.cluster].map(|text| text.as_deref().unwrap_or_default())
}

fn record(notice: &Notice, now: i64) -> Value {
    let (finding, details) = (&notice.finding, &notice.finding.details);
    let (first, last) = notice.seen();
    let call = details.api_call.as_ref();
    let workload = details.workload.as_ref();
    let source =
        call.and_then(|call| call.source_ips.first()).or(details.aws_call.as_ref().map(|call| &call.source));
    let actor = if details.actor.username.is_empty() { &details.actor.arn } else { &details.actor.username };
    let namespace = workload.map(|of| &of.namespace).or(call.map(|call| &call.namespace));
    let pod = workload.filter(|workload| workload.kind == "pods").map(|workload| &workload.name);
    let id = notice.id();
    let json = Format::Json.value(notice).to_string();
    let first = ringwall_model::time::text(first);
    let mut attributes = attributes([
        ("ringwall.finding.id", id.as_str()),
        ("ringwall.finding.type", finding.kind.name),
        ("ringwall.finding.title", finding.kind.title),
        ("ringwall.finding.remedy", finding.kind.remedy),
        ("ringwall.finding.what", notice.what.name()),
        ("ringwall.finding.first_seen", &first),
        ("ringwall.finding.json", &json),
        ("user.name", actor),
        ("source.address", text(source)),
        ("k8s.namespace.name", text(namespace)),
        ("k8s.pod.name", text(pod)),
    ]);
    attributes
        .push(json!({"key": "ringwall.finding.count", "value": {"intValue": finding.count.to_string()}}));
    let body = if details.description.is_empty() { finding.kind.title } else { details.description.as_str() };
    json!({
        "timeUnixNano": nanoseconds(last, 1_000_000),
        "observedTimeUnixNano": nanoseconds(now, 1_000_000_000),
        "severityNumber": severity(finding.severity),
        "severityText": finding.severity.name(),
        "eventName": "ringwall.finding",
        "body": {"stringValue": body},
        "attributes": attributes,
    })
}

fn text(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

/// A `fixed64` of nanoseconds since 1970.
fn nanoseconds(time: i64, each: i64) -> String {
    time.max(0).saturating_mul(each).to_string()
}

/// What OpenTelemetry calls INFO, WARN, ERROR and FATAL. Source: as above, *Logs Data Model*, "Field: SeverityNumber".
fn severity(severity: Severity) -> u32 {
    match severity {
        Severity::Low => 9,
        Severity::Medium => 13,
        Severity::High => 17,
        Severity::Critical => 21,
    }
}

/// Attributes that are texts and not empty.
fn attributes<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Value> {
    let filled = all.into_iter().filter(|(_, text)| !text.is_empty());
    filled.map(|(key, text)| json!({"key": key, "value": {"stringValue": text}})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::notices;

    #[test]
    fn what_is_rejected_is_told() {
        for answer in [
            "",
            "{}",
            "{\"partialSuccess\":{}}",
            "{\"partialSuccess\":{\"rejectedLogRecords\":\"0\"}}",
            "[]",
            "x",
            "{\"partialSuccess\":{\"rejectedLogRecords\":0,\"errorMessage\":\"slow\"}}",
        ] {
            assert_eq!(rejected(answer.as_bytes()), None, "{answer}");
        }
        for answer in [
            "{\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"late\"}}",
            "{\"partialSuccess\":{\"rejectedLogRecords\":2,\"errorMessage\":\"late\"}}",
        ] {
            assert_eq!(rejected(answer.as_bytes()).unwrap(), "the collector rejected 2 records: late");
        }
    }

    #[test]
    fn records_of_one_cluster_share_its_resource() {
        let mut notices = notices(3);
        notices[2].scope.cluster = Some("other".to_owned());
        let request = request(&notices.iter().collect::<Vec<_>>(), 1_795_000_001);
        let records =
            |at: usize| request["resourceLogs"][at]["scopeLogs"][0]["logRecords"].as_array().unwrap().len();
        assert_eq!((records(0), records(1)), (2, 1));
        let record = &request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        assert_eq!(record["timeUnixNano"], "1795000000123000000");
        assert_eq!(record["observedTimeUnixNano"], "1795000001000000000");
    }
}
