//! A real nats-server on loopback, which ends with the test, however that ends.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use ringwall_stream::{Settings, Stream};

/// Runs the server until stdin ends, then ends it by its pid.
const SUPERVISOR: &str = r#"
"$@" >>"$LOG" 2>&1 &
server=$!
echo $server
exec 1>/dev/null 2>/dev/null
cat >/dev/null
kill -KILL $server 2>/dev/null
wait $server
"#;

/// Writes the calls by which something gets to the disk or to a client; as a grandchild, so that the server is the supervisor's child.
const STRACE: [&str; 10] = [
    "strace",
    "-D",
    "-f",
    "-y",
    "-qq",
    "-s",
    "256",
    "--trace=write,writev,pwrite64,fsync,fdatasync",
    "-o",
    "trace",
];

/// Tells which program is the server, where it is not the one in the path.
const PROGRAM: &str = "RINGWALL_NATS_SERVER";

pub(crate) struct Server {
    folder: tempfile::TempDir,
    supervisor: Option<(Child, ChildStdin)>,
    pid: u32,
    port: u16,
    config: String,
    is_traced: bool,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With more lines of its configuration.
    pub(crate) fn with(config: &str) -> Self {
        Self::begin(config, false)
    }

    /// With its calls of the system in the file `trace` of its folder.
    pub(crate) fn traced() -> Self {
        Self::begin("", true)
    }

    fn begin(config: &str, is_traced: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("ringwall-nats-").tempdir().unwrap();
        let mut server =
            Self { folder, supervisor: None, pid: 0, port: 0, config: config.to_owned(), is_traced };
        server.run();
        server
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn address(&self) -> String {
        format!("nats://localhost:{}", self.port)
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            event_bytes: 64 << 20,
            state_bytes: 64 << 20,
            finding_bytes: 64 << 20,
            ttl: std::time::Duration::from_secs(1),
            ..Settings::new(vec![self.address()])
        }
    }

    pub(crate) async fn connect(&self) -> Stream {
        Stream::connect(&self.settings()).await.unwrap()
    }

    /// What a power cut does to the process.
    pub(crate) fn kill(&mut self) {
        let status = Command::new("kill").args(["-KILL", &self.pid.to_string()]).status().unwrap();
        assert!(status.success());
        self.end();
    }

    pub(crate) fn restart(&mut self) {
        self.run();
    }

    fn end(&mut self) {
        if let Some((mut supervisor, stdin)) = self.supervisor.take() {
            drop(stdin);
            supervisor.wait().unwrap();
        }
    }

    fn run(&mut self) {
        let folder = self.folder.path();
        let mut config =
            format!("server_name: test\nhost: 127.0.0.1\nports_file_dir: \"{}\"\n", folder.display());
        writeln!(config, "port: {}", if self.port == 0 { -1 } else { i32::from(self.port) }).unwrap();
        let sync = if can_sync() { "sync_interval: always" } else { "" };
        writeln!(
            config,
            "jetstream {{ store_dir: \"{}\", max_file_store: 4GB\n{sync} }}",
            folder.join("js").display()
        )
        .unwrap();
        config.push_str(&self.config);
        let file = folder.join("nats.conf");
        std::fs::write(&file, config).unwrap();
        for old in ports_files(folder) {
            std::fs::remove_file(old).unwrap();
        }
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "supervisor"])
            .args(self.is_traced.then_some(STRACE).into_iter().flatten())
            .args([&program(), "-c"])
            .arg(&file)
            .current_dir(folder)
            .env("LOG", folder.join("log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = supervisor.stdin.take().unwrap();
        let mut line = String::new();
        BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.pid = line.trim().parse().unwrap();
        self.supervisor = Some((supervisor, stdin));
        self.port = self.wait_for_port();
    }

    fn wait_for_port(&mut self) -> u16 {
        for _ in 0..600 {
            let text = ports_files(self.folder.path()).first().and_then(|file| std::fs::read(file).ok());
            let ports: Option<serde_json::Value> = text.and_then(|text| serde_json::from_slice(&text).ok());
            if let Some(address) = ports.as_ref().and_then(|ports| ports["nats"][0].as_str()) {
                return address.rsplit_once(':').unwrap().1.parse().unwrap();
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!(
            "nats-server did not start:\n{}",
            String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log")).unwrap_or_default())
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn ports_files(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|end| end == "ports")).collect()
}

fn program() -> String {
    std::env::var(PROGRAM).unwrap_or_else(|_| {
        // Debian has it where only root's path leads.
        let debian = "/usr/sbin/nats-server";
        if Path::new(debian).is_file() { debian } else { "nats-server" }.to_owned()
    })
}

/// Whether it can sync before it acknowledges: since 2.10.
pub(crate) fn can_sync() -> bool {
    let output = Command::new(program()).arg("--version").output().unwrap_or_else(|error| {
        panic!("nats-server can't be run: {error} (hint: apt-get install nats-server)")
    });
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, version) = text.trim().rsplit_once('v').unwrap();
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    (parts.next().unwrap(), parts.next().unwrap()) >= (2, 10)
}
