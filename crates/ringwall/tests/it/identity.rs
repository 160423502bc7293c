//! `ringwall identity`, by the real binary.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::installation::Home;
use crate::serve::{Running, ask};
use crate::snapshot::{Asked, run};

const ACCOUNT: &str = "\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: checkout
  namespace: shop
  annotations:
    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/checkout
";

fn review() -> Value {
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "1",
            "namespace": "shop",
            "operation": "CREATE",
            "object": {
                "metadata": { "name": "web" },
                "spec": { "serviceAccountName": "checkout", "containers": [{ "name": "app", "resources": {} }] },
            },
        },
    })
}

/// Status, patch and reasons.
fn mutate(review: &str, account: &str, more: &[&str]) -> (i32, String, String) {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let (review, account) = (write("review.json", review), write("sa.yaml", account));
    write("identities.json", r#"{"identities": [{"namespace": "shop", "serviceAccount": "checkout"}]}"#);
    write(
        "config.yaml",
        "kind: ConfigMap\nmetadata: {name: pod-identity-webhook}\ndata:\n  config: '{\"*/checkout\": {\"RoleARN\": \"arn:aws:iam::111122223333:role/config\"}}'\n",
    );
    let mut args = vec!["identity", "mutate", "--review", &review, "--service-account", &account];
    let in_folder: Vec<String> =
        more.iter().map(|arg| arg.replace("FOLDER", &folder.path().display().to_string())).collect();
    args.extend(in_folder.iter().map(String::as_str));
    let said = run(&args.into_iter().map(str::to_owned).collect::<Vec<_>>(), "");
    (said.status, said.stdout, said.stderr)
}

fn patch(stdout: &str) -> Value {
    assert!(stdout.ends_with('\n') && stdout.lines().count() == 1, "{stdout}");
    serde_json::from_str(stdout).unwrap()
}

#[test]
fn a_pod_gets_its_role() {
    let (status, out, err) =
        mutate(&review().to_string(), ACCOUNT, &["--aws-default-region", "eu-central-1"]);
    assert_eq!(status, 0, "{err}");
    let patch = patch(&out);
    assert_eq!(patch[0]["path"], "/spec/volumes");
    let env: Vec<&str> = patch[1]["value"][0]["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|env| env["name"].as_str().unwrap())
        .collect();
    assert_eq!(env, ["AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"]);
    assert!(err.contains("`shop/checkout` gets the role `arn:aws:iam::111122223333:role/checkout`"), "{err}");
    assert!(err.contains("the container `app` gets AWS_DEFAULT_REGION"), "{err}");
}

#[test]
fn a_pod_without_a_role_is_told_why() {
    let (status, out, err) =
        mutate(&review().to_string(), "kind: ServiceAccount\nmetadata: {name: checkout}\n", &[]);
    assert_eq!((status, out.as_str()), (0, "[]\n"), "{err}");
    assert!(err.contains("the service account `shop/checkout` has no role"), "{err}");
    assert!(err.contains("hint: annotate the service account"), "{err}");
    let (status, out, err) = mutate(&review().to_string(), &ACCOUNT.replace("shop", "other"), &[]);
    assert_eq!((status, out.as_str()), (0, "[]\n"), "{err}");
    assert!(
        err.contains("no service account `shop/checkout`") && err.contains("it has other/checkout"),
        "{err}"
    );
}

#[test]
fn the_other_sources_count_too() {
    let identities = ["--watch-container-credentials-config", "FOLDER/identities.json"];
    let (status, out, err) = mutate(&review().to_string(), ACCOUNT, &identities);
    assert_eq!(status, 0, "{err}");
    let patched = patch(&out);
    assert_eq!(patched[0]["value"], json!({ "eks.amazonaws.com/pod-identity": "enabled" }));
    let token = &patched[1]["value"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(token["expirationSeconds"], 86_400);
    assert!(err.contains("nothing is drawn here"), "{err}");

    let bare = "kind: ServiceAccount\nmetadata: {name: checkout, namespace: shop}\n";
    let (_, out, err) = mutate(&review().to_string(), bare, &["--config-map", "FOLDER/config.yaml"]);
    assert_eq!(
        patch(&out)[1]["value"][0]["env"][0]["value"],
        "arn:aws:iam::111122223333:role/config",
        "{err}"
    );
    let composed = ACCOUNT.replace("arn:aws:iam::111122223333:role/checkout", "team/checkout");
    let account = ["--compose-role-arn", "--compose-role-arn-account-id", "444455556666"];
    let (_, out, err) = mutate(&review().to_string(), &composed, &account);
    assert_eq!(
        patch(&out)[1]["value"][0]["env"][0]["value"],
        "arn:aws:iam::444455556666:role/team/checkout",
        "{err}"
    );
}

#[test]
fn input_that_can_not_be_read_is_told_apart_from_misuse() {
    let good = review().to_string();
    for (review, account, more, why) in [
        ("{", ACCOUNT, &[][..], "review.json: the review is not JSON"),
        (r#"{"kind": "Pod", "apiVersion": "v1"}"#, ACCOUNT, &[], "`Pod` of `v1` is no AdmissionReview"),
        (&good, "kind: [", &[], "sa.yaml:"),
        (
            &good,
            ACCOUNT,
            &["--watch-container-credentials-config", "FOLDER/sa.yaml"],
            "the list of identities",
        ),
        (&good, ACCOUNT, &["--config-map", "FOLDER/absent"], "it can't be read"),
        (&good, &ACCOUNT.replace("arn:aws:iam::111122223333:role/checkout", "true"), &[], "is no string"),
    ] {
        let (status, _, err) = mutate(review, account, more);
        assert!(status == 3 && err.contains(why), "{status} {err}");
    }
    // What no pod could have is answered as the existing webhook answers it, and told.
    let (status, out, err) =
        mutate(&good, ACCOUNT, &["--token-expiration", "10", "--token-mount-path", "tokens"]);
    assert_eq!(status, 0, "{err}");
    let token = &patch(&out)[0]["value"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(token["expirationSeconds"], 600);
    assert!(
        err.contains(
            "`ringwall serve` refuses `10` for --token-expiration: it has to be 600 seconds or more"
        ),
        "{err}"
    );
    assert!(
        err.contains(
            "`ringwall serve` refuses `tokens` for --token-mount-path: it has to be an absolute path"
        ),
        "{err}"
    );
    for more in [&["--no-such-flag"][..], &["--token-expiration", "1h"], &["--compose-role-arn"]] {
        assert_eq!(mutate(&good, ACCOUNT, more).0, 2, "{more:?}");
    }
    assert_eq!(run(&["identity".into(), "mutate".into()], "").status, 2);
}

/// Each setting of the webhook gets to the pod, while the apiserver is away as well.
#[test]
fn the_webhook_injects_what_is_set() {
    let home = Home::new();
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
        clusters: [{name: a, cluster: {server: 'https://127.0.0.1:9'}}]\nusers: [{name: a, user: {token: x}}]\n\
        contexts: [{name: a, context: {cluster: a, user: a}}]\n";
    fs::write(home.path("kubeconfig"), kubeconfig).unwrap();
    let identities = r#"{"identities": [{"namespace": "shop", "serviceAccount": "checkout"}]}"#;
    fs::write(home.path("identities.json"), identities).unwrap();
    let running = Running::run(&mut home.command(
        "serve --services identity --tls-mode off --identity-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 \
         --cluster-name shop --cluster-kubeconfig kubeconfig --identity-refuse-unknown off \
         --identity-service-account-lookup-grace-period 50ms --identity-lookup always \
         --identity-watch-container-credentials-config identities.json --identity-aws-default-region eu-central-1 \
         --identity-sts-regional-endpoint on --identity-token-expiration 2h \
         --identity-container-credentials-audience own-audience --identity-container-credentials-token-mount-path /own \
         --identity-container-credentials-token-path folder/token --identity-container-credentials-token-volume-name own-volume \
         --identity-container-credentials-full-uri http://127.0.0.1:8080/credentials",
    ));
    let review = review().to_string();
    let request = format!(
        "POST /mutate?timeout=10s HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{review}",
        review.len()
    );
    let said = ask(running.address("address"), &request);
    let (_, body) = said.split_once("\r\n\r\n").unwrap();
    let answer: Value = serde_json::from_str(body).unwrap();
    let patch = answer["response"]["patch"].as_str().unwrap_or_else(|| panic!("no patch in {answer}"));
    let patch = data_encoding::BASE64.decode(patch.as_bytes()).unwrap();
    let patch: Value = serde_json::from_slice(&patch).unwrap();
    let token = json!({ "audience": "own-audience", "expirationSeconds": 7200, "path": "folder/token" });
    let volume =
        json!({ "name": "own-volume", "projected": { "sources": [{ "serviceAccountToken": token }] } });
    assert_eq!(patch[1]["value"], json!([volume]));
    let container = &patch[2]["value"][0];
    assert_eq!(
        container["volumeMounts"],
        json!([{ "name": "own-volume", "mountPath": "/own", "readOnly": true }])
    );
    assert_eq!(
        container["env"],
        json!([
            { "name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional" },
            { "name": "AWS_DEFAULT_REGION", "value": "eu-central-1" },
            { "name": "AWS_REGION", "value": "eu-central-1" },
            { "name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": "http://127.0.0.1:8080/credentials" },
            { "name": "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "value": "/own/folder/token" },
        ])
    );
    // An apiserver that is away is told by the watch, and not by a library at each of its attempts.
    let errors: Vec<Value> = running.log().into_iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors, Vec::<Value>::new());
}

#[test]
fn an_issuer_is_published_and_a_wrong_one_is_not() {
    let folder = TempDir::new().unwrap();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/pod-identity/issuer/rsa.pem");
    let publish = |issuer: &str, more: &[&str]| {
        let (key, to) = (case.display().to_string(), folder.path().join("public").display().to_string());
        let mut args = vec![
            "identity",
            "publish",
            "--issuer",
            issuer,
            "--service-account-key-file",
            &key,
            "--folder",
            &to,
        ];
        args.extend(more);
        run(&args.into_iter().map(str::to_owned).collect::<Vec<_>>(), "")
    };
    let said = publish("http://oidc.example.com", &[]);
    assert!(said.status == 2 && said.stderr.contains("does not begin with `https://`"), "{said:?}");
    let said = publish("https://oidc.example.com", &[]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with("https://oidc.example.com\n"), "{said:?}");
    assert!(
        said.stdout.contains("xZZRJlbEbmmZmtwOwNWgZjnVdyxq8JOYSn5nVPAKopg  RS256  new: may sign from "),
        "{said:?}"
    );
    let at = said.stdout.split("may sign from ").nth(1).unwrap().trim_end().trim_end_matches(" on");
    assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
    for file in [".well-known/openid-configuration", "openid/v1/jwks", ".ringwall-issuer.json"] {
        assert!(folder.path().join("public").join(file).is_file(), "{file}");
    }
    assert_eq!(
        publish("https://oidc.example.com", &["--bucket", "s3://a"]).status,
        2,
        "a bucket needs a state"
    );
}

/// What the manifests allow is what is asked for, and no more.
#[test]
fn the_manifests_allow_what_is_needed_and_no_more() {
    let file = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/manifests/pod-identity");
        String::from_utf8(fs::read(folder.join(name)).unwrap()).unwrap()
    };
    let webhook = file("webhook.yaml");
    for issuer in ["issuer.yaml", "issuer-served.yaml"] {
        allow_what_is_needed(&webhook, &file(issuer));
    }
}

fn allow_what_is_needed(webhook: &str, issuer: &str) {
    let shop = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    // With the role, the snapshot counts as a live cluster's: nothing holds but what is written.
    let admin = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: cluster-admin}\nrules: []\n";
    let asked = Asked::about(&[
        ("kubernetes/shop.yaml", shop),
        ("kubernetes/admin.yaml", admin),
        ("kubernetes/webhook.yaml", webhook),
        ("kubernetes/issuer.yaml", issuer),
    ]);
    let can = |who: &str, question: &str| asked.run("can", &format!("--as ringwall/{who} {question}")).status;
    for (who, question, status) in [
        ("ringwall-pod-webhook", "get serviceaccounts/checkout -n shop", 0),
        ("ringwall-pod-webhook", "list serviceaccounts -n shop", 0),
        ("ringwall-pod-webhook", "watch serviceaccounts -n shop", 0),
        ("ringwall-pod-webhook", "watch configmaps/pod-identity-webhook -n ringwall", 0),
        ("ringwall-pod-webhook", "watch configmaps/other -n ringwall", 1),
        ("ringwall-pod-webhook", "get configmaps/pod-identity-webhook -n shop", 1),
        ("ringwall-pod-webhook", "create serviceaccounts/token -n shop", 1),
        ("ringwall-pod-webhook", "update serviceaccounts -n shop", 1),
        ("ringwall-pod-webhook", "get secrets -n ringwall", 1),
        ("ringwall-pod-webhook", "get pods -n shop", 1),
        ("ringwall-issuer", "get /openid/v1/jwks", 0),
        ("ringwall-issuer", "get /.well-known/openid-configuration", 0),
        ("ringwall-issuer", "get /metrics", 1),
        ("ringwall-issuer", "get serviceaccounts -n ringwall", 1),
    ] {
        assert_eq!(can(who, question), status, "{who} {question}");
    }
}
