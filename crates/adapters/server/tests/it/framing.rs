//! Requests that two readers could understand differently: where a request ends is agreed on, or the connection is.

use ringwall_server::Limits;

use crate::harness::Serving;

/// What an attacker wants to have read as a request of its own.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: h\r\n\r\n";

/// The first answer's status line, and how many answers there are.
async fn status(request: &str) -> (String, usize) {
    let serving = Serving::with(Limits::default());
    let said = serving.send(request).await;
    assert!(!said.contains("GET /smuggled"), "smuggled by {request:?}: {said}");
    let line = said.lines().next().unwrap_or_default().to_owned();
    (line, said.matches("\r\ndate: ").count())
}

/// It is refused before a handler sees it, and the connection ends.
async fn refused(request: &str) {
    let (line, answers) = status(&format!("{request}{SMUGGLED}")).await;
    assert!(line.starts_with("HTTP/1.1 4"), "{request:?} got {line:?}");
    assert_eq!(answers, 1, "{request:?}");
}

#[tokio::test]
async fn ambiguous_lengths_are_refused() {
    refused("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde").await;
    refused("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4, 4\r\n\r\nabcd").await;
    refused("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: +4\r\n\r\nabcd").await;
    refused("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0x4\r\n\r\nabcd").await;
    refused("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: -1\r\n\r\nabcd").await;
    refused("POST / HTTP/1.1\r\nhost: h\r\ncontent-length:\r\n\r\nabcd").await;
    refused("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 18446744073709551616\r\n\r\nabcd").await;
}

#[tokio::test]
async fn ambiguous_codings_are_refused() {
    refused("POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n").await;
    refused("POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n").await;
    refused(
        "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n",
    )
    .await;
    refused("POST / HTTP/1.0\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn malformed_heads_are_refused() {
    refused("GET / HTTP/1.1\r\nhost: h\r\nx: a\r\n folded\r\n\r\n").await;
    refused("GET / HTTP/1.1\r\nhost : h\r\n\r\n").await;
    refused("GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding : chunked\r\n\r\n").await;
    refused("GET / HTTP/1.1\r\nhost: h\r\nx: a\rb\r\n\r\n").await;
    refused("GET / HTTP/1.1\r\nhost: h\r\nx: a\0b\r\n\r\n").await;
    refused("GET /a b HTTP/1.1\r\nhost: h\r\n\r\n").await;
    refused("GET  / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    refused("GET / HTTP/1.1\r\nhost: h\r\n: empty\r\n\r\n").await;
}

#[tokio::test]
async fn broken_chunks_are_refused() {
    let chunked = "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";
    for chunks in [
        "zz\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "-1\r\n\r\n",
        "3 abc\r\n0\r\n\r\n",
        "3;x\nabc\r\n",
    ] {
        refused(&format!("{chunked}{chunks}")).await;
    }
    refused(&format!("{chunked}{}\r\nabc", "f".repeat(17))).await;
}

/// RFC 9112, section 6.3: the coding holds, and the connection ends so that whatever was meant to come after the
/// length is read by nobody.
#[tokio::test]
async fn a_length_beside_a_coding_ends_the_connection() {
    for lengths in
        ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"]
    {
        let request = format!("POST / HTTP/1.1\r\nhost: h\r\n{lengths}\r\n\r\n0\r\n\r\n{SMUGGLED}");
        let (line, answers) = status(&request).await;
        assert_eq!((line.as_str(), answers), ("HTTP/1.1 200 OK", 1), "{lengths}");
    }
}

#[tokio::test]
async fn hosts_are_one() {
    for (head, code) in [
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", "400"),
        ("GET http://b/ HTTP/1.1\r\nhost: a\r\n\r\n", "400"),
        ("GET http://a/ HTTP/1.1\r\nhost: a\r\n\r\n", "200"),
        ("CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n", "405"),
    ] {
        let request = head.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
        let (line, _) = status(&request).await;
        assert!(line.starts_with(&format!("HTTP/1.1 {code}")), "{head:?} got {line:?}");
    }
}

#[tokio::test]
async fn what_was_sent_arrives_unchanged() {
    let serving = Serving::with(Limits::default());
    let said = serving
        .send(
            "POST /a%2fb//./c%7E?q=%20+&q HTTP/1.1\r\nHost: h:1\r\nX-B: two  words\r\nX-A: 1\r\nx-b: \
             again\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        )
        .await;
    let expected = "POST /a%2fb//./c%7E Some(\"q=%20+&q\") HTTP/1.1 None [(\"host\", \"h:1\"), (\"x-b\", \"two  words\"), \
                    (\"x-b\", \"again\"), (\"x-a\", \"1\"), (\"connection\", \"close\"), (\"content-length\", \"3\")] body=abc";
    assert!(said.ends_with(expected), "{said}");
}

#[tokio::test]
async fn values_that_are_not_utf8_are_refused() {
    let serving = Serving::with(Limits::default());
    let said = serving.send(b"GET / HTTP/1.1\r\nhost: h\r\nx: \xff\r\nconnection: close\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
    assert!(said.ends_with("a header's value is not UTF-8\n"), "{said}");
}

#[tokio::test]
async fn a_pipeline_is_answered_in_order() {
    let serving = Serving::with(Limits::default());
    let said = serving
        .send(
            "GET /1 HTTP/1.1\r\nhost: h\r\n\r\nPOST /2 HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n\
             2\r\nab\r\n1\r\nc\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
        )
        .await;
    let at = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text} is not in {said}"));
    assert!(at("GET /1") < at("POST /2") && at("POST /2") < at("GET /3"), "{said}");
    assert!(said.contains("body=abc"), "{said}");
}
