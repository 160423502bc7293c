//! The moment between the collector's two looks, made as long as it takes: what a push does there, in each order.

use std::time::Duration;

use ringwall_oci::OciError;
use ringwall_store::{Batch, Expect, Options, Place, Store};

use crate::lab::{ACCOUNT, Lab, bytes, manifest, push, push_blob, read, repository, run};

/// Marks a record as the collector does, and returns the revision of the mark.
async fn mark(store: &Store, kind: &str, name: &str) -> i64 {
    let place = Place::new(ACCOUNT, "", kind, name);
    let record = store.get(&place).await.unwrap().unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&record.body).unwrap();
    value["condemned"] = true.into();
    let mut batch = Batch::new();
    batch.put(place, serde_json::to_vec(&value).unwrap(), Expect::Revision(record.revision));
    store.commit(batch).await.unwrap()
}

/// Deletes it as the collector does after its second look, if the mark is still there.
async fn sweep(store: &Store, kind: &str, name: &str, mark: i64) -> bool {
    let mut batch = Batch::new();
    batch.delete(Place::new(ACCOUNT, "", kind, name), Expect::Revision(mark));
    store.commit(batch).await.is_ok()
}

/// The push is a replica's which has not heard of the mark.
#[test]
fn a_push_after_the_mark_keeps_the_blob_or_is_told_that_it_is_gone() {
    run(async {
        let lab = Lab::new();
        let hour = Duration::from_secs(3_600);
        let address = format!("sqlite:{}", lab.path("store.db").display());
        let registry = lab.open_with(lab.settings(), hour).await;
        let store = Store::open(&address, Options::default()).await.unwrap();
        let key = repository(&registry, "app").await;
        let id = registry.repository(&key).await.unwrap().unwrap().id;
        for is_pushed_before_the_sweep in [true, false] {
            let blob = bytes(u64::from(is_pushed_before_the_sweep), 1_000);
            let digest = push_blob(&registry, &key, &blob).await;
            let name = format!("{id}@{digest}");
            assert!(registry.stat_blob(&key, &digest).await.unwrap().is_some());
            let marked = mark(&store, "oci/link", &name).await;
            let manifest = manifest((&digest, 1_000), &[]);
            if is_pushed_before_the_sweep {
                registry.push_manifest(&key, push(&manifest, &["a"])).await.unwrap();
                assert!(!sweep(&store, "oci/link", &name, marked).await, "an image's blob is taken");
                assert!(read(&registry, &key, &digest, None).await.unwrap() == blob);
            } else {
                assert!(sweep(&store, "oci/link", &name, marked).await);
                let late = registry.push_manifest(&key, push(&manifest, &["b"])).await;
                assert!(
                    matches!(&late, Err(OciError::MissingBlobs(blobs)) if *blobs == [digest]),
                    "{late:?}"
                );
            }
        }
    });
}

/// The same with a blob of the account, which an upload of the same content and a mount count on.
#[test]
fn an_upload_and_a_mount_after_the_mark_keep_the_bytes() {
    run(async {
        let lab = Lab::new();
        let hour = Duration::from_secs(3_600);
        let address = format!("sqlite:{}", lab.path("store.db").display());
        let registry = lab.open_with(lab.settings(), hour).await;
        let store = Store::open(&address, Options::default()).await.unwrap();
        let one = repository(&registry, "one").await;
        let two = repository(&registry, "two").await;
        for is_mount in [true, false] {
            let blob = bytes(u64::from(is_mount), 50_000);
            let digest = push_blob(&registry, &one, &blob).await;
            let marked = mark(&store, "oci/blob", digest.as_str()).await;
            if is_mount {
                registry.mount_blob(&one, &two, &digest).await.unwrap().unwrap();
            } else {
                push_blob(&registry, &two, &blob).await;
            }
            assert!(!sweep(&store, "oci/blob", digest.as_str(), marked).await);
            assert!(read(&registry, &two, &digest, None).await.unwrap() == blob);
            // Swept in time, the bytes are sent anew, to another place.
            let marked = mark(&store, "oci/blob", digest.as_str()).await;
            assert!(sweep(&store, "oci/blob", digest.as_str(), marked).await);
            push_blob(&registry, &two, &blob).await;
            assert!(read(&registry, &two, &digest, None).await.unwrap() == blob);
        }
    });
}
