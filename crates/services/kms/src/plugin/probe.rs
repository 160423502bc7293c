//! The probe: from time to time the backend really seals and really opens, and tells which key does it.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use bytes::Bytes;
use ringwall_envelope::{Key, Random as _};
use ringwall_rootkey::SystemRandom;
use tokio::time::Instant;

use super::Shared;
use super::format::{ANNOTATION, KeyIdParts, MAX_ANNOTATION_BYTES, MAX_KEY_ID_BYTES};
use super::state::Current;
use crate::{BackendError, Class};

/// How long a probe may take; a KMS has answered by then, with its client's retries.
const PROBE_TAKES: Duration = Duration::from_secs(20);

/// The pauses after failed probes: from the first to the longest.
const FIRST_AGAIN: Duration = Duration::from_secs(1);
const LAST_AGAIN: Duration = Duration::from_secs(10);

/// Probes until it is aborted.
pub(super) async fn run(shared: Arc<Shared>, every: Duration) {
    let mut again = FIRST_AGAIN;
    loop {
        let began = Instant::now();
        let probed = tokio::time::timeout(PROBE_TAKES, probe(&shared)).await.unwrap_or_else(|_| {
            let why = format!("the backend has not answered within {} s", PROBE_TAKES.as_secs());
            Err(BackendError::new(Class::Unavailable, why))
        });
        shared.metrics.called("probe", &probed, began.elapsed());
        let pause = match probed {
            Ok(current) => {
                again = FIRST_AGAIN;
                proven(&shared, began, current);
                every
            }
            Err(error) => {
                let pause = again.min(every);
                again = again.saturating_mul(2).min(LAST_AGAIN);
                failed(&shared, error);
                pause
            }
        };
        shared.metrics.usable.set(i64::from(shared.state.usable().is_ok()));
        shared.metrics.keks.set(i64::try_from(shared.keks.count().await).unwrap_or(i64::MAX));
        tokio::time::sleep(jitter(pause)).await;
    }
}

/// Seals a new KEK. If that was done by the key that is current, its KEK stays, and has to open too.
async fn probe(shared: &Shared) -> Result<Arc<Current>, BackendError> {
    let Some(backend) = shared.backends.first() else {
        return Err(BackendError::new(Class::Internal, "there is no backend"));
    };
    let key = Key::generate(&SystemRandom)?;
    let sealed = backend.seal(key.secret()).await?;
    if let Some(current) = &shared.state.now().current
        && (&current.sealed.key, &current.sealed.version) == (&sealed.key, &sealed.version)
    {
        let opened = backend.open(&current.sealed.key, &current.sealed.blob).await?;
        if verify_slices_are_equal(opened.expose(), current.kek.secret().expose()).is_err() {
            let why = format!("{} opens another KEK than it sealed", backend.describe());
            return Err(BackendError::new(Class::Internal, why));
        }
        return Ok(Arc::clone(current));
    }
    let key_id = KeyIdParts { key: &sealed.key, version: sealed.version.as_deref() }.to_string();
    let bytes = ANNOTATION.len().saturating_add(sealed.blob.len());
    if key_id.len() > MAX_KEY_ID_BYTES || bytes > MAX_ANNOTATION_BYTES {
        let why = format!("{}: a name or a sealed key is longer than an apiserver takes", backend.describe());
        return Err(BackendError::new(Class::Internal, why));
    }
    if KeyIdParts::of(&key_id).key != sealed.key {
        return Err(BackendError::new(Class::Internal, format!("`{}` can't be a key's name", sealed.key)));
    }
    let (annotation, kek) = (Bytes::from(sealed.blob.clone()), Arc::new(key));
    // Before it is announced, so that the first Decrypt finds it.
    shared.keks.keep(&sealed.key, &sealed.blob, Arc::clone(&kek)).await;
    Ok(Arc::new(Current { sealed, key_id, annotation, kek }))
}

fn proven(shared: &Shared, began: Instant, current: Arc<Current>) {
    let before = shared.state.now();
    if let Some(trouble) = &before.trouble {
        tracing::info!(before = %trouble, "the backend's key can be used again");
    }
    let changed = before.current.as_ref().map(|before| &before.key_id) != Some(&current.key_id);
    if changed {
        let before = before.current.as_ref().map(|before| before.key_id.as_str());
        tracing::info!(key_id = current.key_id, before, "this key seals from now on");
    }
    shared.state.proven(began, current);
    shared.metrics.proven(changed);
}

fn failed(shared: &Shared, error: BackendError) {
    // Once for each cause, as this may go on for days. Requests have ids of their own, which don't make it another one.
    if shared.state.now().trouble.as_ref().map(|before| before.class) != Some(error.class) {
        tracing::error!(class = error.class.name(), %error, "the backend's key can't be used; it is tried again");
    }
    shared.state.failed(error);
}

/// A tenth more or less, so that the plugins of many nodes don't ask in step.
fn jitter(pause: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness it is the shortest.
    let _ = SystemRandom.fill(&mut byte);
    pause.mul_f64(0.9 + 0.2 * f64::from(u8::from_be_bytes(byte)) / 255.0)
}
