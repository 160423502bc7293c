//! Archived images are told of and can't be pulled.

use ringwall_oci::{ImageStatus, OciError, Reference, StorageClass};

use crate::lab::{Lab, manifest, push, push_blob, read, repository, run, tag};

#[test]
fn what_is_archived_can_not_be_pulled_until_it_is_active() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let config = push_blob(&registry, &key, b"{}").await;
        let shared = push_blob(&registry, &key, b"shared").await;
        let own = push_blob(&registry, &key, b"own").await;
        let one = manifest((&config, 2), &[(&shared, 6), (&own, 3)]);
        let two = manifest((&config, 2), &[(&shared, 6)]);
        let one = registry.push_manifest(&key, push(&one, &["one"])).await.unwrap().image;
        registry.push_manifest(&key, push(&two, &["two"])).await.unwrap();
        let archived = registry.set_storage_class(&key, &one.digest, StorageClass::Archive).await.unwrap();
        assert_eq!(archived.status(), ImageStatus::Archived);
        assert!(archived.archived_at.is_some());
        for reference in [Reference::Tag(tag("one")), Reference::Digest(one.digest.clone())] {
            let pulled = registry.pull_manifest(&key, &reference, true).await;
            assert!(matches!(pulled, Err(OciError::Archived(_))), "{pulled:?}");
            assert!(registry.manifest(&key, &reference).await.unwrap().is_some(), "it is told of");
        }
        assert!(matches!(read(&registry, &key, &own, None).await, Err(OciError::Archived(_))));
        assert_eq!(read(&registry, &key, &shared, None).await.unwrap(), b"shared");
        registry.pull_manifest(&key, &Reference::Tag(tag("two")), true).await.unwrap();
        let active = registry.set_storage_class(&key, &one.digest, StorageClass::Standard).await.unwrap();
        assert!(active.activated_at.is_some());
        assert_eq!(read(&registry, &key, &own, None).await.unwrap(), b"own");
        registry.pull_manifest(&key, &Reference::Digest(one.digest), true).await.unwrap();
    });
}
