//! The few names that generated lines are made of, so that they meet often.

use serde_json::{Value, json};

/// Who asks, the unique id, and how policies can name that caller.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) principal: fn() -> Value,
    pub(crate) user_id: Option<&'static str>,
    pub(crate) names: &'static [(&'static str, &'static str)],
}

const ACCOUNT: (&str, &str) = ("AWS", "111122223333");
const ROOT: (&str, &str) = ("AWS", "arn:aws:iam::111122223333:root");
const ROLE: (&str, &str) = ("AWS", "arn:aws:iam::111122223333:role/r1");
const SESSION: (&str, &str) = ("AWS", "arn:aws:sts::111122223333:assumed-role/r1/s1");
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com";

pub(crate) const ASKERS: &[Asker] = &[
    Asker {
        principal: || json!("arn:aws:iam::111122223333:user/u1"),
        user_id: Some("AIDAEXAMPLE1"),
        names: &[("AWS", "arn:aws:iam::111122223333:user/u1"), ("AWS", "AIDAEXAMPLE1"), ACCOUNT, ROOT],
    },
    Asker {
        principal: || json!("arn:aws:iam::111122223333:user/team/u2"),
        user_id: Some("AIDAEXAMPLE2"),
        names: &[("AWS", "arn:aws:iam::111122223333:user/team/u2"), ACCOUNT, ROOT],
    },
    Asker {
        principal: || json!("arn:aws:iam::444455556666:user/u1"),
        user_id: Some("AIDAEXAMPLE3"),
        names: &[("AWS", "arn:aws:iam::444455556666:user/u1"), ("AWS", "444455556666")],
    },
    Asker {
        principal: || json!("arn:aws:iam::111122223333:role/r1"),
        user_id: Some("AROAEXAMPLE1:s1"),
        names: &[ROLE, ("AWS", "AROAEXAMPLE1"), ACCOUNT, ROOT],
    },
    Asker {
        principal: || json!("arn:aws:sts::111122223333:assumed-role/r1/s1"),
        user_id: Some("AROAEXAMPLE1:s1"),
        names: &[ROLE, SESSION, SESSION, ("AWS", "AROAEXAMPLE1"), ACCOUNT, ROOT],
    },
    Asker {
        principal: || json!("arn:aws:sts::444455556666:assumed-role/r1/s1"),
        user_id: Some("AROAEXAMPLE2:s1"),
        names: &[
            ("AWS", "arn:aws:iam::444455556666:role/path/r1"),
            ("AWS", "arn:aws:sts::444455556666:assumed-role/r1/s1"),
            ("AWS", "444455556666"),
        ],
    },
    Asker {
        principal: || json!("arn:aws:sts::111122223333:federated-user/f1"),
        user_id: None,
        names: &[("AWS", "arn:aws:sts::111122223333:federated-user/f1"), ACCOUNT, ROOT],
    },
    Asker { principal: || json!("arn:aws:iam::111122223333:root"), user_id: None, names: &[ACCOUNT, ROOT] },
    Asker {
        principal: || {
            json!("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
        },
        user_id: None,
        names: &[
            ("AWS", "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"),
            ACCOUNT,
        ],
    },
    Asker {
        principal: || json!({"Service": "ec2.amazonaws.com"}),
        user_id: None,
        names: &[("Service", "ec2.amazonaws.com")],
    },
    Asker { principal: || json!({"Federated": PROVIDER}), user_id: None, names: &[("Federated", PROVIDER)] },
    Asker { principal: || json!({"Anonymous": true}), user_id: None, names: &[("AWS", "*")] },
];

/// Others whom policies name.
pub(crate) const OTHERS: &[(&str, &str)] = &[
    ("AWS", "arn:aws:iam::111122223333:user/u1"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/r1/s2"),
    ("AWS", "arn:aws:iam::111122223333:role/path/r1"),
    ("AWS", "444455556666"),
    ("AWS", "arn:aws:iam::123456789012:root"),
    ("AWS", "AROAEXAMPLE9"),
    ("Service", "lambda.amazonaws.com"),
    ("Federated", "cognito-identity.amazonaws.com"),
];

/// What is asked of one service, and what policies say about it.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) actions: &'static [&'static str],
    pub(crate) resources: &'static [&'static str],
    pub(crate) action_patterns: &'static [&'static str],
    pub(crate) resource_patterns: &'static [&'static str],
    /// How often a resource policy is there.
    pub(crate) own_policy: f64,
    /// Whether the ARNs leave the account out.
    pub(crate) no_account: bool,
    /// Whether the resource policy is a trust policy.
    pub(crate) trust: bool,
}

