//! One server of PostgreSQL for all tests of this process, which ends with the process, however that ends. The registry's tests
//! have this file too.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, Connection as _};

/// Makes a cluster, runs the server on it until its stdin ends, stops it by its pid and removes the folder. Names are
/// ordered by the rules of a language, so that a test sees whether the store orders them bytewise.
const SUPERVISOR: &str = r#"
set -eu
folder=$1; bin=$2; shift 2
trap 'rm -rf "$folder"' EXIT
"$bin/initdb" --pgdata="$folder/data" --username=ringwall --auth=trust --encoding=UTF8 --no-sync \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=en >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log"; exit 1; }
"$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=300 "$@" >"$folder/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
    if [ -S "$folder/.s.PGSQL.5432" ] && "$bin/pg_isready" -q -h "$folder"; then break; fi
    kill -0 $server || { cat "$folder/server.log"; exit 1; }
    sleep 0.1
done
echo ready
exec 1>/dev/null
cat >/dev/null
kill -INT $server
wait $server || true
"#;

/// A running server; it stops when this is dropped.
pub(crate) struct Server {
    folder: PathBuf,
    supervisor: Child,
    stdin: Option<ChildStdin>,
}

impl Server {
    /// Starts a server with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let bin = binaries();
        let folder = tempfile::Builder::new().prefix("ringwall-pg-").tempdir().unwrap().keep();
        let root = run("id", &["-u"]) == "0";
        let mut command = if root {
            // The server refuses to run as root.
            run("chown", &["postgres:", folder.to_str().unwrap()]);
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut supervisor = command
            .args(["-c", SUPERVISOR, "supervisor"])
            .args([&folder, &bin])
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        supervisor.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "ready\n", "the server of PostgreSQL did not start");
        let stdin = supervisor.stdin.take();
        Self { folder, supervisor, stdin }
    }

    /// The address of a database of this name.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("postgres://ringwall@localhost/{database}?host={}", self.folder.display())
    }

    /// A new, empty database.
    pub(crate) async fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.address("postgres")).await.unwrap();
        // Templates are copied one at a time.
        let create = format!("SELECT pg_advisory_lock(1); CREATE DATABASE {name}");
        for statement in create.split("; ") {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        self.address(&name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.supervisor.wait().unwrap();
    }
}

/// A new, empty database on the server of all tests.
pub(crate) async fn database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    // Nobody drops this: the end of the process closes the supervisor's stdin.
    SERVER.get_or_init(|| Server::start(&["-c", "fsync=off"])).database().await
}

/// Debian keeps the server's programs out of the path.
fn binaries() -> PathBuf {
    let versions = Path::new("/usr/lib/postgresql");
    let mut found: Vec<PathBuf> = std::fs::read_dir(versions)
        .map(|entries| entries.map(|entry| entry.unwrap().path().join("bin")).collect())
        .unwrap_or_default();
    found.retain(|bin| bin.join("initdb").is_file());
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(run("pg_config", &["--bindir"])))
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
