use data_encoding::BASE64URL_NOPAD;
use ringwall_model::Secret;
use ringwall_sigv4::{Parts, Signer};

use crate::{CallError, Client, ErrorKind};

/// The header that ties a token to one cluster, and is signed.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// What a token begins with.
const PREFIX: &str = "k8s-aws-v1.";
/// What the URL says it is valid for. STS takes it for 15 minutes whatever it says; verifiers before 0.3 take no more than 60.
const EXPIRES: u32 = 60;
/// How long a token is used: STS's 15 minutes less one, for clocks that differ.
const USED_FOR: i64 = 14 * 60;
/// Longest token that verifiers take.
const MAX_TOKEN_BYTES: usize = 4096;

/// A token for a cluster that lets AWS's principals in.
#[derive(Debug, Clone)]
pub struct ClusterToken {
    /// The token: whoever has it is its maker to the cluster, until it expires.
    pub token: Secret,
    /// When another one is needed, in seconds since 1970.
    pub expires: i64,
}

impl Client {
    /// Makes a token for the cluster of that id: a presigned request to STS, which the cluster sends there to learn who made
    /// it. Nothing is called here but for credentials, if their source has to be.
    ///
    /// Source: aws-iam-authenticator, *API Authorization from Outside a Cluster*; AWS CLI, `eks get-token`, whose parameters
    /// are the same.
    ///
    /// # Errors
    ///
    /// There are no credentials, the id can't be in a header, STS's endpoint has a path, or the session token is too long for
    /// clusters.
    pub async fn cluster_token(&self, cluster: &str) -> Result<ClusterToken, CallError> {
        const OPERATION: &str = "sts:GetCallerIdentity";
        let wrong = |message: &str| CallError::local(OPERATION, ErrorKind::Invalid, message);
        if cluster.is_empty() || !cluster.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("the cluster's id is empty, or has characters that no header has"));
        }
        let url = self.endpoints().url("sts", self.region()).map_err(|error| wrong(&error.to_string()))?;
        if url.path() != "/" || url.query().is_some() {
            return Err(wrong("the endpoint of STS has a path, which no verifier of tokens takes"));
        }
        let Some(provider) = self.credentials() else {
            return Err(CallError::local(
                OPERATION,
                ErrorKind::NoCredentials,
                "there are no credentials to sign with",
            ));
        };
        let credentials = provider.credentials().await;
        let credentials = credentials.map_err(|error| CallError::local(OPERATION, error.kind(), error))?;
        let now = self.clock().now();
        let signer = Signer {
            access_key_id: &credentials.access_key_id,
            secret: &credentials.secret,
            session_token: credentials.session_token.as_ref(),
            region: self.region(),
            service: "sts",
            time: now,
        };
        let parts = Parts {
            method: "GET",
            path: "/",
            query: Some("Action=GetCallerIdentity&Version=2011-06-15"),
            headers: &[("host", url.authority()), (CLUSTER_HEADER, cluster)],
            authority: None,
        };
        let query = signer.query(&parts, b"", EXPIRES).map_err(|error| wrong(&error.to_string()))?;
        let scheme = if url.is_https() { "https" } else { "http" };
        let presigned = format!("{scheme}://{}/?{query}", url.authority());
        let token = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(presigned.as_bytes()));
        if token.len() > MAX_TOKEN_BYTES {
            return Err(wrong(&format!(
                "the token would have {} bytes, and clusters take {MAX_TOKEN_BYTES}: the session token is too long; \
                 a session with fewer tags or a shorter policy has a shorter one",
                token.len()
            )));
        }
        Ok(ClusterToken { token: Secret::from(token), expires: now.saturating_add(USED_FOR) })
    }
}
