//! What a role may do that hardly any needs: the questions that are put to the evaluator.

use ringwall_model::Severity;

/// An action on something that nobody named: allowed, it is allowed on every one of its kind.
pub(super) struct Everywhere {
    /// Prefix of the service, as in actions and in [`super::evidence`].
    pub(super) service: &'static str,
    pub(super) action: &'static str,
    pub(super) resource: &'static str,
    /// What it comes to.
    pub(super) what: &'static str,
    /// One of them, and several.
    pub(super) noun: (&'static str, &'static str),
    pub(super) severity: Severity,
}

/// Data and what steers traffic, on everything.
pub(super) const EVERYWHERE: [Everywhere; 11] = [
    Everywhere {
        service: "secretsmanager",
        action: "secretsmanager:GetSecretValue",
        resource: "arn:{p}:secretsmanager:{r}:{a}:secret:{canary}-a1B2c3",
        what: "read every secret of the account",
        noun: ("secret", "secrets"),
        severity: Severity::High,
    },
    Everywhere {
        service: "ssm",
        action: "ssm:GetParameter",
        resource: "arn:{p}:ssm:{r}:{a}:parameter/{canary}",
        what: "read every parameter of Systems Manager",
        noun: ("parameter", "parameters"),
        severity: Severity::High,
    },
    Everywhere {
        service: "kms",
        action: "kms:Decrypt",
        resource: "arn:{p}:kms:{r}:{a}:key/{canary}",
        what: "decrypt with every KMS key that leaves it to the account",
        noun: ("key", "keys"),
        severity: Severity::High,
    },
    Everywhere {
        service: "s3",
        action: "s3:GetObject",
        resource: "arn:{p}:s3:::{canary}/{canary}",
        what: "read every bucket of the account",
        noun: ("bucket", "buckets"),
        severity: Severity::High,
    },
    Everywhere {
        service: "s3",
        action: "s3:PutObject",
        resource: "arn:{p}:s3:::{canary}/{canary}",
        what: "write to every bucket of the account",
        noun: ("bucket", "buckets"),
        severity: Severity::High,
    },
    Everywhere {
        service: "dynamodb",
        action: "dynamodb:GetItem",
        resource: "arn:{p}:dynamodb:{r}:{a}:table/{canary}",
        what: "read every DynamoDB table",
        noun: ("table", "tables"),
        severity: Severity::Medium,
    },
    Everywhere {
        service: "dynamodb",
        action: "dynamodb:PutItem",
        resource: "arn:{p}:dynamodb:{r}:{a}:table/{canary}",
        what: "change every DynamoDB table",
        noun: ("table", "tables"),
        severity: Severity::Medium,
    },
    Everywhere {
        service: "sqs",
        action: "sqs:ReceiveMessage",
        resource: "arn:{p}:sqs:{r}:{a}:{canary}",
        what: "take messages from every queue",
        noun: ("queue", "queues"),
        severity: Severity::Medium,
    },
    Everywhere {
        service: "rds-db",
        action: "rds-db:connect",
        resource: "arn:{p}:rds-db:{r}:{a}:dbuser:{canary}/{canary}",
        what: "log in to every database as any user",
        noun: ("database", "databases"),
        severity: Severity::High,
    },
    Everywhere {
        service: "ecr",
        action: "ecr:PutImage",
        resource: "arn:{p}:ecr:{r}:{a}:repository/{canary}",
        what: "push to every image repository",
        noun: ("repository", "repositories"),
        severity: Severity::Medium,
    },
    Everywhere {
        service: "route53",
        action: "route53:ChangeResourceRecordSets",
        resource: "arn:{p}:route53:::hostedzone/{canary}",
        what: "change the records of every hosted zone",
        noun: ("zone", "zones"),
        severity: Severity::Medium,
    },
];

/// Questions that, all allowed, make whoever holds them more than they are.
pub(super) struct Escalation {
    /// Actions, each with what it is done on.
    pub(super) asks: &'static [(&'static str, &'static str)],
    pub(super) what: &'static str,
    pub(super) severity: Severity,
}

