use ringwall_iam::line::{Answer, answer};
use serde_json::{Value, json};

use crate::tree::{source, tree};

/// The engine's answer to a line, as JSON.
pub(crate) fn engine(line: &Value) -> Value {
    let Answer { decision, blocked_by, statements, assumed, error } = answer(&tree(line), &source());
    let statements: Vec<Value> = statements
        .iter()
        .map(|statement| {
            json!({
                "layer": statement.layer.name(),
                "policy": &*statement.policy,
                "index": statement.index,
                "sid": statement.sid.as_deref(),
                "effect": statement.effect,
            })
        })
        .collect();
    let blocked_by: Vec<&str> = blocked_by.iter().map(|layer| layer.name()).collect();
    json!({
        "decision": decision.name(),
        "blockedBy": blocked_by,
        "statements": statements,
        "assumed": assumed,
        "error": error,
    })
}
