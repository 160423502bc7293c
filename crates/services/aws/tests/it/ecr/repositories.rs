//! Repositories, their tags and their mutability.

use serde_json::{Value, json};

use super::{arn, ecr, image, manifest, put, repository};
use crate::harness::{ACCOUNT, Harness};

#[tokio::test]
async fn repositories_are_made_shown_and_deleted() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let input = json!({
        "repositoryName": "team/app",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "dev-*" }],
        "imageScanningConfiguration": { "scanOnPush": true },
        "tags": [{ "Key": "team", "Value": "shop" }],
    });
    let made = ecr(&admin, "CreateRepository", input.clone()).await;
    let shown = &made.ok()["repository"];
    assert_eq!(shown["repositoryArn"], json!(arn("team/app")));
    assert_eq!(shown["repositoryUri"], json!("registry.test:7444/team/app"));
    assert_eq!(shown["encryptionConfiguration"], json!({ "encryptionType": "AES256" }));
    assert_eq!(ecr(&admin, "CreateRepository", input).await.code(), "RepositoryAlreadyExistsException");
    repository(&admin, "base").await;

    let harness = harness.restart().await;
    let admin = harness.admin();
    let all = ecr(&admin, "DescribeRepositories", json!({})).await;
    let names = |reply: &Value| -> Vec<String> {
        let repositories = reply["repositories"].as_array().unwrap();
        repositories.iter().map(|one| one["repositoryName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(all.ok()), ["base", "team/app"]);
    assert_eq!(all.ok()["repositories"][1]["imageTagMutability"], json!("IMMUTABLE_WITH_EXCLUSION"));
    let first = ecr(&admin, "DescribeRepositories", json!({ "maxResults": 1 })).await;
    assert_eq!(names(first.ok()), ["base"]);
    let next = json!({ "maxResults": 1, "nextToken": first.ok()["nextToken"] });
    let second = ecr(&admin, "DescribeRepositories", next).await;
    assert_eq!((names(second.ok()), &second.ok()["nextToken"]), (vec!["team/app".to_owned()], &Value::Null));
    // It is of its own region, and not there in another; its name is taken all the same.
    let elsewhere = harness.admin().in_region("eu-west-1");
    let named = json!({ "repositoryNames": ["base"] });
    assert_eq!(ecr(&elsewhere, "DescribeRepositories", named).await.code(), "RepositoryNotFoundException");
    assert_eq!(names(ecr(&elsewhere, "DescribeRepositories", json!({})).await.ok()), <[&str; 0]>::default());
    let named = json!({ "repositoryName": "base" });
    assert_eq!(ecr(&elsewhere, "CreateRepository", named).await.code(), "RepositoryAlreadyExistsException");

    image(&admin, "base", "one", Some("v1")).await;
    let deleted = ecr(&admin, "DeleteRepository", json!({ "repositoryName": "base" })).await;
    assert_eq!(deleted.code(), "RepositoryNotEmptyException");
    let forced = json!({ "repositoryName": "base", "force": true });
    assert_eq!(
        ecr(&admin, "DeleteRepository", forced.clone()).await.ok()["repository"]["registryId"],
        json!(ACCOUNT)
    );
    assert_eq!(ecr(&admin, "DeleteRepository", forced).await.code(), "RepositoryNotFoundException");
    assert_eq!(names(ecr(&admin, "DescribeRepositories", json!({})).await.ok()), ["team/app"]);
}

#[tokio::test]
async fn tags_of_repositories() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let of = json!({ "resourceArn": arn("app") });
    let with = |more: Value| {
        let mut input = of.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let tags = json!([{ "Key": "team", "Value": "shop" }, { "Key": "stage", "Value": "prod" }]);
    ecr(&admin, "TagResource", with(json!({ "tags": tags }))).await.ok();
    let listed = ecr(&admin, "ListTagsForResource", of.clone()).await;
    assert_eq!(
        listed.ok()["tags"],
        json!([{ "Key": "stage", "Value": "prod" }, { "Key": "team", "Value": "shop" }])
    );
    ecr(&admin, "UntagResource", with(json!({ "tagKeys": ["stage", "none"] }))).await.ok();
    let listed = ecr(&admin, "ListTagsForResource", of.clone()).await;
    assert_eq!(listed.ok()["tags"], json!([{ "Key": "team", "Value": "shop" }]));
    let reserved = with(json!({ "tags": [{ "Key": "aws:x", "Value": "" }] }));
    assert_eq!(ecr(&admin, "TagResource", reserved).await.code(), "InvalidTagParameterException");
    let many: Vec<Value> = (0..51).map(|at| json!({ "Key": format!("k{at}"), "Value": "" })).collect();
    assert_eq!(
        ecr(&admin, "TagResource", with(json!({ "tags": many }))).await.code(),
        "TooManyTagsException"
    );
    let other = json!({ "resourceArn": "arn:aws:s3:::app" });
    assert_eq!(ecr(&admin, "ListTagsForResource", other).await.code(), "InvalidParameterException");
}

#[tokio::test]
async fn immutable_tags_are_not_moved() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    image(&admin, "app", "one", Some("v1")).await;
    let second = manifest(&admin, "app", "two").await;
    let set = async |mode: &str, filters: &[&str]| {
        let filters: Vec<Value> =
            filters.iter().map(|filter| json!({ "filterType": "WILDCARD", "filter": filter })).collect();
        let mut input = json!({ "repositoryName": "app", "imageTagMutability": mode });
        if !filters.is_empty() {
            input["imageTagMutabilityExclusionFilters"] = filters.into();
        }
        ecr(&admin, "PutImageTagMutability", input).await
    };
    let refused = "ImageTagAlreadyExistsException";
    for (mode, filters) in [
        ("IMMUTABLE", &[][..]),
        ("IMMUTABLE_WITH_EXCLUSION", &["dev-*"]),
        ("MUTABLE_WITH_EXCLUSION", &["v*"]),
    ] {
        set(mode, filters).await.ok();
        assert_eq!(put(&admin, "app", &second, Some("v1")).await.code(), refused, "{mode}");
    }
    // Taking the tag away first is no way around it: the tag is new then, as on AWS.
    set("IMMUTABLE_WITH_EXCLUSION", &["v*"]).await.ok();
    put(&admin, "app", &second, Some("v1")).await.ok();
    set("IMMUTABLE", &[]).await.ok();
    put(&admin, "app", &second, Some("v2")).await.ok();
    assert_eq!(set("IMMUTABLE", &["v*"]).await.code(), "InvalidParameterException");
    assert_eq!(set("MUTABLE_WITH_EXCLUSION", &[]).await.code(), "InvalidParameterException");
}
