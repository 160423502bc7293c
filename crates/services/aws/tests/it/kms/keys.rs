//! Keys made, described, listed, tagged; aliases have their own.

use serde_json::json;

use super::{create, id, on};
use crate::harness::{ACCOUNT, Harness, policy};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_described_as_it_was_made_and_changed() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key =
        create(&admin, json!({ "Description": "first", "Tags": [{ "TagKey": "team", "TagValue": "red" }] }))
            .await;
    let metadata = on(&admin, "DescribeKey", id(&key)).await.ok()["KeyMetadata"].clone();
    assert_eq!(metadata["AWSAccountId"], ACCOUNT);
    assert_eq!(metadata["KeyState"], "Enabled");
    assert_eq!(metadata["KeySpec"], "SYMMETRIC_DEFAULT");
    assert_eq!(metadata["KeyManager"], "CUSTOMER");
    assert_eq!(metadata["Description"], "first");

    admin.call("kms", "UpdateKeyDescription", json!({ "KeyId": key, "Description": "second" })).await.ok();
    admin
        .call("kms", "TagResource", json!({ "KeyId": key, "Tags": [{ "TagKey": "env", "TagValue": "" }] }))
        .await
        .ok();
    admin.call("kms", "UntagResource", json!({ "KeyId": key, "TagKeys": ["team"] })).await.ok();
    let harness = harness.restart().await;
    let admin = harness.admin();
    assert_eq!(on(&admin, "DescribeKey", &key).await.ok()["KeyMetadata"]["Description"], "second");
    let tags = on(&admin, "ListResourceTags", &key).await;
    assert_eq!(tags.ok()["Tags"], json!([{ "TagKey": "env", "TagValue": "" }]));
    for (tags, code) in [
        (json!([{ "TagKey": "aws:x", "TagValue": "" }]), "TagException"),
        (json!([{ "TagKey": "x", "TagValue": "" }, { "TagKey": "x", "TagValue": "y" }]), "TagException"),
        (
            (0..50).map(|at| json!({ "TagKey": format!("k{at}"), "TagValue": "" })).collect(),
            "LimitExceededException",
        ),
    ] {
        assert_eq!(
            admin.call("kms", "TagResource", json!({ "KeyId": key, "Tags": tags })).await.code(),
            code
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_page_by_page_in_their_region() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(create(&admin, json!({})).await);
    }
    made.sort();
    create(&admin.clone().in_region("us-east-1"), json!({})).await;
    create(&harness.other(), json!({})).await;
    let mut listed = Vec::new();
    let mut marker = json!(null);
    loop {
        let mut input = json!({ "Limit": 2 });
        if !marker.is_null() {
            input["Marker"] = marker;
        }
        let page = admin.call("kms", "ListKeys", input).await.ok().clone();
        listed.extend(
            page["Keys"].as_array().unwrap().iter().map(|key| key["KeyArn"].as_str().unwrap().to_owned()),
        );
        if page["Truncated"] == false {
            break;
        }
        marker = page["NextMarker"].clone();
    }
    assert_eq!(listed, made);
    assert_eq!(
        admin.call("kms", "ListKeys", json!({ "Marker": "!" })).await.code(),
        "InvalidMarkerException"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_for_a_key_does_not_learn_whether_it_is_there() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let none = key.replace(id(&key), "11111111-2222-3333-4444-555555555555");
    let nobody = admin.user("nobody", None).await;
    let message = async |key: &str| {
        let reply = on(&nobody, "DescribeKey", key).await;
        reply.denied("no identity-based policy allows the kms:DescribeKey action");
        reply.message().replace(key, "KEY")
    };
    assert_eq!(message(&key).await, message(&none).await);
    let somebody = admin.user("somebody", Some(policy("Allow", "kms:DescribeKey", "*"))).await;
    assert_eq!(on(&somebody, "DescribeKey", &none).await.code(), "NotFoundException");
    on(&somebody, "DescribeKey", &key).await.ok();
    // In another account nobody is told anything that the key's own policy does not allow.
    let other = harness.other();
    let message = async |key: &str| {
        let reply = on(&other, "DescribeKey", key).await;
        reply.denied("no resource-based policy allows the kms:DescribeKey action");
        reply.message().replace(key, "KEY")
    };
    assert_eq!(message(&key).await, message(&none).await);
}
