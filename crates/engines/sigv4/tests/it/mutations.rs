//! Signed requests changed in every way at every place: none is accepted of which the canonical request or the string to sign
//! isn't the one that was signed, and what is accepted means the same.

use std::collections::{BTreeMap, HashSet};

use ringwall_sigv4::Lifetime;

use crate::naive;
use crate::request::{Request, TIME, samples};

/// How to change a request.
type Change<'a> = &'a dyn Fn(&mut Request);

/// A changed request and how it was changed.
type Mutation = (String, Request);

/// What a service would go by.
#[derive(Debug, PartialEq)]
struct Meaning {
    method: String,
    path: Vec<String>,
    /// Sorted: the order of parameters isn't signed.
    pairs: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    token: Option<String>,
    scope: [String; 3],
    body: Vec<u8>,
}

fn meaning(request: &Request) -> Meaning {
    let text = |text: &str| text.to_owned();
    request
        .presented(|presented| {
            let mut pairs: Vec<(String, String)> =
                presented.query_pairs().map(|(name, value)| (text(name), text(value))).collect();
            pairs.sort();
            let parts = presented.parts();
            let mut again: Vec<(String, String)> =
                parts.query_pairs().unwrap().iter().map(|(name, value)| (text(name), text(value))).collect();
            again.sort();
            assert_eq!(pairs, again, "two readings of one query string");
            Meaning {
                method: text(parts.method),
                path: parts.path_segments().unwrap().iter().map(|segment| text(segment)).collect(),
                pairs,
                headers: presented
                    .signed_headers()
                    .map(|name| (text(name), text(presented.signed_header(name).unwrap())))
                    .collect(),
                token: presented.session_token().map(text),
                scope: [&presented.scope().date, &presented.scope().region, &presented.scope().service]
                    .map(|part| text(part)),
                body: request.body.clone(),
            }
        })
        .unwrap()
}

#[test]
fn none_is_accepted_that_was_not_signed() {
    let mut seen = HashSet::new();
    let (mut refused, mut accepted) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
    for (name, sample) in samples() {
        sample.verify(TIME, Lifetime::Stated).unwrap();
        let (signed, meant) = (naive::read(&sample).unwrap(), meaning(&sample));
        for (kind, request) in mutations(&sample) {
            if request == sample || !seen.insert(request.clone()) {
                continue;
            }
            if request.verify(TIME, Lifetime::Stated).is_err() {
                *refused.entry(kind).or_default() += 1;
                continue;
            }
            let read = naive::read(&request).unwrap();
            assert_eq!(read, signed, "{name}, {kind}, was accepted: {request:?}");
            assert_eq!(meaning(&request), meant, "{name}, {kind}, means something else: {request:?}");
            *accepted.entry(kind).or_default() += 1;
        }
    }
    let count = |kinds: &BTreeMap<String, usize>| kinds.values().sum::<usize>();
    println!(
        "{} changed requests: {} refused ({} kinds of change), {} accepted that have the same canonical request and mean the same",
        seen.len(),
        count(&refused),
        refused.len(),
        count(&accepted),
    );
    assert!(
        count(&refused) > 10_000 && refused.len() > 200,
        "{} of {} kinds",
        count(&refused),
        refused.len()
    );
}

