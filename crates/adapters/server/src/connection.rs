//! One connection: handshake, requests, end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::exchange::{self, Behind};
use crate::lifetime::{Activity, Patience, Phase, live};
use crate::limits::{self, Limits};
use crate::listener::Shared;
use crate::tls::TlsInfo;

/// hyper wants room for at least this much.
const LEAST_BUFFER: usize = 8 * 1024;

/// How long a connection that was asked to end may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(5);

/// Serves a TCP connection to its end.
pub(crate) async fn serve<B: Behind>(
    shared: Arc<Shared<B>>,
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
async fn exchange<B: Behind, S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    shared: &Arc<Shared<B>>,
    stream: S,
    from: exchange::From,
    phase: watch::Receiver<Phase>,
) {
    let peer = from.peer;
    let limits = shared.limits.load_full();
    let activity = Activity::new();
    let service = service_fn(|request| {
        let (shared, from, busy) = (Arc::clone(shared), from.clone(), Activity::begin(&activity));
        let activity = Arc::clone(&activity);
        async move {
            let answer = exchange::answer(&shared, from, activity, request).await;
            drop(busy);
            Ok::<_, Infallible>(answer)
        }
    });
    let builder = builder::<B>(&limits);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let patience = Patience { idle: limits.idle, good_bye: GOOD_BYE };
    if let Err(error) =
        live(connection.as_mut(), |it| it.graceful_shutdown(), &activity, patience, phase).await
    {
        tracing::debug!(%peer, %error, "the connection broke");
    }
}

fn builder<B: Behind>(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_headers(limits.max_headers)
        .max_buf_size(limits.max_header_bytes.max(LEAST_BUFFER).max(B::PIECE));
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(B::WINDOW)
        .initial_connection_window_size(B::WINDOW.map(|window| window.saturating_mul(2)))
        .keep_alive_interval(limits::PING)
        .keep_alive_timeout(limits::PING)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.max_streams)
        .max_pending_accept_reset_streams(limits::MAX_PENDING_RESETS)
        .max_local_error_reset_streams(limits::MAX_ERROR_RESETS);
    builder
}
