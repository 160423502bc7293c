//! What people ask of the running service, over a socket that only its owner can open: which findings there are, and what they say of
//! them.
//!
//! One line of JSON asks ([`Ask`]), one line of JSON answers ([`Answer`]), and the connection ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ringwall_detect::finding::Rating;
use ringwall_model::error_chain;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desk::Desk;

/// The socket's name in the service's folder.
pub const SOCKET: &str = "control.sock";

/// Longest question: an id for each finding that may be open.
const MAX_ASK: u64 = 8 << 20;

/// Longest answer that is taken: a finding has some KiB.
const MAX_ANSWER: u64 = 1 << 30;

/// How long one who asks may take, and how long a client waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether the process ends.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What somebody asks.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// The findings.
    List {
        /// Of one cluster.
        #[serde(default)]
        cluster: Option<String>,
        /// Those that are archived too.
        #[serde(default)]
        archived: bool,
        /// These alone.
        #[serde(default)]
        ids: Vec<String>,
    },
    /// To archive findings, or to unarchive them.
    Archive {
        /// Which.
        ids: Vec<String>,
        /// Which of both.
        archived: bool,
    },
    /// To say whether findings were of use.
    Rate {
        /// Which.
        ids: Vec<String>,
        /// Whether they were.
        rating: Rating,
        /// In their words.
        #[serde(default)]
        comment: String,
    },
}

/// What is answered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Findings, the earliest first, in the form of `ringwall detect --output json`.
    Findings(Vec<Value>),
    /// How many findings were marked.
    Marked(usize),
    /// Why it is not done.
    Refused(String),
}

/// Why a service that runs can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// It does not run, or not there.
    #[error("no service answers at `{}` (hint: is `ringwall serve --services audit` running, with the same data-folder?)", path.display())]
    Away {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What it says makes no sense.
    #[error("the service gave no answer")]
    NoAnswer(#[source] std::io::Error),
    /// It does not do it.
    #[error("{0}")]
    Refused(String),
}

/// Asks the service whose folder this is.
///
/// # Errors
///
/// [`ControlError`]: it does not run, or does not do it.
pub fn ask(folder: &Path, ask: &Ask) -> Result<Answer, ControlError> {
    let path = folder.join(SOCKET);
    let away = |source| ControlError::Away { path: path.clone(), source };
    let mut stream = UnixStream::connect(&path).map_err(away)?;
    let mut talk = || -> std::io::Result<Answer> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = Vec::new();
        (&stream).take(MAX_ANSWER).read_to_end(&mut answer)?;
        Ok(serde_json::from_slice(&answer)?)
    };
    match talk().map_err(ControlError::NoAnswer)? {
        Answer::Refused(why) => Err(ControlError::Refused(why)),
        answer => Ok(answer),
    }
}

/// Answers until the process ends.
///
/// # Errors
///
/// The socket or the thread can't be made.
pub(crate) fn serve(
    folder: &Path,
    desk: Arc<Desk>,
    stop: Arc<AtomicBool>,
) -> std::io::Result<thread::JoinHandle<()>> {
    let path = folder.join(SOCKET);
    // One that was left behind: two processes can't have the queues open.
    if let Err(error) = fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    thread::Builder::new().name("control".to_owned()).spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = answer(&stream, &desk) {
                        tracing::debug!(error = error_chain(&error), "somebody who asked went away");
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => thread::sleep(LOOK_EVERY),
                Err(error) => {
                    tracing::warn!(%error, "nobody can ask");
                    thread::sleep(LOOK_EVERY);
                }
            }
        }
        let _ = fs::remove_file(&path);
    })
}

fn answer(stream: &UnixStream, desk: &Desk) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_ASK)).read_until(b'\n', &mut line)?;
    let answer = match serde_json::from_slice::<Ask>(&line) {
        Ok(ask) => desk.answer(&ask),
        Err(error) => Answer::Refused(format!("it is no question: {error}")),
    };
    let mut written = serde_json::to_vec(&answer)?;
    written.push(b'\n');
    let mut stream = stream;
    stream.write_all(&written)
}
