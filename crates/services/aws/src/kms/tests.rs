use std::net::IpAddr;
use std::sync::Arc;

use ringwall_envelope::{Keyring, Random, RandomError};
use ringwall_iam::{PolicyKind, catalog};
use ringwall_model::Secret;
use ringwall_oidc::Issuers;
use ringwall_store::{Options, Store};
use ringwall_trail::Trail;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::internal;
use crate::call::{Call, Origin};
use crate::caller::Caller;
use crate::handler::Handler;
use crate::shared::{Parts, Settings, Shared};
use crate::{create_account, policy};

const ACCOUNT: &str = "111122223333";
const NOW: i64 = 1_800_000_000_000;

struct System;

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| RandomError)
    }
}

struct Installation {
    folder: TempDir,
    shared: Shared,
    admin: Caller,
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}/data/db", folder.path().display()), Options::default())
            .await
            .unwrap();
        let keyring = Arc::new(Keyring::generate(&System).unwrap());
        let admin = create_account(&store, &keyring, &System, Some(ACCOUNT), "main", NOW).await.unwrap();
        let shared = Shared::new(Parts {
            store,
            keyring,
            random: Arc::new(System),
            trail: Trail::open(&folder.path().join("trail")).unwrap(),
            issuers: Issuers::new(&ringwall_oidc::Settings::default()).unwrap(),
            clock: Arc::new(|| NOW),
            region: "eu-central-1".to_owned(),
            settings: Settings::default(),
            registry: None,
        });
        let admin = shared.identify(&admin.access_key_id, None, NOW).await.unwrap().caller;
        Self { folder, shared, admin }
    }

    /// A call to a service by somebody who has this policy alone.
    fn call(&self, service: &'static str, operation: &'static str, policy: Option<Value>) -> Call<'_> {
        let origin = Origin {
            service,
            operation,
            region: "eu-central-1".to_owned(),
            request_id: "request".to_owned(),
            now: NOW,
            address: IpAddr::from([127, 0, 0, 1]),
            vpc_endpoint: None,
            user_agent: String::new(),
            tls: None,
            host: String::new(),
        };
        let mut caller = self.admin.clone();
        let read =
            |text: Value| Arc::new(policy::read(PolicyKind::Identity, "p", &text.to_string()).unwrap());
        caller.policies.identity = policy.map(read).into_iter().collect();
        Call::new(&self.shared, origin, caller)
    }

    fn records(&self) -> Vec<Value> {
        fn walk(folder: &std::path::Path, lines: &mut Vec<Value>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, lines);
                } else {
                    let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
                    lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
                }
            }
        }
        let mut lines = Vec::new();
        walk(&self.folder.path().join("trail"), &mut lines);
        lines
    }
}

