//! Who may do what: identity policies, the repository's policy, the registry's, tags.

use serde_json::{Value, json};

use super::{arn, ecr, image, repository};
use crate::harness::{ACCOUNT, Harness, OTHER, policy};

fn for_everybody(effect: &str, principal: &Value, action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": effect, "Principal": principal, "Action": action },
    ] })
}

#[tokio::test]
async fn another_account_needs_the_policies_of_both_sides() {
    let harness = Harness::new().await;
    let (admin, other) = (harness.admin(), harness.other());
    repository(&admin, "app").await;
    image(&admin, "app", "one", Some("v1")).await;
    let pull = json!({ "registryId": ACCOUNT, "repositoryName": "app", "imageIds": [{ "imageTag": "v1" }] });
    ecr(&other, "BatchGetImage", pull.clone()).await.denied("because no resource-based policy allows");
    let text = for_everybody("Allow", &json!({ "AWS": OTHER }), "ecr:BatchGetImage").to_string();
    let set = json!({ "repositoryName": "app", "policyText": text });
    let stored = ecr(&admin, "SetRepositoryPolicy", set).await;
    assert_eq!(stored.ok()["policyText"], json!(text));
    let shown = ecr(&admin, "GetRepositoryPolicy", json!({ "repositoryName": "app" })).await;
    assert_eq!(shown.ok()["registryId"], json!(ACCOUNT));
    let harness = harness.restart().await;
    let (admin, other) = (harness.admin(), harness.other());
    ecr(&other, "BatchGetImage", pull.clone()).await.ok();
    ecr(&other, "DescribeImages", json!({ "registryId": ACCOUNT, "repositoryName": "app" }))
        .await
        .denied("because no resource-based policy allows");
    // Whether something is there is not told to who may not ask.
    let none = json!({ "registryId": ACCOUNT, "repositoryName": "none", "imageIds": [{ "imageTag": "v1" }] });
    ecr(&other, "BatchGetImage", none).await.denied("because no resource-based policy allows");
    ecr(&admin, "DeleteRepositoryPolicy", json!({ "repositoryName": "app" })).await.ok();
    ecr(&other, "BatchGetImage", pull).await.denied("because no resource-based policy allows");
    let gone = ecr(&admin, "GetRepositoryPolicy", json!({ "repositoryName": "app" })).await;
    assert_eq!(gone.code(), "RepositoryPolicyNotFoundException");
}

#[tokio::test]
async fn the_registry_policy_denies_what_others_allow() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let text = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "ecr:DeleteRepository", "Resource": arn("*"),
    }] })
    .to_string();
    ecr(&admin, "PutRegistryPolicy", json!({ "policyText": text })).await.ok();
    assert_eq!(ecr(&admin, "GetRegistryPolicy", json!({})).await.ok()["policyText"], json!(text));
    let delete = json!({ "repositoryName": "app" });
    ecr(&admin, "DeleteRepository", delete.clone()).await.denied("explicit deny in a resource-based policy");
    // With a policy of its own, the repository is under both.
    let own = for_everybody("Allow", &json!({ "AWS": ACCOUNT }), "ecr:*").to_string();
    ecr(&admin, "SetRepositoryPolicy", json!({ "repositoryName": "app", "policyText": own })).await.ok();
    ecr(&admin, "DeleteRepository", delete.clone()).await.denied("explicit deny in a resource-based policy");
    // One that would lock everybody out is not taken.
    let locked = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*",
    }] });
    let put = ecr(&admin, "PutRegistryPolicy", json!({ "policyText": locked.to_string() })).await;
    assert_eq!(put.code(), "InvalidParameterException");
    ecr(&admin, "DeleteRegistryPolicy", json!({})).await.ok();
    assert_eq!(ecr(&admin, "GetRegistryPolicy", json!({})).await.code(), "RegistryPolicyNotFoundException");
    ecr(&admin, "DeleteRepository", delete).await.ok();
}

#[tokio::test]
async fn a_repository_policy_that_locks_its_author_out_needs_force() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let text = for_everybody("Deny", &json!("*"), "ecr:SetRepositoryPolicy").to_string();
    let mut input = json!({ "repositoryName": "app", "policyText": text });
    assert_eq!(ecr(&admin, "SetRepositoryPolicy", input.clone()).await.code(), "InvalidParameterException");
    input["force"] = true.into();
    ecr(&admin, "SetRepositoryPolicy", input.clone()).await.ok();
    ecr(&admin, "SetRepositoryPolicy", input).await.denied("explicit deny in a resource-based policy");
    for text in ["{", "{\"Version\":\"2012-10-17\"}", "[]"] {
        ecr(&admin, "CreateRepository", json!({ "repositoryName": "other" })).await;
        let input = json!({ "repositoryName": "other", "policyText": text });
        assert_eq!(
            ecr(&admin, "SetRepositoryPolicy", input).await.code(),
            "InvalidParameterException",
            "{text}"
        );
    }
}

#[tokio::test]
async fn tags_count() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let when = |key: &str| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "ecr:*", "Resource": "*", "Condition": { "StringEquals": { key: "shop" } } },
        ] })
    };
    let by_resource = admin.user("by-resource", Some(when("aws:ResourceTag/team"))).await;
    let by_own_key = admin.user("by-own-key", Some(when("ecr:ResourceTag/team"))).await;
    let by_request = admin.user("by-request", Some(when("aws:RequestTag/team"))).await;
    let new = |name: &str, team: &str| json!({ "repositoryName": name, "tags": [{ "Key": "team", "Value": team }] });
    ecr(&by_request, "CreateRepository", new("shop", "shop")).await.ok();
    ecr(&by_request, "CreateRepository", new("bank", "bank"))
        .await
        .denied("because no identity-based policy");
    ecr(&admin, "CreateRepository", new("bank", "bank")).await.ok();
    for client in [&by_resource, &by_own_key] {
        ecr(client, "ListImages", json!({ "repositoryName": "shop" })).await.ok();
        ecr(client, "ListImages", json!({ "repositoryName": "bank" }))
            .await
            .denied("because no identity-based policy");
    }
}

#[tokio::test]
async fn identity_policies_name_repositories() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "team/app").await;
    let user = admin.user("dev", Some(policy("Allow", "ecr:ListImages", &arn("team/*")))).await;
    ecr(&user, "ListImages", json!({ "repositoryName": "team/app" })).await.ok();
    ecr(&user, "ListImages", json!({ "repositoryName": "app" }))
        .await
        .denied("no identity-based policy allows");
    ecr(&user, "DescribeRepositories", json!({})).await.denied("no identity-based policy allows");
    ecr(&user, "GetAuthorizationToken", json!({})).await.denied("no identity-based policy allows");
}
