//! The IAM policy language read one statement after the other: no index, no precompiled pattern, JSON alone.
//!
//! The rules are those of AWS's IAM User Guide: *Policy evaluation logic* with its flow charts, *IAM JSON policy
//! elements*, and *Condition operators*. Where the guide leaves room, this is what is done here:
//!
//! - Comparisons are true, false or not possible (a value of another type). Or, and, not are those of three-valued
//!   logic, so a list of values still matches by another value than the odd one; what remains open at the end is
//!   false for an Allow and true for a Deny.
//! - An absent key is decided before its policy values are looked at.
//! - A context value that is the one empty string is an empty set for `ForAllValues` and `ForAnyValue` both.
//! - `ArnLike` compares six components on both sides; `*` alone has one and cannot be compared.
//! - Allow with `NotPrincipal` is a grant like `*`.
//! - The patterns of one statement cover a question together; those of several statements do not.
//! - `sts:GetCallerIdentity` lists neither statements nor assumptions.
//! - A Deny comes before what AWS refuses whatever policies say.

mod condition;
mod layers;
pub(crate) mod pattern;
mod principal;
mod question;
mod statement;
mod validate;
mod values;

use serde_json::{Value, json};

use question::Question;

/// What AWS's service authorization reference says about actions and keys.
pub(crate) struct Facts {
    /// Whether the action takes only `Resource: "*"`.
    pub(crate) star_only: fn(&str) -> bool,
    /// `Read`, `List`, `Write`, `Tagging` or `Permissions management`.
    pub(crate) access_level: fn(&str) -> Option<&'static str>,
    /// Whether resource control policies apply to the service of this prefix, as `s3`.
    pub(crate) rcp_supported: fn(&str) -> bool,
    /// Whether the condition key is of type `ArrayOf…`.
    pub(crate) multi_valued: fn(&str) -> bool,
}

/// The answer to one line of a batch.
pub(crate) fn evaluate(line: &Value, facts: &Facts) -> Value {
    let policies = layers::policies(line);
    let question = match Question::new(line, facts) {
        Ok(question) => question,
        Err(error) => return refused(&error),
    };
    for given in &policies {
        let trust = given.layer == "resource" && question.is_trust_action();
        if let Err(error) = validate::policy(given.document, given.layer, trust) {
            return refused(&format!("{} policy `{}`: {error}", given.layer, given.name));
        }
    }
    layers::decide(&question, &policies, &line["policies"])
}

fn refused(error: &str) -> Value {
    json!({
        "decision": "ImplicitlyDenied", "blockedBy": [], "statements": [], "assumed": [], "error": error,
    })
}

/// A string, or a list of strings, as a list; nothing if it is not there.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(scalar).collect(),
        one => vec![scalar(one)],
    }
}

/// A string as it is; a number or boolean as JSON writes it.
fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
