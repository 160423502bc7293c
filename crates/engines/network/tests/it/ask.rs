//! Questions as one line of text.

use ringwall_model::network::Protocol;
use ringwall_model::{Cluster, Decision, Verdict};
use ringwall_network::{Network, Port, Who};

/// `ns/pod`, `ns/Kind/name`, `svc:ns/name`, `node:name`, or an address.
pub(crate) fn who(text: &str) -> Who {
    if let Ok(address) = text.parse() {
        return Who::Address(address);
    }
    if let Some(name) = text.strip_prefix("node:") {
        return Who::Node { name: name.into() };
    }
    let (service, text) = (text.starts_with("svc:"), text.trim_start_matches("svc:"));
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        [namespace, name] if service => Who::Service { namespace: namespace.into(), name: name.into() },
        [namespace, name] => Who::Pod { namespace: namespace.into(), name: name.into() },
        [namespace, kind, name] => {
            Who::Workload { namespace: namespace.into(), kind: kind.into(), name: name.into() }
        }
        _ => panic!("nobody: {text}"),
    }
}

/// `80`, `web`, `53/UDP`.
pub(crate) fn ask(cluster: &Cluster, from: &str, to: &str, port: &str) -> Decision {
    let (port, protocol) = port.split_once('/').unwrap_or((port, "TCP"));
    let port = port.parse().map_or_else(|_| Port::Name(port.into()), Port::Number);
    Network::new(cluster).connects(&who(from), &who(to), &port, Protocol::parse(protocol).unwrap()).unwrap()
}

pub(crate) fn allowed(cluster: &Cluster, from: &str, to: &str, port: &str) {
    let decision = ask(cluster, from, to, port);
    assert_eq!(decision.verdict, Verdict::Allowed, "{from} to {to} {port}: {decision:#?}");
}

pub(crate) fn denied(cluster: &Cluster, from: &str, to: &str, port: &str) {
    let decision = ask(cluster, from, to, port);
    assert_eq!(decision.verdict, Verdict::Denied, "{from} to {to} {port}: {decision:#?}");
}

pub(crate) fn unknown(cluster: &Cluster, from: &str, to: &str, port: &str) -> String {
    let decision = ask(cluster, from, to, port);
    assert_eq!(decision.verdict, Verdict::Unknown, "{from} to {to} {port}: {decision:#?}");
    decision.not_evaluated.join("; ")
}

/// Everything that the reasons say, a line each: where it is written, then what it says.
pub(crate) fn why(cluster: &Cluster, from: &str, to: &str, port: &str) -> String {
    let decision = ask(cluster, from, to, port);
    decision.reasons.iter().map(|reason| format!("{} {}\n", reason.source, reason.text)).collect()
}
