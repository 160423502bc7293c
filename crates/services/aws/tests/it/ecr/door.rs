//! What the registry's HTTP side asks: passwords, decisions, records.

use std::net::{IpAddr, Ipv4Addr};

use data_encoding::BASE64;
use ringwall_aws::{RegistryAsk, RegistryDecision, RegistryPrincipal};
use ringwall_registry::template::AppliedFor;
use serde_json::{Value, json};

use super::{arn, ecr, image, repository};
use crate::harness::{ACCOUNT, Client, Harness, policy, trust};

/// The same without its end.
fn shorter(text: &str) -> &str {
    text.get(..text.len() - 4).unwrap()
}

async fn password(client: &Client<'_>) -> String {
    let reply = ecr(client, "GetAuthorizationToken", json!({})).await;
    let data = &reply.ok()["authorizationData"][0];
    assert_eq!(data["proxyEndpoint"], json!("https://registry.test:7444"));
    let token = BASE64.decode(data["authorizationToken"].as_str().unwrap().as_bytes()).unwrap();
    String::from_utf8(token).unwrap().strip_prefix("AWS:").unwrap().to_owned()
}

fn ask(operation: &str, repository: &str) -> RegistryAsk {
    RegistryAsk {
        operation: operation.to_owned(),
        account: ACCOUNT.to_owned(),
        repository: repository.to_owned(),
        parameters: json!({ "imageIds": [{ "imageTag": "v1" }] }),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        vpc_endpoint: None,
        user_agent: "docker/27".to_owned(),
        host: "registry.test:7444".to_owned(),
        tls: None,
    }
}

async fn may(harness: &Harness, principal: &RegistryPrincipal, ask: RegistryAsk) -> bool {
    match harness.endpoint().registry_allows(principal, ask).await.unwrap() {
        RegistryDecision::Permit(permit) => {
            permit.record(None).await.unwrap();
            true
        }
        RegistryDecision::Denied(reason) => {
            assert!(reason.contains("is not authorized to perform: ecr:"), "{reason}");
            false
        }
    }
}

#[tokio::test]
async fn a_password_is_its_principals() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    image(&admin, "app", "one", Some("v1")).await;
    let pull = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*" },
        { "Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": arn("app") },
    ] });
    let user = admin.user("puller", Some(pull)).await;
    let password = password(&user).await;
    let harness_again = &harness;
    let come = async |user: &str, password: &str| {
        harness_again.endpoint().registry_principal(user, password).await.map_err(|error| error.code)
    };
    let principal = come("AWS", &password).await.unwrap();
    assert_eq!(principal.arn(), format!("arn:aws:iam::{ACCOUNT}:user/puller"));
    assert!(may(&harness, &principal, ask("BatchGetImage", "app")).await);
    assert!(!may(&harness, &principal, ask("PutImage", "app")).await);
    assert!(!may(&harness, &principal, ask("BatchGetImage", "other")).await);
    // Referrers need what pulls need.
    assert!(may(&harness, &principal, ask("ListImageReferrers", "app")).await);
    for (user, wrong) in [("aws", &*password), ("AWS", "x"), ("AWS", shorter(&password)), ("AWS", "")] {
        assert_eq!(come(user, wrong).await.unwrap_err(), "UnrecognizedClientException");
    }
    // It is none of STS's tokens, and the other way round.
    let session = admin.call("sts", "GetSessionToken", json!({})).await;
    let token = session.ok()["Credentials"]["SessionToken"].as_str().unwrap();
    come("AWS", token).await.unwrap_err();
    let records = harness.records(ACCOUNT).await;
    let of = |name: &str| records.iter().filter(|record| record["eventName"] == *name).collect::<Vec<_>>();
    let pulled = of("BatchGetImage");
    assert_eq!(pulled[0]["requestParameters"]["repositoryName"], json!("app"));
    assert_eq!(pulled[0]["userIdentity"]["userName"], json!("puller"));
    assert_eq!(pulled[0]["readOnly"], json!(true));
    assert!(of("PutImage").iter().any(|record| record["errorCode"] == "AccessDenied"));
    let tokens = of("GetAuthorizationToken");
    assert!(!tokens[0].to_string().contains(&password));

    harness.pass(12 * 60 * 60 - 1);
    come("AWS", &password).await.unwrap();
    harness.pass(2);
    assert_eq!(come("AWS", &password).await.unwrap_err(), "ExpiredTokenException");
}

