//! `serve --services issuer`: the real process's documents over TLS, and the real AWS endpoint that checks tokens by them.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode};
use jsonwebtoken::Algorithm;
use ringwall_awsclient::http::{HttpClient, HttpLimits, HttpRequest, HttpResponse, HttpSettings, Plain};
use ringwall_awsclient::{
    Client, Config, Endpoints, ProvideCredentials as _, Static, TokenSource, WebIdentity,
};
use ringwall_model::Secret;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::installation::Home;
use crate::serve::Running;
use crate::signer::Signer;

/// What nothing here takes longer for: reached only by a bug.
const FOREVER: Duration = Duration::from_secs(60);

const LIMITS: HttpLimits = HttpLimits { max_body: 1 << 20, timeout: FOREVER };

/// A home with an installation, and a cluster's keys in a file.
struct Cluster {
    home: Home,
    port: u16,
    url: String,
}

impl Cluster {
    fn new() -> Self {
        let (home, _) = Home::installed();
        // The issuer's name has the port in it, so that it has to be known before anything listens.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { home, port, url: format!("https://localhost:{port}/clusters/shop") }
    }

    /// The apiserver's `--service-account-key-file`.
    fn has(&self, keys: &[&Signer]) {
        let text: String = keys.iter().map(|key| key.pem.as_str()).collect();
        fs::write(self.home.path("sa.pub"), text).unwrap();
    }

    fn issuer(&self, more: &str) -> Running {
        let Self { port, url, .. } = self;
        let arguments = format!(
            "serve --services issuer --issuer-listen 127.0.0.1:{port} --admin-listen 127.0.0.1:0 --issuer-url {url} \
             --issuer-service-account-key-file sa.pub {more}"
        );
        Running::run(&mut self.home.command(&arguments))
    }

    fn ca(&self) -> std::path::PathBuf {
        self.home.path(".local/share/ringwall/tls/ca.pem")
    }

    async fn ask(&self, method: Method, path: &str) -> HttpResponse {
        let settings =
            HttpSettings { roots: Some(self.ca()), plain: Plain::Loopback, ..HttpSettings::default() };
        let url = format!("https://localhost:{}{path}", self.port).parse().unwrap();
        let request = HttpRequest { method, url, headers: HeaderMap::new(), body: Default::default() };
        HttpClient::new(&settings).unwrap().send(request, LIMITS).await.unwrap()
    }

