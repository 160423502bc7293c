//! What an issuer may answer, and what is not taken from it.

use ringwall_model::error_chain;
use ringwall_oidc::{FetchError, TokenError};
use serde_json::{Value, json};

use crate::server::{DISCOVERY, KEYS, Page, Server, Setup, verify};
use crate::signer::{NOW, P256, RSA, claims};

/// The code and the whole message of a good token at an issuer that answers otherwise than it should.
async fn told(path: &str, page: impl FnOnce(&Server) -> Page) -> (&'static str, String) {
    let setup = Setup::new();
    setup.server.put(path, page(&setup.server));
    let error = setup.good().await.unwrap_err();
    let public = error.aws_message();
    assert!(!public.contains("localhost") && !public.contains("127.0.0.1"), "{public}");
    (error.code(), error_chain(&error))
}

#[tokio::test]
async fn documents_that_break_a_rule_are_refused() {
    const INVALID: &str = "InvalidIdentityToken";
    let changed = |name: &'static str, value: Value| {
        move |server: &Server| {
            let mut discovery = server.discovery();
            discovery[name] = value;
            Page::json(&discovery)
        }
    };
    type Make = Box<dyn FnOnce(&Server) -> Page>;
    let cases: Vec<(&str, Make, &str)> = vec![
        (
            DISCOVERY,
            Box::new(changed("issuer", "https://evil.example".into())),
            "names the issuer `https://evil.example`",
        ),
        (
            DISCOVERY,
            Box::new(|server| {
                let url = format!("{}/", server.url);
                Page::json(&json!({ "issuer": url, "jwks_uri": format!("{}{KEYS}", server.url) }))
            }),
            "names the issuer",
        ),
        (DISCOVERY, Box::new(changed("issuer", Value::Null)), "it has no text `issuer`"),
        (DISCOVERY, Box::new(changed("jwks_uri", Value::Null)), "it has no text `jwks_uri`"),
        (DISCOVERY, Box::new(changed("jwks_uri", json!(["https://a"]))), "it has no text `jwks_uri`"),
        (
            DISCOVERY,
            Box::new(|server| {
                let keys = format!("{}{KEYS}", server.url.replace("https", "http"));
                Page::json(&json!({ "issuer": server.url, "jwks_uri": keys }))
            }),
            "it does not begin with `https://`",
        ),
        (
            DISCOVERY,
            Box::new(changed("jwks_uri", "https://127.0.0.1:9/keys".into())),
            "`127.0.0.1:9` has no public address",
        ),
        (
            DISCOVERY,
            Box::new(changed("jwks_uri", "https://169.254.169.254/latest".into())),
            "has no public address",
        ),
        (
            DISCOVERY,
            Box::new(changed("jwks_uri", "https://[::1]/keys".into())),
            "`::1:443` has no public address",
        ),
        (DISCOVERY, Box::new(changed("jwks_uri", "https://0x7f000001/keys".into())), "its host is no name"),
        (
            DISCOVERY,
            Box::new(changed("jwks_uri", "file:///etc/passwd".into())),
            "it does not begin with `https://`",
        ),
        (DISCOVERY, Box::new(|_| Page::text("<html>Log in</html>")), "no usable document"),
        (DISCOVERY, Box::new(|_| Page::text("")), "no usable document"),
        (DISCOVERY, Box::new(|_| Page::text("[]")), "an object is expected"),
        (
            DISCOVERY,
            Box::new(|server| {
                Page::text(&format!(
                    "{{\"issuer\":\"https://a\",\"issuer\":\"{0}\",\"jwks_uri\":\"{0}{KEYS}\"}}",
                    server.url
                ))
            }),
            "the key `issuer` is there twice",
        ),
        (DISCOVERY, Box::new(|_| Page::text(&"[".repeat(60_000))), "no usable document"),
        (
            DISCOVERY,
            Box::new(|server| Page::text("").status(302).header("location", format!("{}/moved", server.url))),
            "answers 302",
        ),
        (DISCOVERY, Box::new(|_| Page::text("").status(204)), "answers 204"),
        (DISCOVERY, Box::new(|_| Page::text("no").status(404)), "answers 404"),
        (
            DISCOVERY,
            Box::new(|server| {
                let padded = format!("{}{}", server.discovery(), " ".repeat(64 << 10));
                Page::text(&padded)
            }),
            "answers with more than 65536 bytes",
        ),
        (KEYS, Box::new(|_| Page::text(&" ".repeat((1 << 20) + 1))), "answers with more than 1048576 bytes"),
        (KEYS, Box::new(|_| Page::text("{}")), "it has no list `keys`"),
        (KEYS, Box::new(|_| Page::text("{\"keys\":{}}")), "it has no list `keys`"),
        (KEYS, Box::new(|_| Page::text("{\"keys\":[],\"keys\":[]}")), "the key `keys` is there twice"),
        (KEYS, Box::new(|_| Page::json(&json!({ "keys": vec![RSA.jwk(); 101] }))), "it has 101 RSA keys"),
        (KEYS, Box::new(|_| Page::json(&json!({ "keys": vec![P256.jwk(); 101] }))), "it has 101 EC keys"),
        (
            KEYS,
            Box::new(|server| Page::text("").status(301).header("location", format!("{}{KEYS}", server.url))),
            "answers 301",
        ),
        (
            KEYS,
            Box::new(|_| Page::json(&json!({ "keys": [RSA.jwk()] })).header("content-encoding", "gzip")),
            "it is compressed",
        ),
        (KEYS, Box::new(|_| Page::json(&json!({ "keys": [] }))), "no usable key `rsa-1`"),
    ];
    for (path, page, message) in cases {
        let (code, text) = told(path, page).await;
        assert_eq!(code, INVALID, "{text}");
        assert!(text.contains(message), "`{message}` is not in: {text}");
    }
}

