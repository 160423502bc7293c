//! `secrets serve`: the real provider before the real endpoint, called as the driver calls.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ringwall_awsclient::{Client, Config, Element, Endpoints, Static};
use ringwall_grpc::connect;
use ringwall_grpc::csi_v1alpha1::csi_driver_provider_client::CsiDriverProviderClient;
use ringwall_grpc::csi_v1alpha1::{MountRequest, MountResponse};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::installation::Home;
use crate::issuer::{Issuer, claims, with};
use crate::serve::Running;

const REGION: &str = "eu-central-1";
const STS: &str = "sts.amazonaws.com";

/// An installation that serves, with secrets of which the pods' role may read some.
struct Shop {
    home: Home,
    serving: Running,
    port: u16,
    issuer: Issuer,
    admin: Client,
}

impl Shop {
    /// Two installations of the same account, if they trust the same issuer, are two regions.
    async fn open(issuer: Issuer) -> Self {
        let (home, _) = Home::installed();
        let serving = serving(&home, &issuer, 0);
        let port = serving.address("address").port();
        let endpoints = Endpoints::all(format!("https://127.0.0.1:{port}").parse().unwrap());
        let roots = Some(home.path(CA));
        let credentials = Static::key(home.access_key(), home.secret());
        let config = Config { endpoints, roots, ..Config::new(REGION, Arc::new(credentials)) };
        let shop = Self { home, serving, port, issuer, admin: Client::new(config).unwrap() };
        shop.role().await;
        shop
    }

    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Element {
        self.admin.query("iam", action, "2010-05-08", parameters).await.unwrap()
    }

    /// The role `checkout` with the policies that are shipped, for this installation's names.
    async fn role(&self) {
        let name = self.issuer.name();
        self.iam("CreateOpenIDConnectProvider", &[("Url", &self.issuer.url), ("ClientIDList.member.1", STS)])
            .await;
        let trust = manifest("pod-trust.json").replace("oidc.example.com/shop", name);
        self.iam("CreateRole", &[("RoleName", "checkout"), ("AssumeRolePolicyDocument", &trust)]).await;
        let policy = manifest("pod-policy.json");
        self.iam(
            "PutRolePolicy",
            &[("RoleName", "checkout"), ("PolicyName", "secrets"), ("PolicyDocument", &policy)],
        )
        .await;
    }

    async fn secret(&self, name: &str, value: &str) {
        let body = json!({"Name": name, "SecretString": value});
        self.admin.json("secretsmanager", "secretsmanager.CreateSecret", &body).await.unwrap();
    }

    async fn put(&self, name: &str, value: &str) {
        let body = json!({"SecretId": name, "SecretString": value});
        self.admin.json("secretsmanager", "secretsmanager.PutSecretValue", &body).await.unwrap();
    }

    async fn parameter(&self, name: &str, value: &str) {
        let body = json!({"Name": name, "Value": value, "Type": "SecureString"});
        self.admin.json("ssm", "AmazonSSM.PutParameter", &body).await.unwrap();
    }

    fn token(&self, changes: Value) -> String {
        let now = ringwall_aws::now() / 1000;
        self.issuer.key.sign(&with(&claims(&self.issuer.url, STS, now), &changes))
    }

    /// Starts a provider, and has a kubeconfig of an apiserver that knows the one service account.
    fn provider(&self, more: &str) -> Running {
        let kubeconfig = self.home.path("kubeconfig");
        if !kubeconfig.exists() {
            fs::write(&kubeconfig, apiserver().to_string()).unwrap();
        }
        fs::create_dir_all(self.home.path("providers")).unwrap();
        let arguments = format!(
            "secrets serve --providers-folder {} --region {REGION} --endpoint https://127.0.0.1:{} --ca-file {} \
             --kubeconfig {} --admin-listen 127.0.0.1:0 {more}",
            self.home.path("providers").display(),
            self.port,
            self.home.path(CA).display(),
            kubeconfig.display(),
        );
        Running::run(&mut self.home.command(&arguments))
    }

