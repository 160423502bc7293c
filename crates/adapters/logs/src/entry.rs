//! Values and lines to entries: what is wrapped is unwrapped, and told what it is.

use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

use data_encoding::BASE64;
use ringwall_detect::audit::mend;
use serde::Deserialize;

use crate::limits::{self, MAX_WRAPPINGS};
use crate::members::{Members, text};
use crate::open::{Opened, is_compressed};
use crate::split::Splitter;
use crate::stream::ControlPlaneLog;
use crate::tally::Tally;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// An event of the apiserver's audit log.
    Audit,
    /// A record of CloudTrail.
    CloudTrail,
}

/// One event or record, as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What it is.
    pub kind: EntryKind,
    /// The JSON. Of an audit event whose end is missing as it is there, of a record closed where it was whole last.
    pub text: &'a str,
    /// The file, as it was named.
    pub file: &'a Arc<str>,
    /// The line on which it begins, from 1; where it was wrapped, that of the wrapping.
    pub line: u64,
    /// Whether its end is known to be missing.
    pub is_cut: bool,
}

/// How an entry was found by whoever read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Whole.
    There,
    /// Its end is missing, which shows only when it is read.
    Missing,
}

/// Takes entries. What it can't read it says, and that is counted.
pub type Sink<'s> = &'s mut dyn FnMut(&Entry<'_>) -> Result<End, String>;

/// How the apiserver begins every line of its audit log.
const AUDIT_EVENT: &str = "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/";
/// How whatever is gzip begins in base64.
const GZIP_BASE64: &str = "H4sI";
/// What CloudWatch writes to a destination to see whether it is there.
/// Source: AWS, *CloudWatch Logs User Guide*, "Log group-level subscription filters".
const CONTROL_MESSAGE: &str = "CWL CONTROL MESSAGE";

const NEITHER: &str = "it is neither an audit event nor a CloudTrail record";
const NO_JSON: &str = "it is no JSON";
const TOO_DEEP: &str = "it is wrapped too many times";

/// Whether a line is one whole audit event as the apiserver writes it. Two of them without a line end between them are not: what
/// they meet with can't stand in one.
pub(crate) fn is_audit_line(line: &[u8]) -> bool {
    line.len() <= limits::MAX_ENTRY
        && line.starts_with(AUDIT_EVENT.as_bytes())
        && line.ends_with(b"}")
        && memchr::memmem::find(line, b"}{\"").is_none()
}

/// Where values and lines go, and what is known of where they come from.
pub(crate) struct Out<'o> {
    pub(crate) tally: &'o mut Tally,
    pub(crate) sink: Sink<'o>,
    /// The log that the file is of, if its name tells.
    pub(crate) log: Option<ControlPlaneLog>,
    /// How often it was unwrapped.
    pub(crate) wrappings: usize,
}

