//! Reading etcd: keys and values as kube-apiserver stores them, at one revision.
//!
//! Nothing is ever written. Endpoints are tried in the order that they are given in, and the one that answered last is
//! kept; all of them have the same revisions, so that a scan goes on at another when one goes away.

mod endpoint;
mod error;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tonic::{Code, Status};

use self::endpoint::Endpoint;
use crate::etcd::kv_client::KvClient;
use crate::etcd::{KeyValue, RangeRequest, RangeResponse};
use crate::http2::Connection;

pub use error::EtcdError;
pub use tls::EtcdTls;

/// Longest answer that is taken. etcd stores objects of 1.5 MiB unless it is told otherwise; this leaves room for those
/// who did.
const MAX_ANSWER_BYTES: usize = 32 << 20;

/// Keys and values of a page to begin with. A page that is too long is asked for again with half as many.
const PAGE: i64 = 500;

/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What etcd says, with `OUT_OF_RANGE`, of a revision that it no longer has. Source: go.etcd.io/etcd/api/v3, rpctypes,
/// `ErrGRPCCompacted`.
const COMPACTED: &str = "required revision has been compacted";

/// A client of etcd.
#[derive(Debug)]
pub struct Etcd {
    endpoints: Vec<Endpoint>,
    tls: Option<Arc<ClientConfig>>,
    /// The connection that worked last, and its endpoint's place in the list.
    connection: Mutex<Option<(usize, Connection)>>,
}

impl Etcd {
    /// A client by its endpoints. Nobody is connected to yet.
    ///
    /// # Errors
    ///
    /// If there is no endpoint or one is none, or the files of TLS can't be used where an endpoint is `https`.
    pub fn new(endpoints: &[String], tls: &EtcdTls) -> Result<Self, EtcdError> {
        let endpoints: Vec<_> =
            endpoints.iter().map(|text| Endpoint::parse(text)).collect::<Result<_, _>>()?;
        if endpoints.is_empty() {
            return Err(EtcdError::Endpoint { endpoint: String::new(), why: "none is given" });
        }
        let tls = if endpoints.iter().any(Endpoint::is_tls) { Some(tls.config()?) } else { None };
        Ok(Self { endpoints, tls, connection: Mutex::new(None) })
    }

    /// What is at a key now; none if there is nothing.
    pub async fn get(&self, key: &[u8]) -> Result<Option<KeyValue>, EtcdError> {
        let request = RangeRequest { key: key.to_vec().into(), limit: 1, ..RangeRequest::default() };
        let (answer, _) = self.range(&request).await?;
        Ok(answer.kvs.into_iter().next())
    }

    /// How many keys begin with the prefix now.
    pub async fn count(&self, prefix: &[u8]) -> Result<u64, EtcdError> {
        let request = RangeRequest {
            key: prefix.to_vec().into(),
            range_end: end_of(prefix).into(),
            count_only: true,
            ..RangeRequest::default()
        };
        let (answer, endpoint) = self.range(&request).await?;
        u64::try_from(answer.count).map_err(|_| EtcdError::Nonsense { endpoint, what: "a count below zero" })
    }

    /// Reads all that begins with the prefix, page by page, as it was when the first page was read.
    pub fn scan(&self, prefix: &[u8]) -> Scan<'_> {
        self.scan_from(prefix, prefix)
    }

    /// As [`Etcd::scan`], but for what comes before the key `first`.
    pub fn scan_from(&self, prefix: &[u8], first: &[u8]) -> Scan<'_> {
        let next = first.max(prefix).to_vec();
        Scan { etcd: self, next, end: end_of(prefix), revision: 0, limit: PAGE, done: false }
    }

    /// Asks the endpoints in turn; gives the answer and whose it is.
    async fn range(&self, request: &RangeRequest) -> Result<(RangeResponse, String), EtcdError> {
        let mut held = self.connection.lock().await;
        let mut reasons = Vec::new();
        if let Some((at, connection)) = held.take()
            && let Some(endpoint) = self.endpoints.get(at)
            // A connection that broke since then says nothing against the endpoint, which is tried again below.
            && let Ok(answer) = call(&connection, endpoint, request, &mut Vec::new()).await?
        {
            *held = Some((at, connection));
            return Ok((answer, endpoint.to_string()));
        }
        for (at, endpoint) in self.endpoints.iter().enumerate() {
            let connection = match timeout(CONNECT_TIMEOUT, endpoint.connect(self.tls.as_ref())).await {
                Ok(Ok(connection)) => connection,
                Ok(Err(error)) => {
                    reasons.push(format!("`{endpoint}`: {error}"));
                    continue;
                }
                Err(_) => {
                    reasons
                        .push(format!("`{endpoint}`: no connection within {} s", CONNECT_TIMEOUT.as_secs()));
                    continue;
                }
            };
            if let Ok(answer) = call(&connection, endpoint, request, &mut reasons).await? {
                *held = Some((at, connection));
                return Ok((answer, endpoint.to_string()));
            }
        }
        Err(EtcdError::Unreachable(reasons))
    }
}

