//! Requests that tests can change.

use ringwall_model::Secret;
use ringwall_sigv4::{Lifetime, Parts, Presented, SignatureError, Signer, parse, signing_key};

pub(crate) const KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLE+/token==";
/// 20150830T123600Z
pub(crate) const TIME: i64 = 1_440_938_160;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) authority: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(
        method: &str,
        path: &str,
        query: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            authority: None,
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&Parts<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        look(&Parts {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &headers,
            authority: self.authority.as_deref(),
        })
    }

    /// What the reader makes of it, `MissingAuthenticationToken` if it isn't signed.
    pub(crate) fn presented<T>(&self, look: impl FnOnce(&Presented<'_>) -> T) -> Result<T, SignatureError> {
        self.with(|parts| {
            parse(parts)?.map(|presented| look(&presented)).ok_or(SignatureError::MissingAuthenticationToken)
        })
    }

    /// Verifies it as a service does that knows one access key.
    pub(crate) fn verify(&self, now: i64, lifetime: Lifetime) -> Result<(), SignatureError> {
        self.presented(|presented| {
            let known = presented.access_key_id() == KEY_ID;
            let secret = Secret::from(if known { SECRET } else { "another one's" }.to_owned());
            let scope = presented.scope();
            let key = signing_key(&secret, &scope.date, &scope.region, &scope.service)?;
            presented.verify(&self.body, &key, now, lifetime)
        })?
    }

    /// Signs it in the `Authorization` header.
    pub(crate) fn signed(&self, service: &str, token: Option<&str>) -> Result<Self, SignatureError> {
        let (secret, token) =
            (Secret::from(SECRET.to_owned()), token.map(|token| Secret::from(token.to_owned())));
        let signer = signer(&secret, token.as_ref(), service);
        let added = self.with(|parts| signer.headers(parts, &self.body))?;
        let mut signed = self.clone();
        signed.headers.extend(added.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Ok(signed)
    }

    /// Signs it in the query string.
    pub(crate) fn presigned(
        &self,
        service: &str,
        token: Option<&str>,
        expires: u32,
    ) -> Result<Self, SignatureError> {
        let (secret, token) =
            (Secret::from(SECRET.to_owned()), token.map(|token| Secret::from(token.to_owned())));
        let signer = signer(&secret, token.as_ref(), service);
        let query = self.with(|parts| signer.query(parts, &self.body, expires))?;
        Ok(Self { query: Some(query), ..self.clone() })
    }
}

fn signer<'a>(secret: &'a Secret, session_token: Option<&'a Secret>, service: &'a str) -> Signer<'a> {
    Signer { access_key_id: KEY_ID, secret, session_token, region: "us-east-1", service, time: TIME }
}

/// The requests that are changed in every way: each protocol that the services speak, and the token for EKS.
pub(crate) fn samples() -> Vec<(&'static str, Request)> {
    let query = Request::new(
        "POST",
        "/",
        None,
        &[
            ("host", "sts.us-east-1.amazonaws.com"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("user-agent", "aws-cli/2"),
        ],
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fr",
    );
    let json = Request::new(
        "POST",
        "/",
        None,
        &[
            ("host", "localhost:8443"),
            ("x-amz-target", "TrentService.Decrypt"),
            ("content-type", "application/x-amz-json-1.1"),
        ],
        r#"{"KeyId": "alias/a b"}"#,
    );
    let rest = Request::new(
        "DELETE",
        "/tags/arn%3Aaws%3Aeks%3A%3A1%3Acluster%2Fa+b~",
        Some("tagKeys=b%20c&tagKeys=a%2Fb&dry="),
        &[("host", "eks.us-east-1.amazonaws.com"), ("x-amz-meta", "a  \"b\"  c")],
        "",
    );
    let token = Request::new(
        "GET",
        "/",
        Some("Action=GetCallerIdentity&Version=2011-06-15"),
        &[("host", "sts.us-east-1.amazonaws.com"), ("x-k8s-aws-id", "prod")],
        "",
    );
    vec![
        ("query", query.signed("sts", None).unwrap()),
        ("json", json.signed("kms", Some(TOKEN)).unwrap()),
        ("rest", rest.signed("eks", None).unwrap()),
        ("token for EKS", token.presigned("sts", Some(TOKEN), 60).unwrap()),
    ]
}
