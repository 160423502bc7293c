//! Repositories, and that nothing of a deleted one is in one that is made after it.

use ringwall_oci::{OciError, Reference, RepositoryKey};
use serde_json::json;

use crate::lab::{ACCOUNT, Lab, bytes, key, push_blob, push_image, repository, run, sha256};

#[test]
fn repositories_are_made_set_listed_and_deleted() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        for name in ["bb", "aa/x", "aa"] {
            repository(&registry, name).await;
        }
        let exists = registry.create_repository(&key("aa"), Default::default()).await;
        assert!(matches!(exists, Err(OciError::RepositoryExists(_))));
        let names = async |after, limit| {
            let all = registry.repositories(ACCOUNT, after, limit).await.unwrap();
            all.into_iter().map(|repository| repository.name).collect::<Vec<_>>()
        };
        assert_eq!(names(None, 10).await, ["aa", "aa/x", "bb"]);
        assert_eq!(names(Some("aa"), 1).await, ["aa/x"]);
        let set = registry.set_repository::<OciError>(&key("aa"), |settings| {
            settings.insert("mutability".to_owned(), json!("IMMUTABLE"));
            Ok(())
        });
        assert_eq!(set.await.unwrap().settings["mutability"], json!("IMMUTABLE"));
        assert_eq!(registry.repository(&key("aa")).await.unwrap().unwrap().settings.len(), 1);
        registry.delete_repository(&key("aa"), false).await.unwrap();
        assert_eq!(registry.repository(&key("aa")).await.unwrap(), None);
        assert!(matches!(registry.delete_repository(&key("aa"), true).await, Err(OciError::NoRepository(_))));
        // An account's repositories are its own.
        let other = RepositoryKey::new("210987654321", "bb").unwrap();
        assert_eq!(registry.repository(&other).await.unwrap(), None);
    });
}

#[test]
fn a_repository_with_images_is_deleted_by_force_alone_and_nothing_of_it_comes_back() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let app = repository(&registry, "app").await;
        let image = push_image(&registry, &app, &bytes(1, 100_000), &["a", "b"]).await.unwrap().image;
        let full = registry.delete_repository(&app, false).await;
        assert!(matches!(full, Err(OciError::RepositoryNotEmpty(_))), "{full:?}");
        push_image(&registry, &app, &bytes(2, 100_000), &["c"]).await.unwrap();
        registry.delete_repository(&app, true).await.unwrap();
        let late = push_image(&registry, &app, b"x", &["a"]).await;
        assert!(matches!(late, Err(OciError::NoRepository(_))), "{late:?}");
        repository(&registry, "app").await;
        assert_eq!(registry.tags(&app, None, 5).await.unwrap(), []);
        assert_eq!(registry.images(&app, None, 5).await.unwrap(), []);
        assert_eq!(registry.stat_blob(&app, &sha256(&bytes(1, 100_000))).await.unwrap(), None);
        let reference = Reference::Digest(image.digest);
        assert_eq!(registry.image(&app, &reference).await.unwrap(), None);
        push_blob(&registry, &app, b"new").await;
        assert!(registry.collect().await.unwrap().records > 0);
        lab.pass(std::time::Duration::from_secs(7_200));
        registry.collect().await.unwrap();
        assert_eq!(lab.objects(), 0);
        assert!(registry.stat_blob(&app, &sha256(b"new")).await.unwrap().is_some());
    });
}

/// A push that was answered is not lost to a deletion that may delete only what is empty.
#[test]
fn either_the_push_or_the_deletion_of_the_empty_repository_is_refused() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        for round in 0..20 {
            let app = repository(&registry, &format!("app{round}")).await;
            let (pusher, pushed_to) = (registry.clone(), app.clone());
            let push =
                tokio::spawn(async move { push_image(&pusher, &pushed_to, b"layer", &["a"]).await.is_ok() });
            if round % 2 == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(round)).await;
            }
            let deleted = registry.delete_repository(&app, false).await.is_ok();
            let pushed = push.await.unwrap();
            let is_there = registry.repository(&app).await.unwrap().is_some();
            assert_eq!(is_there, !deleted);
            assert!(!(pushed && deleted), "an image that was pushed is gone");
        }
    });
}

#[test]
fn names_are_those_of_the_specification() {
    for good in ["aa", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c", "0/1", &"a".repeat(256)] {
        RepositoryKey::new(ACCOUNT, good).unwrap();
    }
    for bad in [
        "",
        "a",
        "AA",
        "a..b",
        "a___b",
        "a._b",
        "-a",
        "a-",
        "/a",
        "a/",
        "a//b",
        "a b",
        "a\u{e9}",
        "a:b",
        "a@b",
        "../a",
        &"a".repeat(257),
    ] {
        assert!(matches!(RepositoryKey::new(ACCOUNT, bad), Err(OciError::BadName { .. })), "{bad}");
    }
    assert!(RepositoryKey::new("1234", "a").is_err());
    for good in ["latest", "_", "1.0-x_Y", &"a".repeat(128)] {
        assert!(matches!(good.parse::<Reference>(), Ok(Reference::Tag(_))), "{good}");
    }
    for bad in ["", ".a", "-a", "a/b", "a b", "\u{e9}", &"a".repeat(129), "sha256:abc", "md5:00", "sha256:"] {
        assert!(bad.parse::<Reference>().is_err(), "{bad}");
    }
    let upper = sha256(b"").as_str().to_uppercase().replace("SHA", "sha");
    assert!(upper.parse::<Reference>().is_err(), "digits are lower-case");
}
