//! The cases that amazon-eks-pod-identity-webhook itself answered: `cases/pod-identity`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ringwall_identity::mutate::{
    ComposeRoleArn, ConfigMapRoles, Facts, JITTERED_TOKEN_EXPIRATION, MIN_TOKEN_EXPIRATION, Membership,
    Review, Settings, mutate,
};
use serde_json::{Value, from_str, to_string, to_vec};

fn cases() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/pod-identity/injections.jsonl");
    let text = String::from_utf8(fs::read(path).unwrap()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn settings(flags: &Value) -> Settings {
    let mut settings = Settings::default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut compose = ComposeRoleArn { account_id: String::new(), partition: "aws".to_owned() };
    for (flag, value) in flags.as_object().unwrap() {
        match flag.as_str() {
            "annotation-prefix" => settings.annotation_prefix = text(value),
            "token-audience" => settings.token_audience = text(value),
            "token-mount-path" => settings.token_mount_path = text(value),
            "token-expiration" => settings.token_expiration = value.as_i64().unwrap(),
            "aws-default-region" => settings.aws_default_region = Some(text(value)),
            "sts-regional-endpoint" => settings.sts_regional_endpoint = value.as_bool().unwrap(),
            "container-credentials-audience" => settings.container_credentials.audience = text(value),
            "container-credentials-token-mount-path" => {
                settings.container_credentials.token_mount_path = text(value);
            }
            "container-credentials-token-volume-name" => {
                settings.container_credentials.token_volume_name = text(value);
            }
            "container-credentials-token-path" => settings.container_credentials.token_path = text(value),
            "container-credentials-full-uri" => settings.container_credentials.full_uri = text(value),
            "compose-role-arn" => settings.compose_role_arn = Some(compose.clone()),
            "compose-role-arn-account-id" => compose.account_id = text(value),
            "compose-role-arn-partition" => compose.partition = text(value),
            other => panic!("no flag `{other}`"),
        }
    }
    settings.compose_role_arn = settings.compose_role_arn.map(|_| compose);
    settings
}

#[test]
fn every_pod_comes_out_as_from_the_existing_webhook() {
    let cases = cases();
    assert!(cases.len() > 150);
    let mut other_bytes = Vec::new();
    for line in &cases {
        let case: Value = from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let review = Review::parse(&to_vec(&case["review"]).unwrap()).unwrap();
        let accounts = case["serviceAccounts"].as_array().unwrap();
        let account = accounts.iter().map(|account| &account["metadata"]).find(|metadata| {
            metadata["namespace"] == *review.namespace && metadata["name"] == *review.service_account
        });
        let annotations: Option<BTreeMap<String, String>> =
            account.map(|metadata| serde_json::from_value(metadata["annotations"].clone()).unwrap());
        let no_config_map = ConfigMapRoles::default();
        let config_map =
            case.get("configMap").map(|config| ConfigMapRoles::parse(config.as_str().unwrap()).unwrap());
        let members = case.get("identities").map(|list| Membership::parse(&to_vec(list).unwrap()).unwrap());
        let member = members.is_some_and(|list| list.contains(&review.namespace, &review.service_account));
        let expected = case["patch"].as_array().unwrap();
        // What the existing webhook drew by lot.
        let drawn = expected.iter().find_map(|operation| {
            operation["value"].pointer("/projected/sources/0/serviceAccountToken/expirationSeconds").or_else(
                || operation["value"].pointer("/0/projected/sources/0/serviceAccountToken/expirationSeconds"),
            )
        });
        let drawn = drawn.and_then(Value::as_i64).unwrap_or(0);
        let facts = Facts {
            annotations: annotations.as_ref(),
            config_map: config_map.as_ref().unwrap_or(&no_config_map),
            pod_identity: member,
            pod_identity_expiration: drawn,
        };
        if member && !name.contains("expiry") && !name.contains("ConfigMap") && drawn > 7200 {
            assert!(JITTERED_TOKEN_EXPIRATION.contains(&drawn), "{name}");
        }
        let got = mutate(&review, &facts, &settings(&case["settings"])).unwrap();
        assert_eq!(Value::from(got.patch.clone()), case["patch"], "{name}");
        assert!(drawn == 0 || drawn >= MIN_TOKEN_EXPIRATION, "{name}");
        let bytes = line.split_once(",\"patch\":").unwrap().1.strip_suffix('}').unwrap();
        if to_string(&got.patch).unwrap() != bytes {
            other_bytes.push(name.to_owned());
        }
        assert_eq!(got.patch.is_empty(), got.method.is_none(), "{name}");
        assert!(!got.reasons.is_empty(), "{name}");
    }
    assert_eq!(other_bytes, Vec::<String>::new());
}
