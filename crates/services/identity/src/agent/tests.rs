//! What the agent's tests share, and the agent as a whole with a clock that they move and an upstream that they hold.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use data_encoding::BASE64URL_NOPAD;
use ringwall_model::Secret;
use serde_json::{Value, json};

use super::*;

/// Seconds since 1970.
pub(crate) const NOW: i64 = 1_764_230_730;

/// A token with these claims, by nobody's key.
pub(crate) fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let header = json!({ "alg": "RS256", "kid": "1" });
    format!("{}.{}.{}", part(&header), part(claims), BASE64URL_NOPAD.encode(&[7; 256]))
}

/// The token of a pod of this name.
pub(crate) fn token(pod: &str, expires: i64) -> String {
    unsigned(&json!({ "iss": "https://k", "sub": pod, "iat": NOW, "nbf": NOW, "exp": expires }))
}

/// Who says what is upstream: an outcome a call in this order, then credentials for six hours.
#[derive(Default)]
struct Script {
    outcomes: Mutex<VecDeque<Result<i64, Refused>>>,
    calls: AtomicUsize,
    hold: Option<Arc<Semaphore>>,
}

struct Scripted {
    script: Arc<Script>,
    clock: Clock,
}

impl Upstream for Scripted {
    async fn assume(&self, token: &Secret) -> Result<PodCredentials, Refused> {
        let call = self.script.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(hold) = &self.script.hold {
            hold.acquire().await.unwrap().forget();
        }
        assert!(token.expose_text().unwrap().contains('.'));
        let outcome = self.script.outcomes.lock().unwrap().pop_front().unwrap_or(Ok(6 * 3600));
        outcome.map(|life| PodCredentials {
            access_key_id: format!("ASIA{call}"),
            secret_access_key: Secret::from(String::from("hunter2")),
            session_token: Secret::from(String::from("session")),
            account: String::from("111122223333"),
            expires: (self.clock)() / 1000 + life,
        })
    }
}

struct Node {
    agent: Arc<Agent<Scripted>>,
    script: Arc<Script>,
    time: Arc<AtomicI64>,
}

impl Node {
    fn new() -> Self {
        Self::with(Script::default())
    }

    fn with(script: Script) -> Self {
        let (script, time) = (Arc::new(script), Arc::new(AtomicI64::new(NOW * 1000)));
        let clock: Clock = {
            let time = Arc::clone(&time);
            Arc::new(move || time.load(Ordering::SeqCst))
        };
        let upstream = Scripted { script: Arc::clone(&script), clock: Arc::clone(&clock) };
        let settings = Settings {
            hosts: vec![SocketAddr::new(IPV4.into(), 80), SocketAddr::new(IPV6.into(), 80)],
            rate: 1000,
            burst: 1000,
        };
        Self { agent: Arc::new(Agent::new(settings, upstream, clock, Metrics::default())), script, time }
    }

    /// The outcomes of the next calls: a life in seconds, or a code.
    fn say(&self, outcomes: impl IntoIterator<Item = Result<i64, &'static str>>) {
        let refused = |code: &str| {
            let status = if code.starts_with("Service") { 503 } else { 400 };
            Refused::upstream(StatusCode::from_u16(status).unwrap(), code.to_owned(), "so it is", "")
        };
        let outcomes = outcomes.into_iter().map(|outcome| outcome.map_err(refused));
        self.script.outcomes.lock().unwrap().extend(outcomes);
    }

