//! Changed requests: none passes whose canonical request is another one than the signed one.
//!
//! `ringwall-sigv4` tries tens of thousands of changes on its own; here they go all the way through the endpoint.

use http::Method;
use ringwall_server::Request;
use serde_json::json;

use crate::harness::{Client, Harness, head, request};

/// The issue of this endpoint asks for as many.
const FEWEST: usize = 200;

/// A change of a request, with what it is.
type Change = (String, Request);

/// Requests in each form that clients sign.
fn signed(admin: &Client<'_>) -> Vec<(&'static str, Request)> {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let query = request(Method::POST, "/", &form, b"Action=ListUsers&Version=2010-05-08&PathPrefix=%2F");
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "TrentService.ListKeys")];
    let json = request(Method::POST, "/", &headers, b"{\"Limit\":10}");
    let rest = request(Method::GET, "/clusters?maxResults=5&include=all", &[], b"");
    let target = "/?Action=GetCallerIdentity&Version=2011-06-15";
    let token = request(Method::GET, target, &[("x-k8s-aws-id", "shop")], b"");
    vec![
        ("query", admin.sign("iam", query)),
        ("json", admin.sign("kms", json)),
        ("rest", admin.sign("eks", rest)),
        ("presigned", admin.presign("sts", token, 60)),
    ]
}

/// Every change of a request that changes its canonical form, or makes two forms of it.
fn changes(name: &str, request: &Request) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |what: String, change: &dyn Fn(&mut Request)| {
        let mut changed = request.clone();
        change(&mut changed);
        changes.push((format!("{name}: {what}"), changed));
    };
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
        if method != request.head.method {
            add(format!("method {method}"), &|request| head(request).method = method.clone());
        }
    }
    for path in ["/x", "/%2F", "/clusters/", "/clusters%2F", "/Clusters", "/.%2F", "/?", "//x"] {
        if path != request.head.path {
            add(format!("path {path}"), &|request| head(request).path = path.to_owned());
        }
    }
    let of_signature = |name: &str| name == "authorization" || name.starts_with("x-amz-");
    for (at, (header, value)) in request.head.headers.iter().enumerate() {
        if !(of_signature(header) || header == "host" || header == "content-type") {
            continue;
        }
        add(format!("without {header}"), &|request| _ = head(request).headers.remove(at));
        add(format!("{header} twice"), &|request| {
            let copy = request.head.headers[at].clone();
            head(request).headers.push(copy);
        });
        add(format!("another {header}"), &|request| {
            head(request).headers.push((header.clone(), "x".to_owned()));
        });
        add(format!("{header} with a letter more"), &|request| head(request).headers[at].1.push('x'));
        for place in (0..value.len()).step_by(value.len().div_ceil(24).max(1)) {
            let byte = value.as_bytes()[place];
            // A blank more between words is the same canonical header, and so is one after a comma of `authorization`.
            if byte == b' ' {
                continue;
            }
            let other = if byte == b'0' { '1' } else { '0' };
            add(format!("{header}, byte {place}"), &|request| {
                head(request).headers[at].1.replace_range(place..=place, &other.to_string());
            });
        }
    }
    for extra in ["x-amz-target", "x-amz-security-token", "x-amz-content-sha256", "x-amz-date", "x-amz-meta"]
    {
        add(format!("unsigned {extra}"), &|request| {
            head(request).headers.push((extra.to_owned(), "TrentService.ScheduleKeyDeletion".to_owned()));
        });
    }
    for (at, byte) in request.body.iter().enumerate() {
        add(format!("body, byte {at}"), &|request| {
            let mut body = request.body.to_vec();
            body[at] = byte ^ 1;
            request.body = body.into();
        });
    }
    if !request.body.is_empty() {
        add("body cut".to_owned(), &|request| request.body = request.body.slice(..request.body.len() / 2));
    }
    add("body longer".to_owned(), &|request| request.body = [&request.body[..], b"&x=1"].concat().into());
    let query = request.head.query.clone().unwrap_or_default();
    for extra in [
        "Action=DeleteUser",
        "action=DeleteUser",
        "X-Amz-Expires=604800",
        "x-amz-signature=00",
        "%58-Amz-Date=1",
        "a=b",
    ] {
        add(format!("parameter {extra}"), &|request| {
            head(request).query =
                Some(if query.is_empty() { extra.to_owned() } else { format!("{query}&{extra}") });
        });
        add(format!("parameter {extra} first"), &|request| {
            head(request).query =
                Some(if query.is_empty() { extra.to_owned() } else { format!("{extra}&{query}") });
        });
    }
    for (at, pair) in query.split('&').enumerate().filter(|(_, pair)| !pair.is_empty()) {
        let pairs = || query.split('&').map(str::to_owned).collect::<Vec<_>>();
        add(format!("without {pair}"), &|request| {
            let mut pairs = pairs();
            pairs.remove(at);
            head(request).query = Some(pairs.join("&"));
        });
        add(format!("{pair} twice"), &|request| head(request).query = Some(format!("{query}&{pair}")));
        add(format!("{pair} in other case"), &|request| {
            let mut pairs = pairs();
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs[at] = format!(
                "{}={value}",
                if key == key.to_lowercase() { key.to_uppercase() } else { key.to_lowercase() }
            );
            head(request).query = Some(pairs.join("&"));
        });
        add(format!("{pair} encoded twice"), &|request| {
            let mut pairs = pairs();
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs[at] = format!("{key}={}", value.replace('%', "%25") + "%2520");
            head(request).query = Some(pairs.join("&"));
        });
        add(format!("{pair} cut"), &|request| {
            let mut pairs = pairs();
            pairs[at].pop();
            head(request).query = Some(pairs.join("&"));
        });
    }
    changes
}

