//! Conditions, and contexts that often meet them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Operators of one type, keys that have it, and values for either side.
#[derive(Debug)]
struct Typed {
    operators: &'static [&'static str],
    keys: &'static [&'static str],
    wanted: &'static [&'static str],
    given: &'static [&'static str],
}

const STRING: Typed = Typed {
    operators: &[
        "StringEquals",
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
    ],
    keys: &["aws:PrincipalTag/team", "aws:RequestTag/team", "aws:SourceVpce", "AWS:SourceVPCE", "s3:prefix"],
    wanted: &[
        "u1",
        "u1",
        "U1",
        "u2",
        "u*",
        "?1",
        "*",
        "${aws:PrincipalTag/team}",
        "${aws:username}",
        "${aws:username, 'u1'}",
        "${aws:TagKeys, 'u1'}",
        "u${*}",
        "${aws:userid}",
    ],
    given: &["u1", "u1", "U1", "u2", "u*", "1"],
};

/// Keys that the request itself tells of callers from AWS accounts.
const TOLD: Typed = Typed {
    operators: &["StringEquals", "StringNotEquals", "StringLike"],
    keys: &[
        "aws:username",
        "aws:PrincipalAccount",
        "aws:ResourceAccount",
        "aws:PrincipalType",
        "aws:PrincipalServiceName",
        "aws:userid",
    ],
    wanted: &[
        "u1",
        "111122223333",
        "444455556666",
        "*",
        "User",
        "AssumedRole",
        "A*:s?",
        "${aws:PrincipalAccount}",
        "ec2.amazonaws.com",
    ],
    given: &["u1"],
};

const MANY: Typed = Typed {
    operators: &[
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEquals",
        "ForAllValues:StringNotEquals",
        "ForAnyValue:StringNotLike",
        "ForAllValues:StringLike",
        "ForAnyValue:StringEqualsIfExists",
        "StringEquals",
        "StringNotEquals",
    ],
    keys: &["aws:TagKeys"],
    wanted: &["u1", "u2", "u*", "${aws:username, 'u2'}"],
    given: &["u1", "u1", "u2", "u3"],
};

const NUMBER: Typed = Typed {
    operators: &[
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ],
    keys: &["s3:max-keys"],
    wanted: &["10", "10.0", "-1", "11", "10.5", "abc"],
    given: &["10", "10.50", "9", "-1", "ten"],
};

const DATE: Typed = Typed {
    operators: &[
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
    ],
    keys: &["aws:CurrentTime"],
    wanted: &[
        "2026-02-28T00:00:00Z",
        "2026-02-28",
        "2026-03-01T01:00:00+01:00",
        "1772323200",
        "2024-02-29T12:00Z",
        "2026-02-29",
    ],
    given: &["2026-02-28T00:00:00Z", "2026-03-01T00:00:00.5Z", "1772236800", "soon"],
};

const BOOLEAN: Typed = Typed {
    operators: &["Bool"],
    keys: &["aws:SecureTransport", "aws:PrincipalIsAWSService"],
    wanted: &["true", "true", "FALSE", "false", "maybe"],
    given: &["true", "True", "false", "1"],
};

const NULL: Typed = Typed {
    operators: &["Null"],
    keys: &["aws:SourceVpce", "aws:TagKeys", "aws:username", "s3:max-keys", "aws:PrincipalServiceName"],
    wanted: &["true", "false", "False"],
    given: &[],
};

const BYTES: Typed = Typed {
    operators: &["BinaryEquals"],
    keys: &["aws:PrincipalTag/bytes"],
    wanted: &["QUJD", "QUI=", "QQ=="],
    given: &["QUJD", "QUI=", "?"],
};

const ADDRESS: Typed = Typed {
    operators: &["IpAddress", "NotIpAddress"],
    keys: &["aws:SourceIp"],
    wanted: &[
        "203.0.113.0/24",
        "203.0.113.9",
        "2001:db8::/32",
        "203.0.112.0/21",
        "0.0.0.0/0",
        "203.0.113.0/33",
    ],
    given: &["203.0.113.9", "203.0.114.1", "2001:DB8::1", "localhost"],
};

const ARN: Typed = Typed {
    operators: &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
    keys: &["aws:PrincipalArn", "aws:SourceArn"],
    wanted: &[
        "arn:aws:iam::111122223333:*",
        "arn:aws:iam::*:role/*",
        "arn:aws:iam::111122223333:user/${aws:username}",
        "arn:aws:sns:*:*:t*",
        "arn:aws:sns:us-east-1:111122223333:t?x",
        "arn:aws:sns:us-*:t1",
    ],
    given: &["arn:aws:sns:us-east-1:111122223333:t1", "arn:aws:sns:us-east-1:111122223333:t:x", "t1"],
};

