//! What is set for the registry as a whole.

use ringwall_oci::control::BackfillStatus;
use ringwall_store::Change;
use serde_json::{Value, json};

use super::{ecr, image, repository};
use crate::harness::{ACCOUNT, Harness, OTHER, REGION};

#[tokio::test]
async fn replication_and_its_backfills() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let destination = json!({ "region": "eu-west-1", "registryId": OTHER });
    let rules = |destination: &Value| {
        json!({ "replicationConfiguration": { "rules": [{
            "destinations": [destination],
            "repositoryFilters": [{ "filter": "prod", "filterType": "PREFIX_MATCH" }],
        }] } })
    };
    let described = ecr(&admin, "DescribeRegistry", json!({})).await;
    assert_eq!(described.ok()["replicationConfiguration"], json!({ "rules": [] }));
    let start = json!({ "destination": destination });
    assert_eq!(
        ecr(&admin, "StartReplicationBackfill", start.clone()).await.code(),
        "InvalidParameterException"
    );
    ecr(&admin, "PutReplicationConfiguration", rules(&destination)).await.ok();
    let own = json!({ "region": REGION, "registryId": ACCOUNT });
    let looped = ecr(&admin, "PutReplicationConfiguration", rules(&own)).await;
    assert_eq!(looped.code(), "InvalidParameterException");
    let harness = harness.restart().await;
    let admin = harness.admin();
    let described = ecr(&admin, "DescribeRegistry", json!({})).await;
    assert_eq!(described.ok()["replicationConfiguration"], rules(&destination)["replicationConfiguration"]);
    let started = ecr(&admin, "StartReplicationBackfill", start.clone()).await;
    let id = started.ok()["replicationBackfillId"].clone();
    assert_eq!(started.ok()["status"], json!("PREPARING"));
    assert_eq!(
        ecr(&admin, "StartReplicationBackfill", start.clone()).await.code(),
        "ReplicationBackfillInProgressException"
    );
    let listed = ecr(&admin, "ListReplicationBackfills", json!({})).await;
    assert_eq!(listed.ok()["backfills"][0]["replicationBackfillId"], id);
    let of = json!({ "replicationBackfillId": id });
    // What the worker does.
    let control = harness.control();
    let place = control.backfills.place(ACCOUNT, "", id.as_str().unwrap());
    let running = |backfill: Option<&ringwall_oci::control::Backfill>| {
        let mut backfill = backfill.unwrap().clone();
        backfill.status = BackfillStatus::InProgress;
        (backfill.total, backfill.completed) = (Some(2), 1);
        Ok::<_, ringwall_store::StoreError>(Change::Put(backfill))
    };
    control.backfills.update(&place, running).await.unwrap();
    let described = ecr(&admin, "DescribeReplicationBackfillResults", of.clone()).await;
    assert_eq!(described.ok()["progress"]["totalReplicationCount"], json!(2));
    let stopped = ecr(&admin, "StopReplicationBackfill", of.clone()).await;
    assert_eq!(stopped.ok()["status"], json!("STOPPING"));
    assert_eq!(
        ecr(&admin, "StopReplicationBackfill", of).await.code(),
        "ReplicationBackfillInvalidStatusException"
    );
    let none = json!({ "replicationBackfillId": "00000000-0000-4000-8000-000000000000" });
    assert_eq!(
        ecr(&admin, "DescribeReplicationBackfillResults", none).await.code(),
        "ReplicationBackfillNotFoundException"
    );
}

