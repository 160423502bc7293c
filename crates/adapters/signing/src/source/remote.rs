//! A repository of a registry, by OCI's distribution protocol.

mod challenge;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ringwall_http::{HttpClient, HttpLimits, HttpRequest, HttpResponse, Url};
use ringwall_model::Secret;
use serde::Deserialize;

use self::challenge::Challenge;
use super::{MAX_MANIFEST_BYTES, Manifest, Reference, Referrer, Source};
use crate::digest::ImageDigest;
use crate::error::SourceError;

/// The media types of manifests that are asked for. Sources: OCI Image Format 1.1; Docker, *Image Manifest Version 2, Schema 2*.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Longest answer with a token: ECR's have about 3 KiB.
const MAX_TOKEN_BYTES: usize = 64 << 10;
/// Most referrers of one image that are looked at, over all pages, and most pages.
const MAX_REFERRERS: usize = 1000;
const MAX_PAGES: usize = 20;

/// User and password for a registry.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How registries are asked.
#[derive(Clone, Debug)]
pub struct RegistrySettings {
    /// The client.
    pub client: HttpClient,
    /// Credentials by registry, as references name it.
    pub credentials: HashMap<String, Credentials>,
    /// Registries that are spoken to without TLS; the client has to allow it.
    pub plain: Vec<String>,
    /// Longest time for one answer.
    pub timeout: Duration,
}

/// A repository.
#[derive(Debug)]
pub struct Remote<'a> {
    settings: &'a RegistrySettings,
    base: Url,
    /// The host that is asked, and the repository.
    host: String,
    repository: String,
    credentials: Option<&'a Credentials>,
    /// What the registry was satisfied by.
    authorization: Mutex<Option<HeaderValue>>,
}

impl<'a> Remote<'a> {
    /// The repository of an image. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// The registry's name makes no URL.
    pub fn new(settings: &'a RegistrySettings, reference: &Reference) -> Result<Self, SourceError> {
        let scheme = if settings.plain.contains(&reference.registry) { "http" } else { "https" };
        let base = format!("{scheme}://{}/", reference.host()).parse::<Url>();
        let base = base.map_err(|_| SourceError::Reference {
            reference: reference.to_string(),
            why: "its registry makes no URL",
        })?;
        Ok(Self {
            settings,
            base,
            host: reference.registry.clone(),
            repository: reference.repository.clone(),
            credentials: settings.credentials.get(&reference.registry),
            authorization: Mutex::new(None),
        })
    }

    async fn get(&self, path: &str, accept: &str, limit: usize) -> Result<HttpResponse, SourceError> {
        let mut headers = HeaderMap::new();
        if let Ok(accept) = HeaderValue::from_str(accept) {
            headers.insert(ACCEPT, accept);
        }
        self.send(Method::GET, path, headers, Bytes::new(), limit).await
    }

    /// Sends a request; once more with what the registry asks for, if it does.
    pub(crate) async fn send(
        &self,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
        limit: usize,
    ) -> Result<HttpResponse, SourceError> {
        let url = self.base.with_target(target).map_err(|_| self.wrong(target, "is no URL"))?;
        let request = HttpRequest { method, url, headers, body };
        let mut first = request.clone();
        if let Some(known) = self.known() {
            first.headers.insert(AUTHORIZATION, known);
        }
        let answer = self.exchange(first, limit).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let Some(authorization) = self.authorize(&answer, target).await? else { return Ok(answer) };
        let mut again = request;
        again.headers.insert(AUTHORIZATION, authorization);
        self.exchange(again, limit).await
    }

