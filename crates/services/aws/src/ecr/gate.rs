//! What the registry's HTTP side asks: who comes with a password, and whether he may do what he asks for. A pull or a push is
//! decided, and recorded, as the same operation of the API is.
//!
//! Source: AWS, *Amazon ECR User Guide*, "Logging Amazon ECR actions with AWS CloudTrail": pulls and pushes are recorded as the
//! operations that they are made of.

use std::net::IpAddr;
use std::sync::Arc;

use ringwall_oci::RepositoryKey;
use ringwall_oci::control::{BLOB_MOUNTING, LAYER_RIGHT};
use ringwall_registry::template::AppliedFor;
use serde_json::{Value, json};

use super::access::{Sought, content, region_of, seek};
use super::layers::Right;
use super::{auth, layers, no_repository, of_oci, repositories, tags, templates};
use crate::authorize::Ask;
use crate::call::{Call, Origin};
use crate::caller::{Caller, Identity};
use crate::endpoint::Endpoint;
use crate::error::{ApiError, INTERNAL, Result};
use crate::id;
use crate::record::{self, Outcome, is_durable};
use crate::shared::Shared;

/// Actions that no operation of the API has: what a cache does, and what another registry does.
///
/// Source: AWS, *Service Authorization Reference*, Amazon Elastic Container Registry.
const WITHOUT_OPERATION: [&str; 2] = ["BatchImportUpstreamImage", "ReplicateImage"];

/// Somebody at the registry's door.
#[derive(Clone, Debug)]
pub struct RegistryPrincipal {
    caller: Caller,
    /// Of who brings the address of a layer: it is all that he may have.
    right: Option<Right>,
    /// Whether pulls count; see [`RegistryPrincipal::counts`].
    counts: bool,
}

/// What somebody wants to do, and what is known of his request.
#[derive(Clone, Debug)]
pub struct RegistryAsk {
    /// Operation of ECR's API, such as `BatchGetImage`, or one of the actions that have none: `BatchImportUpstreamImage`,
    /// `ReplicateImage`.
    pub operation: String,
    /// Account of the registry, twelve digits.
    pub account: String,
    /// Name of the repository, which need not be there.
    pub repository: String,
    /// What the call's record tells of the request, by the names of the API: `imageIds`, `layerDigest`, `imageTag` …
    pub parameters: Value,
    /// Where the request came from.
    pub address: IpAddr,
    /// The VPC endpoint by which it came, `vpce-…`.
    pub vpc_endpoint: Option<String>,
    /// `User-Agent`, empty if there was none.
    pub user_agent: String,
    /// `Host`, as the client sent it.
    pub host: String,
    /// TLS version and cipher suite, if it came through TLS.
    pub tls: Option<(String, String)>,
}

/// What was decided.
#[derive(Debug)]
pub enum RegistryDecision {
    /// He may.
    Permit(RegistryPermit),
    /// He may not, and why: what the client may be told.
    Denied(String),
}

/// That somebody may do something. What only reads is recorded already; what changes something is recorded by
/// [`RegistryPermit::record`], with what came of it.
#[derive(Debug)]
pub struct RegistryPermit(Box<Granted>);

/// What a permit knows of the call that it is for.
#[derive(Debug)]
struct Granted {
    shared: Arc<Shared>,
    caller: Caller,
    ask: RegistryAsk,
    origin: Origin,
    arn: String,
    is_recorded: bool,
}

impl RegistryPrincipal {
    /// Somebody who brings no password. Only what a policy gives to everybody is for him.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { caller: Caller::nobody(), right: None, counts: true }
    }

    /// Whether it is nobody that is known.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.caller.identity == Identity::Nobody && self.right.is_none()
    }

    /// ARN, as `GetCallerIdentity` tells it; empty for nobody.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.caller.arn
    }

    /// The user's or role's own ARN, by which pull time exclusions name it; empty for nobody.
    #[must_use]
    pub fn principal_arn(&self) -> &str {
        match &self.caller.identity {
            Identity::Session { role_arn, .. } => role_arn,
            _ => &self.caller.arn,
        }
    }

    /// Whether pulls count for the times of images' last pulls: not those of principals that the registry of their account
    /// excludes, and not downloads by a layer's address, which are no pulls of an image.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.counts
    }

    /// Account, empty for nobody; of who brings a layer's address, that of the layer.
    #[must_use]
    pub fn account(&self) -> &str {
        self.right.as_ref().map_or(&self.caller.account, |right| &right.account)
    }
}

/// The name as it lives for good, of what can be asked for.
fn operation(name: &str) -> Option<&'static str> {
    let known = ringwall_protocol::service(super::SERVICE).and_then(|service| service.operation(name));
    let known = known.map(ringwall_protocol::Operation::name);
    known.or_else(|| WITHOUT_OPERATION.into_iter().find(|known| *known == name))
}