/// Types of keys that contexts may give. The rest is told by the request.
const GIVEN: &[&Typed] = &[&STRING, &NUMBER, &DATE, &BOOLEAN, &BYTES, &ADDRESS, &ARN];

/// As JSON writes it in policies: now and then numbers and booleans are no strings.
fn written(text: &str, bare: bool) -> Value {
    match (bare, text) {
        (true, "true") => json!(true),
        (true, "false") => json!(false),
        (true, "10") => json!(10),
        (true, "11") => json!(11),
        _ => json!(text),
    }
}

fn values(from: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let one = (select(from), any::<bool>()).prop_map(|(text, bare)| written(text, bare));
    prop_oneof![
        5 => one.clone(),
        5 => vec(one.clone(), 1..=3).prop_map(Value::from),
        1 => vec(one, 0..=0).prop_map(Value::from),
    ]
}

/// Operator, key and values of one test.
fn test() -> impl Strategy<Value = (String, &'static str, Value)> {
    let typed = prop_oneof![
        5 => Just(&STRING),
        3 => Just(&TOLD),
        3 => Just(&MANY),
        2 => Just(&NUMBER),
        1 => Just(&DATE),
        2 => Just(&BOOLEAN),
        2 => Just(&NULL),
        1 => Just(&BYTES),
        2 => Just(&ADDRESS),
        2 => Just(&ARN),
    ];
    let set = prop_oneof![8 => Just(""), 1 => Just("ForAllValues:"), 1 => Just("ForAnyValue:")];
    let suffix = prop_oneof![5 => Just(""), 1 => Just("IfExists")];
    // Now and then, the key is one of another type.
    let odd = option::weighted(0.05, select(GIVEN));
    (typed, set, suffix, odd).prop_flat_map(|(typed, set, suffix, odd): (&'static Typed, _, _, _)| {
        let keys = odd.map_or(typed.keys, |odd| odd.keys);
        (select(typed.operators), select(keys), values(typed.wanted)).prop_map(
            move |(operator, key, wanted)| {
                let set = if operator.contains(':') || operator == "Null" { "" } else { set };
                let suffix = if operator == "Null" || operator.ends_with("IfExists") { "" } else { suffix };
                (format!("{set}{operator}{suffix}"), key, wanted)
            },
        )
    })
}

/// A Condition element; `from_account` if the caller is of an account, whose type AWS tells.
pub(crate) fn condition(from_account: bool) -> impl Strategy<Value = Value> {
    vec(test(), 1..=2).prop_map(move |tests| {
        let mut condition = Map::new();
        for (operator, key, wanted) in tests {
            let key = if key == "aws:PrincipalType" && !from_account { "aws:PrincipalAccount" } else { key };
            let keys = condition.entry(operator).or_insert_with(|| json!({})).as_object_mut().unwrap();
            if !keys.keys().any(|other| other.eq_ignore_ascii_case(key)) {
                keys.insert(key.to_owned(), wanted);
            }
        }
        Value::Object(condition)
    })
}

/// The request's keys; `user_id` is that of the caller.
pub(crate) fn context(user_id: Option<&'static str>) -> impl Strategy<Value = Value> {
    let one = |typed: &'static Typed, key: usize| {
        let single = prop_oneof![
            20 => select(typed.given).prop_map(|value| vec![value]),
            1 => Just(vec![""]),
            1 => vec(select(typed.given), 2),
        ];
        option::weighted(0.7, single).prop_map(move |values| (typed.keys[key], values))
    };
    let tag_keys = prop_oneof![6 => vec(select(MANY.given), 1..=3), 1 => Just(vec![""])];
    let parts = vec![
        one(&STRING, 0).boxed(),
        one(&STRING, 1).boxed(),
        one(&STRING, 3).boxed(),
        one(&STRING, 4).boxed(),
        one(&NUMBER, 0).boxed(),
        one(&DATE, 0).boxed(),
        one(&BOOLEAN, 0).boxed(),
        one(&BYTES, 0).boxed(),
        one(&ADDRESS, 0).boxed(),
        one(&ARN, 1).boxed(),
        option::weighted(0.6, tag_keys).prop_map(|values| ("aws:TagKeys", values)).boxed(),
        option::weighted(0.6, Just(()))
            .prop_map(move |there| ("aws:userid", user_id.filter(|_| there.is_some()).map(|id| vec![id])))
            .boxed(),
        option::weighted(0.05, Just(vec!["u1"])).prop_map(|values| ("aws:username", values)).boxed(),
    ];
    parts.prop_map(|parts: Vec<(&str, Option<Vec<&str>>)>| {
        let given = parts.into_iter().filter_map(|(key, values)| Some((key.to_owned(), json!(values?))));
        Value::Object(given.collect())
    })
}
