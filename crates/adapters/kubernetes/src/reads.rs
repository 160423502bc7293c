use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod, Secret, ServiceAccount};
use kube::Resource;
use kube::core::DynamicObject;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::kind::with_query;
use crate::raw::ListMetadata;
use crate::{Cluster, Kind, KubeError};

#[derive(Deserialize)]
struct ObjectList<T> {
    metadata: ListMetadata,
    #[serde(default = "Vec::new")]
    items: Vec<T>,
}

impl Cluster {
    /// An object of a type, read from the apiserver now; none if it is not there.
    pub async fn get<T>(&self, namespace: Option<&str>, name: &str) -> Result<Option<T>, KubeError>
    where
        T: Resource<DynamicType = ()> + DeserializeOwned,
    {
        self.get_of(&Kind::of::<T>(), namespace, name).await
    }

    /// An object of a kind that is known when the program runs; none if it is not there.
    pub async fn get_dynamic(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<DynamicObject>, KubeError> {
        self.get_of(kind, namespace, name).await
    }

    /// A service account; none if it is not there.
    pub async fn service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ServiceAccount>, KubeError> {
        self.get(Some(namespace), name).await
    }

    /// A ConfigMap; none if it is not there.
    pub async fn config_map(&self, namespace: &str, name: &str) -> Result<Option<ConfigMap>, KubeError> {
        self.get(Some(namespace), name).await
    }

    /// A Secret; none if it is not there. Its values are not wiped from memory: `k8s-openapi` has no type for that.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, KubeError> {
        self.get(Some(namespace), name).await
    }

    /// A pod; none if it is not there.
    pub async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>, KubeError> {
        self.get(Some(namespace), name).await
    }

    /// A node; none if it is not there.
    pub async fn node(&self, name: &str) -> Result<Option<Node>, KubeError> {
        self.get(None, name).await
    }

    /// All objects of a type in a namespace, at most `limit` of them.
    ///
    /// # Errors
    ///
    /// There are more ([`KubeError::TooMany`]), or they can't be had.
    pub async fn list<T>(&self, namespace: &str, limit: usize) -> Result<Vec<T>, KubeError>
    where
        T: Resource<DynamicType = ()> + DeserializeOwned,
    {
        let path =
            with_query(&Kind::of::<T>().path(Some(namespace))?, &[("limit", Some(&limit.to_string()))]);
        let list: ObjectList<T> = self.get_json(&path, "application/json").await?;
        match list.metadata.next.filter(|next| !next.is_empty()) {
            None => Ok(list.items),
            Some(_) => Err(KubeError::TooMany { request: format!("GET {path}"), limit }),
        }
    }

    async fn get_of<T>(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<T>, KubeError>
    where
        T: DeserializeOwned,
    {
        let path = kind.object_path(namespace, name)?;
        match self.get_json(&path, "application/json").await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
