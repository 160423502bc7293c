use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ringwall_server::{
    Drained, Handler, Head, Limits, Live, Metrics, Refusal, Request, Response, Server, Tls, live,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// What no test waits longer for: reached only by a bug.
pub(crate) const FOREVER: Duration = Duration::from_secs(20);

/// Short enough for tests to wait for, long enough for a request on a busy machine.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// Says back what it got. `/wait` waits until it is let go, `/panic` panics.
pub(crate) struct Echo {
    /// Lets one `/wait` go for each permit.
    pub(crate) let_go: Semaphore,
    pub(crate) begun: AtomicUsize,
    pub(crate) finished: AtomicUsize,
}

impl Handler for Echo {
    async fn handle(&self, request: Request) -> Response {
        self.begun.fetch_add(1, Ordering::SeqCst);
        match request.head.path.as_str() {
            "/wait" => self.let_go.acquire().await.unwrap().forget(),
            "/panic" => panic!("as asked"),
            _ => {}
        }
        self.finished.fetch_add(1, Ordering::SeqCst);
        let Head { method, path, query, headers, version, tls, .. } = &*request.head;
        let tls = tls.as_ref().map(|tls| (tls.version, tls.cipher_suite, tls.client.is_some()));
        let body = String::from_utf8_lossy(&request.body);
        let text = format!("{method} {path} {query:?} {version:?} {tls:?} {headers:?} body={body}");
        Response::text(http::StatusCode::OK, &text)
    }

    fn refuse(&self, head: &Head, refusal: Refusal) -> Response {
        Response::text(refusal.status(), &format!("shaped {} {refusal}", head.path))
    }
}

/// A listener that serves until it is stopped.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) echo: Arc<Echo>,
    pub(crate) limits: Live<Limits>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Drained>,
}

impl Serving {
    pub(crate) fn with(limits: Limits) -> Self {
        Self::over(limits, None)
    }

    pub(crate) fn over(limits: Limits, tls: Option<Arc<Tls>>) -> Self {
        let echo = Arc::new(Echo {
            let_go: Semaphore::new(0),
            begun: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
        });
        let limits = live(limits);
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(anywhere, tls, Arc::clone(&limits), Metrics::default()).unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server.serve(Arc::clone(&echo), async {
            let _ = stopped.await;
        }));
        Self { address, echo, limits, stop, served }
    }

    /// Asks it to end; the handle tells how it did.
    pub(crate) fn stop(self) -> JoinHandle<Drained> {
        self.stop.send(()).unwrap();
        self.served
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own, and reads until the server ends it.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The server may have refused already and closed; what it said is then still to be read.
        let _ = stream.write_all(bytes.as_ref()).await;
        rest(&mut stream).await
    }

    /// Waits until so many requests have reached the handler.
    pub(crate) async fn begun(&self, count: usize) {
        until(|| self.echo.begun.load(Ordering::SeqCst) >= count).await;
    }
}

/// Reads until the other side ends.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let read = async {
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            bytes.extend_from_slice(&buffer[..length]);
        }
    };
    tokio::time::timeout(FOREVER, read).await.expect("the server keeps the connection open");
    String::from_utf8(bytes).unwrap()
}

pub(crate) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(FOREVER, wait).await.expect("it never comes");
}
