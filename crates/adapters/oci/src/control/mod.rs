//! What an account sets for all of its registry, beside the repositories themselves: its policy, replication, scanning,
//! signing, cache rules, templates; and what workers tell of images: scans, backfills, signatures.
//!
//! The control API writes it, the registry and its workers read it. Values that a model of AWS describes are kept as that
//! API has them, so that the one parser of each is the engine's.

mod account;
mod backfill;
mod facts;
mod image;
mod rule;
mod scan;
pub mod setting;

use ringwall_store::{Store, Table};

pub use account::{Account, BLOB_MOUNTING, REGISTRY_POLICY_SCOPE, SCAN_TYPE_VERSION};
pub use backfill::{Backfill, BackfillResult, BackfillStatus};
pub use image::{ImageReplication, ImageSigning, ImageState, LifecyclePreview, image_name};
pub use rule::{CacheRule, Template};
pub use scan::{FINDINGS_A_PAGE, Scan, ScanStatus};

/// The query parameter by which the address of a layer carries the right to it, and the name that goes with this right where a
/// name and a password are asked for.
pub const LAYER_RIGHT: &str = "ringwall-layer";

/// The one record of an account.
const SETTINGS: &str = "settings";

/// The records of a registry's control plane. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Control {
    store: Store,
    /// Filed under `settings`.
    pub accounts: Table<Account>,
    /// Filed under the prefix, or `ROOT`.
    pub templates: Table<Template>,
    /// Filed under the prefix, or `ROOT`.
    pub cache_rules: Table<CacheRule>,
    /// Filed under the id.
    pub backfills: Table<Backfill>,
    /// Filed under [`image_name`].
    pub scans: Table<Scan>,
    /// Pages of findings, filed under [`image_name`], a `#` and the page's number in five digits.
    pub findings: Table<Vec<serde_json::Value>>,
    /// Filed under [`image_name`].
    pub images: Table<ImageState>,
    /// Filed under the repository's id.
    pub previews: Table<LifecyclePreview>,
}

impl Control {
    /// The records in a store.
    pub fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            accounts: Table::new(store, "registry/account"),
            templates: Table::new(store, "registry/template"),
            cache_rules: Table::new(store, "registry/cache-rule"),
            backfills: Table::new(store, "registry/backfill"),
            scans: Table::new(store, "registry/scan"),
            findings: Table::with_cache(store, "registry/finding", 0),
            images: Table::new(store, "registry/image-state"),
            previews: Table::new(store, "registry/preview"),
        }
    }
}
