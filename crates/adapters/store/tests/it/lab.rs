//! A database for one test.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringwall_store::{Options, Place, Store};
use tempfile::TempDir;

use crate::server;

/// The account of the tests' records.
pub(crate) const ACCOUNT: &str = "123456789012";

/// The kind of the tests' records.
pub(crate) const KIND: &str = "test/record";

/// An empty database and a folder beside it.
pub(crate) struct Lab {
    pub(crate) address: String,
    folder: TempDir,
}

impl Lab {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { address: format!("sqlite:{}/data/store.db", folder.path().display()), folder }
    }

    pub(crate) async fn postgres() -> Self {
        Self { address: server::database().await, folder: tempfile::tempdir().unwrap() }
    }

    /// Another empty database of the same sort.
    pub(crate) async fn another(&self) -> Self {
        if self.is_postgres() { Self::postgres().await } else { Self::sqlite() }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.address.starts_with("postgres:")
    }

    /// A path in a folder that goes away with this.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The store as it is usually opened.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.address, Options::default()).await.unwrap()
    }

    /// A store that looks for others' changes only when it is asked to, but soon enough to trust its memory.
    pub(crate) async fn deaf_store(&self) -> Store {
        let options = Options { poll: Duration::from_secs(3_600), ..Options::default() };
        Store::open(&self.address, options).await.unwrap()
    }

    /// The database itself, past the store.
    pub(crate) async fn raw(&self) -> sqlx::AnyPool {
        sqlx::any::install_default_drivers();
        if let Some(path) = self.address.strip_prefix("sqlite:") {
            std::fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            sqlx::AnyPool::connect(&format!("sqlite://{path}?mode=rwc")).await.unwrap()
        } else {
            sqlx::AnyPool::connect(&self.address).await.unwrap()
        }
    }
}

pub(crate) fn place(name: &str) -> Place {
    Place::new(ACCOUNT, "", KIND, name)
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(test)
}
