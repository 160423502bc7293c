//! AWS's own clients for Rust against the real program, over TLS by its own authority.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_sdk_kms::error::ProvideErrorMetadata as _;
use aws_sdk_kms::primitives::Blob;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

/// How long the server may take to start on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server in a home of its own; ended when it is dropped.
struct Serving {
    home: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl Serving {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let ringwall = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
            command.args(arguments).env_clear().env("HOME", home.path()).stdin(Stdio::null());
            command
        };
        let made = ringwall(&["init", "--account-id", "111122223333"]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let admin = format!("127.0.0.1:{}", free_port());
        let mut process =
            ringwall(&["serve", "--listen", &listen, "--admin-listen", &admin, "--log-format", "json"])
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let (began, mut line) = (Instant::now(), String::new());
        while !line.contains("\"serving\"") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0 && began.elapsed() < PATIENCE, "it did not start");
        }
        // Nobody waits for a reader of its log.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { home, port, process }
    }

    fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    fn administrator(&self) -> Credentials {
        let file = text(&self.home.path().join(".config/ringwall/credentials"));
        let value = |key: &str| {
            let line = file.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim_start_matches([' ', '=']).to_owned()
        };
        Credentials::new(value("aws_access_key_id"), value("aws_secret_access_key"), None, None, "file")
    }

    fn http(&self) -> SharedHttpClient {
        let authority = text(&self.home.path().join(".local/share/ringwall/tls/ca.pem"));
        let trust = TrustStore::empty().with_pem_certificate(authority.into_bytes());
        let context = TlsContext::builder().with_trust_store(trust).build().unwrap();
        Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https()
    }

    fn sts(&self, credentials: &Credentials) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .endpoint_url(self.endpoint())
            .credentials_provider(credentials.clone())
            .http_client(self.http());
        aws_sdk_sts::Client::from_conf(config.build())
    }

    fn kms(&self, credentials: &Credentials) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .endpoint_url(self.endpoint())
            .credentials_provider(credentials.clone())
            .http_client(self.http());
        aws_sdk_kms::Client::from_conf(config.build())
    }

    fn secrets(&self, credentials: &Credentials) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .endpoint_url(self.endpoint())
            .credentials_provider(credentials.clone())
            .http_client(self.http());
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn text(path: &Path) -> String {
    let mut text = String::new();
    fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdks_for_rust_are_answered_and_refused() {
    let serving = Serving::start();
    let administrator = serving.administrator();
    let sts = serving.sts(&administrator);
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:iam::111122223333:user/administrator"));

    let kms = serving.kms(&administrator);
    let key = kms.create_key().description("of the SDK").send().await.unwrap();
    let key = key.key_metadata().unwrap().key_id().to_owned();
    let plaintext = Blob::new("a plaintext");
    let sealed = kms.encrypt().key_id(&key).plaintext(plaintext.clone()).encryption_context("shop", "1");
    let sealed = sealed.send().await.unwrap().ciphertext_blob().unwrap().clone();
    let opened =
        kms.decrypt().ciphertext_blob(sealed.clone()).encryption_context("shop", "1").send().await.unwrap();
    assert_eq!(opened.plaintext(), Some(&plaintext));
    let refused =
        kms.decrypt().ciphertext_blob(sealed).encryption_context("shop", "2").send().await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_ciphertext_exception());

    let secrets = serving.secrets(&administrator);
    secrets.create_secret().name("payments").secret_string("correct horse").send().await.unwrap();
    let read = secrets.get_secret_value().secret_id("payments").send().await.unwrap();
    assert_eq!(read.secret_string(), Some("correct horse"));
    let missing = secrets.get_secret_value().secret_id("nothing").send().await.unwrap_err();
    assert!(missing.into_service_error().is_resource_not_found_exception());

    // A session of the user's has its permissions, and one that is not believed has none.
    let session = sts.get_session_token().send().await.unwrap().credentials().unwrap().clone();
    let token = Some(session.session_token().to_owned());
    let session = |token| {
        let (id, secret) = (session.access_key_id(), session.secret_access_key());
        Credentials::new(id, secret, token, None, "session")
    };
    let believed =
        serving.secrets(&session(token)).get_secret_value().secret_id("payments").send().await.unwrap();
    assert_eq!(believed.secret_string(), Some("correct horse"));
    let refused = serving.kms(&session(None)).list_keys().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("UnrecognizedClientException"));
}
