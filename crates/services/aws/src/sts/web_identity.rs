//! `AssumeRoleWithWebIdentity`: credentials for whom an identity provider vouches. The call is not signed; its token is its
//! proof.
//!
//! Sources: AWS STS API Reference, *AssumeRoleWithWebIdentity*; AWS IAM User Guide, *Create an OpenID Connect (OIDC)
//! identity provider in IAM*, *Pass session tags in AWS STS* ("Passing session tags using AssumeRoleWithWebIdentity"),
//! *IAM and AWS STS condition context keys* ("Available keys for AWS OIDC federation").

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringwall_oidc::{Claims, Expected, Thumbprint, Token, TokenError};
use ringwall_store::Row;
use serde::Deserialize;
use serde_json::{Value, json};

use super::issue::{PolicyArn, Tag, Wish, invalid, issue, tags};
use super::roles::{find, role_account, trusted};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::caller::Caller;
use crate::error::{ACCESS_DENIED, ApiError, Result};
use crate::iam::rows::OidcProvider;

/// The claim that brings session tags.
const TAGS_CLAIM: &str = "https://aws.amazon.com/tags";

/// The claim that brings the source identity.
const SOURCE_IDENTITY_CLAIM: &str = "https://aws.amazon.com/source_identity";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssumeRoleWithWebIdentity {
    role_arn: String,
    role_session_name: String,
    web_identity_token: String,
    provider_id: Option<String>,
    #[serde(default)]
    policy_arns: Vec<PolicyArn>,
    policy: Option<String>,
    duration_seconds: Option<i64>,
}

pub(crate) async fn assume_role_with_web_identity(
    call: &Call<'_>,
    input: AssumeRoleWithWebIdentity,
) -> Result<Answer> {
    if input.provider_id.is_some() {
        return Err(invalid("ProviderId is for OAuth 2.0 access tokens alone, which are not taken"));
    }
    let token = Token::parse(&input.web_identity_token).map_err(|error| refused(&error))?;
    // The role's account decides which provider is asked. Whether the role is there learns only who has a token of it.
    let account = &role_account(&input.role_arn)?;
    let provider = provider(call, account, token.issuer()).await?;
    let arn: Arc<str> = provider.value.arn(account).into();
    let claims = verify(call, &token, &provider.value).await?;
    let inner = call.of(Caller::web_identity(&arn, &claims.subject, &claims.audience));
    call.note_subject(inner.caller().clone(), account);
    let asked = session_tags(&claims)?;
    let source_identity = claims.all.get(SOURCE_IDENTITY_CLAIM).map(text_claim).transpose()?;
    let (tags, transitive) = tags(&asked.tags, &asked.transitive, None)?;
    let role = find(call, &input.role_arn).await?;
    let (_, row) = role.as_ref().ok_or_else(not_authorized)?;

    let ask = |action: &str| {
        let ask = trusted(action, &input.role_arn, Some(row))
            .with("aws:FederatedProvider", Arc::clone(&arn))
            .with("sts:RoleSessionName", input.role_session_name.as_str())
            .with_some("sts:SourceIdentity", source_identity.as_deref())
            .with_all("sts:TransitiveTagKeys", asked.transitive.iter().map(String::as_str))
            .request_tags(asked.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())));
        claim_keys(ask, &provider.place.name, &claims)
    };
    let allowed = |action: &str| {
        inner.authorize(&ask(action)).map_err(|error| {
            if let Some(denial) = inner.take_notes().denial {
                call.note_denial(&denial);
            }
            if error.is_denial() { not_authorized() } else { error }
        })
    };
    let permit = allowed("sts:AssumeRoleWithWebIdentity")?;
    if !asked.tags.is_empty() {
        allowed("sts:TagSession")?;
    }
    if source_identity.is_some() {
        allowed("sts:SetSourceIdentity")?;
    }
    let wish = Wish {
        name: input.role_session_name,
        duration: input.duration_seconds,
        policy: input.policy,
        policy_arns: input.policy_arns,
        tags,
        transitive,
        source_identity,
        provider: Some(arn.to_string()),
        subject: Some((claims.subject.clone(), claims.audience.clone())),
        chained: false,
    };
    call.note_resource(&input.role_arn, account, "AWS::IAM::Role");
    let issued = issue(call, account, row, wish).await?;
    let mut answer = json!({
        "Credentials": issued.credentials(),
        "AssumedRoleUser": issued.user(),
        "SubjectFromWebIdentityToken": claims.subject,
        "Audience": claims.audience,
        "Provider": &*arn,
    });
    super::put(&mut answer, "PackedPolicySize", issued.packed());
    super::put(&mut answer, "SourceIdentity", issued.session.source_identity.as_deref());
    Ok(permit.answer(answer))
}

