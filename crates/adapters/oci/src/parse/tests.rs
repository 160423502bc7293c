use proptest::prelude::*;

use super::*;

#[test]
fn a_media_type_is_guessed_only_if_nobody_says_it() {
    let index = br#"{"schemaVersion":2,"manifests":[]}"#;
    assert!(parse_manifest(index, None).unwrap().is_index);
    assert!(parse_manifest(index, Some("application/vnd.oci.image.manifest.v1+json")).is_err());
    let list =
        parse_manifest(index, Some("application/vnd.docker.distribution.manifest.list.v2+json")).unwrap();
    assert_eq!(list.media_type, "application/vnd.docker.distribution.manifest.list.v2+json");
    let error = parse_manifest(index, Some("text/plain")).unwrap_err();
    assert_eq!(error.to_string(), "the manifest can't be taken: its media type `text/plain` is not known");
}

#[test]
fn a_layer_that_is_listed_twice_counts_once() {
    let digest = crate::digest::Algorithm::Sha256.of(b"");
    let layer = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":0}}"#);
    let image = format!(r#"{{"schemaVersion":2,"config":{layer},"layers":[{layer},{layer}]}}"#);
    let parsed = parse_manifest(image.as_bytes(), None).unwrap();
    assert_eq!(parsed.references, [(digest, 0)]);
    assert_eq!(parsed.artifact_type.as_deref(), Some("a/b"));
    let two = image.replacen("\"size\":0", "\"size\":1", 1);
    assert!(parse_manifest(two.as_bytes(), None).is_err());
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let twice = br#"{"schemaVersion":2,"manifests":[],"manifests":[]}"#;
    assert!(parse_manifest(twice, None).is_err());
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_manifest(&bytes, None);
    }
}
