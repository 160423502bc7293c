//! Aliases.

use serde_json::json;

use super::{create, decrypt, encrypt, id, on, sealed, text};
use crate::harness::{ACCOUNT, Harness, REGION, policy};

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_leads_to_its_key_and_can_be_led_to_another() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let (first, second) = (create(&admin, json!({})).await, create(&admin, json!({})).await);
    let name = async |operation: &str, alias: &str, key: &str| {
        admin.call("kms", operation, json!({ "AliasName": alias, "TargetKeyId": key })).await
    };
    name("CreateAlias", "alias/app", &first).await.ok();
    assert_eq!(name("CreateAlias", "alias/app", &second).await.code(), "AlreadyExistsException");
    for bad in ["app", "alias/", "alias/aws/app", "alias/a:b"] {
        assert_eq!(name("CreateAlias", bad, &first).await.code(), "InvalidAliasNameException", "{bad}");
    }
    let before = sealed(&admin, "alias/app", json!({}), "old").await;
    name("UpdateAlias", "alias/app", &second).await.ok();
    assert_eq!(name("UpdateAlias", "alias/none", &second).await.code(), "NotFoundException");
    assert_eq!(encrypt(&admin, "alias/app", json!({}), "new").await.ok()["KeyId"], second.as_str());
    assert_eq!(text(&decrypt(&admin, &before, json!({})).await), "old");

    let listed = admin.call("kms", "ListAliases", json!({ "KeyId": second })).await;
    let alias = &listed.ok()["Aliases"][0];
    assert_eq!(alias["AliasArn"], format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/app"));
    assert_eq!(alias["TargetKeyId"], id(&second));
    assert_eq!(admin.call("kms", "ListAliases", json!({ "KeyId": first })).await.ok()["Aliases"], json!([]));

    admin.call("kms", "DeleteAlias", json!({ "AliasName": "alias/app" })).await.ok();
    assert_eq!(on(&admin, "DescribeKey", "alias/app").await.code(), "NotFoundException");
    assert_eq!(admin.call("kms", "ListAliases", json!({})).await.ok()["Aliases"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_needs_permission_on_itself_and_on_its_key() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let input = json!({ "AliasName": "alias/app", "TargetKeyId": key });
    let on_alias =
        admin.user("a", Some(policy("Allow", "kms:CreateAlias", "arn:aws:kms:*:*:alias/app"))).await;
    on_alias
        .call("kms", "CreateAlias", input.clone())
        .await
        .denied("no identity-based policy allows the kms:CreateAlias");
    let on_key = admin.user("k", Some(policy("Allow", "kms:CreateAlias", &key))).await;
    on_key
        .call("kms", "CreateAlias", input.clone())
        .await
        .denied("no identity-based policy allows the kms:CreateAlias");
    let both = admin.user("b", Some(policy("Allow", "kms:CreateAlias", "*"))).await;
    both.call("kms", "CreateAlias", input).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_see_the_alias_of_a_request_and_those_of_the_key() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    admin.call("kms", "CreateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": key })).await.ok();
    let with = |condition: serde_json::Value| {
        let mut policy = policy("Allow", "kms:Encrypt", "*");
        policy["Statement"][0]["Condition"] = condition;
        Some(policy)
    };
    let by_request =
        admin.user("r", with(json!({ "StringEquals": { "kms:RequestAlias": "alias/app" } }))).await;
    encrypt(&by_request, "alias/app", json!({}), "x").await.ok();
    encrypt(&by_request, &key, json!({}), "x").await.denied("no identity-based policy");
    let condition = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/app" } });
    let by_resource = admin.user("k", with(condition)).await;
    encrypt(&by_resource, &key, json!({}), "x").await.ok();
    admin.call("kms", "DeleteAlias", json!({ "AliasName": "alias/app" })).await.ok();
    encrypt(&by_resource, &key, json!({}), "x").await.denied("no identity-based policy");
}