const ROLE: &str = "arn:{p}:iam::{a}:role/{canary}";
const USER: &str = "arn:{p}:iam::{a}:user/{canary}";
const POLICY: &str = "arn:{p}:iam::{a}:policy/{canary}";
const CLUSTER: &str = "arn:{p}:eks:{r}:{a}:cluster/{canary}";
const ACCESS_ENTRY: &str = "arn:{p}:eks:{r}:{a}:access-entry/{canary}/role/{a}/{canary}/{canary}";

/// Ways from some rights to all of them.
///
/// Sources: AWS IAM User Guide, *Permissions management access level*; Amazon EKS User Guide, *Create access entries* and
/// *Associate access policies with access entries*.
pub(super) const ESCALATIONS: [Escalation; 13] = [
    Escalation {
        asks: &[("iam:CreatePolicyVersion", POLICY)],
        what: "rewrite every policy",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:SetDefaultPolicyVersion", POLICY)],
        what: "bring back the old version of every policy",
        severity: Severity::High,
    },
    Escalation {
        asks: &[("iam:AttachRolePolicy", ROLE)],
        what: "attach any policy to every role",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:PutRolePolicy", ROLE)],
        what: "write policies into every role",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:UpdateAssumeRolePolicy", ROLE)],
        what: "decide who takes every role",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:AttachUserPolicy", USER)],
        what: "attach any policy to every user",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:PutUserPolicy", USER)],
        what: "write policies into every user",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:CreateAccessKey", USER)],
        what: "make access keys of every user",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:CreateLoginProfile", USER)],
        what: "give every user a password",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:AttachRolePolicy", "{self}")],
        what: "attach any policy to itself",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("iam:PutRolePolicy", "{self}")],
        what: "write policies into itself",
        severity: Severity::Critical,
    },
    Escalation {
        asks: &[("sts:AssumeRole", ROLE)],
        what: "take every role that trusts the account",
        severity: Severity::High,
    },
    Escalation {
        asks: &[("eks:CreateAccessEntry", CLUSTER), ("eks:AssociateAccessPolicy", ACCESS_ENTRY)],
        what: "make anybody administrator of every cluster",
        severity: Severity::Critical,
    },
];

/// What a role can be passed to: action, what it is done on, the service, and what it comes to.
pub(super) struct Passing {
    pub(super) action: &'static str,
    pub(super) resource: &'static str,
    /// `iam:PassedToService`
    pub(super) service: &'static str,
    pub(super) what: &'static str,
}

pub(super) const PASS_ROLE: (&str, &str) = ("iam:PassRole", ROLE);

/// Source: AWS IAM User Guide, *Grant a user permissions to pass a role to an AWS service*; Amazon EKS User Guide, *Assign
/// an IAM role to a Kubernetes service account* (the caller needs `iam:PassRole`).
pub(super) const PASSINGS: [Passing; 5] = [
    Passing {
        action: "eks:CreatePodIdentityAssociation",
        resource: CLUSTER,
        service: "pods.eks.amazonaws.com",
        what: "any pod",
    },
    Passing {
        action: "ec2:RunInstances",
        resource: "arn:{p}:ec2:{r}:{a}:instance/{canary}",
        service: "ec2.amazonaws.com",
        what: "an instance of its own",
    },
    Passing {
        action: "lambda:CreateFunction",
        resource: "arn:{p}:lambda:{r}:{a}:function:{canary}",
        service: "lambda.amazonaws.com",
        what: "a function of its own",
    },
    Passing {
        action: "cloudformation:CreateStack",
        resource: "arn:{p}:cloudformation:{r}:{a}:stack/{canary}/{canary}",
        service: "cloudformation.amazonaws.com",
        what: "a stack of its own",
    },
    Passing {
        action: "codebuild:CreateProject",
        resource: "arn:{p}:codebuild:{r}:{a}:project/{canary}",
        service: "codebuild.amazonaws.com",
        what: "a build of its own",
    },
];

/// Services of which all actions on everything are more than a part of a cluster's data or compute.
pub(super) const POWERFUL: [&str; 10] =
    ["iam", "sts", "organizations", "kms", "secretsmanager", "ssm", "s3", "eks", "ec2", "lambda"];

/// An action that no service has: what allows it allows every action.
pub(super) const ANYTHING: (&str, &str) =
    ("ringwall-canary:Anything", "arn:{p}:ringwall-canary:{r}:{a}:{canary}");
