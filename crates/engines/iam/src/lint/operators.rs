//! Operators that do not fit their key or their values.

use std::net::IpAddr;

use super::checks::{self, Level};
use super::findings::{Findings, quoted};
use crate::catalog::{KeyType, ValueType, catalog};
use crate::condition::value::{Value, address};
use crate::condition::{Comparison, Condition, SetOperator};
use crate::policy::{Effect, Statement};

/// Numbers of bits of a prefix and what they are the whole of.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

pub(super) fn statement(statement: &Statement, out: &mut Findings) {
    for condition in &statement.conditions {
        wildcards(statement.effect, condition, out);
        values(statement.effect, condition, out);
        private_addresses(condition, out);
        if let Some(key_type) = catalog().condition_key(condition.key.written()) {
            operator_type(condition, key_type, out);
            set_operator(statement.effect, condition, key_type, out);
        }
    }
}

fn wildcards(effect: Effect, condition: &Condition, out: &mut Findings) {
    let operator = condition.operator;
    if !matches!(operator.comparison, Comparison::StringEquals | Comparison::StringEqualsIgnoreCase) {
        return;
    }
    let is_wild = |text: &str| text.replace("${*}", "").replace("${?}", "").contains(['*', '?']);
    let Some(text) = condition.written.iter().find(|text| is_wild(text)) else { return };
    let seems = format!("to match {} as a pattern", quoted(text));
    let (level, means) = match (effect, operator.negated) {
        (Effect::Allow, false) => (Level::Error, "the text as it stands, so no request is allowed by it"),
        (Effect::Allow, true) => (Level::Security, "the text as it stands, so nothing is excepted by it"),
        (Effect::Deny, false) => (Level::Security, "the text as it stands, so no request is denied by it"),
        (Effect::Deny, true) => (Level::Error, "the text as it stands, so everything else is denied"),
    };
    let like = if operator.negated { "StringNotLike" } else { "StringLike" };
    let hint = format!("wildcards count in `{like}`, and in the ARN operators");
    out.add(checks::WILDCARD_EQUALS.at(level), condition.line, seems, means, hint);
}

fn values(effect: Effect, condition: &Condition, out: &mut Findings) {
    let name = &condition.operator_written;
    let means = match effect {
        Effect::Allow => "a value that cannot be compared, so nothing is allowed by it",
        Effect::Deny => "a value that cannot be compared: what is denied by it, AWS does not say",
    };
    for (value, text) in condition.values.iter().zip(&condition.written) {
        let is_variable = text.contains("${") && !condition.operator.comparison.takes_variables();
        if !matches!(value, Value::Unreadable(_)) || is_variable {
            continue;
        }
        let hint = match condition.operator.comparison {
            Comparison::Bool | Comparison::Null => "values are `true` and `false`",
            Comparison::IpAddress => "values are as `203.0.113.0/24` and `2001:db8::/32`",
            Comparison::ArnLike => "an ARN has six parts between colons, each with wildcards of its own",
            Comparison::BinaryEquals => "values are base64, with its padding",
            Comparison::NumericEquals
            | Comparison::NumericLessThan
            | Comparison::NumericLessThanEquals
            | Comparison::NumericGreaterThan
            | Comparison::NumericGreaterThanEquals => "values are numbers, as `10` and `2.5`",
            _ => "values are as `2030-01-31T00:00:00Z`",
        };
        let seems = format!("to compare with {}", quoted(text));
        out.add(checks::VALUE_TYPE, condition.line, seems, means, hint);
    }
    let has = |wanted| condition.values.contains(&Value::Bool(wanted));
    if has(true) && has(false) {
        let seems = format!("to compare {} with something", quoted(condition.key.written()));
        let means =
            format!("`{name}` holds for both of `true` and `false`, so for every request that has the key");
        out.add(checks::BOOL_BOTH, condition.line, seems, means, "keep the one that is meant");
    }
}

