//! AWS EKS: clusters that are known here, who gets into them, and which roles their pods get.

mod associations;
mod auth;
mod clusters;
mod entries;
mod policies;
mod register;
pub(crate) mod rows;
mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_store::Row;

use self::rows::Cluster;
use crate::authorize::Ask;
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::handler::{Handler, handlers};

pub use register::{
    ClusterRegistration, ClusterSummary, RegisterError, clusters, register_cluster, remove_cluster,
};

/// The operation's handler.
pub(crate) fn find(operation: &str) -> Option<Handler> {
    handlers!(operation, {
        "AssociateAccessPolicy" => policies::associate,
        "CreateAccessEntry" => entries::create,
        "CreatePodIdentityAssociation" => associations::create,
        "DeleteAccessEntry" => entries::delete,
        "DeletePodIdentityAssociation" => associations::delete,
        "DescribeAccessEntry" => entries::describe,
        "DescribeCluster" => clusters::describe,
        "DescribePodIdentityAssociation" => associations::describe,
        "DisassociateAccessPolicy" => policies::disassociate,
        "ListAccessEntries" => entries::list,
        "ListAccessPolicies" => policies::list,
        "ListAssociatedAccessPolicies" => policies::list_associated,
        "ListClusters" => clusters::list,
        "ListPodIdentityAssociations" => associations::list,
        "ListTagsForResource" => tags::list,
        "TagResource" => tags::tag,
        "UntagResource" => tags::untag,
        "UpdateAccessEntry" => entries::update,
        "UpdateClusterConfig" => clusters::update_config,
        "UpdatePodIdentityAssociation" => associations::update,
    })
}

/// The handler of an operation of EKS Auth.
pub(crate) fn find_auth(operation: &str) -> Option<Handler> {
    handlers!(operation, { "AssumeRoleForPodIdentity" => auth::assume_role_for_pod_identity })
}

/// Items of a page without `maxResults`. Source: AWS EKS API Reference, *ListAccessEntries*.
const PAGE: usize = 100;

/// Most tags of a resource. Source: AWS EKS API Reference, `tags`: at most 50 items.
const MAX_TAGS: usize = 50;

/// Tags that a resource may have.
fn check_tags(tags: &BTreeMap<String, String>) -> std::result::Result<(), String> {
    if tags.len() > MAX_TAGS {
        return Err(format!("At most {MAX_TAGS} tags are allowed"));
    }
    match tags.keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        Some(key) => Err(format!("Tag keys may not begin with aws:, as {key} does")),
        None => Ok(()),
    }
}

/// The ARN of a cluster of the caller's account and region.
fn cluster_arn(call: &Call<'_>, name: &str) -> String {
    format!("arn:aws:eks:{}:{}:cluster/{name}", call.region(), call.account())
}

/// An action on a cluster, with its tags if it is there.
fn on_cluster(call: &Call<'_>, action: &str, name: &str, cluster: Option<&Row<Cluster>>) -> Ask {
    let tags = cluster.into_iter().flat_map(|row| &row.value.tags);
    Ask::new(action, cluster_arn(call, name))
        .resource_tags(None, tags.map(|(key, value)| (key.as_str(), value.as_str())))
}

/// A cluster of the caller's account and region.
async fn cluster(call: &Call<'_>, name: &str) -> Result<Option<Arc<Row<Cluster>>>> {
    Ok(call.shared.eks.clusters.get(call.account(), call.region(), name).await?)
}

/// The error of a cluster that is not there.
fn no_cluster(name: &str) -> ApiError {
    not_found(format!("No cluster found for name: {name}."))
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

fn invalid_parameter(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

fn invalid_request(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidRequestException", message)
}

/// Milliseconds as the protocol's seconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits for 280,000 years")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}
