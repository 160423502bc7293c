//! Node roles that reach data.

use std::collections::BTreeSet;

use ringwall_model::{CheckResult, Reason, Severity};

use super::probe::Prober;
use super::purpose::Purpose;
use super::{About, Judge, in_words, listed};
use crate::inventory::Known;
use crate::policy::Policy;

pub(super) const ABOUT: About = About {
    check: "iam-node-role-data",
    title: "node roles reach no data",
    remedy: "give the right to the service account that needs it, by Pod Identity or IRSA, and take it from the nodes",
};

/// What nodes need: AWS's own policies for them, which name no data of the customer's, or only their agents'.
///
/// Sources: Amazon EKS User Guide, *Amazon EKS node IAM role*; Systems Manager User Guide, *Configure instance
/// permissions*; CloudWatch User Guide, *Create IAM roles and users for use with the CloudWatch agent*.
const FOR_NODES: [&str; 7] = [
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKSWorkerNodeMinimalPolicy",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKS_CNI_Policy",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchAgentServerPolicy",
];

/// Data: what it is called, and what reads or changes it on any resource.
const DATA: [(&str, &str, &[&str]); 10] = [
    (
        "objects in S3",
        "arn:{p}:s3:::*",
        &["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
    ),
    (
        "DynamoDB tables",
        "arn:{p}:dynamodb:{r}:{a}:table/*",
        &["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PutItem", "dynamodb:DeleteItem"],
    ),
    ("secrets", "arn:{p}:secretsmanager:{r}:{a}:secret:*", &["secretsmanager:GetSecretValue"]),
    (
        "parameters of Systems Manager",
        "arn:{p}:ssm:{r}:{a}:parameter/*",
        &["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
    ),
    ("what KMS keys seal", "arn:{p}:kms:{r}:{a}:key/*", &["kms:Decrypt"]),
    ("SQS queues", "arn:{p}:sqs:{r}:{a}:*", &["sqs:ReceiveMessage", "sqs:SendMessage"]),
    ("SNS topics", "arn:{p}:sns:{r}:{a}:*", &["sns:Publish"]),
    ("Kinesis streams", "arn:{p}:kinesis:{r}:{a}:stream/*", &["kinesis:GetRecords", "kinesis:PutRecord"]),
    (
        "databases of RDS",
        "arn:{p}:rds:{r}:{a}:cluster:*",
        &["rds-data:ExecuteStatement", "rds-data:BatchExecuteStatement"],
    ),
    ("logins to databases", "arn:{p}:rds-db:{r}:{a}:dbuser:*", &["rds-db:connect"]),
];

impl Judge<'_> {
    pub(super) fn node_data(&self) -> Vec<CheckResult> {
        let prober = Prober::new(self.inventory);
        let nodes = self.uses.iter().filter(|used| used.is(Purpose::Node));
        let known = nodes.filter_map(|used| self.inventory.role(&used.arn));
        ABOUT.or_passes(known.filter_map(|known| failure(&prober, known)).collect())
    }
}

fn failure(prober: &Prober<'_>, known: &Known<'_>) -> Option<CheckResult> {
    let mut what: Vec<String> = Vec::new();
    let mut reasons: Vec<Reason> = Vec::new();
    let mut gaps: BTreeSet<String> = BTreeSet::new();
    for (name, resource, actions) in DATA {
        let mut allowed = Vec::new();
        for action in actions {
            let answer = prober.ask(known, action, resource, &[], &|policy| !is_for_nodes(policy));
            gaps.extend(answer.gaps);
            gaps.extend(answer.conditions.into_iter().map(|condition| format!("{action} if {condition}")));
            if answer.allowed {
                allowed.push(*action);
                for reason in answer.reasons {
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
            }
        }
        if !allowed.is_empty() {
            what.push(format!("{name} ({})", allowed.join(", ")));
        }
    }
    let arn = &known.principal.arn;
    if !what.is_empty() {
        let why = format!(
            "{} of nodes reaches {}: every pod that reaches the metadata service of its node has it too",
            in_words(arn),
            listed(&what)
        );
        return Some(ABOUT.fails(Some(arn), Severity::High, why, reasons));
    }
    (!gaps.is_empty()).then(|| {
        let gaps: Vec<String> = gaps.into_iter().collect();
        let why = format!("whether {} of nodes reaches data: {}", in_words(arn), gaps.join("; "));
        CheckResult { source: known.principal.source.clone(), ..ABOUT.unknown(Some(arn), why) }
    })
}

fn is_for_nodes(policy: &Policy) -> bool {
    let name =
        policy.arn.as_deref().and_then(|arn| arn.split_once(":iam::aws:policy/")).map(|(_, name)| name);
    name.is_some_and(|name| FOR_NODES.contains(&name.rsplit('/').next().unwrap_or_default()))
}
