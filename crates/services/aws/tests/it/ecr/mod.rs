//! ECR: what is done shows through another operation, and each layer of policy can refuse it.

mod access;
mod door;
mod images;
mod layers;
mod lifecycle;
mod refused;
mod registry;
mod repositories;
mod scans;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Client, REGION, Reply, blob};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

async fn ecr(client: &Client<'_>, operation: &str, input: Value) -> Reply {
    client.call("ecr", operation, input).await
}

fn arn(name: &str) -> String {
    format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}")
}

fn digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    format!("sha256:{}", HEXLOWER.encode(digest.as_ref()))
}

async fn repository(client: &Client<'_>, name: &str) {
    ecr(client, "CreateRepository", json!({ "repositoryName": name })).await.ok();
}

/// Pushes a layer by the API, in two pieces.
async fn layer(client: &Client<'_>, repository: &str, bytes: &[u8]) -> String {
    let begun = ecr(client, "InitiateLayerUpload", json!({ "repositoryName": repository })).await;
    let id = begun.ok()["uploadId"].clone();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let mut at = 0;
    for part in [first, second].into_iter().filter(|part| !part.is_empty()) {
        let input = json!({
            "repositoryName": repository, "uploadId": id, "partFirstByte": at,
            "partLastByte": at + part.len() - 1, "layerPartBlob": blob(part),
        });
        let reply = ecr(client, "UploadLayerPart", input).await;
        at += part.len();
        assert_eq!(reply.ok()["lastByteReceived"], json!(at - 1));
    }
    let digest = digest(bytes);
    let input = json!({ "repositoryName": repository, "uploadId": id, "layerDigests": [digest] });
    let done = ecr(client, "CompleteLayerUpload", input).await;
    assert_eq!(done.ok()["layerDigest"], json!(digest));
    digest
}

/// The manifest of an image whose config and only layer are these bytes.
async fn manifest(client: &Client<'_>, repository: &str, content: &str) -> String {
    let (config, data) = (format!("{{\"of\":\"{content}\"}}"), format!("layer of {content}"));
    let config_digest = layer(client, repository, config.as_bytes()).await;
    let layer_digest = layer(client, repository, data.as_bytes()).await;
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": CONFIG, "digest": config_digest, "size": config.len() },
        "layers": [{ "mediaType": LAYER, "digest": layer_digest, "size": data.len() }],
    })
    .to_string()
}

async fn put(client: &Client<'_>, repository: &str, manifest: &str, tag: Option<&str>) -> Reply {
    let input = json!({
        "repositoryName": repository, "imageManifest": manifest, "imageTag": tag,
    });
    ecr(client, "PutImage", input).await
}

/// Pushes an image, and tells its digest.
async fn image(client: &Client<'_>, repository: &str, content: &str, tag: Option<&str>) -> String {
    let manifest = manifest(client, repository, content).await;
    let put = put(client, repository, &manifest, tag).await;
    assert_eq!(put.ok()["image"]["imageId"]["imageDigest"], json!(digest(manifest.as_bytes())));
    digest(manifest.as_bytes())
}

/// Every identifier that a list has, as digest and tag.
async fn listed(client: &Client<'_>, repository: &str) -> Vec<(String, Option<String>)> {
    let reply = ecr(client, "ListImages", json!({ "repositoryName": repository })).await;
    let one = |id: &Value| {
        (id["imageDigest"].as_str().unwrap().to_owned(), id["imageTag"].as_str().map(str::to_owned))
    };
    reply.ok()["imageIds"].as_array().unwrap().iter().map(one).collect()
}