#[tokio::test]
async fn failures_that_may_pass_are_told_apart() {
    for status in [500, 503, 429] {
        let (code, text) = told(KEYS, |_| Page::text("").status(status)).await;
        assert_eq!(code, "IDPCommunicationError", "{text}");
    }
    let long = || "x".repeat(32 << 10);
    let (code, text) = told(KEYS, |_| Page::text("{}").header("x-long", long())).await;
    assert_eq!(code, "IDPCommunicationError", "{text}");
    assert!(text.contains("HTTP fails"), "{text}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let setup = Setup::new();
    setup.server.put("/moved", Page::json(&setup.server.discovery()));
    setup.server.put(DISCOVERY, Page::text("").status(307).header("location", "/moved"));
    setup.good().await.unwrap_err();
    assert_eq!(setup.server.requests("/moved"), 0);
}

/// The clock stands still and jumps when nothing moves, so that five seconds pass at once.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_does_not_answer_is_given_up() {
    for path in [DISCOVERY, KEYS] {
        let setup = Setup::new();
        let mut page = Page::text("");
        page.silent = true;
        setup.server.put(path, page);
        let error = setup.good().await.unwrap_err();
        assert!(
            matches!(error, TokenError::Keys { source: FetchError::Timeout, .. }),
            "{}",
            error_chain(&error)
        );
        assert_eq!(error.code(), "IDPCommunicationError");
    }
}

#[tokio::test]
async fn an_issuer_that_is_down_is_told() {
    let mut setup = Setup::new();
    setup.server.stop();
    let error = setup.good().await.unwrap_err();
    assert!(
        matches!(error, TokenError::Keys { source: FetchError::Connect { .. }, .. }),
        "{}",
        error_chain(&error)
    );
    assert_eq!(error.code(), "IDPCommunicationError");
}

#[tokio::test]
async fn without_tls_nothing_is_fetched() {
    let setup = Setup::new();
    let plain = Server::plain();
    let (_folder, issuers) = crate::server::issuers(&crate::server::Authority::root("unused").pem, &[&plain]);
    let token = RSA.sign(&claims(&plain.url));
    let error = verify(&issuers, &plain.url, &[], &token, NOW).await.unwrap_err();
    assert!(
        matches!(error, TokenError::Keys { source: FetchError::Tls { .. }, .. }),
        "{}",
        error_chain(&error)
    );
    let url = plain.url.replace("https", "http");
    let error = verify(&issuers, &url, &[], &RSA.sign(&claims(&url)), NOW).await.unwrap_err();
    assert!(
        matches!(error, TokenError::Keys { source: FetchError::Url { .. }, .. }),
        "{}",
        error_chain(&error)
    );
    assert_eq!(plain.requests(DISCOVERY), 0);
    drop(setup);
}

/// Loopback and its like are refused unless the very host and port are listed; no connection is made.
#[tokio::test]
async fn addresses_that_are_not_public_are_not_connected_to() {
    let setup = Setup::new();
    let port = setup.server.address.port();
    let other = Setup::new();
    for url in [
        other.server.url.clone(),
        format!("https://127.0.0.1:{port}"),
        format!("https://127.1:{port}"),
        format!("https://[::ffff:127.0.0.1]:{port}"),
        format!("https://0.0.0.0:{port}"),
        format!("https://2130706433:{port}"),
    ] {
        let token = RSA.sign(&claims(&url));
        let error = verify(&setup.issuers, &url, &[], &token, NOW).await.unwrap_err();
        // Numbers that only a resolver takes for an address are no names to begin with.
        assert!(
            matches!(
                error,
                TokenError::Keys { source: FetchError::Address { .. } | FetchError::Url { .. }, .. }
            ),
            "{url}: {}",
            error_chain(&error)
        );
        assert_eq!(error.code(), "InvalidIdentityToken");
    }
    assert_eq!((setup.server.connections(), other.server.connections()), (0, 0));
    setup.good().await.unwrap();
    // The case of a host does not matter to a network; the URL has to be the registered one all the same.
    let upper = setup.server.url.replace("localhost", "LOCALHOST");
    let error = verify(&setup.issuers, &upper, &[], &RSA.sign(&claims(&upper)), NOW).await.unwrap_err();
    assert!(
        matches!(error, TokenError::Keys { source: FetchError::Issuer { .. }, .. }),
        "{}",
        error_chain(&error)
    );
}

#[tokio::test]
async fn an_issuer_below_a_path_and_keys_elsewhere_are_fine() {
    let setup = Setup::new();
    let url = format!("{}/id/ABCD", setup.server.url);
    let discovery = json!({ "issuer": url, "jwks_uri": format!("{}/elsewhere?version=1", setup.server.url) });
    setup.server.put("/id/ABCD/.well-known/openid-configuration", Page::json(&discovery));
    setup.server.put("/elsewhere", Page::json(&json!({ "keys": [RSA.jwk()] })));
    let found = verify(&setup.issuers, &url, &[], &RSA.sign(&claims(&url)), NOW).await.unwrap();
    assert_eq!(found.issuer, url);
}
