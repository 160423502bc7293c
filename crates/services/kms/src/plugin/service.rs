//! The three calls.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use ringwall_envelope::Key;
use ringwall_grpc::kms_v2::key_management_service_server::KeyManagementService;
use ringwall_grpc::kms_v2::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, StatusRequest, StatusResponse,
};
use ringwall_model::Secret;
use ringwall_rootkey::SystemRandom;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::Shared;
use super::format::{
    self, ANNOTATION, KeyIdParts, MAX_CIPHERTEXT_BYTES, MAX_KEY_ID_BYTES, MAX_PLAINTEXT_BYTES,
};
use crate::{BackendError, Class};

/// The protocol's version. It must never change while a plugin runs.
const VERSION: &str = "v2";
const HEALTHY: &str = "ok";

/// How much of a key id that nobody knows is repeated.
const TOLD: usize = 300;

/// Answers Status, Encrypt and Decrypt.
#[derive(Debug)]
pub struct Service(Arc<Shared>);

impl Service {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

#[tonic::async_trait]
impl KeyManagementService for Service {
    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let key_id = self.0.state.usable()?.key_id.clone();
        Ok(Response::new(StatusResponse { version: VERSION.to_owned(), healthz: HEALTHY.to_owned(), key_id }))
    }

    async fn encrypt(&self, request: Request<EncryptRequest>) -> Result<Response<EncryptResponse>, Status> {
        let EncryptRequest { plaintext, uid } = request.into_inner();
        if plaintext.len() > MAX_PLAINTEXT_BYTES {
            return Err(Status::invalid_argument(format!(
                "the plaintext has more than {MAX_PLAINTEXT_BYTES} bytes, and a ciphertext may have {MAX_CIPHERTEXT_BYTES}"
            )));
        }
        let current = self.0.state.usable()?;
        let (key_id, annotation) = (current.key_id.clone(), current.annotation.clone());
        let ciphertext = format::seal(&current.kek, &key_id, &annotation, &plaintext, &SystemRandom)
            .map_err(|error| Status::internal(error.to_string()))?;
        tracing::debug!(uid, key_id, "sealed");
        let annotations = HashMap::from([(ANNOTATION.to_owned(), annotation)]);
        Ok(Response::new(EncryptResponse { ciphertext: ciphertext.into(), key_id, annotations }))
    }

    async fn decrypt(&self, request: Request<DecryptRequest>) -> Result<Response<DecryptResponse>, Status> {
        let request = request.into_inner();
        if request.ciphertext.is_empty() || request.ciphertext.len() > MAX_CIPHERTEXT_BYTES {
            let bytes = request.ciphertext.len();
            return Err(Status::invalid_argument(format!(
                "a ciphertext has 1 to {MAX_CIPHERTEXT_BYTES} bytes, not {bytes}"
            )));
        }
        if request.key_id.is_empty() || request.key_id.len() > MAX_KEY_ID_BYTES {
            return Err(Status::invalid_argument(format!("a key id has 1 to {MAX_KEY_ID_BYTES} bytes")));
        }
        let uid = request.uid.clone();
        let opened = match request.annotations.len() {
            0 => self.foreign(request).await,
            1 => self.own(request).await,
            _ => {
                Err(Status::invalid_argument("there are annotations that were not there when it was sealed"))
            }
        };
        match opened {
            Ok(secret) => {
                tracing::debug!(uid, "opened");
                Ok(Response::new(DecryptResponse { plaintext: Bytes::from_owner(Wiped(secret)) }))
            }
            Err(status) => {
                tracing::warn!(uid, %status, "not opened");
                Err(status)
            }
        }
    }
}

impl Service {
    async fn own(&self, request: DecryptRequest) -> Result<Secret, Status> {
        let DecryptRequest { ciphertext, key_id, annotations, .. } = request;
        let blob = annotations
            .get(ANNOTATION)
            .cloned()
            .ok_or_else(|| Status::invalid_argument(format!("there is no annotation `{ANNOTATION}`")))?;
        let key = KeyIdParts::of(&key_id).key.to_owned();
        let kek = match self.0.keks.known(&key, &blob).await {
            Some(kek) => kek,
            None => self.unwrap(&key, &key_id, &blob).await?,
        };
        format::open(&kek, &key_id, &blob, &ciphertext)
            .map_err(|error| Status::invalid_argument(format!("sealed under `{}`: {error}", told(&key_id))))
    }

    /// What another plugin sealed for the same key.
    async fn foreign(&self, request: DecryptRequest) -> Result<Secret, Status> {
        let DecryptRequest { ciphertext, key_id, .. } = request;
        let is_ours = self.0.backends.iter().any(|backend| backend.has(KeyIdParts::of(&key_id).key));
        let mut refused = match is_ours {
            true => Status::invalid_argument(format!("there is no annotation `{ANNOTATION}`")),
            false => stranger(&key_id),
        };
        for backend in &self.0.backends {
            let Some(opening) = backend.open_foreign(&key_id, &ciphertext) else { continue };
            let began = Instant::now();
            let opened = opening.await;
            self.0.metrics.called("open_foreign", &opened, began.elapsed());
            match opened {
                // As in `unwrap`.
                Err(error) if error.class == Class::User => refused = status(&error),
                opened => return opened.map_err(|error| status(&error)),
            }
        }
        Err(refused)
    }

    /// The KEK, from the backend that has the key. Several may say so: what one refuses, the next one is asked.
    async fn unwrap(&self, key: &str, key_id: &str, blob: &Bytes) -> Result<Arc<Key>, Status> {
        let mut refused = Err(stranger(key_id));
        for backend in self.0.backends.iter().filter(|backend| backend.has(key)) {
            let (shared, backend) = (Arc::clone(&self.0), Arc::clone(backend));
            let (key, blob) = (key.to_owned(), blob.clone());
            // A task of its own: when the caller no longer waits, the next one finds the KEK.
            let opening = tokio::spawn(async move {
                let began = Instant::now();
                let kek = shared.keks.get(&*backend, &key, &blob).await;
                shared.metrics.called("open", &kek, began.elapsed());
                kek
            });
            match opening.await.map_err(|_| Status::internal("opening ended"))? {
                Err(error) if error.class == Class::User => refused = Err(status(&error)),
                opened => return opened.map_err(|error| status(&error)),
            }
        }
        refused
    }
}

fn stranger(key_id: &str) -> Status {
    Status::failed_precondition(format!(
        "no backend has the key of `{}` (hint: give the one that sealed it as a further --backend)",
        told(key_id)
    ))
}

fn status(error: &BackendError) -> Status {
    Status::new(error.class.code(), error.message.clone())
}

/// What a caller gave, as much of it as helps.
fn told(key_id: &str) -> String {
    key_id.chars().take(TOLD).collect()
}

/// Goes out, and is wiped when it has gone.
struct Wiped(Secret);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}
