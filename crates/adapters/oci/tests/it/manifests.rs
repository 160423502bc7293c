//! Manifests, tags and referrers.

use std::time::Duration;

use bytes::Bytes;
use ringwall_oci::{Algorithm, MAX_MANIFEST_BYTES, OciError, Push, Reference};
use serde_json::json;

use crate::lab::{
    IMAGE, INDEX, Lab, body, bytes, manifest, push, push_blob, push_image, repository, run, sha256, tag,
};

#[test]
fn a_manifest_is_pulled_as_it_was_pushed_by_tag_and_digest() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let layer = push_blob(&registry, &key, b"layer").await;
        let text = String::from_utf8(manifest((&layer, 5), &[(&layer, 5)])).unwrap();
        // Large, with characters of every length, and spaces that no serialiser would write.
        let large = format!(
            "{} , \"annotations\":{{\"a\":\"{}\"}}  }}\n",
            &text[..text.len() - 1],
            "aé€😀\\\"".repeat(300_000)
        );
        assert!((3 << 20..MAX_MANIFEST_BYTES).contains(&large.len()));
        for (number, text) in [&text, &large].into_iter().enumerate() {
            for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
                let name = format!("t{number}-{}", algorithm.name());
                let digest = algorithm.of(text.as_bytes());
                let pushed = registry
                    .push_manifest(
                        &key,
                        Push { digest: Some(digest.clone()), ..push(text.as_bytes(), &[&name]) },
                    )
                    .await
                    .unwrap();
                assert!(pushed.is_new);
                assert_eq!(pushed.moved, [(tag(&name), None)]);
                for reference in [Reference::Digest(digest.clone()), Reference::Tag(tag(&name))] {
                    let pulled = registry.pull_manifest(&key, &reference, true).await.unwrap();
                    assert!(pulled.bytes == text.as_bytes());
                    assert_eq!(pulled.image.digest, digest);
                    assert_eq!(pulled.image.media_type, IMAGE);
                    assert_eq!(pulled.image.tags, [name.clone()]);
                }
            }
        }
        assert_eq!(registry.images(&key, None, 10).await.unwrap().len(), 4);
        registry.write_pulls().await.unwrap();
        assert!(registry.images(&key, None, 10).await.unwrap().iter().all(|image| image.pulled_at.is_some()));
    });
}

#[test]
fn what_an_image_needs_has_to_be_there_and_stays() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let other = repository(&registry, "other").await;
        let config = push_blob(&registry, &key, b"{}").await;
        let layer = push_blob(&registry, &other, b"layer").await;
        let image = manifest((&config, 2), &[(&layer, 5)]);
        let missing = registry.push_manifest(&key, push(&image, &["a"])).await.unwrap_err();
        assert!(matches!(&missing, OciError::MissingBlobs(blobs) if *blobs == [layer.clone()]), "{missing}");
        registry.mount_blob(&other, &key, &layer).await.unwrap().unwrap();
        let wrong = registry.push_manifest(&key, push(&manifest((&config, 2), &[(&layer, 6)]), &[])).await;
        assert!(matches!(wrong, Err(OciError::BadManifest(_))), "{wrong:?}");
        let pushed = registry.push_manifest(&key, push(&image, &["a"])).await.unwrap();
        let used = registry.delete_blob(&key, &layer).await;
        assert!(matches!(used, Err(OciError::BlobInUse(_))), "{used:?}");
        registry.delete_image(&key, &pushed.image.digest, false).await.unwrap();
        registry.delete_blob(&key, &layer).await.unwrap();
        assert!(registry.manifest(&key, &Reference::Tag(tag("a"))).await.unwrap().is_none());
    });
}

#[test]
fn indices_may_list_what_is_not_there() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let part = push_image(&registry, &key, b"layer", &["part"]).await.unwrap().image;
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": IMAGE, "digest": part.digest.as_str(), "size": part.manifest_size},
            {"mediaType": IMAGE, "digest": sha256(b"nowhere").as_str(), "size": 7},
        ]});
        let index = serde_json::to_vec(&index).unwrap();
        let pushed = registry.push_manifest(&key, push(&index, &["all"])).await.unwrap().image;
        assert!(pushed.is_index);
        assert_eq!(registry.indices_of(&key, &part.digest, 5).await.unwrap(), [pushed.digest.clone()]);
        let kept = registry.delete_image(&key, &part.digest, true).await;
        assert!(matches!(kept, Err(OciError::PartOfIndex { .. })), "{kept:?}");
        registry.delete_image(&key, &pushed.digest, true).await.unwrap();
        registry.delete_image(&key, &part.digest, true).await.unwrap();
        assert_eq!(registry.images(&key, None, 5).await.unwrap(), []);
    });
}

