//! What AWS decides otherwise than by policies, or by some policies only.

use crate::catalog::{self, catalog};
use crate::principal::{AwsPrincipal, Principal};
use crate::request::{Action, Request};

/// Whether an action takes no resource, so that a policy has to say `"Resource": "*"`.
///
/// Source: AWS Service Authorization Reference: actions without a resource type.
pub(crate) fn takes_only_star(action: &Action) -> bool {
    catalog().action(action.lower()).is_some_and(catalog::Action::takes_only_star)
}

/// Whether nobody needs a permission for an action, and no policy can deny it.
///
/// Source: AWS STS API Reference, *GetCallerIdentity*: "No permissions are required to perform this operation. If an
/// administrator attaches a policy to your identity that explicitly denies access to the sts:GetCallerIdentity action,
/// you can still perform this operation."
pub(crate) fn needs_no_permission(request: &Request) -> bool {
    request.principal().aws().is_some() && request.action().lower() == "sts:getcalleridentity"
}

/// Whether the resource's own policy has to allow, even in the same account.
///
/// Sources: AWS KMS Developer Guide, *Key policies in AWS KMS*: "no AWS principal has any permissions to a KMS key
/// unless that permission is specified in a key policy"; IAM User Guide, *IAM roles*, the trust policy.
pub(crate) fn has_no_implicit_trust(request: &Request) -> bool {
    let (action, resource) = (request.action(), request.resource().written());
    match action.service() {
        "kms" => !takes_only_star(action) && !resource.contains(":alias/"),
        // `sts:TagSession` is done on users too, for `sts:GetFederationToken`.
        "sts" => is_of_trust(action) && (resource.contains(":role/") || resource.contains(['*', '?'])),
        _ => false,
    }
}

/// Whether an action is one that a role's trust policy is about.
///
/// Source: Service Authorization Reference, *AWS Security Token Service*, resource type `role`.
pub(crate) fn is_of_trust(action: &Action) -> bool {
    matches!(
        action.lower(),
        "sts:assumerole"
            | "sts:assumerolewithsaml"
            | "sts:assumerolewithwebidentity"
            | "sts:tagsession"
            | "sts:setsourceidentity"
    )
}

/// Whether AWS refuses a change whatever policies say: what it owns in an account, or keeps for a service.
///
/// Sources: IAM User Guide, *Service-linked roles* ("you cannot edit"), *Managed policies* ("you cannot change the
/// permissions defined in AWS managed policies"); IAM Identity Center User Guide, *Referencing permission sets* (roles
/// under `/aws-reserved/` cannot be changed in IAM); KMS Developer Guide, *Aliases* (`alias/aws/` is reserved).
pub(crate) fn is_refused(request: &Request) -> bool {
    let (action, resource) = (request.action(), request.resource().written());
    if !is_write(action) {
        return false;
    }
    match action.service() {
        "iam" => {
            let of_aws = resource.starts_with("arn:") && resource.contains(":iam::aws:policy/");
            let reserved =
                resource.contains(":role/aws-service-role/") || resource.contains(":role/aws-reserved/");
            let excepted = matches!(
                action.lower(),
                "iam:passrole"
                    | "iam:createservicelinkedrole"
                    | "iam:deleteservicelinkedrole"
                    | "iam:updateroledescription"
            );
            of_aws || (reserved && !excepted)
        }
        "kms" => resource.contains(":alias/aws/"),
        _ => false,
    }
}

fn is_write(action: &Action) -> bool {
    use catalog::AccessLevel as Level;
    let access = catalog().action(action.lower()).map(catalog::Action::access);
    matches!(access, Some(Level::Write | Level::Tagging | Level::PermissionsManagement))
}

/// Whether SCPs limit a request: those of an account limit its users and roles, but no role that a service made for
/// itself, and nobody whom the account does not know.
pub(crate) fn scps_apply(request: &Request) -> bool {
    request.principal().aws().is_some_and(|principal| !principal.is_service_linked())
}

/// Whether RCPs limit a request: only to resources of some services, and no role that a service made for itself.
///
/// Source: AWS Organizations User Guide, *Resource control policies (RCPs)*, "Resources and entities not restricted by
/// RCPs" and "List of AWS services that support RCPs".
pub(crate) fn rcps_apply(request: &Request) -> bool {
    let is_service_linked = matches!(request.principal(), Principal::Aws(principal) if AwsPrincipal::is_service_linked(principal));
    !is_service_linked && catalog().supports_rcp(request.action().service())
}

/// Whether the resource may have a policy of its own, so that its absence from a snapshot says something.
///
/// Source: AWS IAM User Guide, *AWS services that work with IAM*, column "Resource-based policies": those that a
/// cluster's workloads use most.
pub(crate) fn may_have_policy(action: &Action, resource: &str) -> bool {
    resource.starts_with("arn:")
        && matches!(
            action.service(),
            "s3" | "secretsmanager"
                | "sqs"
                | "sns"
                | "ecr"
                | "lambda"
                | "dynamodb"
                | "kms"
                | "events"
                | "logs"
                | "es"
        )
}
