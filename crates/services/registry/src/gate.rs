//! Who asks, and what they may do: said by whoever puts the service to use.

use std::future::Future;
use std::net::IpAddr;

use ringwall_model::Secret;
use ringwall_oci::{Image, RepositoryKey};
use serde_json::Value;

/// What a client shows of itself.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nothing.
    Anonymous,
    /// A name and a password. With ECR the name is `AWS` and the password is one of `GetAuthorizationToken`.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// Where a request comes from and what it tells of itself, for conditions of policies and for records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The address of the other end: `aws:SourceIp`.
    pub address: IpAddr,
    /// The network whose listener was asked: `aws:SourceVpce`.
    pub vpce: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// The host that was asked for.
    pub host: String,
    /// Version and cipher suite of the connection; `None` for plain HTTP.
    pub tls: Option<(&'static str, &'static str)>,
}

/// Whom a gate takes a client for.
#[derive(Clone, Debug)]
pub enum Authenticated<P> {
    /// This one.
    As(P),
    /// Nobody, and it may try with credentials.
    Challenged,
    /// Nobody, since the credentials that it shows are not good; the reason is told to it.
    Refused(String),
    /// It can't be found out now. Answered as 503.
    Unavailable,
}

/// Whether something may be done. There is no way to say "perhaps": what can't be evaluated is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict<P> {
    /// It may.
    Permitted(P),
    /// It may not; the reason is told to the client.
    Denied(String),
    /// It can't be found out now, so it may not. Answered as 503.
    Unavailable,
}

/// Something could not be put on record. The log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it can't be put on record")]
pub struct Unrecorded;

/// What became of a repository that somebody pushes to and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    Yes,
    /// No template says that it should be.
    NoTemplate,
    /// It may not be made by this principal; the reason is told to the client.
    Denied(String),
    /// It can't be made now. Answered as 503.
    Unavailable,
}

/// What is done to a repository, or to the whole registry.
///
/// Source: AWS, *Service Authorization Reference*, "Actions, resources, and condition keys for Amazon Elastic Container
/// Registry"; which requests need which is told by *Amazon ECR User Guide*, "Image push and pull IAM permissions".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Reading a manifest.
    BatchGetImage,
    /// Reading a blob.
    GetDownloadUrlForLayer,
    /// Asking whether a blob is there.
    BatchCheckLayerAvailability,
    /// Beginning an upload, or mounting a blob.
    InitiateLayerUpload,
    /// Sending a piece, asking how far an upload is, or giving it up.
    UploadLayerPart,
    /// Ending an upload.
    CompleteLayerUpload,
    /// Pushing a manifest.
    PutImage,
    /// Deleting a tag, a manifest or a blob.
    BatchDeleteImage,
    /// Listing tags.
    ListImages,
    /// Listing what refers to an image.
    ListImageReferrers,
    /// Listing repositories.
    DescribeRepositories,
}

impl Action {
    /// As policies have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BatchGetImage => "ecr:BatchGetImage",
            Self::GetDownloadUrlForLayer => "ecr:GetDownloadUrlForLayer",
            Self::BatchCheckLayerAvailability => "ecr:BatchCheckLayerAvailability",
            Self::InitiateLayerUpload => "ecr:InitiateLayerUpload",
            Self::UploadLayerPart => "ecr:UploadLayerPart",
            Self::CompleteLayerUpload => "ecr:CompleteLayerUpload",
            Self::PutImage => "ecr:PutImage",
            Self::BatchDeleteImage => "ecr:BatchDeleteImage",
            Self::ListImages => "ecr:ListImages",
            Self::ListImageReferrers => "ecr:ListImageReferrers",
            Self::DescribeRepositories => "ecr:DescribeRepositories",
        }
    }

    /// The action of a token's scope that covers it, or several of which one does.
    ///
    /// Source: CNCF distribution, *Token Scope Documentation*: `pull`, `push`, `delete`, and `*` for all. Who may push has to
    /// read what it pushes.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::BatchGetImage
            | Self::GetDownloadUrlForLayer
            | Self::BatchCheckLayerAvailability
            | Self::ListImages
            | Self::ListImageReferrers => &["pull", "push", "*"],
            Self::InitiateLayerUpload
            | Self::UploadLayerPart
            | Self::CompleteLayerUpload
            | Self::PutImage => &["push", "*"],
            Self::BatchDeleteImage => &["delete", "*"],
            Self::DescribeRepositories => &["*"],
        }
    }
}

/// What somebody wants to do.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// What it is.
    pub action: Action,
    /// The account whose registry it is done to.
    pub account: &'a str,
    /// The repository, which need not be there; `None` for what is done to the whole registry.
    pub repository: Option<&'a RepositoryKey>,
    /// What a record tells of the request, by the names of ECR's API: `imageIds`, `layerDigest`, `imageTag`.
    pub parameters: Value,
    /// Where it comes from.
    pub caller: &'a Caller,
}

/// Says who asks and what they may do. Whatever it can't find out it has to deny.
pub trait Gate: Send + Sync + 'static {
    /// Somebody who was recognised.
    type Principal: Send + Sync + 'static;
    /// That somebody may do something, which is put on record once it is known what came of it.
    type Permit: Send;

    /// Recognises a client. Anonymous ones are taken for somebody only if a policy says so.
    fn authenticate(
        &self,
        credentials: &Credentials,
        caller: &Caller,
    ) -> impl Future<Output = Authenticated<Self::Principal>> + Send;

    /// The account whose registry somebody uses who names no other.
    fn account<'a>(&'a self, principal: &'a Self::Principal) -> &'a str;

    /// Whether somebody may do something, by the policies of identity, repository and registry. What is denied is put on
    /// record.
    fn authorize(
        &self,
        principal: &Self::Principal,
        ask: Ask<'_>,
    ) -> impl Future<Output = Verdict<Self::Permit>> + Send;

    /// Puts on record what came of what was permitted: nothing, or code and message of an error. What changed something is
    /// answered only after this; where it can't be recorded the answer is 503.
    fn record(
        &self,
        permit: Self::Permit,
        error: Option<(&str, &str)>,
    ) -> impl Future<Output = Result<(), Unrecorded>> + Send;

    /// Makes a repository that somebody pushes to, if a template says so and they may.
    fn create(
        &self,
        principal: &Self::Principal,
        repository: &RepositoryKey,
        caller: &Caller,
    ) -> impl Future<Output = Created> + Send;

    /// Whether an image may be handed out, as it is now: signed, scanned, not too vulnerable. Permitted unless a gate says
    /// otherwise.
    fn judge(
        &self,
        principal: &Self::Principal,
        repository: &RepositoryKey,
        image: &Image,
    ) -> impl Future<Output = Verdict<()>> + Send {
        let _ = (principal, repository, image);
        std::future::ready(Verdict::Permitted(()))
    }

    /// Whether blobs of a registry may be mounted from one of its repositories into another. They may unless a gate says
    /// otherwise; a client then uploads.
    fn mounts(&self, account: &str) -> impl Future<Output = bool> + Send {
        let _ = account;
        std::future::ready(true)
    }

    /// Whether a pull by somebody counts for an image's last use. It does unless a gate says otherwise.
    fn counts(&self, principal: &Self::Principal) -> bool {
        let _ = principal;
        true
    }
}
