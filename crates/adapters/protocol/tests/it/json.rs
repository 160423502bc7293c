use ringwall_protocol::{MAX_DEPTH, MAX_VALUES};
use serde_json::json;

use crate::request::Request;

#[test]
fn bodies_are_read() {
    let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
    for (target, body, expected) in [
        ("TrentService.ListKeys", "", json!({})),
        ("TrentService.ListKeys", " {} ", json!({})),
        ("TrentService.ListKeys", r#"{"Limit":5,"Marker":null,"Other":{"a":[1]}}"#, json!({ "Limit": 5 })),
        (
            "TrentService.Encrypt",
            r#"{"KeyId":"a","Plaintext":"AAEC","EncryptionContext":{"a":"1","b":"é\u00e9"},"DryRun":false}"#,
            json!({ "KeyId": "a", "Plaintext": "AAEC", "EncryptionContext": { "a": "1", "b": "éé" }, "DryRun": false }),
        ),
        (
            "TrentService.CreateGrant",
            &format!(r#"{{"KeyId":"{key}","GranteePrincipal":"a","Operations":["Decrypt","Encrypt"]}}"#),
            json!({ "KeyId": key, "GranteePrincipal": "a", "Operations": ["Decrypt", "Encrypt"] }),
        ),
        (
            "secretsmanager.RotateSecret",
            r#"{"SecretId":"a","RotationRules":{"AutomaticallyAfterDays":7}}"#,
            json!({ "SecretId": "a", "RotationRules": { "AutomaticallyAfterDays": 7 } }),
        ),
    ] {
        assert_eq!(Request::json(target, body).read().unwrap(), expected);
    }
}

#[test]
fn what_has_another_type_is_refused_without_its_value() {
    let encrypt = |member: &str| format!(r#"{{"KeyId":"a","Plaintext":"AAEC",{member}}}"#);
    for (body, message) in [
        (encrypt(r#""DryRun":"yes""#), "STRING_VALUE can not be converted to a Boolean"),
        (encrypt(r#""DryRun":1"#), "NUMBER_VALUE can not be converted to a Boolean"),
        (encrypt(r#""EncryptionAlgorithm":true"#), "TRUE_VALUE can not be converted to a String"),
        (encrypt(r#""EncryptionContext":"a""#), "STRING_VALUE can not be converted to a Map"),
        (encrypt(r#""EncryptionContext":{"a":1}"#), "NUMBER_VALUE can not be converted to a String"),
        (encrypt(r#""EncryptionContext":{"a":[]}"#), "Start of list found where not expected"),
        (encrypt(r#""EncryptionContext":{"a":{}}"#), "Start of structure or map found where not expected."),
        (encrypt(r#""GrantTokens":"a""#), "STRING_VALUE can not be converted to a List"),
        // No base64, or base64 with bits that stand for nothing.
        (r#"{"KeyId":"a","Plaintext":"hunter2!"}"#.to_owned(), "STRING_VALUE can not be converted to a Blob"),
        (r#"{"KeyId":"a","Plaintext":"AB=="}"#.to_owned(), "STRING_VALUE can not be converted to a Blob"),
    ] {
        let refusal = Request::json("TrentService.Encrypt", &body).refusal();
        assert_eq!(refusal, ("SerializationException", message.to_owned()), "{body}");
    }
    for limit in ["5.5", "5.0", "1e1", "2147483648", "-2147483649", "18446744073709551615"] {
        let refusal = Request::json("TrentService.ListKeys", &format!(r#"{{"Limit":{limit}}}"#)).refusal();
        assert_eq!(refusal.1, "NUMBER_VALUE can not be converted to an Integer", "{limit}");
    }
}

#[test]
fn what_is_no_json_object_is_refused() {
    let deep = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    for body in [
        "x",
        "[]",
        "null",
        "\"a\"",
        "{",
        "{}{}",
        "{} x",
        "{\"a\":}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":01}",
        "\u{feff}{}",
        "{\"a\":\"\n\"}",
        // A member twice, wherever it is.
        r#"{"Limit":1,"Limit":1}"#,
        r#"{"Limit":1,"\u004cimit":2}"#,
        r#"{"x":[{"a":1,"a":2}]}"#,
        &deep(MAX_DEPTH),
    ] {
        let (code, message) = Request::json("TrentService.ListKeys", body).refusal();
        assert_eq!(code, "SerializationException", "{body}: {message}");
    }
    assert_eq!(Request::json("TrentService.ListKeys", &deep(MAX_DEPTH - 1)).read().unwrap(), json!({}));
    let request =
        Request { body: b"{\"a\":\"\xff\"}".to_vec(), ..Request::json("TrentService.ListKeys", "") };
    assert_eq!(request.refusal().0, "SerializationException");
}

#[test]
fn a_body_has_bounds() {
    let many = |count: usize| format!(r#"{{"a":[{}0]}}"#, "0,".repeat(count - 1));
    // The object and the list are values too.
    assert!(Request::json("TrentService.ListKeys", &many(MAX_VALUES - 2)).read().is_ok());
    let (code, message) = Request::json("TrentService.ListKeys", &many(MAX_VALUES - 1)).refusal();
    assert_eq!((code, &*message), ("RequestEntityTooLarge", "The request has more than 20000 JSON values"));
}
