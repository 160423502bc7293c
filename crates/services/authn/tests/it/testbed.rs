//! A real kube-apiserver, as `RINGWALL_TESTBED` names the testbed's program.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ringwall_authn::sources::{Places, SourceKind, access_entries};
use ringwall_authn::sts::VerifyError;
use ringwall_authn::{PASS, Settings};
use ringwall_kubernetes::{Cluster, Source};
use ringwall_server::{Limits, Metrics, Server, live};
use serde_json::{Value as Json, json};

use crate::aws::Aws;
use crate::support::{Webhook, caller, role, session, settings};

/// Who may impersonate everybody and everything, as far as RBAC is concerned.
const IMPERSONATOR: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: impersonator}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: [impersonate]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: impersonator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: impersonator}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: impersonator}]
";

fn manifest(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../deploy/manifests/token-webhook");
    String::from_utf8(std::fs::read(folder.join(name)).unwrap()).unwrap()
}

struct Apiserver {
    child: Child,
    server: String,
    kubeconfig: String,
    program: String,
    folder: tempfile::TempDir,
}

impl Drop for Apiserver {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn start(port: u16) -> Apiserver {
    let program = std::env::var("RINGWALL_TESTBED").expect("RINGWALL_TESTBED names the testbed's program");
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str, change: &dyn Fn(String) -> String| {
        let text = change(manifest(name));
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let plain = |text: String| {
        let text = text.replace("https://127.0.0.1:21362", &format!("http://127.0.0.1:{port}"));
        let lines = text.lines().filter(|line| !line.contains("/etc/kubernetes/ringwall/"));
        lines
            .map(|line| if line.trim() == "user:" { "    user: {}" } else { line })
            .collect::<Vec<_>>()
            .join("\n")
    };
    let tokens = copy("webhook-kubeconfig.yaml", &plain);
    let access = copy("access-kubeconfig.yaml", &plain);
    let authorization = copy("authorization-configuration.yaml", &|text| {
        text.replace("/etc/kubernetes/ringwall/access-kubeconfig.yaml", &access)
    });
    let mut child = Command::new(&program)
        .args(["run", "--dir"])
        .arg(folder.path().join("state"))
        .arg("--")
        .arg(format!("--authentication-token-webhook-config-file={tokens}"))
        .args(["--authentication-token-webhook-version=v1", "--authentication-token-webhook-cache-ttl=1s"])
        .arg(format!("--authorization-config={authorization}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the testbed says `{line}`"));
    let text = |key: &str| told[key].as_str().unwrap().to_owned();
    Apiserver { child, server: text("server"), kubeconfig: text("kubeconfig"), program, folder }
}

impl Apiserver {
    fn apply(&self, text: &str) {
        let path = self.folder.path().join("apply.yaml");
        std::fs::write(&path, text).unwrap();
        let done = Command::new(&self.program)
            .args(["apply", "--kubeconfig", &self.kubeconfig])
            .arg(&path)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// The status and the body of a request with a token.
    async fn call(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[String],
        body: Option<Json>,
    ) -> (u16, Json) {
        let mut command = tokio::process::Command::new("curl");
        command.args([
            "-sk",
            "-w",
            "\n%{http_code}",
            "-X",
            method,
            "-H",
            &format!("Authorization: Bearer {token}"),
        ]);
        for header in headers {
            command.args(["-H", header]);
        }
        if let Some(body) = body {
            command.args(["-H", "Content-Type: application/json", "-d", &body.to_string()]);
        }
        let output = command.arg(format!("{}{path}", self.server)).output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Json::Null))
    }

