//! How long keys are kept, and how often an issuer is asked.

use ringwall_model::error_chain;
use ringwall_oidc::{
    DEFAULT_FRESH_SECONDS, FetchError, MAX_FRESH_SECONDS, MAX_STALE_SECONDS, MIN_FRESH_SECONDS,
    REFETCH_SECONDS, RETRY_SECONDS, TokenError,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::server::{DISCOVERY, KEYS, Page, Setup};
use crate::signer::{NOW, OTHER_RSA, P256, RSA, claims};

/// A token that is valid for years.
fn lasting(setup: &Setup) -> Value {
    let mut claims = claims(&setup.server.url);
    claims["exp"] = (NOW + 100_000_000).into();
    claims["iat"] = (NOW - 100_000_000).into();
    claims.as_object_mut().unwrap().remove("nbf");
    claims
}

fn keys() -> Page {
    Page::json(&json!({ "keys": [RSA.jwk()] }))
}

/// Keys are asked for anew exactly when they stop being fresh.
#[tokio::test]
async fn keys_are_fresh_as_long_as_the_issuer_says_within_bounds() {
    for (control, fresh) in [
        (None, DEFAULT_FRESH_SECONDS),
        (Some("public, max-age=900"), 900),
        (Some("max-age=1"), MIN_FRESH_SECONDS),
        (Some("no-store"), MIN_FRESH_SECONDS),
        (Some("max-age=31536000, immutable"), MAX_FRESH_SECONDS),
    ] {
        let setup = Setup::new();
        setup.server.put(KEYS, control.map_or_else(keys, |control| keys().header("cache-control", control)));
        let token = RSA.sign(&lasting(&setup));
        for (now, fetches) in
            [(NOW, 1), (NOW + 1, 1), (NOW + fresh - 1, 1), (NOW + fresh, 2), (NOW + fresh + 1, 2)]
        {
            setup.verify(&token, now).await.unwrap();
            assert_eq!(setup.server.requests(KEYS), fetches, "{control:?} at {}", now - NOW);
        }
        // A clock that goes back before the fetch makes them unusable.
        setup.verify(&token, NOW).await.unwrap();
        assert_eq!(setup.server.requests(KEYS), 3, "{control:?}");
    }
}

#[tokio::test]
async fn many_callers_share_one_fetch() {
    let setup = std::sync::Arc::new(Setup::new());
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let setup = std::sync::Arc::clone(&setup);
        tasks.spawn(async move { setup.good().await.map(|_| ()) });
    }
    for result in tasks.join_all().await {
        result.unwrap();
    }
    assert_eq!((setup.server.requests(DISCOVERY), setup.server.requests(KEYS)), (1, 1));
    assert_eq!(setup.server.connections(), 2);
}

#[tokio::test]
async fn many_callers_share_one_failure() {
    let setup = std::sync::Arc::new(Setup::new());
    setup.server.put(KEYS, Page::text("").status(500));
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let setup = std::sync::Arc::clone(&setup);
        tasks.spawn(async move { setup.good().await.map(|_| ()) });
    }
    for result in tasks.join_all().await {
        assert_eq!(result.unwrap_err().code(), "IDPCommunicationError");
    }
    assert_eq!(setup.server.requests(KEYS), 1);
    // It is asked again after a while.
    setup.server.put(KEYS, keys());
    let token = RSA.sign(&lasting(&setup));
    setup.verify(&token, NOW + RETRY_SECONDS - 1).await.unwrap_err();
    assert_eq!(setup.server.requests(KEYS), 1);
    setup.verify(&token, NOW + RETRY_SECONDS).await.unwrap();
    assert_eq!(setup.server.requests(KEYS), 2);
}

