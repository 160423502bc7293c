//! Images of registries, pulled layer by layer as they are read.
//!
//! Source: OCI distribution-spec 1.1, "Pull"; Docker, "Token Authentication Specification".

mod challenge;
mod credentials;

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http::header::{ACCEPT, AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ringwall_http::{HttpClient, HttpError, HttpLimits, HttpRequest, HttpStream, Url, UrlError};
use ringwall_model::Secret;
use tokio::runtime::Handle;

use self::challenge::Challenge;
pub use self::credentials::{Credentials, CredentialsError, Keychain};
use crate::digest::Digest;
use crate::error::ImageError;
use crate::limits::MAX_MANIFEST;
use crate::manifest::{Descriptor, INDEX, MANIFEST};
use crate::platform::Platform;
use crate::reference::ImageReference;
use crate::source::{Content, Image, image};

/// Longest time to an answer's headers, and from one piece of it to the next.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer to a request for a token.
const MAX_TOKEN: usize = 256 << 10;
/// Most redirects from a blob to where its bytes are: ECR and Docker Hub have one.
const MAX_REDIRECTS: usize = 3;

/// Why a registry's image can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// It could not be asked.
    #[error("the registry `{registry}` can't be asked")]
    Http {
        /// The registry.
        registry: String,
        /// Why.
        source: HttpError,
    },
    /// Its address, or one that it named, is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It has no such thing.
    #[error("the registry `{registry}` has no `{what}`")]
    NotFound {
        /// The registry.
        registry: String,
        /// What was asked for.
        what: String,
    },
    /// It doesn't let the caller.
    #[error("the registry `{registry}` refuses `{what}`")]
    Denied {
        /// The registry.
        registry: String,
        /// What was asked for.
        what: String,
    },
    /// It answered something else.
    #[error("the registry `{registry}` answered {status} for `{what}`")]
    Status {
        /// The registry.
        registry: String,
        /// Its answer.
        status: StatusCode,
        /// What was asked for.
        what: String,
    },
    /// It wants to know the caller in a way that is not known.
    #[error("the registry `{registry}` asks for credentials in a way that is not known")]
    Challenge {
        /// The registry.
        registry: String,
    },
    /// It led to too many places.
    #[error("the registry `{registry}` redirects more than {MAX_REDIRECTS} times")]
    Redirects {
        /// The registry.
        registry: String,
    },
    /// Credentials can't be had.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

impl RegistryError {
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Denied { .. } => Some("log in with `docker login`, or name the file with credentials"),
            Self::NotFound { .. } => {
                Some("is the name right? registries also say so of what may not be seen")
            }
            _ => None,
        }
    }
}

/// A client of registries.
#[derive(Clone, Debug)]
pub struct RegistryClient {
    /// How they are called: `http://` only where its settings allow.
    pub http: HttpClient,
    /// Who calls.
    pub keychain: Keychain,
    /// Of a runtime with threads of its own: reading waits for it.
    pub runtime: Handle,
}

impl RegistryClient {
    /// An image. What was asked for by its digest is compared with it. Not to be called from a task: it waits.
    ///
    /// # Errors
    ///
    /// The registry can't be asked, has no such image, or refuses it.
    pub fn image(
        &self,
        reference: &ImageReference,
        platform: Option<&Platform>,
    ) -> Result<Image, ImageError> {
        let mut remote = Remote {
            client: self.clone(),
            reference: reference.clone(),
            base: Mutex::new(None),
            authorization: Mutex::new(None),
            known: HashMap::new(),
        };
        let bytes = self.runtime.block_on(remote.manifest(reference.what()))?;
        let digest = match &reference.digest {
            Some(digest) => digest.clone(),
            None => Digest::of(&bytes),
        };
        let media_type = MANIFEST.first().copied().unwrap_or_default();
        let root = Descriptor::new(media_type, digest.clone(), bytes.len() as u64);
        remote.known.insert(digest, bytes);
        image(&reference.to_string(), Arc::new(remote), root, platform)
    }
}

/// A repository of a registry.
struct Remote {
    client: RegistryClient,
    reference: ImageReference,
    /// The address, once it is known whether it speaks TLS.
    base: Mutex<Option<String>>,
    /// What it wanted to see.
    authorization: Mutex<Option<Arc<Secret>>>,
    known: HashMap<Digest, Bytes>,
}

impl Content for Remote {
    fn open(&self, content: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        if let Some(bytes) = self.known.get(&content.digest) {
            return Ok(Box::new(io::Cursor::new(bytes.clone())));
        }
        let media_type = content.media_type.as_str();
        if INDEX.contains(&media_type) || MANIFEST.contains(&media_type) {
            let bytes = self.client.runtime.block_on(self.manifest(content.digest.as_str()))?;
            return Ok(Box::new(io::Cursor::new(bytes)));
        }
        let path = format!("blobs/{}", content.digest);
        // One more than it has, so that what is longer is seen to be.
        let limit = usize::try_from(content.size.saturating_add(1)).unwrap_or(usize::MAX);
        let stream = self.client.runtime.block_on(self.get(&path, limit))?;
        Ok(Box::new(Body { stream, runtime: self.client.runtime.clone(), piece: Bytes::new() }))
    }
}

impl Remote {
    fn host(&self) -> String {
        self.reference.registry.clone()
    }

    async fn manifest(&self, what: &str) -> Result<Bytes, RegistryError> {
        let limit = usize::try_from(MAX_MANIFEST).unwrap_or(usize::MAX);
        let mut stream = self.get(&format!("manifests/{what}"), limit).await?;
        self.whole(&mut stream).await
    }

