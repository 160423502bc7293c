//! What the rules of a registry mean, as Amazon ECR has them: names, mutability of tags, lifecycle, replication,
//! scanning, creation templates, pull-through caches, and which images may be pulled at all.
//!
//! ```
//! use ringwall_registry::lifecycle::{ImageFacts, Policy, plan};
//! use ringwall_registry::{Mode, Mutability, Tag};
//!
//! let releases = Mutability::new(Mode::ImmutableWithExclusion, vec!["dev-*".to_owned()])?;
//! assert!(releases.may_move(&Tag::parse("dev-7")?));
//! assert!(!releases.may_move(&Tag::parse("v1.2.0")?));
//!
//! let policy = Policy::parse(
//!     r#"{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan",
//!         "countNumber": 1}, "action": {"type": "expire"}}]}"#,
//! )?;
//! let images = [ImageFacts::new("sha256:old", 1_000), ImageFacts::new("sha256:new", 2_000)];
//! let plan = plan(&policy, &images, 3_000);
//! assert_eq!(plan.actions.iter().map(|action| action.digest).collect::<Vec<_>>(), ["sha256:old"]);
//! # Ok::<(), ringwall_registry::Invalid>(())
//! ```
//!
//! Times are milliseconds since 1970. Settings have the JSON form of ECR's API (`serde`), and are checked whenever they are
//! read, so that what was kept by an older version is not believed either. [`Invalid`] carries ECR's own words, since its
//! clients show them.
//!
//! Source, where nothing else is named: the model of ECR's API (botocore, `ecr/2015-09-21`) for shapes and limits, and the
//! Amazon ECR User Guide for what they mean.

pub mod cache;
pub mod guard;
mod invalid;
pub mod lifecycle;
mod mutability;
mod name;
mod pattern;
pub mod replication;
pub mod scanning;
mod tag_move;
pub mod template;

pub use invalid::Invalid;
pub use mutability::{MAX_EXCLUSION_FILTERS, Mode, Mutability};
pub use name::{Digest, MAX_REPOSITORY_NAME, MAX_TAG, Reference, RepositoryName, Tag};
pub use pattern::Pattern;
pub use tag_move::{Refused, TagMove, tag_move};
