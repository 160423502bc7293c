//! Flow logs: who sent what to whom. The agent's own, and VPC flow logs.
//!
//! What a line is, its content tells: an object of the agent (`docs/reference/flows.md`), a header that names the fields of VPC flow
//! records, or a record, by the last header or in the default format of version 2. Records may stand behind a time, as CloudWatch
//! exports them, or be messages of what the AWS CLI prints of CloudWatch. Records of a connection's two ways are one flow.

mod agent;
mod vpc;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use ringwall_model::network::Protocol;
use ringwall_network::Who;

use crate::find::LogFile;
use crate::limits::{CHUNK, MAX_DECOMPRESSED, MAX_SPOTS};
use crate::open::{Opened, Refusal};
use vpc::Format;

/// Longest line that is read. Records have some hundred bytes; what the AWS CLI prints on one line may have all of a batch.
pub const MAX_FLOW_LINE: usize = 8 << 20;

/// Most flows that are kept apart: more of them are of no use to anybody who wants to write policies, and each takes some 200 bytes.
pub const MAX_FLOWS: usize = 2_000_000;

/// What has been seen between two ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Who began it.
    pub from: Who,
    /// Who was sent to.
    pub to: Who,
    /// By which protocol.
    pub protocol: Protocol,
    /// At which port of the one who was sent to; `None` for ICMP.
    pub port: Option<u16>,
    /// Whether it got through.
    pub allowed: bool,
}

/// All that has been read of flow logs.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    /// Each flow, and in how many records it was.
    pub seen: BTreeMap<FlowKey, u64>,
    /// Records that tell of no flow: of other protocols, without data.
    pub other: u64,
    /// Records that say that others are missing (`SKIPDATA`).
    pub skipped: u64,
    /// Flows whose beginner is told by the ports alone: the lower one is taken for the one that was sent to.
    pub by_ports: u64,
    /// Lines that could not be read.
    pub unreadable: u64,
    /// The first of them, and files that could not be read to their end.
    pub problems: Vec<FlowProblem>,
}

/// A [`Flow`] that can be put in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowKey(pub Flow);

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowProblem {
    /// The file.
    pub file: Arc<str>,
    /// The line, counted from 1; 0 for the file as a whole.
    pub line: u64,
    /// Why.
    pub why: String,
}

impl Flows {
    /// Reads a file, compressed or not.
    pub fn read(&mut self, file: &LogFile) {
        let opened = match &file.path {
            Some(path) => Opened::file(path),
            None => Opened::new(std::io::stdin(), MAX_DECOMPRESSED),
        };
        self.read_opened(&file.name, opened);
    }

    /// Reads what lies in no file, as [`Flows::read`] does.
    pub fn read_from(&mut self, name: &Arc<str>, input: impl Read + 'static) {
        self.read_opened(name, Opened::new(input, MAX_DECOMPRESSED));
    }

    fn read_opened(&mut self, name: &Arc<str>, opened: Result<Opened, Refusal>) {
        let mut reader = Reader {
            flows: self,
            file: name,
            line: Vec::new(),
            length: 0,
            number: 0,
            format: Format::default(),
        };
        let outcome = opened.and_then(|mut opened| {
            let mut buffer = vec![0; CHUNK];
            loop {
                let read = opened.read(&mut buffer)?;
                if read == 0 {
                    return Ok(());
                }
                reader.feed(buffer.get(..read).unwrap_or_default());
            }
        });
        reader.end_line();
        if let Err(refusal) = outcome {
            self.problem(name, 0, format!("{}; {}", refusal.why, refusal.hint));
        }
    }

    fn add(&mut self, flow: Flow, count: u64) {
        let key = FlowKey(flow);
        if let Some(seen) = self.seen.get_mut(&key) {
            *seen = seen.saturating_add(count);
        } else if self.seen.len() < MAX_FLOWS {
            self.seen.insert(key, count);
        } else {
            self.skipped = self.skipped.saturating_add(count);
        }
    }

    fn problem(&mut self, file: &Arc<str>, line: u64, why: String) {
        self.unreadable = self.unreadable.saturating_add(1);
        if self.problems.len() < MAX_SPOTS {
            self.problems.push(FlowProblem { file: Arc::clone(file), line, why });
        }
    }
}

struct Reader<'f> {
    flows: &'f mut Flows,
    file: &'f Arc<str>,
    /// What has been read of a line, as far as it is kept.
    line: Vec<u8>,
    length: usize,
    number: u64,
    format: Format,
}

impl Reader<'_> {
    fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            self.keep(line);
            self.end_line();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.keep(bytes);
    }

    fn keep(&mut self, part: &[u8]) {
        self.length = self.length.saturating_add(part.len());
        if self.length <= MAX_FLOW_LINE {
            self.line.extend_from_slice(part);
        }
    }

    fn end_line(&mut self) {
        let (line, length) = (std::mem::take(&mut self.line), std::mem::take(&mut self.length));
        self.number += 1;
        if length == 0 {
            return;
        }
        let outcome = if length > MAX_FLOW_LINE {
            Err(format!("the line has {length} bytes; the limit is {MAX_FLOW_LINE}"))
        } else {
            self.take(&line)
        };
        if let Err(why) = outcome {
            self.flows.problem(self.file, self.number, why);
        }
        self.line = line;
        self.line.clear();
    }

    fn take(&mut self, line: &[u8]) -> Result<(), String> {
        if line.starts_with(b"PAR1") {
            return Err("it is Parquet: deliver or convert it as text".to_owned());
        }
        let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?.trim();
        match text.as_bytes().first() {
            None => Ok(()),
            Some(b'{') => {
                let mut events = Vec::new();
                match agent::parse(text, &mut events)? {
                    Some((flow, count)) => self.flows.add(flow, count),
                    None if events.is_empty() => self.flows.other += 1,
                    None => {}
                }
                events.iter().try_for_each(|event| self.record(event))
            }
            Some(_) => self.record(text),
        }
    }

    fn record(&mut self, text: &str) -> Result<(), String> {
        match self.format.take(text)? {
            vpc::Taken::Flow { flow, by_ports } => {
                self.flows.by_ports += u64::from(by_ports);
                self.flows.add(flow, 1);
            }
            vpc::Taken::Skipped => self.flows.skipped += 1,
            vpc::Taken::Other => self.flows.other += 1,
            vpc::Taken::Header => {}
        }
        Ok(())
    }
}

impl FlowKey {
    /// By names and addresses in their order.
    fn order(&self) -> impl Ord + '_ {
        let Flow { from, to, protocol, port, allowed } = &self.0;
        (place(from), place(to), *protocol, *port, *allowed)
    }
}

/// A kind of end, its names, its address.
fn place(who: &Who) -> (u8, &str, &str, &str, Option<std::net::IpAddr>) {
    match who {
        Who::Pod { namespace, name } => (0, namespace, name, "", None),
        Who::Workload { namespace, kind, name } => (1, namespace, name, kind, None),
        Who::Service { namespace, name } => (2, namespace, name, "", None),
        Who::Node { name } => (3, name, "", "", None),
        Who::Address(address) => (4, "", "", "", Some(*address)),
    }
}

impl PartialOrd for FlowKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FlowKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

#[cfg(test)]
mod tests;
