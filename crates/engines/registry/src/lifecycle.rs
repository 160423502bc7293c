//! Lifecycle policies: which images of a repository are expired or archived.
//!
//! [`Policy::parse`] reads the text that `PutLifecyclePolicy` is given, [`plan`] says what it does to images. A preview prints
//! the plan and the worker carries it out: there is no second reading.
//!
//! # What decides
//!
//! Amazon ECR User Guide, "Automate the cleanup of images by using lifecycle policies", evaluation rules:
//!
//! - All rules are evaluated together, then applied by priority, the lowest number first. An image is acted on by one rule or none.
//! - An image that a rule selects by its tags (and storage class) can't be acted on by a rule of a higher number.
//! - A rule still counts the images that rules before it have marked.
//! - A list of patterns or prefixes selects an image if each of them matches one of its tags.
//! - `imageCountMoreThan` keeps the youngest by the time of their push. Actions come oldest first.
//! - `sinceImagePulled` takes the push, or a later restore from the archive, for a pull that never was.
//! - An image that an index references is kept until the index is gone. It counts as any other.
//! - What refers to an image (a signature, an SBOM) and has no tag of its own goes when and where its subject goes, and no rule
//!   selects or counts it. Without its subject it is an image as any other.
//!
//! One thing is Ringwall's own: images that a cluster runs are kept, and indexes of such images, if the caller says which
//! these are.

mod parse;
mod plan;
mod schema;

use crate::pattern::Pattern;

pub use plan::{Action, Keep, Kept, Plan, plan};

/// Bytes of a policy's text (ECR: `LifecyclePolicyText`). A creation template's may be shorter than the least.
pub const MAX_TEXT: usize = 30_720;

/// The least bytes of a policy's text in `PutLifecyclePolicy`. [`Policy::parse`] takes a shorter one, as templates do.
pub const MIN_TEXT: usize = 100;

/// Rules of a policy: Amazon ECR service quotas, "Rules per lifecycle policy".
pub const MAX_RULES: usize = 50;

/// `*` of one tag pattern: "There is a maximum limit of four wildcards (*) per string."
pub const MAX_WILDCARDS: usize = 4;

/// The least days after which an archived image may be expired: Amazon ECR User Guide, "Archiving an image".
pub const MIN_ARCHIVED_DAYS: u64 = 90;

/// A policy that ECR would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
}

impl Policy {
    /// The rules, the lowest priority number first.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Lower comes first; unique within its policy.
    pub priority: u64,
    /// What its author says of it.
    pub description: Option<String>,
    /// By which tags it selects images.
    pub tags: TagSelection,
    /// Images of which storage class it selects.
    pub class: StorageClass,
    /// Which of the selected images it acts on.
    pub count: Count,
    /// What it does to these.
    pub action: ActionKind,
}

/// By which tags a rule selects images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagSelection {
    /// All images.
    Any,
    /// Images without tags.
    Untagged,
    /// Images that have, for each pattern, a tag that matches it.
    Patterns(Vec<Pattern>),
    /// Images that have, for each prefix, a tag that begins with it.
    Prefixes(Vec<String>),
}

impl TagSelection {
    /// Whether an image with these tags is selected.
    pub fn selects<T: AsRef<str>>(&self, tags: &[T]) -> bool {
        match self {
            Self::Any => true,
            Self::Untagged => tags.is_empty(),
            Self::Patterns(patterns) => {
                patterns.iter().all(|pattern| tags.iter().any(|tag| pattern.matches(tag.as_ref())))
            }
            Self::Prefixes(prefixes) => {
                prefixes.iter().all(|prefix| tags.iter().any(|tag| tag.as_ref().starts_with(prefix)))
            }
        }
    }
}

/// Where an image's bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StorageClass {
    /// To be pulled at once.
    #[default]
    Standard,
    /// To be restored before it can be pulled.
    Archive,
}

impl StorageClass {
    /// The class as ECR's API has it, `STANDARD` or `ARCHIVE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Archive => "ARCHIVE",
        }
    }
}

/// Which of the selected images a rule acts on. Days are of 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// All but so many of the youngest.
    MoreThan(u64),
    /// Those pushed longer ago than so many days.
    SincePushed(u64),
    /// Those pulled longer ago than so many days.
    SincePulled(u64),
    /// Those archived longer ago than so many days.
    SinceTransitioned(u64),
}

/// What becomes of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ActionKind {
    /// It is deleted.
    Expire,
    /// It goes to the archive.
    Archive,
}

impl ActionKind {
    /// The action's type as ECR's API has it, `EXPIRE` or `TRANSITION`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expire => "EXPIRE",
            Self::Archive => "TRANSITION",
        }
    }
}

/// What a policy has to know of an image. An index and the images that it references are an image each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// The digest of its manifest.
    pub digest: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was pushed (milliseconds since 1970).
    pub pushed_at: i64,
    /// When it was last pulled, if ever.
    pub pulled_at: Option<i64>,
    /// When it was last restored from the archive, if ever.
    pub restored_at: Option<i64>,
    /// Where it is.
    pub class: StorageClass,
    /// When it went to the archive, if it is there.
    pub archived_at: Option<i64>,
    /// The digests of the manifests that it references, if it is an index.
    pub references: Vec<String>,
    /// The digest of the image that it says something of, if it is such an artifact.
    pub subject: Option<String>,
    /// Whether a cluster runs it and such images are to be kept.
    pub in_use: bool,
}

impl ImageFacts {
    /// An image without tags, pushed at a time and never pulled since.
    pub fn new(digest: impl Into<String>, pushed_at: i64) -> Self {
        Self {
            digest: digest.into(),
            tags: Vec::new(),
            pushed_at,
            pulled_at: None,
            restored_at: None,
            class: StorageClass::Standard,
            archived_at: None,
            references: Vec::new(),
            subject: None,
            in_use: false,
        }
    }
}
