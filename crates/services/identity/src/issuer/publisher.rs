//! Brings the documents to where they belong, once or again and again.

use std::path::Path;
use std::time::Duration;

use prometheus_client::registry::Registry;
use ringwall_awsclient::Client;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::document::{DISCOVERY_PATH, Documents, KEYS_PATH, check_issuer};
use super::error::IssuerError;
use super::folder;
use super::key::Keys;
use super::metrics::Metrics;
use super::rotation::{KeyReport, State, VERSION};
use super::served::Served;
use super::settings::{Settings, Target};
use super::source::{self, Found};

/// How long targets are left alone if nothing changes, so that what somebody deleted there comes back.
const WRITE_AGAIN: Duration = Duration::from_secs(60 * 60);

/// Publishes an issuer's documents.
#[derive(Debug)]
pub struct Publisher {
    settings: Settings,
    served: Served,
    metrics: Metrics,
    now: fn() -> i64,
    /// What was written last, and when.
    written: Option<(Documents, i64)>,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The issuer.
    pub issuer: String,
    /// Its keys.
    pub keys: Vec<KeyReport>,
    /// Whether the targets were written, as opposed to found as they should be.
    pub written: bool,
}

impl Publisher {
    /// With a clock that tells the seconds since 1970.
    pub fn new(settings: Settings, now: fn() -> i64) -> Self {
        Self { settings, served: Served::default(), metrics: Metrics::default(), now, written: None }
    }

    /// Has what it does counted there.
    #[must_use]
    pub fn counted(mut self, registry: &mut Registry) -> Self {
        self.metrics = Metrics::register(registry);
        self
    }

    /// What answers with the documents, now and when they change.
    pub fn served(&self) -> Served {
        self.served.clone()
    }

    /// Lets [`Served`] answer with what was published before, as the state has it, so that a restart leaves no gap although
    /// the source can't be asked. Nothing is done if nothing was.
    ///
    /// # Errors
    ///
    /// The state can't be read, or is about another issuer.
    pub async fn recall(&self) -> Result<(), IssuerError> {
        let path = self.settings.state.clone();
        let Some(state) = blocking(move || read_state(&path)).await? else { return Ok(()) };
        if let Some(issuer) = &self.settings.issuer {
            is_about(&self.settings.state, &state, issuer)?;
        }
        let state = state.remembered((self.now)(), self.settings.retire_after);
        let keys = state.published()?;
        if !keys.is_empty() {
            let documents = Documents::new(&state.issuer, &keys);
            self.served.set(&state.issuer, documents, &self.settings.cache_control());
        }
        Ok(())
    }

    /// Asks the source and writes what has changed.
    ///
    /// # Errors
    ///
    /// The source has no keys, or another issuer; something can't be written. What was published stays.
    pub async fn publish(&mut self) -> Result<Published, IssuerError> {
        let Found { issuer, keys } = source::find(&self.settings).await?;
        check_issuer(&issuer)?;
        let now = (self.now)();
        let (max_age, retire_after) = (self.settings.max_age, self.settings.retire_after);
        let known = self.known(&issuer, now).await?;
        let state = known.next(&keys, now, retire_after)?;
        let documents = Documents::new(&issuer, &state.published()?);
        // Kept before it is published: a key that was published without being kept could disappear too early.
        if state != known {
            self.keep(&state).await?;
        }
        let due = |(last, at): &(Documents, i64)| {
            *last != documents || now.saturating_sub(*at).unsigned_abs() >= WRITE_AGAIN.as_secs()
        };
        let written = self.written.as_ref().is_none_or(due);
        if written {
            for target in &self.settings.targets {
                write(target, &documents, &self.settings.cache_control()).await?;
            }
            self.written = Some((documents.clone(), now));
        }
        self.served.set(&issuer, documents, &self.settings.cache_control());
        Ok(Published { issuer, keys: state.report(now, max_age, retire_after), written })
    }

