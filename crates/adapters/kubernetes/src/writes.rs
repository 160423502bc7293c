use bytes::Bytes;
use http::Method;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{DynamicObject, PartialObjectMeta};
use ringwall_model::Secret;

use crate::client::parse;
use crate::kind::with_query;
use crate::{Cluster, Kind, KubeError};

/// Longest object that is written or comes back: etcd takes requests of 1.5 MiB by default.
const MAX_OBJECT_BYTES: usize = 8 << 20;

/// Longest answer with a token in it.
const MAX_TOKEN_BYTES: usize = 256 << 10;

/// An object's metadata alone, so that asking about a Secret brings no values.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

const JSON: &str = "application/json";

/// A service account's token.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token.
    pub token: Secret,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

impl Cluster {
    /// An object's metadata, read from the apiserver now; none if it is not there.
    pub async fn metadata(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<ObjectMeta>, KubeError> {
        let path = kind.object_path(namespace, name)?;
        match self.get_json::<PartialObjectMeta<DynamicObject>>(&path, METADATA).await {
            Ok(object) => Ok(Some(object.metadata)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Applies an object, given as JSON, in a manager's name: what the manager applied before and is not in it any more goes.
    /// Another manager's fields are not taken over; that is a conflict.
    ///
    /// Source: Kubernetes, *Server-Side Apply*. With a `resourceVersion` in its metadata it is applied to that state alone.
    pub async fn apply(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
        manager: &str,
        object: Bytes,
    ) -> Result<(), KubeError> {
        self.apply_or_try(kind, namespace, name, manager, object, false).await
    }

    /// As [`apply`](Cluster::apply), up to where it would be written: admission included, nothing is changed.
    ///
    /// Source: Kubernetes, *API Concepts*, "Dry-run": `dryRun=All`; it needs the same permissions.
    pub async fn try_apply(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
        manager: &str,
        object: Bytes,
    ) -> Result<(), KubeError> {
        self.apply_or_try(kind, namespace, name, manager, object, true).await
    }

    async fn apply_or_try(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
        manager: &str,
        object: Bytes,
        dry_run: bool,
    ) -> Result<(), KubeError> {
        let path = kind.object_path(namespace, name)?;
        let path =
            with_query(&path, &[("fieldManager", Some(manager)), ("dryRun", dry_run.then_some("All"))]);
        // The answer repeats the object, whose values are of no interest here.
        self.call(Method::PATCH, &path, METADATA, object, MAX_OBJECT_BYTES).await.map(|_| ())
    }

    /// A new token of a service account, for an audience.
    ///
    /// Source: Kubernetes, *API Reference*, TokenRequest; a token lasts for ten minutes at least.
    pub async fn request_token(
        &self,
        namespace: &str,
        service_account: &str,
        audience: &str,
        seconds: i64,
    ) -> Result<Token, KubeError> {
        let path = Kind::new("", "v1", "serviceaccounts").object_path(Some(namespace), service_account)?;
        let path = format!("{path}/token");
        let spec = TokenRequestSpec {
            audiences: vec![audience.to_owned()],
            expiration_seconds: Some(seconds),
            ..TokenRequestSpec::default()
        };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let name = || format!("POST {path}");
        let malformed = |message: &str| KubeError::Malformed { request: name(), message: message.to_owned() };
        let body = serde_json::to_vec(&request).map_err(|error| malformed(&error.to_string()))?;
        let answer = self.call(Method::POST, &path, JSON, body.into(), MAX_TOKEN_BYTES).await?;
        let answer: TokenRequest = parse(&answer, name)?;
        let status = answer.status.ok_or_else(|| malformed("it has no status"))?;
        Ok(Token { token: Secret::from(status.token), expires: status.expiration_timestamp.0.as_second() })
    }
}
