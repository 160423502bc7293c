//! Why a pod gets no credentials, in the form that AWS's SDKs read.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use ringwall_server::{Labels, Response};

/// Longest message of somebody else's that is handed on, in characters: AWS's have some hundred.
const MAX_MESSAGE: usize = 1000;

/// Codes after which asking again with the same token is in vain, until something is changed elsewhere.
///
/// Source: AWS EKS Auth API Reference, *AssumeRoleForPodIdentity*, Errors.
const LASTING: [&str; 6] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidParameterException",
    "InvalidRequestException",
    "InvalidTokenException",
    "ResourceNotFoundException",
];

/// Codes that are known besides: metrics count what is not among them as `other`.
const PASSING: [&str; 4] = [
    "InternalServerException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "UnrecognizedClientException",
];

const GET: HeaderValue = HeaderValue::from_static("GET");

/// Seconds after which a pod that asked too often may ask again.
const SOON: HeaderValue = HeaderValue::from_static("1");

/// A refusal, as the pod is told it. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status that the pod is answered with.
    pub status: StatusCode,
    /// AWS's code of the error.
    pub code: Cow<'static, str>,
    /// What is wrong, for a person.
    pub message: Arc<str>,
}

impl Refused {
    /// A refusal of the agent's own.
    pub(super) fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self { status, code: code.into(), message: told(message).into() }
    }

    /// A token that is none, or whose time is not now.
    pub(super) fn token(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidTokenException", message)
    }

    /// Who hands out the credentials can't be asked.
    pub(super) fn unavailable(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message)
    }

    /// A refusal of the one who hands out the credentials. What it says of the token itself is not handed on.
    pub fn upstream(status: StatusCode, code: String, message: &str, token: &str) -> Self {
        let code = known(&code).map_or_else(|| Cow::Owned(told(&code)), Cow::Borrowed);
        let said = token.split('.').any(|part| part.len() >= 8 && message.contains(part));
        let message: String = match said {
            true => String::from("the token was not taken"),
            false => told(message),
        };
        let status = if status.is_client_error() || status.is_server_error() {
            status
        } else {
            StatusCode::BAD_GATEWAY
        };
        Self { status, code, message: message.into() }
    }

    /// Whether it is the token that is refused, or what it stands for: credentials that were had with it go. `403
    /// ExpiredTokenException` is said of the node's own credentials, and no fault of the pod's.
    pub(super) fn is_lasting(&self) -> bool {
        let is_nodes = self.status == StatusCode::FORBIDDEN && self.code == "ExpiredTokenException";
        LASTING.contains(&self.code.as_ref()) && !is_nodes
    }

    /// Its name in metrics: from a closed set.
    pub(super) fn label(&self) -> &'static str {
        known(&self.code).unwrap_or("other")
    }

    /// The answer. AWS's SDKs show `code` and `message` to whoever wants to know why there are no credentials.
    pub(super) fn answer(&self) -> Response {
        let body = serde_json::json!({ "code": self.code, "message": &*self.message });
        let mut response = super::answer::json(self.status, body.to_string().into());
        match self.status {
            StatusCode::METHOD_NOT_ALLOWED => _ = response.headers.insert(header::ALLOW, GET),
            StatusCode::TOO_MANY_REQUESTS => _ = response.headers.insert(header::RETRY_AFTER, SOON),
            _ => {}
        }
        response.labels = Labels { code: self.label().into(), ..response.labels };
        response
    }
}

/// What is told of a text that others wrote, in one line of a log.
fn told(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn known(code: &str) -> Option<&'static str> {
    LASTING.into_iter().chain(PASSING).find(|known| *known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(code: &str, message: &str) -> Refused {
        Refused::upstream(StatusCode::BAD_REQUEST, code.to_owned(), message, "aaaaaaaa.bbbbbbbb.cccccccc")
    }

    #[test]
    fn what_is_handed_on_has_no_token_and_an_end() {
        assert_eq!(&*upstream("X", "all is lost").message, "all is lost");
        assert_eq!(&*upstream("X", "all\nis\u{1b}lost").message, "all is lost");
        assert_eq!(&*upstream("X", "the signature cccccccc is wrong").message, "the token was not taken");
        assert_eq!(upstream("X", &"é".repeat(5000)).message.chars().count(), MAX_MESSAGE);
        let odd = Refused::upstream(StatusCode::OK, String::new(), "", "");
        assert_eq!(odd.status, StatusCode::BAD_GATEWAY);
    }

    #[test]
    fn it_is_known_what_lasts() {
        assert!(upstream("ResourceNotFoundException", "").is_lasting());
        assert!(!upstream("ThrottlingException", "").is_lasting());
        let nodes = Refused { status: StatusCode::FORBIDDEN, ..upstream("ExpiredTokenException", "") };
        assert!(!nodes.is_lasting() && upstream("ExpiredTokenException", "").is_lasting());
        assert!(!upstream("UnheardOfException", "").is_lasting());
        assert_eq!(upstream("UnheardOfException", "").label(), "other");
    }
}
