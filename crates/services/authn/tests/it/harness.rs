//! Signs tokens, and is STS.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, StatusCode};
use prometheus_client::registry::Registry;
use ringwall_authn::sts::{Exchange, Settings, Verifier};
use ringwall_authn::token::{Hosts, PREFIX, Rules};
use ringwall_awsclient::BoxFuture;
use ringwall_awsclient::http::{HttpError, HttpRequest, HttpResponse};
use ringwall_awsclient::partition::Partition;
use ringwall_model::Secret;
use ringwall_sigv4::{Lifetime, Parts, Signer, parse, signing_key};

/// 2023-11-14T22:13:20Z.
pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const DATE: &str = "20231114T221320Z";
pub(crate) const CLUSTER: &str = "storefront";
pub(crate) const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SESSION_KEY_ID: &str = "ASIAIOSFODNN7EXAMPLE";
pub(crate) const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEA+/aA==EXAMPLE/with+marks=";

pub(crate) fn secret() -> Secret {
    Secret::from(String::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
}

/// A token to sign.
#[derive(Clone)]
pub(crate) struct Signing {
    pub(crate) scheme: &'static str,
    pub(crate) host: String,
    pub(crate) region: String,
    pub(crate) service: &'static str,
    pub(crate) cluster: String,
    pub(crate) time: i64,
    pub(crate) expires: u32,
    pub(crate) session: bool,
    pub(crate) secret: Secret,
    /// Further headers that are signed.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            scheme: "https",
            host: "sts.eu-central-1.amazonaws.com".to_owned(),
            region: "eu-central-1".to_owned(),
            service: "sts",
            cluster: CLUSTER.to_owned(),
            time: NOW,
            expires: 60,
            session: false,
            secret: secret(),
            headers: Vec::new(),
        }
    }
}

impl Signing {
    /// The presigned URL, as botocore writes it.
    pub(crate) fn url(&self) -> String {
        let mut headers = vec![("host", self.host.as_str()), ("x-k8s-aws-id", self.cluster.as_str())];
        headers.extend(&self.headers);
        let session_token = Secret::from(String::from(SESSION_TOKEN));
        let signer = Signer {
            access_key_id: if self.session { SESSION_KEY_ID } else { KEY_ID },
            secret: &self.secret,
            session_token: self.session.then_some(&session_token),
            region: &self.region,
            service: self.service,
            time: self.time,
        };
        let query = Some("Action=GetCallerIdentity&Version=2011-06-15");
        let parts = Parts { method: "GET", path: "/", query, headers: &headers, authority: None };
        let query = signer.query(&parts, b"", self.expires).unwrap();
        format!("{}://{}/?{query}", self.scheme, self.host)
    }

    pub(crate) fn token(&self) -> String {
        token_of(self.url())
    }
}

/// The token of a URL.
pub(crate) fn token_of(url: impl AsRef<[u8]>) -> String {
    format!("{PREFIX}{}", BASE64URL_NOPAD.encode(url.as_ref()))
}

/// What a cluster in that partition demands.
pub(crate) fn aws(partition: &str) -> Rules {
    rules_in(partition, None)
}

pub(crate) fn rules_in(partition: &str, region: Option<&str>) -> Rules {
    let partition = Partition::named(partition).unwrap();
    Rules::new(CLUSTER, Hosts::Aws { partition, region: region.map(str::to_owned) }).unwrap()
}

/// What a cluster with an STS of its own demands.
pub(crate) fn endpoint(url: &str) -> Rules {
    Rules::new(CLUSTER, Hosts::Endpoint(url.parse().unwrap())).unwrap()
}

/// How STS answers.
pub(crate) enum Answers {
    /// By verifying the signature.
    Verifying,
    /// With this, whatever is asked.
    Fixed(u16, HeaderMap, Bytes),
    /// Not at all.
    Nothing,
    /// Never.
    Silence,
}

/// STS: verifies what it is sent as `ringwall serve` does, with the same engine.
pub(crate) struct Sts {
    pub(crate) answers: Mutex<Answers>,
    pub(crate) calls: AtomicUsize,
    /// Its clock.
    pub(crate) now: Mutex<i64>,
    /// How long it takes.
    pub(crate) takes: Duration,
    /// The last request.
    pub(crate) last: Mutex<Option<HttpRequest>>,
}

impl Sts {
    pub(crate) fn new(answers: Answers) -> Arc<Self> {
        Self::slow(answers, Duration::ZERO)
    }

