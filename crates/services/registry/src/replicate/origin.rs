//! Which images came by replication: these go no further, so that no change goes in circles.

use std::collections::BTreeSet;

use ringwall_oci::control::image_name;
use ringwall_registry::replication::Origin;
use ringwall_store::{Change, Store, StoreError, Table};
use serde::{Deserialize, Serialize};

use super::Kind;

/// What of an image came by replication.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Came {
    /// `REGION/ACCOUNT`.
    origin: String,
    /// Under which tags; the empty one stands for the image itself.
    tags: BTreeSet<String>,
}

/// Where images came from. Who takes a push with an [`ORIGIN`](crate::remote::ORIGIN) from somebody who may replicate
/// (`ecr:ReplicateImage`) notes it before the push is carried out.
#[derive(Clone, Debug)]
pub struct Origins {
    came: Table<Came>,
}

impl Origins {
    /// The records in a store.
    pub fn new(store: &Store) -> Self {
        Self { came: Table::new(store, "registry/origin") }
    }

    /// Notes that a tag of an image, or the image without one, comes from another registry, or is deleted from there.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn note(
        &self,
        account: &str,
        repository_id: &str,
        digest: &str,
        tag: Option<&str>,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let place = self.came.place(account, "", &image_name(repository_id, digest));
        let tag = tag.unwrap_or_default();
        self.came
            .update::<StoreError>(&place, |now| {
                let mut next = now.cloned().unwrap_or_default();
                next.origin = origin.to_string();
                let is_known = !next.tags.insert(tag.to_owned());
                Ok(if is_known && now == Some(&next) { Change::Keep } else { Change::Put(next) })
            })
            .await?;
        Ok(())
    }

    /// Forgets that a tag of an image came from elsewhere: somebody pushed it here.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn forget(
        &self,
        account: &str,
        repository_id: &str,
        digest: &str,
        tag: Option<&str>,
    ) -> Result<(), StoreError> {
        let place = self.came.place(account, "", &image_name(repository_id, digest));
        let tag = tag.unwrap_or_default();
        self.came
            .update::<StoreError>(&place, |now| {
                let Some(now) = now.filter(|now| now.tags.contains(tag)) else { return Ok(Change::Keep) };
                let mut next = now.clone();
                next.tags.remove(tag);
                Ok(if next.tags.is_empty() { Change::Delete } else { Change::Put(next) })
            })
            .await?;
        Ok(())
    }

    /// Where a change came from, if it came by replication.
    pub(super) async fn of(
        &self,
        account: &str,
        repository_id: &str,
        digest: &str,
        kind: &Kind,
    ) -> Result<Option<Origin>, StoreError> {
        let tag = match kind {
            Kind::Push { tag } => tag.as_deref().unwrap_or_default(),
            Kind::Untag { tag } => tag,
            Kind::Delete => "",
        };
        let row = self.came.get(account, "", &image_name(repository_id, digest)).await?;
        let came = row.filter(|row| row.value.tags.contains(tag));
        Ok(came.and_then(|row| Origin::parse(&row.value.origin).ok()))
    }
}
