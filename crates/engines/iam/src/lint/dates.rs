//! Dates that have passed.

use super::checks;
use super::findings::{Findings, quoted};
use crate::condition::value::Value;
use crate::condition::{Comparison, Condition};
use crate::policy::{Effect, Statement};

pub(super) fn statement(statement: &Statement, now: Option<i64>, out: &mut Findings) {
    let Some(now) = now else { return };
    // The keys that have the time of the request.
    let is_clock =
        |condition: &&Condition| matches!(condition.key.lower(), "aws:currenttime" | "aws:epochtime");
    for condition in statement.conditions.iter().filter(is_clock) {
        let until = matches!(
            condition.operator.comparison,
            Comparison::DateLessThan | Comparison::DateLessThanEquals | Comparison::DateEquals
        );
        let past = |value: &Value| matches!(value, Value::Date(date) if *date < now);
        if condition.operator.negated
            || !until
            || condition.values.is_empty()
            || !condition.values.iter().all(past)
        {
            continue;
        }
        let (seems, means) = match statement.effect {
            Effect::Allow => ("to allow something", "nothing any more"),
            Effect::Deny => ("to deny something", "nothing any more"),
        };
        let date = condition.written.first().map(|text| quoted(text)).unwrap_or_default();
        out.add(
            checks::DATE_PAST,
            condition.line,
            format!("{seems} until {date}"),
            format!("{means}: the date has passed"),
            "remove the statement, or renew the date",
        );
    }
}
