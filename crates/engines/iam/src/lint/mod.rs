//! Policies that mean something else than they seem.
//!
//! AWS takes most of these without a word. A finding says what the text seems to mean, what it means in truth, and what
//! to write instead. Each check names its source in [`checks`]; where AWS has the same check, that is IAM User Guide,
//! *IAM policy validation check reference* ("check reference" there).

mod absent;
mod actions;
mod arns;
pub mod checks;
mod dates;
mod elements;
mod findings;
mod grants;
mod keys;
mod mismatch;
mod operators;
mod organizations;
mod patterns;
mod principals;
mod redundant;
mod size;
mod trust;
mod variables;

use ringwall_model::{Source, Tree};

pub(crate) use size::length;

pub use checks::{Check, Level};
pub use findings::Finding;

use crate::policy::{Policy, PolicyKind, Version};
use findings::Findings;

/// Statements that are judged of a policy that AWS refuses; one that it takes has room for some hundreds.
const MAX_STATEMENTS: usize = 1_000;

/// What a policy belongs to, as far as its own text tells: one with principals belongs to a resource, to a role if all
/// its actions are those of STS; any other to a principal.
pub fn guess_kind(document: &Tree) -> PolicyKind {
    let statements = statements(document);
    let has_principal =
        |statement: &Tree| statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some();
    if !statements.iter().any(has_principal) {
        return PolicyKind::Identity;
    }
    let mut actions = statements.iter().filter_map(|statement| statement.get("Action")).flat_map(one_or_more);
    let is_sts = |action: &Tree| {
        action.as_str().and_then(|text| text.get(..4)).is_some_and(|begin| begin.eq_ignore_ascii_case("sts:"))
    };
    let is_trust =
        statements.iter().all(|statement| statement.get("Action").is_some()) && actions.all(is_sts);
    if is_trust { PolicyKind::Trust } else { PolicyKind::Resource }
}

/// Looks at a policy document; what it finds is in the order of the lines.
///
/// `now` is in milliseconds since 1970; without it dates are not judged.
pub fn lint(kind: PolicyKind, document: &Tree, source: &Source, now: Option<i64>) -> Vec<Finding> {
    let mut out = Findings::default();
    let policy = match Policy::parse(kind, "", document, source) {
        Ok(policy) => policy,
        Err(problems) => {
            for problem in problems {
                let hint = problem.hint.unwrap_or_default();
                out.add(checks::REFUSED, problem.source.line, "", problem.message, hint);
            }
            readable_statements(kind, document, source)
        }
    };
    size::document(kind, document, &mut out);
    elements::document(kind, document, &mut out);
    for statement in &policy.statements {
        out.begin(statement);
        actions::statement(statement, &mut out);
        arns::statement(kind, statement, &mut out);
        mismatch::statement(statement, &mut out);
        variables::statement(policy.version, statement, &mut out);
        keys::statement(statement, &mut out);
        operators::statement(statement, &mut out);
        absent::statement(statement, &mut out);
        dates::statement(statement, now, &mut out);
        grants::statement(kind, statement, &mut out);
        principals::statement(kind, statement, &mut out);
        trust::statement(kind, statement, &mut out);
        organizations::statement(kind, statement, &mut out);
        redundant::statement(statement, &mut out);
    }
    redundant::policy(&policy, &mut out);
    out.into_vec()
}

/// What could be read of a policy that AWS refuses, so that it may be judged too.
fn readable_statements(kind: PolicyKind, document: &Tree, source: &Source) -> Policy {
    let version = match document.str("Version") {
        Some("2012-10-17") => Version::V2012,
        _ => Version::V2008,
    };
    let read = |(index, tree): (usize, &Tree)| Policy::parse_statement(kind, version, index, tree, source);
    Policy {
        name: "".into(),
        arn: None,
        kind,
        version,
        statements: statements(document).iter().take(MAX_STATEMENTS).enumerate().filter_map(read).collect(),
        source: source.at(document.line),
    }
}

fn statements(document: &Tree) -> &[Tree] {
    document.get("Statement").map_or(&[], one_or_more)
}

/// The items of a list, or the one value that stands in its place.
fn one_or_more(value: &Tree) -> &[Tree] {
    match &value.value {
        ringwall_model::Value::Sequence(items) => items,
        _ => std::slice::from_ref(value),
    }
}
