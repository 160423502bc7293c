//! Every operation, refused to who has no permission for it.

use ringwall_protocol::service;
use serde_json::{Value, json};

use super::{arn, ecr, image, repository};
use crate::harness::{ACCOUNT, Harness, policy};

/// An input that the model takes, for each operation.
fn input(operation: &str, digest: &str) -> Value {
    let profile = format!("arn:aws:signer:eu-central-1:{ACCOUNT}:/signing-profiles/images");
    let id = json!({ "imageTag": "v1" });
    let role = format!("arn:aws:iam::{ACCOUNT}:role/scanner");
    let uuid = "00000000-0000-4000-8000-000000000000";
    let rule = "{\"rules\":[]}".to_owned() + &" ".repeat(100);
    let own = match operation {
        "BatchCheckLayerAvailability" => json!({ "layerDigests": [digest] }),
        "BatchDeleteImage" | "BatchGetImage" => json!({ "imageIds": [id] }),
        "BatchGetRepositoryScanningConfiguration" => return json!({ "repositoryNames": ["app"] }),
        "CompleteLayerUpload" => json!({ "uploadId": uuid, "layerDigests": [digest] }),
        "CreatePullThroughCacheRule" => {
            return json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" });
        }
        "CreateRepositoryCreationTemplate" => return json!({ "prefix": "x", "appliedFor": ["REPLICATION"] }),
        "DeleteRepositoryCreationTemplate" | "UpdateRepositoryCreationTemplate" => {
            return json!({ "prefix": "x" });
        }
        "DeletePullThroughCacheRule" | "UpdatePullThroughCacheRule" | "ValidatePullThroughCacheRule" => {
            return json!({ "ecrRepositoryPrefix": "quay" });
        }
        "DeregisterPullTimeUpdateExclusion" | "RegisterPullTimeUpdateExclusion" => {
            return json!({ "principalArn": role });
        }
        "DescribeImageReplicationStatus"
        | "DescribeImageScanFindings"
        | "DescribeImageSigningStatus"
        | "StartImageScan" => json!({ "imageId": id }),
        "DescribeReplicationBackfillResults" | "StopReplicationBackfill" => {
            return json!({ "replicationBackfillId": uuid });
        }
        "StartReplicationBackfill" => {
            return json!({ "destination": { "region": "eu-west-1", "registryId": ACCOUNT } });
        }
        "GetAccountSetting" => return json!({ "name": "BLOB_MOUNTING" }),
        "PutAccountSetting" => return json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" }),
        "GetDownloadUrlForLayer" => json!({ "layerDigest": digest }),
        "ListImageReferrers" => json!({ "subjectId": { "imageDigest": digest } }),
        "ListTagsForResource" => return json!({ "resourceArn": arn("app") }),
        "TagResource" => return json!({ "resourceArn": arn("app"), "tags": [{ "Key": "a", "Value": "b" }] }),
        "UntagResource" => return json!({ "resourceArn": arn("app"), "tagKeys": ["a"] }),
        "PutImage" => json!({ "imageManifest": "{}" }),
        "PutImageScanningConfiguration" => json!({ "imageScanningConfiguration": {} }),
        "PutImageTagMutability" => json!({ "imageTagMutability": "IMMUTABLE" }),
        "PutLifecyclePolicy" => json!({ "lifecyclePolicyText": rule }),
        "PutRegistryPolicy" => return json!({ "policyText": "{}" }),
        "PutReplicationConfiguration" => return json!({ "replicationConfiguration": { "rules": [] } }),
        "PutSigningConfiguration" => {
            return json!({ "signingConfiguration": { "rules": [{ "signingProfileArn": profile }] } });
        }
        "SetRepositoryPolicy" => json!({ "policyText": "{}" }),
        "UpdateImageStorageClass" => json!({ "imageId": id, "targetStorageClass": "ARCHIVE" }),
        "UploadLayerPart" => json!({
            "uploadId": uuid, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "AA==",
        }),
        "CreateRepository"
        | "DeleteLifecyclePolicy"
        | "DeleteRepository"
        | "DeleteRepositoryPolicy"
        | "DescribeImages"
        | "GetLifecyclePolicy"
        | "GetLifecyclePolicyPreview"
        | "GetRepositoryPolicy"
        | "InitiateLayerUpload"
        | "ListImages"
        | "StartLifecyclePolicyPreview" => json!({}),
        _ => return json!({}),
    };
    let mut input = json!({ "repositoryName": "app" });
    input.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    input
}

#[tokio::test]
async fn every_operation_needs_its_permission() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let digest = image(&admin, "app", "one", Some("v1")).await;
    let nobody = admin.user("nobody", None).await;
    let all = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ecr:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "ecr:*", "Resource": "*" },
    ] });
    let denied = admin.user("denied", Some(all)).await;
    let names: Vec<&str> = service("ecr").unwrap().operations().map(|operation| operation.name()).collect();
    assert_eq!(names.len(), 62);
    for name in names {
        let input = input(name, &digest);
        ecr(&nobody, name, input.clone()).await.denied("because no identity-based policy allows");
        ecr(&denied, name, input).await.denied("with an explicit deny in an identity-based policy");
    }
    // Nothing came of it.
    assert_eq!(super::listed(&admin, "app").await, [(digest, Some("v1".to_owned()))]);
    let other = harness.other().user("other", Some(policy("Allow", "ecr:*", "*"))).await;
    let named = json!({ "registryId": ACCOUNT, "repositoryName": "app" });
    ecr(&other, "DeleteRepository", named).await.denied("because no resource-based policy allows");
}

#[tokio::test]
async fn what_the_model_refuses_is_an_invalid_parameter() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    for (operation, input) in [
        ("CreateRepository", json!({ "repositoryName": "A" })),
        ("CreateRepository", json!({ "repositoryName": "x".repeat(257) })),
        ("CreateRepository", json!({})),
        ("CreateRepository", json!({ "repositoryName": "a/../b" })),
        ("DescribeImages", json!({ "repositoryName": "app", "registryId": "1" })),
        ("PutLifecyclePolicy", json!({ "repositoryName": "app", "lifecyclePolicyText": "{}" })),
        ("DescribeRepositories", json!({ "nextToken": "%" })),
        ("DescribeRepositories", json!({ "maxResults": 1001 })),
    ] {
        assert_eq!(
            ecr(&admin, operation, input.clone()).await.code(),
            "InvalidParameterException",
            "{input}"
        );
    }
    let kms = json!({ "repositoryName": "app", "encryptionConfiguration": { "encryptionType": "KMS" } });
    assert_eq!(ecr(&admin, "CreateRepository", kms).await.code(), "InvalidParameterException");
}