    fn known(&self) -> Option<HeaderValue> {
        self.authorization.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    async fn exchange(&self, request: HttpRequest, limit: usize) -> Result<HttpResponse, SourceError> {
        let limits = HttpLimits { max_body: limit, timeout: self.settings.timeout };
        let sent = self.settings.client.send(request, limits).await;
        sent.map_err(|source| SourceError::Http { host: self.host.clone(), source })
    }

    /// What satisfies the registry's challenge; `None` if nothing here could.
    async fn authorize(
        &self,
        answer: &HttpResponse,
        target: &str,
    ) -> Result<Option<HeaderValue>, SourceError> {
        let challenges = answer.headers.get_all(WWW_AUTHENTICATE).iter();
        let challenge = challenges.filter_map(|value| Challenge::parse(value.to_str().ok()?)).next();
        let authorization = match challenge {
            Some(Challenge::Basic) => self.credentials.and_then(basic),
            Some(Challenge::Bearer(ask)) => Some(self.token(&ask, target).await?),
            None => None,
        };
        if let Some(authorization) = &authorization {
            *self.authorization.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
                Some(authorization.clone());
        }
        Ok(authorization)
    }

    /// A token of the service that the registry names. Source: distribution, *Token Authentication Specification*.
    async fn token(&self, ask: &challenge::Bearer, target: &str) -> Result<HeaderValue, SourceError> {
        let wrong = |why: &str| self.wrong(target, why);
        let url = ask
            .url()
            .ok_or_else(|| wrong("is to be asked for with a token, of a service whose URL is none"))?;
        // Credentials leave this machine encrypted, or for the very registry that they are of.
        if !url.is_https() && url.authority() != self.base.authority() {
            return Err(wrong("is to be asked for with a token, of a service without TLS"));
        }
        let mut headers = HeaderMap::new();
        if let Some(basic) = self.credentials.and_then(basic) {
            headers.insert(AUTHORIZATION, basic);
        }
        let request = HttpRequest { method: Method::GET, url, headers, body: Bytes::new() };
        let answer = self.exchange(request, MAX_TOKEN_BYTES).await?;
        if answer.status != StatusCode::OK {
            return Err(self.status(&ask.realm, answer.status));
        }
        let token: Token = serde_json::from_slice(&answer.body)
            .map_err(|_| wrong("is to be asked for with a token, which can't be read"))?;
        let token = token.token.or(token.access_token).unwrap_or_default();
        let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| wrong("is to be asked for with a token, which is none"))?;
        header.set_sensitive(true);
        Ok(header)
    }

    pub(crate) fn path(&self, kind: &str, name: &str) -> String {
        format!("/v2/{}/{kind}/{name}", self.repository)
    }

    pub(crate) fn status(&self, path: &str, status: StatusCode) -> SourceError {
        SourceError::Status { host: self.host.clone(), path: path.to_owned(), status: status.as_u16() }
    }

    pub(crate) fn wrong(&self, what: &str, why: impl Into<String>) -> SourceError {
        SourceError::Content { place: self.host.clone(), what: what.to_owned(), why: why.into() }
    }

    /// A blob elsewhere: registries keep them in object stores, and send clients there, with all that is needed in the URL.
    async fn elsewhere(
        &self,
        answer: &HttpResponse,
        path: &str,
        limit: usize,
    ) -> Result<HttpResponse, SourceError> {
        let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let url = match location.starts_with('/') {
            true => self.base.with_target(location),
            false => location.parse(),
        };
        let url = url.map_err(|_| self.wrong(path, "is elsewhere, at what is no URL"))?;
        if !url.is_https() && url.authority() != self.base.authority() {
            return Err(self.wrong(path, "is elsewhere, without TLS"));
        }
        let mut headers = HeaderMap::new();
        if url.authority() == self.base.authority()
            && let Some(known) = self.known()
        {
            headers.insert(AUTHORIZATION, known);
        }
        self.exchange(HttpRequest { method: Method::GET, url, headers, body: Bytes::new() }, limit).await
    }

    async fn index(&self, path: &str) -> Result<Option<HttpResponse>, SourceError> {
        let answer = self.get(path, INDEX, MAX_MANIFEST_BYTES).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.status(path, status)),
        }
    }

    fn referrers_of(&self, body: &[u8], path: &str) -> Result<Vec<Referrer>, SourceError> {
        let index: Index = serde_json::from_slice(body)
            .map_err(|error| self.wrong(path, format!("can't be read: {error}")))?;
        let read = |one: Descriptor| {
            let digest = one.digest.parse().map_err(|_| self.wrong(path, "names a digest that is none"))?;
            Ok(Referrer { digest, artifact_type: one.artifact_type.unwrap_or_default() })
        };
        index.manifests.into_iter().map(read).collect()
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    artifact_type: Option<String>,
}

