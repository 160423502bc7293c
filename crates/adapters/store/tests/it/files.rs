//! The files of SQLite.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ringwall_store::{Expect, Options, Store, StoreError};

use crate::lab::{Lab, place, run};
use crate::records::put;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn are_for_their_owner_alone() {
    run(async {
        let lab = Lab::sqlite();
        let store = lab.store().await;
        put(&store, "a", b"1", Expect::Absent).await.unwrap();
        assert_eq!(mode(&lab.path("data")), 0o700);
        let files: Vec<_> =
            std::fs::read_dir(lab.path("data")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 3, "{files:?}");
        assert!(files.iter().all(|file| mode(file) == 0o600));
        store.close().await;
        assert_eq!(
            std::fs::read_dir(lab.path("data")).unwrap().count(),
            1,
            "closing leaves the database alone"
        );
    });
}

#[test]
fn may_have_any_name() {
    run(async {
        let lab = Lab::sqlite();
        for name in ["a b", "100%41", "\u{e9}&=;", "sqlite:x", "a+b"] {
            let path = lab.path(name);
            for slashes in ["", "//"] {
                let address = format!("sqlite:{slashes}{}", path.display());
                let store = Store::open(&address, Options::default()).await.unwrap();
                put(&store, "a", name.as_bytes(), Expect::Any).await.unwrap();
                assert_eq!(store.get(&place("a")).await.unwrap().unwrap().body, name.as_bytes());
                store.close().await;
                assert!(path.is_file(), "{name}");
            }
        }
        assert_eq!(std::fs::read_dir(lab.folder()).unwrap().count(), 5);
    });
}

#[test]
fn that_are_no_database_are_refused() {
    run(async {
        let lab = Lab::sqlite();
        let path = lab.path("notes.txt");
        std::fs::write(&path, "what somebody wrote down, more than a page of it. ".repeat(100)).unwrap();
        let before = std::fs::read(&path).unwrap();
        let address = format!("sqlite:{}", path.display());
        let error = Store::open(&address, Options::default()).await.unwrap_err();
        assert!(matches!(error, StoreError::Database { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    });
}

/// Another process that holds the database is waited for, and then told.
#[test]
fn that_another_process_holds_are_told_as_busy() {
    run(async {
        let lab = Lab::sqlite();
        let store = lab.store().await;
        let raw = lab.raw().await;
        let mut held = raw.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::raw_sql("UPDATE ringwall_meta SET generation = generation").execute(&mut *held).await.unwrap();
        let waiting = tokio::spawn({
            let store = store.clone();
            async move { put(&store, "a", b"1", Expect::Absent).await }
        });
        // Reads go on meanwhile.
        assert_eq!(store.get(&place("a")).await.unwrap(), None);
        let error = waiting.await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Busy), "{error:?}");
        held.rollback().await.unwrap();
        put(&store, "a", b"1", Expect::Absent).await.unwrap();
    });
}