    fn pass(&self, seconds: i64) {
        self.time.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    fn calls(&self) -> usize {
        self.script.calls.load(Ordering::SeqCst)
    }

    async fn send(&self, method: &str, host: &str, path: &str, tokens: &[&str]) -> Response {
        let mut headers = vec![(String::from("host"), host.to_owned())];
        headers.extend(tokens.iter().map(|token| (String::from("authorization"), (*token).to_owned())));
        let head = Head {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: None,
            headers,
            version: http::Version::HTTP_11,
            peer: "10.0.0.7:40000".parse().unwrap(),
            tls: None,
        };
        self.agent.handle(Request { head: Arc::new(head), body: bytes::Bytes::new() }).await
    }

    /// The id of the access key that a token's pod gets, or the code of the refusal.
    async fn ask(&self, token: &str) -> Result<String, String> {
        let response = self.send("GET", "169.254.170.23", "/v1/credentials", &[token]).await;
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        match response.status {
            StatusCode::OK => Ok(body["AccessKeyId"].as_str().unwrap().to_owned()),
            _ => Err(body["code"].as_str().unwrap().to_owned()),
        }
    }
}

#[tokio::test]
async fn only_the_endpoint_is_served_and_only_under_its_address() {
    let node = Node::new();
    let token = token("pod", NOW + 3600);
    let status = async |method: &str, host: &str, path: &str, tokens: &[&str]| {
        node.send(method, host, path, tokens).await.status.as_u16()
    };
    for host in ["169.254.170.23", "169.254.170.23:80", "[fd00:ec2::23]", "[FD00:EC2:0::23]:80"] {
        assert_eq!(status("GET", host, "/v1/credentials", &[&token]).await, 200, "{host}");
    }
    for host in [
        "169.254.170.23:81",
        "169.254.170.2",
        "localhost",
        "pods.example.com",
        "fd00:ec2::23",
        "[169.254.170.23]",
        "",
        "169.254.170.23.",
    ] {
        assert_eq!(status("GET", host, "/v1/credentials", &[&token]).await, 403, "{host}");
    }
    let here = "169.254.170.23";
    for path in
        ["/", "/v1/credentials/", "/v1/Credentials", "//v1/credentials", "/v1%2Fcredentials", "/metrics"]
    {
        assert_eq!(status("GET", here, path, &[&token]).await, 404, "{path}");
    }
    for method in ["POST", "HEAD", "PUT", "OPTIONS"] {
        assert_eq!(status(method, here, "/v1/credentials", &[&token]).await, 405, "{method}");
    }
    assert_eq!(status("GET", here, "/v1/credentials", &[]).await, 400);
    assert_eq!(status("GET", here, "/v1/credentials", &["x.y.z"]).await, 400);
    assert_eq!(node.calls(), 1);
}

#[tokio::test]
async fn two_hundred_that_ask_at_once_make_one_call() {
    let hold = Arc::new(Semaphore::new(0));
    let node = Arc::new(Node::with(Script { hold: Some(Arc::clone(&hold)), ..Script::default() }));
    for code in [None, Some("ThrottlingException"), Some("ResourceNotFoundException")] {
        node.say(code.map(Err));
        let before = node.calls();
        let token = token(&format!("{code:?}"), NOW + 3600);
        let mut pods = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let (node, token) = (Arc::clone(&node), token.clone());
            pods.spawn(async move { node.ask(&token).await });
        }
        // All have asked before the one call is answered.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(node.calls(), before + 1);
        hold.add_permits(1);
        let answers = pods.join_all().await;
        let expected = match code {
            None => Ok(format!("ASIA{before}")),
            Some(code) => Err(code.to_owned()),
        };
        assert!(answers.iter().all(|answer| *answer == expected), "{answers:?}");
        assert_eq!(node.calls(), before + 1);
    }
}

#[tokio::test]
async fn credentials_are_replaced_before_they_end_and_only_if_somebody_asks() {
    let node = Node::new();
    let pod = token("pod", NOW + 24 * 3600);
    assert_eq!(node.ask(&pod).await.unwrap(), "ASIA0");
    // Between three hours and a fifth less.
    node.pass(8639);
    node.agent.refresh().await;
    assert_eq!((node.calls(), node.ask(&pod).await.unwrap().as_str()), (1, "ASIA0"));
    node.pass(10800 - 8639);
    node.agent.refresh().await;
    assert_eq!((node.calls(), node.ask(&pod).await.unwrap().as_str()), (2, "ASIA1"));
    node.pass(10800);
    node.agent.refresh().await;
    assert_eq!(node.calls(), 3, "the pod has asked since");
    // Now nobody asks: six hours later nothing is left, and nothing was called.
    for _ in 0..6 {
        node.pass(3600);
        node.agent.refresh().await;
    }
    assert_eq!((node.calls(), node.agent.cache.len()), (3, 0));
    // It all ends with the token.
    assert_eq!(node.ask(&pod).await.unwrap(), "ASIA3");
    node.pass(12 * 3600);
    assert_eq!(node.ask(&pod).await.unwrap_err(), "InvalidTokenException");
    node.agent.refresh().await;
    assert_eq!(node.agent.cache.len(), 0);
}