impl Source for Remote<'_> {
    async fn manifest(&self, reference: &str) -> Result<Option<Manifest>, SourceError> {
        let path = self.path("manifests", reference);
        let answer = self.get(&path, MANIFESTS, MAX_MANIFEST_BYTES).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(self.status(&path, status)),
        }
        let bytes = answer.body.to_vec();
        let digest = match reference.parse::<ImageDigest>() {
            Ok(asked) if asked.is_of(&bytes) => asked,
            Ok(_) => return Err(self.wrong(&path, "has another digest")),
            Err(_) => ImageDigest::of(&bytes),
        };
        Ok(Some(Manifest { digest, bytes }))
    }

    async fn blob(&self, digest: &ImageDigest, limit: usize) -> Result<Vec<u8>, SourceError> {
        let path = self.path("blobs", digest.as_str());
        let mut answer = self.get(&path, "*/*", limit).await?;
        if answer.status.is_redirection() {
            answer = self.elsewhere(&answer, &path, limit).await?;
        }
        if answer.status != StatusCode::OK {
            return Err(self.status(&path, answer.status));
        }
        if !digest.is_of(&answer.body) {
            return Err(self.wrong(&path, "has another digest"));
        }
        Ok(answer.body.to_vec())
    }

    async fn referrers(&self, digest: &ImageDigest) -> Result<Vec<Referrer>, SourceError> {
        let first = self.path("referrers", digest.as_str());
        let mut found = Vec::new();
        let mut next = Some(first.clone());
        for page in 0..MAX_PAGES {
            let Some(path) = next.take() else { return Ok(found) };
            let Some(answer) = self.index(&path).await? else {
                if page > 0 {
                    return Err(self.status(&path, StatusCode::NOT_FOUND));
                }
                // Source: OCI Distribution 1.1, "Referrers Tag Schema": of registries that have no such list.
                let path = self.path("manifests", &digest.tag(""));
                return match self.index(&path).await? {
                    Some(answer) => self.referrers_of(&answer.body, &path),
                    None => Ok(Vec::new()),
                };
            };
            found.extend(self.referrers_of(&answer.body, &path)?);
            if found.len() > MAX_REFERRERS {
                break;
            }
            next = answer
                .headers
                .get(http::header::LINK)
                .and_then(|link| challenge::next_page(link.to_str().ok()?));
        }
        if next.is_none() && found.len() <= MAX_REFERRERS {
            return Ok(found);
        }
        Err(SourceError::TooMany { what: "referrers", limit: MAX_REFERRERS })
    }
}

impl Remote<'_> {
    /// Puts a blob into the repository. Source: OCI Distribution 1.1, "POST then PUT".
    pub(crate) async fn put_blob(&self, bytes: Vec<u8>) -> Result<ImageDigest, SourceError> {
        let digest = ImageDigest::of(&bytes);
        let path = format!("/v2/{}/blobs/uploads/", self.repository);
        let begun = self.send(Method::POST, &path, HeaderMap::new(), Bytes::new(), MAX_TOKEN_BYTES).await?;
        if begun.status != StatusCode::ACCEPTED {
            return Err(self.status(&path, begun.status));
        }
        let location = begun.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let target = match location.parse::<Url>() {
            Ok(url) if url.authority() == self.base.authority() => {
                url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
            }
            Ok(_) => return Err(self.wrong(&path, "is to be sent to another host")),
            Err(_) => location.to_owned(),
        };
        let mark = if target.contains('?') { '&' } else { '?' };
        let target = format!("{target}{mark}digest={digest}");
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let answer = self.send(Method::PUT, &target, headers, bytes.into(), MAX_TOKEN_BYTES).await?;
        if answer.status == StatusCode::CREATED { Ok(digest) } else { Err(self.status(&path, answer.status)) }
    }

    /// Puts a manifest under a tag.
    pub(crate) async fn put_manifest(
        &self,
        tag: &str,
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<(), SourceError> {
        let path = self.path("manifests", tag);
        let mut headers = HeaderMap::new();
        if let Ok(kind) = HeaderValue::from_str(kind) {
            headers.insert(CONTENT_TYPE, kind);
        }
        let answer = self.send(Method::PUT, &path, headers, bytes.into(), MAX_TOKEN_BYTES).await?;
        if answer.status == StatusCode::CREATED { Ok(()) } else { Err(self.status(&path, answer.status)) }
    }
}

fn basic(credentials: &Credentials) -> Option<HeaderValue> {
    let mut text = format!("{}:", credentials.user).into_bytes();
    text.extend_from_slice(credentials.password.expose());
    let mut header = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(&text))).ok()?;
    header.set_sensitive(true);
    Some(header)
}
