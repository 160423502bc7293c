//! TokenReviews, of both versions.
//!
//! Source: Kubernetes API Reference, *TokenReview v1 authentication.k8s.io*; v1beta1 looks the same. An apiserver refuses an answer
//! of the version that it did not ask in.

use ringwall_model::Secret;
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// Audiences of a review. An apiserver has a few.
const MAX_AUDIENCES: usize = 64;

/// Why a body is no TokenReview.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the body is empty where a TokenReview is needed")]
    Empty,
    #[error("the body is no TokenReview")]
    NotJson,
    #[error("the body is of a kind or version other than TokenReview of authentication.k8s.io/v1 or v1beta1")]
    OtherKind,
    #[error("the TokenReview has no token")]
    NoToken,
    #[error("the TokenReview has more than {MAX_AUDIENCES} audiences")]
    Audiences,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    spec: Option<Spec>,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    token: String,
    #[serde(default)]
    audiences: Option<Vec<String>>,
}

/// What a review asks.
#[derive(Debug)]
pub(crate) struct Asked {
    api_version: Option<&'static str>,
    has_kind: bool,
    pub(crate) token: Secret,
    audiences: Vec<String>,
}

impl Asked {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Malformed> {
        if body.trim_ascii().is_empty() {
            return Err(Malformed::Empty);
        }
        // What serde says of a body may quote it, and the token is in it.
        let wire: Wire = serde_json::from_slice(body).map_err(|_| Malformed::NotJson)?;
        let api_version = match wire.api_version.as_deref() {
            None => None,
            Some("authentication.k8s.io/v1") => Some("authentication.k8s.io/v1"),
            Some("authentication.k8s.io/v1beta1") => Some("authentication.k8s.io/v1beta1"),
            Some(_) => return Err(Malformed::OtherKind),
        };
        if wire.kind.as_deref().is_some_and(|kind| kind != "TokenReview") {
            return Err(Malformed::OtherKind);
        }
        let spec = wire.spec.filter(|spec| !spec.token.is_empty()).ok_or(Malformed::NoToken)?;
        let audiences = spec.audiences.unwrap_or_default();
        if audiences.len() > MAX_AUDIENCES {
            return Err(Malformed::Audiences);
        }
        Ok(Self { api_version, has_kind: wire.kind.is_some(), token: Secret::from(spec.token), audiences })
    }

    /// Those of the audiences that are asked for that tokens are for; `None` if they are for none of them.
    ///
    /// A token names a cluster and no audience. Without configured audiences none is answered, which the apiserver takes as its own
    /// (`--api-audiences`): so a token is never good for somebody else's audience.
    pub(crate) fn audiences(&self, own: &[String]) -> Option<Vec<&str>> {
        if own.is_empty() || self.audiences.is_empty() {
            return Some(Vec::new());
        }
        let common: Vec<&str> =
            self.audiences.iter().filter(|audience| own.contains(audience)).map(String::as_str).collect();
        (!common.is_empty()).then_some(common)
    }

    pub(crate) fn known(&self, user: Json, audiences: Vec<&str>) -> Json {
        let mut status = json!({ "authenticated": true, "user": user });
        if let (false, Some(status)) = (audiences.is_empty(), status.as_object_mut()) {
            status.insert("audiences".to_owned(), json!(audiences));
        }
        self.reply(status)
    }

    pub(crate) fn refused(&self, error: &str) -> Json {
        self.reply(json!({ "authenticated": false, "error": error }))
    }

    fn reply(&self, status: Json) -> Json {
        let mut reply = serde_json::Map::new();
        if let Some(version) = self.api_version {
            reply.insert("apiVersion".to_owned(), json!(version));
        }
        if self.has_kind {
            reply.insert("kind".to_owned(), json!("TokenReview"));
        }
        reply.insert("status".to_owned(), status);
        Json::Object(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(version: &str, spec: &Json) -> Vec<u8> {
        json!({"kind": "TokenReview", "apiVersion": version, "metadata": {}, "spec": spec, "status": {"user": {}}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn the_answer_is_of_the_version_of_the_question() {
        for version in ["authentication.k8s.io/v1", "authentication.k8s.io/v1beta1"] {
            let asked = Asked::read(&review(version, &json!({"token": "t"}))).unwrap();
            let answer = asked.refused("no");
            assert_eq!((&answer["apiVersion"], &answer["kind"]), (&json!(version), &json!("TokenReview")));
        }
        let asked = Asked::read(br#"{"spec":{"token":"t"}}"#).unwrap();
        assert_eq!(asked.refused("no"), json!({"status": {"authenticated": false, "error": "no"}}));
    }

    #[test]
    fn what_is_no_review_is_refused_without_a_word_of_it() {
        for body in [
            &b""[..],
            b" \n",
            b"k8s-aws-v1.secret",
            b"{\"spec\":{\"token\":\"secret\"}",
            b"{\"spec\":{\"token\":[\"secret\"]}}",
            b"{\"spec\":{\"token\":\"\"}}",
            b"{\"spec\":null}",
            b"{\"kind\":\"SubjectAccessReview\",\"spec\":{\"token\":\"secret\"}}",
            b"{\"apiVersion\":\"authentication.k8s.io/v2\",\"spec\":{\"token\":\"secret\"}}",
        ] {
            let why = Asked::read(body).unwrap_err().to_string();
            assert!(!why.contains("secret"), "{why}");
        }
        let many = vec!["a"; MAX_AUDIENCES + 1];
        let body = review("authentication.k8s.io/v1", &json!({"token": "secret", "audiences": many}));
        assert!(matches!(Asked::read(&body), Err(Malformed::Audiences)));
        let asked = Asked::read(&review("authentication.k8s.io/v1", &json!({"token": "secret"}))).unwrap();
        assert!(!format!("{asked:?}").contains("secret"));
    }

    #[test]
    fn audiences_are_those_in_common() {
        let asked = |audiences: &[&str]| {
            Asked::read(&review("authentication.k8s.io/v1", &json!({"token": "t", "audiences": audiences})))
                .unwrap()
        };
        let own = ["https://api".to_owned(), "extra".to_owned()];
        assert_eq!(asked(&["vault", "extra"]).audiences(&own), Some(vec!["extra"]));
        assert_eq!(asked(&["vault"]).audiences(&own), None);
        assert_eq!(asked(&[]).audiences(&own), Some(vec![]));
        assert_eq!(asked(&["vault"]).audiences(&[]), Some(vec![]), "the apiserver compares with its own");
        let answer = asked(&["extra"]).known(json!({}), vec!["extra"]);
        assert_eq!(answer["status"]["audiences"], json!(["extra"]));
        assert_eq!(asked(&["extra"]).known(json!({}), vec![])["status"].get("audiences"), None);
    }
}
