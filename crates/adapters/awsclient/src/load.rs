//! A client as the environment and the shared files say.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::client::DEFAULT_TIMEOUT;
use crate::credentials::{
    AssumeRole, Container, CredentialsError, Instance, ProvideCredentials, Static, TokenSource, WebIdentity,
    process,
};
use crate::http::{Plain, Url};
use crate::profile::{Plan, Profiles};
use crate::{Client, Clock, Config, Endpoints, Environment, Retry, SetupError};

/// Makes a [`Client`] as the SDKs would from the same environment and files, save for what is set here, which goes first.
///
/// | What | From, in this order |
/// |---|---|
/// | profile | [`profile`](Load::profile), `AWS_PROFILE`, `default` |
/// | region | [`region`](Load::region), `AWS_REGION`, `AWS_DEFAULT_REGION`, `region` of the profile |
/// | endpoint | [`endpoint`](Load::endpoint), `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, `endpoint_url` of the profile, AWS |
/// | authorities | [`roots`](Load::roots), `AWS_CA_BUNDLE`, `ca_bundle` of the profile, beside the system's |
/// | credentials | see below |
///
/// Credentials are those of the first source that is configured: access keys of the environment (unless a profile is set
/// here); the profile, if it says something of credentials; a web identity token (`AWS_ROLE_ARN`,
/// `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_SESSION_NAME`); the agent of a container or pod; the metadata service of the
/// instance. A source that is configured and fails is an error: no other one was meant.
///
/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Standardized credential providers".
#[derive(Debug, Clone)]
pub struct Load {
    environment: Environment,
    profile: Option<String>,
    region: Option<String>,
    endpoint: Option<Url>,
    roots: Option<PathBuf>,
    plain: Plain,
    clock: Clock,
    retry: Retry,
    timeout: Duration,
}