/// The provider of the role's account whose URL is the token's issuer.
async fn provider(call: &Call<'_>, account: &str, issuer: &str) -> Result<Arc<Row<OidcProvider>>> {
    let unknown = || {
        let message = format!("No OpenIDConnect provider found in your account for {issuer}");
        ApiError::new("InvalidIdentityToken", message)
    };
    let name = issuer.strip_prefix("https://").ok_or_else(unknown)?;
    let row = call.shared.iam.providers.get(account, "", name).await?;
    row.filter(|row| row.value.url == issuer).ok_or_else(unknown)
}

async fn verify(call: &Call<'_>, token: &Token<'_>, provider: &OidcProvider) -> Result<Claims> {
    let audiences: Vec<String> = provider.client_ids.iter().cloned().collect();
    let thumbprints: Vec<Thumbprint> =
        provider.thumbprints.iter().filter_map(|text| text.parse().ok()).collect();
    let expected = Expected { issuer: &provider.url, audiences: &audiences, thumbprints: &thumbprints };
    call.shared.issuers.verify(token, &expected, call.seconds()).await.map_err(|error| refused(&error))
}

/// The keys that a provider's claims are known by: `host/path:sub` and so on.
fn claim_keys(mut ask: Ask, provider: &str, claims: &Claims) -> Ask {
    ask = ask
        .with(&format!("{provider}:aud"), claims.audience.as_str())
        .with(&format!("{provider}:sub"), claims.subject.as_str());
    if claims.authorized_party.is_some() {
        // With `azp`, `aud` is that, and the token's own `aud` is `oaud`.
        ask = ask.with_all(&format!("{provider}:oaud"), claims.audiences.iter().map(String::as_str));
    }
    for name in ["amr", "email"] {
        let values: Vec<&str> = match claims.all.get(name) {
            Some(Value::String(value)) => vec![value],
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        ask = ask.with_all(&format!("{provider}:{name}"), values);
    }
    ask
}

#[derive(Debug, Default)]
struct Asked {
    tags: Vec<Tag>,
    transitive: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct TagsClaim {
    #[serde(default)]
    principal_tags: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    transitive_tag_keys: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many([String; 1]),
}

fn session_tags(claims: &Claims) -> Result<Asked> {
    /// Most tags, and bytes of their keys and values. Source: AWS STS API Reference, *AssumeRole*, `Tags`.
    const MAX: (usize, usize, usize) = (50, 128, 256);
    let Some(claim) = claims.all.get(TAGS_CLAIM) else { return Ok(Asked::default()) };
    let wrong =
        || ApiError::new("InvalidIdentityToken", format!("The claim {TAGS_CLAIM} of the token is malformed"));
    let claim: TagsClaim = serde_json::from_value(claim.clone()).map_err(|_| wrong())?;
    let tags: Vec<Tag> = claim
        .principal_tags
        .into_iter()
        .map(|(key, value)| match value {
            OneOrMany::One(value) | OneOrMany::Many([value]) => Tag { key, value },
        })
        .collect();
    let fits = |tag: &Tag| {
        !tag.key.is_empty() && tag.key.chars().count() <= MAX.1 && tag.value.chars().count() <= MAX.2
    };
    if tags.len() > MAX.0 || !tags.iter().all(fits) {
        return Err(wrong());
    }
    Ok(Asked { tags, transitive: claim.transitive_tag_keys.into_iter().collect() })
}

fn text_claim(value: &Value) -> Result<String> {
    let text = value.as_str().filter(|text| (2..=64).contains(&text.len()));
    let wrong = || {
        ApiError::new(
            "InvalidIdentityToken",
            format!("The claim {SOURCE_IDENTITY_CLAIM} of the token is malformed"),
        )
    };
    text.map(str::to_owned).ok_or_else(wrong)
}

fn refused(error: &TokenError) -> ApiError {
    tracing::info!(%error, "a web identity token was refused");
    ApiError::new(error.code(), error.aws_message())
}

fn not_authorized() -> ApiError {
    ApiError::new(ACCESS_DENIED, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
}