/// The action that an operation needs. Referrers have none of their own.
fn action(operation: &str) -> String {
    match operation {
        "ListImageReferrers" => "ecr:BatchGetImage".to_owned(),
        other => format!("ecr:{other}"),
    }
}

/// The members that each record has, and those of the request.
fn parameters(ask: &RegistryAsk) -> Value {
    let mut told = json!({ "registryId": ask.account, "repositoryName": ask.repository });
    if let (Some(told), Some(more)) = (told.as_object_mut(), ask.parameters.as_object()) {
        told.extend(more.clone());
    }
    told
}

impl Endpoint {
    /// Whose password it is, that `docker login` was given. What an address of `GetDownloadUrlForLayer` carries is one too, of
    /// the user [`LAYER_RIGHT`]: it is good for that layer.
    ///
    /// # Errors
    ///
    /// `UnrecognizedClientException` for what is none, `ExpiredTokenException` for one whose time is over; else it could not be
    /// looked up ([`ApiError::is_internal`]).
    pub async fn registry_principal(&self, user: &str, password: &str) -> Result<RegistryPrincipal> {
        let shared = self.shared();
        let now = (shared.clock)();
        if user == LAYER_RIGHT {
            let right = layers::right(shared, password, now).ok_or_else(auth::none)?;
            return Ok(RegistryPrincipal { caller: Caller::nobody(), right: Some(right), counts: false });
        }
        let caller = auth::bearer(shared, user, password, now).await?;
        let principal = RegistryPrincipal { caller, right: None, counts: true };
        let row = shared.ecr.control.account(principal.account()).await?;
        let counts = row.is_none_or(|row| row.value.records_pulls_of(principal.principal_arn()));
        Ok(RegistryPrincipal { counts, ..principal })
    }

    /// Decides by identity policies, the repository's policy and the registry's. Whether the repository is there plays no
    /// part, and is not told.
    ///
    /// # Errors
    ///
    /// It could not be decided or recorded: nothing may be done then.
    pub async fn registry_allows(
        &self,
        principal: &RegistryPrincipal,
        ask: RegistryAsk,
    ) -> Result<RegistryDecision> {
        let origin = self.registry_origin(&ask).await?;
        let call = Call::new(self.shared(), origin.clone(), principal.caller.clone());
        let sought = seek(&call, Some(&ask.account), &ask.repository).await?;
        if let Some(right) = &principal.right {
            return Ok(self.by_right(right, &sought, ask, origin));
        }
        let asked = sought.ask(&action(origin.operation));
        sought.note(&call);
        match call.authorize(&asked) {
            Ok(_) => {}
            Err(error) if error.code == INTERNAL => return Err(error),
            Err(error) => return denied(&call, &ask, &error).await,
        }
        let mut granted = Granted {
            shared: Arc::clone(self.shared()),
            caller: principal.caller.clone(),
            origin,
            arn: sought.arn,
            ask,
            is_recorded: false,
        };
        if !is_durable(super::SERVICE, granted.origin.operation) {
            granted.write(None).await?;
            granted.is_recorded = true;
        }
        Ok(RegistryDecision::Permit(granted.into()))
    }

    /// Makes a repository by the template that is for it on this occasion, if somebody may make one: what a push to a
    /// repository that is not there does, and the first pull through a cache. One that is there is left as it is.
    ///
    /// The action is `ecr:CreateRepository`, whatever the question says.
    ///
    /// # Errors
    ///
    /// `RepositoryNotFoundException` if no template is for it; else it could not be decided or done.
    pub async fn registry_create(
        &self,
        principal: &RegistryPrincipal,
        ask: RegistryAsk,
        occasion: AppliedFor,
    ) -> Result<RegistryDecision> {
        let ask = RegistryAsk { operation: "CreateRepository".to_owned(), ..ask };
        let origin = self.registry_origin(&ask).await?;
        let call = Call::new(self.shared(), origin, principal.caller.clone());
        let sought = seek(&call, Some(&ask.account), &ask.repository).await?;
        let new = templates::for_new(&call, &ask.account, &ask.repository, occasion).await?;
        let given = new.as_ref().map(|new| new.tags.clone()).unwrap_or_default();
        let asked: Ask = sought.ask("ecr:CreateRepository").request_tags(tags::pairs(&given));
        sought.note(&call);
        match call.authorize(&asked) {
            Ok(_) => {}
            Err(error) if error.code == INTERNAL => return Err(error),
            Err(error) => return denied(&call, &ask, &error).await,
        }
        let new = new.ok_or_else(|| no_repository(&ask.account, &ask.repository))?;
        let granted = Granted {
            shared: Arc::clone(self.shared()),
            caller: principal.caller.clone(),
            origin: (*call.origin).clone(),
            arn: sought.arn.clone(),
            is_recorded: true,
            ask,
        };
        match repositories::file(&call, &sought, new).await {
            Ok(_) => granted.write(None).await?,
            // Somebody else was first.
            Err(error) if error.code == "RepositoryAlreadyExistsException" => {}
            Err(error) => return Err(error),
        }
        Ok(RegistryDecision::Permit(granted.into()))
    }

