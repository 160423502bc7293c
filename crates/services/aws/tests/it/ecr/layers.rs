//! Layers.

use serde_json::json;

use super::{digest, ecr, layer, put, repository};
use crate::harness::{Harness, blob};

#[tokio::test]
async fn layers_are_pushed_in_pieces() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let bytes = b"some bytes of a layer".as_slice();
    let begin = async || {
        let begun = ecr(&admin, "InitiateLayerUpload", json!({ "repositoryName": "app" })).await;
        begun.ok()["uploadId"].clone()
    };
    let part = async |id: &serde_json::Value, from: usize, bytes: &[u8]| {
        let input = json!({
            "repositoryName": "app", "uploadId": id, "partFirstByte": from,
            "partLastByte": from + bytes.len() - 1, "layerPartBlob": blob(bytes),
        });
        ecr(&admin, "UploadLayerPart", input).await
    };
    let complete = async |id: &serde_json::Value, digest: &str| {
        let input = json!({ "repositoryName": "app", "uploadId": id, "layerDigests": [digest] });
        ecr(&admin, "CompleteLayerUpload", input).await
    };
    let id = begin().await;
    assert_eq!(complete(&id, &digest(bytes)).await.code(), "EmptyUploadException");
    part(&id, 0, &bytes[..5]).await.ok();
    let gap = part(&id, 9, &bytes[9..]).await;
    assert_eq!((gap.code(), &gap.value["lastValidByteReceived"]), ("InvalidLayerPartException", &json!(4)));
    let short = json!({
        "repositoryName": "app", "uploadId": id, "partFirstByte": 5, "partLastByte": 50,
        "layerPartBlob": blob(&bytes[5..]),
    });
    assert_eq!(ecr(&admin, "UploadLayerPart", short).await.code(), "InvalidParameterException");
    part(&id, 5, &bytes[5..]).await.ok();
    assert_eq!(complete(&id, &digest(b"other")).await.code(), "InvalidLayerException");
    assert_eq!(layer(&admin, "app", bytes).await, digest(bytes));
    let again = begin().await;
    part(&again, 0, bytes).await.ok();
    assert_eq!(complete(&again, &digest(bytes)).await.code(), "LayerAlreadyExistsException");
    assert_eq!(complete(&again, &digest(bytes)).await.code(), "UploadNotFoundException");

    let check =
        json!({ "repositoryName": "app", "layerDigests": [digest(bytes), digest(b"none"), "sha256:zz", ""] });
    let checked = ecr(&admin, "BatchCheckLayerAvailability", check).await;
    assert_eq!(checked.ok()["layers"][0]["layerAvailability"], json!("AVAILABLE"));
    assert_eq!(checked.ok()["layers"][0]["layerSize"], json!(bytes.len()));
    assert_eq!(checked.ok()["layers"][1]["layerAvailability"], json!("UNAVAILABLE"));
    assert_eq!(checked.ok()["failures"][0]["failureCode"], json!("InvalidLayerDigest"));
    assert_eq!(checked.ok()["failures"][1]["failureCode"], json!("MissingLayerDigest"));

    let missing = json!({ "repositoryName": "app", "layerDigest": digest(b"none") });
    assert_eq!(ecr(&admin, "GetDownloadUrlForLayer", missing).await.code(), "LayersNotFoundException");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": super::MANIFEST,
        "config": { "mediaType": super::CONFIG, "digest": digest(b"none"), "size": 4 }, "layers": [],
    });
    assert_eq!(put(&admin, "app", &manifest.to_string(), None).await.code(), "LayersNotFoundException");
    let wrong = json!({
        "repositoryName": "app", "imageManifest": manifest.to_string(), "imageDigest": digest(b"x"),
    });
    let code = ecr(&admin, "PutImage", wrong).await.code().to_owned();
    assert!(["ImageDigestDoesNotMatchException", "LayersNotFoundException"].contains(&&*code), "{code}");
    assert_eq!(put(&admin, "app", "no manifest", None).await.code(), "InvalidParameterException");
}
