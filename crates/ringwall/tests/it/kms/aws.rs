//! The plugin over AWS KMS: this project's endpoint, with a policy that allows what the documentation says and no more.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use ringwall_awsclient::http::Url;
use ringwall_awsclient::{Client, Config, Endpoints, Static};
use ringwall_grpc::kms_v2::EncryptResponse;
use serde_json::{Value, json};
use tonic::Code;

use super::Apiserver;
use super::process::Process;
use super::proxy::Proxy;
use crate::installation::Home;

const REGION: &str = "eu-central-1";
const ACCOUNT: &str = "111122223333";

/// The policy that the documentation tells to use.
const POLICY: &str = include_str!("../../../../../deploy/manifests/kms/iam-policy.json");
/// And what is added while seeds of aws-encryption-provider are still there.
const MIGRATION: &str = include_str!("../../../../../deploy/manifests/kms/iam-policy-migration.json");

/// An endpoint, a key in it, and a user who may do what the policy says.
struct Aws {
    home: Home,
    _server: Process,
    address: SocketAddr,
    admin: Client,
    key: String,
    user: (String, String),
}

impl Aws {
    async fn start() -> Self {
        let (home, _) = Home::installed();
        let server = Process::start(&mut home.command(&format!(
            "serve --tls-mode off --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --region {REGION} --log-format json"
        )));
        let address: SocketAddr = server.said("listening")["address"].as_str().unwrap().parse().unwrap();
        let credentials =
            String::from_utf8(std::fs::read(home.path(".config/ringwall/credentials")).unwrap());
        let credentials = credentials.unwrap();
        let id = credentials.lines().find_map(|line| line.strip_prefix("aws_access_key_id = ")).unwrap();
        let admin = client(address, id, &home.secret());
        let made = call(&admin, "CreateKey", &json!({})).await;
        let key = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        iam(&admin, "CreateUser", &[("UserName", "kms-plugin")]).await;
        let made =
            admin.query("iam", "CreateAccessKey", "2010-05-08", &[("UserName", "kms-plugin")]).await.unwrap();
        let text =
            |name: &str| made.text_at(&["CreateAccessKeyResult", "AccessKey", name]).unwrap().to_owned();
        let user = (text("AccessKeyId"), text("SecretAccessKey"));
        let aws = Self { home, _server: server, address, admin, key, user };
        aws.allow("plugin", POLICY).await;
        aws
    }

    async fn allow(&self, name: &str, policy: &str) {
        let id = self.key.rsplit('/').next().unwrap();
        let policy = policy.replace("REGION", REGION).replace("ACCOUNT", ACCOUNT).replace("KEY-ID", id);
        let parameters =
            [("UserName", "kms-plugin"), ("PolicyName", name), ("PolicyDocument", policy.as_str())];
        iam(&self.admin, "PutUserPolicy", &parameters).await;
    }

    async fn call(&self, action: &str, extra: Value) -> Value {
        let mut body = json!({"KeyId": self.key});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        call(&self.admin, action, &body).await
    }

    fn plugin(&self, endpoint: SocketAddr, backends: &[String]) -> Process {
        let mut arguments = format!(
            "kms serve --listen {} --probe-every 100ms --grace 500ms --admin-listen 127.0.0.1:0 --log-level debug \
             --log-format json",
            self.home.path("kms.sock").display()
        );
        for backend in backends {
            arguments.push_str(&format!(" --backend {backend}?endpoint=http://{endpoint}"));
        }
        Process::start(self.environment(&mut self.home.command(&arguments)))
    }

    fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("AWS_ACCESS_KEY_ID", &self.user.0)
            .env("AWS_SECRET_ACCESS_KEY", &self.user.1)
            .env("AWS_REGION", REGION)
    }

    async fn apiserver(&self) -> Apiserver {
        Apiserver::connect(&self.home.path("kms.sock")).await
    }
}