    /// Publishes again and again, for ever, and at once when [`Served::look`] says so. A failure is logged once,
    /// however often it repeats itself, and so is its end.
    pub async fn run(mut self) {
        let mut ticks = interval(self.settings.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = Vec::new();
        let mut failing: Option<String> = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.served.asked() => {}
            }
            match self.publish().await {
                Ok(published) => {
                    self.metrics.published(&published.keys);
                    if published.keys != last {
                        for KeyReport { kid, alg, phase, .. } in &published.keys {
                            tracing::info!(issuer = published.issuer, kid, alg, ?phase, "a key is published");
                        }
                    }
                    last = published.keys;
                    if failing.take().is_some() {
                        tracing::info!(
                            issuer = published.issuer,
                            "the issuer's documents are up to date again"
                        );
                    }
                }
                Err(error) => {
                    self.metrics.failed();
                    let why = error.to_string();
                    if failing.as_ref() != Some(&why) {
                        tracing::warn!(%error, hint = error.hint(), "the issuer's documents stay as they are");
                    }
                    failing = Some(why);
                }
            }
        }
    }

    /// What is known of the keys that are published.
    async fn known(&self, issuer: &str, now: i64) -> Result<State, IssuerError> {
        let path = self.settings.state.clone();
        let folders = self.settings.targets.iter().filter_map(|target| match target {
            Target::Folder(folder) => Some(folder::keys_of(folder)),
            Target::Bucket { .. } => None,
        });
        let folders: Vec<_> = folders.collect();
        let only_buckets = folders.is_empty() && !self.settings.targets.is_empty();
        let issuer = issuer.to_owned();
        blocking(move || {
            if let Some(state) = read_state(&path)? {
                is_about(&path, &state, &issuer)?;
                return Ok(state);
            }
            if only_buckets {
                tracing::warn!(state = %path.display(), "nothing is known of keys that were published before");
            }
            let mut published = Keys::default();
            for path in &folders {
                if let Some(text) = folder::read(path)? {
                    published.extend(Keys::from_jwks(&text, &path.display().to_string())?)?;
                }
            }
            let mut state = State::empty(&issuer);
            state.adopt(&published, now);
            Ok(state)
        })
        .await
    }

    async fn keep(&self, state: &State) -> Result<(), IssuerError> {
        let path = self.settings.state.clone();
        let text = serde_json::to_vec_pretty(state).map_err(|error| unusable(&path, error.to_string()))?;
        blocking(move || folder::write(&path, &text)).await
    }
}

fn unusable(path: &Path, why: String) -> IssuerError {
    IssuerError::State { path: path.to_owned(), why }
}

/// What was kept; `None` if nothing was.
fn read_state(path: &Path) -> Result<Option<State>, IssuerError> {
    let Some(text) = folder::read(path)? else { return Ok(None) };
    let state: State = serde_json::from_slice(&text).map_err(|error| unusable(path, error.to_string()))?;
    match state.version == VERSION {
        true => Ok(Some(state)),
        false => Err(unusable(path, format!("its version is {}, not {VERSION}", state.version))),
    }
}

fn is_about(path: &Path, state: &State, issuer: &str) -> Result<(), IssuerError> {
    match state.issuer == issuer {
        true => Ok(()),
        false => Err(unusable(path, format!("it is about the issuer `{}`, not `{issuer}`", state.issuer))),
    }
}

async fn write(target: &Target, documents: &Documents, cache_control: &str) -> Result<(), IssuerError> {
    match target {
        Target::Folder(folder) => {
            let (folder, documents) = (folder.clone(), documents.clone());
            blocking(move || folder::publish(&folder, &documents)).await
        }
        Target::Bucket { client, bucket, prefix } => {
            // The keys first, so that discovery never names a key set that lacks one.
            for (path, media_type, body) in [
                (KEYS_PATH, "application/jwk-set+json", &documents.keys),
                (DISCOVERY_PATH, "application/json", &documents.discovery),
            ] {
                let key = format!("{prefix}{path}");
                put(client, bucket, &key, media_type, cache_control, body.clone()).await?;
            }
            Ok(())
        }
    }
}

async fn put(
    client: &Client,
    bucket: &str,
    key: &str,
    media_type: &str,
    cache_control: &str,
    body: bytes::Bytes,
) -> Result<(), IssuerError> {
    let result = client.put_object(bucket, key, media_type, cache_control, body).await;
    result
        .map_err(|error| IssuerError::Bucket { key: format!("s3://{bucket}/{key}"), source: Box::new(error) })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IssuerError> + Send + 'static,
) -> Result<T, IssuerError> {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(IssuerError::file("", "written", std::io::Error::other(error))),
    }
}
