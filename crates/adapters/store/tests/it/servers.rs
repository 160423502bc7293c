//! What a server of PostgreSQL may do to the store.

use sqlx::{AnyConnection, Connection as _};

use crate::server::{Server, database};

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
