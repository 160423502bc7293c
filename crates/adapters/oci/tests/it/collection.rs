//! The collector takes what nobody needs, and never what somebody does, whatever goes on meanwhile.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ringwall_oci::{Algorithm, OciError, Reference, Registry, RepositoryKey, Settings};

use crate::lab::{
    Lab, body, bytes, manifest, nothing, push, push_blob, push_image, read, repository, run, sha256,
};

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[test]
fn what_nobody_needs_goes_after_its_time() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let (needed, loose, asked) = (bytes(1, 50_000), bytes(2, 50_000), bytes(3, 50_000));
        let image = push_image(&registry, &key, &needed, &["a"]).await.unwrap().image;
        let loose = push_blob(&registry, &key, &loose).await;
        let asked_digest = push_blob(&registry, &key, &asked).await;
        let id = registry.begin_upload(&key, Algorithm::Sha256).await.unwrap().id;
        registry.append_upload(&key, &id, None, None, body(&bytes(4, 50_000))).await.unwrap();
        assert_eq!(registry.collect().await.unwrap(), Default::default());
        assert_eq!(lab.objects(), 4);
        lab.pass(DAY - Duration::from_secs(60));
        assert!(registry.stat_blob(&key, &asked_digest).await.unwrap().is_some());
        lab.pass(Duration::from_secs(120));
        let collected = registry.collect().await.unwrap();
        assert_eq!((collected.uploads, collected.links, collected.blobs), (1, 1, 1));
        assert_eq!((collected.bytes, lab.objects()), (0, 4), "somebody may read them");
        assert_eq!(registry.stat_blob(&key, &loose).await.unwrap(), None);
        assert!(matches!(registry.upload(&key, &id).await, Err(OciError::NoUpload(_))));
        assert!(read(&registry, &key, &asked_digest, None).await.unwrap() == asked);
        lab.pass(Duration::from_secs(7_200));
        assert_eq!(registry.collect().await.unwrap().bytes, 100_000);
        assert_eq!(lab.objects(), 2);
        lab.pass(DAY * 30);
        registry.collect().await.unwrap();
        assert!(read(&registry, &key, &sha256(&needed), None).await.unwrap() == needed);
        registry.delete_image(&key, &image.digest, false).await.unwrap();
        registry.collect().await.unwrap();
        lab.pass(Duration::from_secs(7_200));
        registry.collect().await.unwrap();
        assert_eq!(lab.objects(), 0);
    });
}

#[test]
fn who_reads_reads_to_the_end_although_the_blob_is_deleted() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let blob = bytes(1, 3 << 20);
        let digest = push_blob(&registry, &key, &blob).await;
        let content = registry.read_blob(&key, &digest, None).await.unwrap();
        registry.delete_blob(&key, &digest).await.unwrap();
        registry.collect().await.unwrap();
        lab.pass(DAY);
        registry.collect().await.unwrap();
        assert_eq!(lab.objects(), 0);
        let pieces: Vec<bytes::Bytes> =
            futures_util::TryStreamExt::try_collect(content.into_stream()).await.unwrap();
        assert!(pieces.concat() == blob);
    });
}

/// What a client does, of few blobs and repositories, so that all meet.
#[derive(Debug, Clone)]
enum Step {
    /// Pushes an image: of each of its layers it asks first whether it is there, then mounts or sends it.
    Push { repository: usize, layers: Vec<usize>, mounts: bool },
    /// Deletes an image that it pushed.
    Delete { image: usize },
    /// Deletes a blob.
    DeleteBlob { repository: usize, layer: usize },
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let push = (0..3_usize, prop::collection::vec(0..6_usize, 1..4), any::<bool>())
        .prop_map(|(repository, layers, mounts)| Step::Push { repository, layers, mounts });
    let step = prop_oneof![
        4 => push,
        2 => (0..8_usize).prop_map(|image| Step::Delete { image }),
        1 => (0..3_usize, 0..6_usize)
            .prop_map(|(repository, layer)| Step::DeleteBlob { repository, layer }),
    ];
    prop::collection::vec(prop::collection::vec(step, 6..14), 4)
}

/// Some layers are in the store and some in objects.
fn layer(number: usize) -> Vec<u8> {
    bytes(1_000 + number as u64, if number.is_multiple_of(2) { 200 } else { 40_000 })
}