    async fn mount(&self, objects: &str, token: &str, more: Value) -> Result<MountResponse, tonic::Status> {
        mount(&self.home.path("providers/aws.sock"), objects, token, more).await
    }
}

const CA: &str = ".local/share/ringwall/tls/ca.pem";

fn serving(home: &Home, issuer: &Issuer, port: u16) -> Running {
    let settings = issuer.settings();
    let arguments = format!(
        "serve --listen 127.0.0.1:{port} --admin-listen 127.0.0.1:0 --oidc-allow {} --oidc-ca-file {}",
        issuer.name().split('/').next().unwrap(),
        settings.roots.unwrap().display()
    );
    Running::run(&mut home.command(&arguments))
}

fn manifest(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/manifests/secrets").join(name);
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// An apiserver that knows the service account `shop/checkout`, for as long as the process lives; its kubeconfig.
fn apiserver() -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while let Some(Ok(first)) = lines.next() {
                    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                    assert!(
                        first.starts_with("GET /api/v1/namespaces/shop/serviceaccounts/checkout "),
                        "{first}"
                    );
                    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {
                        "name": "checkout", "namespace": "shop", "annotations": {
                            "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/checkout"}}})
                    .to_string();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                        account.len()
                    );
                    if stream.write_all((head + &account).as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    })
}

async fn mount(
    socket: &Path,
    objects: &str,
    token: &str,
    more: Value,
) -> Result<MountResponse, tonic::Status> {
    let tokens = json!({STS: {"token": token, "expirationTimestamp": "2030-01-01T00:00:00Z"}});
    let attributes = with(
        &json!({
            "secretProviderClass": "db",
            "csi.storage.k8s.io/pod.name": "checkout-0",
            "csi.storage.k8s.io/pod.namespace": "shop",
            "csi.storage.k8s.io/pod.uid": "uid-1",
            "csi.storage.k8s.io/serviceAccount.name": "checkout",
            "csi.storage.k8s.io/serviceAccount.tokens": tokens.to_string(),
            "objects": objects,
        }),
        &more,
    );
    let request = MountRequest {
        attributes: attributes.to_string(),
        secrets: "{}".into(),
        target_path: "/var/lib/kubelet/pods/uid-1/volumes/kubernetes.io~csi/db/mount".into(),
        permission: "420".into(),
        current_object_version: Vec::new(),
    };
    let channel = connect(socket).await.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
    Ok(CsiDriverProviderClient::new(channel).mount(request).await?.into_inner())
}

fn files(response: &MountResponse) -> Vec<String> {
    let shown = response
        .files
        .iter()
        .map(|file| format!("{} {}", file.path, String::from_utf8_lossy(&file.contents)));
    shown.collect()
}

