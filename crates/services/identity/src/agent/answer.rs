//! Credentials, in the form in which AWS's SDKs read them from a container's endpoint.

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use ringwall_model::Secret;
use ringwall_server::Response;
use serde::Serialize;

/// Credentials that a pod is given.
#[derive(Clone, Debug)]
pub struct PodCredentials {
    /// Id of the access key.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token.
    pub session_token: Secret,
    /// Account of the role, twelve digits.
    pub account: String,
    /// When they end, in seconds since 1970.
    pub expires: i64,
}

/// Credentials, written once for all pods that ask for them; wiped when the last answer that holds them is gone.
#[derive(Clone)]
pub(super) struct Given {
    body: Bytes,
    /// When they end, in seconds since 1970.
    pub(super) expires: i64,
}

/// Source: AWS SDKs and Tools Reference Guide, *Container credential provider*.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wire<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    account_id: &'a str,
    expiration: String,
}

impl Given {
    /// Writes credentials; `None` if they are not text or end at no time that can be written.
    pub(super) fn write(credentials: &PodCredentials) -> Option<Self> {
        let wire = Wire {
            access_key_id: &credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose_text()?,
            token: credentials.session_token.expose_text()?,
            account_id: &credentials.account,
            expiration: Timestamp::from_second(credentials.expires).ok()?.to_string(),
        };
        // Room for all of it even if each byte is escaped: a buffer that grows leaves copies behind.
        let length = wire.access_key_id.len() + wire.secret_access_key.len() + wire.token.len();
        let mut body = Vec::with_capacity(length * 6 + 1024);
        if serde_json::to_writer(&mut body, &wire).is_err() {
            drop(Secret::new(body));
            return None;
        }
        Some(Self { body: Bytes::from_owner(Body(Secret::new(body))), expires: credentials.expires })
    }

    /// The answer.
    pub(super) fn answer(&self) -> Response {
        json(StatusCode::OK, self.body.clone())
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Keeps the bytes of an answer in a buffer that is wiped.
struct Body(Secret);

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// An answer in JSON that nobody on the way may keep.
pub(super) fn json(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(status, body);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.labels.service = "pod-identity".into();
    response.labels.operation = "credentials".into();
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_sdks_read_and_shows_no_secret() {
        let credentials = PodCredentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::from(String::from("hunter2")),
            session_token: Secret::from(String::from("a/b+c=\"")),
            account: "111122223333".into(),
            expires: 1_764_230_730,
        };
        let given = Given::write(&credentials).unwrap();
        assert_eq!(
            given.answer().body,
            r#"{"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"hunter2","Token":"a/b+c=\"","AccountId":"111122223333","Expiration":"2025-11-27T08:05:30Z"}"#
        );
        assert!(!format!("{given:?}{credentials:?}").contains("hunter2"));
        let never = PodCredentials { expires: i64::MAX, ..credentials.clone() };
        assert!(Given::write(&never).is_none());
        let bytes = PodCredentials { session_token: Secret::new(vec![0xff]), ..credentials };
        assert!(Given::write(&bytes).is_none());
    }
}