    pub(crate) fn slow(answers: Answers, takes: Duration) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers),
            calls: AtomicUsize::new(0),
            now: Mutex::new(NOW),
            takes,
            last: Mutex::new(None),
        })
    }

    pub(crate) fn fixed(status: u16, body: &str) -> Answers {
        Answers::Fixed(status, HeaderMap::new(), Bytes::from(body.to_owned()))
    }

    pub(crate) fn answer(&self, answers: Answers) {
        *self.answers.lock().unwrap() = answers;
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn verify(&self, request: &HttpRequest) -> (u16, String) {
        let mut headers = vec![("host", request.url.authority())];
        headers.extend(request.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())));
        let parts = Parts {
            method: request.method.as_str(),
            path: request.url.path(),
            query: request.url.query(),
            headers: &headers,
            authority: None,
        };
        match check(&parts, *self.now.lock().unwrap()) {
            Ok(user) => (200, user),
            Err((status, code)) => (
                status,
                format!(
                    r#"{{"Error":{{"Code":"{code}","Message":"no","Type":"Sender"}},"RequestId":"f00"}}"#
                ),
            ),
        }
    }
}

fn check(parts: &Parts<'_>, now: i64) -> Result<String, (u16, String)> {
    let refused = |code: &str| (403, code.to_owned());
    let presented = parse(parts).map_err(|error| (403, error.to_string()))?;
    let presented = presented.ok_or_else(|| refused("MissingAuthenticationToken"))?;
    let mut pairs: HashMap<String, String> = HashMap::new();
    for (name, value) in presented.query_pairs() {
        assert!(pairs.insert(name.to_string(), value.to_string()).is_none(), "a parameter twice");
    }
    if pairs.get("Action").map(String::as_str) != Some("GetCallerIdentity") {
        return Err((400, "InvalidAction".to_owned()));
    }
    presented.require_service("sts").map_err(|_| refused("SignatureDoesNotMatch"))?;
    let scope = presented.scope();
    let key = signing_key(&secret(), &scope.date, &scope.region, &scope.service).unwrap();
    let known = match presented.access_key_id() {
        KEY_ID => presented.session_token().is_none(),
        SESSION_KEY_ID => presented.session_token() == Some(SESSION_TOKEN),
        _ => false,
    };
    if !known {
        return Err(refused("InvalidClientTokenId"));
    }
    presented.verify(b"", &key, now, Lifetime::QuarterHour).map_err(|_| refused("SignatureDoesNotMatch"))?;
    Ok(if presented.access_key_id() == KEY_ID { user() } else { session() })
}

/// STS's answer about a user.
pub(crate) fn user() -> String {
    identity("111122223333", "arn:aws:iam::111122223333:user/ops/alice", "AIDACKCEVSQ6C2EXAMPLE")
}

/// STS's answer about a role's session.
pub(crate) fn session() -> String {
    identity(
        "111122223333",
        "arn:aws:sts::111122223333:assumed-role/admin/alice@example.com",
        "AROACKCEVSQ6C2EXAMPLE:alice@example.com",
    )
}

pub(crate) fn identity(account: &str, arn: &str, user_id: &str) -> String {
    format!(
        r#"{{"GetCallerIdentityResponse":{{"GetCallerIdentityResult":{{"Account":"{account}","Arn":"{arn}","UserId":"{user_id}"}},"ResponseMetadata":{{"RequestId":"f00"}}}}}}"#
    )
}

impl Exchange for Sts {
    fn call(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            *self.last.lock().unwrap() = Some(request.clone());
            if !self.takes.is_zero() {
                tokio::time::sleep(self.takes).await;
            }
            let (status, headers, body) = match &*self.answers.lock().unwrap() {
                Answers::Verifying => {
                    let (status, body) = self.verify(&request);
                    (status, HeaderMap::new(), Bytes::from(body))
                }
                Answers::Fixed(status, headers, body) => (*status, headers.clone(), body.clone()),
                Answers::Nothing => {
                    let source = Arc::new(std::io::Error::other("refused"));
                    return Err(HttpError::Resolve { host: request.url.host().to_owned(), source });
                }
                Answers::Silence => (0, HeaderMap::new(), Bytes::new()),
            };
            if status == 0 {
                std::future::pending::<()>().await;
            }
            Ok(HttpResponse { status: StatusCode::from_u16(status).unwrap(), headers, body })
        })
    }
}

/// Settings that hold nothing back.
pub(crate) const OPEN: Settings = Settings {
    max_age: 900,
    capacity: 1024,
    rate: u32::MAX,
    burst: u32::MAX,
    key_rate: u32::MAX,
    key_burst: u32::MAX,
    in_flight: 1024,
};

pub(crate) fn verifier(rules: Rules, settings: Settings, sts: &Arc<Sts>) -> Verifier {
    let sts = Arc::clone(sts);
    Verifier::new(rules, settings, sts, &mut Registry::default())
}
