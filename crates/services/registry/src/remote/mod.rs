//! Another registry: what is pushed to it and pulled from it, by OCI's *Distribution Specification* alone.

mod challenge;
mod error;
mod push;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use ringwall_http::{HttpClient, HttpLimits, HttpRequest, HttpResponse, HttpStream, Url};
use ringwall_model::Secret;
use ringwall_oci::{Algorithm, Digest, MAX_MANIFEST_BYTES};

use self::challenge::Challenge;
pub use self::error::RemoteError;
pub use self::push::Blob;

/// The registry that an image was pushed to first, `REGION/ACCOUNT`: with it, a replicated push is told from another.
pub const ORIGIN: HeaderName = HeaderName::from_static("ringwall-origin");

/// Longest time to an answer, or from one piece of it to the next. A registry may compute a digest of some gigabytes before it
/// answers.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Longest answer that is no content: errors, tokens, tags.
const MAX_ANSWER: usize = 256 << 10;

/// Most redirects from a blob to where its bytes are: ECR and Docker Hub have one.
const MAX_REDIRECTS: usize = 3;

/// Media types of what is asked for: the manifests that registries know, and anything else.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, */*";

/// A user's name and password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user; `AWS` for ECR and Ringwall.
    pub user: String,
    /// The password or token.
    pub password: Secret,
}

/// A client of one registry.
pub struct Remote {
    http: HttpClient,
    base: Url,
    login: Option<Login>,
    origin: Option<HeaderValue>,
    /// What each repository wanted to see.
    shown: Mutex<HashMap<String, Arc<Secret>>>,
}