/// That an endpoint can't answer, so that the next may be asked.
struct Away;

/// One call. The outer error is etcd's answer, which another endpoint would give as well.
async fn call(
    connection: &Connection,
    endpoint: &Endpoint,
    request: &RangeRequest,
    reasons: &mut Vec<String>,
) -> Result<Result<RangeResponse, Away>, EtcdError> {
    let mut client = KvClient::new(connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES);
    let status = match timeout(ANSWER_TIMEOUT, client.range(request.clone())).await {
        Ok(Ok(answer)) => return Ok(Ok(answer.into_inner())),
        Ok(Err(status)) => status,
        Err(_) => Status::deadline_exceeded(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs())),
    };
    match status.code() {
        Code::OutOfRange if status.message().contains(COMPACTED) => Err(EtcdError::Compacted),
        // tonic's word for a message beyond the limit.
        Code::OutOfRange | Code::ResourceExhausted => Err(EtcdError::TooLarge(MAX_ANSWER_BYTES)),
        // `UNKNOWN` is also what a connection that broke becomes.
        Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled | Code::Internal => {
            reasons.push(format!("`{endpoint}`: {}", status.message()));
            Ok(Err(Away))
        }
        _ => Err(EtcdError::Refused { endpoint: endpoint.to_string(), message: status.message().to_owned() }),
    }
}

/// A reading of a range, page by page, all at one revision.
#[derive(Debug)]
pub struct Scan<'a> {
    etcd: &'a Etcd,
    next: Vec<u8>,
    end: Vec<u8>,
    /// That of the first page; 0 until then.
    revision: i64,
    limit: i64,
    done: bool,
}

impl Scan<'_> {
    /// The next page, in the order of the keys; none after the last.
    pub async fn page(&mut self) -> Result<Option<Vec<KeyValue>>, EtcdError> {
        while !self.done {
            let request = RangeRequest {
                key: self.next.clone().into(),
                range_end: self.end.clone().into(),
                limit: self.limit,
                revision: self.revision,
                ..RangeRequest::default()
            };
            let (answer, endpoint) = match self.etcd.range(&request).await {
                Err(EtcdError::TooLarge(_)) if self.limit > 1 => {
                    self.limit /= 2;
                    continue;
                }
                other => other?,
            };
            let nonsense = |what| EtcdError::Nonsense { endpoint: endpoint.clone(), what };
            if self.revision == 0 {
                self.revision = answer.header.as_ref().map_or(0, |header| header.revision);
                if self.revision <= 0 {
                    return Err(nonsense("no revision"));
                }
            }
            let in_order = answer.kvs.iter().try_fold(self.next.as_slice(), |least, found| {
                let key = found.key.as_ref();
                let within = self.end == [0] || key < self.end.as_slice();
                (within && key >= least).then_some(key)
            });
            if in_order.is_none() {
                return Err(nonsense("keys that were not asked for"));
            }
            match answer.kvs.last().filter(|_| answer.more) {
                Some(last) => self.next = [last.key.as_ref(), &[0]].concat(),
                None if answer.more => return Err(nonsense("more to come after nothing")),
                None => self.done = true,
            }
            return Ok(Some(answer.kvs));
        }
        Ok(None)
    }

    /// The revision that is read; 0 before the first page.
    pub fn revision(&self) -> i64 {
        self.revision
    }
}

/// The first key after all that begin with the prefix. Source: etcd, *API guide*, range: a prefix is the range up to the
/// prefix with its last byte plus one; `\0` stands for the end of all keys.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return end;
        }
    }
    vec![0]
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn a_prefix_ends_before_the_next() {
        assert_eq!(end_of(b"/registry/secrets/"), b"/registry/secrets0");
        assert_eq!(end_of(b"a\xff\xff"), b"b");
        assert_eq!(end_of(b"\xff"), b"\0");
    }
}