const OBJECTS: &str = "
- {objectName: shop/db, objectType: secretsmanager, jsonKeys: all}
- {objectName: /shop/host, objectType: ssmparameter, objectAlias: host}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_reads_what_its_role_may() {
    let shop = Shop::open(Issuer::start().await).await;
    shop.secret("shop/db", r#"{"user":"ann","password":"hunter2"}"#).await;
    shop.secret("other/db", "hunter3").await;
    shop.parameter("/shop/host", "db.internal").await;
    let provider = shop.provider("");
    let token = shop.token(json!({}));
    let whole = r#"shop_db {"user":"ann","password":"hunter2"}"#;
    let response = shop.mount(OBJECTS, &token, json!({})).await.unwrap();
    assert_eq!(files(&response), ["host db.internal", "password hunter2", whole, "user ann"]);

    let denied = "- {objectName: other/db, objectType: secretsmanager}";
    let error = shop.mount(&format!("{OBJECTS}{denied}"), &token, json!({})).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::PermissionDenied, "{error}");
    assert!(error.message().contains("other/db") && error.message().contains("GetSecretValue"), "{error}");
    let missing = "- {objectName: shop/none, objectType: secretsmanager}";
    assert_eq!(shop.mount(missing, &token, json!({})).await.unwrap_err().code(), tonic::Code::NotFound);

    // Tokens that STS does not believe: of the past, of another key.
    let old = shop.token(json!({"exp": 1000, "iat": 500, "nbf": 500}));
    let error = shop.mount(OBJECTS, &old, json!({})).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::Unauthenticated, "{error}");
    let forged =
        crate::issuer::Key::new("issuer-1").sign(&claims(&shop.issuer.url, STS, ringwall_aws::now() / 1000));
    let error = shop.mount(OBJECTS, &forged, json!({})).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::PermissionDenied, "{error}");

    // Rotation: another version is another value, the same one is not read again.
    shop.mount(OBJECTS, &token, json!({})).await.unwrap();
    shop.put("shop/db", r#"{"user":"bob"}"#).await;
    let response = shop.mount(OBJECTS, &token, json!({})).await.unwrap();
    assert_eq!(files(&response)[1..], [r#"shop_db {"user":"bob"}"#, "user bob"]);

    provider.signal(Signal::TERM);
    let (status, log) = provider.end();
    assert!(status.success());
    let log = serde_json::to_string(&log).unwrap();
    assert!(log.contains("a volume is filled") && log.contains("a volume could not be filled"));
    for secret in ["hunter2", "hunter3", "db.internal", &token, &old, &forged] {
        let end = secret.get(secret.len().saturating_sub(20)..).unwrap();
        assert!(!log.contains(end), "a secret is in the log");
    }
    assert!(!shop.home.path("providers/aws.sock").exists());
}

/// A region that is another installation: the token is believed in both, the value is of the one that answers.
#[tokio::test(flavor = "multi_thread")]
async fn another_installation_is_the_failover_region() {
    let first = Shop::open(Issuer::start().await).await;
    first.secret("shop/db", "one").await;
    let (home, _) = Home::installed();
    let serving = serving(&home, &first.issuer, 0);
    let port = serving.address("address").port();
    // One file of authorities for both.
    let both = [fs::read(first.home.path(CA)).unwrap(), fs::read(home.path(CA)).unwrap()].concat();
    fs::write(first.home.path("both.pem"), both).unwrap();
    let endpoints = Endpoints::all(format!("https://127.0.0.1:{port}").parse().unwrap());
    let config = Config {
        endpoints,
        roots: Some(home.path(CA)),
        ..Config::new("eu-west-1", Arc::new(Static::key(home.access_key(), home.secret())))
    };
    let admin = Client::new(config).unwrap();
    let iam = |action: &'static str, parameters: Vec<(&'static str, String)>| {
        let admin = admin.clone();
        async move {
            let parameters: Vec<(&str, &str)> =
                parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
            admin.query("iam", action, "2010-05-08", &parameters).await.unwrap()
        }
    };
    let url = first.issuer.url.clone();
    iam("CreateOpenIDConnectProvider", vec![("Url", url), ("ClientIDList.member.1", STS.into())]).await;
    let trust = manifest("pod-trust.json").replace("oidc.example.com/shop", first.issuer.name());
    iam("CreateRole", vec![("RoleName", "checkout".into()), ("AssumeRolePolicyDocument", trust)]).await;
    let policy = manifest("pod-policy.json").replace(REGION, "eu-west-1");
    iam(
        "PutRolePolicy",
        vec![("RoleName", "checkout".into()), ("PolicyName", "p".into()), ("PolicyDocument", policy)],
    )
    .await;
    let body = json!({"Name": "shop/db", "SecretString": "two"});
    admin.json("secretsmanager", "secretsmanager.CreateSecret", &body).await.unwrap();

    let more = format!(
        "--region-endpoint eu-west-1=https://127.0.0.1:{port} --ca-file {}",
        first.home.path("both.pem").display()
    );
    let arguments = format!(
        "secrets serve --providers-folder {} --region {REGION} --endpoint https://127.0.0.1:{} --kubeconfig {} \
         --admin-listen 127.0.0.1:0 {more}",
        first.home.path("").display(),
        first.port,
        first.home.path("kubeconfig").display(),
    );
    fs::write(first.home.path("kubeconfig"), apiserver().to_string()).unwrap();
    let _provider = Running::run(&mut first.home.command(&arguments));
    let socket = first.home.path("aws.sock");
    let objects = "- {objectName: shop/db, objectType: secretsmanager, objectAlias: db}";
    let token = first.token(json!({}));
    let failover = json!({"failoverRegion": "eu-west-1"});
    let response = mount(&socket, objects, &token, failover.clone()).await.unwrap();
    assert_eq!(files(&response), ["db one"]);
    first.serving.signal(Signal::KILL);
    let Shop { serving: killed, .. } = first;
    killed.end();
    let response = mount(&socket, objects, &token, failover.clone()).await.unwrap();
    assert_eq!(files(&response), ["db two"]);
    let error = mount(&socket, objects, &token, json!({})).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::Unavailable, "{error}");
}

