use ringwall_protocol::HIDDEN;
use serde_json::json;

use crate::request::operation;

#[test]
fn what_is_sensitive_is_hidden() {
    for (of, name, input, expected) in [
        (
            "secretsmanager",
            "CreateSecret",
            json!({ "Name": "a", "SecretString": "s", "SecretBinary": "AAEC", "Tags": [{ "Key": "k" }], "Other": "s" }),
            json!({ "Name": "a", "SecretBinary": HIDDEN, "SecretString": HIDDEN, "Tags": [{ "Key": "k" }] }),
        ),
        (
            "ssm",
            "PutParameter",
            json!({ "Name": "a", "Value": "s" }),
            json!({ "Name": "a", "Value": HIDDEN }),
        ),
        (
            "kms",
            "Encrypt",
            json!({ "KeyId": "a", "Plaintext": "AAEC" }),
            json!({ "KeyId": "a", "Plaintext": HIDDEN }),
        ),
        (
            "sts",
            "AssumeRoleWithWebIdentity",
            json!({ "RoleArn": "a", "WebIdentityToken": "t" }),
            json!({ "RoleArn": "a", "WebIdentityToken": HIDDEN }),
        ),
        // What is no value of its shape is not shown either.
        ("ssm", "PutParameter", json!({ "Tags": "s" }), json!({ "Tags": HIDDEN })),
        ("iam", "GetAccountSummary", json!({ "a": 1 }), json!({})),
    ] {
        assert_eq!(operation(of, name).redact_input(&input), expected, "{name}");
    }
    for (of, name, output, expected) in [
        (
            "sts",
            "AssumeRole",
            json!({ "Credentials": { "AccessKeyId": "a", "SecretAccessKey": "s" } }),
            json!({ "Credentials": { "AccessKeyId": "a", "SecretAccessKey": HIDDEN } }),
        ),
        (
            "ssm",
            "GetParameters",
            json!({ "Parameters": [{ "Name": "a", "Value": "s" }, { "Value": null }] }),
            json!({ "Parameters": [{ "Name": "a", "Value": HIDDEN }, { "Value": null }] }),
        ),
        (
            "eks-auth",
            "AssumeRoleForPodIdentity",
            json!({ "audience": "a", "credentials": { "secretAccessKey": "s" } }),
            json!({ "audience": "a", "credentials": HIDDEN }),
        ),
        ("kms", "EnableKey", json!({ "x": 1 }), json!({})),
    ] {
        assert_eq!(operation(of, name).redact_output(&output), expected, "{name}");
    }
}
