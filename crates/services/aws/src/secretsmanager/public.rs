//! Whether a secret's policy gives to everybody.
//!
//! AWS proves it with a solver. Here a statement that allows everybody counts as public unless one of its conditions ties it
//! to named accounts, principals, organisations, networks or sources; so a policy may be called public that is not, and never
//! the other way round.
//!
//! Source: AWS, *Secrets Manager API Reference*, PutResourcePolicy, `BlockPublicPolicy`; *Amazon S3 User Guide*, "The meaning
//! of 'public'", for the condition keys and the width of networks.

use serde_json::Value;

/// Keys that tell who asks, or for whom, and which nobody can choose freely.
const KEYS: [&str; 13] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "kms:calleraccount",
];

/// The widest network that is no public one: `/8` of IPv4, `/32` of IPv6.
const WIDEST: (u32, u32) = (8, 32);

/// Whether the text of a policy allows something to everybody.
pub(crate) fn is_public(text: &str) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return true };
    let statements = document.get("Statement").map(items).unwrap_or_default();
    statements.iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) != Some("Deny")
            && names_everybody(statement)
            && !is_narrowed(statement)
    })
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

fn names_everybody(statement: &Value) -> bool {
    match statement.get("Principal") {
        Some(Value::Object(kinds)) => {
            kinds.values().flat_map(items).any(|name| name.as_str().is_none_or(|name| name.contains('*')))
        }
        Some(Value::String(name)) => name.contains('*'),
        // `NotPrincipal` that allows, allows everybody else.
        _ => true,
    }
}

fn is_narrowed(statement: &Value) -> bool {
    let Some(Value::Object(conditions)) = statement.get("Condition") else { return false };
    conditions.iter().any(|(operator, keys)| {
        let Value::Object(keys) = keys else { return false };
        keys.iter().any(|(key, values)| {
            let values = items(values);
            !values.is_empty() && values.iter().all(|value| narrows(operator, key, value))
        })
    })
}

fn narrows(operator: &str, key: &str, value: &Value) -> bool {
    let (operator, key) = (operator.to_ascii_lowercase(), key.to_ascii_lowercase());
    let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
    let Some(value) = value.as_str() else { return false };
    match operator {
        "stringequals" | "stringequalsignorecase" | "stringlike" | "arnequals" | "arnlike" => {
            KEYS.contains(&key.as_str()) && !value.is_empty() && !value.contains(['*', '?', '$'])
        }
        "ipaddress" => matches!(key.as_str(), "aws:sourceip" | "aws:vpcsourceip") && is_narrow(value),
        _ => false,
    }
}

fn is_narrow(network: &str) -> bool {
    let (address, length) = network.split_once('/').map_or((network, None), |(a, b)| (a, Some(b)));
    let length = match length.map(str::parse::<u32>) {
        None => return true,
        Some(Ok(length)) => length,
        Some(Err(_)) => return false,
    };
    length >= if address.contains(':') { WIDEST.1 } else { WIDEST.0 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_names_everybody_is_public_unless_a_condition_ties_it() {
        let allow = |principal: Value, condition: Value| {
            let statement =
                json!({ "Effect": "Allow", "Principal": principal, "Action": "*", "Condition": condition });
            json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
        };
        let none = || json!({});
        let public = [
            allow(json!("*"), none()),
            allow(json!({ "AWS": "*" }), none()),
            allow(json!({ "AWS": ["arn:aws:iam::111122223333:root", "*"] }), none()),
            allow(json!("*"), json!({ "Bool": { "aws:SecureTransport": "true" } })),
            allow(json!("*"), json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-1" } })),
            allow(json!("*"), json!({ "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } })),
            allow(json!("*"), json!({ "StringLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/app" } })),
            allow(json!("*"), json!({ "ForAllValues:StringEquals": { "aws:PrincipalOrgPaths": "o-1/r/" } })),
            allow(json!("*"), json!({ "StringEquals": { "aws:PrincipalAccount": ["111122223333", "*"] } })),
            allow(json!("*"), json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/1" } })),
            r#"{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"*"}]}"#
                .to_owned(),
            "no policy".to_owned(),
        ];
        for policy in public {
            assert!(is_public(&policy), "{policy}");
        }
        let private = [
            allow(json!({ "AWS": "111122223333" }), none()),
            allow(json!("*"), json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } })),
            allow(json!("*"), json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"] } })),
            r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"*"}}"#.to_owned(),
        ];
        for policy in private {
            assert!(!is_public(&policy), "{policy}");
        }
    }
}
