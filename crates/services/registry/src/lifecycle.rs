//! Carries lifecycle policies out.
//!
//! What a policy does is said by [`ringwall_registry::lifecycle::plan`], which the preview of the control API asks too, from
//! facts that both take from [`Registry::lifecycle_facts`].

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ringwall_oci::control::setting;
use ringwall_oci::{Digest, OciError, Registry, Repository, RepositoryKey, StorageClass};
use ringwall_registry::lifecycle::{Action, ActionKind, Policy, plan};

/// How often policies are carried out. ECR does within 24 hours.
const EVERY: Duration = Duration::from_secs(3_600);

/// Repositories of one request.
const PAGE: usize = 100;

/// Tells which images a cluster runs, so that they are kept.
pub trait InUse: Send + Sync + 'static {
    /// The digests, of images or of the indexes that they came by. `Err` says why it can't be told now: nothing is deleted
    /// then.
    fn digests(&self) -> impl Future<Output = Result<HashSet<String>, String>> + Send;
}

/// No cluster is known: no image is kept for one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCluster;

impl InUse for NoCluster {
    async fn digests(&self) -> Result<HashSet<String>, String> {
        Ok(HashSet::new())
    }
}

/// What became of a repository's images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Images that were deleted.
    pub expired: Vec<String>,
    /// Images that went to the archive.
    pub archived: Vec<String>,
    /// Images that could not be, and why; they are tried again the next time.
    pub failed: Vec<(String, String)>,
}

/// Carries policies out, of all repositories.
#[derive(Debug)]
pub struct Lifecycle<U> {
    registry: Registry,
    accounts: Vec<String>,
    in_use: Arc<U>,
}

impl<U: InUse> Lifecycle<U> {
    /// For the registries of some accounts.
    pub fn new(registry: Registry, accounts: Vec<String>, in_use: U) -> Self {
        Self { registry, accounts, in_use: Arc::new(in_use) }
    }

    /// Goes on for good. What fails is logged and tried again.
    pub async fn run(&self, now: impl Fn() -> Timestamp) {
        loop {
            match self.in_use.digests().await {
                Ok(in_use) => self.all(&in_use, now()).await,
                Err(why) => {
                    tracing::warn!(
                        why,
                        "no lifecycle policy is carried out, since it can't be told which images run"
                    );
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn all(&self, in_use: &HashSet<String>, now: Timestamp) {
        for account in &self.accounts {
            let mut after: Option<String> = None;
            loop {
                let page = match self.registry.repositories(account, after.as_deref(), PAGE).await {
                    Ok(page) => page,
                    Err(error) => {
                        tracing::warn!(account, %error, "repositories can't be listed for their lifecycle policies");
                        break;
                    }
                };
                for repository in &page {
                    if let Err(error) = carry_out(&self.registry, account, repository, in_use, now).await {
                        let name = repository.name.as_str();
                        tracing::warn!(account, repository = name, %error, "a lifecycle policy can't be carried out");
                    }
                }
                if page.len() < PAGE {
                    break;
                }
                after = page.last().map(|repository| repository.name.clone());
            }
        }
    }
}

/// Carries out the policy of one repository, if it has one that can be read, and notes when that was.
///
/// # Errors
///
/// Those of the registry, before anything was done. What fails for one image doesn't stop the others.
pub async fn carry_out(
    registry: &Registry,
    account: &str,
    repository: &Repository,
    in_use: &HashSet<String>,
    now: Timestamp,
) -> Result<Done, OciError> {
    let Some(text) = repository.settings.get(setting::LIFECYCLE).and_then(|text| text.as_str()) else {
        return Ok(Done::default());
    };
    let policy = match Policy::parse(text) {
        Ok(policy) => policy,
        Err(why) => {
            let name = repository.name.as_str();
            tracing::warn!(account, repository = name, %why, "a lifecycle policy is not what it was when it was set");
            return Ok(Done::default());
        }
    };
    let key = RepositoryKey::new(account, repository.name.clone())?;
    let runs = |digest: &Digest| in_use.contains(digest.as_str());
    let facts = registry.lifecycle_facts(&key, runs).await?;
    let plan = plan(&policy, &facts, now.as_millisecond());
    let mut done = Done::default();
    for action in &plan.actions {
        match act(registry, &key, action).await {
            Ok(()) => match action.kind {
                ActionKind::Expire => done.expired.push(action.digest.to_owned()),
                ActionKind::Archive => done.archived.push(action.digest.to_owned()),
            },
            // Somebody else deleted it, or an index of it was pushed meanwhile.
            Err(OciError::NoManifest(_) | OciError::PartOfIndex { .. }) => {}
            Err(error) => done.failed.push((action.digest.to_owned(), error.to_string())),
        }
    }
    registry
        .set_repository::<OciError>(&key, |settings| {
            // Not if the policy was changed or taken away while it was carried out.
            if settings.get(setting::LIFECYCLE).and_then(|text| text.as_str()) == Some(text) {
                settings.insert(setting::LIFECYCLE_EVALUATED.to_owned(), now.as_millisecond().into());
            }
            Ok(())
        })
        .await?;
    Ok(done)
}

async fn act(registry: &Registry, key: &RepositoryKey, action: &Action<'_>) -> Result<(), OciError> {
    let digest: Digest = action.digest.parse()?;
    match action.kind {
        ActionKind::Expire => registry.delete_image(key, &digest, true).await?,
        ActionKind::Archive => registry.set_storage_class(key, &digest, StorageClass::Archive).await?,
    };
    Ok(())
}
