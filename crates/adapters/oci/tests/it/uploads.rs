//! Every form of upload, and reading what came of it.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use ringwall_oci::{Algorithm, OciError};

use crate::lab::{Lab, body, body_of, bytes, key, nothing, push_blob, read, repository, run, sha256};

const SIZES: [usize; 7] = [0, 1, 1_000, 32 << 10, (32 << 10) + 1, 700_000, 3 << 20];

#[test]
fn blobs_are_read_as_they_were_sent_in_one_request() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        for (number, size) in SIZES.into_iter().enumerate() {
            let bytes = bytes(number as u64, size);
            for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
                let digest = algorithm.of(&bytes);
                assert_eq!(registry.stat_blob(&key, &digest).await.unwrap(), None);
                let blob = registry
                    .push_blob(&key, &digest, Some(size as u64), body_of(&bytes, 9_999))
                    .await
                    .unwrap();
                assert_eq!((blob.size, &blob.digest), (size as u64, &digest));
                assert_eq!(registry.stat_blob(&key, &digest).await.unwrap(), Some(blob));
                assert!(read(&registry, &key, &digest, None).await.unwrap() == bytes, "{size}");
            }
        }
    });
}

#[test]
fn blobs_are_read_as_they_were_sent_in_pieces() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        for (number, size) in SIZES.into_iter().enumerate() {
            for (at, pieces) in [1, 2, 5].into_iter().enumerate() {
                let bytes = bytes((number * 10 + at) as u64, size);
                // The guess at the algorithm is right, and wrong.
                let algorithm = [Algorithm::Sha256, Algorithm::Sha512][at % 2];
                let digest = algorithm.of(&bytes);
                let upload = registry.begin_upload(&key, Algorithm::Sha256).await.unwrap();
                let mut offset = 0;
                for piece in bytes.chunks(size.div_ceil(pieces).max(1)) {
                    let length = Some(piece.len() as u64);
                    let now = registry
                        .append_upload(&key, &upload.id, Some(offset), length, body(piece))
                        .await
                        .unwrap();
                    offset += piece.len() as u64;
                    assert_eq!(now.offset, offset);
                    assert_eq!(registry.upload(&key, &upload.id).await.unwrap(), now);
                }
                registry.finish_upload(&key, &upload.id, &digest, None, Some(0), nothing()).await.unwrap();
                assert!(read(&registry, &key, &digest, None).await.unwrap() == bytes, "{size} {pieces}");
                let gone = registry.upload(&key, &upload.id).await.unwrap_err();
                assert!(matches!(gone, OciError::NoUpload(_)), "{gone}");
            }
        }
    });
}

#[test]
fn pieces_out_of_order_change_nothing() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let bytes = bytes(1, 100_000);
        let digest = sha256(&bytes);
        let id = registry.begin_upload(&key, Algorithm::Sha256).await.unwrap().id;
        let append = async |from: usize, to: usize| {
            registry.append_upload(&key, &id, Some(from as u64), None, body(&bytes[from..to])).await
        };
        append(0, 40_000).await.unwrap();
        for from in [0, 39_999, 40_001, 80_000] {
            let refused = append(from, from + 10).await.unwrap_err();
            assert!(matches!(refused, OciError::OutOfOrder { offset: 40_000, .. }), "{refused}");
            let last = registry.finish_upload(&key, &id, &digest, Some(from as u64), None, body(b"x")).await;
            assert!(matches!(last, Err(OciError::OutOfOrder { offset: 40_000, .. })), "{last:?}");
        }
        assert_eq!(append(40_000, 70_000).await.unwrap().offset, 70_000);
        let last = body(&bytes[70_000..]);
        registry.finish_upload(&key, &id, &digest, Some(70_000), Some(30_000), last).await.unwrap();
        assert!(read(&registry, &key, &digest, None).await.unwrap() == bytes);
    });
}

