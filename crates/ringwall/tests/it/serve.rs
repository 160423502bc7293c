//! `serve`: the real process, its listeners, its signals.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::installation::Home;

/// What no test waits longer for: reached only by a bug.
const FOREVER: Duration = Duration::from_secs(60);

/// A server that runs, with its log read line by line.
pub(crate) struct Running {
    pub(crate) child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts it on free ports and waits until it serves.
    pub(crate) fn start(home: &Home, arguments: &str) -> Self {
        let arguments = format!("serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 {arguments}");
        Self::run(&mut home.command(&arguments))
    }

    /// Starts a command that logs, and waits until it serves.
    pub(crate) fn run(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in stderr.lines() {
                    let line = line.unwrap();
                    let value = serde_json::from_str(&line).unwrap_or_else(|_| Value::String(line));
                    log.lock().unwrap().push(value);
                }
            }
        });
        let running = Self { child, log, reader: Some(reader) };
        running.wait_for("serving");
        running
    }

    /// Waits for a line of the log.
    pub(crate) fn wait_for(&self, message: &str) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.log().into_iter().find(|line| line["message"] == message);
            if let Some(line) = found {
                return line;
            }
            assert!(begun.elapsed() < FOREVER, "no `{message}` in {:#?}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn log(&self) -> Vec<Value> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn address(&self, of: &str) -> SocketAddr {
        self.wait_for("serving");
        let said = self.log().iter().find_map(|line| line[of].as_str()?.parse().ok());
        said.unwrap_or_else(|| panic!("no {of} in {:#?}", self.log()))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<Value>) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status, self.log())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed must not leave it behind; one that has ended takes no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request over plain HTTP and reads the answer to its end.
pub(crate) fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(FOREVER)).unwrap();
    let request =
        request.replacen(" HTTP/1.1\r\n", " HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1\r\n\r\n"))
}

#[test]
fn it_serves_tells_its_health_and_ends() {
    let (home, _) = Home::installed();
    let running = Running::start(&home, "--tls-mode off");
    let (address, admin) = (running.address("address"), running.address("admin"));
    assert!(address.ip().is_loopback() && admin.ip().is_loopback());
    let said = get(address, "/?Action=GetCallerIdentity&Version=2011-06-15");
    assert!(
        said.starts_with("HTTP/1.1 403 ") && said.contains("<Code>MissingAuthenticationToken</Code>"),
        "{said}"
    );
    assert!(get(admin, "/healthz").starts_with("HTTP/1.1 200 "));
    assert!(get(admin, "/readyz").starts_with("HTTP/1.1 200 "));
    let metrics = get(admin, "/metrics");
    assert!(
        metrics.contains(
            "operation=\"GetCallerIdentity\",code=\"MissingAuthenticationToken\",status=\"403\"} 1"
        )
    );
    running.signal(Signal::TERM);
    let (status, log) = running.end();
    assert!(status.success());
    assert_eq!(log.last().unwrap()["message"], "stopped");
}

#[test]
fn its_own_authority_is_made_at_the_first_start() {
    let (home, _) = Home::installed();
    let running = Running::start(&home, "");
    assert!(home.path(".local/share/ringwall/tls/ca.pem").exists());
    // Plain HTTP is not spoken there.
    let mut stream = TcpStream::connect(running.address("address")).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    running.signal(Signal::INT);
    assert!(running.end().0.success());
}

#[test]
#[cfg(target_os = "linux")]
fn no_core_can_be_written() {
    let (home, _) = Home::installed();
    let running = Running::start(&home, "--tls-mode off");
    let limits = fs::read(format!("/proc/{}/limits", running.child.id())).unwrap();
    let limits = String::from_utf8(limits).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(
        core.split_whitespace().collect::<Vec<_>>(),
        ["Max", "core", "file", "size", "0", "0", "bytes"]
    );
}

/// Even at `trace` nothing that a request proves itself with is logged.
#[test]
fn no_secret_is_logged() {
    let (home, _) = Home::installed();
    let running = Running::start(&home, "--tls-mode off --log-level trace");
    let address = running.address("address");
    let planted = "PLANTED";
    let headers = format!("authorization: AWS4-HMAC-SHA256 {planted}\r\nx-amz-security-token: {planted}\r\n");
    ask(address, &format!("GET /?X-Amz-Signature={planted} HTTP/1.1\r\n{headers}\r\n"));
    ask(address, &format!("POST / HTTP/1.1\r\n{headers}content-length: 7\r\n\r\n{planted}"));
    running.signal(Signal::TERM);
    let (_, log) = running.end();
    let log = format!("{log:?}");
    assert!(log.contains("answered"), "{log}");
    assert!(!log.contains(planted) && !log.contains(&home.secret()), "{log}");
}

