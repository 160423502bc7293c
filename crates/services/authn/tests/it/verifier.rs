//! How often STS is asked, and what is kept.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use ringwall_authn::sts::{REFUSED_FOR, Settings, Verifier, VerifyError};
use ringwall_authn::token::TokenError;

use crate::harness::{
    Answers, CLUSTER, NOW, OPEN, SESSION_KEY_ID, Signing, Sts, aws, endpoint, session, token_of, user,
    verifier,
};

/// Lets every task run that can.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_token_is_verified_by_the_request_that_it_is_the_signature_of() {
    let sts = Sts::new(Answers::Verifying);
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let signing = Signing { session: true, ..Signing::default() };
    let caller = verifier.verify(&signing.token(), NOW).await.unwrap();
    assert_eq!(caller.arn.to_string(), "arn:aws:sts::111122223333:assumed-role/admin/alice@example.com");
    assert_eq!(
        (caller.access_key_id.as_str(), caller.session_name.as_str()),
        (SESSION_KEY_ID, "alice@example.com")
    );
    let asked = sts.last.lock().unwrap().clone().unwrap();
    assert_eq!(
        format!("https://{}{}?{}", asked.url.authority(), asked.url.path(), asked.url.query().unwrap()),
        signing.url()
    );
    assert_eq!(asked.method, http::Method::GET);
    let headers: Vec<_> =
        asked.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(headers, [("accept", "application/json"), ("x-k8s-aws-id", CLUSTER)]);
    assert!(asked.body.is_empty());
}

#[tokio::test]
async fn a_token_for_another_cluster_or_by_another_key_is_denied() {
    let sts = Sts::new(Answers::Verifying);
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let other = ringwall_model::Secret::from(String::from("another"));
    for signing in [
        Signing { cluster: "other".to_owned(), ..Signing::default() },
        Signing { secret: other, ..Signing::default() },
    ] {
        let error = verifier.verify(&signing.token(), NOW).await.unwrap_err();
        assert!(matches!(error, VerifyError::Denied { .. }), "{error}");
    }
    assert_eq!(sts.calls(), 2);
}

