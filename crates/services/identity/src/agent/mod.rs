//! The Pod Identity agent: credentials for the pods of a node, by the tokens of their service accounts.
//!
//! A pod asks `GET /v1/credentials` at a link-local address of its node, as the environment says that the webhook injected;
//! AWS's SDKs do that by themselves. The agent exchanges the pod's token with `AssumeRoleForPodIdentity`, signed by the
//! node's own credentials, and keeps what it got for the pod's next request.
//!
//! # What holds
//!
//! - *Host*: the request has to name an address that the agent listens on, or gets 403. A name that an attacker's DNS server
//!   lets point here (DNS rebinding) is none.
//! - *Token*: one header `Authorization` with a JWT whose time is now, or 400. Its signature is not looked at: EKS Auth
//!   does, before it gives anything, and what it gave is found again only by the same token to the last byte.
//! - *One call a token*, however many ask at once; and no more than [`MAX_CALLS`] at a time.
//! - *Early refresh*: after half of the credentials' life, three hours at most, less up to a fifth so that pods that started
//!   together are spread; [`REFRESHES`] a second at most; only for tokens that were asked for since the last time.
//! - *Failures*: credentials stay while they have 15 seconds left, unless it is the token or what it stands for that is
//!   refused: then they go at once. A refusal stands for some seconds, so that a pod that asks in a loop costs no calls.
//! - *Nothing is kept on disk*, and nothing is needed to start: neither the cluster's apiserver nor an answer of AWS.
//!
//! Sources: AWS SDKs and Tools Reference Guide, *Container credential provider*; AWS EKS User Guide, *EKS Pod Identity*; AWS
//! EKS Auth API Reference, *AssumeRoleForPodIdentity*. Limits that say so are those of the EKS Pod Identity agent.

mod answer;
mod cache;
mod error;
pub mod link;
mod listen;
mod metrics;
mod peers;
mod refusal;
#[cfg(test)]
pub(crate) mod tests;
mod token;
mod upstream;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use ringwall_server::{Handler, Head, Refusal, Request, Response};
use tokio::sync::Semaphore;

pub use self::answer::PodCredentials;
pub use self::error::AgentError;
pub use self::listen::{Listening, listen};
pub use self::metrics::Metrics;
pub use self::peers::{REQUESTS_A_SECOND, REQUESTS_AT_ONCE};
pub use self::refusal::Refused;
pub use self::upstream::{EksAuth, Upstream};

use self::answer::Given;
use self::cache::{Cache, Flight, LEAST, Look, Outcome};
use self::peers::Peers;
use self::token::PodToken;

/// The IPv4 address that pods ask. Source: AWS EKS User Guide, *Set up the Amazon EKS Pod Identity Agent*.
pub const IPV4: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 23);

/// The IPv6 address that pods ask. Source: as of [`IPV4`].
pub const IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23);

/// The port that pods ask: that of plain HTTP, as their environment names none.
pub const PORT: u16 = 80;

/// Calls at a time that pods wait for. At some 100 ms a call that is 300 new pods a second.
pub const MAX_CALLS: usize = 32;

/// Refreshes in a second. Source: the EKS Pod Identity agent.
pub const REFRESHES: usize = 3;

/// How long a pod waits for one of the [`MAX_CALLS`], before it is told to come again. SDKs give up after some seconds.
const PLACE: Duration = Duration::from_secs(5);

/// How long the agent is not ready after a call that nobody answered, in milliseconds: beyond the longest wait between
/// refreshes that fail. If no pod asks, nobody knows better.
const UNREACHABLE: i64 = 600_000;

/// Milliseconds since 1970, from whatever clock the caller goes by.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How an agent serves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The addresses that it listens on: what requests have to name as their host.
    pub hosts: Vec<SocketAddr>,
    /// Requests a second that an address may make; see [`REQUESTS_A_SECOND`].
    pub rate: u32,
    /// Requests that it may make at once; see [`REQUESTS_AT_ONCE`].
    pub burst: u32,
}

/// The agent, for listeners of [`ringwall_server`].
pub struct Agent<U> {
    upstream: U,
    cache: Arc<Cache>,
    peers: Peers,
    hosts: Vec<SocketAddr>,
    clock: Clock,
    metrics: Metrics,
    calls: Semaphore,
    /// When the latest call was made if nobody answered it, in milliseconds since 1970; else 0.
    unanswered: AtomicI64,
}

impl<U: Upstream> Agent<U> {
    /// An agent that knows nothing yet.
    pub fn new(settings: Settings, upstream: U, clock: Clock, metrics: Metrics) -> Self {
        Self {
            upstream,
            cache: Arc::default(),
            peers: Peers::new(settings.rate, settings.burst),
            hosts: settings.hosts,
            clock,
            metrics,
            calls: Semaphore::new(MAX_CALLS),
            unanswered: AtomicI64::new(0),
        }
    }

