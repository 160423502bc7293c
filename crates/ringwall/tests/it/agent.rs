//! `agent --pod-identity`: the real agent before the real endpoint, asked as pods ask.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use ringwall_awsclient::{Client, Config, Credentials, Element, Endpoints, Static};
use ringwall_model::Secret;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::installation::Home;
use crate::issuer::{Key, claims, with};
use crate::serve::Running;

const REGION: &str = "eu-central-1";
const AUDIENCE: &str = "pods.eks.amazonaws.com";
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// What no answer takes longer for: reached only by a bug.
const FOREVER: Duration = Duration::from_secs(60);

/// An installation that serves, with a cluster, and a node's user that may do what `node-policy.json` allows.
struct Shop {
    home: Home,
    serving: Running,
    port: u16,
    key: Key,
    admin: Client,
    node: (String, String),
}

impl Shop {
    async fn open() -> Self {
        let (home, _) = Home::installed();
        let key = Key::new("cluster-1");
        fs::write(home.path("keys.json"), key.set().to_string()).unwrap();
        let said = home
            .run(&format!("cluster register shop --issuer {ISSUER} --keys keys.json --in-region {REGION}"));
        assert_eq!(said.status, 0, "{said:?}");
        let serving = Running::start(&home, "");
        let port = serving.address("address").port();
        let admin = client(&home, port, Static::key(home.access_key(), home.secret()));
        let mut shop = Self { home, serving, port, key, admin, node: Default::default() };
        shop.role("shop", json!([{ "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*" }])).await;
        shop.iam("CreateUser", &[("UserName", "node")]).await;
        let policy = text(&manifest("node-policy.json"));
        shop.iam(
            "PutUserPolicy",
            &[("UserName", "node"), ("PolicyName", "agent"), ("PolicyDocument", &policy)],
        )
        .await;
        let made = shop.iam("CreateAccessKey", &[("UserName", "node")]).await;
        let value = |name| made.text_at(&["CreateAccessKeyResult", "AccessKey", name]).unwrap().to_owned();
        shop.node = (value("AccessKeyId"), value("SecretAccessKey"));
        shop
    }

    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Element {
        self.admin.query("iam", action, "2010-05-08", parameters).await.unwrap()
    }

    /// A role for pods.
    async fn role(&self, name: &str, statements: Value) {
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": AUDIENCE }, "Action": ["sts:AssumeRole", "sts:TagSession"],
        }] });
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let document = ("AssumeRolePolicyDocument", trust.to_string());
        self.iam("CreateRole", &[("RoleName", name), (document.0, &document.1)]).await;
        let policy = policy.to_string();
        self.iam("PutRolePolicy", &[("RoleName", name), ("PolicyName", "p"), ("PolicyDocument", &policy)])
            .await;
    }

    /// Gives the service account its role; the association's id.
    async fn associate(&self) -> String {
        let body = json!({
            "namespace": "shop", "serviceAccount": "checkout", "roleArn": "arn:aws:iam::111122223333:role/shop",
        });
        let path = "/clusters/shop/pod-identity-associations";
        let made = self.admin.rest("eks", Method::POST, path, &[], Some(&body)).await.unwrap();
        made["association"]["associationId"].as_str().unwrap().to_owned()
    }

    fn token(&self, changes: Value) -> String {
        self.key.sign(&with(&claims(ISSUER, AUDIENCE, ringwall_aws::now() / 1000), &changes))
    }

    fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Starts an agent that signs as the node.
    fn agent(&self, arguments: &str) -> Running {
        let arguments = format!(
            "agent --pod-identity --cluster-name shop --region {REGION} --endpoint {} --ca-file {} {arguments}",
            self.endpoint(),
            self.home.path(".local/share/ringwall/tls/ca.pem").display()
        );
        let mut command = self.home.command(&arguments);
        command.env("AWS_ACCESS_KEY_ID", &self.node.0).env("AWS_SECRET_ACCESS_KEY", &self.node.1);
        Running::run(&mut command)
    }

    /// Ends the endpoint as a crash does, and begins it again on the same port.
    fn restart(&mut self) {
        let arguments = format!("serve --listen 127.0.0.1:{} --admin-listen 127.0.0.1:0", self.port);
        self.serving = Running::run(&mut self.home.command(&arguments));
    }
}

fn client(home: &Home, port: u16, credentials: Static) -> Client {
    let endpoints = Endpoints::all(format!("https://127.0.0.1:{port}").parse().unwrap());
    let roots = Some(home.path(".local/share/ringwall/tls/ca.pem"));
    let config = Config { endpoints, roots, ..Config::new(REGION, Arc::new(credentials)) };
    Client::new(config).unwrap()
}

fn manifest(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/manifests/pod-identity").join(name)
}