#[tokio::test]
async fn the_question_goes_to_the_configured_endpoint() {
    let sts = Sts::new(Answers::Verifying);
    let verifier = verifier(endpoint("http://127.0.0.1:4566"), OPEN, &sts);
    let signing = Signing { scheme: "http", host: "127.0.0.1:4566".to_owned(), ..Signing::default() };
    verifier.verify(&signing.token(), NOW).await.unwrap();
    let asked = sts.last.lock().unwrap().clone().unwrap();
    assert_eq!((asked.url.is_https(), asked.url.authority()), (false, "127.0.0.1:4566"));
    let error = verifier.verify(&Signing::default().token(), NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::Token(TokenError::Scheme { .. })), "{error}");
    assert_eq!(sts.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn sts_is_asked_once_whoever_waits_and_whoever_goes_away() {
    let sts = Sts::slow(Answers::Verifying, Duration::from_secs(2));
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let token = Signing::default().token();
    let ask = || {
        let (verifier, token) = (verifier.clone(), token.clone());
        tokio::spawn(async move { verifier.verify(&token, NOW).await })
    };
    let waiting: Vec<_> = (0..1000).map(|_| ask()).collect();
    settle().await;
    assert_eq!(sts.calls(), 1);
    for (at, waiter) in waiting.iter().enumerate() {
        if at % 2 == 0 {
            waiter.abort();
        }
    }
    for (at, waiter) in waiting.into_iter().enumerate() {
        match waiter.await {
            Ok(outcome) => assert!(outcome.is_ok() && at % 2 == 1),
            Err(gone) => assert!(gone.is_cancelled() && at % 2 == 0),
        }
    }
    assert_eq!(sts.calls(), 1);
    ask().await.unwrap().unwrap();
    assert_eq!(sts.calls(), 1, "and what was answered is kept");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_though_all_who_waited_went_away() {
    let sts = Sts::slow(Answers::Verifying, Duration::from_secs(2));
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let token = Signing::default().token();
    let first = tokio::time::timeout(Duration::from_millis(100), verifier.verify(&token, NOW)).await;
    assert!(first.is_err(), "it gave up");
    tokio::time::sleep(Duration::from_secs(3)).await;
    verifier.verify(&token, NOW).await.unwrap();
    assert_eq!(sts.calls(), 1);
}

#[tokio::test]
async fn an_answer_counts_until_the_token_ends_and_no_longer_than_set() {
    let token = Signing::default().token();
    let sts = Sts::new(Answers::Verifying);
    let lasting = verifier(aws("aws"), OPEN, &sts);
    for after in [0, 1, 899, 900] {
        lasting.verify(&token, NOW + after).await.unwrap();
    }
    assert_eq!(sts.calls(), 1);
    let error = lasting.verify(&token, NOW + 901).await.unwrap_err();
    assert!(matches!(error, VerifyError::Token(TokenError::Expired { .. })), "{error}");

    let sts = Sts::new(Answers::Verifying);
    let short = verifier(aws("aws"), Settings { max_age: 60, ..OPEN }, &sts);
    for (after, calls) in [(0, 1), (60, 1), (61, 2), (121, 2), (122, 3)] {
        short.verify(&token, NOW + after).await.unwrap();
        assert_eq!(sts.calls(), calls, "after {after} s");
    }

    // Signed by a clock that goes ahead: its end is the token's own, but it counts no longer than others.
    let sts = Sts::new(Answers::Verifying);
    let ahead = verifier(aws("aws"), OPEN, &sts);
    let token = Signing { time: NOW + 600, ..Signing::default() }.token();
    assert_eq!(ahead.verify(&token, NOW).await.unwrap().expires, NOW + 1500);
    ahead.verify(&token, NOW + 901).await.unwrap();
    assert_eq!(sts.calls(), 2);
}

#[tokio::test]
async fn nothing_is_kept_without_room() {
    let sts = Sts::new(Answers::Verifying);
    let verifier = verifier(aws("aws"), Settings { capacity: 0, ..OPEN }, &sts);
    for _ in 0..3 {
        verifier.verify(&Signing::default().token(), NOW).await.unwrap();
    }
    assert_eq!(sts.calls(), 3);
}

#[tokio::test]
async fn a_refusal_is_kept_for_seconds() {
    let sts = Sts::new(Sts::fixed(403, r#"{"Error":{"Code":"InvalidClientTokenId","Message":"m"}}"#));
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let token = Signing::default().token();
    for after in 0..=REFUSED_FOR {
        let error = verifier.verify(&token, NOW + after).await.unwrap_err();
        assert!(matches!(error, VerifyError::Denied { .. }), "{error}");
    }
    assert_eq!(sts.calls(), 1);
    sts.answer(Answers::Verifying);
    verifier.verify(&token, NOW + REFUSED_FOR + 1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_kept_and_a_pause_is_everybodys() {
    let sts = Sts::new(Answers::Nothing);
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let token = Signing::default().token();
    verifier.verify(&token, NOW).await.unwrap_err();
    sts.answer(Sts::fixed(400, r#"{"Error":{"Code":"Throttling","Message":"Rate exceeded"}}"#));
    let paused = VerifyError::Throttled { retry_after: Duration::from_secs(1) };
    assert_eq!(verifier.verify(&token, NOW).await.unwrap_err(), paused);
    sts.answer(Answers::Verifying);
    let other = Signing { session: true, ..Signing::default() }.token();
    assert_eq!(verifier.verify(&other, NOW).await.unwrap_err(), paused);
    assert_eq!(sts.calls(), 2, "nobody asked in the pause");
    tokio::time::advance(Duration::from_secs(1)).await;
    verifier.verify(&token, NOW).await.unwrap();
    verifier.verify(&other, NOW).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sts_that_is_silent_is_given_up_after_a_while_and_asked_less() {
    let sts = Sts::new(Answers::Silence);
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let token = Signing::default().token();
    let begun = tokio::time::Instant::now();
    for _ in 0..5 {
        let error = verifier.verify(&token, NOW).await.unwrap_err();
        assert_eq!(error.to_string(), "STS could not be asked: there was no answer in time");
    }
    assert_eq!(begun.elapsed().as_secs(), 50, "10 s each");
    let error = verifier.verify(&token, NOW).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "STS could not be asked: it did not answer lately, and is asked again in 1 s"
    );
    assert_eq!(sts.calls(), 5);
    sts.answer(Answers::Verifying);
    tokio::time::advance(Duration::from_secs(2)).await;
    verifier.verify(&token, NOW).await.unwrap();
}

#[tokio::test]
async fn an_error_that_a_token_can_cause_does_not_open_the_circuit() {
    let sts = Sts::new(Sts::fixed(500, r#"{"Error":{"Code":"InternalFailure","Message":"m"}}"#));
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let token = Signing::default().token();
    for _ in 0..10 {
        verifier.verify(&token, NOW).await.unwrap_err();
    }
    assert_eq!(sts.calls(), 10);
}

#[tokio::test]
async fn rubbish_costs_no_question() {
    let sts = Sts::new(Answers::Verifying);
    let settings = Settings { burst: 1, key_burst: 1, rate: 1, key_rate: 1, ..OPEN };
    let verifier = verifier(aws("aws"), settings, &sts);
    let url = Signing::default().url();
    for text in ["", "x", &token_of("https://evil.example/"), &token_of(url.replace("%2Fsts%2F", "%2Fs3%2F"))]
    {
        for _ in 0..100 {
            let error = verifier.verify(text, NOW).await.unwrap_err();
            assert!(matches!(error, VerifyError::Token(_)), "{error}");
        }
    }
    assert_eq!(sts.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_access_key_that_signs_anew_harms_itself_alone() {
    let sts = Sts::new(Answers::Verifying);
    let settings = Settings { burst: 100, key_burst: 3, rate: 10, key_rate: 1, ..OPEN };
    let verifier = verifier(aws("aws"), settings, &sts);
    let mut passed = 0;
    for second in 0..50 {
        let token = Signing { time: NOW - second, ..Signing::default() }.token();
        match verifier.verify(&token, NOW).await {
            Ok(_) => passed += 1,
            Err(error) => {
                assert_eq!(error, VerifyError::Throttled { retry_after: Duration::from_secs(1) });
            }
        }
    }
    assert_eq!(passed, 3);
    verifier.verify(&Signing { session: true, ..Signing::default() }.token(), NOW).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn made_up_tokens_leave_room_for_those_who_are_known() {
    let sts = Sts::new(Answers::Verifying);
    let settings = Settings { burst: 40, rate: 1, ..OPEN };
    let verifier = verifier(aws("aws"), settings, &sts);
    verifier.verify(&Signing::default().token(), NOW).await.unwrap();
    let url = Signing::default().url();
    let mut throttled = 0;
    for made_up in 0..100 {
        let token = token_of(url.replace("AKIAIOSFODNN7EXAMPLE", &format!("AKIA{made_up:016}")));
        let error = verifier.verify(&token, NOW).await.unwrap_err();
        throttled += usize::from(matches!(error, VerifyError::Throttled { .. }));
    }
    assert_eq!((throttled, sts.calls()), (81, 20));
    for second in 1..=20 {
        let token = Signing { time: NOW - second, ..Signing::default() }.token();
        verifier.verify(&token, NOW).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn questions_at_once_are_bounded() {
    let sts = Sts::slow(Answers::Verifying, Duration::from_secs(1));
    let verifier = verifier(aws("aws"), Settings { in_flight: 4, ..OPEN }, &sts);
    let waiting: Vec<_> = (0..10)
        .map(|second| {
            let (verifier, token) =
                (verifier.clone(), Signing { time: NOW - second, ..Signing::default() }.token());
            tokio::spawn(async move { verifier.verify(&token, NOW).await.is_ok() })
        })
        .collect();
    let mut passed = 0;
    for waiter in waiting {
        passed += usize::from(waiter.await.unwrap());
    }
    assert_eq!((passed, sts.calls.load(Ordering::SeqCst)), (4, 4));
}

#[tokio::test]
async fn all_of_it_is_counted() {
    let sts = Sts::new(Answers::Verifying);
    let mut registry = Registry::default();
    let settings = Settings { key_burst: 2, key_rate: 1, ..OPEN };
    let verifier = Verifier::new(aws("aws"), settings, Arc::clone(&sts) as _, &mut registry);
    let token = Signing::default().token();
    for _ in 0..3 {
        verifier.verify(&token, NOW).await.unwrap();
    }
    verifier.verify("x", NOW).await.unwrap_err();
    let other = Signing { cluster: "other".to_owned(), ..Signing::default() }.token();
    verifier.verify(&other, NOW).await.unwrap_err();
    verifier.verify(&Signing { time: NOW - 1, ..Signing::default() }.token(), NOW).await.unwrap_err();
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    for line in [
        "ringwall_authn_token_verifications_total{result=\"verified\"} 1",
        "ringwall_authn_token_verifications_total{result=\"cached\"} 2",
        "ringwall_authn_token_verifications_total{result=\"malformed\"} 1",
        "ringwall_authn_token_verifications_total{result=\"denied\"} 1",
        "ringwall_authn_token_verifications_total{result=\"throttled\"} 1",
        "ringwall_authn_sts_calls_total{outcome=\"verified\"} 1",
        "ringwall_authn_sts_calls_total{outcome=\"denied\"} 1",
        "ringwall_authn_sts_calls_held_total{reason=\"access_key\"} 1",
        "ringwall_authn_sts_call_duration_seconds_count 2",
        "ringwall_authn_sts_calls_in_flight 0",
        "ringwall_authn_sts_circuit_open 0",
        "ringwall_authn_token_cache_entries 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn users_and_sessions_are_told_apart_by_what_sts_says() {
    for (answer, name) in [(user(), ""), (session(), "alice@example.com")] {
        let sts = Sts::new(Sts::fixed(200, &answer));
        let caller = verifier(aws("aws"), OPEN, &sts).verify(&Signing::default().token(), NOW).await.unwrap();
        assert_eq!(caller.session_name, name);
    }
}