fn context(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn direct(call: &Call<'_>, handler: Handler, input: Value) -> Result<Value, crate::ApiError> {
    handler(call, input).await.map(crate::authorize::Answer::into_value)
}

fn statement(effect: &str, action: &str, condition: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": effect, "Action": action, "Resource": "*", "Condition": condition },
    ] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_uses_its_own_key_for_whoever_may_use_the_service() {
    let installation = Installation::new().await;
    let call = installation.call("secretsmanager", "CreateSecret", None);
    let place = context(&[("SecretARN", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db")]);
    let made = internal::generate_data_key(&call, None, "secretsmanager", &place).await.unwrap();
    assert_eq!(made.plaintext.len(), 32);
    let opened = internal::decrypt(&call, "secretsmanager", &made.blob, &place).await.unwrap();
    assert_eq!(opened.expose(), made.plaintext.expose());

    let code = |outcome: Result<Secret, crate::ApiError>| outcome.unwrap_err().code;
    let elsewhere = context(&[("SecretARN", "another")]);
    let moved = internal::decrypt(&call, "secretsmanager", &made.blob, &elsewhere).await;
    assert_eq!(code(moved), "InvalidCiphertextException");
    assert_eq!(code(internal::decrypt(&call, "ssm", &made.blob, &place).await), "AccessDenied");
    // Not even who may do everything opens it without the service.
    let everything = statement("Allow", "*", json!({}));
    let kms = installation.call("kms", "Decrypt", Some(everything));
    let pairs: serde_json::Map<String, Value> =
        place.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
    let input =
        json!({ "CiphertextBlob": data_encoding::BASE64.encode(&made.blob), "EncryptionContext": pairs });
    let refused = direct(&kms, super::find("Decrypt").unwrap(), input).await;
    assert_eq!(refused.unwrap_err().code, "AccessDenied");
    // And who is denied, is denied through the service too.
    let condition =
        json!({ "StringEquals": { "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com" } });
    let denied = installation.call(
        "secretsmanager",
        "GetSecretValue",
        Some(statement("Deny", "kms:Decrypt", condition)),
    );
    assert_eq!(code(internal::decrypt(&denied, "secretsmanager", &made.blob, &place).await), "AccessDenied");

    installation.shared.trail.close().await.unwrap();
    let records = installation.records();
    let record = records.iter().find(|record| record["eventName"] == "GenerateDataKey").unwrap();
    assert_eq!(record["userIdentity"]["invokedBy"], "secretsmanager.amazonaws.com");
    assert_eq!(record["sourceIPAddress"], "secretsmanager.amazonaws.com");
    assert_eq!(record["resources"][0]["ARN"], made.key_arn.as_str());
    assert_eq!(record["requestParameters"]["encryptionContext"]["SecretARN"], place[0].1);
    let refused = records.iter().filter(|record| record["errorCode"] == "AccessDenied").count();
    assert_eq!(refused, 2, "those through a service; the third was made without the endpoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_service_a_customers_key_needs_the_callers_own_permission() {
    let installation = Installation::new().await;
    let admin = installation.call("kms", "CreateKey", Some(statement("Allow", "kms:*", json!({}))));
    let key = direct(&admin, super::find("CreateKey").unwrap(), json!({})).await.unwrap();
    let key = key["KeyMetadata"]["Arn"].as_str().unwrap();
    let nobody = installation.call("ssm", "PutParameter", None);
    let secret = Secret::from("value".to_owned());
    let place = context(&[("PARAMETER_ARN", "p")]);
    let refused = internal::encrypt(&nobody, Some(key), "ssm", &place, &secret).await;
    assert_eq!(refused.unwrap_err().code, "AccessDenied");
    let via = json!({ "StringEquals": { "kms:ViaService": "ssm.eu-central-1.amazonaws.com" } });
    let somebody = installation.call("ssm", "PutParameter", Some(statement("Allow", "kms:*crypt", via)));
    let sealed = internal::encrypt(&somebody, Some(key), "ssm", &place, &secret).await.unwrap();
    assert_eq!(sealed.key_arn, key);
    let opened = internal::decrypt(&somebody, "ssm", &sealed.blob, &place).await.unwrap();
    assert_eq!(opened.expose(), secret.expose());
    let other = internal::decrypt(&somebody, "secretsmanager", &sealed.blob, &place).await;
    assert_eq!(other.unwrap_err().code, "AccessDenied");
    let long = Secret::new(vec![0; 4097]);
    let refused = internal::encrypt(&somebody, Some(key), "ssm", &place, &long).await;
    assert_eq!(refused.unwrap_err().code, "ValidationException");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_made_for_a_service_however_many_need_it_first() {
    let installation = Installation::new().await;
    let place = context(&[]);
    let call = installation.call("ssm", "PutParameter", None);
    let made = async || internal::generate_data_key(&call, None, "ssm", &place).await.unwrap().key_arn;
    let (a, b, c, d) = tokio::join!(made(), made(), made(), made());
    assert!([&b, &c, &d].into_iter().all(|arn| *arn == a));
    // Using it writes nothing more.
    let store = &installation.shared.store;
    let generation = store.generation().await.unwrap();
    for _ in 0..10 {
        let data = internal::generate_data_key(&call, None, "ssm", &place).await.unwrap();
        internal::decrypt(&call, "ssm", &data.blob, &place).await.unwrap();
    }
    assert_eq!(store.generation().await.unwrap(), generation);
}

#[test]
fn every_operation_is_an_action_of_the_service_authorization_reference() {
    let service = ringwall_protocol::service("kms").unwrap();
    let operations: Vec<&str> = service.operations().map(|operation| operation.name()).collect();
    assert_eq!(operations.len(), 34);
    for operation in operations {
        assert!(super::find(operation).is_some(), "{operation}");
        let actions =
            if operation == "ReEncrypt" { vec!["ReEncryptFrom", "ReEncryptTo"] } else { vec![operation] };
        for action in actions {
            let action = catalog().action(&format!("kms:{}", action.to_ascii_lowercase()));
            assert!(action.is_some(), "{operation}");
        }
    }
}
