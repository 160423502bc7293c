//! What holds for any bytes that are read as a signed request. The fuzz target calls it, and a test that replays its corpus.

use ringwall_model::Secret;
use ringwall_sigv4::{Lifetime, Parts, Signer, parse, signing_key};

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Neither the request nor its signature can be read.
    Refused,
    /// It has no signature.
    Unsigned,
    /// It has one, which the key didn't make.
    Forged,
    /// It has one, which the key made.
    Verified,
}

/// A request: a line with method, path and query, a line for each header, an empty line, the body.
///
/// The reader of signatures and that of queries agree on it; without its signature it can be signed or has a reason why not,
/// and what is signed is accepted.
pub(crate) fn request(bytes: &[u8]) -> Option<Read> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let parts = Parts { method, path, query, headers: &headers, authority: None };
    let secret = Secret::from(String::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    let read = match parse(&parts) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            Read::Refused
        }
        Ok(None) => Read::Unsigned,
        Ok(Some(presented)) => {
            let own = parts.query_pairs().expect("its query was read");
            assert!(presented.query_pairs().eq(&own), "two readings of a query");
            let scope = presented.scope();
            let key = signing_key(&secret, &scope.date, &scope.region, &scope.service).expect("a key");
            let answer = presented.verify(body.as_bytes(), &key, presented.time(), Lifetime::QuarterHour);
            if answer.is_ok() { Read::Verified } else { Read::Forged }
        }
    };
    sign(&parts, body.as_bytes(), &secret);
    Some(read)
}

/// Signs the request, if it can be, in both forms.
fn sign(parts: &Parts<'_>, body: &[u8], secret: &Secret) {
    const TIME: i64 = 1_440_938_160;
    let signer = Signer {
        access_key_id: "AKIDEXAMPLE",
        secret,
        session_token: None,
        region: "us-east-1",
        service: "sts",
        time: TIME,
    };
    let own = parts.query_pairs().ok();
    let accepted = |signed: &Parts<'_>| {
        let presented = parse(signed).expect("it was signed").expect("it was signed");
        let key = signing_key(secret, "20150830", "us-east-1", "sts").expect("a key");
        presented.verify(body, &key, TIME, Lifetime::Stated).expect("it was signed");
        assert!(presented.query_pairs().eq(own.iter().flatten()), "signing changed the query");
    };
    if let Ok(added) = signer.headers(parts, body) {
        let mut headers = parts.headers.to_vec();
        headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
        accepted(&Parts { headers: &headers, ..*parts });
    }
    if let Ok(query) = signer.query(parts, body, 60) {
        accepted(&Parts { query: Some(&query), ..*parts });
    }
}
