//! Encrypt, Decrypt, ReEncrypt, data keys.

use data_encoding::BASE64;
use serde_json::json;

use super::{create, decrypt, encrypt, id, on, sealed, text};
use crate::harness::{ACCOUNT, Harness, REGION, blob};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_opens_under_its_context_alone_also_after_a_restart() {
    let harness = Harness::new().await;
    let key = create(&harness.admin(), json!({})).await;
    let context = json!({ "app": "shop", "env": "prod" });
    let ciphertext = sealed(&harness.admin(), id(&key), context.clone(), "hunter2").await;

    let harness = harness.restart().await;
    let admin = harness.admin();
    let opened = decrypt(&admin, &ciphertext, json!({ "env": "prod", "app": "shop" })).await;
    assert_eq!(text(&opened), "hunter2");
    assert_eq!(opened.value["KeyId"], key.as_str());
    for other in [json!({}), json!({ "app": "shop" }), json!({ "app": "shop", "env": "Prod" })] {
        assert_eq!(decrypt(&admin, &ciphertext, other).await.code(), "InvalidCiphertextException");
    }
    // Of each byte of it, every change is found.
    let bytes = BASE64.decode(ciphertext.as_bytes()).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let reply = decrypt(&admin, &blob(&changed), context.clone()).await;
        assert!(
            ["InvalidCiphertextException", "AccessDeniedException", "NotFoundException"]
                .contains(&reply.code()),
            "{at}: {}",
            reply.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_sealed_is_kept_in_the_clear() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let secret = "a-plaintext-that-nobody-may-find";
    let ciphertext = sealed(&admin, &key, json!({}), secret).await;
    assert_eq!(text(&decrypt(&admin, &ciphertext, json!({})).await), secret);
    let data = admin.call("kms", "GenerateDataKey", json!({ "KeyId": key, "KeySpec": "AES_256" })).await;
    let plaintext = data.ok()["Plaintext"].as_str().unwrap().to_owned();
    let kept = harness.bytes().await;
    let has = |wanted: &[u8]| kept.windows(wanted.len()).any(|window| window == wanted);
    assert!(has(key.as_bytes()), "the records of the calls are there");
    let raw = BASE64.decode(plaintext.as_bytes()).unwrap();
    for secret in [secret.as_bytes(), blob(secret.as_bytes()).as_bytes(), plaintext.as_bytes(), &raw] {
        assert!(!has(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_named_has_to_be_the_ciphertexts_own() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let (key, other) = (create(&admin, json!({})).await, create(&admin, json!({})).await);
    admin.call("kms", "CreateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": key })).await.ok();
    let ciphertext = sealed(&admin, "alias/app", json!({}), "x").await;
    let by = async |key: &str| {
        admin.call("kms", "Decrypt", json!({ "CiphertextBlob": ciphertext, "KeyId": key })).await
    };
    for name in [&key, id(&key), "alias/app", &format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/app")] {
        assert_eq!(text(&by(name).await), "x", "{name}");
    }
    assert_eq!(by(&other).await.code(), "IncorrectKeyException");
    assert_eq!(by("alias/none").await.code(), "NotFoundException");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_keys_open_again_and_are_told_only_where_they_are_asked_for() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    for (size, bytes) in [
        (json!({ "KeySpec": "AES_256" }), 32),
        (json!({ "KeySpec": "AES_128" }), 16),
        (json!({ "NumberOfBytes": 1024 }), 1024),
    ] {
        let mut input = size;
        input["KeyId"] = key.as_str().into();
        let made = admin.call("kms", "GenerateDataKey", input.clone()).await;
        let plaintext = BASE64.decode(made.ok()["Plaintext"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(plaintext.len(), bytes);
        let opened = decrypt(&admin, made.value["CiphertextBlob"].as_str().unwrap(), json!({})).await;
        assert_eq!(opened.ok()["Plaintext"], made.value["Plaintext"]);

        let hidden = admin.call("kms", "GenerateDataKeyWithoutPlaintext", input).await;
        assert!(hidden.ok().get("Plaintext").is_none());
        decrypt(&admin, hidden.value["CiphertextBlob"].as_str().unwrap(), json!({})).await.ok();
    }
    for input in [json!({ "KeyId": key }), json!({ "KeyId": key, "KeySpec": "AES_256", "NumberOfBytes": 8 })]
    {
        assert_eq!(admin.call("kms", "GenerateDataKey", input).await.code(), "ValidationException");
    }
    let random = admin.call("kms", "GenerateRandom", json!({ "NumberOfBytes": 40 })).await;
    assert_eq!(BASE64.decode(random.ok()["Plaintext"].as_str().unwrap().as_bytes()).unwrap().len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn re_encrypting_moves_a_ciphertext_to_another_key_and_context() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let (from, to) = (create(&admin, json!({})).await, create(&admin, json!({})).await);
    let ciphertext = sealed(&admin, &from, json!({ "a": "1" }), "moved").await;
    let input = json!({
        "CiphertextBlob": ciphertext,
        "SourceEncryptionContext": { "a": "1" },
        "DestinationKeyId": to,
        "DestinationEncryptionContext": { "b": "2" },
    });
    let reply = admin.call("kms", "ReEncrypt", input.clone()).await;
    assert_eq!((&reply.ok()["SourceKeyId"], &reply.value["KeyId"]), (&json!(from), &json!(to)));
    let moved = reply.value["CiphertextBlob"].as_str().unwrap();
    on(&admin, "DisableKey", &from).await.ok();
    assert_eq!(text(&decrypt(&admin, moved, json!({ "b": "2" })).await), "moved");
    assert_eq!(admin.call("kms", "ReEncrypt", input).await.code(), "DisabledException");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_served_is_refused() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    let ciphertext = sealed(&admin, &key, json!({}), "x").await;
    let plaintext = blob(b"x");
    let cases = [
        ("CreateKey", json!({ "KeySpec": "RSA_2048" }), "UnsupportedOperationException"),
        ("CreateKey", json!({ "KeyUsage": "SIGN_VERIFY" }), "UnsupportedOperationException"),
        ("CreateKey", json!({ "Origin": "EXTERNAL" }), "UnsupportedOperationException"),
        ("CreateKey", json!({ "MultiRegion": true }), "UnsupportedOperationException"),
        ("CreateKey", json!({ "KeySpec": "ROT13" }), "ValidationException"),
        (
            "Encrypt",
            json!({ "KeyId": key, "Plaintext": plaintext, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" }),
            "InvalidKeyUsageException",
        ),
        (
            "Encrypt",
            json!({ "KeyId": key, "Plaintext": plaintext, "DryRun": true }),
            "DryRunOperationException",
        ),
        (
            "Encrypt",
            json!({ "KeyId": key, "Plaintext": plaintext, "GrantTokens": ["x"] }),
            "InvalidGrantTokenException",
        ),
        ("Encrypt", json!({ "KeyId": key, "Plaintext": blob(&[0; 4097]) }), "ValidationException"),
        (
            "Encrypt",
            json!({ "KeyId": "arn:aws:kms:us-west-2:111122223333:key/x", "Plaintext": plaintext }),
            "NotFoundException",
        ),
        ("Encrypt", json!({ "KeyId": "arn:aws:s3:::bucket", "Plaintext": plaintext }), "InvalidArnException"),
        ("Decrypt", json!({ "CiphertextBlob": ciphertext, "DryRun": true }), "DryRunOperationException"),
        (
            "Decrypt",
            json!({ "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"], "KeyId": key }),
            "DryRunOperationException",
        ),
        ("Decrypt", json!({ "DryRunModifiers": ["IGNORE_CIPHERTEXT"], "KeyId": key }), "ValidationException"),
        (
            "Decrypt",
            json!({ "CiphertextBlob": ciphertext, "Recipient": { "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": plaintext } }),
            "UnsupportedOperationException",
        ),
        ("Decrypt", json!({ "CiphertextBlob": plaintext }), "InvalidCiphertextException"),
        (
            "Sign",
            json!({ "KeyId": key, "Message": plaintext, "SigningAlgorithm": "ED25519_SHA_512" }),
            "UnknownOperationException",
        ),
    ];
    for (operation, input, code) in cases {
        let reply = admin.call("kms", operation, input.clone()).await;
        assert_eq!(reply.code(), code, "{operation} {input}: {}", reply.text);
    }
    assert_eq!(encrypt(&admin, "alias/none", json!({}), "x").await.code(), "NotFoundException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_tells_which_key_was_used_and_with_which_context() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = create(&admin, json!({})).await;
    sealed(&admin, &key, json!({ "app": "shop" }), "x").await;
    let records = harness.records(ACCOUNT).await;
    let record = records.iter().find(|record| record["eventName"] == "Encrypt").unwrap();
    assert_eq!(record["eventSource"], "kms.amazonaws.com");
    assert_eq!(record["requestParameters"]["encryptionContext"], json!({ "app": "shop" }));
    assert_eq!(record["resources"][0]["ARN"], key.as_str());
    assert_eq!(record["readOnly"], true);
}