pub(super) fn client(address: SocketAddr, id: &str, secret: &str) -> Client {
    let endpoint: Url = format!("http://{address}").parse().unwrap();
    let mut config = Config::new(REGION, Arc::new(Static::key(id, secret.to_owned())));
    config.endpoints = Endpoints::all(endpoint);
    Client::new(config).unwrap()
}

pub(super) async fn call(client: &Client, action: &str, body: &Value) -> Value {
    client.json("kms", &format!("TrentService.{action}"), body).await.unwrap()
}

async fn iam(client: &Client, action: &str, parameters: &[(&str, &str)]) {
    client.query("iam", action, "2010-05-08", parameters).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_rotates_is_seen_and_one_that_is_disabled_stops_writes() {
    let aws = Aws::start().await;
    let plugin = aws.plugin(aws.address, &[format!("aws-kms:{}", aws.key)]);
    let mut apiserver = aws.apiserver().await;
    let before = apiserver.key_id().await;
    assert!(before.starts_with(&format!("{}#", aws.key)), "{before}");
    let old = apiserver.encrypt(b"seed").await.unwrap();

    aws.call("RotateKeyOnDemand", json!({})).await;
    let after = apiserver.until(|status| status.as_ref().is_ok_and(|now| *now != before)).await.unwrap();
    assert!(after.starts_with(&format!("{}#", aws.key)), "{after}");
    let new = apiserver.encrypt(b"seed").await.unwrap();
    assert_eq!(new.key_id, after);

    aws.call("DisableKey", json!({})).await;
    let told = apiserver.fails_with(Code::FailedPrecondition).await;
    assert!(told.message().contains("DisabledException"), "{told}");
    assert_eq!(apiserver.encrypt(b"seed").await.unwrap_err().code(), Code::FailedPrecondition);
    for sealed in [&old, &new] {
        assert_eq!(apiserver.decrypt(sealed).await.unwrap(), "seed", "reads go on");
    }
    aws.call("EnableKey", json!({})).await;
    assert_eq!(apiserver.key_id().await, after);

    let (clean, log) = plugin.stop();
    assert!(clean);
    assert!(!log.contains(&aws.user.1), "the log shows the secret access key");
    let _plugin = aws.plugin(aws.address, &[format!("aws-kms:{}", aws.key)]);
    let mut apiserver = aws.apiserver().await;
    for sealed in [&old, &new] {
        assert_eq!(apiserver.decrypt(sealed).await.unwrap(), "seed", "another process opens it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_stops_writes_and_not_reads_and_ends_by_itself() {
    let aws = Aws::start().await;
    let proxy = Proxy::to(aws.address).await;
    proxy.cut(true);
    // A cold start without the network.
    let mut plugin = aws.plugin(proxy.address, &[format!("aws-kms:{}", aws.key)]);
    let mut apiserver = aws.apiserver().await;
    apiserver.fails_with(Code::Unavailable).await;
    proxy.cut(false);
    let key_id = apiserver.key_id().await;
    let sealed = apiserver.encrypt(b"seed").await.unwrap();

    proxy.cut(true);
    apiserver.fails_with(Code::Unavailable).await;
    assert_eq!(apiserver.encrypt(b"seed").await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(apiserver.decrypt(&sealed).await.unwrap(), "seed");
    proxy.cut(false);
    assert_eq!(apiserver.key_id().await, key_id);
    assert!(apiserver.encrypt(b"seed").await.is_ok());

    // Killed while the KMS is away: what is not in memory waits for it.
    proxy.cut(true);
    plugin.kill();
    let _plugin = aws.plugin(proxy.address, &[format!("aws-kms:{}", aws.key)]);
    let mut apiserver = aws.apiserver().await;
    assert_eq!(apiserver.decrypt(&sealed).await.unwrap_err().code(), Code::Unavailable);
    proxy.cut(false);
    apiserver.key_id().await;
    assert_eq!(apiserver.decrypt(&sealed).await.unwrap(), "seed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_allows_no_more_than_the_plugin_needs() {
    let aws = Aws::start().await;
    let user = client(aws.address, &aws.user.0, &aws.user.1);
    let context = json!({"ringwall:purpose": "kubernetes-kms-local-kek"});
    let encrypt =
        |context: Value| json!({"KeyId": aws.key, "Plaintext": "c2VlZA==", "EncryptionContext": context});
    assert!(user.json("kms", "TrentService.Encrypt", &encrypt(context)).await.is_ok());
    for (action, body) in [
        ("Encrypt", encrypt(json!({}))),
        ("Encrypt", encrypt(json!({"ringwall:purpose": "another"}))),
        ("GenerateDataKey", json!({"KeyId": aws.key, "NumberOfBytes": 32})),
        ("DescribeKey", json!({"KeyId": aws.key})),
        ("DisableKey", json!({"KeyId": aws.key})),
    ] {
        let refusal = user.json("kms", &format!("TrentService.{action}"), &body).await.unwrap_err();
        assert_eq!(refusal.code, "AccessDeniedException", "{action}");
    }
}

/// From another KMS key to this one, and from aws-encryption-provider.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_can_move_over() {
    let aws = Aws::start().await;
    aws.allow("migration", MIGRATION).await;
    // As aws-encryption-provider seals: no context of ours, `1` before it, the key's ARN for a key id.
    let sealed = aws.call("Encrypt", json!({"Plaintext": BASE64.encode(b"an old seed")})).await;
    let blob = BASE64.decode(sealed["CiphertextBlob"].as_str().unwrap().as_bytes()).unwrap();
    let foreign = EncryptResponse {
        ciphertext: [b"1".as_slice(), &blob].concat().into(),
        key_id: aws.key.clone(),
        annotations: HashMap::new(),
    };
    let mut plugin = aws.plugin(aws.address, &[format!("aws-kms:{}", aws.key)]);
    let mut apiserver = aws.apiserver().await;
    assert_eq!(apiserver.decrypt(&foreign).await.unwrap(), "an old seed");
    let damaged = EncryptResponse { ciphertext: Bytes::from_static(b"1damaged"), ..foreign.clone() };
    assert_eq!(apiserver.decrypt(&damaged).await.unwrap_err().code(), Code::InvalidArgument);
    apiserver.key_id().await;
    let own = apiserver.encrypt(b"seed").await.unwrap();
    plugin.kill();

    // An alias for the new key, the old one behind it.
    let made = call(&aws.admin, "CreateKey", &json!({})).await;
    let new = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let alias = json!({"AliasName": "alias/etcd", "TargetKeyId": new});
    call(&aws.admin, "CreateAlias", &alias).await;
    let id = new.rsplit('/').next().unwrap();
    aws.allow("new", &POLICY.replace("KEY-ID", id)).await;
    let backends = ["aws-kms:alias/etcd".to_owned(), format!("aws-kms:{}", aws.key)];
    let _plugin = aws.plugin(aws.address, &backends);
    let mut apiserver = aws.apiserver().await;
    assert!(apiserver.key_id().await.starts_with(&format!("{new}#")));
    assert_eq!(apiserver.decrypt(&own).await.unwrap(), "seed");
    assert_eq!(apiserver.decrypt(&foreign).await.unwrap(), "an old seed");
    // The alias moves back, which is seen.
    let sealed = apiserver.encrypt(b"seed").await.unwrap();
    let back = json!({"AliasName": "alias/etcd", "TargetKeyId": aws.key});
    call(&aws.admin, "UpdateAlias", &back).await;
    let old = format!("{}#", aws.key);
    apiserver.until(|status| status.as_ref().is_ok_and(|now| now.starts_with(&old))).await.unwrap();
    assert_eq!(apiserver.decrypt(&sealed).await.unwrap(), "seed");
    let stranger = EncryptResponse {
        key_id: "arn:aws:kms:eu-central-1:444455556666:key/other#1".to_owned(),
        ..sealed.clone()
    };
    let refusal = apiserver.decrypt(&stranger).await.unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    assert!(refusal.message().contains("444455556666"), "{refusal}");
}
