use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::EventTime;

/// What kind of caller it was.
///
/// Source: AWS, *CloudTrail User Guide*, "CloudTrail userIdentity element", `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IdentityType {
    /// The account's root user.
    Root,
    /// An IAM user, also with credentials of `GetSessionToken`.
    IAMUser,
    /// A role's session.
    AssumedRole,
    /// The bearer of an identity provider's token, in `AssumeRoleWithWebIdentity`.
    WebIdentityUser,
    /// Somebody of another account, who is not told in this account's record.
    AWSAccount,
    /// An AWS service that acts by itself.
    AWSService,
    /// It could not be told who it was.
    Unknown,
}

/// Who called. Which fields there are depends on the type; the constructors give those that CloudTrail gives.
///
/// Source: AWS, *CloudTrail User Guide*, "CloudTrail userIdentity element".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity {
    /// What kind of caller it was.
    #[serde(rename = "type")]
    pub kind: IdentityType,
    /// The unique id (`AIDA…`), for a session `AROA…:NAME`, for the root user the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
    /// The ARN of the user or of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The account that owns the principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The access key that signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The user's name; for a web identity the token's `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Who vouches for a web identity: the provider's ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_provider: Option<String>,
    /// How temporary credentials came about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_context: Option<SessionContext>,
    /// The AWS service that called, as `eks.amazonaws.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
}

/// How temporary credentials came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionContext {
    /// The role that was assumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_issuer: Option<SessionIssuer>,
    /// The provider that vouched for whoever assumed it by `AssumeRoleWithWebIdentity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_id_federation_data: Option<WebIdFederationData>,
    /// When they were made and whether with a second factor.
    pub attributes: SessionAttributes,
    /// The source identity, which stays through chained roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
}

/// The principal that the credentials are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionIssuer {
    /// `Role`, `IAMUser` or `Root`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its unique id (`AROA…`).
    pub principal_id: String,
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account_id: String,
    /// Its name.
    pub user_name: String,
}

/// The identity provider behind a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebIdFederationData {
    /// The provider's ARN.
    pub federated_provider: String,
    /// What the provider said; CloudTrail leaves it empty for OpenID Connect.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
}

/// When temporary credentials were made, and whether with a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionAttributes {
    /// When they were made.
    pub creation_date: EventTime,
    /// Whether with a second factor; CloudTrail writes the text `"true"` or `"false"`.
    #[serde(with = "text_bool")]
    pub mfa_authenticated: bool,
}

impl UserIdentity {
    fn new(kind: IdentityType) -> Self {
        Self {
            kind,
            principal_id: None,
            arn: None,
            account_id: None,
            access_key_id: None,
            user_name: None,
            identity_provider: None,
            session_context: None,
            invoked_by: None,
        }
    }

    /// The root user of an account.
    pub fn root(partition: &str, account: &str, access_key: Option<&str>) -> Self {
        Self {
            principal_id: Some(account.to_owned()),
            arn: Some(format!("arn:{partition}:iam::{account}:root")),
            account_id: Some(account.to_owned()),
            access_key_id: access_key.map(str::to_owned),
            ..Self::new(IdentityType::Root)
        }
    }

    /// An IAM user by its unique id, ARN, account, name and access key. With credentials of `GetSessionToken`, fill
    /// [`UserIdentity::session_context`] too.
    pub fn iam_user(id: &str, arn: &str, account: &str, name: &str, access_key: &str) -> Self {
        Self {
            principal_id: Some(id.to_owned()),
            arn: Some(arn.to_owned()),
            account_id: Some(account.to_owned()),
            access_key_id: Some(access_key.to_owned()),
            user_name: Some(name.to_owned()),
            ..Self::new(IdentityType::IAMUser)
        }
    }

    /// A role's session. `id` is `ROLE-ID:SESSION-NAME`, `arn` that of `sts`.
    pub fn assumed_role(
        id: &str,
        arn: &str,
        account: &str,
        access_key: &str,
        session: SessionContext,
    ) -> Self {
        Self {
            principal_id: Some(id.to_owned()),
            arn: Some(arn.to_owned()),
            account_id: Some(account.to_owned()),
            access_key_id: Some(access_key.to_owned()),
            session_context: Some(session),
            ..Self::new(IdentityType::AssumedRole)
        }
    }

    /// The bearer of an identity provider's token: the provider's ARN, the token's audience and subject.
    ///
    /// Source: AWS, *CloudTrail User Guide*, "Values for AWS STS APIs with SAML and web identity federation":
    /// `principalId` joins provider, application and user by colons.
    pub fn web_identity(provider_arn: &str, audience: &str, subject: &str) -> Self {
        Self {
            principal_id: Some(format!("{provider_arn}:{audience}:{subject}")),
            user_name: Some(subject.to_owned()),
            identity_provider: Some(provider_arn.to_owned()),
            ..Self::new(IdentityType::WebIdentityUser)
        }
    }

    /// A principal of another account, as the account that was called records it: unique id and account alone.
    pub fn aws_account(id: &str, account: &str) -> Self {
        Self {
            principal_id: Some(id.to_owned()),
            account_id: Some(account.to_owned()),
            ..Self::new(IdentityType::AWSAccount)
        }
    }

    /// An AWS service, as `eks.amazonaws.com`.
    pub fn aws_service(service: &str) -> Self {
        Self { invoked_by: Some(service.to_owned()), ..Self::new(IdentityType::AWSService) }
    }

    /// A caller of whom nothing is known.
    pub fn unknown() -> Self {
        Self::new(IdentityType::Unknown)
    }
}

/// A boolean that CloudTrail writes as text.
mod text_bool {
    use serde::{Deserialize, Deserializer, Serializer, de};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
    pub(super) fn serialize<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *value { "true" } else { "false" })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| de::Error::custom("neither `true` nor `false`"))
    }
}
