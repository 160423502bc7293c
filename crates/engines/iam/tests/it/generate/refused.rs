//! One mistake in one policy of a line, which AWS refuses.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Which mistake, and in which layer.
pub(crate) type Refusal = (&'static str, usize);

const LAYERS: &[&str] = &["identity", "resource"];

pub(crate) fn refusal() -> impl Strategy<Value = Refusal> {
    let mistakes = vec![
        "version",
        "top",
        "no statements",
        "element",
        "effect",
        "action",
        "no action",
        "resource",
        "principal",
        "operator",
        "null",
        "key twice",
        "value",
        "sid",
        "sid twice",
    ];
    (select(mistakes), 0..LAYERS.len())
}

/// Puts the mistake into the layer's first policy, or does nothing if there is none.
pub(crate) fn apply(line: &mut Value, (mistake, layer): Refusal) {
    let layer = LAYERS[layer];
    let given = &mut line["policies"][layer];
    let policy = match given {
        Value::Array(all) if !all.is_empty() => &mut all[0]["policy"],
        Value::Object(_) => &mut given["policy"],
        _ => return,
    };
    match mistake {
        "version" => policy["Version"] = json!("2012-10-18"),
        "top" => policy["Statements"] = json!([]),
        "no statements" => policy["Statement"] = json!([]),
        _ => {}
    }
    let statement = match &mut policy["Statement"] {
        Value::Array(all) if all.is_empty() => return,
        Value::Array(all) => {
            if mistake == "sid twice" {
                // Policies of other resources than roles may say anything.
                let again = all[0].clone();
                all.push(again);
                all.iter_mut().for_each(|one| one["Sid"] = json!("Again"));
            }
            &mut all[0]
        }
        one => one,
    };
    match mistake {
        "element" => statement["resource"] = json!("*"),
        "effect" => statement["Effect"] = json!("allow"),
        "action" => {
            statement["Action"] = json!("*");
            statement["NotAction"] = json!("*");
        }
        "no action" => {
            statement["Action"] = json!({});
        }
        "resource" if layer == "identity" => statement["Resource"] = json!("b1"),
        "resource" => {
            statement["Resource"] = json!("*");
            statement["NotResource"] = json!("*");
        }
        "principal" => statement["Principal"] = json!({"AWS": "arn:aws:iam::111122223333:role/*"}),
        "operator" => statement["Condition"] = json!({"StringIs": {"aws:SourceVpce": "u1"}}),
        "null" => statement["Condition"] = json!({"NullIfExists": {"aws:SourceVpce": "true"}}),
        "key twice" => {
            statement["Condition"] =
                json!({"StringEquals": {"aws:SourceVpce": "u1", "aws:sourcevpce": "u1"}});
        }
        "value" => statement["Condition"] = json!({"StringEquals": {"aws:SourceVpce": {"u1": 1}}}),
        "sid" => statement["Sid"] = json!("S-1"),
        _ => {}
    }
}
