use std::fs;
use std::path::Path;

use ringwall_signing::{ImageDigest, Layout, Refusal, SigningKey, Trust, TrustFiles, check};
use serde_json::json;

use crate::support::{case, data};

const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

fn blob(folder: &Path, bytes: &[u8]) -> ImageDigest {
    let digest = ImageDigest::of(bytes);
    let at = folder.join("blobs/sha256");
    fs::create_dir_all(&at).unwrap();
    fs::write(at.join(digest.hex()), bytes).unwrap();
    digest
}

/// A layout with an image, and beside it a signature of another image that is good by the key `p256`.
fn layout(folder: &Path, as_referrer: bool) -> ImageDigest {
    let image = blob(folder, br#"{"schemaVersion":2,"layers":[]}"#);
    let case = case("p256");
    let payload = data_encoding::BASE64.decode(case["payload"].as_str().unwrap().as_bytes()).unwrap();
    let layer = blob(folder, &payload);
    let mut manifest = json!({ "schemaVersion": 2, "layers": [{
        "mediaType": SIMPLE, "digest": layer.as_str(), "size": payload.len(),
        "annotations": { "dev.cosignproject.cosign/signature": case["signature"] },
    }]});
    let mut name = json!({ "org.opencontainers.image.ref.name": image.tag(".sig") });
    if as_referrer {
        manifest["subject"] = json!({ "digest": image.as_str() });
        manifest["artifactType"] = json!("application/vnd.dev.cosign.artifact.sig.v1+json");
        name = json!({});
    }
    let signature = blob(folder, manifest.to_string().as_bytes());
    let index = json!({ "manifests": [
        { "digest": image.as_str(), "annotations": { "org.opencontainers.image.ref.name": "v1" } },
        { "digest": signature.as_str(), "annotations": name },
    ]});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    image
}

#[tokio::test]
async fn what_stands_beside_an_image_is_found_by_tag_and_by_referrer() {
    let trust = Trust::load(&TrustFiles { keys: vec![data("p256.pub")], ..TrustFiles::default() }).unwrap();
    for as_referrer in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let image = layout(folder.path(), as_referrer);
        let layout = Layout::open(folder.path().to_owned()).unwrap();
        assert_eq!(layout.only_image(), Some(image.clone()));
        let report = check(&layout, "v1", &trust).await.unwrap();
        assert_eq!(report.digest, image);
        assert_eq!(report.checked.len(), 1);
        // Bound to its image: beside another one it is nothing.
        assert!(matches!(report.checked[0].verdict, Err(Refusal::OtherImage(_))), "{report:?}");
        assert_eq!(report.signatures().count(), 0);
        assert!(report.why_unsigned().contains("another image"));
    }
}

#[tokio::test]
async fn a_blob_that_is_not_its_digest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = layout(folder.path(), false);
    fs::write(folder.path().join("blobs/sha256").join(image.hex()), b"{}").unwrap();
    let layout = Layout::open(folder.path().to_owned()).unwrap();
    let trust = Trust::load(&TrustFiles { keys: vec![data("p256.pub")], ..TrustFiles::default() }).unwrap();
    let error = check(&layout, "v1", &trust).await.unwrap_err();
    assert!(error.to_string().contains("has another digest"), "{error}");
}

#[test]
fn a_locked_or_broken_private_key_is_refused() {
    for text in [
        "",
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
    ] {
        assert!(SigningKey::from_pem(text.as_bytes()).is_err());
    }
}
