//! The values that every layer of Ringwall speaks.
//!
//! Adapters turn the outside world into these values, engines answer questions about them with a
//! [`Decision`], and the edges render that one value as text, JSON or a page. Nothing here does I/O, and
//! nothing here decides.
//!
//! ```
//! use ringwall_model::{Arn, Subject};
//!
//! let role: Arn = "arn:aws:iam::111122223333:role/checkout".parse()?;
//! assert_eq!(role.account, "111122223333");
//!
//! let account = Subject::service_account("shop", "checkout");
//! assert_eq!(account.user_name(), Some("system:serviceaccount:shop:checkout".into()));
//! # Ok::<(), ringwall_model::InvalidArn>(())
//! ```
//!
//! Conventions that hold everywhere:
//!
//! - Names, verbs and groups are Kubernetes' and AWS's own, byte for byte: no trimming, no case folding.
//! - The core API group is the empty string.
//! - Lines are counted from 1; 0 means that the line is not known.

mod api;
mod arn;
mod aws;
mod check;
mod cluster;
mod decision;
mod error_chain;
mod iam;
mod image;
pub mod network;
mod object;
mod problem;
mod rbac;
mod ring;
mod secret;
mod source;
mod subject;
pub mod time;
mod tree;
mod workload;

pub use api::{ApiResource, built_in_resources, resources_of};
pub use arn::{Arn, InvalidArn};
pub use aws::{
    AccessEntry, AccessPolicyAssociation, AccessScope, Aws, AwsDocument, AwsExport, Ec2Instance,
    FargateProfile, NodeGroup, PodIdentityAssociation,
};
pub use check::{About, CheckResult, Outcome};
pub use cluster::{
    AuthenticationMode, AwsAuthConfigMap, AwsAuthEntry, Cluster, ClusterInfo, LogFile, LogKind,
};
pub use decision::{Decision, Proof, Reason, StatementRef, Verdict};
pub use error_chain::error_chain;
pub use iam::{
    AccessKey, AttachedPolicy, IamGroup, IamPrincipal, IamPrincipalKind, OidcProvider, OrgNode, OrgNodeKind,
    Organization, PolicyDocument, ResourcePolicy,
};
pub use image::{ImageFindings, ScannedImage};
pub use object::{Object, ObjectRef};
pub use problem::{Level, Problem};
pub use rbac::{
    AggregationRule, Binding, LabelRequirement, LabelSelector, PolicyRule, Role, RoleKind, RoleRef,
    SelectorOperator,
};
pub use ring::{ComputeType, Responsible, Ring, Severity};
pub use secret::Secret;
pub use source::Source;
pub use subject::{BindingSubject, Subject, User};
pub use tree::{Entry, Number, Tree, Value};
pub use workload::{Namespace, Node, Pod, PodReferences, ServiceAccount, Workload};
