//! Questions about IAM policies from a seed. The vocabularies are small so that questions meet statements, and hold what
//! several evaluators know: the actions of S3 and one of another service, and common keys.

use serde_json::{Map, Value, json};

use crate::seeded::Seeded;

const USER: &str = "arn:aws:iam::111122223333:user/jane";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/s1";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:orders";

/// The first are for simple questions, here and in the other lists.
const ACTIONS: [&str; 12] = [
    "s3:*",
    "s3:Get*",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListBucket",
    "*",
    "s3:?etObject",
    "S3:getobject",
    "sns:*",
    "sns:Publish",
    "sqs:*",
];

const RESOURCES: [&str; 14] = [
    "*",
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::shop",
    "arn:aws:s3:::shop/*",
    "arn:aws:s3:::shop/a",
    "arn:aws:s3:::other/*",
    "arn:aws:s3:::sh?p/*",
    "arn:aws:s3:::my.shop/*",
    "arn:aws:s3:::shop/${aws:userid}",
    "arn:aws:s3:::shop/${aws:PrincipalTag/team, 'a'}",
    "arn:aws:sns:eu-west-1:111122223333:*",
    "arn:aws:sns:eu-*:111122223333:orders",
    TOPIC,
];

/// What is done, to what.
const REQUESTS: [(&str, &str); 8] = [
    ("s3:GetObject", "arn:aws:s3:::shop/a"),
    ("s3:GetObject", "arn:aws:s3:::shop/AIDA"),
    ("s3:PutObject", "arn:aws:s3:::shop/a"),
    ("s3:DeleteObject", "arn:aws:s3:::other/x"),
    ("s3:GetObject", "arn:aws:s3:::other/x"),
    ("s3:ListBucket", "arn:aws:s3:::shop"),
    ("sns:Publish", TOPIC),
    ("sns:Publish", "arn:aws:sns:eu-west-1:111122223333:orders-old"),
];

/// A condition key: the values that a request may have, the operators that take it, and values for a policy.
struct Key {
    name: &'static str,
    given: &'static [&'static str],
    operators: &'static [&'static str],
    values: &'static [&'static str],
    many: bool,
}

const STRING_OPERATORS: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
];

/// How much of the vocabularies questions take. Every evaluator knows the simple ones, so that each has enough to decide.
#[derive(Clone, Copy)]
struct Style {
    simple: bool,
    actions: &'static [&'static str],
    resources: &'static [&'static str],
    keys: &'static [Key],
    requests: &'static [(&'static str, &'static str)],
}

impl Style {
    fn of(seeded: &mut Seeded) -> Self {
        if seeded.one_in(2) {
            return Self {
                simple: true,
                actions: &ACTIONS[..6],
                resources: &RESOURCES[..7],
                keys: &KEYS[..5],
                requests: &REQUESTS[..6],
            };
        }
        Self { simple: false, actions: &ACTIONS, resources: &RESOURCES, keys: &KEYS, requests: &REQUESTS }
    }

    /// True once in `n` times, if the question is not a simple one.
    fn rarely(self, seeded: &mut Seeded, n: usize) -> bool {
        !self.simple && seeded.one_in(n)
    }
}

static KEYS: [Key; 9] = [
    Key {
        name: "aws:SourceIp",
        given: &["10.0.0.1", "192.0.2.7", "2001:db8::1"],
        operators: &["IpAddress", "NotIpAddress"],
        values: &["10.0.0.0/8", "192.0.2.7/32", "10.0.0.1", "2001:db8::/32"],
        many: false,
    },
    Key {
        name: "aws:SecureTransport",
        given: &["true", "false"],
        operators: &["Bool"],
        values: &["true", "false"],
        many: false,
    },
    Key {
        name: "aws:CurrentTime",
        given: &["2026-01-01T00:00:00Z", "2019-01-01T00:00:00Z"],
        operators: &["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan"],
        values: &["2026-01-01T00:00:00Z", "2020-01-01T00:00:00Z"],
        many: false,
    },
    Key {
        name: "s3:prefix",
        given: &["a", "a/b", "b"],
        operators: &STRING_OPERATORS,
        values: &["a", "a/b", "A", "a*", "?", "*"],
        many: false,
    },
    Key {
        name: "aws:SourceVpc",
        given: &["vpc-1", "vpc-2"],
        operators: &STRING_OPERATORS,
        values: &["vpc-1", "vpc-2", "VPC-1", "v*", "vpc-?"],
        many: false,
    },
    Key {
        name: "aws:userid",
        given: &["a", "AIDA"],
        operators: &STRING_OPERATORS,
        values: &["a", "AIDA", "aida", "AI*"],
        many: false,
    },
    Key {
        name: "aws:TagKeys",
        given: &["a", "b", "c"],
        operators: &STRING_OPERATORS,
        values: &["a", "b", "B", "*"],
        many: true,
    },
    Key {
        name: "s3:max-keys",
        given: &["5", "10"],
        operators: &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        values: &["5", "7", "10"],
        many: false,
    },
    Key {
        name: "aws:SourceArn",
        given: &["arn:aws:s3:::shop", TOPIC],
        operators: &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        values: &["arn:aws:s3:::shop", "arn:aws:s3:::*", "arn:aws:sns:*:111122223333:orders", TOPIC],
        many: false,
    },
];

