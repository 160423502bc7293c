//! Patterns mean what brute force says they mean: as resources, as questions, and in conditions.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::answer::engine;
use crate::wildcards::{
    arn_pattern, arn_text, covers_arn, intersects_arn, matches, matches_arn, pattern, text,
};

/// The decision for a resource under statements of its own policy, which may name any text.
fn decision(resource: &str, statements: &Value) -> String {
    let line = json!({
        "principal": "arn:aws:iam::111122223333:user/u1",
        "action": "s3:GetObject",
        "resource": resource,
        "resourceAccount": "111122223333",
        "policies": {"resource": {"name": "own", "policy": {"Version": "2012-10-17", "Statement": statements}}}
    });
    let answer = engine(&line);
    assert_eq!(answer["error"], Value::Null, "{line}");
    answer["decision"].as_str().unwrap().to_owned()
}

fn statement(effect: &str, resource: &str) -> Value {
    json!({"Effect": effect, "Principal": "*", "Action": "*", "Resource": resource})
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn a_resource_matches(pattern in arn_pattern(), text in arn_text()) {
        let allowed = decision(&text, &json!([statement("Allow", &pattern)])) == "Allowed";
        prop_assert_eq!(allowed, matches_arn(&pattern, &text));
    }

    #[test]
    fn an_allow_counts_where_it_meets_the_question(pattern in arn_pattern(), question in arn_pattern()) {
        let allowed = decision(&question, &json!([statement("Allow", &pattern)])) == "Allowed";
        prop_assert_eq!(allowed, intersects_arn(&pattern, &question));
    }

    #[test]
    fn a_deny_counts_where_it_covers_the_question(pattern in arn_pattern(), question in arn_pattern()) {
        let statements = json!([statement("Allow", "*"), statement("Deny", &pattern)]);
        let denied = decision(&question, &statements) == "ExplicitlyDenied";
        prop_assert_eq!(denied, covers_arn(&pattern, &question));
    }

    #[test]
    fn a_condition_matches(pattern in pattern(), text in text()) {
        let mut allow = statement("Allow", "*");
        allow["Condition"] = json!({"StringLike": {"aws:SourceVpc": pattern}});
        let line = json!({
            "principal": "arn:aws:iam::111122223333:user/u1",
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b1",
            "resourceAccount": "111122223333",
            "context": {"aws:SourceVpc": [text]},
            "policies": {"resource": {"name": "own", "policy": {"Version": "2012-10-17", "Statement": allow}}}
        });
        prop_assert_eq!(engine(&line)["decision"] == "Allowed", matches(&pattern, &text));
    }
}
