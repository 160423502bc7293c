//! Programs of others, for as long as a test runs.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes that works.
pub(crate) const FOREVER: Duration = Duration::from_secs(60);

/// What `cargo xtask test` says where it is.
pub(crate) fn program(variable: &str) -> PathBuf {
    let program = std::env::var_os(variable);
    program.unwrap_or_else(|| panic!("{variable} names the program: run `cargo xtask test`")).into()
}

pub(crate) struct Process(Child);

impl Process {
    /// Starts it, and waits until it listens.
    pub(crate) fn listening(command: &mut Command, address: SocketAddr) -> Self {
        let mut running = Self(command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = running.0.try_wait().unwrap().is_some();
            assert!(!ended && begun.elapsed() < FOREVER, "{}", running.stop());
            thread::sleep(Duration::from_millis(50));
        }
        running
    }

    /// Ends it, and gives what it said.
    pub(crate) fn stop(&mut self) -> String {
        let _ = self.0.kill();
        let mut said = String::new();
        if let Some(mut error) = self.0.stderr.take() {
            error.read_to_string(&mut said).unwrap();
        }
        let _ = self.0.wait();
        said
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address that nobody listens on.
pub(crate) fn free() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}