impl Out<'_> {
    /// A whole audit event.
    pub(crate) fn audit(&mut self, bytes: &[u8], line: u64) {
        let text = self.utf8(bytes);
        self.hand_over(EntryKind::Audit, &text, line, false);
    }

    /// A value of JSON, which may turn out to be none, or the beginning of one.
    pub(crate) fn value(&mut self, bytes: &[u8], line: u64, log: Option<ControlPlaneLog>) {
        let text = self.utf8(bytes);
        self.json(&text, line, log);
    }

    /// The log that a document is of, by its members up to its list.
    pub(crate) fn head(&self, bytes: &[u8]) -> Option<ControlPlaneLog> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Head {
            log_stream: Option<String>,
        }
        let text = String::from_utf8_lossy(bytes);
        let head: Head = serde_json::from_str(&format!("{text}]}}")).ok()?;
        ControlPlaneLog::of_stream(&head.log_stream?)
    }

    /// A line that doesn't begin as JSON does.
    pub(crate) fn line(&mut self, bytes: &[u8], line: u64) {
        let text = self.utf8(bytes);
        let text = text.trim();
        if text.starts_with(GZIP_BASE64) {
            return self.packed(text, line);
        }
        let (log, rest) = stamped(text).unwrap_or((None, text));
        let log = log.or(self.log);
        if rest.starts_with(['{', '[']) {
            return self.json(rest, line, log);
        }
        if rest.starts_with(CONTROL_MESSAGE) {
            return;
        }
        match log.filter(|log| *log != ControlPlaneLog::Audit) {
            Some(log) => self.tally.other_log(log),
            None => self.tally.unreadable(line, NO_JSON),
        }
    }

    fn utf8<'b>(&mut self, bytes: &'b [u8]) -> Cow<'b, str> {
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, Cow::Owned(_)) {
            self.tally.not_utf8 = self.tally.not_utf8.saturating_add(1);
        }
        text
    }

    fn json(&mut self, text: &str, line: u64, log: Option<ControlPlaneLog>) {
        let log = log.or(self.log);
        if let Some(members) = Members::of(text) {
            return self.object(text, &members, line, log);
        }
        if text.starts_with('[') {
            return self.cells(text, line, log);
        }
        let mended = mend(text);
        let members = mended.as_deref().and_then(Members::of);
        match (members, &mended) {
            (Some(members), _) if members.is_audit() => self.hand_over(EntryKind::Audit, text, line, true),
            (Some(members), Some(mended)) if members.is_record() => {
                self.hand_over(EntryKind::CloudTrail, mended, line, true);
            }
            _ => match log.filter(|log| *log != ControlPlaneLog::Audit) {
                Some(log) => self.tally.other_log(log),
                None => self.tally.unreadable(line, NO_JSON),
            },
        }
    }

    fn object(&mut self, json: &str, members: &Members<'_>, line: u64, log: Option<ControlPlaneLog>) {
        if members.is_audit() {
            return self.hand_over(EntryKind::Audit, json, line, false);
        }
        if members.is_record() {
            return self.hand_over(EntryKind::CloudTrail, json, line, false);
        }
        if let Some(record) = members.record.and_then(text) {
            return self.wrapped(line, |inner| inner.json(&record, line, log));
        }
        if let Some(message) = members.message.and_then(text) {
            let stream = members.stream.and_then(text);
            let log = stream.and_then(|stream| ControlPlaneLog::of_stream(&stream)).or(log);
            return self.wrapped(line, |inner| inner.message(message.trim(), line, log));
        }
        if let Some(detail) = members.detail {
            return self.wrapped(line, |inner| inner.json(detail, line, log));
        }
        if let Some(kinesis) = members.kinesis {
            return self.wrapped(line, |inner| inner.json(kinesis, line, log));
        }
        if let Some(data) = members.data.and_then(text) {
            return self.packed(&data, line);
        }
        if members.has_list {
            return self.inside(json.as_bytes(), line);
        }
        match log.filter(|log| *log != ControlPlaneLog::Audit) {
            Some(log) => self.tally.other_log(log),
            None => self.tally.unreadable(line, NEITHER),
        }
    }

    /// A row of CloudWatch Logs Insights.
    fn cells(&mut self, json: &str, line: u64, log: Option<ControlPlaneLog>) {
        #[derive(Deserialize)]
        struct Cell {
            #[serde(default)]
            field: String,
            #[serde(default)]
            value: String,
        }
        let cells: Vec<Cell> = serde_json::from_str(json).unwrap_or_default();
        let cell = |name: &str| cells.iter().find(|cell| cell.field == name).map(|cell| cell.value.as_str());
        let log = cell("@logStream").and_then(ControlPlaneLog::of_stream).or(log);
        match cell("@message") {
            Some(message) => self.wrapped(line, |inner| inner.message(message.trim(), line, log)),
            None => self.tally.unreadable(line, NEITHER),
        }
    }

    /// What CloudWatch keeps as one event: JSON of the audit log and of CloudTrail, plain text of the other logs.
    fn message(&mut self, message: &str, line: u64, log: Option<ControlPlaneLog>) {
        if message.starts_with('{') {
            self.json(message, line, log);
        } else {
            let log = log.or(self.log);
            Out { tally: self.tally, sink: self.sink, log, wrappings: self.wrappings }
                .line(message.as_bytes(), line);
        }
    }

    /// Base64, of gzip or not.
    fn packed(&mut self, base64: &str, line: u64) {
        let Ok(bytes) = BASE64.decode(base64.as_bytes()) else {
            return self.tally.unreadable(line, "it begins as base64 does, and is none");
        };
        if !is_compressed(&bytes) {
            return self.inside(&bytes, line);
        }
        let mut unpacked = Vec::new();
        let mut buffer = vec![0; limits::CHUNK];
        let read = Opened::new(Cursor::new(bytes), limits::MAX_BATCH).and_then(|mut opened| {
            loop {
                match opened.read(&mut buffer)? {
                    0 => return Ok(()),
                    read => unpacked.extend_from_slice(buffer.get(..read).unwrap_or_default()),
                }
            }
        });
        self.inside(&unpacked, line);
        if let Err(refusal) = read {
            self.tally.unreadable(line, refusal.why);
        }
    }

    /// Lines and documents that something held, all of which are at its line.
    fn inside(&mut self, bytes: &[u8], line: u64) {
        self.wrapped(line, |inner| {
            let mut splitter = Splitter::at(line);
            splitter.feed(bytes, inner);
            splitter.finish(inner);
        });
    }

    fn wrapped(&mut self, line: u64, read: impl FnOnce(&mut Out<'_>)) {
        if self.wrappings >= MAX_WRAPPINGS {
            return self.tally.unreadable(line, TOO_DEEP);
        }
        let wrappings = self.wrappings.saturating_add(1);
        read(&mut Out { tally: self.tally, sink: self.sink, log: self.log, wrappings });
    }

    fn hand_over(&mut self, kind: EntryKind, text: &str, line: u64, is_cut: bool) {
        let entry = Entry { kind, text, file: &self.tally.file, line, is_cut };
        let end = match (self.sink)(&entry) {
            Ok(end) => end,
            Err(why) => return self.tally.unreadable(line, why),
        };
        let count = match kind {
            EntryKind::Audit => &mut self.tally.audit,
            EntryKind::CloudTrail => &mut self.tally.records,
        };
        *count = count.saturating_add(1);
        let is_cut = is_cut || end == End::Missing;
        self.tally.cut = self.tally.cut.saturating_add(u64::from(is_cut));
    }
}

/// Takes off what stands before a log's text: the time, as exports to S3 have it; a stream as `aws logs tail` has it; what a
/// container's runtime adds (`stdout F`).
fn stamped(text: &str) -> Option<(Option<ControlPlaneLog>, &str)> {
    let (first, mut rest) = text.split_once(' ')?;
    let is_time = first.len() >= 19
        && first.as_bytes().get(4) == Some(&b'-')
        && first.as_bytes().get(10) == Some(&b'T')
        && first.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    if !is_time {
        return None;
    }
    let mut log = None;
    for _ in 0..2 {
        if rest.starts_with('{') {
            break;
        }
        let Some((word, after)) = rest.split_once(' ') else { break };
        match ControlPlaneLog::of_stream(word) {
            Some(of) => (log, rest) = (Some(of), after),
            None if matches!(word, "stdout" | "stderr" | "F" | "P") => rest = after,
            None => break,
        }
    }
    Some((log, rest))
}
