//! A line of the agent's flow log, and what the AWS CLI prints of a log group.

use std::net::IpAddr;

use ringwall_model::network::Protocol;
use ringwall_network::Who;
use serde::Deserialize;

use super::Flow;

/// Messages of one line: CloudWatch answers with at most 10,000 events.
const MAX_MESSAGES: usize = 10_000;

/// Either of the two. Fields that are not known are left out.
#[derive(Debug, Deserialize)]
struct Line {
    from: Option<End>,
    to: Option<End>,
    protocol: Option<Written>,
    port: Option<u64>,
    verdict: Option<String>,
    count: Option<u64>,
    message: Option<String>,
    events: Option<Vec<Event>>,
}

#[derive(Debug, Deserialize)]
struct Event {
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct End {
    pod: Option<String>,
    ip: Option<String>,
}

/// A protocol by name, or by number as text or as a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Name(String),
}

/// Reads an object: a flow with its count, or messages that are records; neither is something else that is no flow.
pub(super) fn parse(text: &str, messages: &mut Vec<String>) -> Result<Option<(Flow, u64)>, String> {
    let line: Line = serde_json::from_str(text).map_err(|error| format!("no flow: {error}"))?;
    messages.extend(line.message);
    let events = line.events.unwrap_or_default();
    if events.len() > MAX_MESSAGES {
        return Err(format!("{} events on a line; the limit is {MAX_MESSAGES}", events.len()));
    }
    messages.extend(events.into_iter().filter_map(|event| event.message));
    if !messages.is_empty() {
        return Ok(None);
    }
    let (Some(from), Some(to)) = (&line.from, &line.to) else {
        return Err("a flow has `from` and `to`".to_owned());
    };
    let protocol = match &line.protocol {
        None => Some(Protocol::Tcp),
        Some(Written::Name(name)) => Protocol::parse(name).or_else(|| number(name.parse().ok()?)),
        Some(Written::Number(given)) => number(*given),
    };
    // Policies speak of four protocols; flows of others are counted.
    let Some(protocol) = protocol else { return Ok(None) };
    let port = match (protocol, line.port) {
        (Protocol::Icmp, _) => None,
        (_, Some(port)) => {
            Some(u16::try_from(port).ok().filter(|port| *port > 0).ok_or("a `port` is 1 to 65535")?)
        }
        (_, None) => return Err("a flow has a `port`".to_owned()),
    };
    let allowed = match line.verdict.as_deref() {
        None | Some("allowed") => true,
        Some("denied") => false,
        Some(other) => return Err(format!("unknown verdict `{other}`")),
    };
    let flow = Flow { from: end(from)?, to: end(to)?, protocol, port, allowed };
    Ok(Some((flow, line.count.unwrap_or(1))))
}

fn end(end: &End) -> Result<Who, String> {
    match (&end.pod, &end.ip) {
        (Some(pod), None) => match pod.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Who::Pod { namespace: namespace.into(), name: name.into() })
            }
            _ => Err(format!("`{pod}` is not NAMESPACE/NAME")),
        },
        (None, Some(address)) => {
            let parsed = address.parse::<IpAddr>().map_err(|_| format!("`{address}` is not an address"))?;
            Ok(Who::Address(parsed))
        }
        _ => Err("an end is a `pod` or an `ip`".to_owned()),
    }
}

/// Protocols by their numbers. Source: IANA, *Protocol Numbers*.
pub(super) fn number(number: u64) -> Option<Protocol> {
    match number {
        1 | 58 => Some(Protocol::Icmp),
        6 => Some(Protocol::Tcp),
        17 => Some(Protocol::Udp),
        132 => Some(Protocol::Sctp),
        _ => None,
    }
}