/// Pushes as clients do, and returns the manifest's digest with what it needs. A blob that went after the client had seen it is a
/// refusal, after which it begins anew, as clients do.
async fn push_as_clients_do(
    registry: &Registry,
    keys: &[RepositoryKey],
    repository: usize,
    layers: &[usize],
    mounts: bool,
    mark: usize,
) -> (ringwall_oci::Digest, Vec<usize>) {
    let key = &keys[repository];
    let config = format!("{{\"mark\":{mark}}}");
    for _ in 0..1_000 {
        let config_digest = push_blob(registry, key, config.as_bytes()).await;
        let mut digests = Vec::new();
        for &number in layers {
            let bytes = layer(number);
            let digest = sha256(&bytes);
            digests.push((digest.clone(), bytes.len()));
            if registry.stat_blob(key, &digest).await.unwrap().is_some() {
                continue;
            }
            let from = &keys[(repository + 1) % keys.len()];
            if mounts && registry.mount_blob(from, key, &digest).await.unwrap().is_some() {
                continue;
            }
            let id = registry.begin_upload(key, Algorithm::Sha256).await.unwrap().id;
            registry.append_upload(key, &id, None, None, body(&bytes)).await.unwrap();
            registry.finish_upload(key, &id, &digest, None, None, nothing()).await.unwrap();
        }
        let digests: Vec<_> = digests.iter().map(|(digest, size)| (digest, *size)).collect();
        let manifest = manifest((&config_digest, config.len()), &digests);
        match registry.push_manifest(key, push(&manifest, &[])).await {
            Ok(pushed) => return (pushed.image.digest, layers.to_vec()),
            Err(OciError::MissingBlobs(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("each time the collector took something away");
}

/// Runs clients and collectors at the same time, with no grace at all, so that each is in the others' way; then looks whether each
/// image that was pushed and not deleted is whole.
async fn nothing_needed_is_taken(lab: &Lab, registries: Vec<Registry>, plans: Vec<Vec<Step>>) {
    let mut keys = Vec::new();
    for name in ["one", "two", "three"] {
        keys.push(repository(&registries[0], name).await);
    }
    for registry in &registries {
        for key in &keys {
            while registry.repository(key).await.unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    let over = Arc::new(AtomicBool::new(false));
    let collectors: Vec<_> = registries
        .iter()
        .map(|registry| {
            let (registry, over) = (registry.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut taken = 0;
                while !over.load(Ordering::SeqCst) {
                    let collected = registry.collect().await.unwrap();
                    taken += collected.links + collected.blobs;
                    tokio::task::yield_now().await;
                }
                taken
            })
        })
        .collect();
    let alive = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = plans
        .into_iter()
        .enumerate()
        .map(|(client, plan)| {
            let registry = registries[client % registries.len()].clone();
            let (keys, alive) = (keys.clone(), Arc::clone(&alive));
            tokio::spawn(async move {
                let mut own = Vec::new();
                for (at, step) in plan.into_iter().enumerate() {
                    match step {
                        Step::Push { repository, layers, mounts } => {
                            let mark = client * 1_000 + at;
                            let (digest, layers) =
                                push_as_clients_do(&registry, &keys, repository, &layers, mounts, mark).await;
                            own.push((repository, digest, layers));
                        }
                        Step::Delete { image } if !own.is_empty() => {
                            let (repository, digest, _) = own.swap_remove(image % own.len());
                            registry.delete_image(&keys[repository], &digest, false).await.unwrap();
                        }
                        Step::Delete { .. } => {}
                        Step::DeleteBlob { repository, layer: number } => {
                            let digest = sha256(&layer(number));
                            match registry.delete_blob(&keys[repository], &digest).await {
                                Ok(()) | Err(OciError::NoBlob(_) | OciError::BlobInUse(_)) => {}
                                Err(error) => panic!("{error}"),
                            }
                        }
                    }
                }
                alive.lock().unwrap().extend(own);
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    for collector in collectors {
        collector.await.unwrap();
    }
    // After all that, and one more collection, each image can be pulled whole, and nothing is left over.
    let registry = &registries[0];
    registry.collect().await.unwrap();
    registry.collect().await.unwrap();
    let mut large = HashSet::new();
    for (repository, digest, layers) in alive.lock().unwrap().iter() {
        let key = &keys[*repository];
        registry.pull_manifest(key, &Reference::Digest(digest.clone()), false).await.unwrap();
        for &number in layers {
            let found = read(registry, key, &sha256(&layer(number)), None).await.unwrap();
            assert!(found == layer(number), "layer {number}");
            large.extend((number % 2 == 1).then_some(number));
        }
    }
    assert_eq!(lab.objects(), large.len());
}

fn hurried(lab: &Lab) -> Settings {
    Settings {
        grace: Duration::ZERO,
        upload_grace: DAY,
        reader_grace: Duration::ZERO,
        clock: Arc::new(jiff::Timestamp::now),
        ..lab.settings()
    }
}

fn property(cases: u32, poll: Duration, replicas: usize, lab: impl AsyncFn() -> Lab) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&steps(), |plans| {
            run(async {
                let lab = lab().await;
                let mut registries = Vec::new();
                for _ in 0..replicas {
                    registries.push(lab.open_with(hurried(&lab), poll).await);
                }
                nothing_needed_is_taken(&lab, registries, plans).await;
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn nothing_that_is_needed_is_taken_while_clients_push() {
    property(4, Duration::from_secs(1), 1, async || Lab::new());
}

/// Two processes, of which each knows late what the other one did.
#[test]
fn nothing_that_is_needed_is_taken_by_another_replica() {
    property(3, Duration::from_secs(3_600), 2, async || Lab::new());
}

/// The same on a server, whose transactions are under way at the same time.
#[test]
#[ignore = "needs PostgreSQL; cargo xtask test runs it"]
fn nothing_that_is_needed_is_taken_on_a_server() {
    property(6, Duration::from_secs(3_600), 3, Lab::postgres);
}
