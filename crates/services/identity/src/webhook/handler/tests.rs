use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use bytes::Bytes;
use data_encoding::BASE64;
use http::Version;
use ringwall_server::TlsInfo;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;
use crate::mutate::Membership;
use crate::webhook::accounts::{Known, Read};

const ROLE: &str = "arn:aws:iam::111122223333:role/checkout";

/// Service accounts as a test has them, and the reads that were made.
struct Scripted {
    known: Known,
    read: Read,
    reads: Mutex<Vec<Duration>>,
}

impl Accounts for Scripted {
    fn known(&self, _: &str, _: &str) -> Known {
        self.known.clone()
    }

    fn read<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Read> + Send + 'a>> {
        self.reads.lock().unwrap().push(within);
        Box::pin(async { self.read.clone() })
    }

    fn waits_for(&self) -> Option<String> {
        None
    }
}

fn role() -> Option<Annotations> {
    Some(Arc::new(BTreeMap::from([("eks.amazonaws.com/role-arn".to_owned(), ROLE.to_owned())])))
}

fn fresh(annotations: Option<Annotations>) -> Known {
    Known { annotations, fresh: true }
}

fn failing() -> Read {
    Err(Arc::from("the apiserver is away"))
}

struct Asked {
    webhook: Webhook,
    accounts: Arc<Scripted>,
}

fn webhook(settings: Settings, known: Known, read: Read) -> Asked {
    let accounts = Arc::new(Scripted { known, read, reads: Mutex::default() });
    let shared: Arc<dyn Accounts> = accounts.clone();
    let webhook =
        Webhook::new(settings, shared, None, Members::default(), Metrics::default(), Tasks::default());
    Asked { webhook, accounts }
}

fn review() -> Value {
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
            "namespace": "shop",
            "operation": "CREATE",
            "object": {
                "metadata": { "name": "web" },
                "spec": { "serviceAccountName": "checkout", "containers": [{ "name": "app" }] },
            },
        },
    })
}

fn head() -> Head {
    Head {
        method: Method::POST,
        path: "/mutate".into(),
        query: Some("timeout=10s".into()),
        headers: vec![("content-type".into(), "application/json".into())],
        version: Version::HTTP_11,
        peer: "127.0.0.1:1".parse().unwrap(),
        tls: None,
    }
}

async fn send(webhook: &Webhook, head: Head, body: &Value) -> Response {
    let body = Bytes::from(body.to_string());
    webhook.handle(Request { head: Arc::new(head), body }).await
}

async fn answered(webhook: &Webhook, review: &Value) -> Value {
    let answer = send(webhook, head(), review).await;
    assert_eq!(answer.status, StatusCode::OK);
    serde_json::from_slice(&answer.body).unwrap()
}