pub(crate) const S3: Family = Family {
    actions: &["s3:GetObject", "s3:PutObject", "S3:getobject", "s3:ListBucket", "s3:ListAllMyBuckets"],
    resources: &[
        "arn:aws:s3:::b1",
        "arn:aws:s3:::b1/u1",
        "arn:aws:s3:::b1/u1/x:y",
        "arn:aws:s3:::b2/u1",
        "arn:aws:s3:::b1/*",
        "arn:aws:s3:::b1/u?/*",
        "arn:aws:s3:::b*",
        "*",
    ],
    action_patterns: &["s3:GetObject", "s3:Get*", "s3:*", "S3:*Object", "s3:?ist*", "s3:PutObject"],
    resource_patterns: &[
        "arn:aws:s3:::b1",
        "arn:aws:s3:::b1/*",
        "arn:aws:s3:::*",
        "arn:aws:s3:*",
        "arn:aws:s3:::b?/u1*",
        "arn:aws:s3:::b1/u1/*",
        "arn:aws:s3:::B1/*",
        "arn:*:s3:::*/u1",
        "arn:aws:s3:::b1/${aws:username}",
        "arn:aws:s3:::b1/${aws:PrincipalTag/team}",
        "arn:aws:s3:::b1/${aws:PrincipalTag/team}*",
        "arn:aws:s3:::b1/${aws:PrincipalTag/team, 'u1'}*",
        "arn:aws:s3:::b1/${aws:TagKeys}",
        "arn:aws:s3:::b1/u${*}*",
    ],
    own_policy: 0.45,
    no_account: true,
    trust: false,
};

pub(crate) const SQS: Family = Family {
    actions: &["sqs:SendMessage", "sqs:ReceiveMessage"],
    resources: &[
        "arn:aws:sqs:us-east-1:111122223333:q1",
        "arn:aws:sqs:us-east-1:111122223333:q1",
        "arn:aws:sqs:eu-west-1:444455556666:q1",
        "arn:aws:sqs:us-east-1:111122223333:*",
        "arn:aws:sqs:us-east-1:444455556666:q?",
        "arn:aws:sqs:*:111122223333:q1",
    ],
    action_patterns: &["sqs:SendMessage", "sqs:*", "sqs:*Message", "sqs:Receive*"],
    resource_patterns: &[
        "arn:aws:sqs:*:*:*",
        "arn:aws:sqs:us-east-1:111122223333:q1",
        "arn:aws:sqs:*:444455556666:q?",
        "arn:aws:sqs:*:q1",
        "arn:aws:sqs:us-*1:111122223333:*",
        "arn:aws:sqs:us*3:q1",
        "arn:aws:sqs:us-east-1?111122223333:q1",
        "arn:aws:sqs:??-*:1111????3333:q*",
        "arn:aws:sqs:*:${aws:PrincipalAccount}:q1",
    ],
    own_policy: 0.6,
    no_account: false,
    trust: false,
};

pub(crate) const KMS: Family = Family {
    actions: &["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:ListKeys", "kms:DeleteAlias"],
    resources: &[
        "arn:aws:kms:us-east-1:111122223333:key/k1",
        "arn:aws:kms:us-east-1:111122223333:key/k1",
        "arn:aws:kms:us-east-1:444455556666:key/k1",
        "arn:aws:kms:us-east-1:111122223333:key/*",
        "arn:aws:kms:us-east-1:111122223333:alias/aws/s3",
        "arn:aws:kms:us-east-1:111122223333:alias/mine",
    ],
    action_patterns: &["kms:*", "kms:Decrypt", "kms:De*", "kms:*crypt", "kms:ListKeys"],
    resource_patterns: &[
        "arn:aws:kms:*:111122223333:key/*",
        "arn:aws:kms:us-east-1:111122223333:key/k1",
        "arn:aws:kms:us-east-1:444455556666:*",
        "arn:aws:kms:*:*:alias/*",
    ],
    own_policy: 0.85,
    no_account: false,
    trust: false,
};

pub(crate) const STS: Family = Family {
    actions: &[
        "sts:AssumeRole",
        "sts:AssumeRole",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:AssumeRoleWithWebIdentity",
        "sts:GetCallerIdentity",
    ],
    resources: &[
        "arn:aws:iam::111122223333:role/r2",
        "arn:aws:iam::111122223333:role/path/r2",
        "arn:aws:iam::444455556666:role/r2",
        "arn:aws:iam::111122223333:role/path/*",
    ],
    action_patterns: &["sts:AssumeRole", "sts:*", "sts:AssumeRole*", "sts:TagSession", "sts:?e?S*"],
    resource_patterns: &[
        "arn:aws:iam::*:role/*",
        "arn:aws:iam::111122223333:role/r2",
        "arn:aws:iam::111122223333:role/path/*",
        "arn:aws:iam::444455556666:*",
    ],
    own_policy: 0.9,
    no_account: false,
    trust: true,
};

pub(crate) const IAM: Family = Family {
    actions: &[
        "iam:DeleteRole",
        "iam:PassRole",
        "iam:GetRole",
        "iam:TagRole",
        "iam:UpdateRoleDescription",
        "iam:CreatePolicyVersion",
    ],
    resources: &[
        "arn:aws:iam::111122223333:role/r1",
        "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/r1",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::aws:policy/P",
    ],
    action_patterns: &["iam:*", "iam:*Role", "iam:PassRole", "iam:*Role*"],
    resource_patterns: &[
        "arn:aws:iam::*:role/*",
        "arn:aws:iam::111122223333:role/r?",
        "arn:aws:iam::aws:policy/*",
    ],
    own_policy: 0.05,
    no_account: false,
    trust: false,
};

pub(crate) const EC2: Family = Family {
    actions: &["ec2:DescribeInstances", "ec2:TerminateInstances"],
    resources: &["*", "arn:aws:ec2:us-east-1:111122223333:instance/i-1"],
    action_patterns: &["ec2:*", "ec2:Describe*", "ec2:*Instances"],
    resource_patterns: &["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*", "arn:aws:s3:::*"],
    own_policy: 0.05,
    no_account: false,
    trust: false,
};