#[tokio::test]
async fn credentials_outlast_an_outage_until_they_have_fifteen_seconds_left() {
    let node = Node::new();
    let pod = token("pod", NOW + 24 * 3600);
    node.say([Ok(3600)]);
    node.say(std::iter::repeat_n(Err("ServiceUnavailableException"), 1000));
    node.ask(&pod).await.unwrap();
    assert_eq!(node.agent.waits_for(), None);
    node.pass(1800);
    for _ in 0..1780 {
        node.agent.refresh().await;
        assert_eq!(node.ask(&pod).await.unwrap(), "ASIA0");
        node.pass(1);
    }
    // Every five minutes at the end, and not every second.
    assert!((8..20).contains(&node.calls()), "{} calls", node.calls());
    assert!(node.agent.waits_for().is_some());
    node.pass(5);
    assert_eq!(node.ask(&pod).await.unwrap(), "ASIA0", "fifteen seconds are left");
    node.pass(1);
    assert_eq!(node.ask(&pod).await.unwrap_err(), "ServiceUnavailableException");
    // Back without a restart.
    node.script.outcomes.lock().unwrap().clear();
    node.pass(2);
    node.ask(&pod).await.unwrap();
    assert_eq!(node.agent.waits_for(), None);
}

#[tokio::test]
async fn credentials_go_at_once_when_the_token_or_its_role_is_refused() {
    for code in [
        "ResourceNotFoundException",
        "ExpiredTokenException",
        "InvalidTokenException",
        "AccessDeniedException",
    ] {
        let node = Node::new();
        let pod = token("pod", NOW + 24 * 3600);
        node.say([Ok(3600), Err(code)]);
        node.ask(&pod).await.unwrap();
        node.pass(1800);
        node.agent.refresh().await;
        assert_eq!(node.ask(&pod).await.unwrap_err(), code);
        assert_eq!(node.calls(), 2, "the refusal stands for a moment");
        node.pass(5);
        assert_eq!(node.ask(&pod).await.unwrap(), "ASIA2");
    }
}

#[tokio::test]
async fn another_token_is_another_pod() {
    let node = Node::new();
    node.say([Ok(3600), Err("AccessDeniedException"), Ok(10), Ok(3600)]);
    let (old, new) = (token("pod", NOW + 60), token("pod", NOW + 120));
    assert_eq!(node.ask(&old).await.unwrap(), "ASIA0");
    assert_eq!(node.ask(&new).await.unwrap_err(), "AccessDeniedException");
    assert_eq!(node.ask(&old).await.unwrap(), "ASIA0");
    // What is given out with less than fifteen seconds left is worth nothing.
    let other = token("other", NOW + 120);
    assert_eq!(node.ask(&other).await.unwrap_err(), "ServiceUnavailableException");
    node.pass(1);
    assert_eq!(node.ask(&other).await.unwrap(), "ASIA3");
}

#[tokio::test]
async fn a_flood_is_stopped_and_costs_nobody_else_his_credentials() {
    let node = Node::new();
    node.ask(&token("pod", NOW + 3600)).await.unwrap();
    node.say(std::iter::repeat_n(Err("InvalidTokenException"), 5000));
    let mut told = std::collections::BTreeMap::new();
    for n in 0..1200 {
        *told.entry(node.ask(&token(&format!("made-up-{n}"), NOW + 3600)).await.unwrap_err()).or_insert(0) +=
            1;
    }
    assert_eq!(told["InvalidTokenException"], 999);
    assert_eq!(told["ThrottlingException"], 201);
    node.pass(1);
    assert_eq!(node.ask(&token("pod", NOW + 3600)).await.unwrap(), "ASIA0");
}

#[tokio::test(start_paused = true)]
async fn calls_at_a_time_have_a_limit_and_who_waits_too_long_is_told() {
    let hold = Arc::new(Semaphore::new(0));
    let node = Arc::new(Node::with(Script { hold: Some(Arc::clone(&hold)), ..Script::default() }));
    let mut pods = tokio::task::JoinSet::new();
    for n in 0..MAX_CALLS + 1 {
        let node = Arc::clone(&node);
        pods.spawn(async move { node.ask(&token(&n.to_string(), NOW + 3600)).await });
    }
    let first = pods.join_next().await.unwrap().unwrap();
    assert_eq!(first.unwrap_err(), "ServiceUnavailableException");
    assert_eq!(node.calls(), MAX_CALLS);
    assert_eq!(node.agent.waits_for(), None, "it is not AWS that failed");
    hold.add_permits(MAX_CALLS);
    assert!(pods.join_all().await.iter().all(Result::is_ok));
}
