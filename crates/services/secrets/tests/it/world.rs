//! An AWS and an apiserver in one, as small as the provider's calls, and a provider in front of them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use prometheus_client::registry::Registry;
use ringwall_awsclient::{Client, Config, Endpoints, Retry, Static};
use ringwall_grpc::csi_v1alpha1::csi_driver_provider_client::CsiDriverProviderClient;
use ringwall_grpc::csi_v1alpha1::{MountRequest, MountResponse};
use ringwall_grpc::{Access, Channel, connect};
use ringwall_kubernetes::{Cluster, Source};
use ringwall_secrets::{AgentAddresses, PodIdentity, Provider, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::Status;

/// A version's id, value and stages.
type Version = (String, Vec<u8>, Vec<String>);

/// What is there, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// Versions of each secret, newest last: id, value, stages.
    pub(crate) secrets: BTreeMap<String, Vec<Version>>,
    /// Secrets whose values are bytes.
    pub(crate) binary: Vec<String>,
    /// Parameters by name and selector.
    pub(crate) parameters: BTreeMap<String, (String, i64)>,
    /// Answers instead, by `region action`, `action` or `action object`.
    pub(crate) failures: BTreeMap<String, (u16, &'static str)>,
    /// What was called: `region action object`.
    pub(crate) calls: Vec<String>,
    /// Annotations of `namespace/name`.
    pub(crate) accounts: BTreeMap<String, Value>,
}

impl State {
    pub(crate) fn put(&mut self, name: &str, id: &str, value: &str) {
        let versions = self.secrets.entry(name.to_owned()).or_default();
        for (_, _, stages) in versions.iter_mut() {
            let was_current = stages.iter().any(|stage| stage == "AWSCURRENT");
            *stages = if was_current { vec!["AWSPREVIOUS".into()] } else { Vec::new() };
        }
        versions.push((id.to_owned(), value.as_bytes().to_vec(), vec!["AWSCURRENT".into()]));
    }

    pub(crate) fn taken_calls(&mut self) -> Vec<String> {
        let mut calls = std::mem::take(&mut self.calls);
        calls.sort();
        calls
    }
}

pub(crate) struct World {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) folder: TempDir,
    pub(crate) provider: Provider,
    channel: Channel,
    pub(crate) port: u16,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        state.lock().unwrap().accounts.insert(
            "shop/checkout".into(),
            json!({"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/checkout"}),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(accept(listener, Arc::clone(&state)));
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        });
        std::fs::write(&kubeconfig, text.to_string()).unwrap();
        let cluster =
            Cluster::connect(&Source::Kubeconfig { path: Some(kubeconfig), context: None }).await.unwrap();
        let own = Static::key("AKIDPROVIDER", String::from("secret"));
        let mut config = Config::new("eu-west-1", Arc::new(own));
        config.endpoints = Endpoints::all(format!("http://127.0.0.1:{port}").parse().unwrap());
        config.retry = Retry::never();
        let mut settings = Settings {
            folder: folder.path().to_owned(),
            name: "aws".into(),
            access: Access::default(),
            region: Some("eu-west-1".into()),
            regions: BTreeMap::new(),
            node: Some("node-1".into()),
            pod_identity: PodIdentity::Agent(Box::new(AgentAddresses {
                ipv4: format!("http://127.0.0.1:{port}/v1/credentials").parse().unwrap(),
                ipv6: "http://[::1]:9/v1/credentials".parse().unwrap(),
            })),
            kept: Duration::from_secs(60),
            max_answer: ringwall_secrets::MAX_ANSWER,
        };
        change(&mut settings);
        let parts = ringwall_secrets::Parts { client: Client::new(config).unwrap(), cluster: Some(cluster) };
        let provider = Provider::start(settings, parts, &mut Registry::default()).unwrap();
        assert_eq!(provider.waits_for(), None);
        let channel = connect(&folder.path().join("aws.sock")).await.unwrap();
        Self { state, folder, provider, channel, port }
    }

    pub(crate) fn client(&self) -> CsiDriverProviderClient<Channel> {
        CsiDriverProviderClient::new(self.channel.clone()).max_decoding_message_size(64 << 20)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    /// Mounts these objects, with the class's other parameters.
    pub(crate) async fn mount(
        &self,
        objects: &str,
        parameters: &[(&str, &str)],
    ) -> Result<MountResponse, Status> {
        self.client().mount(request(objects, parameters)).await.map(tonic::Response::into_inner)
    }

    /// The files of a volume as `path mode contents`.
    pub(crate) async fn files(&self, objects: &str, parameters: &[(&str, &str)]) -> Vec<String> {
        let response = self.mount(objects, parameters).await.unwrap();
        response
            .files
            .iter()
            .map(|file| {
                format!("{} {:03o} {}", file.path, file.mode, String::from_utf8_lossy(&file.contents))
            })
            .collect()
    }
}

/// A token that says whose it is, which is all that is looked at here.
pub(crate) fn token(account: &str) -> String {
    let claims = json!({"sub": format!("system:serviceaccount:{account}"), "aud": ["x"]});
    format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.to_string().as_bytes()))
}