#[tokio::test]
async fn cache_rules() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let secret = json!({
        "Name": "ecr-pullthroughcache/hub", "SecretString": "{\"username\":\"u\",\"accessToken\":\"t\"}",
    });
    let secret = admin.call("secretsmanager", "CreateSecret", secret).await.ok()["ARN"].clone();
    let quay = json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" });
    ecr(&admin, "CreatePullThroughCacheRule", quay.clone()).await.ok();
    assert_eq!(
        ecr(&admin, "CreatePullThroughCacheRule", quay).await.code(),
        "PullThroughCacheRuleAlreadyExistsException"
    );
    let mut hub = json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io" });
    assert_eq!(
        ecr(&admin, "CreatePullThroughCacheRule", hub.clone()).await.code(),
        "InvalidParameterException"
    );
    hub["credentialArn"] = format!("{}x", secret.as_str().unwrap()).into();
    assert_eq!(
        ecr(&admin, "CreatePullThroughCacheRule", hub.clone()).await.code(),
        "SecretNotFoundException"
    );
    hub["credentialArn"] = secret.clone();
    ecr(&admin, "CreatePullThroughCacheRule", hub).await.ok();
    let unknown = json!({ "ecrRepositoryPrefix": "other", "upstreamRegistryUrl": "registry.example.com" });
    assert_eq!(
        ecr(&admin, "CreatePullThroughCacheRule", unknown).await.code(),
        "UnsupportedUpstreamRegistryException"
    );
    let harness = harness.restart().await;
    let admin = harness.admin();
    let all = ecr(&admin, "DescribePullThroughCacheRules", json!({})).await;
    let prefixes: Vec<&Value> = all.ok()["pullThroughCacheRules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["ecrRepositoryPrefix"])
        .collect();
    assert_eq!(prefixes, [&json!("hub"), &json!("quay")]);
    let of = json!({ "ecrRepositoryPrefix": "hub" });
    let valid = ecr(&admin, "ValidatePullThroughCacheRule", of.clone()).await;
    assert_eq!(valid.ok()["isValid"], json!(true), "{}", valid.text);
    let put = json!({ "SecretId": secret, "SecretString": "no JSON" });
    admin.call("secretsmanager", "PutSecretValue", put).await.ok();
    let invalid = ecr(&admin, "ValidatePullThroughCacheRule", of.clone()).await;
    assert_eq!(invalid.ok()["isValid"], json!(false));
    assert!(!invalid.ok()["failure"].is_null());
    let update = json!({ "ecrRepositoryPrefix": "quay", "credentialArn": secret });
    assert_eq!(ecr(&admin, "UpdatePullThroughCacheRule", update).await.ok()["credentialArn"], secret);
    ecr(&admin, "DeletePullThroughCacheRule", of.clone()).await.ok();
    assert_eq!(
        ecr(&admin, "DeletePullThroughCacheRule", of).await.code(),
        "PullThroughCacheRuleNotFoundException"
    );
}

#[tokio::test]
async fn templates() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let template = json!({
        "prefix": "prod", "appliedFor": ["CREATE_ON_PUSH"], "imageTagMutability": "IMMUTABLE",
        "resourceTags": [{ "Key": "team", "Value": "shop" }],
    });
    ecr(&admin, "CreateRepositoryCreationTemplate", template.clone()).await.ok();
    assert_eq!(
        ecr(&admin, "CreateRepositoryCreationTemplate", template).await.code(),
        "TemplateAlreadyExistsException"
    );
    let update = json!({ "prefix": "prod", "description": "for production" });
    ecr(&admin, "UpdateRepositoryCreationTemplate", update).await.ok();
    let shown = ecr(&admin, "DescribeRepositoryCreationTemplates", json!({ "prefixes": ["prod"] })).await;
    let shown = &shown.ok()["repositoryCreationTemplates"][0];
    assert_eq!(
        (&shown["imageTagMutability"], &shown["description"]),
        (&json!("IMMUTABLE"), &json!("for production"))
    );
    let bad = json!({ "prefix": "x", "appliedFor": ["REPLICATION"], "lifecyclePolicy": "{}" });
    assert_eq!(
        ecr(&admin, "CreateRepositoryCreationTemplate", bad).await.code(),
        "InvalidParameterException"
    );
    let of = json!({ "prefix": "prod" });
    ecr(&admin, "DeleteRepositoryCreationTemplate", of.clone()).await.ok();
    assert_eq!(ecr(&admin, "DeleteRepositoryCreationTemplate", of).await.code(), "TemplateNotFoundException");
}

