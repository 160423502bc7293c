//! The keys as they are now.

use ringwall_kubernetes::Cluster;
use serde_json::Value;

use super::document::{DISCOVERY_PATH, KEYS_PATH};
use super::error::IssuerError;
use super::folder;
use super::key::Keys;
use super::settings::{KeySource, Settings};
use super::token;

/// The issuer and its keys, from the source.
pub(super) struct Found {
    pub(super) issuer: String,
    pub(super) keys: Keys,
}

/// Asks the source, and compares the issuer with everything that names one.
pub(super) async fn find(settings: &Settings) -> Result<Found, IssuerError> {
    let (told, keys, place) = match &settings.source {
        KeySource::Cluster(cluster) => {
            let (told, keys) = from_cluster(cluster).await?;
            (Some(told), keys, "the apiserver's key set".to_owned())
        }
        KeySource::Files(files) => {
            let mut keys = Keys::default();
            for path in files {
                let place = path.display().to_string();
                let text = folder::read(path)?.ok_or_else(|| IssuerError::NoKeys(place.clone()))?;
                keys.extend(Keys::from_pem(&text, &place)?)?;
            }
            (None, keys, "the list of key files".to_owned())
        }
    };
    if keys.is_empty() {
        return Err(IssuerError::NoKeys(place));
    }
    let issuer = settings.issuer.clone().or_else(|| told.clone()).ok_or(IssuerError::NoIssuer)?;
    let compare = |whose: String, found: String| match found == issuer {
        true => Ok(()),
        false => Err(IssuerError::OtherIssuer { whose, found, issuer: issuer.clone() }),
    };
    if let Some(told) = told {
        compare("the apiserver's".to_owned(), told)?;
    }
    if let Some(path) = &settings.token {
        let text = folder::read(path)?.unwrap_or_default();
        let (key, iss) = token::look(&text).ok_or_else(|| IssuerError::Token(path.clone()))?;
        compare(format!("the token's (`{}`)", path.display()), iss)?;
        if keys.get(&key).is_none() {
            return Err(IssuerError::OtherKey { path: path.clone(), key });
        }
    }
    Ok(Found { issuer, keys })
}

async fn from_cluster(cluster: &Cluster) -> Result<(String, Keys), IssuerError> {
    let place = |path: &str| format!("the apiserver's /{path}");
    let discovery = cluster.get_raw(&format!("/{DISCOVERY_PATH}")).await?;
    let told: Option<Value> = serde_json::from_slice(&discovery).ok();
    let told = told.as_ref().and_then(|document| document.get("issuer")?.as_str());
    let told = told.ok_or_else(|| IssuerError::Key {
        place: place(DISCOVERY_PATH),
        why: "it names no issuer".to_owned(),
    })?;
    let keys = Keys::from_jwks(&cluster.get_raw(&format!("/{KEYS_PATH}")).await?, &place(KEYS_PATH))?;
    Ok((told.to_owned(), keys))
}