/// One string as itself or in a list, or two in a list.
fn one_or_two(seeded: &mut Seeded, items: &[&str]) -> Value {
    match seeded.below(5) {
        0 | 1 => json!(seeded.some(items, 2, 2)),
        2 => json!(seeded.some(items, 1, 1)),
        _ => json!(seeded.pick(items)),
    }
}

fn conditions(seeded: &mut Seeded, style: Style) -> Value {
    let mut block = Map::new();
    for _ in 0..if style.rarely(seeded, 3) { 2 } else { 1 } {
        let key = seeded.pick(style.keys);
        let mut operator = (*seeded.pick(key.operators)).to_owned();
        let mut values = one_or_two(seeded, key.values);
        if key.many {
            let set: &str = seeded.pick::<&str>(&["ForAllValues:", "ForAnyValue:"]);
            operator.insert_str(0, set);
        }
        if style.rarely(seeded, 9) {
            operator.push_str("IfExists");
        }
        if style.rarely(seeded, 12) {
            operator = "Null".to_owned();
            values = json!(seeded.pick(&["true", "false"]));
        }
        let keys = block.entry(operator).or_insert_with(|| json!({}));
        keys[key.name] = values;
    }
    block.into()
}

fn principals(seeded: &mut Seeded) -> Value {
    let all = [
        json!("*"),
        json!({"AWS": "*"}),
        json!({"AWS": USER}),
        json!({"AWS": SESSION}),
        json!({"AWS": [SESSION, USER]}),
        json!({"AWS": "arn:aws:iam::111122223333:user/other"}),
        json!({"AWS": "111122223333"}),
        json!({"AWS": "arn:aws:iam::111122223333:role/reader"}),
        json!({"Service": "sns.amazonaws.com"}),
        json!({"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}),
    ];
    seeded.pick(&all).clone()
}

fn statement(seeded: &mut Seeded, style: Style, names_principals: bool) -> Value {
    let mut statement = json!({"Effect": seeded.pick(&["Allow", "Allow", "Deny"])});
    let action = if style.rarely(seeded, 9) { "NotAction" } else { "Action" };
    statement[action] = one_or_two(seeded, style.actions);
    let resource = if style.rarely(seeded, 9) { "NotResource" } else { "Resource" };
    statement[resource] = one_or_two(seeded, style.resources);
    if seeded.one_in(2) {
        statement["Condition"] = conditions(seeded, style);
    }
    if names_principals {
        statement["Principal"] = principals(seeded);
    }
    statement
}

fn policy(seeded: &mut Seeded, style: Style, name: &str) -> Value {
    let statements: Vec<Value> =
        (0..1 + seeded.below(3)).map(|_| statement(seeded, style, name == "resource")).collect();
    let version = if style.rarely(seeded, 12) { "2008-10-17" } else { "2012-10-17" };
    json!({"name": name, "policy": {"Version": version, "Statement": statements}})
}

/// A level of service control policies; some allow everything, as AWS's own does.
fn level(seeded: &mut Seeded, style: Style) -> Value {
    let full =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let policies: Vec<Value> = (0..seeded.below(5).div_ceil(2))
        .map(|_| match seeded.below(2) {
            0 => json!({"name": "FullAWSAccess", "policy": full}),
            _ => policy(seeded, style, "scp"),
        })
        .collect();
    json!({"target": "r-exam", "policies": policies})
}

fn context(seeded: &mut Seeded, style: Style) -> Value {
    let mut context = Map::new();
    for key in style.keys {
        if !style.rarely(seeded, 5) {
            let mut values = seeded.some(key.given, 1, if key.many { 3 } else { 1 });
            values.sort_unstable();
            values.dedup();
            context.insert(key.name.to_owned(), json!(values));
        }
    }
    context.into()
}

/// A line of a batch.
pub(super) fn line(seeded: &mut Seeded) -> Value {
    let style = Style::of(seeded);
    let mut policies = json!({});
    let kind = seeded.below(10);
    if kind < 8 {
        policies["identity"] = (0..1 + seeded.below(2)).map(|_| policy(seeded, style, "identity")).collect();
    }
    if kind >= 7 {
        policies["resource"] = policy(seeded, style, "resource");
    }
    if seeded.one_in(7) {
        policies["boundary"] = json!([policy(seeded, style, "boundary")]);
    }
    if seeded.one_in(7) {
        policies["scp"] = (0..1 + seeded.below(2)).map(|_| level(seeded, style)).collect();
    }
    let (action, resource) = *seeded.pick(style.requests);
    let principal = match seeded.below(3) {
        0 if kind >= 8 => json!({"Service": "sns.amazonaws.com"}),
        1 => json!(SESSION),
        _ => json!(USER),
    };
    json!({
        "principal": principal,
        "action": action,
        "resource": resource,
        "resourceAccount": "111122223333",
        "context": context(seeded, style),
        "policies": policies,
    })
}
