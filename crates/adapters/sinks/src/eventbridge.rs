//! Findings as events of EventBridge.
//!
//! Source: AWS, *GuardDuty User Guide*, "Processing GuardDuty findings with Amazon EventBridge"; *EventBridge User Guide*, "Event
//! structure reference"; *EventBridge API Reference*, PutEvents.

use ringwall_awsclient::{CallError, Client, Environment, Load};
use ringwall_detect::output;
use ringwall_model::time;
use serde_json::{Value, json};

use crate::settings::EventBridgeSettings;
use crate::{Fault, Notice};

/// The source of events unless the operator says otherwise: nobody but AWS may send those of `aws.guardduty`.
///
/// Source: AWS, *EventBridge API Reference*, PutEventsRequestEntry, `Source`; the service answers `NotAuthorizedForSourceException`.
pub(crate) const SOURCE: &str = "ringwall";
/// What rules look for.
const DETAIL_TYPE: &str = "GuardDuty Finding";
/// Most entries of a call. Source: as above, PutEvents, `Entries`.
const MAX_ENTRIES: usize = 10;
/// Bytes of a call's entries together, as the service counts them, at most: what every region took from the first on. A single entry
/// may have more, of which the service itself is the judge.
///
/// Source: AWS, *EventBridge User Guide*, "Calculating PutEvents event entry size"; raised to 1 MB in January 2026.
const MAX_CALL: usize = 256_000;
/// What the service counts for a time.
const TIME_BYTES: usize = 14;

/// The event that GuardDuty would send of a finding.
pub(crate) fn event(notice: &Notice, source: &str) -> Value {
    let detail = output::guardduty(&notice.finding, &notice.scope);
    let (_, last) = notice.seen();
    let mut event = json!({
        "version": "0",
        "id": uuid(&notice.telling()),
        "detail-type": DETAIL_TYPE,
        "source": source,
        "account": "",
        "time": time::text(last),
        "region": "",
        "resources": [],
    });
    for (name, member) in [("account", "accountId"), ("region", "region")] {
        if let (Some(event), Some(value)) = (event.get_mut(name), detail.get(member)) {
            *event = value.clone();
        }
    }
    if let Some(event) = event.as_object_mut() {
        event.insert("detail".to_owned(), detail);
    }
    event
}

/// 32 hexadecimal digits as a UUID of version 8, which is left to whoever makes it. Source: RFC 9562, section 5.8.
fn uuid(digits: &str) -> String {
    let mut digits = digits.chars();
    let mut take = |count: usize| digits.by_ref().take(count).collect::<String>();
    let (first, second) = (take(8), take(4));
    let (third, fourth) = (take(3), take(3));
    format!("{first}-{second}-8{third}-8{fourth}-{}", take(12))
}

/// An event bus of AWS's.
#[derive(Debug)]
pub(crate) struct EventBridge {
    client: Client,
    bus: Option<String>,
    source: String,
}

impl EventBridge {
    pub(crate) fn new(settings: &EventBridgeSettings, environment: &Environment) -> Result<Self, String> {
        let endpoint = settings.endpoint.as_deref().map(str::parse).transpose();
        let endpoint = endpoint.map_err(|error: ringwall_http::UrlError| error.to_string())?;
        let load = Load::new(environment).endpoint(endpoint).region(settings.region.clone());
        let client = load.roots(settings.ca_file.clone()).client();
        let client = client.map_err(|error| ringwall_model::error_chain(&error))?;
        if settings.source.is_empty() || settings.source.starts_with("aws.") {
            return Err(format!(
                "`{}` is no source of events: it has a name that does not begin with `aws.`, which is AWS's own",
                settings.source
            ));
        }
        Ok(Self { client, bus: settings.bus.clone(), source: settings.source.clone() })
    }

    pub(crate) const fn batch(&self) -> usize {
        MAX_ENTRIES
    }

