//! A handful of what the service authorization reference says: enough for written cases and generated lines.

use crate::naive::Facts;

/// Facts about the actions and keys that `generate` and the written cases use.
pub(crate) const FACTS: Facts = Facts { star_only, access_level, rcp_supported, multi_valued };

fn star_only(action: &str) -> bool {
    const ACTIONS: &[&str] = &[
        "s3:listallmybuckets",
        "ec2:describeinstances",
        "kms:listkeys",
        "iam:listroles",
        "sts:getcalleridentity",
        "sqs:listqueues",
    ];
    ACTIONS.contains(&action.to_ascii_lowercase().as_str())
}

fn access_level(action: &str) -> Option<&'static str> {
    match action.to_ascii_lowercase().as_str() {
        "iam:deleterole"
        | "iam:passrole"
        | "iam:updateroledescription"
        | "iam:createservicelinkedrole"
        | "iam:deleteservicelinkedrole"
        | "kms:decrypt"
        | "kms:encrypt"
        | "kms:deletealias" => Some("Write"),
        "iam:createpolicyversion" | "iam:putrolepolicy" => Some("Permissions management"),
        "iam:tagrole" => Some("Tagging"),
        "iam:getrole" | "kms:describekey" => Some("Read"),
        "iam:listroles" | "kms:listkeys" => Some("List"),
        _ => None,
    }
}

fn rcp_supported(service: &str) -> bool {
    ["s3", "sts", "kms", "sqs", "secretsmanager"].contains(&service)
}

fn multi_valued(key: &str) -> bool {
    ["aws:tagkeys", "aws:calledvia"].contains(&key.to_ascii_lowercase().as_str())
}
