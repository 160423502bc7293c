//! The shapes of `ringwall iam`, documented in `docs/reference/output.md`. Their names are those of AWS.

use ringwall_iam::line::{Answer, AnswerStatement};
use serde::Serialize;

/// The answer to a line of `iam eval --batch`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnswerJson<'a> {
    decision: &'static str,
    blocked_by: Vec<&'static str>,
    statements: Vec<StatementJson<'a>>,
    assumed: &'a [String],
    error: Option<&'a str>,
}

/// A statement that decided.
#[derive(Debug, Serialize)]
struct StatementJson<'a> {
    layer: &'static str,
    policy: &'a str,
    index: usize,
    sid: Option<&'a str>,
    effect: &'static str,
}

impl<'a> From<&'a Answer> for AnswerJson<'a> {
    fn from(answer: &'a Answer) -> Self {
        let Answer { decision, blocked_by, statements, assumed, error } = answer;
        Self {
            decision: decision.name(),
            blocked_by: blocked_by.iter().map(|layer| layer.name()).collect(),
            statements: statements.iter().map(StatementJson::from).collect(),
            assumed,
            error: error.as_deref(),
        }
    }
}

impl<'a> From<&'a AnswerStatement> for StatementJson<'a> {
    fn from(statement: &'a AnswerStatement) -> Self {
        let AnswerStatement { layer, policy, index, sid, effect } = statement;
        Self { layer: layer.name(), policy, index: *index, sid: sid.as_deref(), effect }
    }
}
