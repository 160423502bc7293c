//! A request to a receiver, and what its answer means.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ringwall_http::{
    Endpoint, HttpClient, HttpLimits, HttpRequest, HttpResponse, HttpSettings, Plain, Reach, Url,
};
use ringwall_model::{Secret, error_chain};

use crate::Fault;

/// The longest that a receiver has. Source: Standard Webhooks, "Deliverability": 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Most of an answer: nobody's is read but for an error's text and OTLP's count of what was rejected.
const MAX_ANSWER: usize = 64 << 10;
/// Longest file with a secret in it: a few keys, or a token.
const MAX_SECRET: u64 = 16 << 10;

/// Where requests go, and how.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    client: HttpClient,
    url: Url,
    bearer_file: Option<PathBuf>,
}

/// What is common to the settings of receivers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receiver<'a> {
    pub(crate) url: &'a str,
    pub(crate) allow: &'a [Endpoint],
    pub(crate) ca_file: Option<&'a Path>,
    pub(crate) bearer_file: Option<&'a Path>,
    /// Whether what is listed may be spoken to by `http://`.
    pub(crate) plain: bool,
}

impl Post {
    pub(crate) fn new(receiver: &Receiver<'_>) -> Result<Self, String> {
        let url: Url = receiver.url.parse().map_err(|error: ringwall_http::UrlError| error.to_string())?;
        let listed = receiver.allow.iter().any(|endpoint| endpoint.is(url.host(), url.port()));
        if !(url.is_https() || receiver.plain && listed) {
            let hint = match receiver.plain {
                true => " (hint: list its host and port in `allow` if its network is trusted)",
                false => "",
            };
            return Err(format!("`{url:?}` is not https{hint}"));
        }
        let settings = HttpSettings {
            roots: receiver.ca_file.map(Path::to_owned),
            // The URL is https, or listed.
            plain: Plain::Anywhere,
            reach: Reach::Outside(receiver.allow.to_vec()),
        };
        let client = HttpClient::new(&settings).map_err(|error| error_chain(&error))?;
        Ok(Self { client, url, bearer_file: receiver.bearer_file.map(Path::to_owned) })
    }

    /// Posts JSON; gives the answer if it says yes.
    pub(crate) async fn json(
        &self,
        body: Bytes,
        more: &[(&'static str, String)],
    ) -> Result<HttpResponse, Fault> {
        let unfit = || Fault::Closed("a header has characters that it can't have".to_owned());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in more {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).map_err(|_| unfit())?);
        }
        if let Some(path) = &self.bearer_file {
            let token = read_secret(path)?;
            let token = token.expose_text().map(str::trim).unwrap_or_default();
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| unfit())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let request = HttpRequest { method: Method::POST, url: self.url.clone(), headers, body };
        let limits = HttpLimits { max_body: MAX_ANSWER, timeout: TIMEOUT };
        let answer = self.client.send(request, limits).await.map_err(|error| match error.is_transient() {
            true => Fault::retry(error_chain(&error)),
            false => Fault::Closed(error_chain(&error)),
        })?;
        match judge(&answer) {
            None => Ok(answer),
            Some(fault) => Err(fault),
        }
    }
}

/// What an answer means, unless it says yes.
///
/// A request is refused for what it is by 400, 413 and 422 alone: other 4xx are about who asks and where, so what was sent is not lost
/// to a wrong key or path. A redirect is not followed, since it could lead anywhere.
fn judge(answer: &HttpResponse) -> Option<Fault> {
    let status = answer.status;
    if status.is_success() {
        return None;
    }
    let text: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(200)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let why = format!("the answer is {}: {}", status.as_u16(), text.trim());
    Some(match status.as_u16() {
        400 | 413 | 422 => Fault::Notice(why),
        408 | 425 | 429 | 500..=599 => Fault::Retry { after: retry_after(&answer.headers), why },
        _ => Fault::Closed(why),
    })
}

/// RFC 9110, 10.2.3: seconds. A date is not heeded, since clocks differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What is in a file, read anew each time, so that it can be changed under a running process.
pub(crate) fn read_secret(path: &Path) -> Result<Secret, Fault> {
    let read = ringwall_files::read(path, MAX_SECRET);
    read.map(Secret::new).map_err(|error| Fault::Closed(format!("can't read `{}`: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn judged(status: u16) -> &'static str {
        let status = StatusCode::from_u16(status).unwrap();
        let answer =
            HttpResponse { status, headers: HeaderMap::new(), body: Bytes::from_static(b"no\r\nway") };
        match judge(&answer) {
            None => "yes",
            Some(Fault::Notice(why)) => {
                assert!(why.ends_with("no  way"));
                "notice"
            }
            Some(Fault::Retry { .. }) => "retry",
            Some(Fault::Closed(_) | Fault::SomeOf(_)) => "closed",
        }
    }

    #[test]
    fn a_status_is_about_the_notice_the_moment_or_the_sink() {
        for (status, expected) in [
            (200, "yes"),
            (202, "yes"),
            (204, "yes"),
            (301, "closed"),
            (307, "closed"),
            (400, "notice"),
            (401, "closed"),
            (403, "closed"),
            (404, "closed"),
            (408, "retry"),
            (410, "closed"),
            (413, "notice"),
            (422, "notice"),
            (425, "retry"),
            (429, "retry"),
            (500, "retry"),
            (503, "retry"),
        ] {
            assert_eq!(judged(status), expected, "{status}");
        }
    }

    #[test]
    fn only_what_is_listed_is_spoken_to_without_tls() {
        let allow = ["alertmanager.test:9093".parse().unwrap()];
        let of = |url, plain| Post::new(&Receiver { url, allow: &allow, plain, ..Receiver::default() });
        assert!(of("https://other.test/", false).is_ok());
        assert!(of("http://alertmanager.test:9093/api", true).is_ok());
        assert!(of("http://alertmanager.test:9093/api", false).is_err());
        let refused = of("http://other.test/?token=planted", true).unwrap_err();
        assert!(refused.contains("is not https") && !refused.contains("planted"), "{refused}");
        assert!(of("ftp://other.test/", true).is_err());
    }

    #[test]
    fn seconds_to_wait_are_heeded() {
        let of = |value| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]));
        assert_eq!(of(" 30"), Some(Duration::from_secs(30)));
        assert_eq!(of("Fri, 27 Nov 2026 19:00:00 GMT"), None);
        assert_eq!(of("-1"), None);
    }
}
