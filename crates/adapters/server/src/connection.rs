//! One connection: handshake, requests, end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::exchange;
use crate::handler::Handler;
use crate::limits::{self, Limits};
use crate::listener::{Phase, Shared};
use crate::tls::TlsInfo;

/// hyper wants room for at least this much.
const LEAST_BUFFER: usize = 8 * 1024;

/// How long a connection that was asked to end may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(5);

/// Serves a TCP connection to its end.
pub(crate) async fn serve<H: Handler>(
    shared: Arc<Shared<H>>,
    stream: TcpStream,
    peer: SocketAddr,
    phase: watch::Receiver<Phase>,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &shared.tls else {
        return exchange(&shared, stream, exchange::From { peer, tls: None }, phase).await;
    };
    let limit = shared.limits.load().tls_handshake;
    match tokio::time::timeout(limit, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => {
            let tls = Some(Arc::new(TlsInfo::of(stream.get_ref().1)));
            exchange(&shared, stream, exchange::From { peer, tls }, phase).await;
        }
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "the TLS handshake failed");
            shared.metrics.handshake_failed("failed");
        }
        Err(_) => {
            tracing::debug!(%peer, "the TLS handshake took too long");
            shared.metrics.handshake_failed("too_slow");
        }
    }
}

/// Serves the requests of a stream of any kind, so that a unix socket's would do too.
async fn exchange<H: Handler, S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    shared: &Arc<Shared<H>>,
    stream: S,
    from: exchange::From,
    mut phase: watch::Receiver<Phase>,
) {
    let peer = from.peer;
    let limits = shared.limits.load_full();
    let activity = Arc::new(Activity::new());
    let service = service_fn(|request| {
        let (shared, from, busy) = (Arc::clone(shared), from.clone(), Activity::begin(&activity));
        async move {
            let answer = exchange::answer(&shared, from, request).await;
            drop(busy);
            Ok::<_, Infallible>(answer)
        }
    });
    let builder = builder(&limits);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut end = pin!(tokio::time::sleep(limits.idle));
    let mut ending = false;
    loop {
        tokio::select! {
            done = connection.as_mut() => {
                if let Err(error) = done {
                    tracing::debug!(%peer, %error, "the connection broke");
                }
                return;
            }
            () = end.as_mut() => match activity.idle_left(limits.idle) {
                Some(left) => end.as_mut().reset(tokio::time::Instant::now() + left),
                None if ending => return,
                None => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                    end.as_mut().reset(tokio::time::Instant::now() + GOOD_BYE);
                }
            },
            changed = phase.changed() => {
                if changed.is_err() || *phase.borrow_and_update() == Phase::Cut {
                    return;
                }
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_headers(limits.max_headers)
        .max_buf_size(limits.max_header_bytes.max(LEAST_BUFFER));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits::PING)
        .keep_alive_timeout(limits::PING)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.max_streams)
        .max_pending_accept_reset_streams(limits::MAX_PENDING_RESETS)
        .max_local_error_reset_streams(limits::MAX_ERROR_RESETS);
    builder
}

/// When a connection last had a request in hand.
#[derive(Debug)]
struct Activity {
    made: Instant,
    in_hand: AtomicUsize,
    /// Milliseconds from `made` to the end of the latest request.
    ended: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self { made: Instant::now(), in_hand: AtomicUsize::new(0), ended: AtomicU64::new(0) }
    }

    fn begin(activity: &Arc<Self>) -> Busy {
        activity.in_hand.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(activity))
    }

    fn age(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long the connection may still be idle; `None` if that time is over.
    fn idle_left(&self, limit: Duration) -> Option<Duration> {
        if self.in_hand.load(Ordering::SeqCst) > 0 {
            return Some(limit);
        }
        let idle = Duration::from_millis(self.age().saturating_sub(self.ended.load(Ordering::SeqCst)));
        // Below a millisecond is nothing, as that is how time is kept here.
        limit.checked_sub(idle).filter(|left| *left >= Duration::from_millis(1))
    }
}

/// A request in hand.
#[derive(Debug)]
struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.ended.store(self.0.age(), Ordering::SeqCst);
        self.0.in_hand.fetch_sub(1, Ordering::SeqCst);
    }
}