    /// What the agent waits for before it can do its work; `None` if it can.
    pub fn waits_for(&self) -> Option<&'static str> {
        let unanswered = self.unanswered.load(Ordering::Relaxed);
        let recent = (self.clock)().saturating_sub(unanswered) < UNREACHABLE;
        (unanswered != 0 && recent).then_some("AssumeRoleForPodIdentity is not answered")
    }

    /// Replaces credentials that are due, and drops what is over: to be called every second. It returns when the calls that
    /// it made are done, so that there are never more than [`REFRESHES`] of them.
    pub async fn refresh(self: &Arc<Self>) {
        let flights = self.cache.due(self.seconds(), REFRESHES);
        let mut tasks = tokio::task::JoinSet::new();
        for flight in flights {
            let agent = Arc::clone(self);
            tasks.spawn(async move { agent.fetch(flight, "refresh").await });
        }
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(Err(why)) if why.is_lasting() => {
                    tracing::warn!(code = %why.code, error = %why.message, "a pod's credentials are not renewed, and no longer given");
                }
                Ok(Err(why)) => {
                    tracing::warn!(code = %why.code, error = %why.message, "a pod's credentials can't be renewed now; the old ones are given on");
                }
                Ok(Ok(_)) => {}
                Err(error) => tracing::error!(%error, "a refresh panicked"),
            }
        }
        self.metrics.entries.set(i64::try_from(self.cache.len()).unwrap_or(i64::MAX));
    }

    fn seconds(&self) -> i64 {
        (self.clock)().div_euclid(1000)
    }

    fn check(&self, head: &Head) -> Result<PodToken, Refused> {
        let refused = |status, code, message| Err(Refused::new(status, code, message));
        if !self.peers.take(head.peer.ip(), (self.clock)()) {
            let message = "too many requests from this address";
            return refused(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", message);
        }
        if !authority(head.host()).is_some_and(|host| self.hosts.contains(&host)) {
            let message = "the request has to name the address that the agent listens on as its host";
            return refused(StatusCode::FORBIDDEN, "AccessDeniedException", message);
        }
        if head.path != "/v1/credentials" {
            let message = "only /v1/credentials is served here";
            return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", message);
        }
        if head.method != Method::GET {
            let message = "only GET is served here";
            return refused(StatusCode::METHOD_NOT_ALLOWED, "InvalidRequestException", message);
        }
        let tokens = head.headers.iter().filter(|(name, _)| name == "authorization");
        PodToken::read(tokens.map(|(_, value)| value.as_str()), self.seconds())
    }

    async fn credentials(&self, token: &PodToken) -> Result<Given, Refused> {
        loop {
            match self.cache.look(token, self.seconds()) {
                Look::Given(given) => {
                    self.metrics.answered("cache");
                    return Ok(given);
                }
                Look::Refused(why) => {
                    self.metrics.answered("refusals");
                    return Err(why);
                }
                Look::Wait(mut landing) => {
                    // Fails if the one who asked came to nothing; then somebody else has to.
                    if let Ok(landed) = landing.wait_for(Option::is_some).await
                        && let Some(outcome) = &*landed
                    {
                        self.metrics.answered("another_request");
                        return outcome.clone();
                    }
                }
                Look::Fetch(flight) => {
                    self.metrics.answered("call");
                    return self.fetch(flight, "request").await;
                }
            }
        }
    }

    async fn fetch(&self, flight: Flight, reason: &'static str) -> Outcome {
        let Ok(Ok(place)) = tokio::time::timeout(PLACE, self.calls.acquire()).await else {
            self.metrics.called(reason, "busy");
            return flight.land(Err(Refused::unavailable("too many pods ask at once")), self.seconds());
        };
        let begun = Instant::now();
        let result = self.upstream.assume(&flight.token.text).await;
        drop(place);
        let now = self.seconds();
        let outcome = result.and_then(|credentials| {
            Given::write(&credentials)
                .filter(|given| given.expires.saturating_sub(now) >= LEAST)
                .ok_or_else(|| Refused::unavailable("the credentials that were given are over, or are none"))
        });
        self.metrics.call_duration.observe(begun.elapsed().as_secs_f64());
        self.metrics.called(reason, outcome.as_ref().map_or_else(Refused::label, |_| "ok"));
        let answered = outcome.as_ref().err().is_none_or(|why| !why.status.is_server_error());
        self.metrics.reachable.set(answered.into());
        self.unanswered.store(if answered { 0 } else { (self.clock)() }, Ordering::Relaxed);
        flight.land(outcome, now)
    }
}

impl<U: Upstream> Handler for Agent<U> {
    async fn handle(&self, request: Request) -> Response {
        let given = match self.check(&request.head) {
            Ok(token) => self.credentials(&token).await,
            Err(why) => Err(why),
        };
        match given {
            Ok(given) => given.answer(),
            Err(why) => {
                let peer = request.head.peer.ip();
                // A pod that asks in a loop must not fill the log.
                if why.status == StatusCode::TOO_MANY_REQUESTS {
                    tracing::debug!(%peer, "a pod asks too often");
                } else {
                    tracing::info!(%peer, code = %why.code, error = %why.message, "a pod gets no credentials");
                }
                why.answer()
            }
        }
    }

    fn refuse(&self, _: &Head, refusal: Refusal) -> Response {
        let is_fault = refusal.status().is_server_error();
        let code = if is_fault { "ServiceUnavailableException" } else { "InvalidRequestException" };
        Refused::new(refusal.status(), code, &refusal.to_string()).answer()
    }
}

impl<U> std::fmt::Debug for Agent<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// The address that a host is; `None` for a name. Without a port it is that of HTTP.
fn authority(host: &str) -> Option<SocketAddr> {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return Some(address);
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let ip = match bare {
        Some(v6) => IpAddr::V6(v6.parse().ok()?),
        None => IpAddr::V4(host.parse().ok()?),
    };
    Some(SocketAddr::new(ip, PORT))
}
