//! Identity providers that speak OpenID Connect.
//!
//! Source: AWS IAM API Reference, *CreateOpenIDConnectProvider*, *GetOpenIDConnectProvider*,
//! *ListOpenIDConnectProviders*, *DeleteOpenIDConnectProvider*, *UpdateOpenIDConnectProviderThumbprint*,
//! *AddClientIDToOpenIDConnectProvider*, *RemoveClientIDFromOpenIDConnectProvider*.

use std::collections::BTreeSet;

use ringwall_store::Batch;
use serde::Deserialize;
use serde_json::json;

use super::entity::{Kept, Tries, all, allowed, delete, put, room};
use super::fault::{invalid, quota};
use super::rows::{OidcProvider, arn};
use super::shown::seconds;
use super::{create, limits, shown, tags};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::sts::issue::Tag;

#[derive(Debug, Deserialize)]
pub(crate) struct CreateProvider {
    #[serde(rename = "Url")]
    url: String,
    #[serde(rename = "ClientIDList", default)]
    client_ids: Vec<String>,
    #[serde(rename = "ThumbprintList", default)]
    thumbprints: Vec<String>,
    #[serde(rename = "Tags", default)]
    tags: Vec<Tag>,
}

/// Without thumbprints the issuer's certificate has to be one of an authority that the system trusts.
pub(crate) async fn create_provider(call: &Call<'_>, input: CreateProvider) -> Result<Answer> {
    let url = input.url.strip_suffix('/').unwrap_or(&input.url).to_owned();
    let name = url.strip_prefix("https://").unwrap_or(&url).to_owned();
    let arn = arn(call.account(), OidcProvider::TYPE, "/", &name);
    let tagging = Some("iam:TagOpenIDConnectProvider");
    let permit = create::permit::<OidcProvider>(call, &arn, tagging, &input.tags, |ask| ask)?;
    check_url(&url)?;
    if super::entity::find::<OidcProvider>(call, &name).await?.is_some() {
        return Err(taken(&url));
    }
    room::<OidcProvider>(call).await?;
    let provider = OidcProvider {
        created: call.now(),
        client_ids: client_ids(input.client_ids)?,
        thumbprints: thumbprints(&input.thumbprints)?,
        tags: tags::checked(&input.tags)?,
        url,
    };
    let filed = create::file(call, Batch::new(), "Provider", &name, &provider).await;
    filed.map_err(|error| if error.code == "EntityAlreadyExists" { taken(&provider.url) } else { error })?;
    let mut answer = json!({ "OpenIDConnectProviderArn": arn });
    crate::sts::put(&mut answer, "Tags", shown::tags(&provider.tags));
    Ok(permit.answer(answer))
}

fn taken(url: &str) -> ApiError {
    ApiError::new("EntityAlreadyExists", format!("Provider with url {url} already exists."))
}

/// Source: AWS IAM API Reference, *CreateOpenIDConnectProvider*, `Url`: "The URL must begin with https:// and should
/// correspond to the iss claim … Per the OIDC standard, path components are allowed but query parameters are not."
fn check_url(url: &str) -> Result<()> {
    let host = url.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    let is_host = host.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    });
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\\"'<>@*{}|^`".contains(&byte));
    if is_host && is_plain && !url.contains("/../") {
        return Ok(());
    }
    Err(invalid("Invalid Open ID Connect Provider URL"))
}

fn client_ids(ids: Vec<String>) -> Result<BTreeSet<String>> {
    let ids: BTreeSet<String> = ids.into_iter().collect();
    if ids.len() > limits::CLIENT_IDS_PER_PROVIDER {
        return Err(quota("ClientIdsPerOpenIdConnectProvider", limits::CLIENT_IDS_PER_PROVIDER));
    }
    Ok(ids)
}

