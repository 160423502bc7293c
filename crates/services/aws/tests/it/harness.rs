//! An installation in a temporary folder, and clients that sign.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use data_encoding::BASE64;
use http::{Method, Version};
use ringwall_aws::{Credentials, Endpoint, Parts, RegistryParts, Settings, create_account, tag_may_move};
use ringwall_envelope::{Aad, Keyring, Random, RandomError};
use ringwall_model::Secret;
use ringwall_objects::Objects;
use ringwall_oci::{Registry, control::Control};
use ringwall_oidc::Issuers;
use ringwall_server::{Handler, Head, Request};
use ringwall_sigv4::{Parts as Signed, Signer};
use ringwall_store::{Options, Store};
use ringwall_trail::Trail;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::xml;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const OTHER: &str = "444455556666";
pub(crate) const REGION: &str = "eu-central-1";

/// The system's randomness.
pub(crate) struct System;

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| RandomError)
    }
}

/// An endpoint with two accounts.
pub(crate) struct Harness {
    folder: TempDir,
    keyring: Arc<Keyring>,
    settings: Settings,
    oidc: ringwall_oidc::Settings,
    clock: Arc<AtomicI64>,
    endpoint: Endpoint,
    content: Registry,
    trail: Trail,
    store: Store,
    admin: Credentials,
    other: Credentials,
}

/// Somebody with credentials.
#[derive(Clone)]
pub(crate) struct Client<'h> {
    harness: &'h Harness,
    pub(crate) key: String,
    secret: Secret,
    token: Option<Secret>,
    region: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) value: Value,
    pub(crate) text: String,
}

impl Harness {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default(), ringwall_oidc::Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings, oidc: ringwall_oidc::Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Arc::new(Keyring::generate(&System).unwrap());
        let clock = Arc::new(AtomicI64::new(ringwall_aws::now()));
        let store = open(folder.path()).await;
        let now = clock.load(Ordering::Relaxed);
        let make =
            async |id, name| create_account(&store, &keyring, &System, Some(id), name, now).await.unwrap();
        let (admin, other) = (make(ACCOUNT, "main").await, make(OTHER, "other").await);
        let trail = Trail::open(&folder.path().join("trail")).unwrap();
        let registry = registry(folder.path(), &store, &clock).await;
        let content = registry.content.clone();
        let endpoint = endpoint(&store, &keyring, &trail, settings, &oidc, &clock, registry);
        Self { folder, keyring, settings, oidc, clock, endpoint, content, trail, store, admin, other }
    }

    /// The same installation after a restart: nothing is left in memory.
    pub(crate) async fn restart(self) -> Self {
        let Self { folder, keyring, settings, oidc, clock, endpoint, content, trail, store, admin, other } =
            self;
        drop((endpoint, content));
        trail.close().await.unwrap();
        store.close().await;
        let store = open(folder.path()).await;
        let trail = Trail::open(&folder.path().join("trail")).unwrap();
        let registry = registry(folder.path(), &store, &clock).await;
        let content = registry.content.clone();
        let endpoint = self::endpoint(&store, &keyring, &trail, settings, &oidc, &clock, registry);
        Self { folder, keyring, settings, oidc, clock, endpoint, content, trail, store, admin, other }
    }

    /// Where everything is kept, for what the command line does.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The endpoint itself, for what the registry's HTTP side asks.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Writes the times of pulls, which the registry does from time to time.
    pub(crate) async fn write_pulls(&self) {
        self.content.write_pulls().await.unwrap();
    }

    /// What workers of the registry write.
    pub(crate) fn control(&self) -> Control {
        Control::new(&self.store)
    }

    /// Lets time pass, in seconds.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Does what is due by now.
    pub(crate) async fn sweep(&self) -> ringwall_aws::Swept {
        self.endpoint.sweep().await.unwrap()
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    /// The administrator of the first account.
    pub(crate) fn admin(&self) -> Client<'_> {
        self.client(&self.admin)
    }

    /// The administrator's secret access key, sealed for the account's root user.
    pub(crate) fn sealed_for_root(&self) -> String {
        let place = format!("{ACCOUNT}/{ACCOUNT}/{}", self.admin.access_key_id);
        let aad = Aad::new("iam/access-key", [place.as_str()]);
        BASE64.encode(&self.keyring.seal(&aad, self.admin.secret_access_key.expose(), &System).unwrap())
    }

    /// The administrator of the other account.
    pub(crate) fn other(&self) -> Client<'_> {
        self.client(&self.other)
    }

    fn client(&self, credentials: &Credentials) -> Client<'_> {
        Client {
            harness: self,
            key: credentials.access_key_id.clone(),
            secret: credentials.secret_access_key.clone(),
            token: None,
            region: REGION.to_owned(),
        }
    }

    /// Somebody by a key and its secret.
    pub(crate) fn with_key(&self, key: &str, secret: &str, token: Option<&str>) -> Client<'_> {
        Client {
            harness: self,
            key: key.to_owned(),
            secret: Secret::from(secret.to_owned()),
            token: token.map(|token| Secret::from(token.to_owned())),
            region: REGION.to_owned(),
        }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request) -> Reply {
        let response = self.endpoint.handle(request).await;
        let text = String::from_utf8(response.body.to_vec()).unwrap();
        let mut value = if text.starts_with('<') {
            xml::read(&text)
        } else {
            serde_json::from_str(&text).unwrap_or_default()
        };
        // REST-JSON tells the code in a header.
        if let (Some(code), Some(members)) = (response.headers.get("x-amzn-errortype"), value.as_object_mut())
        {
            members.insert("__type".to_owned(), code.to_str().unwrap().into());
        }
        Reply { status: response.status.as_u16(), value, text }
    }

    /// Everything that the trail has of an account, in order.
    pub(crate) async fn records(&self, account: &str) -> Vec<Value> {
        tokio::time::sleep(ringwall_trail::SYNC_INTERVAL * 2).await;
        let mut files = Vec::new();
        walk(&self.folder.path().join("trail"), &mut files);
        files.retain(|file| file.to_string_lossy().contains(account));
        files.sort();
        let lines = files.iter().flat_map(|file| {
            let text = String::from_utf8(std::fs::read(file).unwrap()).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
        });
        lines.collect()
    }

    /// All bytes that are kept, to look for what must not be there.
    pub(crate) async fn bytes(&self) -> Vec<u8> {
        tokio::time::sleep(ringwall_trail::SYNC_INTERVAL * 2).await;
        let mut files = Vec::new();
        walk(self.folder.path(), &mut files);
        files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
    }
}

fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

async fn open(folder: &Path) -> Store {
    let path = folder.join("data").join("ringwall.db");
    Store::open(&format!("sqlite:{}", path.display()), Options::default()).await.unwrap()
}

/// A registry in the folder.
async fn registry(folder: &Path, store: &Store, clock: &Arc<AtomicI64>) -> RegistryParts {
    let objects = Objects::open(&folder.join("blobs").display().to_string()).unwrap();
    let clock = Arc::clone(clock);
    let settings = ringwall_oci::Settings {
        clock: Arc::new(move || {
            jiff::Timestamp::from_millisecond(clock.load(Ordering::Relaxed)).unwrap_or_default()
        }),
        tag_rule: Arc::new(tag_may_move),
        ..ringwall_oci::Settings::default()
    };
    let content = Registry::open(objects, store.clone(), settings).await.unwrap();
    RegistryParts { content, address: "registry.test:7444".to_owned(), tls: true }
}

fn endpoint(
    store: &Store,
    keyring: &Arc<Keyring>,
    trail: &Trail,
    settings: Settings,
    oidc: &ringwall_oidc::Settings,
    clock: &Arc<AtomicI64>,
    registry: RegistryParts,
) -> Endpoint {
    let clock = Arc::clone(clock);
    Endpoint::new(Parts {
        store: store.clone(),
        keyring: Arc::clone(keyring),
        random: Arc::new(System),
        trail: trail.clone(),
        issuers: Issuers::new(oidc).unwrap(),
        clock: Arc::new(move || clock.load(Ordering::Relaxed)),
        region: "us-east-1".to_owned(),
        settings,
        registry: Some(registry),
    })
}

/// A request's head, to be changed.
pub(crate) fn head(request: &mut Request) -> &mut Head {
    Arc::make_mut(&mut request.head)
}

