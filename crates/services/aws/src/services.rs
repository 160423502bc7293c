//! Which operations are served, and by what.

use ringwall_protocol::Operation;

use crate::handler::Handler;
use crate::shared::Shared;
use crate::{ec2, ecr, eks, iam, kms, secretsmanager, ssm, sts};

/// The handler of an operation. Without one, the operation is not served, and its callers are told so.
pub(crate) fn find(shared: &Shared, operation: &Operation) -> Option<Handler> {
    let name = operation.name();
    match operation.service().name() {
        "ec2" => ec2::find(name),
        // Without a registry nothing of its API would have an effect.
        "ecr" if shared.ecr.parts.is_some() => ecr::find(name),
        "eks" => eks::find(name),
        "eks-auth" => eks::find_auth(name),
        "iam" => iam::find(name),
        "kms" => kms::find(name),
        "secretsmanager" => secretsmanager::find(name),
        "ssm" => ssm::find(name),
        "sts" => sts::find(name),
        _ => None,
    }
}
