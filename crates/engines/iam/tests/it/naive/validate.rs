//! What AWS refuses in a policy.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::condition::is_operator;
use super::question::is_account;
use super::strings;

type Checked = Result<(), String>;

fn ensure(fine: bool, error: impl FnOnce() -> String) -> Checked {
    if fine { Ok(()) } else { Err(error()) }
}

/// Checks one policy of a layer; `trust` if it is a role's trust policy.
pub(crate) fn policy(policy: &Value, layer: &str, trust: bool) -> Checked {
    let top = policy.as_object().ok_or("is no object")?;
    known(top, &["Version", "Id", "Statement"])?;
    if let Some(version) = top.get("Version") {
        ensure(version == "2012-10-17" || version == "2008-10-17", || {
            format!("unknown version `{version}`")
        })?;
    }
    ensure(top.get("Id").is_none_or(Value::is_string), || "`Id` is no string".to_owned())?;
    let statements = match top.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    ensure(!statements.is_empty(), || "no statement".to_owned())?;
    let strict_sid = trust || !["resource", "vpcEndpoint"].contains(&layer);
    let mut sids = BTreeSet::new();
    for (index, one) in statements.into_iter().enumerate() {
        let inside = |error| format!("statement {index}: {error}");
        statement(one, layer, trust).map_err(inside)?;
        let Some(sid) = one["Sid"].as_str().filter(|_| strict_sid) else { continue };
        ensure(sid.bytes().all(|byte| byte.is_ascii_alphanumeric()), || inside(format!("Sid `{sid}`")))?;
        ensure(sids.insert(sid), || inside(format!("Sid `{sid}` again")))?;
    }
    Ok(())
}

fn known(object: &Map<String, Value>, names: &[&str]) -> Checked {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("unknown element `{name}`")),
        None => Ok(()),
    }
}

fn statement(statement: &Value, layer: &str, trust: bool) -> Checked {
    let elements = statement.as_object().ok_or("is no object")?;
    let names = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    known(elements, &names)?;
    ensure(elements.get("Sid").is_none_or(Value::is_string), || "`Sid` is no string".to_owned())?;
    let effect = elements.get("Effect").and_then(Value::as_str);
    ensure(matches!(effect, Some("Allow" | "Deny")), || "`Effect` is neither `Allow` nor `Deny`".to_owned())?;

    let has = |name: &str| elements.contains_key(name);
    let one_of =
        |name: &str, not: &str| ensure(has(name) != has(not), || format!("either `{name}` or `{not}`"));
    one_of("Action", "NotAction")?;
    let has_principal = has("Principal") || has("NotPrincipal");
    if ["identity", "boundary", "session", "scp"].contains(&layer) {
        ensure(!has_principal, || format!("`Principal` in layer {layer}"))?;
    } else {
        one_of("Principal", "NotPrincipal")?;
    }
    if layer == "rcp" {
        ensure(statement["Principal"] == "*", || {
            "`Principal` of a resource control policy is `*`".to_owned()
        })?;
    }
    if trust {
        ensure(!has("Resource") && !has("NotResource"), || "`Resource` in a trust policy".to_owned())?;
    } else if layer == "resource" {
        ensure(!(has("Resource") && has("NotResource")), || "both `Resource` and `NotResource`".to_owned())?;
    } else {
        one_of("Resource", "NotResource")?;
    }
    for name in ["Action", "NotAction", "Resource", "NotResource"] {
        elements.get(name).map_or(Ok(()), |value| texts(value, name))?;
    }
    if ["identity", "boundary", "session", "scp"].contains(&layer) {
        let resources = [strings(&statement["Resource"]), strings(&statement["NotResource"])].concat();
        let odd = resources.iter().find(|text| *text != "*" && !can_begin(text, "arn:"));
        ensure(odd.is_none(), || format!("resource `{}` is no ARN", odd.unwrap()))?;
    }
    for name in ["Principal", "NotPrincipal"] {
        elements.get(name).map_or(Ok(()), principal)?;
    }
    elements.get("Condition").map_or(Ok(()), condition)
}

/// A string or a list of strings.
fn texts(value: &Value, name: &str) -> Checked {
    let fine = match value {
        Value::Array(all) => all.iter().all(Value::is_string),
        one => one.is_string(),
    };
    ensure(fine, || format!("`{name}` is neither a string nor a list of strings"))
}

/// Whether a text that the pattern matches can begin so.
fn can_begin(pattern: &str, start: &str) -> bool {
    match (pattern.chars().next(), start.chars().next()) {
        (_, None) | (Some('*'), _) => true,
        (Some(piece), Some(wanted)) if piece == '?' || piece == wanted => {
            can_begin(pattern.strip_prefix(piece).unwrap(), start.strip_prefix(wanted).unwrap())
        }
        _ => false,
    }
}

fn principal(element: &Value) -> Checked {
    if element == "*" {
        return Ok(());
    }
    let kinds = element.as_object().ok_or("a principal is `*` or an object")?;
    known(kinds, &["AWS", "Service", "Federated", "CanonicalUser"])?;
    for (kind, value) in kinds {
        texts(value, kind)?;
    }
    let odd = strings(&element["AWS"]).into_iter().find(|text| !is_aws_principal(text));
    ensure(odd.is_none(), || format!("principal `{}`", odd.unwrap()))
}

fn is_aws_principal(text: &str) -> bool {
    if text == "*" || is_account(text) {
        return true;
    }
    if text.contains(['*', '?']) {
        return false;
    }
    if text.starts_with("AIDA") || text.starts_with("AROA") {
        return text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let &["arn", _, service, "", account, rest] = parts.as_slice() else { return false };
    let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
    is_account(account)
        && match (service, kind) {
            ("iam", "root") => rest == "root",
            ("iam", "user" | "role") | ("sts", "federated-user") => !name.is_empty(),
            ("sts", "assumed-role") => name.split('/').filter(|part| !part.is_empty()).count() == 2,
            _ => false,
        }
}

fn condition(element: &Value) -> Checked {
    for (operator, keys) in element.as_object().ok_or("`Condition` is no object")? {
        ensure(is_operator(operator), || format!("unknown operator `{operator}`"))?;
        let mut seen = BTreeSet::new();
        for (key, values) in keys.as_object().ok_or_else(|| format!("`{operator}` has no keys"))? {
            ensure(seen.insert(key.to_ascii_lowercase()), || format!("key `{key}` again"))?;
            let is_scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
            let fine = values.as_array().map_or_else(|| is_scalar(values), |all| all.iter().all(is_scalar));
            ensure(fine, || format!("value of key `{key}`"))?;
        }
    }
    Ok(())
}
