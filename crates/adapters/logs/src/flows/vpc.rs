//! VPC flow log records, of any version and with any fields.
//!
//! Source: Amazon VPC User Guide, *Flow log records*.

use std::net::IpAddr;

use ringwall_model::network::Protocol;
use ringwall_network::Who;

use super::{Flow, agent};

/// Most fields of a format; the guide has some forty.
const MAX_FIELDS: usize = 128;

/// The format where no header says another: that of version 2.
const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/// First port that Linux gives to who begins a connection (`net.ipv4.ip_local_port_range`).
const FIRST_EPHEMERAL: u16 = 32_768;

/// Bits of `tcp-flags`.
const SYN: u16 = 2;
const ACK: u16 = 16;

/// Where each field is.
#[derive(Clone, Debug)]
pub(super) struct Format {
    columns: usize,
    source: Option<usize>,
    destination: Option<usize>,
    packet_source: Option<usize>,
    packet_destination: Option<usize>,
    source_port: Option<usize>,
    destination_port: Option<usize>,
    protocol: Option<usize>,
    action: Option<usize>,
    status: Option<usize>,
    flags: Option<usize>,
}

/// What a line was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It names the fields of what follows.
    Header,
    /// A flow; whether its beginner is told by the ports alone.
    Flow { flow: Flow, by_ports: bool },
    /// Records are missing.
    Skipped,
    /// A record without a flow.
    Other,
}

impl Default for Format {
    fn default() -> Self {
        Self::of(DEFAULT.split(' '))
    }
}

impl Format {
    fn of<'t>(fields: impl Iterator<Item = &'t str>) -> Self {
        let names: Vec<&str> = fields.take(MAX_FIELDS).collect();
        let at = |name: &str| names.iter().position(|field| *field == name);
        Self {
            columns: names.len(),
            source: at("srcaddr"),
            destination: at("dstaddr"),
            packet_source: at("pkt-srcaddr"),
            packet_destination: at("pkt-dstaddr"),
            source_port: at("srcport"),
            destination_port: at("dstport"),
            protocol: at("protocol"),
            action: at("action"),
            status: at("log-status"),
            flags: at("tcp-flags"),
        }
    }

    /// Reads a header or a record.
    pub(super) fn take(&mut self, text: &str) -> Result<Taken, String> {
        let mut fields: Vec<&str> = text.split_ascii_whitespace().take(MAX_FIELDS + 1).collect();
        if fields.len() > MAX_FIELDS {
            return Err(format!("more than {MAX_FIELDS} fields"));
        }
        // As in the settings of a flow log, `${srcaddr} ${dstaddr}`.
        let bare = |field: &str| field.trim_start_matches("${").trim_end_matches('}').to_owned();
        if fields.iter().any(|field| matches!(bare(field).as_str(), "srcaddr" | "pkt-srcaddr")) {
            let names: Vec<String> = fields.iter().map(|field| bare(field)).collect();
            *self = Self::of(names.iter().map(String::as_str));
            return Ok(Taken::Header);
        }
        // CloudWatch exports each event behind its time, `aws logs tail` behind its time and its stream.
        let ahead = fields.len().saturating_sub(self.columns);
        if (1..=2).contains(&ahead) && fields.first().is_some_and(|time| time.contains('T')) {
            fields.drain(..ahead);
        }
        if fields.len() != self.columns {
            return Err(format!(
                "{} fields where the format has {}: a format of your own is told by a header line",
                fields.len(),
                self.columns
            ));
        }
        self.record(&fields)
    }

    fn record(&self, fields: &[&str]) -> Result<Taken, String> {
        let field = |at: Option<usize>| at.and_then(|at| fields.get(at)).copied().filter(|text| *text != "-");
        match field(self.status) {
            Some("NODATA") => return Ok(Taken::Other),
            Some("SKIPDATA") => return Ok(Taken::Skipped),
            _ => {}
        }
        let address = |packet: Option<usize>, interface: Option<usize>, what: &str| {
            let text = field(packet).or(field(interface)).ok_or_else(|| format!("no {what}"))?;
            text.parse::<IpAddr>().map_err(|_| format!("`{text}` is not an address"))
        };
        let source = address(self.packet_source, self.source, "source address")?;
        let destination = address(self.packet_destination, self.destination, "destination address")?;
        let number = |at: Option<usize>, what: &str| -> Result<u16, String> {
            let text = field(at).ok_or_else(|| format!("no {what}"))?;
            text.parse().map_err(|_| format!("`{text}` is no {what}"))
        };
        let allowed = match field(self.action) {
            Some("ACCEPT") => true,
            Some("REJECT") => false,
            Some(other) => return Err(format!("unknown action `{other}`")),
            None => return Err("no `action`".to_owned()),
        };
        let Some(protocol) = agent::number(u64::from(number(self.protocol, "protocol")?)) else {
            return Ok(Taken::Other);
        };
        let flow =
            |from, to, port| Flow { from: Who::Address(from), to: Who::Address(to), protocol, port, allowed };
        if protocol == Protocol::Icmp {
            return Ok(Taken::Flow { flow: flow(source, destination, None), by_ports: false });
        }
        let from_port = number(self.source_port, "source port")?;
        let to_port = number(self.destination_port, "destination port")?;
        let flags = number(self.flags, "flags").unwrap_or(0);
        let (is_answer, by_ports) = match (protocol, flags & SYN, flags & ACK) {
            (Protocol::Tcp, SYN, 0) => (false, false),
            (Protocol::Tcp, SYN, ACK) => (true, false),
            // What was refused was never answered.
            _ if !allowed => (false, false),
            _ => (is_answer(from_port, to_port), true),
        };
        let told = match is_answer {
            true => flow(destination, source, Some(from_port)),
            false => flow(source, destination, Some(to_port)),
        };
        Ok(Taken::Flow { flow: told, by_ports })
    }
}

/// Whether the record is of the way back, as far as ports tell: who is sent to listens at the lower one.
fn is_answer(from: u16, to: u16) -> bool {
    match (from < FIRST_EPHEMERAL, to < FIRST_EPHEMERAL) {
        (true, false) => true,
        (false, true) => false,
        _ => from < to,
    }
}