    /// Puts events; the positions of those that were taken are added to `taken`, also when others were not.
    pub(crate) async fn send(&self, batch: &[&Notice], taken: &mut Vec<u64>) -> Result<(), Fault> {
        let entries: Vec<(u64, Value)> =
            batch.iter().map(|notice| (notice.position, self.entry(notice))).collect();
        let mut fault = None;
        for call in calls(entries) {
            let (positions, entries): (Vec<u64>, Vec<Value>) = call.into_iter().unzip();
            let answer =
                self.client.json("events", "AWSEvents.PutEvents", &json!({"Entries": entries})).await;
            let answer = answer.map_err(|error| refusal(&error))?;
            let results = answer.get("Entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            if results.len() != positions.len() {
                return Err(Fault::retry("the answer to PutEvents has not as many entries as the call"));
            }
            for (position, result) in positions.into_iter().zip(results) {
                match result.get("ErrorCode").and_then(Value::as_str) {
                    None => taken.push(position),
                    Some(code) => {
                        let message = result.get("ErrorMessage").and_then(Value::as_str).unwrap_or_default();
                        fault = Some(worse(fault, of_entry(code, message)));
                    }
                }
            }
            // What follows waits for what is tried again.
            if matches!(fault, Some(Fault::Retry { .. } | Fault::Closed(_))) {
                break;
            }
        }
        fault.map_or(Ok(()), Err)
    }

    fn entry(&self, notice: &Notice) -> Value {
        let (_, last) = notice.seen();
        let detail = output::guardduty(&notice.finding, &notice.scope);
        let mut entry = json!({
            "Time": last.div_euclid(1000),
            "Source": self.source,
            "Resources": [],
            "DetailType": DETAIL_TYPE,
            "Detail": detail.to_string(),
        });
        if let (Some(bus), Some(entry)) = (&self.bus, entry.as_object_mut()) {
            entry.insert("EventBusName".to_owned(), bus.as_str().into());
        }
        entry
    }
}

/// Entries by calls, each with as many as one may have, in their order.
fn calls(entries: Vec<(u64, Value)>) -> Vec<Vec<(u64, Value)>> {
    let mut calls: Vec<Vec<(u64, Value)>> = Vec::new();
    let mut bytes = 0_usize;
    for entry in entries {
        let size = size(&entry.1);
        match calls
            .last_mut()
            .filter(|call| call.len() < MAX_ENTRIES && bytes.saturating_add(size) <= MAX_CALL)
        {
            Some(call) => {
                bytes = bytes.saturating_add(size);
                call.push(entry);
            }
            None => {
                bytes = size;
                calls.push(vec![entry]);
            }
        }
    }
    calls
}

/// As the service counts it: see [`MAX_CALL`].
fn size(entry: &Value) -> usize {
    let texts = ["Source", "DetailType", "Detail"].iter().filter_map(|name| entry.get(name)?.as_str());
    texts.map(str::len).sum::<usize>().saturating_add(TIME_BYTES)
}

/// Why a whole call failed.
fn refusal(error: &CallError) -> Fault {
    let why = error.to_string();
    // The one error of a call that is about what is in it: other wrongs of the client are about who and where.
    match error.code.as_str() {
        "ValidationException" | "RequestEntityTooLarge" | "InvalidArgument" => Fault::Notice(why),
        _ if error.status == 413 => Fault::Notice(why),
        _ if error.is_client_error() => Fault::Closed(why),
        _ => Fault::retry(why),
    }
}

/// Why an entry failed. Source: AWS, *EventBridge API Reference*, PutEventsResultEntry, `ErrorCode`.
fn of_entry(code: &str, message: &str) -> Fault {
    let why = format!("PutEvents: {code}: {message}");
    match code {
        "MalformedDetail" | "InvalidArgument" => Fault::Notice(why),
        "AccessDeniedException"
        | "InvalidAccountIdException"
        | "NotAuthorizedForSourceException"
        | "NotAuthorizedForDetailTypeException"
        | "ResourceNotFoundException" => Fault::Closed(why),
        _ => Fault::retry(why),
    }
}

/// Of two faults the one that decides what is done next: nothing is set aside while the service is not well.
fn worse(one: Option<Fault>, other: Fault) -> Fault {
    match (one, other) {
        (Some(closed @ Fault::Closed(_)), _) => closed,
        (_, closed @ Fault::Closed(_)) => closed,
        (Some(retry @ Fault::Retry { .. }), _) => retry,
        (_, other) => other,
    }
}
