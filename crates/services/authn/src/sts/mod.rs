//! Who signed a token: STS is asked, once a token.
//!
//! - Whatever number of callers bring the same token, STS is asked once, also when they go away before it has answered.
//! - What it vouches for is kept until the token's end at most ([`Settings::max_age`]), so a token costs one call in its life. What it
//!   refuses is kept for [`REFUSED_FOR`] seconds; what it didn't answer is not kept.
//! - Questions are held back before they harm STS or the account's quota there ([`Settings::rate`], [`Settings::key_rate`]), and while
//!   STS doesn't answer at all. What can be told offline is told first, so that rubbish costs no question.

pub(crate) mod answer;
mod exchange;
mod gate;
mod kept;
mod metrics;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use hashbrown::HashMap;
use prometheus_client::registry::Registry;
use ringwall_awsclient::http::HttpError;
use ringwall_model::{Arn, error_chain};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::token::{LIFETIME, MAX_TOKEN_BYTES, Rules, Token, TokenError};

pub use exchange::Exchange;

use gate::{Ended, Gate, Held};
use kept::{Kept, Key};
use metrics::{Metrics, label};

/// Seconds for which STS's refusal of a token is kept: long enough for the apiserver's own retries, short enough for a key that
/// was just made and is not known everywhere yet.
pub const REFUSED_FOR: i64 = 5;

/// Refusals that are kept, apart from what is verified, so that they can't drive that out.
const MAX_REFUSED: usize = 4096;

/// Who a token is of, as STS answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The ARN as STS has it: `arn:aws:sts::111122223333:assumed-role/admin/alice`.
    pub arn: Arn,
    /// The ARN that mappings name: `arn:aws:iam::111122223333:role/admin`.
    pub canonical_arn: String,
    /// The account's id, twelve digits.
    pub account: String,
    /// The unique id without the session's name: `AROAEXAMPLE`; of a root user the account, of a federated user
    /// `account:name`.
    pub user_id: String,
    /// The name of a role's session; empty for all others.
    pub session_name: String,
    /// Id of the access key that signed.
    pub access_key_id: String,
    /// The host that the token is for, which answered: `sts.eu-central-1.amazonaws.com`.
    pub sts_host: String,
    /// When the token ends, in Unix seconds: 15 minutes after it was signed.
    pub expires: i64,
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// STS was not asked: the token is none, or not for this cluster's STS.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// STS does not believe it.
    #[error("STS refused the token: {code} (status {status}): {message}")]
    Denied {
        /// STS's code: `SignatureDoesNotMatch`, `ExpiredToken`, …; empty if it gave none.
        code: String,
        /// STS's words.
        message: String,
        /// The status of its answer.
        status: u16,
    },
    /// STS, or what protects it, takes no more calls just now.
    #[error("STS takes no more calls just now (hint: try again in {} s)", retry_after.as_secs())]
    Throttled {
        /// When to try again, in whole seconds; at least one.
        retry_after: Duration,
    },
    /// STS could not be asked, or its answer was none.
    #[error("STS could not be asked: {why}")]
    Unavailable {
        /// What happened.
        why: String,
    },
}

/// What is kept, and how often STS is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Seconds for which STS's answer counts, and never beyond the token's end. The longer, the fewer calls; the shorter, the
    /// sooner a key that was deleted stops working.
    pub max_age: i64,
    /// Answers that are kept; each costs about 1 KiB.
    pub capacity: usize,
    /// Questions a second, in the long run.
    pub rate: u32,
    /// Questions at once, after a while without any.
    pub burst: u32,
    /// Questions a second of one access key. A client signs a token a second at most, as its date counts seconds.
    pub key_rate: u32,
    /// Questions at once of one access key.
    pub key_burst: u32,
    /// Questions that wait for an answer at a time.
    pub in_flight: usize,
}

impl Default for Settings {
    /// For some thousand nodes, each with a token in 14 minutes. STS takes 600 calls a second of an account and region.
    fn default() -> Self {
        Self {
            max_age: LIFETIME,
            capacity: 16_384,
            rate: 100,
            burst: 400,
            key_rate: 2,
            key_burst: 20,
            in_flight: 128,
        }
    }
}

type Outcome = Result<Arc<Caller>, VerifyError>;