fn private_addresses(condition: &Condition, out: &mut Findings) {
    if condition.operator.comparison != Comparison::IpAddress || condition.key.lower() != "aws:sourceip" {
        return;
    }
    let is_private = |text: &str| {
        let written = text.split('/').next().unwrap_or_default();
        address(written).is_some_and(|address| match address {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => address.is_unique_local(),
        })
    };
    if let Some(text) = condition.written.iter().find(|text| is_private(text)) {
        let seems = format!("to compare the caller's address with {}", quoted(text));
        let means = "a range in which no caller is: `aws:SourceIp` has public addresses, and is absent behind a VPC endpoint";
        let hint = format!(
            "within a VPC compare `aws:VpcSourceIp` and `aws:SourceVpc`; private are {}",
            PRIVATE.join(", ")
        );
        out.add(checks::IP_PRIVATE, condition.line, seems, means, hint);
    }
}

fn operator_type(condition: &Condition, key_type: KeyType, out: &mut Findings) {
    use Comparison as C;
    use ValueType as V;
    let compared = match condition.operator.comparison {
        C::StringEquals | C::StringEqualsIgnoreCase | C::StringLike => V::String,
        C::NumericEquals
        | C::NumericLessThan
        | C::NumericLessThanEquals
        | C::NumericGreaterThan
        | C::NumericGreaterThanEquals => V::Numeric,
        C::DateEquals
        | C::DateLessThan
        | C::DateLessThanEquals
        | C::DateGreaterThan
        | C::DateGreaterThanEquals => V::Date,
        C::Bool => V::Bool,
        C::BinaryEquals => V::Binary,
        C::IpAddress => V::IpAddress,
        C::ArnLike => V::Arn,
        C::Null => return,
    };
    // Text compares with text: ARNs, booleans and numbers as AWS writes them. Dates are seconds too.
    let level = match (key_type.value, compared) {
        (key, compared) if key == compared => return,
        (V::Arn, V::String) | (V::String, V::Arn) | (V::Date, V::Numeric) | (V::Numeric, V::Date) => return,
        (V::Bool | V::Numeric, V::String) => Level::Warning,
        _ => Level::Error,
    };
    let (is, family) = kind(key_type.value);
    let seems = format!("to compare {}", quoted(condition.key.written()));
    let means = if level == Level::Warning {
        format!(
            "{} compares text, and the key has {is}: `TRUE` or `1.0` would not match",
            quoted(&condition.operator_written)
        )
    } else {
        format!("{} cannot compare it: the key has {is}", quoted(&condition.operator_written))
    };
    out.add(checks::OPERATOR_TYPE.at(level), condition.line, seems, means, format!("use {family}"));
}

fn kind(value: ValueType) -> (&'static str, &'static str) {
    match value {
        ValueType::String => ("text", "`StringEquals`, `StringLike` …"),
        ValueType::Numeric => ("numbers", "`NumericEquals`, `NumericLessThan` …"),
        ValueType::Bool => ("`true` and `false`", "`Bool`"),
        ValueType::Date => ("dates", "`DateEquals`, `DateLessThan` …"),
        ValueType::Arn => ("ARNs", "`ArnLike`"),
        ValueType::IpAddress => ("addresses", "`IpAddress` or `NotIpAddress`"),
        ValueType::Binary => ("bytes", "`BinaryEquals`"),
    }
}

fn set_operator(effect: Effect, condition: &Condition, key_type: KeyType, out: &mut Findings) {
    let key = quoted(condition.key.written());
    match condition.operator.set {
        Some(set) if !key_type.multi_valued => {
            let widens = effect == Effect::Allow && set == SetOperator::ForAllValues;
            let level = if widens { Level::Security } else { Level::Warning };
            let means = match set {
                SetOperator::ForAllValues => "one value, and it holds for requests without the key too",
                SetOperator::ForAnyValue => "one value: the set operator adds nothing",
            };
            let seems = format!("to look at several values of {key}");
            let bare = condition.operator_written.split_once(':').map_or("", |(_, bare)| bare);
            out.add(checks::SET_ON_SINGLE.at(level), condition.line, seems, means, format!("write `{bare}`"));
        }
        None if key_type.multi_valued && condition.operator.comparison != Comparison::Null => {
            let (level, means) = match effect {
                Effect::Allow => {
                    (Level::Error, "nothing: a key with several values is not compared without set operator")
                }
                Effect::Deny => (Level::Warning, "what AWS does not define: the key has several values"),
            };
            let seems = format!("to compare {key}");
            let hint = format!("write `ForAnyValue:{0}` or `ForAllValues:{0}`", condition.operator_written);
            out.add(checks::MULTI_WITHOUT_SET.at(level), condition.line, seems, means, hint);
        }
        _ => {}
    }
}
