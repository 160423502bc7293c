use std::collections::{BTreeMap, BTreeSet};

use ringwall_model::network::Protocol;
use ringwall_network::Span;

use crate::table::Set;

/// Numbers in the IP header of the protocols that have keys of their own.
const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// Types of ICMP that ask, and the type of the answer to each (RFC 792, RFC 950, RFC 4443); all have code 0.
const ANSWERS: [(u16, u16); 5] = [(8, 0), (13, 14), (15, 16), (17, 18), (128, 129)];

/// What becomes of a class's packets, as a chain and the map of its ports.
pub(crate) struct ClassChain {
    pub(crate) rules: Vec<String>,
    pub(crate) ports: Option<Set>,
}

/// Makes the chain of a class: its parts with the verdict of each, as nftables says it. What is in no part gets the verdict `otherwise`.
///
/// `map` is how the map of its ports will be called, `passes` whether any part lets through.
pub(crate) fn chain(parts: &[(Span, String)], map: &str, passes: bool, otherwise: &str) -> ClassChain {
    let mut whole: BTreeMap<u8, (u8, String)> = BTreeMap::new();
    let mut ports: BTreeMap<String, String> = BTreeMap::new();
    let mut icmp: Vec<(u16, u16, &str)> = Vec::new();
    // The other protocols, if they are all of one mind, are what is left at the end.
    let rest = parts
        .iter()
        .find(|(span, _)| span.protocol.is_none() && span.first == 0 && span.last >= 255)
        .map_or(otherwise, |(_, verdict)| verdict.as_str());
    for (span, verdict) in parts {
        let all = (span.first, span.last) == (0, u16::MAX);
        match span.protocol {
            Some(Protocol::Icmp) if all => {
                whole.insert(ICMP, (ICMP, verdict.clone()));
                whole.insert(ICMPV6, (ICMPV6, verdict.clone()));
            }
            Some(Protocol::Icmp) => icmp.push((span.first, span.last, verdict)),
            Some(protocol) => {
                let number = match protocol {
                    Protocol::Udp => UDP,
                    Protocol::Sctp => SCTP,
                    Protocol::Tcp | Protocol::Icmp => TCP,
                };
                if all {
                    whole.insert(number, (number, verdict.clone()));
                } else {
                    ports.insert(format!("{number} . {}", range(span.first, span.last)), verdict.clone());
                }
            }
            None if span.first == 0 && span.last >= 255 => {}
            None => {
                for (first, last) in numbers(span.first, span.last) {
                    whole.insert(first, (last, verdict.clone()));
                }
            }
        }
    }
    // Whatever is not looked up meets `rest` at the end.
    whole.retain(|_, (_, verdict)| verdict != rest);
    ports.retain(|_, verdict| verdict != rest);
    let mut rules = Vec::new();
    if passes && !is_one_verdict(parts) {
        // An error that ICMP tells of a flow of these two: conntrack knows which, its ports are not where a port is looked for.
        rules.push(format!("ct state related meta l4proto {{ {ICMP}, {ICMPV6} }} return"));
    }
    if !whole.is_empty() {
        let entries: Vec<String> = whole
            .iter()
            .map(|(first, (last, verdict))| {
                format!("{} : {verdict}", range(u16::from(*first), u16::from(*last)))
            })
            .collect();
        rules.push(format!("meta l4proto vmap {{ {} }}", entries.join(", ")));
    }
    if !ports.is_empty() {
        rules.push(format!("ct direction original meta l4proto . th dport vmap @{map}"));
        rules.push(format!("ct direction reply meta l4proto . th sport vmap @{map}"));
    }
    if !icmp.is_empty() {
        rules.extend(icmp_rules(&icmp));
    }
    rules.push(rest.to_owned());
    let ports = (!ports.is_empty()).then(|| Set {
        is_map: true,
        head: "type inet_proto . inet_service : verdict; flags interval;".to_owned(),
        elements: ports,
    });
    ClassChain { rules, ports }
}

fn is_one_verdict(parts: &[(Span, String)]) -> bool {
    parts.iter().map(|(_, verdict)| verdict).collect::<BTreeSet<_>>().len() == 1
}

/// ICMP's type and code are the first two bytes, where other protocols have the source port.
fn icmp_rules(parts: &[(u16, u16, &str)]) -> Vec<String> {
    let asks: Vec<String> =
        parts.iter().map(|(first, last, verdict)| format!("{} : {verdict}", range(*first, *last))).collect();
    let answers: Vec<String> = ANSWERS
        .iter()
        .filter_map(|(ask, answer)| {
            let key = ask * 256;
            let (_, _, verdict) = parts.iter().find(|(first, last, _)| (*first..=*last).contains(&key))?;
            Some(format!("{} : {verdict}", answer * 256))
        })
        .collect();
    let rule = |direction: &str, entries: &[String]| {
        format!(
            "ct direction {direction} meta l4proto {{ {ICMP}, {ICMPV6} }} @th,0,16 vmap {{ {} }}",
            entries.join(", ")
        )
    };
    let mut rules = vec![rule("original", &asks)];
    if !answers.is_empty() {
        rules.push(rule("reply", &answers));
    }
    // An answer that is none of these belongs to nothing that was asked.
    rules
}

/// Protocol numbers without those that have keys of their own.
fn numbers(first: u16, last: u16) -> Vec<(u8, u8)> {
    let last = u8::try_from(last).unwrap_or(u8::MAX);
    let Ok(first) = u8::try_from(first) else { return Vec::new() };
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for number in first..=last {
        if [TCP, UDP, SCTP, ICMP, ICMPV6].contains(&number) {
            continue;
        }
        match ranges.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(number) => *end = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

fn range(first: u16, last: u16) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}