#[tokio::test]
async fn a_password_ends_with_its_key_and_its_principal() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let user = admin.user("dev", Some(policy("Allow", "ecr:*", "*"))).await;
    let of_key = password(&user).await;
    let switch = json!({ "UserName": "dev", "AccessKeyId": user.key, "Status": "Inactive" });
    admin.call("iam", "UpdateAccessKey", switch).await.ok();
    let refused = harness.endpoint().registry_principal("AWS", &of_key).await.unwrap_err();
    assert_eq!(refused.code, "UnrecognizedClientException");

    let role = json!({
        "RoleName": "pusher", "AssumeRolePolicyDocument": trust(ACCOUNT).to_string(),
    });
    admin.call("iam", "CreateRole", role).await.ok();
    let put = json!({
        "RoleName": "pusher", "PolicyName": "p", "PolicyDocument": policy("Allow", "ecr:*", "*").to_string(),
    });
    admin.call("iam", "PutRolePolicy", put).await.ok();
    let assume = json!({
        "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/pusher"), "RoleSessionName": "ci",
        "Policy": json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"], "Resource": "*" },
        ] }).to_string(),
    });
    let session = admin.call("sts", "AssumeRole", assume).await;
    let session = admin.session(&session.ok()["Credentials"]);
    let of_session = password(&session).await;
    // The session is over before the password is, and its policy still counts.
    harness.pass(2 * 60 * 60);
    let principal = harness.endpoint().registry_principal("AWS", &of_session).await.unwrap();
    assert_eq!(principal.principal_arn(), format!("arn:aws:iam::{ACCOUNT}:role/pusher"));
    assert!(may(&harness, &principal, ask("BatchGetImage", "app")).await);
    assert!(!may(&harness, &principal, ask("PutImage", "app")).await);
    let delete = json!({ "RoleName": "pusher", "PolicyName": "p" });
    admin.call("iam", "DeleteRolePolicy", delete).await.ok();
    assert!(!may(&harness, &principal_again(&harness, &of_session).await, ask("BatchGetImage", "app")).await);
    admin.call("iam", "DeleteRole", json!({ "RoleName": "pusher" })).await.ok();
    harness.endpoint().registry_principal("AWS", &of_session).await.unwrap_err();
}

async fn principal_again(harness: &Harness, password: &str) -> RegistryPrincipal {
    harness.endpoint().registry_principal("AWS", password).await.unwrap()
}

#[tokio::test]
async fn nobody_gets_what_a_policy_gives_to_everybody() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "public").await;
    let anonymous = RegistryPrincipal::anonymous();
    assert!(!may(&harness, &anonymous, ask("BatchGetImage", "public")).await);
    let text = |condition: Value| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", "Condition": condition,
        }] })
        .to_string()
    };
    let set = async |condition: Value| {
        let input = json!({ "repositoryName": "public", "policyText": text(condition) });
        ecr(&admin, "SetRepositoryPolicy", input).await.ok().clone()
    };
    set(json!({})).await;
    assert!(may(&harness, &anonymous, ask("BatchGetImage", "public")).await);
    assert!(!may(&harness, &anonymous, ask("PutImage", "public")).await);
    // By network.
    set(json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } })).await;
    assert!(!may(&harness, &anonymous, ask("BatchGetImage", "public")).await);
    let inside = RegistryAsk { vpc_endpoint: Some("vpce-1".to_owned()), ..ask("BatchGetImage", "public") };
    assert!(may(&harness, &anonymous, inside.clone()).await);
    set(json!({ "IpAddress": { "aws:SourceIp": "127.0.0.0/8" } })).await;
    assert!(may(&harness, &anonymous, ask("BatchGetImage", "public")).await);
    assert!(!may(&harness, &anonymous, inside).await);
    let records = harness.records(ACCOUNT).await;
    assert!(records.iter().any(
        |record| record["eventName"] == "BatchGetImage" && record["resources"][0]["ARN"] == arn("public")
    ));
}

