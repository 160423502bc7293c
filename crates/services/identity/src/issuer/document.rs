//! The two documents.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::error::IssuerError;
use super::key::Keys;

/// Where discovery is, below the issuer. Source: OpenID Connect Discovery 1.0, 4.
pub const DISCOVERY_PATH: &str = ".well-known/openid-configuration";

/// Where the key set is, below the issuer: as kube-apiserver has it.
pub const KEYS_PATH: &str = "openid/v1/jwks";

/// Longest issuer. Source: AWS, *IAM API Reference*, CreateOpenIDConnectProvider, `Url`.
const MAX_ISSUER: usize = 255;

/// An issuer's documents, byte for byte as they are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documents {
    /// Discovery, at [`DISCOVERY_PATH`].
    pub discovery: Bytes,
    /// The key set, at [`KEYS_PATH`].
    pub keys: Bytes,
}

impl Documents {
    /// Those of an issuer with these keys.
    ///
    /// Source: Kubernetes, `pkg/serviceaccount/openidmetadata.go`; amazon-eks-pod-identity-webhook, `SELF_HOSTED_SETUP.md`.
    pub fn new(issuer: &str, keys: &Keys) -> Self {
        let mut algorithms: Vec<&str> = keys.iter().map(|key| key.alg.as_str()).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        let discovery = json!({
            "issuer": issuer,
            "jwks_uri": format!("{}/{KEYS_PATH}", issuer.trim_end_matches('/')),
            "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "claims_supported": ["sub", "iss"],
        });
        let keys: Vec<Map<String, Value>> = keys.iter().map(super::key::Key::jwk).collect();
        Self { discovery: text(&discovery), keys: text(&json!({ "keys": keys })) }
    }
}

fn text(value: &Value) -> Bytes {
    let mut text = format!("{value:#}");
    text.push('\n');
    Bytes::from(text)
}

/// Whether verifiers would take this for an issuer: `https`, no query, no fragment, nothing that two readers could take for
/// different things.
///
/// Source: OpenID Connect Discovery 1.0, 3 (`issuer`); AWS, *IAM API Reference*, CreateOpenIDConnectProvider.
///
/// # Errors
///
/// They would not; the error says why.
pub fn check_issuer(issuer: &str) -> Result<(), IssuerError> {
    let wrong = |why| Err(IssuerError::Issuer { issuer: issuer.chars().take(MAX_ISSUER).collect(), why });
    let Some(rest) = issuer.strip_prefix("https://") else {
        return wrong("it does not begin with `https://`");
    };
    if issuer.len() > MAX_ISSUER {
        return wrong("it is longer than 255 characters");
    }
    if issuer.contains(['?', '#', '@', '\\', '%']) || issuer.chars().any(|c| !c.is_ascii_graphic()) {
        return wrong("it has a query, a fragment, or a character that an issuer can't have");
    }
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    if host.is_empty() {
        return wrong("it has no host");
    }
    if path.is_some_and(|path| path.split('/').any(|part| matches!(part, "" | "." | ".."))) {
        return wrong("its path is empty, ends with `/`, or has a part `.` or `..`");
    }
    Ok(())
}

/// The path of an issuer, without a `/` at its end; empty for a host alone.
pub(super) fn issuer_path(issuer: &str) -> &str {
    let rest = issuer.strip_prefix("https://").unwrap_or(issuer);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_plain_https_url() {
        for issuer in
            ["https://a", "https://a.b:8443", "https://a.b/c", "https://oidc.example.com/id/ABC-1_2"]
        {
            assert!(check_issuer(issuer).is_ok(), "{issuer}");
        }
        for issuer in [
            "",
            "http://a",
            "https://",
            "https:///a",
            "https://a/",
            "https://a//b",
            "https://a/../b",
            "https://a?b",
            "https://a#b",
            "https://a/%2e",
            "https://u@a",
            "https://a b",
            "https://ä",
            "kubernetes/serviceaccount",
        ] {
            assert!(check_issuer(issuer).is_err(), "{issuer}");
        }
        assert!(check_issuer(&format!("https://{}", "a".repeat(300))).is_err());
        assert_eq!((issuer_path("https://a/b/c"), issuer_path("https://a")), ("/b/c", ""));
    }
}
