//! From what is asked for to the files: region, identity, values, files. What a Mount and a sync have in common.

use std::sync::Arc;

use ringwall_awsclient::CredentialsError;
use ringwall_kubernetes::Cluster;
use tokio::sync::Semaphore;

use crate::error::MountError;
use crate::fetch::{Fetch, Kept, Owner, Region};
use crate::identity::{Identity, Sessions};
use crate::metrics::Metrics;
use crate::objects::{self, Rules};
use crate::request::{Mount, POD_IDENTITY_AUDIENCE, Parameters, STS_AUDIENCE};
use crate::volume::{File, files};

/// The annotation of a service account that names its role. Source: AWS, *EKS User Guide*, "IAM roles for service accounts".
const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";

/// Volumes whose files are made at a time: each may take many times what it comes to in the end.
const MAKING: usize = 4;

/// The label of a node that names its region. Source: Kubernetes, *Well-Known Labels, Annotations and Taints*.
const REGION_LABEL: &str = "topology.kubernetes.io/region";

/// Fills volumes.
#[derive(Clone, Debug)]
pub(crate) struct Filler {
    pub(crate) cluster: Option<Cluster>,
    pub(crate) sessions: Sessions,
    pub(crate) kept: Kept,
    pub(crate) metrics: Metrics,
    /// The region of those that name none.
    pub(crate) region: Option<String>,
    /// The node whose label names the region, if nothing else does.
    pub(crate) node: Option<String>,
    /// Bytes of all of a volume's files together.
    pub(crate) max_bytes: usize,
    pub(crate) making: Making,
}

/// Bounds how many volumes' files are made at a time.
#[derive(Clone, Debug)]
pub(crate) struct Making(Arc<Semaphore>);

impl Default for Making {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAKING)))
    }
}

impl Filler {
    pub(crate) async fn fill(&self, mount: &Mount) -> Result<Vec<File>, MountError> {
        let Mount { volume, parameters, mode, tokens } = mount;
        let region = self.region(parameters).await?;
        let failover_region = parameters.failover_region.as_deref();
        if failover_region == Some(region.as_str()) {
            return Err(MountError::Parameter {
                name: "failoverRegion",
                message: format!("is `{region}`, which is the primary region too"),
                hint: "name another region, or none",
            });
        }
        let translation = parameters.translation;
        let rules = Rules { region: &region, failover_region, translation, mode: *mode };
        let objects = objects::read(&parameters.objects, &rules)?;
        let (identity, token) = if parameters.use_pod_identity {
            (Identity::PodIdentity(parameters.addresses), tokens.get(POD_IDENTITY_AUDIENCE, volume)?)
        } else {
            let token = tokens.get(STS_AUDIENCE, volume)?;
            (Identity::Role(self.role(&volume.namespace, &volume.service_account).await?), token)
        };
        let mut regions = Vec::new();
        for (name, is_failover) in
            std::iter::once((region.as_str(), false)).chain(failover_region.map(|name| (name, true)))
        {
            let assumed = parameters.assume_role.as_ref();
            let client = self.sessions.client(name, &identity, assumed, token, &volume.pod).await;
            let client = match client {
                Ok(client) => Ok(client),
                Err(error) if error.is_fatal() => return Err(error),
                Err(MountError::Credentials { source, .. }) => Err(source),
                Err(_) => Err(CredentialsError::None),
            };
            regions.push(Region { name: name.to_owned(), is_failover, client });
        }
        let owner =
            Arc::new(Owner { volume: volume.clone(), identity, assumed: parameters.assume_role.clone() });
        let max_bytes = self.max_bytes;
        let fetch =
            Fetch { regions: &regions, owner: &owner, kept: &self.kept, metrics: &self.metrics, max_bytes };
        let fetched = fetch.all(&objects).await?;
        // Fails only if it was closed, which nobody does.
        let place = Arc::clone(&self.making.0).acquire_owned().await.map_err(|_| MountError::Internal)?;
        let made = tokio::task::spawn_blocking(move || {
            let files = files(&objects, fetched, translation, max_bytes);
            // Given back by the thread, which goes on when its caller no longer waits.
            drop(place);
            files
        });
        made.await.map_err(|error| {
            // What it panicked with may hold a part of a value.
            tracing::error!(target: "ringwall::secrets", panicked = error.is_panic(), "files could not be made");
            MountError::Internal
        })?
    }

    /// The region of a class: its own, the provider's, or the node's.
    async fn region(&self, parameters: &Parameters) -> Result<String, MountError> {
        if let Some(region) = parameters.region.as_ref().or(self.region.as_ref()) {
            return Ok(region.clone());
        }
        let node = self.node.as_deref().ok_or(MountError::NoRegion)?;
        let cluster = self.cluster.as_ref().ok_or(MountError::NoCluster("ask for the node's region"))?;
        let node = cluster.node(node).await?.ok_or(MountError::NoRegion)?;
        node.metadata
            .labels
            .and_then(|mut labels| labels.remove(REGION_LABEL))
            .filter(|region| !region.is_empty())
            .ok_or(MountError::NoRegion)
    }

    /// The role of a service account, read now: an annotation that changed counts at once.
    async fn role(&self, namespace: &str, name: &str) -> Result<String, MountError> {
        let cluster =
            self.cluster.as_ref().ok_or(MountError::NoCluster("ask for the service account's role"))?;
        let (owned, named) = (namespace.to_owned(), name.to_owned());
        let account = cluster.service_account(namespace, name).await?;
        let account = account
            .ok_or_else(|| MountError::NoServiceAccount { namespace: owned.clone(), name: named.clone() })?;
        account
            .metadata
            .annotations
            .and_then(|mut annotations| annotations.remove(ROLE_ANNOTATION))
            .filter(|role| !role.is_empty())
            .ok_or(MountError::NoRole { namespace: owned, name: named })
    }
}
