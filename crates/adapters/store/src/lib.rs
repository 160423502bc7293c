//! The store: records in SQLite or PostgreSQL, durable before they are answered.
//!
//! Services keep their objects here as JSON, one record each, under a [`Place`]: account, region, kind and name.
//!
//! ```
//! use ringwall_store::{Batch, Change, Expect, Options, Scan, Store, StoreError, Table};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Role {
//!     path: String,
//!     #[serde(default)] // came later than the first records
//!     tags: Vec<(String, String)>,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), StoreError> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let address = format!("sqlite:{}/store.db", folder.path().display());
//! let store = Store::open(&address, Options::default()).await?;
//! let roles: Table<Role> = Table::new(&store, "iam/role");
//! let account = "123456789012";
//!
//! // Made together or not at all, and on the disk when `commit` returns.
//! let mut batch = Batch::new();
//! let role = Role { path: "/".to_owned(), tags: Vec::new() };
//! roles.put(&mut batch, account, "", "Admin", &role, Expect::Absent);
//! roles.put(&mut batch, account, "", "Audit", &role, Expect::Absent);
//! let generation = store.commit(batch).await?;
//!
//! // From memory, but never older than a commit that has returned.
//! let row = roles.get(account, "", "Admin").await?.expect("it was just written");
//! assert_eq!((row.value.path.as_str(), row.revision), ("/", generation));
//!
//! // Read, change and write; asked again if somebody else comes in between.
//! roles
//!     .update::<StoreError>(&row.place, |role| {
//!         let Some(role) = role else { return Ok(Change::Keep) };
//!         let mut tags = role.tags.clone();
//!         tags.push(("team".to_owned(), "red".to_owned()));
//!         Ok(Change::Put(Role { path: role.path.clone(), tags }))
//!     })
//!     .await?;
//!
//! // What was read may have changed: the batch says what it rests on.
//! let mut late = Batch::new();
//! roles.delete(&mut late, account, "", "Admin", Expect::Revision(row.revision));
//! assert!(matches!(store.commit(late).await, Err(StoreError::Conflict(place)) if place.name == "Admin"));
//!
//! // In bytewise order of names, page by page.
//! let page = roles.scan(account, "", Scan { prefix: "A", limit: 1, ..Scan::default() }).await?;
//! let next = Scan { prefix: "A", after: Some(&page[0].place.name), limit: 1 };
//! assert_eq!(roles.scan(account, "", next).await?[0].place.name, "Audit");
//! store.close().await;
//! # Ok(())
//! # }
//! ```

mod archive;
mod backup;
mod batch;
mod cache;
mod dialect;
mod error;
mod files;
mod hub;
mod place;
mod schema;
mod store;
mod table;
mod writer;

pub use backup::{BackupSummary, check_backup};
pub use batch::{Batch, Expect, MAX_OPERATIONS};
pub use error::StoreError;
pub use hub::{Changed, Changes};
pub use place::{MAX_BODY, MAX_KIND, MAX_NAME, MAX_REGION, Place, Record};
pub use store::{MAX_PAGE, Options, Scan, Store};
pub use table::{CACHE_BYTES, Change, Row, Table};
