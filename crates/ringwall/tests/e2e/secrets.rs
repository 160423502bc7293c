//! `secrets sync` with a real kube-apiserver, and with no more rights there than its manifests give.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::testbed::Testbed;

/// Long enough for a loop of a second on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// What stands in for STS and Secrets Manager: values by name, each value its own version; and whose tokens came.
#[derive(Default)]
struct Aws {
    values: BTreeMap<String, String>,
    tokens: Vec<Value>,
}

fn aws() -> (String, Arc<Mutex<Aws>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let aws = Arc::new(Mutex::new(Aws::default()));
    std::thread::spawn({
        let aws = Arc::clone(&aws);
        move || {
            for stream in listener.incoming() {
                let aws = Arc::clone(&aws);
                std::thread::spawn(move || while answer(stream.as_ref().unwrap(), &aws).is_some() {});
            }
        }
    });
    (url, aws)
}

/// Answers a request of a connection; none at its end.
fn answer(mut stream: &TcpStream, aws: &Mutex<Aws>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut target) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(("x-amz-target", _)) => target = line.trim_end().rsplit('.').next().unwrap().to_owned(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).unwrap();
    let (status, text) = if target.is_empty() {
        let token = body.split('&').find_map(|pair| pair.strip_prefix("WebIdentityToken=")).unwrap();
        let claims = BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
        aws.lock().unwrap().tokens.push(serde_json::from_slice(&claims).unwrap());
        let text = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
             </AssumeRoleWithWebIdentityResponse>";
        (200, text.to_owned())
    } else {
        let body: Value = serde_json::from_str(&body).unwrap();
        match aws.lock().unwrap().values.get(body["SecretId"].as_str().unwrap()) {
            None => (400, json!({"__type": "ResourceNotFoundException", "Message": "none"}).to_string()),
            Some(value) if target == "DescribeSecret" => {
                (200, json!({"VersionIdsToStages": {value: ["AWSCURRENT"]}}).to_string())
            }
            Some(value) => (200, json!({"VersionId": value, "SecretString": value}).to_string()),
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", text.len());
    stream.write_all((head + &text).as_bytes()).ok()
}

/// A process that ends with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn manifest(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/manifests/secrets").join(name);
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

struct Bed {
    testbed: Testbed,
    folder: TempDir,
}

impl Bed {
    fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let program = PathBuf::from(std::env::var_os("RINGWALL_TESTBED").unwrap());
        let output = Command::new(program)
            .args(["kubectl", "--kubeconfig"])
            .arg(&self.testbed.kubeconfig)
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    fn apply(&self, text: &str) {
        let file = self.folder.path().join("apply.yaml");
        fs::write(&file, text).unwrap();
        self.kubectl(&["apply", "-f", file.to_str().unwrap()]).unwrap();
    }

    /// A kubeconfig of a service account.
    fn kubeconfig(&self, account: &str) -> PathBuf {
        let token = self.kubectl(&["create", "token", account, "-n", "kube-system"]).unwrap();
        let server = self
            .kubectl(&["config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}"])
            .unwrap();
        let path = self.folder.path().join(account);
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": self.testbed.pki("ca.crt")}}],
            "users": [{"name": "u", "user": {"token": token.trim()}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        });
        fs::write(&path, kubeconfig.to_string()).unwrap();
        path
    }

    fn secret(&self, name: &str) -> Option<Value> {
        let text =
            self.kubectl(&["get", "secret", name, "-n", "shop", "-o", "json", "--ignore-not-found"]).unwrap();
        (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    /// The values of a Secret, once they are these.
    fn until(&self, name: &str, wanted: &[(&str, &str)]) -> Value {
        let wanted: Value = wanted
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(BASE64.encode(value.as_bytes()))))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let begun = Instant::now();
        loop {
            let secret = self.secret(name);
            match secret {
                Some(secret) if secret["data"] == wanted => return secret,
                _ => assert!(begun.elapsed() < PATIENCE, "{name}: {secret:?}, wanted {wanted}"),
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: secretproviderclasses.secrets-store.csi.x-k8s.io}
spec:
  group: secrets-store.csi.x-k8s.io
  scope: Namespaced
  names: {plural: secretproviderclasses, singular: secretproviderclass, kind: SecretProviderClass}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: checkout-secrets
  namespace: shop
  annotations:
    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/checkout
    secrets.ringwall.dev/sync-classes: db, foreign,token
---
apiVersion: v1
kind: Secret
metadata: {name: foreign, namespace: shop}
stringData: {mine: kept}
"#;

fn class(name: &str, secret: &str, secret_type: &str, keys: &[(&str, &str)]) -> String {
    json!({
        "apiVersion": "secrets-store.csi.x-k8s.io/v1", "kind": "SecretProviderClass",
        "metadata": {
            "name": name, "namespace": "shop", "labels": {"secrets.ringwall.dev/sync": "true"},
            "annotations": {"secrets.ringwall.dev/service-account": "checkout-secrets"},
        },
        "spec": {
            "provider": "aws",
            "parameters": {"objects": "- {objectName: shop/db, objectType: secretsmanager, objectAlias: whole, jsonKeys: all}"},
            "secretObjects": [{
                "secretName": secret, "type": secret_type, "labels": {"app": "checkout"},
                "data": keys.iter().map(|(file, key)| json!({"objectName": file, "key": key})).collect::<Vec<_>>(),
            }],
        },
    })
    .to_string()
}

#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn secrets_follow_their_classes_and_no_others() {
    let folder = TempDir::new().unwrap();
    let testbed = Testbed::start(&folder.path().join("bed"));
    let bed = Bed { testbed, folder };
    bed.apply(DEFINITION);
    bed.kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd/secretproviderclasses.secrets-store.csi.x-k8s.io",
    ])
    .unwrap();
    bed.apply(&manifest("sync.yaml"));
    bed.apply(&manifest("sync-namespace.yaml").replace("[checkout-db]", "[checkout-db, foreign, token]"));
    let (url, aws) = aws();
    let put = |value: &str| drop(aws.lock().unwrap().values.insert("shop/db".into(), value.to_owned()));
    put(r#"{"user":"ann","password":"hunter2"}"#);

    let arguments =
        ["secrets", "sync", "--interval", "1s", "--region", "eu-central-1", "--admin-listen", "127.0.0.1:0"];
    let log = bed.folder.path().join("sync.log");
    let _sync = Ends(
        Command::new(env!("CARGO_BIN_EXE_ringwall"))
            .args(arguments)
            .args(["--endpoint", &url, "--log-format", "json", "--kubeconfig"])
            .arg(bed.kubeconfig("ringwall-secrets-sync"))
            .stdin(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap(),
    );
    bed.apply(&class("db", "checkout-db", "Opaque", &[("user", "DB_USER"), ("password", "DB_PASSWORD")]));
    let secret = bed.until("checkout-db", &[("DB_USER", "ann"), ("DB_PASSWORD", "hunter2")]);
    assert_eq!(secret["type"], "Opaque");
    assert_eq!(secret["metadata"]["labels"]["app"], "checkout");
    let owner = &secret["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["kind"], &owner["name"]), (&json!("SecretProviderClass"), &json!("db")));

    // The token is for STS alone, and the service account's.
    let token = aws.lock().unwrap().tokens[0].clone();
    assert_eq!(token["sub"], "system:serviceaccount:shop:checkout-secrets");
    assert_eq!(token["aud"], json!(["sts.amazonaws.com"]));

    // A value that changes, a key that goes, a change by hand.
    put(r#"{"user":"bob","password":"hunter3"}"#);
    bed.until("checkout-db", &[("DB_USER", "bob"), ("DB_PASSWORD", "hunter3")]);
    bed.apply(&class("db", "checkout-db", "Opaque", &[("user", "DB_USER")]));
    bed.until("checkout-db", &[("DB_USER", "bob")]);
    bed.kubectl(&["delete", "secret", "checkout-db", "-n", "shop"]).unwrap();
    bed.until("checkout-db", &[("DB_USER", "bob")]);

    // What is somebody else's, what was not given, and a type that would fetch the token of any service account.
    bed.apply(&class("foreign", "foreign", "Opaque", &[("user", "DB_USER")]));
    bed.apply(&class("stranger", "checkout-db", "Opaque", &[("password", "DB_USER")]));
    bed.apply(&class("token", "token", "kubernetes.io/service-account-token", &[("user", "x")]));
    let said = [
        "the Secret `foreign` is there and not the class's",
        "the service account `checkout-secrets` is not given to the class `stranger`",
        "of the type `kubernetes.io/service-account-token`, which is not synced",
    ];
    let begun = Instant::now();
    loop {
        let text = String::from_utf8(fs::read(&log).unwrap()).unwrap();
        if said.iter().all(|message| text.contains(message)) {
            assert!(!text.contains("hunter"), "a secret is in the log");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{text}");
        std::thread::sleep(Duration::from_millis(300));
    }
    let foreign = bed.secret("foreign").unwrap();
    assert_eq!(foreign["data"], json!({"mine": BASE64.encode(b"kept")}));
    assert_eq!(foreign["metadata"]["ownerReferences"], Value::Null);
    assert!(bed.secret("token").is_none());
    bed.until("checkout-db", &[("DB_USER", "bob")]);
}

/// gRPC's own client for Go, which the driver is built on, with the authorities that its versions have sent.
#[test]
#[ignore = "needs the testbed: cargo xtask test"]
fn drivers_of_all_versions_are_served() {
    let folder = TempDir::new().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let nobody = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    });
    fs::write(&kubeconfig, nobody.to_string()).unwrap();
    let _provider = Ends(
        Command::new(env!("CARGO_BIN_EXE_ringwall"))
            .args(["secrets", "serve", "--admin-listen", "127.0.0.1:0", "--providers-folder"])
            .arg(folder.path())
            .arg("--kubeconfig")
            .arg(&kubeconfig)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let socket = folder.path().join("aws.sock");
    let begun = Instant::now();
    while !socket.exists() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(50));
    }
    let path = socket.to_str().unwrap();
    let escaped = path.replace('/', "%2F");
    for authority in [Some("localhost"), Some(path), Some(escaped.as_str()), Some("a b"), None] {
        let mut command = Command::new(std::env::var_os("RINGWALL_TESTBED").unwrap());
        command.args(["provider", "version", "--calls", "3", "--socket", path]);
        command.args(authority.map(|text| format!("--authority={text}")));
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let one = "{\"version\":\"v1alpha1\",\"runtime\":\"ringwall\"}\n";
        assert_eq!(said, one.repeat(3), "{authority:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
