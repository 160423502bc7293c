//! A registry on loopback, whose gate does as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use ringwall_model::Secret;
use ringwall_objects::Objects;
use ringwall_oci::{Algorithm, Digest, Registry, RepositoryKey};
use ringwall_registry_service::{
    Action, Ask, Authenticated, Caller, Created, Credentials, Gate, Service, Settings, Tokens, Unrecorded,
    Verdict,
};
use ringwall_server::{Limits, Metrics, Server, live};
use ringwall_store::{Options, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const ACCOUNT: &str = "111122223333";

/// Lets `AWS:good` in, and `AWS:reader` to read; notes what was asked and what came of it.
#[derive(Default)]
pub(crate) struct Rules {
    registry: Mutex<Option<Registry>>,
    pub(crate) asked: Mutex<Vec<(Action, Option<String>)>>,
    pub(crate) recorded: Mutex<Vec<(Action, Option<String>)>>,
}

impl Gate for Rules {
    type Principal = String;
    type Permit = Action;

    async fn authenticate(&self, credentials: &Credentials, _: &Caller) -> Authenticated<String> {
        match credentials {
            Credentials::Anonymous => Authenticated::Challenged,
            Credentials::Password { user, password } => match password.expose_text() {
                Some(name @ ("good" | "reader")) if user == "AWS" => Authenticated::As(name.to_owned()),
                Some("down") => Authenticated::Unavailable,
                _ => Authenticated::Refused("the password is not good".to_owned()),
            },
        }
    }

    fn account<'a>(&'a self, _: &'a String) -> &'a str {
        ACCOUNT
    }

    async fn authorize(&self, principal: &String, ask: Ask<'_>) -> Verdict<Action> {
        let name = ask.repository.map(|key| key.name().to_owned());
        self.asked.lock().unwrap().push((ask.action, name.clone()));
        let reads = matches!(
            ask.action,
            Action::BatchGetImage
                | Action::GetDownloadUrlForLayer
                | Action::BatchCheckLayerAvailability
                | Action::ListImages
                | Action::ListImageReferrers
        );
        match name.as_deref() {
            Some("secret") => Verdict::Denied("a policy says no".to_owned()),
            _ if principal == "good" || reads => Verdict::Permitted(ask.action),
            _ => Verdict::Denied("a policy says no".to_owned()),
        }
    }

    async fn record(&self, permit: Action, error: Option<(&str, &str)>) -> Result<(), Unrecorded> {
        self.recorded.lock().unwrap().push((permit, error.map(|(code, _)| code.to_owned())));
        Ok(())
    }

    async fn create(&self, _: &String, repository: &RepositoryKey, _: &Caller) -> Created {
        if !repository.name().starts_with("team/") {
            return Created::NoTemplate;
        }
        let registry = self.registry.lock().unwrap().clone().unwrap();
        match registry.create_repository(repository, Default::default()).await {
            Ok(_) => Created::Yes,
            Err(_) => Created::Unavailable,
        }
    }
}

/// A registry that serves for as long as the test lasts.
pub(crate) struct Lab {
    pub(crate) address: SocketAddr,
    pub(crate) rules: Arc<Rules>,
    _home: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().unwrap().to_owned()
    }
}

impl Lab {
    pub(crate) async fn new(settings: Settings) -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", home.path().join("store.db").display());
        let store = Store::open(&store, Options::default()).await.unwrap();
        let objects = Objects::folder(&home.path().join("objects")).unwrap();
        let behaviour =
            ringwall_oci::Settings { tag_rule: Arc::new(|_, tag| tag != "fixed"), ..Default::default() };
        let registry = Registry::open(objects, store, behaviour).await.unwrap();
        let rules = Arc::new(Rules::default());
        *rules.registry.lock().unwrap() = Some(registry.clone());
        let tokens = Arc::new(Tokens::new(&Secret::new(vec![7; 32])).unwrap());
        let service = Arc::new(Service::new(registry, Arc::clone(&rules), tokens, settings));
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(anywhere, None, live(Limits::default()), Metrics::default()).unwrap();
        let address = server.address();
        tokio::spawn(async move {
            let _ = server.serve_streams(service, std::future::pending()).await;
        });
        Self { address, rules, _home: home }
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.unwrap();
        let end = got.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8(got[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Answer { status, headers, body: got[end + 4..].to_vec() }
    }

    /// The same by `AWS:good`.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.send(method, path, &[("authorization", &basic("good"))], body).await
    }

    /// Pushes a blob with one request.
    pub(crate) async fn push(&self, name: &str, bytes: &[u8]) -> Digest {
        let digest = Algorithm::Sha256.of(bytes);
        let pushed = self.ask("POST", &format!("/v2/{name}/blobs/uploads/?digest={digest}"), bytes).await;
        assert_eq!(pushed.status, 201, "{pushed:?}");
        digest
    }
}

pub(crate) fn basic(password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("AWS:{password}").as_bytes()))
}