#[tokio::test]
async fn pushes_make_repositories_by_template() {
    // The installation's own region is where they come to be.
    let harness = Harness::new().await;
    let admin = harness.admin().in_region("us-east-1");
    let user = harness.admin().user("pusher", Some(policy("Allow", "ecr:*", "*"))).await;
    let principal = principal_again(&harness, &password(&user).await).await;
    let make = async |principal: &RegistryPrincipal, name: &str| {
        let made = harness
            .endpoint()
            .registry_create(principal, ask("PutImage", name), AppliedFor::CreateOnPush)
            .await;
        made.map(|decision| matches!(decision, RegistryDecision::Permit(_))).map_err(|error| error.code)
    };
    assert_eq!(make(&principal, "prod/app").await.unwrap_err(), "RepositoryNotFoundException");
    let template = json!({
        "prefix": "prod", "appliedFor": ["CREATE_ON_PUSH"], "imageTagMutability": "IMMUTABLE",
        "resourceTags": [{ "Key": "team", "Value": "shop" }],
        "repositoryPolicy": json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage" },
        ] }).to_string(),
    });
    ecr(&admin, "CreateRepositoryCreationTemplate", template).await.ok();
    assert!(make(&principal, "prod/app").await.unwrap());
    assert!(make(&principal, "prod/app").await.unwrap());
    assert!(!make(&RegistryPrincipal::anonymous(), "prod/other").await.unwrap());
    let named = json!({ "repositoryNames": ["prod/app"] });
    let shown = ecr(&admin, "DescribeRepositories", named).await;
    assert_eq!(shown.ok()["repositories"][0]["imageTagMutability"], json!("IMMUTABLE"));
    assert!(may(&harness, &RegistryPrincipal::anonymous(), ask("BatchGetImage", "prod/app")).await);
    assert_eq!(make(&principal, "dev/app").await.unwrap_err(), "RepositoryNotFoundException");
}

#[tokio::test]
async fn an_address_of_a_layer_is_for_that_layer_alone() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let digest = super::layer(&admin, "app", b"some bytes").await;
    let input = json!({ "repositoryName": "app", "layerDigest": digest });
    let reply = ecr(&admin, "GetDownloadUrlForLayer", input).await;
    let url = reply.ok()["downloadUrl"].as_str().unwrap().to_owned();
    let (path, query) = url.split_once('?').unwrap();
    assert_eq!(path, format!("https://registry.test:7444/v2/app/blobs/{digest}"));
    let token = query.strip_prefix("ringwall-layer=").unwrap();
    let come = async |token: &str| harness.endpoint().registry_principal("ringwall-layer", token).await;
    let layer = |operation: &str, name: &str, digest: &str| RegistryAsk {
        parameters: json!({ "layerDigest": digest }),
        ..ask(operation, name)
    };
    let bearer = come(token).await.unwrap();
    assert_eq!((bearer.account(), bearer.is_anonymous()), (ACCOUNT, false));
    let may = async |asked: RegistryAsk| {
        let decision = harness.endpoint().registry_allows(&bearer, asked).await.unwrap();
        matches!(decision, RegistryDecision::Permit(_))
    };
    let get = "GetDownloadUrlForLayer";
    assert!(may(layer(get, "app", &digest)).await);
    assert!(!may(layer("BatchGetImage", "app", &digest)).await);
    assert!(!may(layer(get, "app", &super::digest(b"other"))).await);
    repository(&admin, "other").await;
    assert!(!may(layer(get, "other", &digest)).await);
    for wrong in ["", "x", shorter(token)] {
        come(wrong).await.unwrap_err();
    }
    // Of a later repository of that name it is not.
    ecr(&admin, "DeleteRepository", json!({ "repositoryName": "app", "force": true })).await.ok();
    repository(&admin, "app").await;
    assert!(!may(layer(get, "app", &digest)).await);
    harness.pass(3_600);
    come(token).await.unwrap_err();
}
