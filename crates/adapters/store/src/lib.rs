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
//!
//! # What holds
//!
//! - **Durable.** A commit returns after its log is on the disk: `synchronous=FULL` on SQLite's write-ahead log, and at
//!   least `synchronous_commit=on` of PostgreSQL, whatever the server's default. A test reads it from a trace of the
//!   system's calls.
//! - **Whole.** A batch is written with all its operations or with none, also if the process or the machine dies. After
//!   [`StoreError::Uncertain`] alone it is not known which.
//! - **One order.** Each batch has a generation of its own. Writers, of all processes, take turns at one row, and batches
//!   that wait in one process share a transaction and its one wait for the disk.
//! - **Fresh.** A [`Table`] answers from memory what is never older than a commit that this process has finished. What
//!   other processes commit it sees within [`Options::poll`]; [`Store::refresh`] looks at once. A memory that could not be
//!   checked against the database for five times as long (or a second) is not asked.
//! - **Told.** [`Store::subscribe`] names what changed, here and elsewhere. Deletions leave an empty row behind by which
//!   others find them, which goes away after some thousand commits; who comes later is told that anything may have changed.
//! - **Kept apart.** Bodies are kept as they are given: what is secret is sealed before it comes here. The file of SQLite
//!   is its owner's alone.
//!
//! [`Store::backup`] writes one moment of the store as lines of JSON with a checksum; [`Store::restore`] fills an empty
//! store of either database with it. The schema goes forwards alone: [`Store::open`] migrates an older database and refuses
//! a newer one.

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