#[tokio::test]
async fn a_rotated_key_is_found_by_one_fetch_and_strange_ids_cost_no_more() {
    let setup = Setup::new();
    setup.server.put(KEYS, keys());
    let (old, new) = (RSA.sign(&lasting(&setup)), OTHER_RSA.sign(&lasting(&setup)));
    setup.verify(&old, NOW).await.unwrap();
    // Right after a fetch an unknown id fetches nothing.
    for now in [NOW, NOW + REFETCH_SECONDS - 1] {
        let error = setup.verify(&new, now).await.unwrap_err();
        assert!(matches!(error, TokenError::UnknownKey { .. }), "{error}");
        assert_eq!(error.code(), "InvalidIdentityToken");
    }
    assert_eq!(setup.server.requests(KEYS), 1);
    // The issuer rotates; the new key is found, the old one gone.
    setup.server.put(KEYS, Page::json(&json!({ "keys": [OTHER_RSA.jwk()] })));
    let later = NOW + REFETCH_SECONDS;
    setup.verify(&new, later).await.unwrap();
    assert_eq!(setup.server.requests(KEYS), 2);
    assert!(matches!(setup.verify(&old, later).await, Err(TokenError::UnknownKey { .. })));
    for number in 0..50 {
        let header = json!({ "alg": "RS256", "kid": format!("stranger-{number}") });
        let token = RSA.sign_text(&header.to_string(), &lasting(&setup).to_string());
        assert!(matches!(setup.verify(&token, later + 1).await, Err(TokenError::UnknownKey { .. })));
    }
    assert_eq!(setup.server.requests(KEYS), 2);
}

#[tokio::test]
async fn while_the_issuer_is_down_keys_are_used_within_the_bound_and_no_longer() {
    let mut setup = Setup::new();
    setup.server.put(KEYS, keys().header("cache-control", "max-age=600"));
    let (known, unknown) = (RSA.sign(&lasting(&setup)), P256.sign(&lasting(&setup)));
    setup.verify(&known, NOW).await.unwrap();
    setup.server.stop();
    let end = NOW + 600 + MAX_STALE_SECONDS;
    for now in [NOW + 600, NOW + 4000, end - 1] {
        setup.verify(&known, now).await.unwrap();
        // Stale keys show nothing about a key that they lack.
        let error = setup.verify(&unknown, now).await.unwrap_err();
        assert_eq!(error.code(), "IDPCommunicationError", "{}", error_chain(&error));
    }
    for now in [end, end + 1, end + 1_000_000] {
        let error = setup.verify(&known, now).await.unwrap_err();
        assert!(
            matches!(error, TokenError::Keys { source: FetchError::Connect { .. }, .. }),
            "{}",
            error_chain(&error)
        );
    }
}

/// A document that turned bad is as good as none, and does not replace the keys.
#[tokio::test]
async fn a_broken_document_does_not_replace_keys() {
    let setup = Setup::new();
    setup.server.put(KEYS, keys());
    let token = RSA.sign(&lasting(&setup));
    setup.verify(&token, NOW).await.unwrap();
    setup.server.put(KEYS, Page::text("<html>"));
    setup.verify(&token, NOW + DEFAULT_FRESH_SECONDS).await.unwrap();
    assert_eq!(setup.server.requests(KEYS), 2);
}

/// One slow refresh holds up whoever began it, and nobody else.
#[tokio::test]
async fn others_go_on_with_stale_keys_while_one_fetches() {
    let setup = std::sync::Arc::new(Setup::new());
    setup.server.put(KEYS, keys());
    let token = RSA.sign(&lasting(&setup));
    setup.verify(&token, NOW).await.unwrap();
    let mut silent = Page::text("");
    silent.silent = true;
    setup.server.put(KEYS, silent);
    let later = NOW + DEFAULT_FRESH_SECONDS;
    let first = tokio::spawn({
        let (setup, token) = (std::sync::Arc::clone(&setup), token.clone());
        async move { setup.verify(&token, later).await.map(|_| ()) }
    });
    while setup.server.requests(KEYS) < 2 {
        tokio::task::yield_now().await;
    }
    setup.verify(&token, later).await.unwrap();
    assert!(!first.is_finished(), "the first one waits still");
    first.abort();
}
