//! Amazon ECR: repositories, images, layers, and the rules of a registry.
//!
//! What a registry holds is `ringwall-oci`'s, what its rules mean `ringwall-registry`'s; here is who may do it, and what is
//! answered. The registry's HTTP side asks by [`gate`], so that a pull is decided as a call is.
//!
//! A repository is of one region, the one in which it was made; its name is unique in its account.

mod access;
mod auth;
mod backfill;
mod cache;
mod describe;
mod exclusions;
mod findings;
mod gate;
mod image;
mod images;
mod layers;
mod lifecycle;
mod page;
mod policies;
mod policy;
mod referrers;
mod registry;
mod repositories;
mod rows;
mod rules;
mod scanning;
mod settings;
mod signing;
mod storage;
mod tags;
mod templates;

use ringwall_oci::OciError;
use serde_json::Value;

use crate::error::ApiError;
use crate::handler::{Handler, handlers};

pub use gate::{RegistryAsk, RegistryDecision, RegistryPermit, RegistryPrincipal};
pub(crate) use rows::Ecr;
pub use rows::RegistryParts;
pub use rules::tag_may_move;

/// The service's signing name.
const SERVICE: &str = "ecr";

/// The operation's handler.
pub(crate) fn find(operation: &str) -> Option<Handler> {
    handlers!(operation, {
        "BatchCheckLayerAvailability" => layers::batch_check,
        "BatchDeleteImage" => images::batch_delete,
        "BatchGetImage" => images::batch_get,
        "BatchGetRepositoryScanningConfiguration" => scanning::batch_get,
        "CompleteLayerUpload" => layers::complete,
        "CreatePullThroughCacheRule" => cache::create,
        "CreateRepository" => repositories::create,
        "CreateRepositoryCreationTemplate" => templates::create,
        "DeleteLifecyclePolicy" => lifecycle::delete,
        "DeletePullThroughCacheRule" => cache::delete,
        "DeleteRegistryPolicy" => registry::delete_policy,
        "DeleteRepository" => repositories::delete,
        "DeleteRepositoryCreationTemplate" => templates::delete,
        "DeleteRepositoryPolicy" => policies::delete,
        "DeleteSigningConfiguration" => signing::delete,
        "DeregisterPullTimeUpdateExclusion" => exclusions::deregister,
        "DescribeImageReplicationStatus" => storage::describe_replication,
        "DescribeImageScanFindings" => findings::describe,
        "DescribeImageSigningStatus" => signing::describe_status,
        "DescribeImages" => describe::describe,
        "DescribePullThroughCacheRules" => cache::describe,
        "DescribeRegistry" => registry::describe,
        "DescribeReplicationBackfillResults" => backfill::describe,
        "DescribeRepositories" => repositories::describe,
        "DescribeRepositoryCreationTemplates" => templates::describe,
        "GetAccountSetting" => settings::get_account_setting,
        "GetAuthorizationToken" => auth::get_authorization_token,
        "GetDownloadUrlForLayer" => layers::download_url,
        "GetLifecyclePolicy" => lifecycle::get,
        "GetLifecyclePolicyPreview" => lifecycle::get_preview,
        "GetRegistryPolicy" => registry::get_policy,
        "GetRegistryScanningConfiguration" => scanning::get_registry,
        "GetRepositoryPolicy" => policies::get,
        "GetSigningConfiguration" => signing::get,
        "InitiateLayerUpload" => layers::initiate,
        "ListImageReferrers" => referrers::list,
        "ListImages" => describe::list,
        "ListPullTimeUpdateExclusions" => exclusions::list,
        "ListReplicationBackfills" => backfill::list,
        "ListTagsForResource" => tags::list,
        "PutAccountSetting" => settings::put_account_setting,
        "PutImage" => images::put,
        "PutImageScanningConfiguration" => scanning::put_of_repository,
        "PutImageTagMutability" => repositories::put_mutability,
        "PutLifecyclePolicy" => lifecycle::put,
        "PutRegistryPolicy" => registry::put_policy,
        "PutRegistryScanningConfiguration" => scanning::put_registry,
        "PutReplicationConfiguration" => registry::put_replication,
        "PutSigningConfiguration" => signing::put,
        "RegisterPullTimeUpdateExclusion" => exclusions::register,
        "SetRepositoryPolicy" => policies::set,
        "StartImageScan" => findings::start,
        "StartLifecyclePolicyPreview" => lifecycle::start_preview,
        "StartReplicationBackfill" => backfill::start,
        "StopReplicationBackfill" => backfill::stop,
        "TagResource" => tags::tag,
        "UntagResource" => tags::untag,
        "UpdateImageStorageClass" => storage::update_class,
        "UpdatePullThroughCacheRule" => cache::update,
        "UpdateRepositoryCreationTemplate" => templates::update,
        "UploadLayerPart" => layers::upload_part,
        "ValidatePullThroughCacheRule" => cache::validate,
    })
}

/// A time of the API, of milliseconds since 1970.
fn seconds(milliseconds: i64) -> Value {
    Value::from(milliseconds as f64 / 1000.0)
}

fn error(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(code, message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    error("InvalidParameterException", message)
}

fn no_repository(account: &str, name: &str) -> ApiError {
    error(
        "RepositoryNotFoundException",
        format!("The repository with name '{name}' does not exist in the registry with id '{account}'"),
    )
}

/// What the content of a registry answered, where the operation has no words of its own for it.
fn of_oci(account: &str, name: &str, cause: &OciError) -> ApiError {
    match cause {
        OciError::NoRepository(_) => no_repository(account, name),
        OciError::BadName { .. } | OciError::BadTag(_) | OciError::BadDigest { .. } => {
            invalid(format!("Invalid parameter: {cause}"))
        }
        OciError::Contended | OciError::UploadBusy(_) => {
            error("ServerException", "Too many requests change the same at the same time; try again.")
        }
        _ => ApiError::internal(&Chain(cause)),
    }
}

/// An error with its causes, for the log.
struct Chain<'e>(&'e dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(next) = cause {
            write!(f, ": {next}")?;
            cause = next.source();
        }
        Ok(())
    }
}
