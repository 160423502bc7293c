use std::io::{self, Write as _};
use std::path::Path;

use clap::error::ErrorKind;
use ringwall_aws::{BootstrapError, RegisterError};
use ringwall_grpc::GrpcError;
use ringwall_identity::agent::AgentError;
use ringwall_identity::issuer::IssuerError;
use ringwall_kms::KmsError;
use ringwall_model::error_chain;
use ringwall_oidc::SetupError;
use ringwall_rootkey::RootKeyError;
use ringwall_server::ServerError;
use ringwall_snapshot::SnapshotError;
use ringwall_store::StoreError;
use ringwall_trail::TrailError;

use crate::config::ConfigError;
use crate::render::style;

/// Exit statuses, the same for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well; or the answer is yes.
    Fine = 0,
    /// The answer is no.
    No = 1,
    /// Misuse, or input that could not be read at all.
    Misuse = 2,
    /// Answered, but some input could not be read or the verdict is unknown.
    Incomplete = 3,
}

/// What ends a command before it has an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The user's words do not fit the snapshot.
    #[error("{message}")]
    Misuse { message: String, hint: Option<String> },
    /// The snapshot could not be opened.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A file that the command line names could not be read.
    #[error("`{path}` cannot be read: {source}")]
    Read { path: String, source: io::Error },
    /// The settings are wrong, each in its own way.
    #[error("the settings are refused")]
    Settings(Vec<ConfigError>),
    /// The server could not begin.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The store could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The root key could not be had.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// The trail could not be opened.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// Issuers can't be asked as the settings say.
    #[error(transparent)]
    Issuers(#[from] SetupError),
    /// An account could not be made.
    #[error(transparent)]
    Account(#[from] BootstrapError),
    /// A cluster could not be registered or removed.
    #[error(transparent)]
    Cluster(#[from] RegisterError),
    /// The agent could not begin.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// No client of AWS could be made.
    #[error(transparent)]
    Aws(#[from] ringwall_awsclient::SetupError),
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] ringwall_awsclient::CallError),
    /// An issuer's documents could not be published.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// A service can't be set up as the settings say.
    #[error(transparent)]
    Service(Box<dyn std::error::Error + Send + Sync>),
    /// The KMS plugin or a keyring could not be set up.
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// A socket could not be made or reached.
    #[error(transparent)]
    Grpc(#[from] GrpcError),
    /// A file or folder could not be made.
    #[error("`{path}` can't be written: {source}")]
    Make { path: String, source: io::Error },
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] ringwall_lake::LakeError),
    /// An image could not be read.
    #[error(transparent)]
    Image(#[from] ringwall_image::ImageError),
    /// The file of advisories gives no answer.
    #[error(transparent)]
    Advisories(#[from] ringwall_advisories::DatabaseError),
    /// No file of advisories could be made.
    #[error(transparent)]
    Import(#[from] ringwall_advisories::ImportError),
    /// The answer could not be written.
    #[error("the answer cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Errors of services' settings, whose hints are part of their messages.
macro_rules! services {
    ($($error:ty),+ $(,)?) => { $(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Service(Box::new(error))
            }
        }
    )+ };
}

services! {
    ringwall_objects::ObjectsError,
    ringwall_oci::OciError,
    ringwall_agent::cni::SocketError,
    ringwall_nft::NftError,
    ringwall_http::EndpointError,
    ringwall_audit::Error,
    ringwall_audit::control::ControlError,
    ringwall_authn::sources::SetupError,
    ringwall_authn::token::InvalidClusterId,
    ringwall_authn::token::InvalidEndpoint,
    ringwall_awsclient::http::SetupError,
    ringwall_awsclient::http::UrlError,
    ringwall_identity::webhook::SettingsError,
    ringwall_kubernetes::KubeError,
    ringwall_secrets::SetupError,
}

impl Failure {
    pub(crate) fn misuse(message: impl Into<String>) -> Self {
        Self::Misuse { message: message.into(), hint: None }
    }

    pub(crate) fn misuse_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Misuse { message: message.into(), hint: Some(hint.into()) }
    }

    /// That a file can't be written.
    pub(crate) fn make(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Make { path: path.display().to_string(), source }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Misuse { hint, .. } => hint.clone(),
            Self::Snapshot(error) => Some(error.hint().to_owned()),
            Self::Server(error) => error.hint().map(str::to_owned),
            Self::Agent(error) => error.hint().map(str::to_owned),
            Self::Issuer(error) => error.hint().map(str::to_owned),
            Self::Store(error)
            | Self::Account(BootstrapError::Store(error))
            | Self::Cluster(RegisterError::Store(error)) => error.hint().map(str::to_owned),
            Self::Aws(ringwall_awsclient::SetupError::NoRegion) => Some("name it with --region".to_owned()),
            Self::Call(error) if error.kind == ringwall_awsclient::ErrorKind::NoCredentials => {
                Some("set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned())
            }
            Self::Image(error) => error.hint().map(str::to_owned),
            Self::Advisories(error) => error.hint().map(str::to_owned),
            // Those of root keys are part of the message.
            Self::RootKey(_)
            | Self::Kms(_)
            | Self::Grpc(_)
            | Self::Trail(_)
            | Self::Issuers(_)
            | Self::Account(_)
            | Self::Cluster(_)
            | Self::Aws(_)
            | Self::Call(_)
            | Self::Lake(_)
            | Self::Import(_)
            | Self::Service(_)
            | Self::Make { .. } => None,
            Self::Settings(_) | Self::Read { .. } | Self::Write(_) => None,
        }
    }
}

/// Prints what ended the command, and tells the exit status.
pub(crate) fn print(failure: &Failure) -> Exit {
    // Whoever closed the pipe has read enough; that is no failure of ours.
    if let Failure::Write(error) = failure
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        return Exit::Fine;
    }
    let mut stderr = anstream::stderr();
    // Nothing is left to do if standard error is closed too.
    let _ = match failure {
        Failure::Settings(errors) => {
            errors.iter().try_for_each(|error| message(&mut stderr, &error.message, error.hint.as_deref()))
        }
        _ => message(&mut stderr, &error_chain(failure), failure.hint().as_deref()),
    };
    Exit::Misuse
}

fn message(out: &mut dyn io::Write, text: &str, hint: Option<&str>) -> io::Result<()> {
    writeln!(out, "{}{text}", style::paint(style::ERROR, "error: "))?;
    if let Some(hint) = hint {
        writeln!(out, "{}{hint}", style::paint(style::HINT, " hint: "))?;
    }
    Ok(())
}

/// Prints what clap has to say: help and version are fine, the rest is misuse.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    let _ = io::stdout().flush();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Fine,
        _ => Exit::Misuse,
    }
}
