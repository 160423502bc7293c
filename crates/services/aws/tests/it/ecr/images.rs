//! Images put, got, listed and deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{INDEX, MANIFEST, digest, ecr, image, listed, manifest, put, repository};
use crate::harness::{Client, Harness};

async fn get(client: &Client<'_>, ids: Value) -> Value {
    let input = json!({ "repositoryName": "app", "imageIds": ids });
    ecr(client, "BatchGetImage", input).await.ok().clone()
}

#[tokio::test]
async fn images_are_put_got_and_deleted() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let first = manifest(&admin, "app", "one").await;
    put(&admin, "app", &first, Some("v1")).await.ok();
    put(&admin, "app", &first, Some("latest")).await.ok();
    assert_eq!(put(&admin, "app", &first, Some("v1")).await.code(), "ImageAlreadyExistsException");
    let second = image(&admin, "app", "two", None).await;
    let first_digest = digest(first.as_bytes());

    let harness = harness.restart().await;
    let admin = harness.admin();
    let got = get(&admin, json!([{ "imageTag": "v1" }, { "imageDigest": second }])).await;
    assert_eq!(got["images"][0]["imageManifest"], json!(first));
    assert_eq!(got["images"][0]["imageManifestMediaType"], json!(MANIFEST));
    assert_eq!(got["images"][1]["imageId"], json!({ "imageDigest": second }));
    let wrong = json!([
        { "imageTag": "none" }, {}, { "imageDigest": "sha256:0" }, { "imageTag": "a b" },
        { "imageTag": "v1", "imageDigest": second },
    ]);
    let got = get(&admin, wrong).await;
    let codes: Vec<&str> =
        got["failures"].as_array().unwrap().iter().map(|one| one["failureCode"].as_str().unwrap()).collect();
    let expected = [
        "ImageNotFound",
        "MissingDigestAndTag",
        "InvalidImageDigest",
        "InvalidImageTag",
        "ImageTagDoesNotMatchDigest",
    ];
    assert_eq!(codes, expected);

    let delete = async |ids: Value| {
        let input = json!({ "repositoryName": "app", "imageIds": ids });
        ecr(&admin, "BatchDeleteImage", input).await.ok().clone()
    };
    // A tag goes and leaves the image, until it is the last one.
    let gone = delete(json!([{ "imageTag": "latest" }])).await;
    assert_eq!(gone["imageIds"], json!([{ "imageDigest": first_digest, "imageTag": "latest" }]));
    assert_eq!(listed(&admin, "app").await.len(), 2);
    delete(json!([{ "imageTag": "v1" }])).await;
    assert_eq!(listed(&admin, "app").await, [(second.clone(), None)]);
    assert_eq!(delete(json!([{ "imageDigest": second }])).await["failures"], json!([]));
    assert_eq!(listed(&admin, "app").await, []);
}

#[tokio::test]
async fn an_index_needs_its_images_and_keeps_them() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let one = manifest(&admin, "app", "one").await;
    let one_digest = digest(one.as_bytes());
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{ "mediaType": MANIFEST, "digest": one_digest, "size": one.len() }],
    })
    .to_string();
    assert_eq!(put(&admin, "app", &index, Some("all")).await.code(), "ReferencedImagesNotFoundException");
    put(&admin, "app", &one, None).await.ok();
    put(&admin, "app", &index, Some("all")).await.ok();
    let input = json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": one_digest }] });
    let kept = ecr(&admin, "BatchDeleteImage", input.clone()).await;
    assert_eq!(kept.ok()["failures"][0]["failureCode"], json!("ImageReferencedByManifestList"));
    let all = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "all" }] });
    ecr(&admin, "BatchDeleteImage", all).await.ok();
    assert_eq!(ecr(&admin, "BatchDeleteImage", input).await.ok()["failures"], json!([]));
}