#[tokio::test(flavor = "multi_thread")]
async fn no_changed_request_passes() {
    let harness = Harness::new().await;
    let mut tried = 0;
    for (name, request) in signed(&harness.admin()) {
        harness.send(request.clone()).await.ok();
        for (what, changed) in changes(name, &request) {
            let reply = harness.send(changed).await;
            assert!((400..500).contains(&reply.status), "{what}: {} {}", reply.status, reply.text);
            tried += 1;
        }
        // It was the change, not the time.
        harness.send(request).await.ok();
    }
    println!("{tried} changed requests, none accepted");
    assert!(tried >= FEWEST, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_of_its_key_time_region_service_and_host() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let bare = || request(Method::POST, "/", &form, b"Action=ListUsers&Version=2010-05-08");
    harness.send(admin.sign("iam", bare())).await.ok();
    // Another service's scope: its signing name is not the operation's.
    assert_eq!(harness.send(admin.sign("sts", bare())).await.code(), "SignatureDoesNotMatch");
    // Another key's secret.
    let other = harness.with_key(&admin.key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None);
    assert_eq!(harness.send(other.sign("iam", bare())).await.code(), "SignatureDoesNotMatch");
    let nobody = harness.with_key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None);
    assert_eq!(harness.send(nobody.sign("iam", bare())).await.code(), "InvalidClientTokenId");
    // No signature at all.
    assert_eq!(harness.send(bare()).await.code(), "MissingAuthenticationToken");
    // The same request passes again within 15 minutes, and not later, and not before its time.
    let request = admin.sign("iam", bare());
    harness.pass(14 * 60);
    harness.send(request.clone()).await.ok();
    harness.pass(2 * 60);
    assert_eq!(harness.send(request.clone()).await.code(), "SignatureDoesNotMatch");
    harness.pass(-32 * 60);
    assert_eq!(harness.send(request).await.code(), "SignatureDoesNotMatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_session_is_no_token_of_this_key() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let mine = admin.call("sts", "GetSessionToken", json!({})).await;
    let others = harness.other().call("sts", "GetSessionToken", json!({})).await;
    let [mine, others] = [&mine.ok()["Credentials"], &others.ok()["Credentials"]];
    let swapped = harness.with_key(
        mine["AccessKeyId"].as_str().unwrap(),
        mine["SecretAccessKey"].as_str().unwrap(),
        others["SessionToken"].as_str(),
    );
    assert_eq!(swapped.call("sts", "GetCallerIdentity", json!({})).await.code(), "InvalidClientTokenId");
    let without = harness.with_key(
        mine["AccessKeyId"].as_str().unwrap(),
        mine["SecretAccessKey"].as_str().unwrap(),
        None,
    );
    assert_eq!(without.call("sts", "GetCallerIdentity", json!({})).await.code(), "InvalidClientTokenId");
    admin.session(mine).call("sts", "GetCallerIdentity", json!({})).await.ok();
}
