//! Asks iam-rs: a line of JSON on stdin is a question, a line on stdout its answer.
//!
//! A question is `{"principal", "action", "resource", "context": {"key": ["value"]}, "policies": [document]}`, an answer
//! `{"decision": …}`, `{"unsupported": …}` for what the library has no word for, or `{"error": …}`.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Write};

use iam_rs::{
    Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, Principal, PrincipalId, evaluate_policies,
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Question {
    principal: Value,
    action: String,
    resource: String,
    context: HashMap<String, Vec<String>>,
    policies: Vec<Value>,
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?) {
            Ok(question) => answer(&question),
            Err(error) => json!({ "error": error.to_string() }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(question: &Question) -> Value {
    let mut policies = Vec::new();
    for document in &question.policies {
        match serde_json::from_value::<IAMPolicy>(document.clone()) {
            Ok(policy) => policies.push(policy),
            Err(error) => return json!({ "unsupported": format!("the policy is not read: {error}") }),
        }
    }
    match decide(question, &policies) {
        Ok(Decision::Allow) => json!({ "decision": "Allowed" }),
        Ok(Decision::Deny) => json!({ "decision": "ExplicitlyDenied" }),
        Ok(Decision::NotApplicable) => json!({ "decision": "ImplicitlyDenied" }),
        Err(error) => json!({ "error": error }),
    }
}

fn decide(question: &Question, policies: &[IAMPolicy]) -> Result<Decision, String> {
    let principal = principal(&question.principal)?;
    let resource = Arn::parse(&question.resource).map_err(|error| error.to_string())?;
    let context = context(&question.context, &types(&question.policies));
    let request = IAMRequest::new_with_context(principal, question.action.as_str(), resource, context);
    evaluate_policies(policies, &request).map_err(|error| error.to_string())
}

fn principal(value: &Value) -> Result<Principal, String> {
    if let Value::String(arn) = value {
        return Ok(Principal::Aws(PrincipalId::String(arn.clone())));
    }
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}

/// The keys that the policies compare with `Bool` or with a set operator: iam-rs wants a value of that type.
struct Types {
    boolean: HashSet<String>,
    set: HashSet<String>,
}

fn types(documents: &[Value]) -> Types {
    let mut types = Types { boolean: HashSet::new(), set: HashSet::new() };
    for document in documents {
        let statements = match document.get("Statement") {
            Some(Value::Array(list)) => list.iter().collect(),
            one => Vec::from_iter(one),
        };
        for (operator, keys) in
            statements.iter().filter_map(|one| one.get("Condition")?.as_object()).flatten()
        {
            let keys =
                || keys.as_object().into_iter().flat_map(|keys| keys.keys().map(|key| key.to_lowercase()));
            if operator.contains("Bool") {
                types.boolean.extend(keys());
            }
            if operator.contains(':') {
                types.set.extend(keys());
            }
        }
    }
    types
}

fn context(given: &HashMap<String, Vec<String>>, types: &Types) -> Context {
    let mut context = Context::new();
    for (key, values) in given {
        let lowered = key.to_lowercase();
        let booleans: Option<Vec<bool>> =
            values.iter().map(|value| value.to_lowercase().parse().ok()).collect();
        let value = match (values.as_slice(), booleans.as_deref()) {
            ([_], Some(&[one])) if types.boolean.contains(&lowered) => ContextValue::Boolean(one),
            (_, Some(several)) if types.boolean.contains(&lowered) => {
                ContextValue::BooleanList(several.to_vec())
            }
            ([one], _) if !types.set.contains(&lowered) => ContextValue::String(one.clone()),
            (several, _) => ContextValue::StringList(several.to_vec()),
        };
        context.insert(key.clone(), value);
    }
    context
}
