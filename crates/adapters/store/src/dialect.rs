//! The two databases: how each is opened, and the few words in which they differ.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection as _};

use crate::error::StoreError;
use crate::files;

/// How long a read waits for a connection: longer, and the caller's caller has gone.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was used less long ago is taken to work; if it does not, the read is repeated.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

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

    /// Begins a transaction that sees one state of the database from its first read on.
    pub(crate) fn begin_snapshot(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
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
            // Asking a connection each time whether it works would double the cost of a read.
            .test_before_acquire(false)
            .before_acquire(|connection, how| {
                Box::pin(async move {
                    if how.idle_for > TEST_AFTER_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
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
        // SQLite gives its other files the mode of this one.
        let path = files::ensure(Path::new(path))?;
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
            let mut pairs = url.query_pairs();
            pairs.find(|(name, _)| names.contains(&name.as_ref())).map(|(_, value)| value.into_owned())
        };
        let host = asked(&["host", "hostaddr"]).or_else(|| url.host_str().map(str::to_owned));
        let mut more = Vec::new();
        if !host.as_deref().is_none_or(is_local) && asked(&["sslmode", "ssl-mode"]).is_none() {
            more.push(("sslmode", "verify-full"));
        }
        if asked(&["application_name"]).is_none() {
            // Under this name the server lists our connections.
            more.push(("application_name", "ringwall"));
        }
        if !more.is_empty() {
            url.query_pairs_mut().extend_pairs(more);
        }
        Ok(Self { options, dialect: Dialect::Postgres })
    }
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

/// Whether the connection is what failed, so that another one may do.
pub(crate) fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL, Appendix A: class 57, "operator intervention", of which 57P01 to 57P05 end the session.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

async fn set_up(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), sqlx::Error> {
    for statement in dialect.setup() {
        sqlx::raw_sql(*statement).execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(address: &str) -> String {
        Database::find(address).unwrap().options.database_url.into()
    }

    #[test]
    fn what_leaves_the_machine_goes_over_tls_with_the_name_checked() {
        let ours = "application_name=ringwall";
        for (address, added) in [
            ("postgres://db.example.com/ringwall", "?sslmode=verify-full&"),
            ("postgresql://ringwall:secret@10.0.0.7/ringwall", "?sslmode=verify-full&"),
            ("postgres://[2001:db8::1]/ringwall", "?sslmode=verify-full&"),
            ("postgres://localhost/ringwall?host=db.example.com", "&sslmode=verify-full&"),
            ("postgres://db.example.com/ringwall?sslmode=require", "&"),
            ("postgres://localhost/ringwall", "?"),
            ("postgres://127.0.0.1:5433/ringwall", "?"),
            ("postgres://[::1]/ringwall", "?"),
            ("postgres:///ringwall?host=/run/postgresql", "&"),
            ("postgres://%2Frun%2Fpostgresql/ringwall", "?"),
        ] {
            assert_eq!(url(address), format!("{address}{added}{ours}"));
        }
        assert_eq!(
            url("postgres://localhost/a?application_name=x"),
            "postgres://localhost/a?application_name=x"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_a_word_of_it_that_may_be_secret() {
        for address in [
            "",
            "store.db",
            "mysql://localhost/secret",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:store.db?mode=memory",
            "sqlite:/",
            "postgres://u:secret@host:port/db",
        ] {
            let error = Database::find(address).map(|_| ()).unwrap_err();
            assert!(
                matches!(error, StoreError::BadAddress(_) | StoreError::File { .. }),
                "{address}: {error}"
            );
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
            assert!(error.hint().is_some());
        }
    }
}