#[test]
fn of_a_broken_request_nothing_is_kept() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let bytes = bytes(1, 2 << 20);
        let digest = sha256(&bytes);
        let id = registry.begin_upload(&key, Algorithm::Sha256).await.unwrap().id;
        registry.append_upload(&key, &id, None, None, body(&bytes[..100_000])).await.unwrap();
        for length in [999_999, 1_000_001] {
            let wrong = registry
                .append_upload(&key, &id, None, Some(length), body(&bytes[100_000..1_100_000]))
                .await
                .unwrap_err();
            assert!(matches!(wrong, OciError::WrongSize { given, .. } if given == length), "{wrong}");
        }
        let broken = body(&bytes[100_000..1_800_000])
            .chain(stream::iter([Err(std::io::ErrorKind::BrokenPipe.into())]));
        let wrong = registry.append_upload(&key, &id, None, None, broken.boxed()).await.unwrap_err();
        assert!(matches!(wrong, OciError::Body(_)), "{wrong}");
        // A request that is given up, as of a client that goes away.
        let endless = body(&bytes[100_000..1_800_000]).chain(stream::pending());
        let given_up = registry.append_upload(&key, &id, None, None, endless.boxed());
        assert!(tokio::time::timeout(Duration::from_millis(200), given_up).await.is_err());
        assert_eq!(registry.upload(&key, &id).await.unwrap().offset, 100_000);
        let rest = body(&bytes[100_000..]);
        registry.finish_upload(&key, &id, &digest, Some(100_000), None, rest).await.unwrap();
        assert!(read(&registry, &key, &digest, None).await.unwrap() == bytes);
    });
}

#[test]
fn content_of_another_digest_is_no_blob() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        for size in [10, 100_000] {
            let bytes = bytes(1, size);
            let digest = sha256(b"something else");
            let wrong = registry.push_blob(&key, &digest, None, body(&bytes)).await.unwrap_err();
            assert!(matches!(wrong, OciError::WrongDigest { .. }), "{wrong}");
            let id = registry.begin_upload(&key, Algorithm::Sha256).await.unwrap().id;
            let wrong =
                registry.finish_upload(&key, &id, &digest, None, None, body(&bytes)).await.unwrap_err();
            assert!(matches!(wrong, OciError::WrongDigest { found, .. } if found == sha256(&bytes)));
            assert!(matches!(registry.upload(&key, &id).await, Err(OciError::NoUpload(_))));
            assert_eq!(registry.stat_blob(&key, &digest).await.unwrap(), None);
        }
        // What came is doomed, and goes.
        lab.pass(Duration::from_secs(7_200));
        registry.collect().await.unwrap();
        assert_eq!(lab.objects(), 0);
    });
}

#[test]
fn two_requests_do_not_write_to_one_upload() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let id = registry.begin_upload(&key, Algorithm::Sha256).await.unwrap().id;
        let slow = body(&bytes(1, 1 << 20)).chain(stream::pending()).boxed();
        let other = registry.clone();
        let (first_key, first_id) = (key.clone(), id.clone());
        let first = tokio::spawn(async move {
            other.append_upload(&first_key, &first_id, None, None, slow).await.map(|_| ())
        });
        let busy = loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            // Until the other one has begun, this one may be first.
            if let Err(error) = registry.append_upload(&key, &id, None, Some(0), nothing()).await {
                break error;
            }
        };
        assert!(matches!(busy, OciError::UploadBusy(_)), "{busy}");
        first.abort();
        let _ = first.await;
        let blob = bytes(2, 50_000);
        let digest = sha256(&blob);
        registry.finish_upload(&key, &id, &digest, None, None, body(&blob)).await.unwrap();
        assert!(read(&registry, &key, &digest, None).await.unwrap() == blob);
    });
}

#[test]
fn another_process_goes_on_with_an_upload_and_the_first_one_can_not() {
    run(async {
        let lab = Lab::new();
        let (one, two) = (lab.open().await, lab.open().await);
        let key = repository(&one, "app").await;
        let blob = bytes(1, 300_000);
        let digest = sha256(&blob);
        let id = one.begin_upload(&key, Algorithm::Sha256).await.unwrap().id;
        one.append_upload(&key, &id, Some(0), None, body(&blob[..100_000])).await.unwrap();
        two.append_upload(&key, &id, Some(100_000), None, body(&blob[100_000..200_000])).await.unwrap();
        // It is behind, and what it thinks that it appends is not there.
        let late =
            one.append_upload(&key, &id, Some(100_000), None, body(b"something else")).await.unwrap_err();
        assert!(matches!(late, OciError::UploadBusy(_) | OciError::OutOfOrder { .. }), "{late}");
        two.finish_upload(&key, &id, &digest, Some(200_000), None, body(&blob[200_000..])).await.unwrap();
        assert!(read(&two, &key, &digest, None).await.unwrap() == blob);
    });
}

