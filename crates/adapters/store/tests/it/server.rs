//! One server of PostgreSQL for all tests of this process, which ends with the process, however that ends.

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

/// A commit is flushed to the disk before it returns, although the server's default is not to.
#[test]
#[ignore = "needs PostgreSQL; cargo xtask test runs it"]
fn a_server_that_does_not_flush_is_told_to() {
    crate::lab::run(async {
        // The server flushes by itself too, but that late.
        let server = Server::start(&["-c", "synchronous_commit=off", "-c", "wal_writer_delay=10s"]);
        let address = server.database().await;
        let store = ringwall_store::Store::open(&address, Default::default()).await.unwrap();
        let mut raw = AnyConnection::connect(&address).await.unwrap();
        let mut flushed = 0;
        for at in 0..5 {
            let mut batch = ringwall_store::Batch::new();
            batch.put(crate::lab::place(&at.to_string()), Vec::new(), ringwall_store::Expect::Any);
            store.commit(batch).await.unwrap();
            let (yes,): (bool,) =
                sqlx::query_as("SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()")
                    .fetch_one(&mut raw)
                    .await
                    .unwrap();
            flushed += u32::from(yes);
        }
        // Now and then the server itself writes something in between.
        assert!(flushed > 0);
        store.close().await;
        raw.close().await.unwrap();
    });
}

/// Connections that the server ends cost no read and no commit.
#[test]
#[ignore = "needs PostgreSQL; cargo xtask test runs it"]
fn connections_that_break_are_made_anew() {
    crate::lab::run(async {
        let address = database().await;
        let store = ringwall_store::Store::open(&address, Default::default()).await.unwrap();
        let mut raw = AnyConnection::connect(&address).await.unwrap();
        for at in 0..10 {
            let mut batch = ringwall_store::Batch::new();
            let place = crate::lab::place(&at.to_string());
            batch.put(place.clone(), Vec::new(), ringwall_store::Expect::Absent);
            store.commit(batch).await.unwrap();
            assert!(store.get(&place).await.unwrap().is_some());
            sqlx::raw_sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .execute(&mut raw)
            .await
            .unwrap();
        }
        store.close().await;
        raw.close().await.unwrap();
    });
}

/// Memory that can't be checked against the database any more answers no more.
#[test]
#[ignore = "needs PostgreSQL; cargo xtask test runs it"]
fn memory_ends_when_the_database_is_gone() {
    crate::lab::run(async {
        let server = Server::start(&["-c", "fsync=off"]);
        let options =
            ringwall_store::Options { poll: std::time::Duration::from_millis(10), ..Default::default() };
        let store = ringwall_store::Store::open(&server.database().await, options).await.unwrap();
        let table: ringwall_store::Table<u8> = ringwall_store::Table::new(&store, crate::lab::KIND);
        crate::records::put(&store, "a", b"1", ringwall_store::Expect::Absent).await.unwrap();
        let get = || table.get(crate::lab::ACCOUNT, "", "a");
        assert_eq!(get().await.unwrap().unwrap().value, 1);
        drop(server);
        // A short break is no reason to stop, so it may answer for a while.
        while get().await.is_ok() {
            tokio::time::sleep(options.poll).await;
        }
        let lost = crate::records::put(&store, "a", b"2", ringwall_store::Expect::Any).await;
        assert!(matches!(lost, Err(ringwall_store::StoreError::Database { .. })), "{lost:?}");
    });
}