/// Every change of a request.
fn mutations(sample: &Request) -> Vec<Mutation> {
    let mut all = Vec::new();
    let mut add = |kind: String, change: Change<'_>| {
        let mut request = sample.clone();
        change(&mut request);
        all.push((kind, request));
    };
    texts("method", &sample.method, &mut |kind, text| add(kind, &|request| request.method = text.clone()));
    texts("path", &sample.path, &mut |kind, text| add(kind, &|request| request.path = text.clone()));
    if let Some(query) = &sample.query {
        texts("query", query, &mut |kind, text| add(kind, &|request| request.query = Some(text.clone())));
        parameters(query, &mut |kind, text| add(kind, &|request| request.query = Some(text.clone())));
    }
    for query in [None, Some(""), Some("a=b"), Some("X-Amz-Signature="), Some("x-amz-date=1"), Some("&")] {
        add("other query".to_owned(), &|request| request.query = query.map(str::to_owned));
    }
    let body = String::from_utf8(sample.body.clone()).unwrap();
    texts("body", &body, &mut |kind, text| add(kind, &|request| request.body = text.clone().into_bytes()));
    add("body emptied".to_owned(), &|request| request.body.clear());
    for (at, (name, value)) in sample.headers.iter().enumerate() {
        texts("header name", name, &mut |kind, text| {
            add(kind, &|request| request.headers[at].0 = text.clone())
        });
        texts(&format!("header {name}"), value, &mut |kind, text| {
            add(kind, &|request| request.headers[at].1 = text.clone());
        });
        if name == "authorization" {
            authorization(value, &mut |kind, text| {
                add(kind, &|request| request.headers[at].1 = text.clone())
            });
        }
        header(sample, at, &mut add);
    }
    for (name, value) in [
        ("x-amz-security-token", "another"),
        ("x-amz-date", "20150830T123600Z"),
        ("x-amz-target", "TrentService.Encrypt"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("x-amz-", ""),
        ("x-amz-user-agent", "aws-sdk-js"),
        ("X-Amz-Target", "TrentService.Encrypt"),
        ("host", "evil.example"),
        (":authority", "evil.example"),
        ("authorization", "AWS4-HMAC-SHA256"),
        ("authorization", "Bearer token"),
        ("content-type", "text/plain"),
        ("x-http-method-override", "DELETE"),
    ] {
        let pair = (name.to_owned(), value.to_owned());
        add(format!("header {name} added in front"), &|request| request.headers.insert(0, pair.clone()));
        add(format!("header {name} added at the end"), &|request| request.headers.push(pair.clone()));
    }
    add("headers reversed".to_owned(), &|request| request.headers.reverse());
    let host = sample.headers.iter().find(|(name, _)| name == "host").unwrap().1.clone();
    for authority in [host.clone(), host.to_uppercase(), format!("{host}:443"), "evil.example".to_owned()] {
        let with = |request: &mut Request| request.authority = Some(authority.clone());
        add("authority beside host".to_owned(), &with);
        add("authority for host".to_owned(), &|request| {
            with(request);
            request.headers.retain(|(name, _)| name != "host");
        });
    }
    all
}