fn thumbprints(texts: &[String]) -> Result<Vec<String>> {
    if texts.len() > limits::THUMBPRINTS_PER_PROVIDER {
        let message = "Thumbprint list must contain fewer than 5 entries.";
        return Err(invalid(message));
    }
    let is_hex = |text: &&String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if texts.iter().filter(is_hex).count() < texts.len() {
        return Err(invalid("Thumbprints are 40 hexadecimal digits."));
    }
    Ok(texts.iter().map(|text| text.to_ascii_lowercase()).collect())
}

#[derive(Debug, Deserialize)]
pub(crate) struct ThatProvider {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: String,
}

pub(crate) async fn get_provider(call: &Call<'_>, input: ThatProvider) -> Result<Answer> {
    let (permit, row) = allowed::<OidcProvider>(call, &input.arn).await?;
    let OidcProvider { url, created, client_ids, thumbprints, tags } = &row.value;
    let mut answer = json!({
        "Url": url.strip_prefix("https://").unwrap_or(url),
        "ClientIDList": client_ids,
        "ThumbprintList": thumbprints,
        "CreateDate": seconds(*created),
    });
    crate::sts::put(&mut answer, "Tags", shown::tags(tags));
    Ok(permit.answer(answer))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn list_providers(call: &Call<'_>, _: Nothing) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:ListOpenIDConnectProviders", "*"))?;
    let rows = all::<OidcProvider>(call).await?;
    let providers: Vec<_> = rows.iter().map(|row| json!({ "Arn": row.value.arn(call.account()) })).collect();
    Ok(permit.answer(json!({ "OpenIDConnectProviderList": providers })))
}

/// Source: AWS IAM API Reference, *DeleteOpenIDConnectProvider*: what is not there is no error.
pub(crate) async fn delete_provider(call: &Call<'_>, input: ThatProvider) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let row = super::entity::find_arn::<OidcProvider>(call, &input.arn).await?;
        let permit = call.authorize(&super::entity::ask(call, row.as_ref(), &input.arn))?;
        let Some(row) = row else { return Ok(permit.done()) };
        super::entity::note(call, &row.value);
        let mut batch = Batch::new();
        delete(call, &mut batch, &row);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct UpdateThumbprints {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: String,
    #[serde(rename = "ThumbprintList")]
    thumbprints: Vec<String>,
}

pub(crate) async fn update_thumbprints(call: &Call<'_>, input: UpdateThumbprints) -> Result<Answer> {
    change(call, &input.arn, |provider| {
        provider.thumbprints = thumbprints(&input.thumbprints)?;
        Ok(())
    })
    .await
}

#[derive(Debug, Deserialize)]
pub(crate) struct ThatClient {
    #[serde(rename = "OpenIDConnectProviderArn")]
    arn: String,
    #[serde(rename = "ClientID")]
    client: String,
}

pub(crate) async fn add_client(call: &Call<'_>, input: ThatClient) -> Result<Answer> {
    change(call, &input.arn, |provider| {
        provider.client_ids.insert(input.client.clone());
        provider.client_ids = client_ids(std::mem::take(&mut provider.client_ids).into_iter().collect())?;
        Ok(())
    })
    .await
}

/// Source: AWS IAM API Reference, *RemoveClientIDFromOpenIDConnectProvider*: "idempotent; it does not fail or return an
/// error if you try to remove a client ID that does not exist".
pub(crate) async fn remove_client(call: &Call<'_>, input: ThatClient) -> Result<Answer> {
    change(call, &input.arn, |provider| {
        provider.client_ids.remove(&input.client);
        Ok(())
    })
    .await
}

async fn change(
    call: &Call<'_>,
    arn: &str,
    change: impl Fn(&mut OidcProvider) -> Result<()> + Send + Sync,
) -> Result<Answer> {
    let mut tries = Tries::default();
    loop {
        let (permit, row) = allowed::<OidcProvider>(call, arn).await?;
        let mut provider = row.value.clone();
        change(&mut provider)?;
        let mut batch = Batch::new();
        put(call, &mut batch, &row, &provider);
        if tries.commit(call, batch).await? {
            return Ok(permit.done());
        }
    }
}
