//! States of keys, their end, and rotation.

use ringwall_aws::Swept;
use serde_json::{Value, json};

use super::{create, decrypt, encrypt, on, sealed, text};
use crate::harness::Harness;

const DAY: i64 = 24 * 60 * 60;

#[tokio::test(flavor = "multi_thread")]
async fn each_state_allows_what_aws_says() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let ciphertext = sealed(&admin, &key, json!({}), "x").await;
    let schedule = json!({ "KeyId": key, "PendingWindowInDays": 7 });
    let calls: [(&str, Value); 12] = [
        ("Encrypt", json!({ "KeyId": key, "Plaintext": "eA==" })),
        ("Decrypt", json!({ "CiphertextBlob": ciphertext })),
        ("GenerateDataKey", json!({ "KeyId": key, "KeySpec": "AES_256" })),
        ("EnableKeyRotation", json!({ "KeyId": key })),
        ("DisableKeyRotation", json!({ "KeyId": key })),
        ("RotateKeyOnDemand", json!({ "KeyId": key })),
        ("TagResource", json!({ "KeyId": key, "Tags": [{ "TagKey": "a", "TagValue": "b" }] })),
        ("UpdateKeyDescription", json!({ "KeyId": key, "Description": "" })),
        ("CreateAlias", json!({ "KeyId": key, "AliasName": "alias/late", "TargetKeyId": key })),
        ("DescribeKey", json!({ "KeyId": key })),
        ("GetKeyPolicy", json!({ "KeyId": key })),
        ("ListGrants", json!({ "KeyId": key })),
    ];
    let codes = async |expected: [&str; 12]| {
        for ((operation, input), code) in calls.iter().zip(expected) {
            let reply = admin.call("kms", operation, input.clone()).await;
            let got = if reply.status == 200 { "" } else { reply.code() };
            assert_eq!(got, code, "{operation}");
        }
    };
    let (disabled, invalid) = ("DisabledException", "KMSInvalidStateException");
    on(&admin, "DisableKey", &key).await.ok();
    codes([disabled, disabled, disabled, disabled, disabled, disabled, "", "", "", "", "", ""]).await;
    admin.call("kms", "DeleteAlias", json!({ "AliasName": "alias/late" })).await.ok();
    on(&admin, "EnableKey", &key).await.ok();
    assert_eq!(on(&admin, "CancelKeyDeletion", &key).await.code(), invalid);
    assert_eq!(
        admin
            .call("kms", "ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 6 }))
            .await
            .code(),
        "ValidationException"
    );
    let scheduled = admin.call("kms", "ScheduleKeyDeletion", schedule.clone()).await;
    assert_eq!(scheduled.ok()["KeyState"], "PendingDeletion");
    codes([invalid, invalid, invalid, invalid, invalid, invalid, invalid, invalid, invalid, "", "", ""])
        .await;
    for operation in ["EnableKey", "DisableKey"] {
        assert_eq!(on(&admin, operation, &key).await.code(), invalid);
    }
    assert_eq!(admin.call("kms", "ScheduleKeyDeletion", schedule).await.code(), invalid);
    on(&admin, "CancelKeyDeletion", &key).await.ok();
    assert_eq!(on(&admin, "DescribeKey", &key).await.ok()["KeyMetadata"]["KeyState"], "Disabled");
    on(&admin, "EnableKey", &key).await.ok();
    assert_eq!(text(&decrypt(&admin, &ciphertext, json!({})).await), "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_key_is_gone_when_its_time_has_come() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    admin.call("kms", "CreateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": key })).await.ok();
    let root = "arn:aws:iam::111122223333:user/administrator";
    let grant = json!({ "KeyId": key, "GranteePrincipal": root, "RetiringPrincipal": root, "Operations": ["Encrypt"] });
    admin.call("kms", "CreateGrant", grant).await.ok();
    let ciphertext = sealed(&admin, &key, json!({}), "x").await;
    admin.call("kms", "ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).await.ok();
    harness.pass(7 * DAY - 1);
    assert_eq!(harness.sweep().await, Swept::default());
    on(&admin, "DescribeKey", &key).await.ok();
    harness.pass(1);
    // It counts as gone before anybody sweeps, and nothing brings it back.
    for operation in ["DescribeKey", "CancelKeyDeletion"] {
        assert_eq!(on(&admin, operation, &key).await.code(), "NotFoundException");
    }
    assert_eq!(admin.call("kms", "ListKeys", json!({})).await.ok()["Keys"], json!([]));
    decrypt(&admin, &ciphertext, json!({})).await.denied("the resource does not exist in this Region");
    assert_eq!(harness.sweep().await, Swept { deleted: 1, ..Swept::default() });
    assert_eq!(harness.sweep().await, Swept::default());
    assert_eq!(admin.call("kms", "ListAliases", json!({})).await.ok()["Aliases"], json!([]));
    let listed = admin.call("kms", "ListRetirableGrants", json!({ "RetiringPrincipal": root })).await;
    assert_eq!(listed.ok()["Grants"], json!([]));
    let second = create(&admin, json!({})).await;
    admin.call("kms", "CreateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": second })).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_rotates_when_it_is_due_and_old_ciphertexts_still_open() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let material = async |ciphertext: &str| {
        let opened = decrypt(&admin, ciphertext, json!({})).await;
        assert_eq!(text(&opened), "x");
        opened.value["KeyMaterialId"].as_str().unwrap().to_owned()
    };
    let first = sealed(&admin, &key, json!({}), "x").await;
    assert_eq!(on(&admin, "GetKeyRotationStatus", &key).await.ok()["KeyRotationEnabled"], false);
    for days in [89, 2561] {
        let input = json!({ "KeyId": key, "RotationPeriodInDays": days });
        assert_eq!(admin.call("kms", "EnableKeyRotation", input).await.code(), "ValidationException");
    }
    admin.call("kms", "EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).await.ok();
    let status = on(&admin, "GetKeyRotationStatus", &key).await;
    assert_eq!(
        (&status.ok()["KeyRotationEnabled"], &status.value["RotationPeriodInDays"]),
        (&json!(true), &json!(90))
    );

    harness.pass(90 * DAY - 60);
    let second = sealed(&admin, &key, json!({}), "x").await;
    assert_eq!(material(&first).await, material(&second).await);
    harness.pass(60);
    let third = sealed(&admin, &key, json!({}), "x").await;
    assert_ne!(material(&first).await, material(&third).await);
    let rotations = on(&admin, "ListKeyRotations", &key).await;
    assert_eq!(rotations.ok()["Rotations"].as_array().unwrap().len(), 1);
    assert_eq!(rotations.value["Rotations"][0]["RotationType"], "AUTOMATIC");

    on(&admin, "RotateKeyOnDemand", &key).await.ok();
    let fourth = sealed(&admin, &key, json!({}), "x").await;
    assert_ne!(material(&third).await, material(&fourth).await);
    let all = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL", "Limit": 2 });
    let page = admin.call("kms", "ListKeyRotations", all.clone()).await.ok().clone();
    assert_eq!((page["Rotations"].as_array().unwrap().len(), &page["Truncated"]), (2, &json!(true)));
    let mut next = all;
    next["Marker"] = page["NextMarker"].clone();
    let last = admin.call("kms", "ListKeyRotations", next).await;
    assert_eq!(last.ok()["Rotations"][0]["KeyMaterialState"], "CURRENT");
    assert_eq!(last.value["Rotations"][0]["RotationType"], "ON_DEMAND");

    // The sweep rotates what nobody uses; a disabled key waits.
    harness.pass(90 * DAY);
    on(&admin, "DisableKey", &key).await.ok();
    assert_eq!(harness.sweep().await, Swept::default());
    on(&admin, "EnableKey", &key).await.ok();
    assert_eq!(harness.sweep().await, Swept { rotated: 1, ..Swept::default() });
    on(&admin, "DisableKeyRotation", &key).await.ok();
    harness.pass(900 * DAY);
    assert_eq!(harness.sweep().await, Swept::default());

    let harness = harness.restart().await;
    let admin = harness.admin();
    for ciphertext in [first, second, third, fourth] {
        assert_eq!(text(&decrypt(&admin, &ciphertext, json!({})).await), "x");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_on_demand_has_a_limit() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    for _ in 0..25 {
        on(&admin, "RotateKeyOnDemand", &key).await.ok();
    }
    assert_eq!(on(&admin, "RotateKeyOnDemand", &key).await.code(), "LimitExceededException");
    encrypt(&admin, &key, json!({}), "x").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_aws_manages_is_used_through_its_service_alone() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let described = on(&admin, "DescribeKey", "alias/aws/ssm").await;
    let metadata = described.ok()["KeyMetadata"].clone();
    assert_eq!(metadata["KeyManager"], "AWS");
    let key = metadata["Arn"].as_str().unwrap();
    assert_eq!(on(&admin, "DescribeKey", "alias/aws/ssm").await.ok()["KeyMetadata"]["Arn"], key);
    assert_eq!(on(&admin, "GetKeyRotationStatus", key).await.ok()["RotationPeriodInDays"], 365);
    encrypt(&admin, key, json!({}), "x")
        .await
        .denied("no resource-based policy allows the kms:Encrypt action");
    for operation in ["DisableKey", "ScheduleKeyDeletion", "DisableKeyRotation"] {
        on(&admin, operation, key).await.denied("no resource-based policy");
    }
    let nobody = admin.user("nobody", None).await;
    on(&nobody, "DescribeKey", "alias/aws/secretsmanager").await.denied("no identity-based policy");
    let aliases = admin.call("kms", "ListAliases", json!({})).await;
    assert_eq!(aliases.ok()["Aliases"].as_array().unwrap().len(), 1);
}
