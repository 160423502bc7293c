//! Tokens without end: of one user, each signed at a time or with an expiry of its own.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use ringwall_model::Secret;
use ringwall_sigv4::{Parts, Signer};

use crate::home::Home;
use crate::inside::{HOST, REGION};
use crate::servers::CLUSTER;

/// Seconds back for which tokens are signed: they stay valid for the rest of a quarter of an hour.
const TIMES: usize = 300;
/// Different values of `X-Amz-Expires`.
const EXPIRIES: usize = 900;

pub(crate) struct Tokens {
    key_id: String,
    secret: Secret,
    now: i64,
}

impl Tokens {
    pub(crate) fn new(home: &Home) -> Self {
        let (key_id, secret) = home.credentials();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Self { key_id, secret, now: now.try_into().unwrap() }
    }

    /// The request with the TokenReview of a token, which is another one for each number.
    pub(crate) fn review(&self, number: usize) -> Vec<u8> {
        let signer = Signer {
            access_key_id: &self.key_id,
            secret: &self.secret,
            session_token: None,
            region: REGION,
            service: "sts",
            time: self.now - i64::try_from(number / EXPIRIES % TIMES).unwrap(),
        };
        let headers = [("host", HOST), ("x-k8s-aws-id", CLUSTER)];
        let query = Some("Action=GetCallerIdentity&Version=2011-06-15");
        let parts = Parts { method: "GET", path: "/", query, headers: &headers, authority: None };
        let expires = u32::try_from(number % EXPIRIES).unwrap() + 1;
        let url = format!("https://{HOST}/?{}", signer.query(&parts, b"", expires).unwrap());
        let token = format!("k8s-aws-v1.{}", BASE64URL_NOPAD.encode(url.as_bytes()));
        let body = serde_json::json!({
            "kind": "TokenReview",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {},
            "spec": { "token": token },
            "status": { "user": {} },
        })
        .to_string();
        let mut request = format!(
            "POST /authenticate?timeout=30s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        request.push_str(&body);
        request.into_bytes()
    }
}