impl Load {
    /// From these variables.
    pub fn new(environment: &Environment) -> Self {
        Self {
            environment: environment.clone(),
            profile: None,
            region: None,
            endpoint: None,
            roots: None,
            plain: Plain::default(),
            clock: Clock::system(),
            retry: Retry::default(),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// With this profile; its credentials go before those of the environment.
    #[must_use]
    pub fn profile(mut self, profile: Option<String>) -> Self {
        self.profile = profile;
        self
    }

    /// In this region.
    #[must_use]
    pub fn region(mut self, region: Option<String>) -> Self {
        self.region = region;
        self
    }

    /// With one URL for every service, whatever the environment says.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Option<Url>) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// With the authorities of a PEM file.
    #[must_use]
    pub fn roots(mut self, roots: Option<PathBuf>) -> Self {
        self.roots = roots;
        self
    }

    /// Where `http://` may go.
    #[must_use]
    pub fn plain(mut self, plain: Plain) -> Self {
        self.plain = plain;
        self
    }

    /// By this clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Tried again like this.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// With so much time for a call.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Reads the files and makes the client. Nothing is called, and no credentials are asked for yet.
    ///
    /// # Errors
    ///
    /// A file or variable is wrong, no region is configured, or the profile that is asked for is not there.
    pub fn client(self) -> Result<Client, SetupError> {
        let environment = &self.environment;
        let profiles = Profiles::load(environment)?;
        let named = self.profile.clone().or_else(|| environment.get("AWS_PROFILE"));
        if let Some(name) = named.as_deref().filter(|name| !profiles.has(name)) {
            return Err(SetupError::NoProfile(name.to_owned()));
        }
        let profile = named.as_deref().unwrap_or("default");
        let region = self
            .region
            .clone()
            .or_else(|| region_of(environment))
            .or_else(|| profiles.get(profile, "region").map(str::to_owned))
            .ok_or(SetupError::NoRegion)?;
        let mut config = Config::anonymous(region);
        config.endpoints = self.endpoints(&profiles, profile)?;
        config.roots = self
            .roots
            .clone()
            .or_else(|| environment.get("AWS_CA_BUNDLE").map(|path| environment.path(&path)))
            .or_else(|| profiles.get(profile, "ca_bundle").map(|path| environment.path(path)));
        config.plain = self.plain;
        config.clock = self.clock.clone();
        config.retry = self.retry;
        config.timeout = self.timeout;
        let client = Client::new(config)?;
        let credentials = self.credentials(&client, &profiles, profile)?;
        Ok(client.with_credentials(credentials))
    }

    fn endpoints(&self, profiles: &Profiles, profile: &str) -> Result<Endpoints, SetupError> {
        if let Some(url) = &self.endpoint {
            return Ok(Endpoints::all(url.clone()));
        }
        let endpoints = Endpoints::from_env(&self.environment)?;
        match profiles.get(profile, "endpoint_url") {
            Some(text) if !self.environment.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") => {
                let wrong = |source| SetupError::Endpoint {
                    setting: format!("`endpoint_url` of the profile `{profile}`"),
                    source,
                };
                Ok(endpoints.or_all(text.parse().map_err(wrong)?))
            }
            _ => Ok(endpoints),
        }
    }

    fn credentials(
        &self,
        client: &Client,
        profiles: &Profiles,
        profile: &str,
    ) -> Result<Arc<dyn ProvideCredentials>, CredentialsError> {
        let environment = &self.environment;
        if self.profile.is_none()
            && let Some(plan) = Plan::environment(environment)?
        {
            return self.carry_out(plan, client);
        }
        if let Some(plan) = Plan::profile(profiles, profile, environment)? {
            return self.carry_out(plan, client);
        }
        if let Some(role_arn) = environment.get("AWS_ROLE_ARN")
            && let Some(file) = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE")
        {
            let session_name = environment.get("AWS_ROLE_SESSION_NAME");
            let plan = Plan::WebIdentity { role_arn, session_name, token_file: environment.path(&file) };
            return self.carry_out(plan, client);
        }
        let clock = client.clock().clone();
        if let Some(container) = Container::from_env(environment)? {
            return Ok(container.provider(client.http(), clock));
        }
        match Instance::from_env(environment)? {
            Some(instance) => Ok(instance.provider(client.http(), clock)),
            None => Ok(Arc::new(Nobody)),
        }
    }

    fn carry_out(
        &self,
        plan: Plan,
        client: &Client,
    ) -> Result<Arc<dyn ProvideCredentials>, CredentialsError> {
        let clock = client.clock().clone();
        Ok(match plan {
            Plan::Static(credentials) => Arc::new(Static(credentials)),
            Plan::Process { profile, command } => process::Process::provider(profile, command, clock),
            Plan::WebIdentity { role_arn, session_name, token_file } => {
                let token = TokenSource::File(token_file);
                WebIdentity { role_arn, session_name, token, duration: None }.provider(client)
            }
            Plan::AssumeRole { source, role_arn, session_name, external_id, duration } => {
                let client = client.with_credentials(self.carry_out(*source, client)?);
                AssumeRole { role_arn, session_name, external_id, duration }.provider(&client)
            }
            Plan::Container => Container::from_env(&self.environment)?
                .ok_or_else(|| {
                    CredentialsError::invalid("the container's agent", "no variable says where it is")
                })?
                .provider(client.http(), clock),
            Plan::Instance => Instance::from_env(&self.environment)?
                .ok_or_else(|| {
                    CredentialsError::invalid("the metadata service", "AWS_EC2_METADATA_DISABLED is set")
                })?
                .provider(client.http(), clock),
        })
    }
}

/// The region as `AWS_REGION` or `AWS_DEFAULT_REGION` says.
pub fn region_of(environment: &Environment) -> Option<String> {
    environment.get("AWS_REGION").or_else(|| environment.get("AWS_DEFAULT_REGION"))
}

/// There are no credentials.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn credentials(&self) -> crate::BoxFuture<'_, Result<crate::Credentials, CredentialsError>> {
        Box::pin(async { Err(CredentialsError::None) })
    }
}
