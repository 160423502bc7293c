//! Conditions that come out otherwise than meant for requests that lack the key.

use super::checks;
use super::findings::{Findings, quoted};
use crate::condition::value::Value;
use crate::condition::{Comparison, Condition, SetOperator};
use crate::policy::{Effect, Statement};

/// Keys that every request has. Source: IAM User Guide, *AWS global condition context keys*, "Availability" of each.
const ALWAYS_PRESENT: [&str; 10] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:securetransport",
    "aws:userid",
];

const MFA: &str = "aws:multifactorauthpresent";

/// Whether every request has the key.
pub(super) fn is_always_present(key: &str) -> bool {
    ALWAYS_PRESENT.iter().any(|known| known.eq_ignore_ascii_case(key))
}

pub(super) fn statement(statement: &Statement, out: &mut Findings) {
    for condition in &statement.conditions {
        if condition.key.lower() == MFA {
            mfa(statement, condition, out);
        } else if statement.effect == Effect::Allow {
            allow(statement, condition, out);
        }
        contradiction(statement, condition, out);
    }
}

/// Whether another condition makes sure that requests without the key are not meant.
fn is_guarded(statement: &Statement, condition: &Condition) -> bool {
    let guards = |other: &Condition| {
        let operator = other.operator;
        match operator.comparison {
            Comparison::Null => is_null(other, false),
            _ => !operator.negated && !operator.if_exists && operator.set != Some(SetOperator::ForAllValues),
        }
    };
    statement
        .conditions
        .iter()
        .any(|other| !std::ptr::eq(other, condition) && other.key == condition.key && guards(other))
}

fn is_null(condition: &Condition, wanted: bool) -> bool {
    condition.operator.comparison == Comparison::Null && *condition.values == [Value::Bool(wanted)]
}

fn is_bool(condition: &Condition, wanted: bool) -> bool {
    condition.operator.comparison == Comparison::Bool && *condition.values == [Value::Bool(wanted)]
}

fn allow(statement: &Statement, condition: &Condition, out: &mut Findings) {
    let operator = condition.operator;
    let key = condition.key.written();
    if operator.comparison == Comparison::Null || is_always_present(key) || is_guarded(statement, condition) {
        return;
    }
    let shown = quoted(key);
    let seems = format!("to allow only requests whose {shown} fits");
    let guard = format!("add `\"Null\": {{\"{key}\": \"false\"}}`");
    if operator.if_exists {
        let means = format!("requests without {shown} are allowed too");
        out.add(checks::IF_EXISTS, condition.line, seems, means, format!("drop `IfExists`, or {guard}"));
    } else if operator.set == Some(SetOperator::ForAllValues) {
        let means = format!("requests without {shown} are allowed too: of no values, all fit");
        out.add(checks::FOR_ALL_VALUES, condition.line, seems, means, guard);
    } else if operator.negated && operator.set.is_none() {
        let means =
            format!("requests without {shown} are allowed too: what is not there differs from every value");
        out.add(checks::NEGATED_ABSENT, condition.line, seems, means, guard);
    }
}

/// `aws:MultiFactorAuthPresent` is there with temporary credentials alone: requests with access keys lack it.
fn mfa(statement: &Statement, condition: &Condition, out: &mut Findings) {
    let if_exists = condition.operator.if_exists;
    match statement.effect {
        Effect::Allow if if_exists && is_bool(condition, true) && !is_guarded(statement, condition) => {
            let means = "requests with long-term access keys, which lack the key, are allowed without MFA";
            out.add(checks::MFA_ABSENT, condition.line, "to allow only with MFA", means, "write `Bool`");
        }
        Effect::Allow if is_null(condition, false) && !is_guarded(statement, condition) => {
            let means = "any temporary credentials are enough: with them the key is there, be it `false`";
            let hint = "write `\"Bool\": {\"aws:MultiFactorAuthPresent\": \"true\"}`";
            out.add(checks::MFA_ABSENT, condition.line, "to allow only with MFA", means, hint);
        }
        Effect::Deny if !if_exists && is_bool(condition, false) => {
            let means = "requests with long-term access keys, which lack the key, are not denied";
            let hint = "write `BoolIfExists`, which holds without the key too";
            out.add(checks::MFA_ABSENT, condition.line, "to deny without MFA", means, hint);
        }
        _ => {}
    }
}

/// A condition on the value of a key that another one requires to be absent.
fn contradiction(statement: &Statement, condition: &Condition, out: &mut Findings) {
    if !is_null(condition, true) {
        return;
    }
    let needs_it = |other: &&Condition| {
        let operator = other.operator;
        let by_value = operator.comparison != Comparison::Null
            && !operator.negated
            && !operator.if_exists
            && operator.set != Some(SetOperator::ForAllValues);
        other.key == condition.key && (by_value || is_null(other, false))
    };
    if let Some(other) = statement.conditions.iter().find(needs_it) {
        let does = if statement.effect == Effect::Allow { "allow" } else { "deny" };
        let key = quoted(condition.key.written());
        let seems = format!("to {does} something when {key} is absent or fits");
        let means = format!("nothing: line {} needs the key, and all conditions have to hold", other.line);
        out.add(checks::NEVER_HOLDS, condition.line, seems, means, "write two statements");
    }
}
