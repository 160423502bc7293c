//! The processes that a benchmark starts.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::home::{Home, peak_memory};

/// No process takes longer to start.
const START: Duration = Duration::from_secs(120);

/// A process that runs until it is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// The most memory that it had in use, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        peak_memory(self.0.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// `ringwall serve` once it serves, and what its log says of where.
pub(crate) fn serve(home: &Home, arguments: &[&str]) -> (Process, serde_json::Value) {
    let arguments = [&["serve", "--admin-listen=127.0.0.1:0"], arguments].concat();
    let mut process = home.ringwall(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
    let serving = log.find(|line| line.contains("\"message\":\"serving\"")).unwrap();
    thread::spawn(move || log.for_each(|line| eprintln!("{line}")));
    (Process(process), serde_json::from_str(&serving).unwrap())
}

/// Waits until somebody listens; else `log` is told.
pub(crate) fn wait_for(address: SocketAddr, log: impl Fn() -> String) {
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < START, "it does not start: {}", log());
        thread::sleep(Duration::from_millis(50));
    }
}
