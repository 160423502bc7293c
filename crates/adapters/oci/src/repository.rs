//! Repositories.

use jiff::Timestamp;
use ringwall_store::{Batch, Expect, Scan};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::change::Event;
use crate::collect::Gone;
use crate::error::OciError;
use crate::name::RepositoryKey;
use crate::registry::{Registry, Tries};

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
        let repository = Repository {
            id: self.random::<8>()?,
            name: key.name().to_owned(),
            created_at: self.now(),
            settings,
            deleting_since: None,
        };
        let mut batch = Batch::new();
        let table = &self.inner.repositories;
        table.put(&mut batch, key.account(), "", key.name(), &repository, Expect::Absent);
        self.tell(&mut batch, key.account(), &repository, Event::RepositoryCreated)?;
        match self.inner.store.commit(batch).await {
            Ok(_) => Ok(repository),
            Err(ringwall_store::StoreError::Conflict(_)) => {
                Err(OciError::RepositoryExists(key.name().to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The repository, if there is one.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn repository(&self, key: &RepositoryKey) -> Result<Option<Repository>, OciError> {
        let found = self.inner.repositories.get(key.account(), "", key.name()).await?;
        Ok(found.map(|row| row.value.clone()))
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
        let scan = Scan { after, limit, ..Scan::default() };
        let rows = self.inner.repositories.scan(account, "", scan).await?;
        Ok(rows.into_iter().map(|row| row.value).collect())
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
        let mut tries = Tries::default();
        loop {
            let row = self.known(key).await?;
            let mut repository = row.value.clone();
            change(&mut repository.settings)?;
            if repository == row.value {
                return Ok(repository);
            }
            let mut batch = Batch::new();
            let expect = Expect::Revision(row.revision);
            self.inner.repositories.put(&mut batch, key.account(), "", key.name(), &repository, expect);
            self.tell(&mut batch, key.account(), &repository, Event::RepositoryChanged)?;
            match self.inner.store.commit(batch).await {
                Ok(_) => return Ok(repository),
                Err(error) => tries.again(self, error.into()).await?,
            }
        }
    }

    /// Deletes a repository, with what is in it only if `force` says so.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], [`OciError::RepositoryNotEmpty`], and those of the store.
    pub async fn delete_repository(&self, key: &RepositoryKey, force: bool) -> Result<Repository, OciError> {
        let mut tries = Tries::default();
        loop {
            match self.try_delete_repository(key, force).await {
                Err(error) => tries.again(self, error).await?,
                done => return done,
            }
        }
    }

    /// Pushes need the repository as they read it, so that after the mark none is under way: what is seen then is all.
    async fn try_delete_repository(&self, key: &RepositoryKey, force: bool) -> Result<Repository, OciError> {
        let table = &self.inner.repositories;
        let row = self.known(key).await?;
        let mut expect = Expect::Revision(row.revision);
        if !force {
            let marked = Repository { deleting_since: Some(self.now()), ..row.value.clone() };
            let mut batch = Batch::new();
            table.put(&mut batch, key.account(), "", key.name(), &marked, expect);
            expect = Expect::Revision(self.inner.store.commit(batch).await?);
            let prefix = format!("{}@", row.value.id);
            let scan = Scan { prefix: &prefix, limit: 1, ..Scan::default() };
            if !self.inner.images.scan(key.account(), "", scan).await?.is_empty() {
                let mut batch = Batch::new();
                table.put(&mut batch, key.account(), "", key.name(), &row.value, expect);
                self.inner.store.commit(batch).await?;
                return Err(OciError::RepositoryNotEmpty(key.name().to_owned()));
            }
        }
        let mut batch = Batch::new();
        table.delete(&mut batch, key.account(), "", key.name(), expect);
        let gone = Gone { name: key.name().to_owned() };
        self.inner.gone.put(&mut batch, key.account(), "", &row.value.id, &gone, Expect::Any);
        let repository = row.value.clone();
        let event = Event::RepositoryDeleted { repository: repository.clone() };
        self.tell(&mut batch, key.account(), &repository, event)?;
        self.inner.store.commit(batch).await?;
        Ok(repository)
    }
}
