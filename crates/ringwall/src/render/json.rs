//! The shapes of `--output json`, documented in `docs/reference/output.md`.
//!
//! They are written apart from the model, so that a change there does not change what programs read.

use std::io::{self, Write};

use ringwall_model::network::Protocol;
use ringwall_model::{Decision, ObjectRef, Proof, Reason, Ring, Source, Subject, Verdict};
use ringwall_network::{Span, Traffic};
use serde::Serialize;

#[cfg(test)]
mod tests;

/// Version of all shapes here: raised when a program that reads them would have to change.
pub(crate) const VERSION: u32 = 1;

/// A decision.
#[derive(Debug, Serialize)]
pub(crate) struct DecisionJson<'a> {
    pub(crate) decision: Verdict,
    pub(crate) reasons: Vec<ReasonJson<'a>>,
    pub(crate) not_evaluated: &'a [String],
}

/// A reason.
#[derive(Debug, Serialize)]
pub(crate) struct ReasonJson<'a> {
    ring: Ring,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a ObjectRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<StatementJson<'a>>,
    #[serde(flatten)]
    place: PlaceJson<'a>,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct RuleJson {
    index: usize,
}

#[derive(Debug, Serialize)]
struct StatementJson<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
}

/// Ports of a protocol, both ends counted in; a protocol alone is all of it.
#[derive(Debug, Serialize)]
pub(crate) struct SpanJson {
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u16>,
}

/// A set of traffic, range by range.
pub(crate) fn spans(traffic: &Traffic) -> Vec<SpanJson> {
    let whole = |span: &Span| (span.first, span.last) == (0, u16::MAX);
    let json = |span: Span| SpanJson {
        protocol: span.protocol.map_or("other", Protocol::name),
        first: (!whole(&span)).then_some(span.first),
        last: (!whole(&span)).then_some(span.last),
    };
    traffic.spans().map(json).collect()
}

/// File and line; both are left out for what no file says.
#[derive(Debug, Serialize)]
pub(crate) struct PlaceJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// A subject as bindings write it.
#[derive(Debug, Serialize)]
pub(crate) struct SubjectJson<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> From<&'a Subject> for SubjectJson<'a> {
    fn from(subject: &'a Subject) -> Self {
        match subject {
            Subject::User(name) => Self { kind: "User", namespace: None, name },
            Subject::Group(name) => Self { kind: "Group", namespace: None, name },
            Subject::ServiceAccount { namespace, name } => {
                Self { kind: "ServiceAccount", namespace: Some(namespace), name }
            }
        }
    }
}

impl<'a> From<&'a Source> for PlaceJson<'a> {
    fn from(source: &'a Source) -> Self {
        Self {
            file: (!source.is_built_in()).then_some(&*source.file),
            line: (source.line > 0).then_some(source.line),
        }
    }
}

impl<'a> From<&'a Reason> for ReasonJson<'a> {
    fn from(reason: &'a Reason) -> Self {
        let Reason { ring, proof, rule, statement, source, text } = reason;
        let (object, arn) = match proof {
            Proof::Object(object) => (Some(object), None),
            Proof::Arn(arn) => (None, Some(&**arn)),
            Proof::BuiltIn(_) => (None, None),
        };
        Self {
            ring: *ring,
            object,
            arn,
            rule: rule.map(|index| RuleJson { index }),
            statement: statement
                .as_ref()
                .map(|statement| StatementJson { index: statement.index, sid: statement.sid.as_deref() }),
            place: source.into(),
            text,
        }
    }
}

impl<'a> From<&'a Decision> for DecisionJson<'a> {
    fn from(decision: &'a Decision) -> Self {
        let Decision { verdict, reasons, not_evaluated } = decision;
        Self { decision: *verdict, reasons: reasons.iter().map(ReasonJson::from).collect(), not_evaluated }
    }
}

/// Prints a value as JSON on several lines.
pub(crate) fn print(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Prints a value as JSON on one line.
pub(crate) fn print_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}