#[test]
fn tags_move_if_the_rule_says_so() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let one = push_image(&registry, &key, b"1", &["latest", "v1", "b"]).await.unwrap();
        let again = push_image(&registry, &key, b"1", &["v1", "latest"]).await.unwrap();
        assert!(!again.is_new && again.moved.is_empty() && again.image == one.image);
        let fixed = push_image(&registry, &key, b"2", &["latest", "v1"]).await.unwrap_err();
        assert!(
            matches!(&fixed, OciError::ImmutableTag { tag, digest } if tag == "v1" && *digest == one.image.digest)
        );
        // Nothing of it has happened.
        let images = registry.images(&key, None, 5).await.unwrap();
        assert_eq!(images, [one.image.clone()]);
        let two = push_image(&registry, &key, b"2", &["latest", "v2", "latest"]).await.unwrap();
        let before = Some(one.image.digest.clone());
        assert_eq!(two.moved, [(tag("latest"), before), (tag("v2"), None)]);
        let image =
            registry.image(&key, &Reference::Digest(one.image.digest.clone())).await.unwrap().unwrap();
        assert_eq!(image.tags, ["b", "v1"]);
        let all = registry.tags(&key, None, 10).await.unwrap();
        let names: Vec<&str> = all.iter().map(|(tag, _)| tag.as_str()).collect();
        assert_eq!(names, ["b", "latest", "v1", "v2"]);
        let page = registry.tags(&key, Some("b"), 2).await.unwrap();
        assert_eq!(page, all[1..3]);
        // One that is not there is no reason to begin elsewhere.
        assert_eq!(registry.tags(&key, Some("c"), 2).await.unwrap(), all[1..3]);
        assert_eq!(registry.delete_tag(&key, &tag("v1")).await.unwrap().tags, ["b"]);
        assert!(matches!(registry.delete_tag(&key, &tag("v1")).await, Err(OciError::NoManifest(_))));
        push_image(&registry, &key, b"2", &["v1"]).await.unwrap();
        registry.delete_image(&key, &two.image.digest, false).await.unwrap();
        let left = registry.tags(&key, None, 10).await.unwrap();
        assert_eq!(left, [(tag("b"), one.image.digest.clone())]);
    });
}

#[test]
fn referrers_are_listed_by_type_and_page() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let config = push_blob(&registry, &key, b"{}").await;
        // The subject comes later, or never.
        let subject = sha256(b"subject");
        let mut all = Vec::new();
        for number in 0..6 {
            let long = if number == 5 { "x".repeat(200_000) } else { "x".to_owned() };
            let text = json!({
                "schemaVersion": 2, "mediaType": IMAGE,
                "artifactType": ["example/sbom", "example/signature"][number % 2],
                "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config.as_str(), "size": 2},
                "layers": [],
                "subject": {"mediaType": IMAGE, "digest": subject.as_str(), "size": 7},
                "annotations": {"number": number.to_string(), "long": long},
            });
            let text = serde_json::to_vec(&text).unwrap();
            let pushed = registry.push_manifest(&key, push(&text, &[])).await.unwrap().image;
            assert_eq!(pushed.subject.as_ref(), Some(&subject));
            all.push((pushed.digest, number, long));
        }
        all.sort();
        let list = async |kind: Option<&str>, after, limit| {
            registry.referrers(&key, &subject, kind, after, limit).await.unwrap()
        };
        let found = list(None, None, 100).await;
        assert_eq!(found.len(), 6);
        for (referrer, (digest, number, long)) in found.iter().zip(&all) {
            assert_eq!(&referrer.digest, digest);
            assert_eq!(referrer.annotations["number"], number.to_string());
            assert_eq!(referrer.annotations["long"], long.as_str());
        }
        let signatures = list(Some("example/signature"), None, 100).await;
        assert_eq!(signatures.len(), 3);
        assert!(signatures.iter().all(|of| of.artifact_type.as_deref() == Some("example/signature")));
        let page = list(Some("example/signature"), Some(&signatures[0].digest), 1).await;
        assert_eq!(page, signatures[1..2]);
        registry.delete_image(&key, &all[0].0, false).await.unwrap();
        assert_eq!(list(None, None, 100).await.len(), 5);
    });
}

