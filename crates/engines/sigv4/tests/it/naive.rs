//! Signature Version 4 written straight from AWS's documentation (*IAM User Guide*, "Create a signed AWS API request"), with no
//! regard for speed or for hostile input: what the crate is compared with.

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;

use crate::request::Request;

/// What a request says about its signature, and what it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) canonical_request: String,
    pub(crate) string_to_sign: String,
    pub(crate) signature: String,
}

/// Reads a signed request. `None` if a part of the signature is missing.
pub(crate) fn read(request: &Request) -> Option<Signed> {
    let header =
        |name: &str| request.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.trim());
    let parameters = parameters(request.query.as_deref().unwrap_or_default());
    let parameter = |name: &str| {
        let found = parameters.iter().find(|(other, _)| other == name.as_bytes())?;
        String::from_utf8(found.1.clone()).ok()
    };
    let (credential, names, signature, date) = match header("authorization") {
        Some(authorization) => {
            let part = |name: &str| {
                let rest = &authorization[authorization.find(&format!("{name}="))? + name.len() + 1..];
                Some(rest.split(',').next()?.trim().to_owned())
            };
            (
                part("Credential")?,
                part("SignedHeaders")?,
                part("Signature")?,
                header("x-amz-date")?.to_owned(),
            )
        }
        None => (
            parameter("X-Amz-Credential")?,
            parameter("X-Amz-SignedHeaders")?,
            parameter("X-Amz-Signature")?,
            parameter("X-Amz-Date")?,
        ),
    };
    let canonical_request = canonical_request(request, &names);
    let scope = credential.split_once('/')?.1;
    let hash = sha256(canonical_request.as_bytes());
    let string_to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
    Some(Signed { canonical_request, string_to_sign, signature })
}

/// Step 1, "create a canonical request".
pub(crate) fn canonical_request(request: &Request, signed_headers: &str) -> String {
    let mut query: Vec<(String, String)> = parameters(request.query.as_deref().unwrap_or_default())
        .into_iter()
        .filter(|(name, _)| name != b"X-Amz-Signature")
        .map(|(name, value)| (uri_encode(&name), uri_encode(&value)))
        .collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = String::new();
    for name in signed_headers.split(';') {
        let mut values: Vec<String> = request
            .headers
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| trim_all(value))
            .collect();
        if name == "host" && values.is_empty() {
            values.extend(request.authority.clone());
        }
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    [
        request.method.clone(),
        canonical_path(&request.path),
        query.join("&"),
        headers,
        signed_headers.to_owned(),
        sha256(&request.body),
    ]
    .join("\n")
}

/// Steps 4 and 5, "calculate the signature".
pub(crate) fn signature(secret: &str, string_to_sign: &str) -> String {
    let scope = string_to_sign.lines().nth(2).unwrap_or_default();
    let mut key = format!("AWS4{secret}").into_bytes();
    for step in scope.split('/') {
        key = hmac(&key, step);
    }
    HEXLOWER.encode(&hmac(&key, string_to_sign))
}

/// "Normalize URI paths according to RFC 3986. Remove redundant and relative path components. Each path segment must be
/// URI-encoded twice" (the first time by whoever made the URL).
fn canonical_path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        if segment == ".." {
            kept.pop();
        } else if !segment.is_empty() && segment != "." {
            kept.push(segment);
        }
    }
    let encoded: Vec<String> = kept.iter().map(|segment| uri_encode(segment.as_bytes())).collect();
    let end = if path.ends_with('/') && !encoded.is_empty() { "/" } else { "" };
    format!("/{}{end}", encoded.join("/"))
}

fn parameters(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (uri_decode(name), uri_decode(value))
        })
        .collect()
}

pub(crate) fn uri_encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte))
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

fn uri_decode(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut bytes = Vec::new();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        match (first, digits) {
            (b'%', Some(digits)) => {
                let digits = std::str::from_utf8(digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &after[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

/// "Remove excess spaces before and after values and convert sequential spaces to a single space."
fn trim_all(value: &str) -> String {
    let mut value = value.trim_matches([' ', '\t']).to_owned();
    while value.contains("  ") {
        value = value.replace("  ", " ");
    }
    value
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}
