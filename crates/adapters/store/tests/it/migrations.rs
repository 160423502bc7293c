//! Databases of other versions.

use ringwall_store::{Expect, Options, Scan, Store, StoreError};
use sqlx::AnyPool;

use crate::lab::{ACCOUNT, KIND, Lab, place};
use crate::records::{delete, put};

/// A database as schema 1 has it: its tables word for word, with three records of which one is deleted. This text never
/// changes.
async fn make_schema_1(raw: &AnyPool, is_postgres: bool) {
    let (text, bytes) = if is_postgres { ("TEXT COLLATE \"C\"", "BYTEA") } else { ("TEXT", "BLOB") };
    let statements = [
        "CREATE TABLE ringwall_meta (schema BIGINT NOT NULL, generation BIGINT NOT NULL)".to_owned(),
        format!(
            "CREATE TABLE ringwall_records (
             kind {text} NOT NULL, account {text} NOT NULL, region {text} NOT NULL, name {text} NOT NULL,
             body {bytes} NOT NULL, revision BIGINT NOT NULL, deleted BIGINT NOT NULL,
             PRIMARY KEY (kind, account, region, name))"
        ),
        "INSERT INTO ringwall_meta (schema, generation) VALUES (1, 3)".to_owned(),
    ];
    for statement in statements {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(raw).await.unwrap();
    }
    for (name, body, revision, deleted) in [("a", "one", 1, 0), ("b", "", 2, 1), ("c", "three", 3, 0)] {
        sqlx::query("INSERT INTO ringwall_records VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(KIND)
            .bind(ACCOUNT)
            .bind("")
            .bind(name)
            .bind(body.as_bytes())
            .bind(i64::from(revision))
            .bind(i64::from(deleted))
            .execute(raw)
            .await
            .unwrap();
    }
}

async fn schema(raw: &AnyPool) -> i64 {
    sqlx::query_as::<_, (i64,)>("SELECT schema FROM ringwall_meta").fetch_one(raw).await.unwrap().0
}

pub(crate) async fn an_older_database_is_migrated(lab: &Lab) {
    let raw = lab.raw().await;
    make_schema_1(&raw, lab.is_postgres()).await;
    for _ in 0..2 {
        let store = lab.store().await;
        assert_eq!(schema(&raw).await, 2);
        let records = store.scan(ACCOUNT, "", KIND, Scan::default()).await.unwrap();
        let found: Vec<_> =
            records.iter().map(|record| (&*record.place.name, &*record.body, record.revision)).collect();
        assert_eq!(found, [("a", &b"one"[..], 1), ("c", &b"three"[..], 3)]);
        assert_eq!(store.generation().await.unwrap(), 3);
        store.close().await;
    }
    let store = lab.store().await;
    assert_eq!(put(&store, "b", b"two", Expect::Absent).await.unwrap(), 4);
    assert_eq!(delete(&store, "a", Expect::Revision(1)).await.unwrap(), 5);
    // What only the newer schema has is in use: another process finds both changes.
    let other = lab.deaf_store().await;
    let mut changes = other.subscribe();
    put(&store, "c", b"3", Expect::Revision(3)).await.unwrap();
    other.refresh().await.unwrap();
    assert_eq!(changes.next().await, Some(ringwall_store::Changed::Places([place("c")].into())));
}

pub(crate) async fn a_newer_database_is_refused(lab: &Lab) {
    let raw = lab.raw().await;
    lab.store().await.close().await;
    sqlx::raw_sql("UPDATE ringwall_meta SET schema = 99").execute(&raw).await.unwrap();
    let error = Store::open(&lab.address, Options::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: 2 }), "{error}");
    assert_eq!(error.to_string(), "the database has schema 99, and this version knows schemas up to 2");
    assert!(error.hint().unwrap().contains("restore the backup"));
    assert_eq!(schema(&raw).await, 99);
}

pub(crate) async fn many_open_a_new_database_at_once(lab: &Lab) {
    let opens: Vec<_> = (0..6)
        .map(|at| {
            let address = lab.address.clone();
            tokio::spawn(async move {
                let store = Store::open(&address, Options::default()).await.unwrap();
                put(&store, &at.to_string(), b"", Expect::Absent).await.unwrap();
                store.close().await;
            })
        })
        .collect();
    for open in opens {
        open.await.unwrap();
    }
    let store = lab.store().await;
    assert_eq!(store.generation().await.unwrap(), 6);
    assert_eq!(store.scan(ACCOUNT, "", KIND, Scan::default()).await.unwrap().len(), 6);
}
