//! Reading an etcd of a few lines, over a unix socket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ringwall_grpc::etcd::kv_server::{Kv, KvServer};
use ringwall_grpc::etcd::{KeyValue, RangeRequest, RangeResponse, ResponseHeader};
use ringwall_grpc::{Access, Etcd, EtcdError, EtcdTls, Limits, Listener, Metrics, serve};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tonic::{Code, Request, Response, Status};

type Objects = BTreeMap<Vec<u8>, Bytes>;

/// All revisions, from 1 on; what a test does with the answers before they go out.
struct Fake {
    revisions: Mutex<Vec<Objects>>,
    compacted: Mutex<i64>,
    asked: Mutex<Vec<RangeRequest>>,
    spoil: fn(RangeResponse) -> Result<RangeResponse, Status>,
}

#[tonic::async_trait]
impl Kv for Fake {
    async fn range(&self, request: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        let request = request.into_inner();
        self.asked.lock().unwrap().push(request.clone());
        let revisions = self.revisions.lock().unwrap();
        let newest = i64::try_from(revisions.len()).unwrap();
        let revision = if request.revision == 0 { newest } else { request.revision };
        if revision <= *self.compacted.lock().unwrap() {
            let text = "etcdserver: mvcc: required revision has been compacted";
            return Err(Status::new(Code::OutOfRange, text));
        }
        let objects = revisions.get(usize::try_from(revision - 1).unwrap()).unwrap();
        let within = |key: &[u8]| {
            if request.range_end.is_empty() {
                key == request.key
            } else {
                key >= &request.key[..] && key < &request.range_end[..]
            }
        };
        let found: Vec<_> = objects.iter().filter(|(key, _)| within(key)).collect();
        let limit = if request.limit == 0 { found.len() } else { usize::try_from(request.limit).unwrap() };
        let kvs = found.iter().take(if request.count_only { 0 } else { limit }).map(|(key, value)| {
            KeyValue { key: (*key).clone().into(), value: (*value).clone(), ..KeyValue::default() }
        });
        (self.spoil)(RangeResponse {
            header: Some(ResponseHeader { revision: newest, ..ResponseHeader::default() }),
            kvs: kvs.collect(),
            more: !request.count_only && found.len() > limit,
            count: i64::try_from(found.len()).unwrap(),
        })
        .map(Response::new)
    }
}

struct Served {
    folder: TempDir,
    fake: Arc<Fake>,
    _tasks: JoinSet<()>,
}

impl Served {
    fn start(objects: Objects) -> Self {
        Self::spoiled(objects, Ok)
    }

    fn spoiled(objects: Objects, spoil: fn(RangeResponse) -> Result<RangeResponse, Status>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = Listener::bind(&folder.path().join("etcd.sock"), Access::default()).unwrap();
        let fake = Arc::new(Fake {
            revisions: Mutex::new(vec![objects]),
            compacted: Mutex::new(0),
            asked: Mutex::default(),
            spoil,
        });
        let service = KvServer::from_arc(Arc::clone(&fake));
        let limits = Limits { max_message_bytes: 1 << 30, ..Limits::default() };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let _ = serve(listener, service, limits, Metrics::default(), std::future::pending()).await;
        });
        Self { folder, fake, _tasks: tasks }
    }

    fn endpoint(&self) -> String {
        format!("unix://{}/etcd.sock", self.folder.path().display())
    }

    fn client(&self) -> Etcd {
        client(&[self.endpoint()])
    }
}

fn client(endpoints: &[String]) -> Etcd {
    Etcd::new(endpoints, &EtcdTls::default()).unwrap()
}

fn objects(count: usize, bytes: usize) -> Objects {
    (0..count)
        .map(|at| (format!("/registry/secrets/a/{at:05}").into_bytes(), vec![7; bytes].into()))
        .collect()
}

async fn all(etcd: &Etcd, prefix: &str) -> Result<Vec<Vec<u8>>, EtcdError> {
    let mut scan = etcd.scan(prefix.as_bytes());
    let mut keys = Vec::new();
    while let Some(page) = scan.page().await? {
        keys.extend(page.into_iter().map(|found| found.key.to_vec()));
    }
    Ok(keys)
}

#[tokio::test]
async fn a_scan_has_each_key_once_at_one_revision() {
    let served = Served::start(objects(1_234, 10));
    let etcd = served.client();
    let mut scan = etcd.scan(b"/registry/secrets/");
    let mut keys = Vec::new();
    while let Some(page) = scan.page().await.unwrap() {
        keys.extend(page.into_iter().map(|found| found.key.to_vec()));
        // All is gone meanwhile.
        served.fake.revisions.lock().unwrap().push(Objects::new());
    }
    assert_eq!((keys, scan.revision()), (objects(1_234, 0).into_keys().collect(), 1));
    assert!(all(&etcd, "/registry/secrets/").await.unwrap().is_empty());
}

