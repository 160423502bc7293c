//! Objects in a folder and in a bucket: what is written is read, in any range, and nothing else.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ringwall_objects::{Content, Extent, Objects, ObjectsError, PIECE_BYTES, READ_BYTES};

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

async fn read(objects: &Objects, extents: &[Extent], range: std::ops::Range<u64>) -> Vec<u8> {
    let stream = objects.read(extents, range).await.unwrap().into_stream();
    let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
    assert!(pieces.iter().all(|piece| piece.len() <= READ_BYTES.max(usize::try_from(PIECE_BYTES).unwrap())));
    pieces.concat()
}

async fn write(objects: &Objects, name: &str, bytes: &[u8], piece: usize) -> Extent {
    let mut writer = objects.writer(name);
    for piece in bytes.chunks(piece) {
        writer.write(vec![Bytes::copy_from_slice(piece)]).await.unwrap();
    }
    writer.sync().await.unwrap()
}

#[test]
fn ranges_of_several_extents_are_those_of_all_their_bytes() {
    let places = prop::collection::vec(0..3_000_usize, 1..12);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let ranges = prop::collection::vec(any::<(u16, u16)>(), 6);
    runner
        .run(&(places, ranges), |(lengths, ranges)| {
            run(async {
                let folder = tempfile::tempdir().unwrap();
                let bucket = Arc::new(InMemory::new());
                for objects in
                    [Objects::folder(folder.path()).unwrap(), Objects::of(bucket.clone(), "a/b").unwrap()]
                {
                    let mut all = Vec::new();
                    let mut extents = Vec::new();
                    for (number, length) in lengths.iter().enumerate() {
                        let bytes = bytes(*length + number);
                        if !bytes.is_empty() {
                            extents.push(write(&objects, &format!("{number:02}x"), &bytes, 700).await);
                        }
                        all.extend(bytes);
                    }
                    for (one, two) in &ranges {
                        let (one, two) =
                            (usize::from(*one) % (all.len() + 1), usize::from(*two) % (all.len() + 1));
                        let range = one.min(two)..one.max(two);
                        let found = read(&objects, &extents, range.start as u64..range.end as u64).await;
                        assert!(found == all[range.clone()], "{range:?}");
                    }
                    let past = objects.read(&extents, 0..all.len() as u64 + 1).await;
                    assert!(matches!(past, Err(ObjectsError::Range)));
                    for extent in &extents {
                        objects.delete(extent).await.unwrap();
                        objects.delete(extent).await.unwrap();
                    }
                }
                assert_eq!(bucket.list(None).try_collect::<Vec<_>>().await.unwrap(), []);
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_is_larger_than_a_piece_is_several_objects_of_a_bucket_and_one_file() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Arc::new(InMemory::new());
        let all = bytes(usize::try_from(PIECE_BYTES).unwrap() * 2 + 12_345);
        let edge = PIECE_BYTES;
        for objects in [Objects::folder(folder.path()).unwrap(), Objects::of(bucket.clone(), "").unwrap()] {
            let extent = write(&objects, "ab0", &all, 300_000).await;
            assert_eq!(extent.bytes, all.len() as u64);
            for range in
                [0..extent.bytes, edge - 1..edge + 1, edge..edge * 2, 0..edge, edge * 2..extent.bytes]
            {
                let wanted = &all[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
                assert!(read(&objects, std::slice::from_ref(&extent), range).await == wanted);
            }
        }
        let mut sizes: Vec<u64> = bucket.list(None).map_ok(|object| object.size).try_collect().await.unwrap();
        sizes.sort_unstable();
        assert_eq!(sizes, [12_345, edge, edge]);
        assert_eq!(std::fs::metadata(folder.path().join("ab/ab0")).unwrap().len(), all.len() as u64);
    });
}

#[test]
fn what_is_rewound_was_never_there() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::folder(folder.path()).unwrap();
        let mut writer = objects.writer("abc");
        writer.write(vec![Bytes::from_static(b"first")]).await.unwrap();
        assert_eq!(writer.sync().await.unwrap().bytes, 5);
        writer.write(vec![Bytes::from_static(b" wrong")]).await.unwrap();
        writer.rewind().await.unwrap();
        writer.write(vec![Bytes::from_static(b" and"), Bytes::from_static(b" second")]).await.unwrap();
        let extent = writer.sync().await.unwrap();
        assert!(writer.can_go_on());
        assert_eq!(read(&objects, std::slice::from_ref(&extent), 0..16).await, b"first and second");
        // A name is used once.
        let again = objects.writer("abc").write(vec![Bytes::from_static(b"x")]).await;
        assert!(matches!(again, Err(ObjectsError::File { .. })), "{again:?}");

        let bucket = Arc::new(InMemory::new());
        let objects = Objects::of(bucket.clone(), "p").unwrap();
        let mut writer = objects.writer("abc");
        writer.write(vec![Bytes::from(bytes(usize::try_from(PIECE_BYTES).unwrap() + 1))]).await.unwrap();
        writer.rewind().await.unwrap();
        assert!(!writer.can_go_on());
        assert_eq!(bucket.list(None).try_collect::<Vec<_>>().await.unwrap(), []);
    });
}

#[test]
fn objects_that_are_shorter_than_what_was_written_are_told() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::folder(folder.path()).unwrap();
        let extent = write(&objects, "abc", b"0123456789", 10).await;
        let Content::Files(files) = objects.read(std::slice::from_ref(&extent), 2..8).await.unwrap() else {
            return assert!(folder.path().is_file(), "a folder's files are open");
        };
        assert_eq!((files.len(), files[0].range.clone()), (1, 2..8));
        let path = folder.path().join("ab/abc");
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(5).unwrap();
        let cut: Result<Vec<Bytes>, _> = Content::Files(files).into_stream().try_collect().await;
        assert_eq!(cut.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
        let short = objects.read(&[extent], 0..3).await;
        assert!(matches!(short, Err(ObjectsError::Short(_))), "{short:?}");

        let bucket = Arc::new(InMemory::new());
        let objects = Objects::of(bucket.clone(), "").unwrap();
        let extent = write(&objects, "abc", b"0123456789", 10).await;
        bucket.put(&"ab/abc/0".into(), Bytes::from_static(b"01234").into()).await.unwrap();
        let stream = objects.read(&[extent], 2..8).await.unwrap().into_stream();
        assert!(stream.try_collect::<Vec<Bytes>>().await.is_err());
    });
}

#[test]
fn names_are_no_paths() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::folder(folder.path()).unwrap();
        for name in ["", "a", "../x", "a/b", "..", "ab.c", "\u{e9}\u{e9}\u{e9}"] {
            let wrong = objects.writer(name).write(vec![Bytes::from_static(b"x")]).await;
            assert!(matches!(wrong, Err(ObjectsError::Name(_))), "{name}");
        }
        assert!(Objects::open("ftp://x").is_err());
        assert!(Objects::open("s3://").is_err());
    });
}