    /// Whether blobs may be mounted from one repository of a registry into another: its account setting `BLOB_MOUNTING`.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn registry_mounts(&self, account: &str) -> Result<bool> {
        let row = self.shared().ecr.control.account(account).await?;
        let account = row.map(|row| row.value.clone()).unwrap_or_default();
        Ok(account.setting(BLOB_MOUNTING) == Some("ENABLED"))
    }

    /// Decides by a layer's address. It was decided, and recorded, when the address was given; the download itself is none of
    /// ECR's operations, as on AWS, where it goes to S3.
    fn by_right(&self, right: &Right, sought: &Sought, ask: RegistryAsk, origin: Origin) -> RegistryDecision {
        let digest = ask.parameters.get("layerDigest").and_then(Value::as_str);
        let fits = origin.operation == "GetDownloadUrlForLayer"
            && (&sought.account, &sought.name) == (&right.account, &right.repository)
            && sought.repository.as_ref().is_some_and(|repository| repository.id == right.id)
            && digest == Some(&right.digest);
        if !fits {
            return RegistryDecision::Denied("the address is of another layer".to_owned());
        }
        let granted = Granted {
            shared: Arc::clone(self.shared()),
            caller: Caller::nobody(),
            origin,
            arn: sought.arn.clone(),
            ask,
            is_recorded: true,
        };
        RegistryDecision::Permit(granted.into())
    }

    /// The request as a call: in the repository's own region, or the installation's if there is no repository.
    async fn registry_origin(&self, ask: &RegistryAsk) -> Result<Origin> {
        let shared = self.shared();
        let unknown = || ApiError::internal(&format!("`{}` is no operation of ECR", ask.operation));
        let origin = Origin {
            service: super::SERVICE,
            operation: operation(&ask.operation).ok_or_else(unknown)?,
            region: shared.region.clone(),
            request_id: id::uuid()?,
            now: (shared.clock)(),
            address: ask.address.to_canonical(),
            vpc_endpoint: ask.vpc_endpoint.clone(),
            user_agent: ask.user_agent.clone(),
            tls: ask.tls.clone(),
            host: ask.host.clone(),
        };
        let call = Call::new(shared, origin, Caller::nobody());
        let failed = |error: &_| of_oci(&ask.account, &ask.repository, error);
        let key = RepositoryKey::new(ask.account.as_str(), ask.repository.as_str());
        let repository = content(&call)?.repository(&key.map_err(|error| failed(&error))?).await;
        let repository = repository.map_err(|error| failed(&error))?;
        let mut origin = (*call.origin).clone();
        if let Some(repository) = &repository {
            origin.region = region_of(repository).to_owned();
        }
        Ok(origin)
    }
}

async fn denied(call: &Call<'_>, ask: &RegistryAsk, error: &ApiError) -> Result<RegistryDecision> {
    let service = ringwall_protocol::service(super::SERVICE);
    let code = crate::endpoint::spoken(service, error);
    let told =
        Outcome { input: Some(parameters(ask)), answer: None, error: Some((&*code, error.message.as_str())) };
    record::write(call, told, false).await?;
    Ok(RegistryDecision::Denied(error.message.clone()))
}

impl RegistryPermit {
    /// Records what came of it: nothing, or the error's code in ECR's API and what the client was told. What changed
    /// something is not to be answered before this has returned.
    ///
    /// # Errors
    ///
    /// It could not be recorded.
    pub async fn record(mut self, error: Option<(&str, &str)>) -> Result<()> {
        if std::mem::replace(&mut self.0.is_recorded, true) {
            return Ok(());
        }
        self.0.write(error).await
    }
}

impl From<Granted> for RegistryPermit {
    fn from(granted: Granted) -> Self {
        Self(Box::new(granted))
    }
}

impl Granted {
    async fn write(&self, error: Option<(&str, &str)>) -> Result<()> {
        let call = Call::new(&self.shared, self.origin.clone(), self.caller.clone());
        call.note_resource(&self.arn, &self.ask.account, super::access::KIND);
        let told = Outcome { input: Some(parameters(&self.ask)), answer: None, error };
        let durable = error.is_none() && is_durable(super::SERVICE, self.origin.operation);
        record::write(&call, told, durable).await
    }
}