/// A request without a signature.
pub(crate) fn request(method: Method, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let mut all = vec![("host".to_owned(), "127.0.0.1:7443".to_owned())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Request {
        head: Arc::new(Head {
            method,
            path: path.to_owned(),
            query: query.map(str::to_owned),
            headers: all,
            version: Version::HTTP_11,
            peer: SocketAddr::from(([127, 0, 0, 1], 40_000)),
            tls: None,
        }),
        body: Bytes::copy_from_slice(body),
    }
}

impl<'h> Client<'h> {
    /// The same, in another region.
    pub(crate) fn in_region(mut self, region: &str) -> Self {
        self.region = region.to_owned();
        self
    }

    /// Signs a request.
    pub(crate) fn sign(&self, service: &str, mut request: Request) -> Request {
        let headers: Vec<(&str, &str)> =
            request.head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let parts = Signed {
            method: request.head.method.as_str(),
            path: &request.head.path,
            query: request.head.query.as_deref(),
            headers: &headers,
            authority: None,
        };
        let signer = Signer {
            access_key_id: &self.key,
            secret: &self.secret,
            session_token: self.token.as_ref(),
            region: &self.region,
            service,
            time: self.harness.now() / 1000,
        };
        let added = signer.headers(&parts, &request.body).unwrap();
        let added: Vec<(String, String)> =
            added.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().to_owned())).collect();
        head(&mut request).headers.extend(added);
        request
    }

    /// Presigns a request: all of the signature is in its query.
    pub(crate) fn presign(&self, service: &str, mut request: Request, expires: u32) -> Request {
        let headers: Vec<(&str, &str)> =
            request.head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let parts = Signed {
            method: request.head.method.as_str(),
            path: &request.head.path,
            query: request.head.query.as_deref(),
            headers: &headers,
            authority: None,
        };
        let signer = Signer {
            access_key_id: &self.key,
            secret: &self.secret,
            session_token: self.token.as_ref(),
            region: &self.region,
            service,
            time: self.harness.now() / 1000,
        };
        head(&mut request).query = Some(signer.query(&parts, &request.body, expires).unwrap());
        request
    }

    /// Calls an operation of a service that speaks Query or JSON; members by their names in the model.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Reply {
        let request = match target(service) {
            Target::Query { version } => {
                let mut pairs = vec![
                    ("Action".to_owned(), operation.to_owned()),
                    ("Version".to_owned(), version.to_owned()),
                ];
                flatten(&input, "", service == "ec2", &mut pairs);
                let body: Vec<String> =
                    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
                let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
                request(Method::POST, "/", &form, body.join("&").as_bytes())
            }
            Target::Json { prefix } => {
                let target = format!("{prefix}.{operation}");
                let headers =
                    [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
                request(Method::POST, "/", &headers, input.to_string().as_bytes())
            }
        };
        self.harness.send(self.sign(service, request)).await
    }

    /// Calls an operation of a service that speaks REST-JSON.
    pub(crate) async fn rest(
        &self,
        service: &str,
        method: Method,
        target: &str,
        input: Option<Value>,
    ) -> Reply {
        let body = input.map(|input| input.to_string()).unwrap_or_default();
        let request = request(method, target, &[("content-type", "application/json")], body.as_bytes());
        self.harness.send(self.sign(service, request)).await
    }

    /// A user of this account with its own key and one inline policy.
    pub(crate) async fn user(&self, name: &str, policy: Option<Value>) -> Client<'h> {
        self.call("iam", "CreateUser", json!({ "UserName": name })).await.ok();
        if let Some(policy) = policy {
            let input =
                json!({ "UserName": name, "PolicyName": "inline", "PolicyDocument": policy.to_string() });
            self.call("iam", "PutUserPolicy", input).await.ok();
        }
        let reply = self.call("iam", "CreateAccessKey", json!({ "UserName": name })).await;
        let key = &reply.ok()["AccessKey"];
        self.harness.with_key(
            key["AccessKeyId"].as_str().unwrap(),
            key["SecretAccessKey"].as_str().unwrap(),
            None,
        )
    }

    /// A session by the `Credentials` of an answer.
    pub(crate) fn session(&self, credentials: &Value) -> Client<'h> {
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        self.harness.with_key(&text("AccessKeyId"), &text("SecretAccessKey"), Some(&text("SessionToken")))
    }
}

impl Reply {
    /// The answer of a call that has to have worked.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.text);
        &self.value
    }

    /// The code of a call that has to have failed.
    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        assert!(self.status >= 400, "{}", self.text);
        let value = &self.value;
        let code = value["__type"].as_str().or_else(|| value["Error"]["Code"].as_str());
        code.or_else(|| value["Code"].as_str()).unwrap_or_else(|| panic!("no code: {}", self.text))
    }

    /// The message of an error.
    pub(crate) fn message(&self) -> &str {
        let value = &self.value;
        let message = value["message"].as_str().or_else(|| value["Message"].as_str());
        message.or_else(|| value["Error"]["Message"].as_str()).unwrap_or_default()
    }

    /// Checks that the call was denied by policy, and that the message says so.
    #[track_caller]
    pub(crate) fn denied(&self, because: &str) {
        let code = self.code();
        assert!(code.contains("AccessDenied") || code == "UnauthorizedOperation", "{}", self.text);
        assert!(self.message().contains(because), "{}", self.text);
    }
}

enum Target {
    Query { version: &'static str },
    Json { prefix: &'static str },
}

fn target(service: &str) -> Target {
    match service {
        "sts" => Target::Query { version: "2011-06-15" },
        "iam" => Target::Query { version: "2010-05-08" },
        "ec2" => Target::Query { version: "2016-11-15" },
        "kms" => Target::Json { prefix: "TrentService" },
        "secretsmanager" => Target::Json { prefix: "secretsmanager" },
        "ssm" => Target::Json { prefix: "AmazonSSM" },
        "ecr" => Target::Json { prefix: "AmazonEC2ContainerRegistry_V20150921" },
        other => panic!("{other} speaks REST-JSON"),
    }
}

fn flatten(value: &Value, name: &str, ec2: bool, pairs: &mut Vec<(String, String)>) {
    let join = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| flatten(value, &join(key), ec2, pairs))
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let part = if ec2 { format!("{}", at + 1) } else { format!("member.{}", at + 1) };
                flatten(item, &join(&part), ec2, pairs);
            }
        }
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        other => pairs.push((name.to_owned(), other.to_string())),
    }
}

fn encode(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A policy of one statement.
pub(crate) fn policy(effect: &str, action: &str, resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": effect, "Action": action, "Resource": resource }] })
}

/// A trust policy for an AWS principal.
pub(crate) fn trust(principal: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" },
    ] })
}

/// Bytes as a blob of the JSON protocols.
pub(crate) fn blob(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}