/// Killed while it is called, it begins again at the same socket, and what it answers is whole.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_killed_and_comes_back() {
    let shop = Arc::new(Shop::open(Issuer::start().await).await);
    shop.secret("shop/db", r#"{"user":"ann"}"#).await;
    shop.parameter("/shop/host", "h").await;
    let token = shop.token(json!({}));
    let expected = ["host h", r#"shop_db {"user":"ann"}"#, "user ann"];
    let mut provider = shop.provider("");
    for _ in 0..3 {
        let flood: Vec<_> = (0..4)
            .map(|worker| {
                let (shop, token) = (Arc::clone(&shop), token.clone());
                tokio::spawn(async move {
                    let mut answered = 0;
                    loop {
                        let volume =
                            json!({"csi.storage.k8s.io/pod.uid": format!("uid-{worker}-{}", answered % 5)});
                        match shop.mount(OBJECTS, &token, volume).await {
                            Ok(response) => assert_eq!(files(&response), expected),
                            Err(_) => return answered,
                        }
                        answered += 1;
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
        provider.signal(Signal::KILL);
        provider.end();
        let mut answered = 0;
        for worker in flood {
            answered += worker.await.unwrap();
        }
        assert!(answered > 0);
        provider = shop.provider("");
        assert_eq!(files(&shop.mount(OBJECTS, &token, json!({})).await.unwrap()), expected);
    }
}

/// The policy for pods by our own engine: those calls on those things, and no other.
#[test]
fn the_pods_policy_allows_what_is_called_and_nothing_else() {
    let policy: Value = serde_json::from_str(&manifest("pod-policy.json")).unwrap();
    // A key's own policy, as KMS makes it: its account's policies count.
    let of_key = json!({ "name": "key", "policy": { "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*",
    }] } });
    let of_key = Some(&of_key);
    let ask = |action: &str, resource: &str| {
        json!({
            "principal": "arn:aws:iam::111122223333:role/checkout", "action": action, "resource": resource,
            "resourceAccount": "111122223333",
            "context": {"kms:ViaService": format!("ssm.{REGION}.amazonaws.com")},
            "policies": { "identity": [{ "name": "checkout", "policy": policy }], "resource": of_key.filter(|_| action.starts_with("kms:")) },
        })
        .to_string()
    };
    let [secret, parameter, key] = [
        format!("arn:aws:secretsmanager:{REGION}:111122223333:secret:shop/db-AbCdEf"),
        format!("arn:aws:ssm:{REGION}:111122223333:parameter/shop/host"),
        policy["Statement"][2]["Resource"].as_str().unwrap().to_owned(),
    ];
    let mut lines = Vec::new();
    for (pattern, resource) in [("secretsmanager:*", &secret), ("ssm:*", &parameter), ("kms:*", &key)] {
        for (service, action) in ringwall_iam::catalog().matching(pattern) {
            let action = format!("{}:{}", service.prefix(), action.name());
            lines.push(ask(&action, resource));
            lines.push(ask(&action, &resource.replace("shop/", "other/").replace("key/1", "key/2")));
        }
    }
    let said = crate::snapshot::run(&["iam", "eval", "--batch", "-"].map(str::to_owned), &lines.join("\n"));
    let mut allowed: Vec<String> = std::iter::zip(&lines, said.stdout.lines())
        .filter(|(_, answer)| serde_json::from_str::<Value>(answer).unwrap()["decision"] == "Allowed")
        .map(|(line, _)| {
            let line: Value = serde_json::from_str(line).unwrap();
            format!("{} {}", line["action"].as_str().unwrap(), line["resource"].as_str().unwrap())
        })
        .collect();
    allowed.sort();
    assert_eq!(
        allowed,
        [
            format!("kms:Decrypt {key}"),
            format!("secretsmanager:DescribeSecret {secret}"),
            format!("secretsmanager:GetSecretValue {secret}"),
            format!("ssm:GetParameters {parameter}"),
        ]
    );
}

/// The roles of both processes by our own engine: each request that they make, and what they must not get at.
#[test]
fn the_roles_allow_what_is_asked_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("kubernetes")).unwrap();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n";
    fs::write(folder.path().join("kubernetes/other.yaml"), namespace).unwrap();
    for name in ["provider.yaml", "sync.yaml", "sync-namespace.yaml"] {
        fs::write(folder.path().join("kubernetes").join(name), manifest(name)).unwrap();
    }
    let can = |who: &str, question: &str| {
        let arguments = format!("can {} --as kube-system/{who} {question}", folder.path().display());
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let said = crate::snapshot::run(&arguments, "");
        assert!(matches!(said.status, 0 | 1), "{said:?}");
        said.status == 0
    };
    for (who, question, expected) in [
        ("ringwall-secrets", "get serviceaccounts/checkout -n shop", true),
        ("ringwall-secrets", "get nodes/node-1", true),
        ("ringwall-secrets", "list serviceaccounts -n shop", false),
        ("ringwall-secrets", "create serviceaccounts/checkout/token -n shop", false),
        ("ringwall-secrets", "get secrets -n shop", false),
        ("ringwall-secrets", "get pods -n shop", false),
        ("ringwall-secrets-sync", "list secretproviderclasses.secrets-store.csi.x-k8s.io -n shop", true),
        ("ringwall-secrets-sync", "watch secretproviderclasses.secrets-store.csi.x-k8s.io -n other", true),
        ("ringwall-secrets-sync", "get serviceaccounts/checkout-secrets -n shop", true),
        ("ringwall-secrets-sync", "create serviceaccounts/checkout-secrets/token -n shop", true),
        ("ringwall-secrets-sync", "get secrets/checkout-db -n shop", true),
        ("ringwall-secrets-sync", "create secrets/checkout-db -n shop", true),
        ("ringwall-secrets-sync", "patch secrets/checkout-db -n shop", true),
        ("ringwall-secrets-sync", "create serviceaccounts/checkout/token -n shop", false),
        ("ringwall-secrets-sync", "create serviceaccounts/checkout-secrets/token -n other", false),
        ("ringwall-secrets-sync", "get secrets/other -n shop", false),
        ("ringwall-secrets-sync", "get secrets/checkout-db -n other", false),
        ("ringwall-secrets-sync", "list secrets -n shop", false),
        ("ringwall-secrets-sync", "update secrets/checkout-db -n shop", false),
    ] {
        assert_eq!(can(who, question), expected, "{who} {question}");
    }
}
