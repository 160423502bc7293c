//! Repositories.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::OciError;
use crate::name::RepositoryKey;
use crate::registry::Registry;

/// A repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// Of this one alone: one that is made after it under the same name has another.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What is set for it, by names that those choose who set it: mutability, policies, scanning, tags, encryption.
    pub settings: Map<String, Value>,
    /// Since when it is being deleted, which is found out to be possible or not within moments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleting_since: Option<Timestamp>,
}

impl Registry {
    /// Makes a repository.
    ///
    /// # Errors
    ///
    /// [`OciError::RepositoryExists`], and those of the store.
    pub async fn create_repository(
        &self,
        key: &RepositoryKey,
        settings: Map<String, Value>,
    ) -> Result<Repository, OciError> {
        let _ = (key, settings);
        Err(self.unfinished())
    }

    /// The repository, if there is one.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn repository(&self, key: &RepositoryKey) -> Result<Option<Repository>, OciError> {
        let _ = key;
        Err(self.unfinished())
    }

    /// Repositories of a registry in order of their names, after one.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn repositories(
        &self,
        account: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Repository>, OciError> {
        let _ = (account, after, limit);
        Err(self.unfinished())
    }

    /// Changes what is set. `change` is asked again when somebody else changed it at the same time.
    ///
    /// # Errors
    ///
    /// What `change` returns, [`OciError::NoRepository`], and those of the store.
    pub async fn set_repository<E: From<OciError>>(
        &self,
        key: &RepositoryKey,
        mut change: impl FnMut(&mut Map<String, Value>) -> Result<(), E>,
    ) -> Result<Repository, E> {
        let _ = (key, &mut change);
        Err(self.unfinished().into())
    }

    /// Deletes a repository, with what is in it only if `force` says so.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], [`OciError::RepositoryNotEmpty`], and those of the store.
    pub async fn delete_repository(&self, key: &RepositoryKey, force: bool) -> Result<Repository, OciError> {
        let _ = (key, force);
        Err(self.unfinished())
    }
}
