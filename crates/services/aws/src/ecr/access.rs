//! Which repository a request means, and whether the caller may do with it what it asks for.

use ringwall_oci::control::{Account, setting};
use ringwall_oci::{OciError, Registry, Repository, RepositoryKey};
use serde_json::{Map, Value};

use super::policy::deciding;
use super::{invalid, no_repository, of_oci};
use crate::authorize::{Ask, Permit, ResourcePolicy};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// What stands before a tag's name in the service's own condition keys.
pub(crate) const TAG_KEYS: &str = "ecr:ResourceTag";

/// The type of repositories in CloudTrail's records.
pub(crate) const KIND: &str = "AWS::ECR::Repository";

/// A repository that was looked for.
#[derive(Debug)]
pub(crate) struct Sought {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) key: RepositoryKey,
    pub(crate) repository: Option<Repository>,
    policy: ResourcePolicy,
}

/// A repository with which the caller may do what it asks for.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) permit: Permit,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) key: RepositoryKey,
    pub(crate) repository: Repository,
}

/// The content of the registry.
///
/// # Errors
///
/// That there is none: a fault of this side, since nothing of ECR is served then.
pub(crate) fn content<'c>(call: &'c Call<'_>) -> Result<&'c Registry> {
    let parts = call.shared.ecr.parts.as_ref();
    parts.map(|parts| &parts.content).ok_or_else(|| ApiError::internal(&"there is no registry"))
}

/// ARN of a repository.
pub(crate) fn arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:ecr:{region}:{account}:repository/{name}")
}

/// The region of a repository.
pub(crate) fn region_of(repository: &Repository) -> &str {
    repository.settings.get(setting::REGION).and_then(Value::as_str).unwrap_or_default()
}

/// Tags of a repository.
pub(crate) fn tags_of(settings: &Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    let tags = settings.get(setting::TAGS).and_then(Value::as_object);
    tags.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// Looks for a repository, of the caller's own registry unless another is named.
///
/// One of another region is not there: it has another ARN, and what policies say of that has to count.
///
/// # Errors
///
/// `InvalidParameterException` for what is no name.
pub(crate) async fn seek(call: &Call<'_>, registry: Option<&str>, name: &str) -> Result<Sought> {
    let account = registry.unwrap_or_else(|| call.account());
    let key = RepositoryKey::new(account, name).map_err(|error| of_oci(account, name, &error))?;
    let found = content(call)?.repository(&key).await.map_err(|error| of_oci(account, name, &error))?;
    let repository = found.filter(|repository| region_of(repository) == call.region());
    let own = repository.as_ref().and_then(|repository| repository.settings.get(setting::POLICY));
    let row = call.shared.ecr.control.account(account).await?;
    let policy = deciding(own, row.as_ref().and_then(|row| row.value.policy.as_ref()));
    Ok(Sought {
        account: account.to_owned(),
        name: name.to_owned(),
        arn: arn(call.region(), account, name),
        key,
        repository,
        policy,
    })
}

impl Sought {
    /// The question whether an action is allowed on it, with what the repository tells of itself.
    ///
    /// Source: AWS, *Service Authorization Reference*, "Actions, resources, and condition keys for Amazon Elastic Container
    /// Registry".
    pub(crate) fn ask(&self, action: &str) -> Ask {
        let ask = Ask::new(action, self.arn.as_str()).policy(self.policy.clone());
        match &self.repository {
            Some(repository) => ask.resource_tags(Some(TAG_KEYS), tags_of(&repository.settings)),
            None => ask,
        }
    }

    /// Decides. Whether the repository is there is told only to who may ask for it.
    ///
    /// # Errors
    ///
    /// `AccessDenied`; `RepositoryNotFoundException` if it is not there.
    pub(crate) fn allowed(self, call: &Call<'_>, action: &str) -> Result<Found> {
        let ask = self.ask(action);
        self.allowed_as(call, &ask)
    }

    /// Decides, where the request tells more.
    pub(crate) fn allowed_as(self, call: &Call<'_>, ask: &Ask) -> Result<Found> {
        self.note(call);
        let permit = call.authorize(ask)?;
        let Self { account, name, arn, key, repository, .. } = self;
        let repository = repository.ok_or_else(|| no_repository(&account, &name))?;
        Ok(Found { permit, account, name, arn, key, repository })
    }

    /// Tells the call's record of the repository.
    pub(crate) fn note(&self, call: &Call<'_>) {
        call.note_resource(&self.arn, &self.account, KIND);
    }
}

impl Found {
    /// An error of the content, in words of the API.
    pub(crate) fn failed(&self, error: &OciError) -> ApiError {
        of_oci(&self.account, &self.name, error)
    }

    /// Changes what is set for the repository.
    ///
    /// # Errors
    ///
    /// Those of `change`, and `RepositoryNotFoundException` if it went away.
    pub(crate) async fn change(
        &self,
        call: &Call<'_>,
        mut change: impl FnMut(&mut Map<String, Value>) -> Result<()>,
    ) -> Result<Repository> {
        let changed = content(call)?
            .set_repository::<Changing>(&self.key, |settings| change(settings).map_err(Changing::Api))
            .await;
        changed.map_err(|failed| match failed {
            Changing::Api(error) => error,
            Changing::Oci(error) => self.failed(&error),
        })
    }
}

/// What can go wrong with a change.
enum Changing {
    Api(ApiError),
    Oci(OciError),
}

impl From<OciError> for Changing {
    fn from(error: OciError) -> Self {
        Self::Oci(error)
    }
}

/// Decides on an action of the caller's own registry as a whole, in which its policy has a say too, and gives what is set
/// for it.
pub(crate) async fn on_registry(call: &Call<'_>, ask: Ask) -> Result<(Permit, Account)> {
    let row = call.shared.ecr.control.account(call.account()).await?;
    let account = row.map(|row| row.value.clone()).unwrap_or_default();
    let permit = call.authorize(&ask.policy(deciding(None, account.policy.as_ref())))?;
    Ok((permit, account))
}

/// Changes what is set for the caller's own registry.
pub(crate) async fn change_account(
    call: &Call<'_>,
    change: impl FnMut(&mut Account) -> Result<()>,
) -> Result<Account> {
    call.shared.ecr.control.change_account(call.account(), change).await
}

/// Holds a request to the caller's own registry: what is set for all of a registry has no policy that could let another
/// account in.
///
/// # Errors
///
/// `InvalidParameterException` for another one.
pub(crate) fn own(call: &Call<'_>, registry: Option<&str>) -> Result<()> {
    match registry {
        Some(registry) if registry != call.account() => Err(invalid(format!(
            "Invalid parameter at 'registryId' failed to satisfy constraint: 'it has to be the caller's own registry, {}'",
            call.account()
        ))),
        _ => Ok(()),
    }
}
