//! The two databases: how each is opened, and the few words in which they differ.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection as _};

use crate::error::StoreError;

/// How long a read waits for a connection: longer, and the caller's caller has gone.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Of a path in an address all is escaped but what parts its folders and what is common in names.
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A database that can be connected to.
#[derive(Clone)]
pub(crate) struct Database {
    options: AnyConnectOptions,
    pub(crate) dialect: Dialect,
}

impl Dialect {
    /// What every connection is told first.
    fn setup(self) -> &'static [&'static str] {
        match self {
            // The timeout comes first, since changing the journal's mode needs a lock. FULL: a commit returns after the
            // log is on the disk. The `fullfsync` ones do the same on macOS, where `fsync` alone does not reach it.
            Self::Sqlite => &[
                "PRAGMA busy_timeout = 10000",
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA fullfsync = ON",
                "PRAGMA checkpoint_fullfsync = ON",
                "PRAGMA journal_size_limit = 67108864",
                "PRAGMA trusted_schema = OFF",
                "PRAGMA cell_size_check = ON",
            ],
            // A commit returns after the log is on the disk, whatever the server's default; a stricter one stays. A
            // replica that stops in a transaction would hold every other one, so the server ends its transaction.
            Self::Postgres => &[
                "SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'",
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
                "SET lock_timeout = '10s'",
                "SET idle_in_transaction_session_timeout = '20s'",
            ],
        }
    }

    /// Begins a transaction that writes.
    pub(crate) fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }
}

impl Database {
    /// Reads the address; a database of SQLite is made when there is none.
    pub(crate) fn find(address: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (scheme, rest) = address.split_once(':').ok_or_else(|| {
            StoreError::BadAddress("it has no `sqlite:` or `postgres:` in front".to_owned())
        })?;
        match scheme {
            "sqlite" => Self::sqlite(rest),
            "postgres" | "postgresql" => Self::postgres(address),
            _ => Err(StoreError::BadAddress(format!("there is no database `{scheme}`"))),
        }
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Result<AnyConnection, sqlx::Error> {
        let mut connection = AnyConnection::connect_with(&self.options).await?;
        set_up(&mut connection, self.dialect).await?;
        Ok(connection)
    }

    /// Connections for reading, made when they are needed.
    pub(crate) fn pool(&self, connections: u32) -> AnyPool {
        let dialect = self.dialect;
        AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A broken connection shows by its error; asking each time would double the cost of a read.
            .test_before_acquire(false)
            .after_connect(move |connection, _| Box::pin(set_up(connection, dialect)))
            .connect_lazy_with(self.options.clone())
    }

    fn sqlite(path: &str) -> Result<Self, StoreError> {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.starts_with(':') || path.contains(['?', '#', '\0']) {
            return Err(StoreError::BadAddress(format!(
                "`{}` is not the path of a file",
                path.escape_debug()
            )));
        }
        let path = make_file(Path::new(path))?;
        let path = path
            .to_str()
            .ok_or_else(|| StoreError::BadAddress(format!("the path `{}` is not UTF-8", path.display())))?;
        let address = format!("sqlite://{}?mode=rw", utf8_percent_encode(path, IN_A_PATH));
        let options = AnyConnectOptions::from_str(&address)
            .map_err(|error| StoreError::BadAddress(error.to_string()))?;
        Ok(Self { options, dialect: Dialect::Sqlite })
    }

    fn postgres(address: &str) -> Result<Self, StoreError> {
        // What the parser says holds no part of the address, which may hold a password.
        let mut options = AnyConnectOptions::from_str(address)
            .map_err(|error| StoreError::BadAddress(error.to_string()))?;
        let url = &mut options.database_url;
        let asked = |names: &[&str]| {
            url.query_pairs()
                .find(|(name, _)| names.contains(&name.as_ref()))
                .map(|(_, value)| value.into_owned())
        };
        let host = asked(&["host", "hostaddr"]).or_else(|| url.host_str().map(str::to_owned));
        if asked(&["sslmode", "ssl-mode"]).is_none() && !host.as_deref().is_none_or(is_local) {
            url.query_pairs_mut().append_pair("sslmode", "verify-full");
        }
        if asked_for_name(url.query()) {
            url.query_pairs_mut().append_pair("application_name", "ringwall");
        }
        Ok(Self { options, dialect: Dialect::Postgres })
    }
}

/// Whether the address leaves it to us under which name the server lists its connections.
fn asked_for_name(query: Option<&str>) -> bool {
    !query.is_some_and(|query| query.contains("application_name="))
}

/// Whether what goes to the host stays on this machine; all else is sent over TLS with the server's name checked, unless
/// the address says otherwise.
fn is_local(host: &str) -> bool {
    host.starts_with('/')
        || host.starts_with("%2F")
        || host.starts_with("%2f")
        || host.eq_ignore_ascii_case("localhost")
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

async fn set_up(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), sqlx::Error> {
    for statement in dialect.setup() {
        sqlx::raw_sql(*statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Makes the file, for its owner alone, in a folder for its owner alone, where there is none yet. SQLite gives its other
/// files the mode of this one. Returns the full path.
fn make_file(path: &Path) -> Result<PathBuf, StoreError> {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => {
            return Err(StoreError::BadAddress(format!("`{}` is not the path of a file", path.display())));
        }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(StoreError::file(folder, "made"))?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            file.sync_all().map_err(StoreError::file(path, "written"))?;
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(StoreError::file(folder, "written"))?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(StoreError::file(path, "made")(error)),
    }
    fs::canonicalize(path).map_err(StoreError::file(path, "opened"))
}
