//! Variables that are not replaced, or not by what is meant.

use super::absent::is_always_present;
use super::checks;
use super::findings::{Findings, quoted};
use crate::catalog::catalog;
use crate::pattern::{Pattern, Variable};
use crate::policy::{Effect, Statement, Version};

/// What becomes of a text when a variable of it has no value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    /// The statement applies less often.
    Narrower,
    /// The statement applies more often.
    Wider,
}

pub(super) fn statement(version: Version, statement: &Statement, out: &mut Findings) {
    if let Some(resources) = &statement.resources {
        let without = if resources.negated { Without::Wider } else { Without::Narrower };
        for (pattern, line) in &resources.patterns {
            text(version, statement.effect, without, pattern, *line, out);
        }
    }
    for condition in &statement.conditions {
        let without = if condition.operator.negated { Without::Wider } else { Without::Narrower };
        for (value, written) in condition.values.iter().zip(&condition.written) {
            if let Some(pattern) = value.pattern() {
                text(version, statement.effect, without, pattern, condition.line, out);
            } else if written.contains("${") && !condition.operator.comparison.takes_variables() {
                let seems = format!("to compare with the value of {}", quoted(written));
                let means =
                    format!("no value: {} replaces no variables", quoted(&condition.operator_written));
                let hint = "variables are for the string and ARN operators";
                out.add(checks::VARIABLE_OPERATOR, condition.line, seems, means, hint);
            }
        }
    }
}

fn text(
    version: Version,
    effect: Effect,
    without: Without,
    pattern: &Pattern,
    line: u32,
    out: &mut Findings,
) {
    let written = pattern.written();
    let shown = quoted(written);
    if version == Version::V2008 {
        if written.contains("${") {
            let seems = format!("to replace the variable in {shown}");
            let means = "the text as it stands: version 2008-10-17, which a policy without `Version` has too, knows no variables";
            out.add(checks::VARIABLE_LITERAL, line, seems, means, "add `\"Version\": \"2012-10-17\"`");
        }
        return;
    }
    if let Some(hint) = broken(written, pattern.variables().count()) {
        let seems = format!("to replace a variable in {shown}");
        out.add(checks::VARIABLE_BROKEN, line, seems, "the text as it stands", hint);
    }
    for variable in pattern.variables() {
        of_key(variable, effect, without, line, &shown, out);
    }
}

fn of_key(variable: &Variable, effect: Effect, without: Without, line: u32, shown: &str, out: &mut Findings) {
    let key = variable.key.written();
    let seems = format!("to replace {} in {shown}", quoted(&format!("${{{key}}}")));
    let Some(known) = catalog().condition_key(key) else {
        let means = "nothing: AWS has no such key, so the text matches nothing";
        let hint = match key.contains(':') {
            true => "AWS global condition context keys and each service's list have the names",
            false => "was a template not filled in? A variable is a condition key, as in `${aws:username}`",
        };
        return out.add(checks::VARIABLE_UNKNOWN, line, seems, means, hint);
    };
    if known.multi_valued {
        let means = "nothing: the key has several values, and only keys with one are variables";
        return out.add(checks::VARIABLE_SEVERAL, line, seems, means, "use a key that has one value");
    }
    let widens = effect == Effect::Allow && without == Without::Wider;
    let spares = effect == Effect::Deny && without == Without::Narrower;
    if (widens || spares) && variable.default.is_none() && !is_always_present(key) {
        let means = if widens {
            "nothing is excepted for requests without that key, so all of it is allowed"
        } else {
            "nothing is denied for requests without that key"
        };
        let hint = format!("give a default, as in `${{{key}, 'none'}}`");
        out.add(checks::VARIABLE_ABSENT, line, seems, means, hint);
    }
}

/// What is wrong with a text that looks as if it had a variable: more openings than variables, or other brackets.
fn broken(written: &str, variables: usize) -> Option<&'static str> {
    const ESCAPES: [&str; 3] = ["${*}", "${?}", "${$}"];
    let opened = written.matches("${").count();
    let escaped: usize = ESCAPES.iter().map(|escape| written.matches(escape).count()).sum();
    if opened > variables + escaped {
        return Some(
            "a variable is `${key}` or `${key, 'default'}`, closed, with the default in single quotes",
        );
    }
    let begins = |begin: &str| {
        written.match_indices(begin).any(|(at, _)| {
            written.get(at + begin.len()..).is_some_and(|rest| {
                let key: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                !key.is_empty() && rest.get(key.len()..).is_some_and(|rest| rest.starts_with(':'))
            })
        })
    };
    if begins("$(") || begins("$[") || begins("%{") || begins("&{") || begins("{{") || begins("$aws.") {
        return Some("a variable is written `${key}`");
    }
    let aws = ["$aws:", "{aws:", "<aws:"].iter().any(|begin| {
        written
            .match_indices(begin)
            .any(|(at, _)| !written.get(..at).is_some_and(|before| before.ends_with('$')))
    });
    aws.then_some("a variable is written `${key}`")
}
