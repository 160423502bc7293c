//! AWS EC2, as far as security groups go: VPCs, groups, their rules, and tags of these.

mod filters;
mod groups;
mod ids;
mod listed;
mod permission;
mod revoke;
pub(crate) mod rows;
mod rule_set;
mod rules;
mod shown;
mod tags;
#[cfg(test)]
mod tests;
mod turns;
mod vpcs;

use serde::Deserialize;

use crate::authorize::{Ask, Permit};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::handler::{Handler, handlers};

/// The operation's handler.
pub(crate) fn find(operation: &str) -> Option<Handler> {
    handlers!(operation, {
        "AuthorizeSecurityGroupEgress" => rules::authorize_egress,
        "AuthorizeSecurityGroupIngress" => rules::authorize_ingress,
        "CreateSecurityGroup" => groups::create,
        "CreateTags" => tags::create,
        "CreateVpc" => vpcs::create,
        "DeleteSecurityGroup" => groups::delete,
        "DeleteTags" => tags::delete,
        "DeleteVpc" => vpcs::delete,
        "DescribeSecurityGroupRules" => rules::describe,
        "DescribeSecurityGroups" => listed::describe,
        "DescribeTags" => tags::describe,
        "DescribeVpcs" => vpcs::describe,
        "ModifySecurityGroupRules" => revoke::modify,
        "RevokeSecurityGroupEgress" => revoke::revoke_egress,
        "RevokeSecurityGroupIngress" => revoke::revoke_ingress,
        "UpdateSecurityGroupRuleDescriptionsEgress" => revoke::describe_egress,
        "UpdateSecurityGroupRuleDescriptionsIngress" => revoke::describe_ingress,
    })
}

/// An action on a resource by its ARN, with what every action of EC2 tells.
fn ask(call: &Call<'_>, action: &str, resource: String) -> Ask {
    Ask::new(action, resource).with("ec2:Region", call.region())
}

/// An action on no resource of its own.
fn ask_all(call: &Call<'_>, action: &str) -> Ask {
    ask(call, action, "*".to_owned())
}

/// Decides, and refuses in EC2's words.
///
/// Source: AWS EC2 API Reference, *Troubleshooting API request errors*, "Unauthorized operation".
fn permit(call: &Call<'_>, ask: &Ask) -> Result<Permit> {
    call.authorize(ask).map_err(|mut error| {
        if error.is_denial() {
            error.message.insert_str(0, "You are not authorized to perform this operation. ");
        }
        error
    })
}

/// Ends a call that only wanted to know whether it would be allowed.
///
/// Source: AWS EC2 API Reference, `DryRun`: "If you have the required permissions, the error response is DryRunOperation."
fn dry(dry_run: bool) -> Result<()> {
    if dry_run {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(ApiError::new("DryRunOperation", message).status(412));
    }
    Ok(())
}

fn error(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(code, message).status(400)
}

fn missing_parameter(name: &str) -> ApiError {
    error("MissingParameter", format!("The request must contain the parameter {name}"))
}

/// A tag of a request. Of tags to delete, the value is what it has to have.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    #[serde(default)]
    key: String,
    value: Option<String>,
}

/// Tags for something that a call makes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagSpecification {
    resource_type: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}