/// Verifies tokens; clones share what is kept.
#[derive(Clone)]
pub struct Verifier(Arc<Shared>);

struct Shared {
    rules: Rules,
    settings: Settings,
    exchange: Arc<dyn Exchange>,
    metrics: Metrics,
    desk: Mutex<Desk>,
}

/// All that changes: one lock for it, held for moments, so that of many callers with a new token one asks.
#[derive(Debug)]
struct Desk {
    verified: Kept<Arc<Caller>>,
    refused: Kept<VerifyError>,
    flights: HashMap<Key, watch::Receiver<Option<Outcome>>>,
    gate: Gate,
}

/// What is known of a token without reading it.
enum Known {
    Outcome(Outcome),
    Flight(watch::Receiver<Option<Outcome>>),
    Nothing,
}

impl Verifier {
    /// Verifies tokens by these rules, asks through this exchange, and counts in this registry.
    pub fn new(
        rules: Rules,
        settings: Settings,
        exchange: Arc<dyn Exchange>,
        registry: &mut Registry,
    ) -> Self {
        let desk = Desk {
            verified: Kept::new(settings.capacity),
            refused: Kept::new(MAX_REFUSED),
            flights: HashMap::new(),
            gate: Gate::new(settings, Instant::now()),
        };
        let metrics = Metrics::register(registry);
        Self(Arc::new(Shared { rules, settings, exchange, metrics, desk: Mutex::new(desk) }))
    }

    /// Tells who signed a token; `now` is in Unix seconds. Has to be called within a runtime of tokio.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`].
    pub async fn verify(&self, token: &str, now: i64) -> Result<Arc<Caller>, VerifyError> {
        let outcome = self.find(token, now).await;
        if let Err(error) = &outcome {
            self.0.metrics.verified(label(error));
        }
        outcome
    }

    async fn find(&self, text: &str, now: i64) -> Outcome {
        let shared = &self.0;
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { bytes: text.len() }.into());
        }
        let key = key(shared.rules.cluster_id(), text);
        let known = shared.desk().look(&key, now);
        let flight = match known {
            Known::Outcome(outcome) => {
                if outcome.is_ok() {
                    shared.metrics.verified("cached");
                }
                return outcome;
            }
            Known::Flight(flight) => flight,
            Known::Nothing => {
                let token = shared.rules.read(text, now)?;
                token.check_signature(&shared.rules)?;
                match shared.start(key, token, now)? {
                    Known::Outcome(outcome) => return outcome,
                    Known::Flight(flight) => flight,
                    Known::Nothing => return Err(given_up()),
                }
            }
        };
        let outcome = land(flight).await;
        if outcome.is_ok() {
            shared.metrics.verified("verified");
        }
        outcome
    }
}

/// Waits for an outcome.
async fn land(mut flight: watch::Receiver<Option<Outcome>>) -> Outcome {
    match flight.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(given_up())),
        Err(_) => Err(given_up()),
    }
}

/// The task that asked is gone: the program is ending.
fn given_up() -> VerifyError {
    VerifyError::Unavailable { why: "the question was given up".to_owned() }
}

/// The token itself is not kept, so that memory holds none that could be used.
fn key(cluster_id: &str, text: &str) -> Key {
    let mut hash = Context::new(&SHA256);
    hash.update(cluster_id.as_bytes());
    // In no cluster's id.
    hash.update(b"\0");
    hash.update(text.as_bytes());
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().zip(hash.finish().as_ref()) {
        *place = *byte;
    }
    key
}