/// A manifest, as it was sent. It has the digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteManifest {
    /// Its digest.
    pub digest: Digest,
    /// Its `Content-Type`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Remote {
    /// The registry at an address, `https://registry.example`.
    pub fn new(http: HttpClient, base: Url, login: Option<Login>) -> Self {
        Self { http, base, login, origin: None, shown: Mutex::new(HashMap::new()) }
    }

    /// Tells with each change where it comes from, `REGION/ACCOUNT`.
    #[must_use]
    pub fn from_origin(mut self, origin: &str) -> Self {
        self.origin = HeaderValue::from_str(origin).ok();
        self
    }

    /// A manifest, or nothing if there is none. What was asked for by its digest has it.
    ///
    /// # Errors
    ///
    /// The registry can't be asked, refuses, or sends other bytes than it says.
    pub async fn manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<RemoteManifest>, RemoteError> {
        let path = format!("manifests/{reference}");
        let answer = self.ask(repository, Method::GET, &path, &HeaderMap::new(), Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.expect(answer, &[StatusCode::OK], &path)?;
        let algorithm = if reference.starts_with("sha512:") { Algorithm::Sha512 } else { Algorithm::Sha256 };
        let digest = algorithm.of(&answer.body);
        if reference.contains(':') && digest.as_str() != reference {
            return Err(RemoteError::Digest { host: self.host(), what: reference.to_owned() });
        }
        let media_type =
            answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        Ok(Some(RemoteManifest { digest, media_type, bytes: answer.body }))
    }

    /// The digest that a tag or digest has there, by the registry's word.
    ///
    /// # Errors
    ///
    /// The registry can't be asked, or refuses.
    pub async fn digest(&self, repository: &str, reference: &str) -> Result<Option<String>, RemoteError> {
        let path = format!("manifests/{reference}");
        let answer = self.ask(repository, Method::HEAD, &path, &HeaderMap::new(), Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.expect(answer, &[StatusCode::OK], &path)?;
        let digest = answer.headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
        Ok(digest.map(str::to_owned))
    }

    /// A blob's bytes as they come, or nothing if there is none; not yet checked against the digest.
    ///
    /// # Errors
    ///
    /// The registry can't be asked, or refuses.
    pub async fn blob(
        &self,
        repository: &str,
        digest: &Digest,
        limit: u64,
    ) -> Result<Option<HttpStream>, RemoteError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let path = format!("blobs/{digest}");
        let mut answer = self.stream(repository, &path, limit).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.prove(repository, &answer.headers).await?;
            answer = self.stream(repository, &path, limit).await?;
        }
        for _ in 0..MAX_REDIRECTS {
            if !answer.status.is_redirection() {
                break;
            }
            // Nothing of the caller goes along: the address itself is the permission.
            let url = self.location(&answer.headers)?;
            let request =
                HttpRequest { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new() };
            answer = self.http.stream(request, HttpLimits { max_body: limit, timeout: TIMEOUT }).await?;
        }
        match answer.status {
            StatusCode::OK => Ok(Some(answer)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.refused(status, &path, &[])),
        }
    }

    /// Pushes a manifest under a tag or its digest.
    ///
    /// # Errors
    ///
    /// The registry can't be asked, or refuses.
    pub async fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<(), RemoteError> {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(media_type) {
            headers.insert(CONTENT_TYPE, value);
        }
        let path = format!("manifests/{reference}");
        let answer = self.ask(repository, Method::PUT, &path, &headers, bytes).await?;
        self.expect(answer, &[StatusCode::CREATED, StatusCode::OK, StatusCode::ACCEPTED], &path).map(drop)
    }

    /// Deletes a manifest by its digest, or a tag; also if it is gone already.
    ///
    /// # Errors
    ///
    /// The registry can't be asked, or refuses.
    pub async fn delete_manifest(&self, repository: &str, reference: &str) -> Result<(), RemoteError> {
        let path = format!("manifests/{reference}");
        let answer = self.ask(repository, Method::DELETE, &path, &HeaderMap::new(), Bytes::new()).await?;
        let good = [StatusCode::ACCEPTED, StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::NOT_FOUND];
        self.expect(answer, &good, &path).map(drop)
    }

    fn host(&self) -> String {
        self.base.authority().to_owned()
    }

    fn url(&self, repository: &str, path: &str) -> Result<Url, RemoteError> {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        Ok(self.base.join(&format!("/v2/{repository}/{path}"), query)?)
    }

    /// Where an answer leads to.
    fn location(&self, headers: &HeaderMap) -> Result<Url, RemoteError> {
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if location.starts_with('/') { Ok(self.base.with_target(location)?) } else { Ok(location.parse()?) }
    }

    fn expect(
        &self,
        answer: HttpResponse,
        good: &[StatusCode],
        what: &str,
    ) -> Result<HttpResponse, RemoteError> {
        if good.contains(&answer.status) {
            Ok(answer)
        } else {
            Err(self.refused(answer.status, what, &answer.body))
        }
    }

    fn refused(&self, status: StatusCode, what: &str, body: &[u8]) -> RemoteError {
        let says: String =
            String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(200).collect();
        RemoteError::Status { host: self.host(), status, what: what.to_owned(), says }
    }

    /// Asks for something of a repository, and proves who asks if that is asked for.
    async fn ask(
        &self,
        repository: &str,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<HttpResponse, RemoteError> {
        let url = self.url(repository, path)?;
        self.ask_at(repository, method, url, headers, body).await
    }

    async fn ask_at(
        &self,
        repository: &str,
        method: Method,
        url: Url,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<HttpResponse, RemoteError> {
        // A credential for this registry is for no other one.
        let ours = url.authority() == self.base.authority() && url.is_https() == self.base.is_https();
        let send = async |shown: HeaderMap| {
            let mut all = headers.clone();
            all.entry(ACCEPT).or_insert(HeaderValue::from_static(MANIFESTS));
            if let Some(origin) = self.origin.as_ref().filter(|_| ours && method != Method::GET) {
                all.insert(ORIGIN, origin.clone());
            }
            all.extend(shown);
            let request =
                HttpRequest { method: method.clone(), url: url.clone(), headers: all, body: body.clone() };
            let max_body = MAX_MANIFEST_BYTES.max(MAX_ANSWER);
            self.http.send(request, HttpLimits { max_body, timeout: TIMEOUT }).await
        };
        let answer = send(if ours { self.known(repository) } else { HeaderMap::new() }).await?;
        if answer.status != StatusCode::UNAUTHORIZED || !ours {
            return Ok(answer);
        }
        self.prove(repository, &answer.headers).await?;
        Ok(send(self.known(repository)).await?)
    }

    async fn stream(&self, repository: &str, path: &str, limit: usize) -> Result<HttpStream, RemoteError> {
        let url = self.url(repository, path)?;
        let request =
            HttpRequest { method: Method::GET, url, headers: self.known(repository), body: Bytes::new() };
        Ok(self.http.stream(request, HttpLimits { max_body: limit, timeout: TIMEOUT }).await?)
    }

    /// The header that a repository wanted to see.
    fn known(&self, repository: &str) -> HeaderMap {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).get(repository).cloned();
        shown.map(|secret| authorization(&secret)).unwrap_or_default()
    }

    /// Finds out what a repository wants to see.
    async fn prove(&self, repository: &str, headers: &HeaderMap) -> Result<(), RemoteError> {
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenge = challenges.filter_map(Challenge::read).next();
        let basic = self.login.as_ref().map(basic);
        let denied = || RemoteError::Denied { host: self.host(), what: repository.to_owned() };
        let shown = match challenge {
            Some(Challenge::Basic) => basic.ok_or_else(denied)?,
            Some(Challenge::Bearer { realm, service }) => {
                let url = challenge::token_url(&realm, service.as_deref(), repository).parse()?;
                let headers = basic.as_ref().map(authorization).unwrap_or_default();
                let request = HttpRequest { method: Method::GET, url, headers, body: Bytes::new() };
                let limits = HttpLimits { max_body: MAX_ANSWER, timeout: TIMEOUT };
                let answer = self.http.send(request, limits).await?;
                if answer.status != StatusCode::OK {
                    return Err(denied());
                }
                challenge::bearer(&answer.body).ok_or_else(denied)?
            }
            None => return Err(denied()),
        };
        let mut all = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(repository.to_owned(), Arc::new(shown));
        Ok(())
    }
}

fn basic(login: &Login) -> Secret {
    let mut plain = login.user.clone().into_bytes();
    plain.push(b':');
    plain.extend_from_slice(login.password.expose());
    let plain = Secret::new(plain);
    Secret::from(format!("Basic {}", BASE64.encode(plain.expose())))
}

fn authorization(secret: &Secret) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(mut value) = HeaderValue::from_bytes(secret.expose()) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("base", &self.base.authority()).finish_non_exhaustive()
    }
}