#[tokio::test]
async fn one_key_and_a_count_are_of_now() {
    let mut held = objects(3, 10);
    held.insert(b"/registry/secretsandmore/x".to_vec(), Bytes::new());
    let served = Served::start(held);
    let etcd = served.client();
    assert_eq!(etcd.count(b"/registry/secrets/").await.unwrap(), 3);
    assert_eq!(etcd.get(b"/registry/secrets/a/00001").await.unwrap().unwrap().value.len(), 10);
    assert!(etcd.get(b"/registry/secrets/a/").await.unwrap().is_none());
    let from = etcd.scan_from(b"/registry/secrets/", b"/registry/secrets/a/00001\0").page().await.unwrap();
    assert_eq!(from.unwrap().len(), 1);
}

#[tokio::test]
async fn pages_that_are_too_long_are_asked_for_in_halves() {
    let served = Served::start(objects(120, 1 << 20));
    assert_eq!(all(&served.client(), "/registry/").await.unwrap().len(), 120);
    let asked = served.fake.asked.lock().unwrap();
    let limits: Vec<_> = asked.iter().map(|asked| asked.limit).collect();
    assert_eq!(limits.first(), Some(&500));
    assert!(
        limits.windows(2).all(|pair| matches!(pair, [one, next] if next == one || *next == one / 2)),
        "{limits:?}"
    );
}

#[tokio::test]
async fn an_object_that_is_too_large_is_told() {
    let served = Served::start(objects(2, 33 << 20));
    assert!(matches!(all(&served.client(), "/registry/").await, Err(EtcdError::TooLarge(_))));
}

#[tokio::test]
async fn a_revision_that_is_compacted_meanwhile_is_told() {
    let served = Served::start(objects(600, 1));
    let etcd = served.client();
    let mut scan = etcd.scan(b"/registry/");
    scan.page().await.unwrap();
    *served.fake.compacted.lock().unwrap() = 1;
    assert!(matches!(scan.page().await, Err(EtcdError::Compacted)));
}

#[tokio::test]
async fn the_next_endpoint_is_asked_and_a_scan_goes_on_there() {
    let (first, second) = (Served::start(objects(1_100, 1)), Served::start(objects(1_100, 1)));
    let nowhere = "unix:///nowhere/etcd.sock".to_owned();
    let etcd = client(&[nowhere.clone(), first.endpoint(), second.endpoint()]);
    let mut scan = etcd.scan(b"/registry/");
    let mut count = scan.page().await.unwrap().unwrap().len();
    drop(first);
    while let Some(page) = scan.page().await.unwrap() {
        count += page.len();
    }
    assert_eq!(count, 1_100);
    assert!(second.fake.asked.lock().unwrap().iter().all(|asked| asked.revision == 1));
    drop(second);
    let error = etcd.count(b"/").await.unwrap_err();
    assert!(matches!(&error, EtcdError::Unreachable(reasons) if reasons.len() == 3), "{error}");
    assert!(error.to_string().contains(&nowhere), "{error}");
}

#[tokio::test]
async fn answers_that_cannot_be_are_refused() {
    let spoils: [fn(RangeResponse) -> Result<RangeResponse, Status>; 4] = [
        |answer| Ok(RangeResponse { header: None, ..answer }),
        |mut answer| {
            answer.kvs.reverse();
            Ok(answer)
        },
        |mut answer| {
            answer.kvs.iter_mut().for_each(|found| found.key = Bytes::from_static(b"/registry0"));
            Ok(answer)
        },
        |answer| Ok(RangeResponse { kvs: Vec::new(), more: true, ..answer }),
    ];
    for spoil in spoils {
        let served = Served::spoiled(objects(3, 1), spoil);
        assert!(matches!(all(&served.client(), "/registry/").await, Err(EtcdError::Nonsense { .. })));
    }
    let refusing =
        Served::spoiled(objects(1, 1), |_| Err(Status::permission_denied("etcdserver: permission denied")));
    let error = all(&refusing.client(), "/registry/").await.unwrap_err();
    assert!(matches!(error, EtcdError::Refused { .. }) && error.to_string().contains("permission denied"));
}

#[test]
fn https_wants_to_know_whom_it_trusts() {
    let etcd =
        |tls: &EtcdTls| Etcd::new(&["https://127.0.0.1:2379".to_owned()], tls).unwrap_err().to_string();
    assert!(etcd(&EtcdTls::default()).contains("authorities"));
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    assert!(etcd(&EtcdTls { ca: Some(empty), ..EtcdTls::default() }).contains("no certificate"));
    assert!(Etcd::new(&[], &EtcdTls::default()).is_err());
}