impl Desk {
    fn look(&self, key: &Key, now: i64) -> Known {
        if let Some(caller) = self.verified.get(key, now) {
            return Known::Outcome(Ok(caller));
        }
        if let Some(error) = self.refused.get(key, now) {
            return Known::Outcome(Err(error));
        }
        match self.flights.get(key) {
            Some(flight) => Known::Flight(flight.clone()),
            None => Known::Nothing,
        }
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks STS in a task of its own, unless somebody began to in the meantime.
    fn start(self: &Arc<Self>, key: Key, token: Token, now: i64) -> Result<Known, VerifyError> {
        let mut desk = self.desk();
        match desk.look(&key, now) {
            Known::Nothing => {}
            known => return Ok(known),
        }
        let in_flight = desk.flights.len();
        if let Err(held) = desk.gate.pass(token.access_key_id(), in_flight, Instant::now()) {
            self.metrics.held(held);
            return Err(refusal(held));
        }
        let (sender, receiver) = watch::channel(None);
        desk.flights.insert(key, receiver.clone());
        drop(desk);
        self.metrics.in_flight.inc();
        let flight = Flight { shared: Arc::clone(self), key, sender };
        // Not the caller's own future: that ends when the caller goes away, and others wait for the same answer.
        tokio::spawn(flight.run(token, now));
        Ok(Known::Flight(receiver))
    }

    async fn ask(&self, token: &Token) -> (Outcome, Ended) {
        let unavailable = |why| Err(VerifyError::Unavailable { why });
        let Some(request) = exchange::request(token, &self.rules) else {
            return (unavailable("the request can't be sent".to_owned()), Ended::Answered);
        };
        match tokio::time::timeout(exchange::TIMEOUT, self.exchange.call(request)).await {
            Ok(Ok(answer)) => {
                let outcome = answer::read(token, &answer).map(Arc::new);
                let ended = ended(&outcome, answer.status.as_u16());
                (outcome, ended)
            }
            Ok(Err(error)) => (unavailable(error_chain(&error)), Ended::Failed),
            Err(_) => (unavailable(error_chain(&HttpError::Timeout)), Ended::Failed),
        }
    }
}

fn refusal(held: Held) -> VerifyError {
    let whole = |wait: Duration| {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        Duration::from_secs(seconds.max(1))
    };
    match held {
        Held::Rate(wait) | Held::Key(wait) | Held::Pause(wait) => {
            VerifyError::Throttled { retry_after: whole(wait) }
        }
        Held::InFlight => VerifyError::Throttled { retry_after: Duration::from_secs(1) },
        Held::Circuit(wait) => VerifyError::Unavailable {
            why: format!("it did not answer lately, and is asked again in {} s", whole(wait).as_secs()),
        },
    }
}

/// A question on its way.
struct Flight {
    shared: Arc<Shared>,
    key: Key,
    sender: watch::Sender<Option<Outcome>>,
}

impl Flight {
    async fn run(self, token: Token, now: i64) {
        let begun = Instant::now();
        let (outcome, ended) = self.shared.ask(&token).await;
        let metrics = &self.shared.metrics;
        metrics.took.observe(begun.elapsed().as_secs_f64());
        metrics.asked(outcome.as_ref().map_or_else(label, |_| "verified"));
        if let Err(error @ VerifyError::Unavailable { .. }) = &outcome {
            tracing::warn!(target: "ringwall::authn", host = token.host(), "{error}");
        }
        let mut desk = self.shared.desk();
        desk.gate.ended(token.access_key_id(), ended, Instant::now());
        match &outcome {
            Ok(caller) => {
                let until = token.expires().min(now.saturating_add(self.shared.settings.max_age));
                desk.verified.insert(self.key, until, Arc::clone(caller), now);
            }
            Err(error @ VerifyError::Denied { .. }) => {
                desk.refused.insert(self.key, now.saturating_add(REFUSED_FOR), error.clone(), now);
            }
            Err(_) => {}
        }
        metrics.circuit_open.set(i64::from(desk.gate.is_open()));
        metrics.kept.set(i64::try_from(desk.verified.len()).unwrap_or(i64::MAX));
        drop(desk);
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    /// However the task ended, the next to bring the token can ask again. Not earlier, or it could be the next one's flight that
    /// goes.
    fn drop(&mut self) {
        self.shared.desk().flights.remove(&self.key);
        self.shared.metrics.in_flight.dec();
    }
}

/// What an answer says of STS. That it can't be read, or of an error of its own, an answer may say because of what was asked: it
/// doesn't open the circuit, which anybody could then do. A proxy's word that nobody is there does.
fn ended(outcome: &Outcome, status: u16) -> Ended {
    match outcome {
        Ok(_) => Ended::Believed,
        Err(VerifyError::Throttled { retry_after }) => Ended::Throttled(*retry_after),
        Err(VerifyError::Unavailable { .. }) if matches!(status, 502..=504) => Ended::Failed,
        Err(_) => Ended::Answered,
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("rules", &self.0.rules).finish_non_exhaustive()
    }
}
