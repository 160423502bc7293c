//! AWS's APIs, enforced: STS, IAM, KMS, Secrets Manager, Parameter Store, EKS, ECR, EC2 security groups.
//!
//! [`Endpoint`] answers signed requests as AWS would: it verifies the signature, decides by `ringwall-iam`, keeps what was
//! done, and writes a CloudTrail record.
//!
//! # Exactly
//!
//! - **No answer without a decision.** A handler gets its answer from a permit, and a permit from the engine; what could
//!   not be evaluated is denied.
//! - **Sessions carry themselves.** A session token is sealed and holds all of its session, so that `AssumeRole` writes
//!   nothing; the role or user behind it is looked up at each call.
//! - **Answered means kept.** What changes something is answered once its record in the store and its CloudTrail record are
//!   on disk.
//! - **What is not served is said so**: `UnknownOperationException`, or `InvalidAction` in the Query protocol.

mod authorize;
mod bootstrap;
mod call;
mod caller;
mod ec2;
mod ecr;
mod eks;
mod endpoint;
mod enveloped;
mod error;
mod handler;
mod iam;
mod id;
mod identify;
mod kms;
mod page;
mod policy;
mod principals;
mod record;
mod sealed;
mod secretsmanager;
mod services;
mod shared;
mod signing;
mod ssm;
mod sts;
mod throttle;
mod time;

pub use bootstrap::{ADMINISTRATOR, AccountSummary, BootstrapError, Credentials, accounts, create_account};
pub use ecr::{
    RegistryAsk, RegistryDecision, RegistryParts, RegistryPermit, RegistryPrincipal, tag_may_move,
};
pub use eks::{
    ClusterRegistration, ClusterSummary, RegisterError, clusters, register_cluster, remove_cluster,
};
pub use endpoint::Endpoint;
pub use error::ApiError;
pub use kms::Swept;
pub use shared::{Clock, Parts, Settings};
pub use time::now;