/// What can be done to a header as a whole.
fn header(sample: &Request, at: usize, add: &mut dyn FnMut(String, Change<'_>)) {
    let (name, value) = sample.headers[at].clone();
    add(format!("header {name} dropped"), &|request| {
        request.headers.remove(at);
    });
    for (kind, other) in [("same", value.clone()), ("other", "another".to_owned()), ("no", String::new())] {
        let pair = (name.clone(), other);
        add(format!("header {name} doubled before, {kind} value"), &|request| {
            request.headers.insert(at, pair.clone());
        });
        add(format!("header {name} doubled behind, {kind} value"), &|request| {
            request.headers.push(pair.clone());
        });
        add(format!("header {name} in capitals, {kind} value"), &|request| {
            request.headers.push((pair.0.to_uppercase(), pair.1.clone()));
        });
    }
    for (kind, other) in [
        ("blanks around", format!(" \t{value}\t ")),
        ("spaces doubled", value.replace(' ', "  ")),
        ("tabs for spaces", value.replace(' ', "\t")),
        ("no spaces", value.replace(' ', "")),
        ("line fed", format!("{value}\nx-amz-target:a")),
        ("a list", format!("{value},{value}")),
        ("emptied", String::new()),
        ("upper case", value.to_uppercase()),
    ] {
        add(format!("header {name}: {kind}"), &|request| request.headers[at].1 = other.clone());
    }
}

/// Every change of a text at every place.
fn texts(what: &str, text: &str, add: &mut dyn FnMut(String, String)) {
    let chars: Vec<char> = text.chars().collect();
    let with = |at: usize, remove: usize, insert: &str| -> String {
        chars[..at]
            .iter()
            .copied()
            .chain(insert.chars())
            .chain(chars[at + remove..].iter().copied())
            .collect()
    };
    const INSERTED: [&str; 24] = [
        "/", "//", "./", "../", "/..", "%", "%00", "%2F", "%2f", "%252F", "+", "%20", " ", "\t", "\n",
        "\r\n", "&", "=", ",", ";", "x", "0", "é", "?",
    ];
    for at in 0..=chars.len() {
        for insert in INSERTED {
            add(format!("{what}: {insert:?} inserted"), with(at, 0, insert));
        }
        let Some(&char) = chars.get(at) else { continue };
        add(format!("{what}: deleted"), with(at, 1, ""));
        add(format!("{what}: doubled"), with(at, 0, &char.to_string()));
        add(format!("{what}: truncated"), chars[..at].iter().collect());
        let flipped =
            if char.is_ascii_lowercase() { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() };
        add(format!("{what}: case of a letter"), with(at, 1, &flipped.to_string()));
        let code = u32::from(char);
        add(format!("{what}: percent-encoded"), with(at, 1, &format!("%{code:02X}")));
        add(format!("{what}: percent-encoded in lower case"), with(at, 1, &format!("%{code:02x}")));
        add(format!("{what}: percent-encoded twice"), with(at, 1, &format!("%25{code:02X}")));
        add(format!("{what}: next character"), with(at, 1, &char::from_u32(code ^ 1).unwrap().to_string()));
        if let Some(&next) = chars.get(at + 1) {
            add(format!("{what}: two swapped"), with(at, 2, &format!("{next}{char}")));
        }
        if let Some(escape) = text.get(at..at + 3).filter(|escape| escape.starts_with('%')) {
            let code = u8::from_str_radix(&escape[1..], 16).unwrap();
            for (kind, other) in [
                ("decoded", char::from(code).to_string()),
                ("in lower case", escape.to_lowercase()),
                ("encoded twice", escape.replace('%', "%25")),
                ("as +", "+".to_owned()),
                ("dropped", String::new()),
            ] {
                add(format!("{what}: escape {kind}"), with(at, 3, &other));
            }
        }
    }
}

/// What can be done to the parameters of a query string, or of a form.
fn parameters(query: &str, add: &mut dyn FnMut(String, String)) {
    let all: Vec<&str> = query.split('&').collect();
    let mut reversed = all.clone();
    reversed.reverse();
    add("query: reversed".to_owned(), reversed.join("&"));
    for at in 0..all.len() {
        let (name, value) = all[at].split_once('=').unwrap();
        let changed = |change: &dyn Fn(&mut Vec<String>)| {
            let mut all: Vec<String> = all.iter().map(|pair| (*pair).to_owned()).collect();
            change(&mut all);
            all.join("&")
        };
        add(format!("query: {name} dropped"), changed(&|all| _ = all.remove(at)));
        add(format!("query: {name} last"), changed(&|all| all[at..].rotate_left(1)));
        for (kind, spelt) in [
            ("same", name.to_owned()),
            ("lower", name.to_lowercase()),
            ("upper", name.to_uppercase()),
            ("escaped", name.bytes().map(|byte| format!("%{byte:02x}")).collect()),
        ] {
            add(format!("query: {name} spelt {kind}"), changed(&|all| all[at] = format!("{spelt}={value}")));
            for other in [value, "", "another"] {
                let pair = format!("{spelt}={other}");
                add(
                    format!("query: {name} doubled in front, {kind}"),
                    changed(&|all| all.insert(0, pair.clone())),
                );
                add(
                    format!("query: {name} doubled at the end, {kind}"),
                    changed(&|all| all.push(pair.clone())),
                );
            }
        }
        add(format!("query: {name} without ="), changed(&|all| all[at] = name.to_owned()));
    }
    replaced("query", query, add);
}

/// What can be done to an `Authorization` header.
fn authorization(value: &str, add: &mut dyn FnMut(String, String)) {
    replaced("authorization", value, add);
    let (algorithm, rest) = value.split_once(' ').unwrap();
    let parts: Vec<&str> = rest.split(", ").collect();
    let joined = |parts: &[&str], mark: &str| format!("{algorithm} {}", parts.join(mark));
    add("authorization: reversed".to_owned(), joined(&[parts[2], parts[1], parts[0]], ", "));
    add("authorization: no blanks".to_owned(), joined(&parts, ","));
    add("authorization: blanks alone".to_owned(), joined(&parts, " "));
    for part in &parts {
        let name = part.split_once('=').unwrap().0;
        let left: Vec<&str> = parts.iter().copied().filter(|other| other != part).collect();
        add(format!("authorization: {name} dropped"), joined(&left, ", "));
        add(format!("authorization: {name} doubled"), joined(&[part, parts[0], parts[1], parts[2]], ", "));
        add(format!("authorization: {name} in lower case"), value.replace(name, &name.to_lowercase()));
    }
    add("authorization: an unknown part".to_owned(), format!("{value}, Extra=1"));
    add("authorization: a comma at the end".to_owned(), format!("{value},"));
}

/// The parts of a signature exchanged for others, in a header or a query string.
fn replaced(what: &str, text: &str, add: &mut dyn FnMut(String, String)) {
    let mut swap = |kind: &str, from: &str, to: &str| add(format!("{what}: {kind}"), text.replace(from, to));
    swap("other key id", "AKIDEXAMPLE", "AKIDOTHER");
    swap("day before", "20150830", "20150829");
    swap("day of scope before", "EXAMPLE/20150830", "EXAMPLE/20150829");
    swap("day of scope before", "EXAMPLE%2F20150830", "EXAMPLE%2F20150829");
    swap("a second later", "T123600Z", "T123601Z");
    swap("a minute earlier", "T123600Z", "T123500Z");
    swap("other region", "us-east-1", "us-east-2");
    swap("region in capitals", "us-east-1", "US-EAST-1");
    swap("no region", "us-east-1", "");
    for service in ["sts", "kms", "eks"] {
        swap("other service", &format!("/{service}/"), "/iam/");
        swap("other service", &format!("%2F{service}%2F"), "%2Fiam%2F");
    }
    swap("other terminator", "aws4_request", "aws4_requests");
    swap("one part more", "aws4_request", "x/aws4_request");
    swap("SigV4a", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    swap("other algorithm", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1");
    swap("no algorithm", "AWS4-HMAC-SHA256", "");
    swap("longer", "Expires=60", "Expires=61");
    swap("for years", "Expires=60", "Expires=604801");
    swap("negative", "Expires=60", "Expires=-60");
    swap("leading zero", "Expires=60", "Expires=060");
    swap("no expiry", "Expires=60", "Expires=");
    swap("no token", "Security-Token", "Security");
    swap("all escapes in lower case", "%2F", "%2f");
    swap("all slashes decoded", "%2F", "/");
    swap("all escapes twice", "%2F", "%252F");
    swap("list of headers decoded", "%3B", ";");
    for (mark, blank) in [(";", ""), ("%3B", "")] {
        swap("host not signed", &format!("host{mark}"), blank);
        swap("a header more", &format!("host{mark}"), &format!("host{mark}user-agent{mark}"));
        swap("a header more in front", "SignedHeaders=", &format!("SignedHeaders=accept{mark}"));
        swap("a header twice", &format!("host{mark}"), &format!("host{mark}host{mark}"));
        swap("an empty header", &format!("host{mark}"), &format!("host{mark}{mark}"));
        swap("headers swapped", &format!("host{mark}x-"), &format!("x-{mark}host"));
        swap("a header in capitals", &format!("host{mark}"), &format!("Host{mark}"));
        swap("less headers", &format!("content-type{mark}"), blank);
        swap("less headers", &format!("{mark}x-amz-date"), blank);
        swap("less headers", &format!("{mark}x-amz-target"), blank);
        swap("less headers", &format!("{mark}x-k8s-aws-id"), blank);
        swap("less headers", &format!("{mark}x-amz-security-token"), blank);
    }
    let Some(at) = text.find("Signature=").map(|at| at + "Signature=".len()) else { return };
    let (before, signature) = (&text[..at], &text[at..at + 64]);
    let after = &text[at + 64..];
    for (kind, other) in [
        ("in capitals", signature.to_uppercase()),
        ("reversed", signature.chars().rev().collect()),
        ("half", signature[..32].to_owned()),
        ("twice", signature.repeat(2)),
        ("zeros", "0".repeat(64)),
        ("empty", String::new()),
        ("of another length", format!("{signature}00")),
    ] {
        add(format!("{what}: signature {kind}"), format!("{before}{other}{after}"));
    }
    for at in 0..64 {
        for digit in "0123456789abcdef".chars() {
            let other = format!("{}{digit}{}", &signature[..at], &signature[at + 1..]);
            add(format!("{what}: signature, a digit"), format!("{before}{other}{after}"));
        }
    }
}
