use std::sync::Arc;

use ringwall_model::network::{PortMatch, Protocol};
use ringwall_model::{Tree, Value};

use crate::refused::{Refused, integer, string};

/// Numbers that a port may have.
pub(super) const PORTS: std::ops::RangeInclusive<i64> = 1..=65_535;

/// Longest name of a port (`IsValidPortName`).
const MAX_PORT_NAME: usize = 15;

/// A port that is a number or a name.
pub(super) enum NumberOrName {
    Number(u16),
    Name(Arc<str>),
}

/// The protocol under a key, TCP if nothing is said.
pub(super) fn protocol(tree: &Tree, key: &str, refused: &mut Refused<'_>) -> Protocol {
    let Some(text) = string(tree, key, refused) else { return Protocol::Tcp };
    let known = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
    known.into_iter().find(|protocol| protocol.name() == &*text).unwrap_or_else(|| {
        let line = tree.get(key).map_or(tree.line, |value| value.line);
        refused.add(line, format_args!("`{key}` is `{text}`"), "it must be TCP, UDP or SCTP, in capitals");
        Protocol::Tcp
    })
}

/// A port under a key: a number within bounds or a port's name; `null` is as nothing, anything else is refused.
pub(super) fn number_or_name(tree: &Tree, key: &str, refused: &mut Refused<'_>) -> Option<NumberOrName> {
    let value = tree.get(key)?;
    match &value.value {
        Value::String(name) if is_port_name(name) => Some(NumberOrName::Name(Arc::clone(name))),
        Value::String(name) => {
            let hint = "a port's name has at most 15 lower-case letters, digits and `-`, one of them a letter; a number has no quotes";
            refused.add(value.line, format_args!("`{key}` is `{name}`, not a port's name"), hint);
            None
        }
        _ => port(tree, key, refused).map(NumberOrName::Number),
    }
}

/// A port under a key as a number.
pub(super) fn port(tree: &Tree, key: &str, refused: &mut Refused<'_>) -> Option<u16> {
    integer(tree, key, PORTS, refused).and_then(|port| u16::try_from(port).ok())
}

/// A range whose ends stand under two keys, both of which must be there.
pub(super) fn range(
    tree: &Tree,
    protocol: Protocol,
    is_good: impl Fn(u16, u16) -> bool,
    refused: &mut Refused<'_>,
) -> Option<PortMatch> {
    let (first, last) = (port(tree, "start", refused)?, port(tree, "end", refused)?);
    if is_good(first, last) {
        return Some(PortMatch::Range { protocol, first, last });
    }
    refused.add(
        tree.line,
        format_args!("the range of ports from {first} to {last}"),
        "`start` must be below `end`",
    );
    None
}

/// `IsValidPortName` of `apimachinery`.
fn is_port_name(name: &str) -> bool {
    name.len() <= MAX_PORT_NAME
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}
