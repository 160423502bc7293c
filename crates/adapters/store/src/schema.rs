//! The tables, and the numbered steps by which an older database comes to them.

use sqlx::{AnyConnection, Connection as _, Row as _};

use crate::dialect::Dialect;
use crate::error::StoreError;

/// The schema that this version reads and writes.
pub(crate) const SCHEMA: i64 = STEPS.len() as i64;

/// What makes one schema of the one before; only ever added to.
struct Step {
    sqlite: &'static [&'static str],
    postgres: &'static [&'static str],
}

/// `ringwall_meta` has one row, and is the one table that is there before the first step. Its row is what writers hold
/// each other off by.
const META: &str =
    "CREATE TABLE IF NOT EXISTS ringwall_meta (schema BIGINT NOT NULL, generation BIGINT NOT NULL)";

const STEPS: &[Step] = &[
    Step {
        sqlite: &["CREATE TABLE ringwall_records (
            kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
            body BLOB NOT NULL, revision BIGINT NOT NULL, deleted BIGINT NOT NULL,
            PRIMARY KEY (kind, account, region, name))"],
        postgres: &["CREATE TABLE ringwall_records (
            kind TEXT COLLATE \"C\" NOT NULL, account TEXT COLLATE \"C\" NOT NULL,
            region TEXT COLLATE \"C\" NOT NULL, name TEXT COLLATE \"C\" NOT NULL,
            body BYTEA NOT NULL, revision BIGINT NOT NULL, deleted BIGINT NOT NULL,
            PRIMARY KEY (kind, account, region, name))"],
    },
    // Other processes find what changed by its revision; `pruned` tells those that come too late for a deletion.
    Step {
        sqlite: &[
            "ALTER TABLE ringwall_meta ADD COLUMN pruned BIGINT NOT NULL DEFAULT 0",
            "CREATE INDEX ringwall_records_revision ON ringwall_records (revision)",
        ],
        postgres: &[
            "ALTER TABLE ringwall_meta ADD COLUMN pruned BIGINT NOT NULL DEFAULT 0",
            "CREATE INDEX ringwall_records_revision ON ringwall_records (revision)",
        ],
    },
];

/// Brings the database to [`SCHEMA`], whole or not at all.
///
/// # Errors
///
/// [`StoreError::Newer`] if the database is past it.
pub(crate) async fn migrate(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), StoreError> {
    let failed = StoreError::database;
    let mut transaction =
        connection.begin_with(dialect.begin_write()).await.map_err(failed("begin a migration"))?;
    if dialect == Dialect::Postgres {
        // Two replicas that start at once would both make the tables. The number is of no meaning but ours.
        sqlx::raw_sql("SELECT pg_advisory_xact_lock(7018142519)")
            .execute(&mut *transaction)
            .await
            .map_err(failed("wait for another migration"))?;
    }
    sqlx::raw_sql(META).execute(&mut *transaction).await.map_err(failed("make its tables"))?;
    let row = sqlx::query("SELECT schema FROM ringwall_meta")
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed("tell its schema"))?;
    let found: i64 = match row {
        Some(row) => row.try_get(0).map_err(failed("tell its schema"))?,
        None => {
            sqlx::raw_sql("INSERT INTO ringwall_meta (schema, generation) VALUES (0, 0)")
                .execute(&mut *transaction)
                .await
                .map_err(failed("make its tables"))?;
            0
        }
    };
    if found > SCHEMA {
        return Err(StoreError::Newer { found, known: SCHEMA });
    }
    if found < SCHEMA {
        let done = usize::try_from(found).unwrap_or_default();
        for step in STEPS.iter().skip(done) {
            let statements = match dialect {
                Dialect::Sqlite => step.sqlite,
                Dialect::Postgres => step.postgres,
            };
            for statement in statements {
                sqlx::raw_sql(*statement)
                    .execute(&mut *transaction)
                    .await
                    .map_err(failed("migrate to this version's schema"))?;
            }
        }
        sqlx::query("UPDATE ringwall_meta SET schema = $1")
            .bind(SCHEMA)
            .execute(&mut *transaction)
            .await
            .map_err(failed("migrate to this version's schema"))?;
        tracing::info!(from = found, to = SCHEMA, "migrated the store");
    }
    transaction.commit().await.map_err(failed("migrate to this version's schema"))
}