#[tokio::test]
async fn lists_go_page_by_page_and_by_filter() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let first = manifest(&admin, "app", "one").await;
    for tag in ["a", "b", "c"] {
        put(&admin, "app", &first, Some(tag)).await.ok();
    }
    let untagged = image(&admin, "app", "two", None).await;
    let tagged = image(&admin, "app", "three", Some("d")).await;
    let archive = json!({
        "repositoryName": "app", "imageId": { "imageDigest": tagged }, "targetStorageClass": "ARCHIVE",
    });
    let archived = ecr(&admin, "UpdateImageStorageClass", archive.clone()).await;
    assert_eq!(archived.ok()["imageStatus"], json!("ARCHIVED"));
    assert_eq!(
        ecr(&admin, "UpdateImageStorageClass", archive).await.code(),
        "ImageStorageClassUpdateNotSupportedException"
    );
    let any = json!({ "imageStatus": "ANY" });
    for size in 1..=6 {
        let mut seen = BTreeSet::new();
        let mut input = json!({ "repositoryName": "app", "maxResults": size, "filter": any });
        loop {
            let reply = ecr(&admin, "ListImages", input.clone()).await;
            let page = reply.ok()["imageIds"].as_array().unwrap();
            assert!(page.len() <= size);
            for id in page {
                assert!(seen.insert(id.to_string()), "{id} twice");
            }
            match &reply.ok()["nextToken"] {
                Value::Null => break,
                token => input["nextToken"] = token.clone(),
            }
        }
        assert_eq!(seen.len(), 5, "pages of {size}");
        let mut seen = BTreeSet::new();
        let mut input = json!({ "repositoryName": "app", "maxResults": size, "filter": any });
        loop {
            let reply = ecr(&admin, "DescribeImages", input.clone()).await;
            for image in reply.ok()["imageDetails"].as_array().unwrap() {
                assert!(seen.insert(image["imageDigest"].to_string()));
            }
            match &reply.ok()["nextToken"] {
                Value::Null => break,
                token => input["nextToken"] = token.clone(),
            }
        }
        assert_eq!(seen.len(), 3, "pages of {size}");
    }
    let described = async |filter: Value| -> Vec<String> {
        let input = json!({ "repositoryName": "app", "filter": filter });
        let reply = ecr(&admin, "DescribeImages", input).await;
        let details = reply.ok()["imageDetails"].as_array().unwrap().clone();
        details.iter().map(|image| image["imageDigest"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(described(json!({ "tagStatus": "UNTAGGED" })).await, [untagged]);
    assert_eq!(described(json!({ "imageStatus": "ARCHIVED" })).await, std::slice::from_ref(&tagged));
    assert_eq!(described(json!({})).await.len(), 2);
    // What is archived is not pulled.
    let got = get(&admin, json!([{ "imageDigest": tagged }])).await;
    assert_eq!(got["failures"][0]["failureCode"], json!("ImageInaccessible"));
    let named = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "a" }] });
    let detail = ecr(&admin, "DescribeImages", named).await.ok()["imageDetails"][0].clone();
    assert_eq!(detail["imageTags"], json!(["a", "b", "c"]));
    assert!(detail["imageSizeInBytes"].as_i64().unwrap() > 0);
    let none = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "none" }] });
    assert_eq!(ecr(&admin, "DescribeImages", none).await.code(), "ImageNotFoundException");
}

#[tokio::test]
async fn what_refers_to_an_image_is_listed() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let subject = manifest(&admin, "app", "one").await;
    put(&admin, "app", &subject, Some("v1")).await.ok();
    let subject_digest = digest(subject.as_bytes());
    let mut signature: Value = serde_json::from_str(&manifest(&admin, "app", "signature").await).unwrap();
    signature["artifactType"] = "application/vnd.example.signature".into();
    signature["subject"] = json!({ "mediaType": MANIFEST, "digest": subject_digest, "size": subject.len() });
    signature["annotations"] = json!({ "by": "me" });
    put(&admin, "app", &signature.to_string(), None).await.ok();
    let list = async |filter: Value| {
        let input = json!({
            "repositoryName": "app", "subjectId": { "imageDigest": subject_digest }, "filter": filter,
        });
        ecr(&admin, "ListImageReferrers", input).await.ok()["referrers"].clone()
    };
    let all = list(json!({})).await;
    assert_eq!(all[0]["digest"], json!(digest(signature.to_string().as_bytes())));
    assert_eq!(all[0]["annotations"], json!({ "by": "me" }));
    assert_eq!(all[0]["artifactStatus"], json!("ACTIVE"));
    assert_eq!(list(json!({ "artifactTypes": ["application/vnd.example.sbom"] })).await, json!([]));
    assert_eq!(list(json!({ "artifactStatus": "ARCHIVED" })).await, json!([]));
}