#[test]
fn ranges_are_those_that_are_asked_for() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        for size in [5_000, 1_500_000] {
            let blob = bytes(size as u64, size);
            let digest = push_blob(&registry, &key, &blob).await;
            let end = size as u64;
            for range in [0..end, 0..1, 500..1_500, end - 1..end, end..end, 0..0] {
                let wanted = &blob[range.start as usize..range.end as usize];
                assert!(
                    read(&registry, &key, &digest, Some(range.clone())).await.unwrap() == wanted,
                    "{range:?}"
                );
            }
            for range in [0..end + 1, end + 1..end + 1] {
                let wrong = read(&registry, &key, &digest, Some(range)).await.unwrap_err();
                assert!(matches!(wrong, OciError::BadRange { size } if size == end), "{wrong}");
            }
        }
    });
}

#[test]
fn blobs_are_mounted_and_deleted_in_one_repository_alone() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let one = repository(&registry, "one").await;
        let two = repository(&registry, "two").await;
        let blob = bytes(1, 100_000);
        let digest = push_blob(&registry, &one, &blob).await;
        assert!(matches!(read(&registry, &two, &digest, None).await, Err(OciError::NoBlob(_))));
        assert_eq!(registry.blob_holders(crate::lab::ACCOUNT, &digest, 5).await.unwrap(), [one.clone()]);
        assert!(registry.mount_blob(&one, &two, &digest).await.unwrap().is_some());
        registry.delete_blob(&one, &digest).await.unwrap();
        assert!(matches!(registry.delete_blob(&one, &digest).await, Err(OciError::NoBlob(_))));
        assert!(read(&registry, &two, &digest, None).await.unwrap() == blob);
        assert_eq!(registry.mount_blob(&one, &two, &digest).await.unwrap(), None);
        assert_eq!(registry.mount_blob(&key("none"), &two, &digest).await.unwrap(), None);
        let nowhere = registry.mount_blob(&two, &key("none"), &digest).await;
        assert!(matches!(nowhere, Err(OciError::NoRepository(_))));
        // The same bytes are kept once.
        push_blob(&registry, &one, &blob).await;
        lab.pass(Duration::from_secs(7_200));
        registry.collect().await.unwrap();
        assert_eq!(lab.objects(), 1);
    });
}

#[test]
fn a_blob_is_no_larger_than_is_set() {
    run(async {
        let lab = Lab::new();
        let settings = ringwall_oci::Settings { max_blob: 1 << 20, ..lab.settings() };
        let registry = lab.open_with(settings, Duration::from_secs(1)).await;
        let key = repository(&registry, "app").await;
        let blob = bytes(1, (1 << 20) + 1);
        let large = registry.push_blob(&key, &sha256(&blob), None, body(&blob)).await.unwrap_err();
        assert!(matches!(large, OciError::BlobTooLarge { .. }), "{large}");
    });
}

#[test]
fn uploads_are_of_their_repository_alone_and_end_when_they_are_cancelled() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let one = repository(&registry, "one").await;
        let two = repository(&registry, "two").await;
        let id = registry.begin_upload(&one, Algorithm::Sha256).await.unwrap().id;
        assert!(matches!(registry.upload(&two, &id).await, Err(OciError::NoUpload(_))));
        assert!(matches!(registry.cancel_upload(&two, &id).await, Err(OciError::NoUpload(_))));
        registry.append_upload(&one, &id, None, None, body(&bytes(1, 50_000))).await.unwrap();
        registry.cancel_upload(&one, &id).await.unwrap();
        let late = registry.append_upload(&one, &id, None, None, body(b"x")).await;
        assert!(matches!(late, Err(OciError::NoUpload(_))));
        lab.pass(Duration::from_secs(7_200));
        registry.collect().await.unwrap();
        assert_eq!(lab.objects(), 0);
    });
}
