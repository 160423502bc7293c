//! Who hands out the credentials: EKS Auth, at AWS or at what speaks like it.

use std::future::Future;

use http::{Method, StatusCode};
use ringwall_awsclient::{CallError, Client, ErrorKind, escape};
use ringwall_model::{Arn, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::PodCredentials;
use super::error::AgentError;
use super::refusal::Refused;

/// Gives credentials for a pod's token, after it has verified it.
pub trait Upstream: Send + Sync + 'static {
    /// Exchanges a token. It takes no longer than a client of its own would wait.
    fn assume(&self, token: &Secret) -> impl Future<Output = Result<PodCredentials, Refused>> + Send;
}

/// `AssumeRoleForPodIdentity` for one cluster.
#[derive(Clone, Debug)]
pub struct EksAuth {
    client: Client,
    path: String,
}

impl EksAuth {
    /// Calls by the client, which has the node's own credentials.
    ///
    /// # Errors
    ///
    /// The cluster's name is none. Source: AWS EKS Auth API Reference, *AssumeRoleForPodIdentity*, `clusterName`.
    pub fn new(client: Client, cluster: &str) -> Result<Self, AgentError> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let first = cluster.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !first || cluster.len() > 100 || !cluster.bytes().all(known) {
            return Err(AgentError::Cluster(cluster.chars().take(128).collect()));
        }
        Ok(Self { client, path: format!("/clusters/{}/assume-role-for-pod-identity", escape(cluster)) })
    }
}

/// What is read of the answer. Source: AWS EKS Auth API Reference, *AssumeRoleForPodIdentity*, Response Elements.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    subject: Subject,
    pod_identity_association: Association,
    assumed_role_user: AssumedRole,
    credentials: Keys,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    namespace: String,
    service_account: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Association {
    association_id: String,
}

#[derive(Deserialize)]
struct AssumedRole {
    arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Seconds since 1970, with a fraction from some.
    expiration: f64,
}

impl Upstream for EksAuth {
    async fn assume(&self, token: &Secret) -> Result<PodCredentials, Refused> {
        let text = token.expose_text().unwrap_or_default();
        let body = json!({ "token": text });
        let answer = self.client.rest("eks-auth", Method::POST, &self.path, &[], Some(&body)).await;
        answer.map_err(|error| refused(error, text)).and_then(read)
    }
}

fn refused(error: CallError, token: &str) -> Refused {
    if error.status != 0 && !error.code.is_empty() {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_GATEWAY);
        return Refused::upstream(status, error.code, &error.message, token);
    }
    // The details are the node's, and not for its pods.
    tracing::warn!(%error, "AssumeRoleForPodIdentity can't be called");
    Refused::unavailable(match error.kind {
        ErrorKind::NoCredentials => "the node has no credentials to ask EKS Auth with",
        _ => "EKS Auth can't be reached from the node",
    })
}

fn read(answer: Value) -> Result<PodCredentials, Refused> {
    let answer: Answer = serde_json::from_value(answer).map_err(|error| {
        // An error of serde's quotes values, and these are secret.
        tracing::error!(line = error.line(), "EKS Auth's answer is not what it has to be");
        Refused::unavailable("EKS Auth's answer can't be read")
    })?;
    let Answer { subject, pod_identity_association, assumed_role_user, credentials } = answer;
    let credentials = PodCredentials {
        access_key_id: credentials.access_key_id,
        secret_access_key: credentials.secret_access_key.into(),
        session_token: credentials.session_token.into(),
        account: assumed_role_user.arn.parse::<Arn>().map(|arn| arn.account).unwrap_or_default(),
        expires: seconds(credentials.expiration),
    };
    tracing::info!(
        namespace = subject.namespace,
        service_account = subject.service_account,
        association = pod_identity_association.association_id,
        session = assumed_role_user.arn,
        "a pod gets credentials"
    );
    Ok(credentials)
}

/// Whole seconds; a time that is none has passed.
fn seconds(expiration: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is out of range becomes the nearest, and none 0"
    )]
    let whole = expiration.floor() as i64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let answer = json!({
            "subject": { "namespace": "shop", "serviceAccount": "checkout" },
            "audience": "pods.eks.amazonaws.com",
            "podIdentityAssociation": { "associationArn": "arn:aws:eks:…", "associationId": "a-1" },
            "assumedRoleUser": { "arn": "arn:aws:sts::111122223333:assumed-role/shop/eks-x", "assumeRoleId": "AROA:eks-x" },
            "credentials": {
                "sessionToken": "session", "secretAccessKey": "hunter2", "accessKeyId": "ASIAEXAMPLE", "expiration": 1.764_230_730_5e9,
            },
        });
        let read = super::read(answer.clone()).unwrap();
        assert_eq!((read.account.as_str(), read.expires), ("111122223333", 1_764_230_730));
        assert_eq!(read.secret_access_key.expose_text(), Some("hunter2"));
        assert!(!format!("{read:?}").contains("hunter2"));
        for member in ["subject", "credentials", "assumedRoleUser", "podIdentityAssociation"] {
            let mut lacking = answer.clone();
            lacking.as_object_mut().unwrap().remove(member);
            assert_eq!(super::read(lacking).unwrap_err().status, StatusCode::SERVICE_UNAVAILABLE);
        }
        assert!(seconds(f64::NAN) == 0 && seconds(1e300) == i64::MAX);
    }

    #[test]
    fn errors_of_the_service_are_handed_on_and_others_are_not() {
        let error = |status, code: &str| CallError {
            operation: "eks-auth:x".into(),
            kind: ErrorKind::Denied,
            code: code.into(),
            message: "10.0.0.1 says no".into(),
            status,
            request_id: None,
        };
        let denied = refused(error(403, "AccessDeniedException"), "a.b.c");
        assert_eq!((denied.status.as_u16(), denied.code.as_ref()), (403, "AccessDeniedException"));
        assert_eq!(&*denied.message, "10.0.0.1 says no");
        for error in [error(0, ""), error(502, "")] {
            let unreached = refused(error, "a.b.c");
            assert_eq!(unreached.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(!unreached.message.contains("10.0.0.1"));
        }
    }
}