    async fn who(&self, token: &str, headers: &[String]) -> (u16, Json) {
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let (status, body) = self.call(token, "POST", path, headers, Some(body)).await;
        (status, body["status"]["userInfo"].clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the testbed's program"]
async fn a_real_apiserver_lets_in_authorizes_and_cuts_off() {
    let server =
        Server::bind(([127, 0, 0, 1], 0).into(), None, live(Limits::default()), Metrics::default()).unwrap();
    let apiserver = start(server.address().port());
    let aws = Aws::default();
    aws.change(|world| world.denied.push("iam"));
    aws.entry(&role("view"), "view", &[("AmazonEKSViewPolicy", json!({"type": "cluster"}))]);
    aws.entry(&role("boss"), "boss", &[("AmazonEKSClusterAdminPolicy", json!({"type": "cluster"}))]);
    aws.entry(&role("impersonator"), "impersonator", &[]);
    let cluster = Cluster::connect(&Source::Kubeconfig {
        path: Some(apiserver.kubeconfig.clone().into()),
        context: None,
    })
    .await
    .unwrap();
    let entries = access_entries::Settings {
        cluster: "shop".to_owned(),
        every: Duration::from_millis(100),
        refresh_within: Duration::from_secs(1),
        copy: None,
    };
    let sources = [SourceKind::AccessEntries, SourceKind::AwsAuth, SourceKind::IdentityMappings]
        .map(Into::into)
        .to_vec();
    let places = Places { access_entries: entries, ..Places::default() };
    apiserver.apply(&manifest("crd.yaml"));
    apiserver.apply(IMPERSONATOR);
    let client = aws.start();
    let webhook = Webhook::start(Settings { sources, places, ..settings() }, |parts| {
        parts.aws = Some(client);
        parts.cluster = Some(cluster);
    });
    tokio::spawn(server.serve(Arc::clone(&webhook.authn), std::future::pending()));
    webhook.until("all sources are known", async |it| it.authn.waits_for().is_none()).await;
    for name in ["view", "boss", "impersonator", "mapped", "object", "nobody"] {
        webhook.believes.tell(&format!("k8s-aws-v1.{name}"), Ok(caller(&session(name, "ann"))));
    }
    let token = |name: &str| format!("k8s-aws-v1.{name}");

    // Let in, with the extra fields; refused at once if not mapped.
    let (status, boss) = apiserver.who(&token("boss"), &[]).await;
    assert_eq!((status, &boss["username"]), (201, &json!("boss")), "{boss}");
    assert_eq!(boss["extra"]["arn"], json!([session("boss", "ann")]));
    let pass = boss["extra"][PASS][0].as_str().unwrap().to_owned();
    assert_eq!(apiserver.who(&token("nobody"), &[]).await.0, 401);

    // How often the apiserver calls for one request: once for a no, and again where it is told to come again.
    webhook.believes.tell("k8s-aws-v1.down", Err(VerifyError::Unavailable { why: "no route".into() }));
    for (name, result) in [("nobody", "not_mapped"), ("down", "sts_error"), ("forged", "sts_refused")] {
        let before = reviews(&webhook, result);
        assert_eq!(apiserver.who(&token(name), &[]).await.0, 401);
        assert_eq!(reviews(&webhook, result) - before, 1, "{name}");
    }
    webhook
        .believes
        .tell("k8s-aws-v1.busy", Err(VerifyError::Throttled { retry_after: Duration::from_secs(1) }));
    let later = Arc::clone(&webhook.believes);
    let let_in = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        later.tell("k8s-aws-v1.busy", Ok(caller(&session("view", "ann"))));
    });
    assert_eq!(apiserver.who(&token("busy"), &[]).await.0, 201, "it comes again, and is let in then");
    let_in.await.unwrap();
    let throttled = reviews(&webhook, "sts_throttling");
    assert!((1..=4).contains(&throttled), "{throttled} calls in a second and a half");

    // Access policies.
    let pods = "/api/v1/namespaces/default/pods";
    assert_eq!(apiserver.call(&token("view"), "GET", pods, &[], None).await.0, 200);
    let secrets = "/api/v1/namespaces/default/secrets";
    assert_eq!(apiserver.call(&token("view"), "GET", secrets, &[], None).await.0, 403);
    assert_eq!(apiserver.call(&token("boss"), "GET", secrets, &[], None).await.0, 200);
    assert_eq!(apiserver.call(&token("boss"), "GET", "/metrics", &[], None).await.0, 200);

    // Impersonation earns none, and the pass is nobody's to impersonate.
    let mut headers = vec![
        "Impersonate-User: boss".to_owned(),
        format!("Impersonate-Uid: {}", boss["uid"].as_str().unwrap()),
        "Impersonate-Group: team".to_owned(),
    ];
    let impersonator = token("impersonator");
    let (status, who) = apiserver.who(&impersonator, &headers).await;
    assert_eq!((status, &who["username"], &who["uid"]), (201, &json!("boss"), &boss["uid"]));
    assert_eq!(apiserver.call(&impersonator, "GET", secrets, &headers, None).await.0, 403);
    assert_eq!(
        apiserver.call(&token("boss"), "GET", secrets, &["Impersonate-User: boss".to_owned()], None).await.0,
        403
    );
    headers.push("Impersonate-Extra-arn: x".to_owned());
    assert_eq!(apiserver.who(&impersonator, &headers).await.0, 201, "other extra fields may be impersonated");
    headers.push(format!("Impersonate-Extra-{}: {pass}", PASS.replace('/', "%2f")));
    let (status, refused) = apiserver.call(&impersonator, "GET", secrets, &headers, None).await;
    assert_eq!(status, 403);
    assert!(refused["message"].as_str().unwrap().contains("nobody may impersonate"), "{refused}");
    assert_eq!(
        apiserver.call(&token("boss"), "GET", secrets, &headers, None).await.0,
        403,
        "not even an administrator"
    );

    // aws-auth and IAMIdentityMappings, while they change.
    assert_eq!(apiserver.who(&token("mapped"), &[]).await.0, 401);
    let aws_auth = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: aws-auth, namespace: kube-system}}\ndata:\n  mapRoles: |\n    - rolearn: {}\n      username: {name}\n",
            role("mapped")
        )
    };
    for name in ["first", "second"] {
        apiserver.apply(&aws_auth(name));
        until(name, async || apiserver.who(&token("mapped"), &[]).await.1["username"] == json!(name)).await;
    }
    apiserver.apply(&format!(
        "apiVersion: iamauthenticator.k8s.aws/v1alpha1\nkind: IAMIdentityMapping\nmetadata: {{name: object}}\nspec: {{arn: '{}', username: object, groups: [g]}}\n", role("object")));
    until("the object", async || apiserver.who(&token("object"), &[]).await.0 == 201).await;

    // Cut off.
    aws.change(|world| drop(world.entries.remove(&role("view"))));
    until("the entry is gone", async || apiserver.who(&token("view"), &[]).await.0 == 401).await;
}

/// TokenReviews with this result.
fn reviews(webhook: &Webhook, result: &str) -> u64 {
    let metrics = webhook.metrics();
    let line =
        metrics.lines().find(|line| line.contains(&format!("token_reviews_total{{result=\"{result}\"}}")));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}");
}