fn patch(answer: &Value) -> Value {
    let Some(patch) = answer["response"]["patch"].as_str() else { return Value::Null };
    assert_eq!(answer["response"]["patchType"], "JSONPatch");
    serde_json::from_slice(&BASE64.decode(patch.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn the_answer_is_in_the_version_of_the_question() {
    let asked = webhook(Settings::default(), fresh(role()), failing());
    for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
        let mut review = review();
        review["apiVersion"] = version.into();
        let answer = answered(&asked.webhook, &review).await;
        assert_eq!(answer["kind"], "AdmissionReview");
        assert_eq!(answer["apiVersion"], version);
        assert_eq!(answer["response"]["uid"], review["request"]["uid"]);
        assert_eq!(answer["response"]["allowed"], true);
        assert_eq!(patch(&answer)[0]["path"], "/spec/volumes");
        assert_eq!(answer["response"].get("warnings"), None);
    }
    assert!(asked.accounts.reads.lock().unwrap().is_empty(), "what the cache has is not read");
}

#[tokio::test]
async fn a_service_account_that_the_cache_lacks_is_read_in_time() {
    for known in [Known::default(), fresh(None), Known { annotations: Some(Arc::default()), fresh: false }] {
        let asked = webhook(Settings::default(), known, Ok(role()));
        assert_ne!(patch(&answered(&asked.webhook, &review()).await), Value::Null);
        let reads = asked.accounts.reads.lock().unwrap().clone();
        assert!(reads.len() == 1 && reads[0] <= Duration::from_secs(9), "{reads:?}");
    }
    let always = Settings { lookup: Lookup::Always, ..Settings::default() };
    let asked = webhook(always, fresh(Some(Arc::default())), Ok(role()));
    assert_ne!(patch(&answered(&asked.webhook, &review()).await), Value::Null);
    let grace = Settings { lookup_grace_period: Duration::from_millis(100), ..Settings::default() };
    let asked = webhook(grace, Known::default(), Ok(role()));
    answered(&asked.webhook, &review()).await;
    assert_eq!(*asked.accounts.reads.lock().unwrap(), [Duration::from_millis(100)]);
}

#[tokio::test]
async fn a_service_account_that_is_not_there_gives_nothing() {
    let asked = webhook(Settings::default(), Known::default(), Ok(None));
    let answer = answered(&asked.webhook, &review()).await;
    assert_eq!(answer["response"], json!({ "uid": review()["request"]["uid"], "allowed": true }));
}

#[tokio::test]
async fn a_pod_whose_service_account_can_not_be_read_is_refused_for_now() {
    let asked = webhook(Settings::default(), Known::default(), failing());
    let answer = answered(&asked.webhook, &review()).await;
    assert_eq!(answer["response"]["allowed"], false);
    assert_eq!(answer["response"]["status"]["code"], 503);
    let message = answer["response"]["status"]["message"].as_str().unwrap();
    assert!(message.contains("shop/checkout") && message.contains("the apiserver is away"), "{message}");

    let head = Head { path: "/mutate/best-effort".into(), ..head() };
    let answer: Value = serde_json::from_slice(&send(&asked.webhook, head, &review()).await.body).unwrap();
    assert_eq!((answer["response"]["allowed"].as_bool(), patch(&answer)), (Some(true), Value::Null));

    let admit = Settings { on_lookup_failure: OnLookupFailure::Admit, ..Settings::default() };
    let asked = webhook(admit, Known::default(), failing());
    let answer = answered(&asked.webhook, &review()).await;
    assert_eq!((answer["response"]["allowed"].as_bool(), patch(&answer)), (Some(true), Value::Null));

    let asked = webhook(Settings::default(), Known { annotations: role(), fresh: false }, failing());
    assert_ne!(patch(&answered(&asked.webhook, &review()).await), Value::Null, "as it was known last");
}

#[tokio::test]
async fn what_is_left_alone_is_not_looked_up() {
    let asked = webhook(Settings::default(), Known::default(), failing());
    let mut review = review();
    review["request"]["object"]["metadata"]["labels"] =
        json!({ "eks.amazonaws.com/skip-pod-identity-webhook": "true" });
    assert_eq!(answered(&asked.webhook, &review).await["response"]["allowed"], true);
    assert!(asked.accounts.reads.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_association_goes_first_and_is_waited_for() {
    let mut list = Membership::default();
    list.insert("shop".into(), "checkout".into());
    let with = |list: Option<Membership>, read: Read| {
        let asked = webhook(Settings::default(), Known::default(), read);
        let (send, list) = watch::channel(list.map(Arc::new));
        (Webhook { members: Members::of("associations", list), ..asked.webhook }, send)
    };
    let volume =
        |answer: &Value| patch(answer)[1]["value"][0]["name"].as_str().unwrap_or_default().to_owned();
    // Even if the service account can't be read: the agent has the credentials.
    for read in [Ok(role()), failing()] {
        let (webhook, _send) = with(Some(list.clone()), read);
        let answer = answered(&webhook, &review()).await;
        assert_eq!(patch(&answer)[0]["value"], json!({ "eks.amazonaws.com/pod-identity": "enabled" }));
        assert_eq!(volume(&answer), "eks-pod-identity-token");
        let token = &patch(&answer)[1]["value"][0]["projected"]["sources"][0]["serviceAccountToken"];
        assert!(JITTERED_TOKEN_EXPIRATION.contains(&token["expirationSeconds"].as_i64().unwrap()));
    }
    // A list that does not come is no empty list.
    let (webhook, _send) = with(None, Ok(role()));
    assert!(webhook.waits_for().is_some());
    let answer = answered(&webhook, &review()).await;
    assert_eq!(answer["response"]["allowed"], false);
    // One that comes in time counts.
    let (webhook, send) = with(None, Ok(role()));
    let review = review();
    let (answer, _) = tokio::join!(answered(&webhook, &review), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        send.send_replace(Some(Arc::new(list.clone())))
    });
    assert_eq!(volume(&answer), "eks-pod-identity-token");
}

#[tokio::test]
async fn what_is_no_review_is_refused() {
    let asked = webhook(Settings::default(), fresh(role()), failing());
    let status = |head: Head, body: Value| {
        let webhook = &asked.webhook;
        async move { send(webhook, head, &body).await.status.as_u16() }
    };
    assert_eq!(status(head(), json!({})).await, 400);
    let mut broken = review();
    broken["request"]["object"]["spec"]["containers"] = json!({});
    assert_eq!(status(head(), broken).await, 400);
    assert_eq!(status(Head { method: Method::GET, ..head() }, review()).await, 405);
    assert_eq!(status(Head { path: "/".into(), ..head() }, review()).await, 404);
    let text = vec![("content-type".into(), "text/plain".into())];
    assert_eq!(status(Head { headers: text, ..head() }, review()).await, 415);
    let charset = vec![("content-type".into(), "application/json; charset=utf-8".into())];
    assert_eq!(status(Head { headers: charset, ..head() }, review()).await, 200);
    let answer = send(&asked.webhook, head(), &json!({ "kind": "Pod", "apiVersion": "v1" })).await;
    assert_eq!(&answer.body[..], b"`Pod` of `v1` is no AdmissionReview of admission.k8s.io/v1 or v1beta1\n");
}

#[tokio::test]
async fn only_known_callers_are_answered() {
    let certificate = |common: &str, dns: &[&str]| {
        let names: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = rcgen::CertificateParams::new(names).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, common);
        let key = rcgen::KeyPair::generate().unwrap();
        let der = parameters.self_signed(&key).unwrap().der().clone();
        Some(Arc::new(TlsInfo {
            version: "TLSv1.3",
            cipher_suite: "TLS_AES_128_GCM_SHA256",
            client: Some(der),
        }))
    };
    let named = Settings { client_names: vec!["kube-apiserver".into()], ..Settings::default() };
    let asked = webhook(named, fresh(role()), failing());
    for (tls, status) in [
        (certificate("kube-apiserver", &[]), 200),
        (certificate("other", &["kube-apiserver"]), 200),
        (certificate("other", &["kube-apiserver.example.com"]), 403),
        (None, 403),
    ] {
        assert_eq!(send(&asked.webhook, Head { tls, ..head() }, &review()).await.status.as_u16(), status);
    }
    let local = webhook(Settings::default(), fresh(role()), failing());
    for (peer, status) in [("[::1]:5", 200), ("[::ffff:127.0.0.1]:5", 200), ("10.0.0.1:5", 403)] {
        let head = Head { peer: peer.parse().unwrap(), ..head() };
        assert_eq!(send(&local.webhook, head, &review()).await.status.as_u16(), status, "{peer}");
    }
}

#[tokio::test]
async fn a_role_that_can_not_be_one_is_warned_about() {
    let odd = BTreeMap::from([("eks.amazonaws.com/role-arn".to_owned(), "x".repeat(5000))]);
    let asked = webhook(Settings::default(), fresh(Some(Arc::new(odd))), failing());
    let answer = answered(&asked.webhook, &review()).await;
    assert_ne!(patch(&answer), Value::Null);
    let warnings = answer["response"]["warnings"].as_array().unwrap();
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().len() <= 256);
}
