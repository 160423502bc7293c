//! What a pod gets: from an AdmissionReview and what is known of its service account to a JSON Patch (RFC 6902).
//!
//! ```
//! use ringwall_identity::mutate::{Facts, Review, Settings, mutate};
//!
//! let review = Review::parse(br#"{
//!     "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
//!     "request": {"uid": "1", "namespace": "shop", "operation": "CREATE", "object": {
//!         "metadata": {"name": "checkout"},
//!         "spec": {"serviceAccountName": "checkout", "containers": [{"name": "app"}]}
//!     }}
//! }"#)?;
//! let role = "arn:aws:iam::111122223333:role/checkout".to_owned();
//! let annotations = [("eks.amazonaws.com/role-arn".to_owned(), role)].into();
//! let facts = Facts { annotations: Some(&annotations), ..Facts::default() };
//! let mutation = mutate(&review, &facts, &Settings::default())?;
//! assert_eq!(mutation.patch.len(), 2);
//! assert_eq!(mutation.patch[0]["path"], "/spec/volumes");
//! # Ok::<(), ringwall_identity::mutate::ReviewError>(())
//! ```
//!
//! Environment, volume, mounts and the order of all of them are those of amazon-eks-pod-identity-webhook v0.6.17, so
//! that a pod comes out the same. Differences, each where the existing webhook loses something or leaves the user without
//! credentials:
//!
//! - fields of a container that this version of Kubernetes' API does not know stay in the patch;
//! - a pod that the webhook's selector should have kept away (`skip-pod-identity-webhook`), a mirror pod and a request that
//!   isn't the creation of a pod are left alone;
//! - an entry of the ConfigMap without an audience gets the default one, and its expiry is held to the floor.
//!
//! Source: amazon-eks-pod-identity-webhook v0.6.17, `pkg/handler/handler.go`, `pkg/cache/cache.go`,
//! `pkg/containercredentials/config.go`, `main.go`.

mod account;
mod config_map;
mod container;
mod inject;
mod manifest;
mod membership;
mod path;
mod reason;
mod review;
mod role;
mod settings;
mod skip;

pub use self::config_map::{CONFIG_MAP_KEY, CONFIG_MAP_NAME, ConfigMapError, ConfigMapRoles};
pub use self::inject::{Facts, Mutation, mutate};
pub use self::manifest::{MAX_MANIFEST_BYTES, Manifests};
pub use self::membership::{MAX_MEMBERSHIP_BYTES, Membership, MembershipError};
pub use self::reason::{Method, Reason, RoleSource};
pub use self::review::{MAX_REVIEW_BYTES, Review, ReviewError};
pub use self::settings::{
    ComposeRoleArn, ContainerCredentials, DEFAULT_TOKEN_EXPIRATION, JITTERED_TOKEN_EXPIRATION,
    MIN_TOKEN_EXPIRATION, SettingProblem, Settings,
};