    /// The ids of the keys that are served.
    async fn ids(&self) -> Vec<String> {
        let answer = self.ask(Method::GET, "/clusters/shop/openid/v1/jwks").await;
        if answer.status != StatusCode::OK {
            return Vec::new();
        }
        let keys: Value = serde_json::from_slice(&answer.body).unwrap();
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until these keys are served.
    async fn until_it_has(&self, keys: &[&Signer]) {
        let wanted: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).collect();
        let begun = Instant::now();
        loop {
            let ids = self.ids().await;
            if ids == wanted {
                return;
            }
            assert!(begun.elapsed() < FOREVER, "{ids:?} instead of {wanted:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a key is written down as one that the cluster has dropped.
    async fn until_it_knows_that_it_is_gone(&self, key: &Signer) {
        let begun = Instant::now();
        loop {
            let state = fs::read(self.home.path(".local/share/ringwall/issuer.json")).unwrap();
            let state: Value = serde_json::from_slice(&state).unwrap();
            let kept = state["keys"].as_array().unwrap().iter().find(|kept| kept["key"]["kid"] == *key.kid);
            if kept.unwrap()["gone"].is_i64() {
                return;
            }
            assert!(begun.elapsed() < FOREVER, "{state:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// What `/readyz` says.
async fn ready(admin: SocketAddr) -> (StatusCode, String) {
    let client =
        HttpClient::new(&HttpSettings { plain: Plain::Loopback, ..HttpSettings::default() }).unwrap();
    let url = format!("http://{admin}/readyz").parse().unwrap();
    let request =
        HttpRequest { method: Method::GET, url, headers: HeaderMap::new(), body: Default::default() };
    let answer = client.send(request, LIMITS).await.unwrap();
    (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
}

async fn until_ready(admin: SocketAddr) {
    let begun = Instant::now();
    while ready(admin).await.0 != StatusCode::OK {
        assert!(begun.elapsed() < FOREVER, "{:?}", ready(admin).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn documents_are_served_once_there_are_keys() {
    let cluster = Cluster::new();
    let serving = cluster.issuer("");
    let admin = serving.address("admin");
    let (status, why) = ready(admin).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.contains("the cluster's signing keys are not known yet"), "{why}");
    let discovery = "/clusters/shop/.well-known/openid-configuration";
    assert_eq!(cluster.ask(Method::GET, discovery).await.status, StatusCode::SERVICE_UNAVAILABLE);
    serving.wait_for("the issuer's documents stay as they are");

    let key = Signer::rsa();
    cluster.has(&[&key]);
    serving.signal(Signal::HUP);
    cluster.until_it_has(&[&key]).await;
    until_ready(admin).await;
    let answer = cluster.ask(Method::GET, discovery).await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (StatusCode::OK, &"application/json".parse().unwrap())
    );
    assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    let document: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(document["issuer"], *cluster.url);
    assert_eq!(document["jwks_uri"], format!("{}/openid/v1/jwks", cluster.url));
    let status = async |method, path| cluster.ask(method, path).await.status;
    assert_eq!(status(Method::HEAD, discovery).await, StatusCode::OK);
    assert_eq!(status(Method::POST, discovery).await, StatusCode::METHOD_NOT_ALLOWED);
    for path in
        ["/", "/.well-known/openid-configuration", "/clusters/shop/../shop/openid/v1/jwks", "/metrics"]
    {
        assert_eq!(status(Method::GET, path).await, StatusCode::NOT_FOUND, "{path}");
    }
    serving.signal(Signal::TERM);
    assert!(serving.end().0.success());
}

/// Keys come and go, the process is killed and comes back without its source, and no token is refused meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_leaves_no_token_behind() {
    let cluster = Cluster::new();
    let (old, new) = (Signer::rsa(), Signer::ec(Algorithm::ES384, &rcgen::PKCS_ECDSA_P384_SHA384));
    cluster.has(&[&old]);
    let serving = cluster.issuer("");
    cluster.until_it_has(&[&old]).await;
    cluster.has(&[&old, &new]);
    serving.signal(Signal::HUP);
    cluster.until_it_has(&[&old, &new]).await;
    cluster.has(&[&new]);
    serving.signal(Signal::HUP);
    cluster.until_it_knows_that_it_is_gone(&old).await;
    cluster.until_it_has(&[&old, &new]).await;

    serving.signal(Signal::KILL);
    serving.end();
    fs::rename(cluster.home.path("sa.pub"), cluster.home.path("away")).unwrap();
    let serving = cluster.issuer("");
    assert_eq!(cluster.ids().await, [old.kid.as_str(), new.kid.as_str()]);
    assert_eq!(ready(serving.address("admin")).await.0, StatusCode::OK);

    let allow = format!("--oidc-allow localhost:{} --oidc-ca-file {}", cluster.port, cluster.ca().display());
    let aws = Running::start(&cluster.home, &allow);
    let admin = client(&cluster, aws.address("address"));
    let iam = async |action, parameters: &[(&str, &str)]| {
        admin.query("iam", action, "2010-05-08", parameters).await.unwrap();
    };
    let provider = [("Url", cluster.url.as_str()), ("ClientIDList.member.1", "sts.amazonaws.com")];
    iam("CreateOpenIDConnectProvider", &provider).await;
    let name = cluster.url.strip_prefix("https://").unwrap();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": { "Federated": format!("arn:aws:iam::111122223333:oidc-provider/{name}") },
        "Condition": { "StringEquals": { format!("{name}:sub"): "system:serviceaccount:shop:checkout" } },
    }] });
    let trust = trust.to_string();
    iam("CreateRole", &[("RoleName", "checkout"), ("AssumeRolePolicyDocument", &trust)]).await;
    let exchange = async |token: String| {
        let identity = WebIdentity {
            role_arn: "arn:aws:iam::111122223333:role/checkout".to_owned(),
            session_name: Some("checkout".to_owned()),
            token: TokenSource::Text(Secret::from(token)),
            duration: None,
        };
        identity.provider(&admin).credentials().await
    };
    let now = ringwall_aws::now() / 1000;
    for key in [&old, &new] {
        exchange(key.token(&cluster.url, now)).await.unwrap();
    }
    let refused = exchange(Signer::rsa().token(&cluster.url, now)).await.unwrap_err();
    assert!(refused.to_string().contains("InvalidIdentityToken"), "{refused}");

    // What has had its time is gone, as soon as the process begins.
    serving.signal(Signal::KILL);
    serving.end();
    let begun = Instant::now();
    loop {
        let serving = cluster.issuer("--issuer-retire-after 1s");
        let ids = cluster.ids().await;
        drop(serving);
        if ids == [new.kid.as_str()] {
            break;
        }
        assert!(begun.elapsed() < FOREVER, "{ids:?}");
    }
}

fn client(cluster: &Cluster, address: SocketAddr) -> Client {
    let endpoints = Endpoints::all(format!("https://127.0.0.1:{}", address.port()).parse().unwrap());
    let credentials = Static::key(cluster.home.access_key(), cluster.home.secret());
    let config = Config::new("eu-central-1", std::sync::Arc::new(credentials));
    Client::new(Config { endpoints, roots: Some(cluster.ca()), ..config }).unwrap()
}

#[test]
fn an_issuer_that_changed_is_not_begun() {
    let cluster = Cluster::new();
    let state = json!({ "version": 1, "issuer": "https://other.example.com", "keys": [] });
    fs::write(cluster.home.path(".local/share/ringwall/issuer.json"), state.to_string()).unwrap();
    let Cluster { home, url, .. } = &cluster;
    let said = home.run(&format!(
        "serve --services issuer --issuer-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --issuer-url {url} \
         --issuer-service-account-key-file sa.pub"
    ));
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("it is about the issuer `https://other.example.com`"), "{said:?}");
    assert!(said.stderr.contains("hint: mend it"), "{said:?}");
}
