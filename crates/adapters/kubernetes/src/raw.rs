use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use crate::client::parse;
use crate::kind::with_query;
use crate::{Cluster, Key, Kind, KubeError};

/// Longest object that is read to be written back: etcd takes requests of 1.5 MiB by default, and base64 and JSON make a
/// protobuf object longer.
const MAX_OBJECT_BYTES: usize = 8 << 20;

/// Metadata alone, so that listing Secrets brings no values.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

const JSON: &str = "application/json";

/// A page of a kind's objects.
#[derive(Debug, Clone)]
pub struct Page {
    /// Namespace and name of each, in the apiserver's order: by namespace and name.
    pub keys: Vec<Key>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
    /// How many are to come after this page, if the apiserver knows.
    pub remaining: Option<u64>,
}

/// An object as its bytes came. They may hold a secret, so `Debug` shows none.
#[derive(Clone)]
pub struct Found {
    /// All of it, as JSON.
    pub body: Bytes,
    /// `metadata.resourceVersion`, which also stands in the body.
    pub resource_version: String,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found")
            .field("bytes", &self.body.len())
            .field("resource_version", &self.resource_version)
            .finish()
    }
}

/// What came of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// `metadata.resourceVersion` afterwards: the same as before if the apiserver had nothing to write.
    pub resource_version: String,
}

#[derive(Deserialize)]
struct MetadataList {
    metadata: ListMetadata,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListMetadata {
    #[serde(rename = "continue")]
    pub(crate) next: Option<String>,
    remaining_item_count: Option<u64>,
}

#[derive(Deserialize)]
struct Item {
    metadata: ItemMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemMetadata {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    resource_version: String,
}

impl Cluster {
    /// Names of a kind's objects in all namespaces, at most `limit` of them; without their contents. An expired
    /// `next` is an error with the status 410.
    pub async fn list_page(&self, kind: &Kind, limit: usize, next: Option<&str>) -> Result<Page, KubeError> {
        let limit = limit.to_string();
        let path = with_query(&kind.path(None)?, &[("limit", Some(&limit)), ("continue", next)]);
        let list: MetadataList = self.get_json(&path, METADATA).await?;
        let keys =
            list.items.iter().map(|item| Key::new(&item.metadata.namespace, &item.metadata.name)).collect();
        let next = list.metadata.next.filter(|next| !next.is_empty());
        Ok(Page { keys, next, remaining: list.metadata.remaining_item_count })
    }

    /// An object as it comes; none if it is not there.
    pub async fn get_object(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Found>, KubeError> {
        let path = kind.object_path(namespace, name)?;
        let body = match self.call(Method::GET, &path, JSON, Bytes::new(), MAX_OBJECT_BYTES).await {
            Ok(body) => body,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let item: Item = parse(&body, || format!("GET {path}"))?;
        Ok(Some(Found { body, resource_version: item.metadata.resource_version }))
    }

    /// Writes an object's bytes back. They have its `resourceVersion`, so a change since they were read is a conflict
    /// ([`KubeError::is_conflict`]), and an object that is gone is not made anew.
    pub async fn replace(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
        object: &Found,
    ) -> Result<Replaced, KubeError> {
        let path = kind.object_path(namespace, name)?;
        let body = self.call(Method::PUT, &path, JSON, object.body.clone(), MAX_OBJECT_BYTES).await?;
        let item: Item = parse(&body, || format!("PUT {path}"))?;
        Ok(Replaced { resource_version: item.metadata.resource_version })
    }
}