#[test]
fn settings_are_read_again_and_bad_ones_refused() {
    let (home, _) = Home::installed();
    let file = home.path("ringwall.toml");
    fs::write(&file, "[limits]\nmax-body-bytes = \"1KiB\"\n").unwrap();
    let running = Running::start(&home, "--tls-mode off --config ringwall.toml");
    let address = running.address("address");
    let post =
        || ask(address, &format!("POST / HTTP/1.1\r\ncontent-length: 2000\r\n\r\n{}", "x".repeat(2000)));
    assert!(post().starts_with("HTTP/1.1 413 "));

    fs::write(&file, "[limits]\nmax-body-bytes = \"1KiB\"\nmax-bodies = 1\n").unwrap();
    running.signal(Signal::HUP);
    let refused = running.wait_for("the new settings are refused, the old ones stay");
    assert!(
        refused["error"].as_str().unwrap().ends_with(":3: there is no setting `limits.max-bodies`"),
        "{refused}"
    );
    assert!(post().starts_with("HTTP/1.1 413 "));

    fs::write(&file, "region = \"eu-west-1\"\n[limits]\nmax-body-bytes = \"2KiB\"\n").unwrap();
    running.signal(Signal::HUP);
    assert_eq!(running.wait_for("the setting changed")["setting"], "limits.max-body-bytes");
    let restart = running.wait_for("the setting changed, and needs a restart to take effect");
    assert_eq!(restart["setting"], "region");
    assert!(!post().starts_with("HTTP/1.1 413 "));
}

/// A request that came before the signal is answered after it.
#[test]
fn requests_in_hand_are_finished() {
    let (home, _) = Home::installed();
    let running = Running::start(&home, "--tls-mode off");
    let mut stream = TcpStream::connect(running.address("address")).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nab").unwrap();
    // The request is in hand once its metric says so.
    let begun = Instant::now();
    let admin = running.address("admin");
    while !get(admin, "/metrics").contains("ringwall_requests_in_flight{listener=\"aws\"} 1") {
        assert!(begun.elapsed() < FOREVER);
    }
    running.signal(Signal::TERM);
    running.wait_for("stopping: requests in hand are finished");
    assert!(get(admin, "/readyz").starts_with("HTTP/1.1 503 "));
    stream.write_all(b"cde").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 "), "{said}");
    let (status, log) = running.end();
    assert!(status.success());
    assert_eq!(log.last().unwrap()["message"], "stopped");
}

#[test]
fn what_is_wrong_is_told_at_the_start() {
    let (home, _) = Home::installed();
    let said = home.run("serve --listen 0.0.0.0:0 --tls-mode off");
    assert_eq!(said.status, 2);
    assert!(said.stderr.starts_with("error: `tls.mode` is off, and `listen` is 0.0.0.0:0"), "{said:?}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let said = home.run(&format!("serve --listen {}", taken.local_addr().unwrap()));
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("can't be listened on: "), "{said:?}");
    assert!(said.stderr.contains(" hint: another program listens there; choose another port\n"), "{said:?}");
    let said = home.run("serve --config nowhere.toml");
    assert!(said.stderr.starts_with("error: `nowhere.toml` can't be read: "), "{said:?}");
}

#[test]
fn the_settings_in_force_are_printed() {
    let home = Home::new();
    fs::create_dir_all(home.path(".config/ringwall")).unwrap();
    fs::write(home.path(".config/ringwall/ringwall.toml"), "\nregion = 'eu-west-1'\n").unwrap();
    let output = home
        .command("serve --print-config --log-level debug")
        .env("RINGWALL_STORE", "postgres://ringwall:hunter2@db/ringwall")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let home = home.path("").display().to_string();
    for line in [
        "store = \"postgres://ringwall:REDACTED@db/ringwall\"  # RINGWALL_STORE".to_owned(),
        format!("region = \"eu-west-1\"  # {home}.config/ringwall/ringwall.toml:2"),
        "level = \"debug\"  # --log-level".to_owned(),
        "listen = \"127.0.0.1:7443\"  # default".to_owned(),
    ] {
        assert!(said.lines().any(|found| found == line), "{line} is not in {said}");
    }
}
