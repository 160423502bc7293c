use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::{BoxFuture, Credentials, CredentialsError, ProvideCredentials};
use crate::Clock;

/// How long before a session's end another one is looked for.
///
/// Source: AWS, *AWS SDKs and Tools Reference Guide*, "Credential providers": SDKs refresh five minutes before the end.
pub const REFRESH_BEFORE_SECONDS: i64 = 300;

/// How soon a source is asked again that gave a session near its end, or failed while the last one still holds.
const ASK_AGAIN_SECONDS: i64 = 30;

/// Keeps what a source gives until five minutes before its end. Whoever waits at the same time shares one question; while
/// the last session holds, nobody waits but the one who asks.
pub struct Cached<P> {
    source: P,
    clock: Clock,
    state: Mutex<State>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    kept: Option<Credentials>,
    /// Until then what is kept is given although it is near its end.
    ask_at: i64,
    /// How many questions have been answered, and with which error the last one, if with any.
    answered: u64,
    error: Option<CredentialsError>,
}

impl State {
    /// What is kept and holds, and whether that is for long enough.
    fn at(&self, now: i64) -> Option<(Credentials, bool)> {
        let kept = self.kept.as_ref()?;
        let Some(expires) = kept.expires else { return Some((kept.clone(), true)) };
        if now >= expires {
            return None;
        }
        let fresh = now < expires.saturating_sub(REFRESH_BEFORE_SECONDS) || now < self.ask_at;
        Some((kept.clone(), fresh))
    }
}

impl<P: ProvideCredentials> Cached<P> {
    /// Keeps what the source gives.
    pub fn new(source: P, clock: Clock) -> Self {
        Self { source, clock, state: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self) -> Result<Credentials, CredentialsError> {
        let (found, answered) = {
            let state = self.state();
            (state.at(self.clock.now()), state.answered)
        };
        let place = match found {
            Some((kept, true)) => return Ok(kept),
            Some((kept, false)) => match self.asking.try_lock() {
                Ok(place) => place,
                Err(_) => return Ok(kept),
            },
            None => self.asking.lock().await,
        };
        {
            let state = self.state();
            // Somebody has asked meanwhile: the answer is also ours, whatever it is.
            if state.answered != answered {
                return match (state.at(self.clock.now()), &state.error) {
                    (Some((kept, _)), _) => Ok(kept),
                    (None, Some(error)) => Err(error.clone()),
                    (None, None) => Err(CredentialsError::None),
                };
            }
        }
        let answer = self.source.credentials().await;
        let mut state = self.state();
        let now = self.clock.now();
        state.answered = state.answered.wrapping_add(1);
        state.ask_at = now.saturating_add(ASK_AGAIN_SECONDS);
        let result = match answer {
            Ok(credentials) => {
                state.error = None;
                state.kept = Some(credentials.clone());
                Ok(credentials)
            }
            Err(error) => {
                let kept = state.at(now).map(|(kept, _)| kept);
                if kept.is_some() {
                    tracing::warn!(%error, "credentials could not be renewed; the last ones still hold");
                }
                state.error = Some(error.clone());
                kept.ok_or(error)
            }
        };
        drop(state);
        drop(place);
        result
    }
}

impl<P: ProvideCredentials> ProvideCredentials for Cached<P> {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(self.get())
    }
}

impl<P: fmt::Debug> fmt::Debug for Cached<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cached").field(&self.source).finish()
    }
}