#[test]
fn what_is_no_manifest_is_refused_whole() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let layer = push_blob(&registry, &key, b"layer").await;
        let good = manifest((&layer, 5), &[]);
        let changed = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut value: serde_json::Value = serde_json::from_slice(&good).unwrap();
            change(&mut value);
            serde_json::to_vec(&value).unwrap()
        };
        let many = |value: &mut serde_json::Value| {
            let each = |number: u64| json!({"digest": sha256(&number.to_le_bytes()).as_str(), "size": 1});
            value["layers"] = (0..500).map(each).collect();
        };
        let cases: Vec<Vec<u8>> = vec![
            b"".to_vec(),
            b"{".to_vec(),
            b"[]".to_vec(),
            b"\xff\xfe".to_vec(),
            vec![b'['; 100_000],
            changed(&|value| value["schemaVersion"] = json!(1)),
            changed(&|value| {
                value["mediaType"] = json!("application/vnd.docker.distribution.manifest.v1+prettyjws")
            }),
            changed(&|value| value["manifests"] = json!([])),
            changed(&|value| value["config"]["size"] = json!(-1)),
            changed(&|value| value["config"]["digest"] = json!("sha256:abc")),
            changed(&|value| value["config"]["digest"] = json!("md5:d41d8cd98f00b204e9800998ecf8427e")),
            changed(&|value| drop(value.as_object_mut().unwrap().remove("layers"))),
            changed(&many),
        ];
        for case in cases {
            let refused = registry.push_manifest(&key, push(&case, &["a"])).await.unwrap_err();
            let shown = String::from_utf8_lossy(&case[..case.len().min(200)]).into_owned();
            assert!(
                matches!(refused, OciError::BadManifest(_) | OciError::BadDigest { .. }),
                "{shown}: {refused}"
            );
        }
        let large = registry.push_manifest(&key, push(&vec![b' '; MAX_MANIFEST_BYTES + 1], &[])).await;
        assert!(matches!(large, Err(OciError::ManifestTooLarge)));
        let other = Push { media_type: Some(INDEX.to_owned()), ..push(&good, &[]) };
        assert!(matches!(registry.push_manifest(&key, other).await, Err(OciError::BadManifest(_))));
        let spaced =
            Push { digest: Some(sha256(&good)), ..push(&Bytes::from([&good[..], b"  "].concat()), &[]) };
        assert!(matches!(registry.push_manifest(&key, spaced).await, Err(OciError::WrongDigest { .. })));
        assert_eq!(registry.images(&key, None, 5).await.unwrap(), []);
        assert_eq!(registry.tags(&key, None, 5).await.unwrap(), []);
    });
}

#[test]
fn layers_that_are_fetched_from_elsewhere_need_not_be_there() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open().await;
        let key = repository(&registry, "app").await;
        let config = push_blob(&registry, &key, b"{}").await;
        for kind in [
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ] {
            let mut image: serde_json::Value = serde_json::from_slice(&manifest((&config, 2), &[])).unwrap();
            image["layers"] =
                json!([{"mediaType": kind, "digest": sha256(kind.as_bytes()).as_str(), "size": 9}]);
            registry.push_manifest(&key, push(&serde_json::to_vec(&image).unwrap(), &[])).await.unwrap();
        }
    });
}

#[test]
fn many_move_one_tag_at_once_and_images_agree_with_tags() {
    run(async {
        let lab = Lab::new();
        let registry = lab.open_with(lab.settings(), Duration::from_secs(1)).await;
        let key = repository(&registry, "app").await;
        let pushes = (0..24_u64).map(|number| {
            let (registry, key) = (registry.clone(), key.clone());
            tokio::spawn(async move {
                let own = format!("own{number}");
                push_image(&registry, &key, &bytes(number % 8, 100), &["latest", &own]).await.unwrap();
                if number % 3 == 0 {
                    registry.delete_tag(&key, &tag(&own)).await.unwrap();
                }
            })
        });
        for push in pushes.collect::<Vec<_>>() {
            push.await.unwrap();
        }
        let mut by_image = Vec::new();
        for image in registry.images(&key, None, 100).await.unwrap() {
            by_image.extend(image.tags.iter().map(|text| (tag(text), image.digest.clone())));
        }
        by_image.sort();
        assert_eq!(by_image, registry.tags(&key, None, 100).await.unwrap());
        assert_eq!(by_image.len(), 1 + 16);
        let _ = body(b"");
    });
}

#[test]
fn the_mutability_of_the_repository_says_which_tags_move() {
    run(async {
        let lab = Lab::new();
        let settings =
            ringwall_oci::Settings { tag_rule: ringwall_oci::Settings::default().tag_rule, ..lab.settings() };
        let registry = lab.open_with(settings, Duration::from_secs(1)).await;
        let filters = json!([{"filterType": "WILDCARD", "filter": "v*"}]);
        for (number, (mode, filters, v1, latest)) in [
            (json!(null), json!(null), true, true),
            (json!("MUTABLE"), json!(null), true, true),
            (json!("IMMUTABLE"), json!(null), false, false),
            (json!("IMMUTABLE_WITH_EXCLUSION"), filters.clone(), true, false),
            (json!("MUTABLE_WITH_EXCLUSION"), filters.clone(), false, true),
            // What can't be read lets nothing move.
            (json!("MUTABLE"), filters, false, false),
            (json!("whatever"), json!(null), false, false),
        ]
        .into_iter()
        .enumerate()
        {
            let key = repository(&registry, &format!("app{number}")).await;
            registry
                .set_repository::<OciError>(&key, |settings| {
                    for (name, value) in
                        [("imageTagMutability", &mode), ("imageTagMutabilityExclusionFilters", &filters)]
                    {
                        if !value.is_null() {
                            settings.insert(name.to_owned(), value.clone());
                        }
                    }
                    Ok(())
                })
                .await
                .unwrap();
            push_image(&registry, &key, b"1", &["v1", "latest"]).await.unwrap();
            for (name, may_move) in [("v1", v1), ("latest", latest)] {
                let moved = push_image(&registry, &key, b"2", &[name]).await;
                assert_eq!(moved.is_ok(), may_move, "{mode} {name}: {moved:?}");
            }
        }
    });
}