fn text(path: &std::path::Path) -> String {
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

const ON_LOOPBACK: &str = "--bind 127.0.0.1:0 --admin-listen 127.0.0.1:0";

/// Asks as a pod does; status and body.
fn ask(agent: SocketAddr, host: &str, token: &str) -> (u16, Value) {
    let head = format!(
        "GET /v1/credentials HTTP/1.1\r\nhost: {host}\r\nauthorization: {token}\r\nconnection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(agent).unwrap();
    stream.set_read_timeout(Some(FOREVER)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn metric(admin: SocketAddr, name: &str) -> String {
    let mut stream = TcpStream::connect(admin).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    let line = said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().to_owned()
}

/// What a pod with these credentials is.
async fn identity(shop: &Shop, given: &Value) -> String {
    let text = |name: &str| given[name].as_str().unwrap().to_owned();
    let credentials = Credentials {
        access_key_id: text("AccessKeyId"),
        secret: Secret::from(text("SecretAccessKey")),
        session_token: Some(Secret::from(text("Token"))),
        expires: None,
        account: None,
    };
    let pod = client(&shop.home, shop.port, Static(credentials));
    pod.query("iam", "ListUsers", "2010-05-08", &[]).await.unwrap();
    pod.query("iam", "ListRoles", "2010-05-08", &[]).await.unwrap_err();
    let said = pod.query("sts", "GetCallerIdentity", "2011-06-15", &[]).await.unwrap();
    said.text_at(&["GetCallerIdentityResult", "Arn"]).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_get_their_role_and_nobody_else_does() {
    let shop = Shop::open().await;
    let agent = shop.agent(&format!("{ON_LOOPBACK} --burst 1000"));
    let (address, admin) = (agent.address("address"), agent.address("admin"));
    let host = address.to_string();
    let token = shop.token(json!({}));
    let (status, said) = ask(address, &host, &token);
    assert_eq!((status, said["code"].as_str()), (404, Some("ResourceNotFoundException")), "{said}");
    assert!(said["message"].as_str().unwrap().contains("shop:checkout"), "{said}");
    let association = shop.associate().await;

    // A refusal stands for some seconds; another token is another pod.
    let token = shop.token(json!({ "jti": "2" }));
    let asked: Vec<_> = (0..200)
        .map(|_| {
            std::thread::spawn({
                let (host, token) = (host.clone(), token.clone());
                move || ask(address, &host, &token)
            })
        })
        .collect();
    let answers: Vec<_> = asked.into_iter().map(|thread| thread.join().unwrap()).collect();
    let (status, given) = &answers[0];
    assert_eq!(*status, 200, "{given}");
    assert!(answers.iter().all(|answer| answer == &answers[0]));
    assert_eq!(metric(admin, "ringwall_pod_identity_agent_calls_total{reason=\"request\",code=\"ok\"}"), "1");
    assert_eq!(given["AccountId"], "111122223333");
    let end = given["Expiration"].as_str().unwrap();
    let left = ringwall_model::time::milliseconds(end).unwrap() - ringwall_aws::now();
    assert!((3500..=6 * 3600).contains(&(left / 1000)), "{end}");
    let arn = identity(&shop, given).await;
    assert!(arn.starts_with("arn:aws:sts::111122223333:assumed-role/shop/eks-shop-checkout-"), "{arn}");

    // Below what the endpoint sees: another host, no token, one of the past.
    assert_eq!(ask(address, "localhost", &token).0, 403);
    assert_eq!(ask(address, &host, "token").0, 400);
    assert_eq!(ask(address, &host, &shop.token(json!({ "exp": 1000 }))).0, 400);
    // What only the endpoint can know.
    let forged = Key::new("cluster-1").sign(&claims(ISSUER, AUDIENCE, ringwall_aws::now() / 1000));
    assert_eq!(ask(address, &host, &forged).1["code"], "InvalidTokenException");
    assert_eq!(
        ask(address, &host, &shop.token(json!({ "aud": ["sts.amazonaws.com"] }))).1["code"],
        "InvalidTokenException"
    );

    let path = format!("/clusters/shop/pod-identity-associations/{association}");
    shop.admin.rest("eks", Method::DELETE, &path, &[], None).await.unwrap();
    assert_eq!(ask(address, &host, &shop.token(json!({ "jti": "3" }))).0, 404);
    agent.signal(Signal::TERM);
    let (status, log) = agent.end();
    assert!(status.success());
    assert_eq!(log.last().unwrap()["message"], "stopped");
    let log = serde_json::to_string(&log).unwrap();
    assert!(log.contains("a pod gets credentials"));
    for secret in
        [given["SecretAccessKey"].as_str().unwrap(), given["Token"].as_str().unwrap(), &token, &shop.node.1]
    {
        let end = secret.get(secret.len() - 20..).unwrap();
        assert!(!log.contains(end), "a secret is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_outlives_the_endpoint_and_its_own_end() {
    let mut shop = Shop::open().await;
    shop.associate().await;
    let agent = shop.agent(ON_LOOPBACK);
    let address = agent.address("address");
    let host = address.to_string();
    let (old, new) = (shop.token(json!({})), shop.token(json!({ "jti": "2" })));
    let (status, given) = ask(address, &host, &old);
    assert_eq!(status, 200, "{given}");
    shop.serving.signal(Signal::KILL);
    shop.serving.child.wait().unwrap();
    assert_eq!(ask(address, &host, &old), (200, given));
    let (status, said) = ask(address, &host, &new);
    assert_eq!((status, said["code"].as_str()), (503, Some("ServiceUnavailableException")), "{said}");
    assert!(
        metric(agent.address("admin"), "ringwall_pod_identity_agent_upstream_reachable").starts_with('0')
    );

    // Killed in the middle of requests, it begins again on the same port, without anybody's help.
    let flood: Vec<_> = (0..8)
        .map(|_| {
            let (host, token) = (host.clone(), old.clone());
            std::thread::spawn(
                move || while std::panic::catch_unwind(|| ask(address, &host, &token)).is_ok() {},
            )
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    agent.signal(Signal::KILL);
    agent.end();
    for thread in flood {
        let _ = thread.join();
    }
    let agent = shop.agent(&format!("--bind {address} --admin-listen 127.0.0.1:0"));
    assert_eq!(ask(address, &host, &old).0, 503, "nothing was kept");
    shop.restart();
    let status = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        Some(ask(address, &host, &old)).filter(|(status, _)| *status == 200)
    });
    let (_, given) = status.expect("credentials, once the endpoint is there");
    identity(&shop, &given).await;
    drop(agent);
}

/// The policy for nodes, by our own engine: that one call on that one cluster.
#[test]
fn the_nodes_policy_allows_one_call_and_no_other() {
    let policy: Value = serde_json::from_str(&text(&manifest("node-policy.json"))).unwrap();
    let cluster = policy["Statement"][0]["Resource"].as_str().unwrap().to_owned();
    let ask = |action: &str, resource: &str| {
        json!({
            "principal": "arn:aws:iam::111122223333:role/node", "action": action, "resource": resource,
            "resourceAccount": "111122223333",
            "policies": { "identity": [{ "name": "node", "policy": policy }] },
        })
        .to_string()
    };
    let the_one = "eks-auth:AssumeRoleForPodIdentity";
    let mut lines = vec![ask(the_one, &cluster), ask(the_one, &cluster.replace("/shop", "/other"))];
    lines.push(ask(the_one, &cluster.replace("111122223333", "444455556666")));
    for pattern in
        ["eks-auth:*", "eks:*", "sts:*", "iam:*", "ec2:*", "kms:*", "s3:*", "secretsmanager:*", "ssm:*"]
    {
        for (service, action) in ringwall_iam::catalog().matching(pattern) {
            lines.push(ask(&format!("{}:{}", service.prefix(), action.name()), &cluster));
        }
    }
    let home = Home::new();
    fs::write(home.path("lines.jsonl"), lines.join("\n")).unwrap();
    let said = home.run("iam eval --batch lines.jsonl");
    let json = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let allowed: Vec<_> = std::iter::zip(&lines, said.stdout.lines())
        .filter(|(_, answer)| json(answer)["decision"] == "Allowed")
        .map(|(line, _)| json(line)["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(said.stdout.lines().count(), lines.len(), "{}", said.stderr);
    assert!(lines.len() > 1000);
    // Once by itself, once among all actions, and the one that AWS refuses nobody.
    assert_eq!(allowed, [the_one, the_one, "sts:GetCallerIdentity"]);
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let home = Home::new();
    let run = |arguments: &str| {
        let said = home.run(&format!("agent {arguments}"));
        assert_eq!(said.status, 2, "{said:?}");
        said.stderr
    };
    assert!(run("--cluster-name shop").contains("--pod-identity"));
    assert!(run("--pod-identity").contains("--cluster-name"));
    assert!(run("--pod-identity --cluster-name shop").contains("no region is configured: set AWS_REGION"));
    let shop = "--pod-identity --region eu-central-1 --admin-listen 127.0.0.1:0";
    assert!(run(&format!("{shop} --cluster-name a/b")).contains("`a/b` is no name of a cluster"));
    let every = run(&format!("{shop} --cluster-name shop --bind 0.0.0.0:80"));
    assert!(every.contains("`0.0.0.0:80` is every address") && every.contains("hint: "), "{every}");
    let nowhere = run(&format!("{shop} --cluster-name shop --bind 192.0.2.1:80"));
    assert!(nowhere.contains("--manage-link makes the link that has it"), "{nowhere}");
    assert!(
        run(&format!("{shop} --cluster-name shop --log-level loud"))
            .contains("error, warn, info, debug or trace")
    );
}

/// In a network namespace of its own, where it is root: the link, and the addresses and ports that pods ask.
#[test]
#[cfg(target_os = "linux")]
fn the_link_is_made_kept_and_removed() {
    let itself = std::env::current_exe().unwrap();
    let said = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(itself)
        .args(["--exact", "agent::inside_a_network_namespace", "--ignored", "--nocapture"])
        .output()
        .expect("`unshare` of util-linux is needed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&said.stdout), text(&said.stderr));
    assert!(
        said.status.success(),
        "in a network namespace of its own, for which users may make them: {out}{err}"
    );
    assert!(out.contains("1 passed"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by `the_link_is_made_kept_and_removed`, in a network namespace"]
#[cfg(target_os = "linux")]
async fn inside_a_network_namespace() {
    let ip = |arguments: &str| {
        let done =
            Command::new("ip").args(arguments.split(' ')).output().expect("`ip` of iproute2 is needed");
        (done.status.success(), String::from_utf8(done.stdout).unwrap())
    };
    assert!(!ip("link show dev pod-id-link0").0, "this is not a namespace of its own");
    assert!(ip("link set lo up").0);
    let shop = Shop::open().await;
    shop.associate().await;
    let without =
        shop.home.run("agent --pod-identity --cluster-name shop --region x-y-1 --admin-listen 127.0.0.1:0");
    assert!(without.stderr.contains("--manage-link makes the link"), "{without:?}");

    let agent = shop.agent("--manage-link --admin-listen 127.0.0.1:0");
    let v4: SocketAddr = "169.254.170.23:80".parse().unwrap();
    let v6: SocketAddr = "[fd00:ec2::23]:80".parse().unwrap();
    let token = shop.token(json!({}));
    let (status, given) = ask(v4, "169.254.170.23", &token);
    assert_eq!(status, 200, "{given}");
    identity(&shop, &given).await;
    assert_eq!(ask(v6, "[fd00:ec2::23]", &token), (200, given));
    assert_eq!(ask(v4, "localhost", &token).0, 403);
    // A second one is told what is wrong.
    let second = shop.home.run(
        "agent --pod-identity --cluster-name shop --region x-y-1 --admin-listen 127.0.0.1:0 --manage-link",
    );
    assert!(second.stderr.contains("another agent runs on this node"), "{second:?}");

    // What is there stays, over a crash too, and is found again.
    let before = ip("-o addr show dev pod-id-link0").1;
    agent.signal(Signal::KILL);
    agent.end();
    assert_eq!(ip("-o addr show dev pod-id-link0").1, before);
    let agent = shop.agent("--manage-link --admin-listen 127.0.0.1:0");
    assert_eq!(ip("-o addr show dev pod-id-link0").1, before);
    assert_eq!(ask(v6, "[fd00:ec2::23]", &token).0, 200);
    assert!(!agent.log().iter().any(|line| line["message"] == "the link is made"));
    agent.signal(Signal::TERM);
    assert!(agent.end().0.success());
    assert_eq!(ip("-o addr show dev pod-id-link0").1, before);

    let removed = shop.home.run("agent --pod-identity --remove-link");
    assert_eq!(
        (removed.status, removed.stdout.as_str()),
        (0, "the link pod-id-link0 is removed\n"),
        "{removed:?}"
    );
    assert!(!ip("link show dev pod-id-link0").0);
    let removed = shop.home.run("agent --pod-identity --remove-link");
    assert_eq!((removed.status, removed.stdout.as_str()), (0, "the link pod-id-link0 was not there\n"));

    // A node without IPv6 serves by IPv4.
    fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
    let agent = shop.agent("--manage-link --admin-listen 127.0.0.1:0");
    assert_eq!(ask(v4, "169.254.170.23", &token).0, 200);
    assert!(
        agent.log().iter().any(|line| line["message"].as_str().is_some_and(|said| said.contains("no IPv6")))
    );
    drop(agent);
    // Another's link of that name is left alone.
    shop.home.run("agent --pod-identity --remove-link");
    assert!(ip("link add pod-id-link0 type veth peer name other0").0);
    for arguments in
        ["--remove-link", "--cluster-name shop --region x-y-1 --manage-link --admin-listen 127.0.0.1:0"]
    {
        let said = shop.home.run(&format!("agent --pod-identity {arguments}"));
        assert!(said.stderr.contains("neither a dummy interface nor a bridge"), "{said:?}");
    }
    assert!(ip("link show dev pod-id-link0").0);
}