pub(crate) fn request(objects: &str, parameters: &[(&str, &str)]) -> MountRequest {
    let one = json!({"token": token("shop:checkout"), "expirationTimestamp": "2030-01-01T00:00:00Z"});
    let tokens = json!({"sts.amazonaws.com": one, "pods.eks.amazonaws.com": one});
    let mut attributes = json!({
        "secretProviderClass": "db",
        "csi.storage.k8s.io/pod.name": "checkout-0",
        "csi.storage.k8s.io/pod.namespace": "shop",
        "csi.storage.k8s.io/pod.uid": "uid-1",
        "csi.storage.k8s.io/serviceAccount.name": "checkout",
        "csi.storage.k8s.io/ephemeral": "true",
        "csi.storage.k8s.io/serviceAccount.tokens": tokens.to_string(),
        "objects": objects,
    });
    for (name, value) in parameters {
        attributes[*name] = (*value).into();
    }
    MountRequest {
        attributes: attributes.to_string(),
        secrets: "{}".into(),
        target_path: "/var/lib/kubelet/pods/uid-1/volumes/kubernetes.io~csi/db/mount".into(),
        permission: "420".into(),
        current_object_version: Vec::new(),
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(Arc::clone(&state), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let (status, text) = {
        let mut state = state.lock().unwrap();
        let path = head.uri.path();
        if let Some(target) = header("x-amz-target") {
            let scope = header("authorization").unwrap();
            let scope: Vec<&str> = scope.split('/').collect();
            let body: Value = serde_json::from_slice(&body).unwrap();
            api(&mut state, scope[2], target.rsplit('.').next().unwrap(), &body)
        } else if path == "/v1/credentials" {
            assert!(header("authorization").unwrap().starts_with("e30."));
            state.calls.push("agent".into());
            match state.failures.get("agent") {
                Some((status, _)) => (*status, String::new()),
                None => (200, json!({
                    "AccessKeyId": "AKIDPOD", "SecretAccessKey": "s", "Token": "t", "AccountId": "123456789012",
                    "Expiration": "2099-01-01T00:00:00Z",
                }).to_string()),
            }
        } else if let Some(cluster) = path.strip_prefix("/clusters/") {
            state.calls.push(format!("direct {cluster}"));
            (200, json!({"credentials": {
                "accessKeyId": "AKIDDIRECT", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4_070_908_800.0,
            }}).to_string())
        } else if path.starts_with("/api/v1/") {
            kubernetes(&mut state, path)
        } else {
            sts(&mut state, std::str::from_utf8(&body).unwrap())
        }
    };
    let response = Response::builder().status(status).body(Full::new(Bytes::from(text))).unwrap();
    Ok(response)
}

fn kubernetes(state: &mut State, path: &str) -> (u16, String) {
    let parts: Vec<&str> = path.split('/').collect();
    state.calls.push(format!("kubernetes {}", parts[parts.len() - 2]));
    let labels = json!({"topology.kubernetes.io/region": "eu-north-1"});
    match parts[..] {
        ["", "api", "v1", "namespaces", namespace, "serviceaccounts", name] => {
            match state.accounts.get(&format!("{namespace}/{name}")) {
                Some(annotations) => (
                    200,
                    json!({"apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": {"name": name, "namespace": namespace, "annotations": annotations}})
                    .to_string(),
                ),
                None => (404, json!({"kind": "Status", "reason": "NotFound", "message": "none"}).to_string()),
            }
        }
        ["", "api", "v1", "nodes", name] => (
            200,
            json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": labels}})
            .to_string(),
        ),
        _ => (404, String::new()),
    }
}

fn sts(state: &mut State, form: &str) -> (u16, String) {
    let value = |name: &str| {
        form.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default().to_owned()
    };
    let action = value("Action");
    state.calls.push(format!(
        "{action} {} {}",
        value("RoleArn").rsplit("%2F").next().unwrap(),
        value("RoleSessionName")
    ));
    if let Some((status, code)) = state.failures.get(&action) {
        let text = format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>told so</Message></Error></ErrorResponse>"
        );
        return (*status, text);
    }
    (
        200,
        format!(
            "<{action}Response><{action}Result><Credentials><AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"
        ),
    )
}

fn api(state: &mut State, region: &str, action: &str, body: &Value) -> (u16, String) {
    let object = match &body["Names"] {
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(","),
        _ => body["SecretId"].as_str().unwrap().to_owned(),
    };
    state.calls.push(format!("{region} {action} {object}"));
    let error = |status, code: &str| (status, json!({"__type": code, "Message": "told so"}).to_string());
    for key in [format!("{region} {action}"), action.to_owned(), format!("{action} {object}")] {
        if let Some((status, code)) = state.failures.get(&key) {
            return error(*status, code);
        }
    }
    if action == "GetParameters" {
        let names: Vec<&str> =
            body["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let (found, missing): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| state.parameters.contains_key(**name));
        let shown: Vec<Value> = found
            .iter()
            .map(|name| {
                let (value, version) = &state.parameters[*name];
                json!({"Name": name.split(':').next(), "Value": value, "Version": version, "Type": "String"})
            })
            .collect();
        return (200, json!({"Parameters": shown, "InvalidParameters": missing}).to_string());
    }
    let Some(versions) = state.secrets.get(&object) else { return error(400, "ResourceNotFoundException") };
    if action == "DescribeSecret" {
        let stages: BTreeMap<&str, &Vec<String>> = versions
            .iter()
            .filter(|(_, _, stages)| !stages.is_empty())
            .map(|(id, _, stages)| (id.as_str(), stages))
            .collect();
        return (200, json!({"Name": object, "VersionIdsToStages": stages}).to_string());
    }
    let stage = body["VersionStage"].as_str().or(body["VersionId"].is_null().then_some("AWSCURRENT"));
    let found = versions.iter().find(|(id, _, stages)| {
        body["VersionId"].as_str().is_none_or(|wanted| wanted == id)
            && stage.is_none_or(|stage| stages.iter().any(|other| other == stage))
    });
    let Some((id, value, _)) = found else { return error(400, "ResourceNotFoundException") };
    let shown = if state.binary.contains(&object) {
        json!({"VersionId": id, "SecretBinary": BASE64.encode(value)})
    } else {
        json!({"VersionId": id, "SecretString": String::from_utf8(value.clone()).unwrap()})
    };
    (200, shown.to_string())
}
