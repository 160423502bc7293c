//! The feed of changes.

use std::time::Duration;

use ringwall_oci::{Event, StorageClass};

use crate::lab::{Lab, bytes, push_image, repository, run, tag};

#[test]
fn the_feed_tells_each_change_once_in_order() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        assert_eq!(registry.changes(0, 10).await.unwrap().changes, []);
        let key = repository(&registry, "app").await;
        let image = push_image(&registry, &key, b"1", &["a"]).await.unwrap().image;
        push_image(&registry, &key, b"1", &["a"]).await.unwrap();
        push_image(&registry, &key, b"1", &["b"]).await.unwrap();
        registry.delete_tag(&key, &tag("a")).await.unwrap();
        registry.set_storage_class(&key, &image.digest, StorageClass::Archive).await.unwrap();
        registry.delete_image(&key, &image.digest, false).await.unwrap();
        let repository = registry.delete_repository(&key, false).await.unwrap();
        let digest = image.digest.clone();
        let pushed = |tags: &[&str], is_new| Event::Pushed {
            digest: digest.clone(),
            media_type: image.media_type.clone(),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            is_new,
            subject: None,
        };
        let expected = [
            Event::RepositoryCreated,
            pushed(&["a"], true),
            pushed(&["b"], false),
            Event::Untagged { digest: digest.clone(), tag: "a".to_owned() },
            Event::Moved { digest: digest.clone(), to: StorageClass::Archive },
            Event::Deleted { digest: digest.clone(), tags: vec!["b".to_owned()] },
            Event::RepositoryDeleted { repository },
        ];
        // In pages of every size, each once.
        for limit in [1, 2, 100] {
            let (mut told, mut after, mut last) = (Vec::new(), 0, 0);
            loop {
                let page = registry.changes(after, limit).await.unwrap();
                if page.changes.is_empty() {
                    break;
                }
                for change in page.changes {
                    assert!(change.sequence > last);
                    last = change.sequence;
                    assert_eq!(
                        (change.repository.as_str(), change.account.as_str()),
                        ("app", crate::lab::ACCOUNT)
                    );
                    told.push(change.event);
                }
                after = page.next;
            }
            assert_eq!(told, expected);
            assert!(after >= last);
        }
    });
}

#[test]
fn many_push_and_whoever_follows_misses_none() {
    run(async {
        let lab = Lab::new();
        let (one, two) = (lab.open().await, lab.open_with(lab.settings(), Duration::from_millis(20)).await);
        let key = repository(&one, "app").await;
        let mut pushes = Vec::new();
        for number in 0..40 {
            let (registry, key) = ([&one, &two][number % 2].clone(), key.clone());
            pushes.push(tokio::spawn(async move {
                let layer = bytes(number as u64, 10);
                push_image(&registry, &key, &layer, &[&format!("t{number}")]).await.unwrap();
            }));
        }
        let (mut after, mut seen) = (0, 0);
        while seen < 41 {
            two.wait_for_changes(after).await.unwrap();
            let page = two.changes(after, 7).await.unwrap();
            seen += page.changes.len();
            after = page.next;
        }
        for push in pushes {
            push.await.unwrap();
        }
        assert_eq!(two.changes(after, 100).await.unwrap().changes, []);
        // They are kept for as long as is set.
        lab.pass(Duration::from_secs(6 * 24 * 3_600));
        one.collect().await.unwrap();
        assert_eq!(one.changes(0, 100).await.unwrap().changes.len(), 41);
        lab.pass(Duration::from_secs(2 * 24 * 3_600));
        one.collect().await.unwrap();
        assert_eq!(one.changes(0, 100).await.unwrap().changes, []);
    });
}
