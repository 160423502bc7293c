//! Answers about actions of AWS, as text and as JSON (`docs/reference/output.md`).

use std::io::{self, Write};

use ringwall_iam::inventory::Reply;
use ringwall_iam::{Effect, Layer, OpenCondition, Outcome};
use ringwall_model::{Decision, Verdict};
use serde::Serialize;

use super::json::DecisionJson;
use super::{reason, style};

/// The answer about one principal, as programs read it.
#[derive(Debug, Serialize)]
pub(crate) struct ReplyJson<'a> {
    #[serde(flatten)]
    decision: DecisionJson<'a>,
    blocked_by: Vec<&'static str>,
    assumed: Vec<String>,
    depends_on: Vec<ConditionJson<'a>>,
}

/// A condition on which an answer depends.
#[derive(Debug, Serialize)]
pub(crate) struct ConditionJson<'a> {
    effect: &'static str,
    condition: String,
    policy: &'a str,
    #[serde(flatten)]
    place: OwnedPlace,
}

/// A spot that is made up of a policy's file and a condition's line.
#[derive(Debug, Serialize)]
struct OwnedPlace {
    file: String,
    line: u32,
}

impl<'a> From<&'a Reply<'_>> for ReplyJson<'a> {
    fn from(reply: &'a Reply<'_>) -> Self {
        Self {
            decision: (&reply.decision).into(),
            blocked_by: reply.verdict.blocked_by.iter().map(|layer| layer.name()).collect(),
            assumed: reply.verdict.assumed.iter().map(ToString::to_string).collect(),
            depends_on: conditions(&reply.depends_on),
        }
    }
}

/// Conditions as programs read them.
pub(crate) fn conditions<'a>(open: &'a [OpenCondition<'_>]) -> Vec<ConditionJson<'a>> {
    open.iter()
        .map(|open| ConditionJson {
            effect: open.effect.name(),
            condition: in_words(open),
            policy: &open.deciding.policy.name,
            place: OwnedPlace { file: open.deciding.policy.source.file.to_string(), line: line(open) },
        })
        .collect()
}

fn line(open: &OpenCondition<'_>) -> u32 {
    open.condition.map_or(open.deciding.statement.line, |condition| condition.line)
}

fn in_words(open: &OpenCondition<'_>) -> String {
    match open.condition {
        Some(condition) => condition.to_string(),
        None => "the variables of its resources".into(),
    }
}

/// The word that an answer begins with, and how the sentence goes on.
pub(crate) fn label(verdict: Verdict) -> (String, &'static str) {
    match verdict {
        Verdict::Allowed => (style::paint(style::YES, "yes"), "can"),
        Verdict::Denied => (style::paint(style::NO, "no"), "cannot"),
        Verdict::Unknown => (style::paint(style::WARNING, "unknown"), "may or may not be able to"),
    }
}

/// Prints what an answer rests on: statements, layers that do not allow, what was assumed.
pub(crate) fn print(out: &mut dyn Write, reply: &Reply<'_>, indent: usize, width: usize) -> io::Result<()> {
    let Decision { reasons, not_evaluated, .. } = &reply.decision;
    reason::print_reasons(out, reasons, indent, width)?;
    if reply.verdict.by_aws && reply.verdict.is_allowed() {
        style::print_wrapped(
            out,
            "nobody needs a permission for this action, and no policy denies it",
            indent,
            width,
            "  ",
            style::PLAIN,
        )?;
    }
    if reply.verdict.outcome == Outcome::ImplicitlyDenied {
        for layer in &reply.verdict.blocked_by {
            let why = if reply.verdict.by_aws { "AWS keeps it from being changed" } else { missing(*layer) };
            style::print_wrapped(out, why, indent, width, "  ", style::PLAIN)?;
        }
    }
    if !reply.verdict.assumed.is_empty() {
        let assumed: Vec<String> = reply.verdict.assumed.iter().map(ToString::to_string).collect();
        style::print_wrapped(
            out,
            &format!("assumed: {}", assumed.join(", ")),
            indent,
            width,
            "  ",
            style::FAINT,
        )?;
    }
    print_conditions(out, &reply.depends_on, indent, width)?;
    for text in not_evaluated {
        reason::print_not_evaluated(out, text, indent, width)?;
    }
    Ok(())
}

/// Prints conditions on keys that the question did not give.
pub(crate) fn print_conditions(
    out: &mut dyn Write,
    open: &[OpenCondition<'_>],
    indent: usize,
    width: usize,
) -> io::Result<()> {
    for open in open {
        let (lead, what) = match open.effect {
            Effect::Allow => ("allowed only if", in_words(open)),
            Effect::Deny => ("denied if", in_words(open)),
        };
        style::print_wrapped(out, &format!("{lead} {what}"), indent, width, "  ", style::WARNING)?;
        let spot = open.deciding.policy.source.at(line(open));
        style::print_wrapped(out, &spot.to_string(), indent + 2, width, "  ", style::FAINT)?;
    }
    Ok(())
}

/// Why a layer that does not allow stands in the way.
fn missing(layer: Layer) -> &'static str {
    match layer {
        Layer::Scp => "a level of the organization has no service control policy that allows it",
        Layer::Rcp => "a level of the organization has no resource control policy that allows it",
        Layer::Resource => "the resource's own policy does not allow it",
        Layer::Boundary => "the permissions boundary does not allow it",
        Layer::Session => "the session's policy does not allow it",
        Layer::Identity => "no policy of the principal allows it",
        Layer::VpcEndpoint => "the VPC endpoint's policy does not allow it",
    }
}