    async fn whole(&self, stream: &mut HttpStream) -> Result<Bytes, RegistryError> {
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await.map_err(|error| self.http(error))? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.into())
    }

    fn http(&self, source: HttpError) -> RegistryError {
        RegistryError::Http { registry: self.host(), source }
    }

    /// Gets something of the repository: proves who calls if that is asked for, and goes where it is led to.
    async fn get(&self, path: &str, limit: usize) -> Result<HttpStream, RegistryError> {
        let answer = self.ask(path, limit).await?;
        let answer = if answer.status == StatusCode::UNAUTHORIZED {
            let authorization = self.prove(&answer.headers).await?;
            *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Arc::new(authorization));
            self.ask(path, limit).await?
        } else {
            answer
        };
        let answer = self.follow(answer, limit).await?;
        let (registry, what) = (self.host(), format!("{}/{path}", self.reference.repository));
        match answer.status {
            StatusCode::OK => Ok(answer),
            StatusCode::NOT_FOUND => Err(RegistryError::NotFound { registry, what }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(RegistryError::Denied { registry, what }),
            status => Err(RegistryError::Status { registry, status, what }),
        }
    }

    async fn ask(&self, path: &str, limit: usize) -> Result<HttpStream, RegistryError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if path.starts_with("manifests/") {
            let types = [INDEX, MANIFEST].concat().join(", ");
            headers.insert(ACCEPT, HeaderValue::try_from(types).unwrap_or(HeaderValue::from_static("*/*")));
        }
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(mut value) = known.and_then(|known| HeaderValue::from_bytes(known.expose()).ok()) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let repository = &self.reference.repository;
        if let Some(base) = base {
            let url = format!("{base}/v2/{repository}/{path}").parse()?;
            return self.send(url, headers, limit).await.map_err(|error| self.http(error));
        }
        let host = self.reference.host();
        let secure = format!("https://{host}");
        let url = format!("{secure}/v2/{repository}/{path}").parse()?;
        let (base, answer) = match self.send(url, headers.clone(), limit).await {
            // Without TLS, if the client may: nothing was sent yet, and no credentials are known yet.
            Err(error @ HttpError::Tls { .. }) => {
                let plain = format!("http://{host}");
                let url = format!("{plain}/v2/{repository}/{path}").parse()?;
                match self.send(url, headers, limit).await {
                    Err(HttpError::Plain { .. }) => return Err(self.http(error)),
                    answer => (plain, answer.map_err(|error| self.http(error))?),
                }
            }
            answer => (secure, answer.map_err(|error| self.http(error))?),
        };
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = Some(base);
        Ok(answer)
    }

    async fn send(&self, url: Url, headers: HeaderMap, limit: usize) -> Result<HttpStream, HttpError> {
        let request = HttpRequest { method: Method::GET, url, headers, body: Bytes::new() };
        self.client.http.stream(request, HttpLimits { max_body: limit, timeout: TIMEOUT }).await
    }

    /// Goes where a registry says that bytes are. Nothing of the caller goes along; what comes back has to have the digest.
    async fn follow(&self, mut answer: HttpStream, limit: usize) -> Result<HttpStream, RegistryError> {
        for _ in 0..MAX_REDIRECTS {
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            let location =
                answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let url = if location.starts_with('/') {
                let base = self.base.lock().unwrap_or_else(PoisonError::into_inner).clone();
                format!("{}{location}", base.unwrap_or_default()).parse()?
            } else {
                location.parse()?
            };
            answer = self.send(url, HeaderMap::new(), limit).await.map_err(|error| self.http(error))?;
        }
        if answer.status.is_redirection() {
            return Err(RegistryError::Redirects { registry: self.host() });
        }
        Ok(answer)
    }

    /// The header that answers a challenge.
    async fn prove(&self, headers: &HeaderMap) -> Result<Secret, RegistryError> {
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenge = challenges.filter_map(Challenge::read).next();
        let credentials = self.client.keychain.find(&self.reference.registry)?;
        let basic = credentials.as_ref().map(Credentials::basic);
        match challenge {
            Some(Challenge::Basic) => basic.ok_or_else(|| RegistryError::Denied {
                registry: self.host(),
                what: self.reference.repository.clone(),
            }),
            Some(Challenge::Bearer { realm, service }) => {
                let url =
                    challenge::token_url(&realm, service.as_deref(), &self.reference.repository).parse()?;
                let mut headers = HeaderMap::new();
                if let Some(mut value) = basic.and_then(|basic| HeaderValue::from_bytes(basic.expose()).ok())
                {
                    value.set_sensitive(true);
                    headers.insert(AUTHORIZATION, value);
                }
                let mut answer =
                    self.send(url, headers, MAX_TOKEN).await.map_err(|error| self.http(error))?;
                if answer.status != StatusCode::OK {
                    let what = self.reference.repository.clone();
                    return Err(RegistryError::Denied { registry: self.host(), what });
                }
                let bytes = self.whole(&mut answer).await?;
                challenge::bearer(&bytes).ok_or_else(|| RegistryError::Challenge { registry: self.host() })
            }
            None => Err(RegistryError::Challenge { registry: self.host() }),
        }
    }
}

/// A body as it comes.
struct Body {
    stream: HttpStream,
    runtime: Handle,
    piece: Bytes,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            match self.runtime.block_on(self.stream.next()).map_err(io::Error::other)? {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let take = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(buffer.get_mut(..take).unwrap_or_default());
        Ok(take)
    }
}
