//! Who may do what in a Kubernetes cluster: the apiserver's own answer, and because of what.
//!
//! ```
//! use ringwall_model::{Binding, BindingSubject, Cluster, ObjectRef, PolicyRule, Role, RoleKind, RoleRef, Source, User};
//! use ringwall_rbac::{Authorizer, Question, Target};
//!
//! let reference = |kind: &str, namespace: Option<&str>, name: &str| ObjectRef {
//!     api_version: "rbac.authorization.k8s.io/v1".into(),
//!     kind: kind.into(),
//!     namespace: namespace.map(Into::into),
//!     name: name.into(),
//! };
//! let cluster = Cluster {
//!     roles: vec![Role {
//!         reference: reference("ClusterRole", None, "pod-reader"),
//!         source: Source::new("kubernetes/roles.yaml", 1),
//!         labels: vec![],
//!         rules: vec![PolicyRule {
//!             verbs: vec!["get".into(), "list".into()],
//!             api_groups: vec!["".into()],
//!             resources: vec!["pods".into()],
//!             line: 6,
//!             ..PolicyRule::default()
//!         }],
//!         aggregation: None,
//!     }],
//!     bindings: vec![Binding {
//!         reference: reference("RoleBinding", Some("shop"), "readers"),
//!         source: Source::new("kubernetes/roles.yaml", 12),
//!         role: RoleRef { kind: RoleKind::ClusterRole, name: "pod-reader".into(), line: 17 },
//!         subjects: vec![BindingSubject { kind: "Group".into(), name: "devs".into(), namespace: None, line: 20 }],
//!     }],
//!     ..Cluster::default()
//! };
//! let authorizer = Authorizer::new(&cluster);
//!
//! let ada = User::authenticated("ada", ["devs"]);
//! let pods = Target::resource("", "pods");
//! let decision = authorizer.decide(&Question { user: &ada, verb: "list", target: pods.in_namespace("shop") });
//! assert!(decision.is_allowed());
//! let lines: Vec<String> = decision.reasons.iter().map(|reason| format!("{}: {}", reason.source, reason.text)).collect();
//! assert_eq!(
//!     lines,
//!     [
//!         "kubernetes/roles.yaml:12: gives ClusterRole pod-reader to group devs in namespace shop",
//!         "kubernetes/roles.yaml:6: allows get, list on pods",
//!     ],
//! );
//! assert!(!authorizer.decide(&Question { user: &ada, verb: "list", target: pods }).is_allowed());
//!
//! let who: Vec<String> = authorizer.who_can_anywhere("get", &pods).iter().map(|row| row.subject.to_string()).collect();
//! assert_eq!(who, ["group devs", "group system:masters"]);
//! ```
//!
//! # Exactly
//!
//! The authorizers are asked in the apiserver's order: the group `system:masters`, the node authorizer for
//! `system:node:<name>` in the group `system:nodes`, then RBAC, whose ClusterRoleBindings come before the RoleBindings
//! of the request's namespace. [`Authorizer::decide`] stops at the first grant, [`Authorizer::explain`] tells all, and
//! [`Authorizer::who_can`] turns the question round through an index from resources to rules to bindings to subjects.
//!
//! - Texts are compared byte for byte; nothing is trimmed, folded or completed, and no group is added to a user.
//! - A grant is two reasons, the binding and the rule; a rule that an aggregated ClusterRole has is told with that role
//!   between them, and with the role in which it is written, file and line.
//! - Aggregation is computed from the selectors. Rules that are stored otherwise do not count;
//!   [`stale_aggregations`] tells them.
//! - A binding to a role that does not exist grants nothing. The denial names it in `not_evaluated`. Its verdict is
//!   unknown in one case alone: [`Options::assume_defaults`] is set and the snapshot has no ClusterRole
//!   `cluster-admin`, which no live cluster is without.
//! - The node authorizer ties Secrets, ConfigMaps, claims, volumes and tokens to a node by the pods that are bound to
//!   it. Where objects decide of which the snapshot has none (PersistentVolumes, VolumeAttachments, ResourceSlices,
//!   PodCertificateRequests), its answer is unknown too. Feature gates are at the defaults of the cluster's version.
//! - Escalation ([`Authorizer::may_write_role`], [`Authorizer::may_bind`], [`covers`]) and impersonation
//!   ([`Authorizer::may_impersonate`]) are the registry's and the filters' checks beyond plain verbs.
//!
//! Sources, all of Kubernetes v1.37.2: `plugin/pkg/auth/authorizer/{rbac,node}`, `pkg/registry/rbac`,
//! `pkg/apis/rbac/v1/evaluation_helpers.go`, `pkg/controller/clusterroleaggregation`,
//! `k8s.io/component-helpers/auth/rbac/validation`, `k8s.io/apiserver/pkg/endpoints/filters/impersonation`; the document
//! *Using RBAC Authorization* where it says the same. `cases/rbac` holds the rules as data that any language can run.

mod aggregation;
mod answer;
mod authorizer;
mod bindings;
mod caller;
mod checks;
mod content;
mod covers;
mod danger;
mod defaults;
pub mod entry;
mod escalation;
mod held;
mod impersonation;
pub mod lint;
mod node;
mod powers;
mod question;
mod roles;
mod rule;
mod summary;
mod symbols;
mod text;
mod who;

pub use aggregation::{StaleAggregation, stale_aggregations};
pub use answer::{Scope, WhoCan};
pub use authorizer::{Authorizer, Options};
pub use caller::{PolicyHolder, explain_caller, explain_identity, policy_holders};
pub use checks::{authorization, check_ids};
pub use covers::covers;
pub use danger::{Ask, DANGERS, Danger, InNamespaces};
pub use escalation::{RoleWrite, WantedRole};
pub use held::HeldRule;
pub use impersonation::Impersonation;
pub use powers::Power;
pub use question::{Question, Target};
pub use summary::summary;
