use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ringwall_files::PRIVATE;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::message::{Answer, MAX_MESSAGE_BYTES, Order, Refusal};

/// Connections at once. A node starts no more than its 250 pods at a time; who comes later waits in the kernel's queue.
const MAX_CONNECTIONS: usize = 256;

/// How long a question may take to come, and an answer to go.
const TRANSFER: Duration = Duration::from_secs(5);

/// Who answers the plugin.
pub trait Handler: Send + Sync + 'static {
    /// The answer to an order. It may take as long as the plugin waits; it ends when the plugin has hung up.
    fn answer(&self, order: Order) -> impl Future<Output = Answer> + Send;
}

/// Why the socket can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("the socket `{}` can't be listened on: {source}", path.display())]
pub struct SocketError {
    path: PathBuf,
    source: io::Error,
}

/// A socket that is listened on. Its file is removed by the next agent alone: that it is there tells the plugin that there has
/// been one since the node booted.
#[derive(Debug)]
pub struct Listening {
    listener: UnixListener,
}

impl Listening {
    /// Listens, in the place of a file that a former agent left.
    ///
    /// # Errors
    ///
    /// The folder can't be made, or the socket can't be bound.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let failed = |source| SocketError { path: path.to_owned(), source };
        Self::at(path).map_err(failed)
    }

    fn at(path: &Path) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        // Bound beside and moved into place: there is no moment in which others may connect, nor one without a socket.
        let beside = folder.join(format!(".agent.{}.sock", std::process::id()));
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&beside)?;
        fs::set_permissions(&beside, Permissions::from_mode(PRIVATE))?;
        fs::rename(&beside, path)?;
        Ok(Self { listener })
    }

    /// Answers until it is dropped.
    pub async fn serve(self, handler: Arc<impl Handler>) {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let own = rustix::process::geteuid().as_raw();
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection of the CNI plugin is lost");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            // The file's mode says so already; a descriptor that was passed on is no right.
            let peer = stream.peer_cred().map(|peer| peer.uid());
            if !peer.as_ref().is_ok_and(|uid| *uid == 0 || *uid == own) {
                tracing::warn!(?peer, "a process that is not root's speaks to the agent's socket");
                continue;
            }
            let handler = Arc::clone(&handler);
            tokio::spawn(async move {
                if let Err(error) = converse(stream, &*handler).await {
                    tracing::debug!(%error, "the CNI plugin hung up");
                }
                drop(place);
            });
        }
    }
}

/// One question, one answer.
async fn converse(stream: UnixStream, handler: &impl Handler) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read.take(MAX_MESSAGE_BYTES as u64));
    let mut line = Vec::new();
    timeout(TRANSFER, read.read_until(b'\n', &mut line)).await??;
    let answer = match serde_json::from_slice(&line) {
        Ok(order) => {
            // Whoever hung up needs no answer: a plugin that gave up comes again with a new question.
            let mut rest = [0; 1];
            tokio::select! {
                answer = handler.answer(order) => answer,
                _ = read.read(&mut rest) => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
        Err(error) => {
            Answer::Refused(Refusal { code: 6, message: format!("the order can't be read: {error}") })
        }
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    timeout(TRANSFER, write.write_all(&text)).await?
}