#[tokio::test]
async fn signing_exclusions_and_settings() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "prod/app").await;
    image(&admin, "prod/app", "one", Some("v1")).await;
    let none = ecr(&admin, "GetSigningConfiguration", json!({})).await;
    assert_eq!(none.code(), "SigningConfigurationNotFoundException");
    let profile = format!("arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/images");
    let signing = json!({ "rules": [{
        "signingProfileArn": profile,
        "repositoryFilters": [{ "filter": "prod/*", "filterType": "WILDCARD_MATCH" }],
    }] });
    ecr(&admin, "PutSigningConfiguration", json!({ "signingConfiguration": signing })).await.ok();
    assert_eq!(ecr(&admin, "GetSigningConfiguration", json!({})).await.ok()["signingConfiguration"], signing);
    let of = json!({ "repositoryName": "prod/app", "imageId": { "imageTag": "v1" } });
    let status = ecr(&admin, "DescribeImageSigningStatus", of.clone()).await;
    assert_eq!(status.ok()["signingStatuses"][0]["status"], json!("FAILED"));
    assert_eq!(
        ecr(&admin, "DescribeImageReplicationStatus", of).await.ok()["replicationStatuses"],
        json!([])
    );
    ecr(&admin, "DeleteSigningConfiguration", json!({})).await.ok();
    assert_eq!(
        ecr(&admin, "DeleteSigningConfiguration", json!({})).await.code(),
        "SigningConfigurationNotFoundException"
    );

    let role = json!({ "principalArn": format!("arn:aws:iam::{ACCOUNT}:role/scanner") });
    ecr(&admin, "RegisterPullTimeUpdateExclusion", role.clone()).await.ok();
    assert_eq!(
        ecr(&admin, "RegisterPullTimeUpdateExclusion", role.clone()).await.code(),
        "ExclusionAlreadyExistsException"
    );
    let listed = ecr(&admin, "ListPullTimeUpdateExclusions", json!({})).await;
    assert_eq!(listed.ok()["pullTimeUpdateExclusions"], json!([role["principalArn"]]));
    ecr(&admin, "DeregisterPullTimeUpdateExclusion", role.clone()).await.ok();
    assert_eq!(
        ecr(&admin, "DeregisterPullTimeUpdateExclusion", role).await.code(),
        "ExclusionNotFoundException"
    );

    let get = json!({ "name": "BLOB_MOUNTING" });
    assert_eq!(ecr(&admin, "GetAccountSetting", get.clone()).await.ok()["value"], json!("ENABLED"));
    assert!(harness.endpoint().registry_mounts(ACCOUNT).await.unwrap());
    let put = json!({ "name": "BLOB_MOUNTING", "value": "DISABLED" });
    ecr(&admin, "PutAccountSetting", put).await.ok();
    assert_eq!(ecr(&admin, "GetAccountSetting", get).await.ok()["value"], json!("DISABLED"));
    assert!(!harness.endpoint().registry_mounts(ACCOUNT).await.unwrap());
    for (name, value) in [("BLOB_MOUNTING", "MAYBE"), ("OTHER", "V2"), ("REGISTRY_POLICY_SCOPE", "V1")] {
        let put = json!({ "name": name, "value": value });
        assert_eq!(ecr(&admin, "PutAccountSetting", put).await.code(), "InvalidParameterException", "{name}");
    }
}

#[tokio::test]
async fn pulls_by_excluded_principals_leave_no_time() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    image(&admin, "app", "one", Some("v1")).await;
    let all = crate::harness::policy("Allow", "ecr:*", "*");
    let (quiet, loud) = (admin.user("quiet", Some(all.clone())).await, admin.user("loud", Some(all)).await);
    let quiet_arn = json!({ "principalArn": format!("arn:aws:iam::{ACCOUNT}:user/quiet") });
    ecr(&admin, "RegisterPullTimeUpdateExclusion", quiet_arn).await.ok();
    let pull = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "v1" }] });
    let time = async || {
        harness.write_pulls().await;
        let reply = ecr(&admin, "DescribeImages", pull.clone()).await;
        reply.ok()["imageDetails"][0]["lastRecordedPullTime"].clone()
    };
    ecr(&quiet, "BatchGetImage", pull.clone()).await.ok();
    assert_eq!(time().await, Value::Null);
    ecr(&loud, "BatchGetImage", pull.clone()).await.ok();
    assert!(!time().await.is_null());
}
