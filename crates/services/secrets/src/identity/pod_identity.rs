use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use ringwall_awsclient::http::Url;
use ringwall_awsclient::{
    BoxFuture, Cached, Client, Container, Credentials, CredentialsError, ErrorKind, ProvideCredentials,
    TokenSource, escape,
};
use ringwall_model::Secret;
use serde_json::{Value, json};

use crate::request::Addresses;

/// Where tokens for EKS Pod Identity are exchanged.
#[derive(Clone, Debug)]
pub enum PodIdentity {
    /// At the node's agent.
    Agent(Box<AgentAddresses>),
    /// By AssumeRoleForPodIdentity of EKS Auth, with the provider's own credentials: where there is no agent.
    Direct {
        /// The cluster's name.
        cluster: String,
    },
}

/// The addresses of a node's agent.
#[derive(Clone, Debug)]
pub struct AgentAddresses {
    /// Its IPv4 address.
    pub ipv4: Url,
    /// Its IPv6 address.
    pub ipv6: Url,
}

impl AgentAddresses {
    /// Where the agent is on a node of EKS. Source: AWS, *EKS User Guide*, "How EKS Pod Identity works".
    pub const EKS: [&str; 2] =
        ["http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"];
}

/// What exchanges tokens.
#[derive(Clone, Debug)]
pub(crate) struct Agents {
    client: Client,
    settings: PodIdentity,
    /// Whether the agent answered at its IPv6 address last.
    ipv6_first: Arc<AtomicBool>,
}

impl Agents {
    pub(crate) fn new(client: Client, settings: PodIdentity) -> Self {
        Self { client, settings, ipv6_first: Arc::new(AtomicBool::new(false)) }
    }

    /// The credentials for a token.
    pub(crate) fn provider(&self, token: Secret, addresses: Addresses) -> Arc<dyn ProvideCredentials> {
        match &self.settings {
            PodIdentity::Agent(addresses_of) => {
                let AgentAddresses { ipv4, ipv6 } = &**addresses_of;
                let at = |url: &Url| {
                    let container =
                        Container { url: url.clone(), token: Some(TokenSource::Text(token.clone())) };
                    container.provider(self.client.http(), self.client.clock().clone())
                };
                match addresses {
                    Addresses::Ipv4 => at(ipv4),
                    Addresses::Ipv6 => at(ipv6),
                    Addresses::Auto => Arc::new(Either {
                        ipv4: at(ipv4),
                        ipv6: at(ipv6),
                        ipv6_first: Arc::clone(&self.ipv6_first),
                    }),
                }
            }
            PodIdentity::Direct { cluster } => {
                let direct = Direct { client: self.client.clone(), cluster: cluster.clone(), token };
                Arc::new(Cached::new(direct, self.client.clock().clone()))
            }
        }
    }
}

/// The agent at whichever of its addresses answers.
#[derive(Debug)]
struct Either {
    ipv4: Arc<dyn ProvideCredentials>,
    ipv6: Arc<dyn ProvideCredentials>,
    ipv6_first: Arc<AtomicBool>,
}

impl ProvideCredentials for Either {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(async {
            let ipv6_first = self.ipv6_first.load(Ordering::Relaxed);
            let (first, second) =
                if ipv6_first { (&self.ipv6, &self.ipv4) } else { (&self.ipv4, &self.ipv6) };
            let error = match first.credentials().await {
                // Whoever answered no has answered: the other address is the same agent's.
                Err(error) if error.kind() == ErrorKind::Unavailable => error,
                answer => return answer,
            };
            let answer = second.credentials().await;
            match &answer {
                Err(other) if other.kind() == ErrorKind::Unavailable => {
                    tracing::warn!(target: "ringwall::secrets", %error, %other, "the Pod Identity agent can't be reached");
                }
                _ => self.ipv6_first.store(!ipv6_first, Ordering::Relaxed),
            }
            answer
        })
    }
}

/// AssumeRoleForPodIdentity. Source: AWS, *EKS Auth API Reference*.
#[derive(Debug)]
struct Direct {
    client: Client,
    cluster: String,
    token: Secret,
}

impl ProvideCredentials for Direct {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(async {
            let failed = |kind, message: String| CredentialsError::Failed {
                origin: format!("Pod Identity of the cluster `{}`", self.cluster),
                kind,
                message,
            };
            let path = format!("/clusters/{}/assume-role-for-pod-identity", escape(&self.cluster));
            let body = json!({ "token": self.token.expose_text().unwrap_or_default() });
            let answer = self
                .client
                .rest("eks-auth", Method::POST, &path, &[], Some(&body))
                .await
                .map_err(|error| failed(error.kind, error.to_string()))?;
            read(&answer)
                .ok_or_else(|| failed(ErrorKind::Other, String::from("the answer has no credentials")))
        })
    }
}

fn read(answer: &Value) -> Option<Credentials> {
    let credentials = answer.get("credentials")?;
    let text = |key: &str| credentials.get(key).and_then(Value::as_str).map(str::to_owned);
    let expires = credentials.get("expiration")?;
    #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit, and fractions don't matter")]
    let expires = expires.as_i64().or_else(|| expires.as_f64().map(|seconds| seconds as i64))?;
    Some(Credentials {
        access_key_id: text("accessKeyId")?,
        secret: Secret::from(text("secretAccessKey")?),
        session_token: Some(Secret::from(text("sessionToken")?)),
        expires: Some(expires),
        account: None,
    })
}
