//! An apiserver of a few lines: whatever a test wants is answered, as bytes on a socket.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ringwall_kubernetes::{Cluster, Source};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What a request is answered with.
pub(crate) enum Reply {
    /// A whole answer.
    Json(u16, String),
    /// Lines of a watch as they are sent; it ends with the channel.
    Watch(mpsc::UnboundedReceiver<String>),
    /// Nothing, ever.
    Silence,
    /// A body without an end.
    Endless(&'static str),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    /// A parameter of the query, as it is escaped.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// It listens for as long as it lives, and drops its connections with it.
pub(crate) struct Fake {
    pub(crate) port: u16,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl Fake {
    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::on(0, script).await
    }

    /// Listens on a port; one that was just used takes a moment.
    pub(crate) async fn on(port: u16, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = loop {
            match TcpListener::bind(("127.0.0.1", port)).await {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && port != 0 => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                listener => break listener.unwrap(),
            }
        };
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, seen): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&asked));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                connections.spawn(async move {
                    // A client that goes away is no matter.
                    let _ = serve(stream, &*script, &seen).await;
                });
            }
        });
        Self { port, asked, _tasks: tasks }
    }

    pub(crate) async fn cluster(&self) -> Cluster {
        cluster(self.port).await
    }

    /// Requests of a kind so far.
    pub(crate) fn count(&self, wanted: impl Fn(&Asked) -> bool) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| wanted(asked)).count()
    }
}

/// A client of a port, whoever listens there.
pub(crate) async fn cluster(port: u16) -> Cluster {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("kubeconfig");
    write_kubeconfig(&path, port, r#"{"token": "let-me-in"}"#);
    Cluster::connect(&Source::Kubeconfig { path: Some(path), context: None }).await.unwrap()
}

pub(crate) fn write_kubeconfig(path: &Path, port: u16, user: &str) {
    let text = format!(
        r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{{"name": "k", "cluster": {{"server": "http://127.0.0.1:{port}"}}}}],
            "contexts": [{{"name": "c", "context": {{"cluster": "k", "user": "u"}}}}],
            "users": [{{"name": "u", "user": {user}}}]}}"#
    );
    std::fs::write(path, text).unwrap();
}

async fn serve(mut stream: TcpStream, script: &Script, seen: &Mutex<Vec<Asked>>) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some(asked) = read(&mut stream, &mut buffer).await? else { return Ok(()) };
        seen.lock().unwrap().push(asked.clone());
        match script(&asked) {
            Reply::Silence => std::future::pending().await,
            Reply::Json(status, body) => {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
                );
                // At once: a second write would wait for the first one's acknowledgement.
                stream.write_all((head + &body).as_bytes()).await?;
            }
            Reply::Watch(mut lines) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
                while let Some(line) = lines.recv().await {
                    stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await?;
                }
                stream.write_all(b"0\r\n\r\n").await?;
            }
            Reply::Endless(text) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
                let text = text.repeat(64 << 10);
                loop {
                    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await?;
                }
            }
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Asked>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(buffer.get(..end).unwrap()).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let length: usize = length.map_or(0, |text| text.trim().parse().unwrap());
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = String::from_utf8_lossy(buffer.get(end..end + length).unwrap()).into_owned();
    buffer.drain(..end + length);
    let mut words = head.split(' ').map(str::to_owned);
    Ok(Some(Asked { method: words.next().unwrap(), target: words.next().unwrap(), head, body }))
}
