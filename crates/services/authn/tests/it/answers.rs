//! What STS may answer, and what becomes of it.

use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};
use ringwall_authn::sts::{Caller, VerifyError};

use crate::harness::{Answers, KEY_ID, NOW, OPEN, Signing, Sts, aws, identity, session, user, verifier};

async fn answer(answers: Answers) -> Result<Caller, VerifyError> {
    let sts = Sts::new(answers);
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let outcome = verifier.verify(&Signing::default().token(), NOW).await;
    assert_eq!(sts.calls(), 1);
    outcome.map(|caller| (*caller).clone())
}

async fn of(status: u16, body: &str) -> Result<Caller, VerifyError> {
    answer(Sts::fixed(status, body)).await
}

fn caller(arn: &str, canonical_arn: &str, user_id: &str, session_name: &str) -> Caller {
    let arn: ringwall_model::Arn = arn.parse().unwrap();
    Caller {
        account: arn.account.clone(),
        arn,
        canonical_arn: canonical_arn.to_owned(),
        user_id: user_id.to_owned(),
        session_name: session_name.to_owned(),
        access_key_id: KEY_ID.to_owned(),
        sts_host: "sts.eu-central-1.amazonaws.com".to_owned(),
        expires: NOW + 900,
    }
}

#[tokio::test]
async fn each_kind_of_principal_is_told() {
    for (arn, user_id, canonical_arn, id, session) in [
        (
            "arn:aws:iam::111122223333:user/ops/alice",
            "AIDACKCEVSQ6C2EXAMPLE",
            "arn:aws:iam::111122223333:user/ops/alice",
            "AIDACKCEVSQ6C2EXAMPLE",
            "",
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/admin/alice@example.com",
            "AROACKCEVSQ6C2EXAMPLE:alice@example.com",
            "arn:aws:iam::111122223333:role/admin",
            "AROACKCEVSQ6C2EXAMPLE",
            "alice@example.com",
        ),
        (
            "arn:aws-cn:sts::111122223333:assumed-role/nodes/i-0123456789abcdef0",
            "AROACKCEVSQ6C2EXAMPLE:i-0123456789abcdef0",
            "arn:aws-cn:iam::111122223333:role/nodes",
            "AROACKCEVSQ6C2EXAMPLE",
            "i-0123456789abcdef0",
        ),
        (
            "arn:aws:sts::111122223333:federated-user/bob",
            "111122223333:bob",
            "arn:aws:sts::111122223333:federated-user/bob",
            "111122223333:bob",
            "",
        ),
        (
            "arn:aws:iam::111122223333:root",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "111122223333",
            "",
        ),
    ] {
        let found = of(200, &identity("111122223333", arn, user_id)).await;
        assert_eq!(found, Ok(caller(arn, canonical_arn, id, session)));
    }
}

#[tokio::test]
async fn xml_is_read_as_well() {
    let body = r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
        <Arn>arn:aws:iam::111122223333:user/ops/alice</Arn><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Account>111122223333</Account>
        </GetCallerIdentityResult><ResponseMetadata><RequestId>f00</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#;
    assert_eq!(of(200, body).await, of(200, &user()).await);
    assert!(of(200, body).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_does_not_hang_together_is_none() {
    let whole = session();
    for body in [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        "<html>captive portal</html>".to_owned(),
        "<!DOCTYPE a><GetCallerIdentityResponse/>".to_owned(),
        "<GetCallerIdentityResponse/>".to_owned(),
        whole[..whole.len() - 1].to_owned(),
        format!("{whole}{whole}"),
        whole.replacen("\"Account\"", "\"Account\":\"444455556666\",\"Account\"", 1),
        whole.replacen("\"Account\"", "\"account\"", 1),
        whole.replacen("111122223333", "444455556666", 1),
        whole.replacen("\"111122223333\"", "111122223333", 1),
        whole.replacen("arn:aws:sts", "arn:aws-nowhere:sts", 1),
        whole.replacen("AROACKCEVSQ6C2EXAMPLE:alice@", "AROACKCEVSQ6C2EXAMPLE:mallory@", 1),
        whole.replacen("AROACKCEVSQ6C2EXAMPLE:", "", 1),
        whole.replacen("AROACKCEVSQ6C2EXAMPLE", "", 1),
        whole.replacen("assumed-role/admin/", "assumed-role/", 1),
        identity("111122223333", "arn:aws:iam::111122223333:role/admin", "AROACKCEVSQ6C2EXAMPLE"),
        identity("111122223333", "arn:aws:s3::111122223333:bucket", "AIDACKCEVSQ6C2EXAMPLE"),
        identity("111122223333", "alice", "AIDACKCEVSQ6C2EXAMPLE"),
        identity("", "arn:aws:iam:::user/alice", "AIDACKCEVSQ6C2EXAMPLE"),
        identity("111122223333", "arn:aws:iam::111122223333:user/alice", ""),
        identity("111122223333", "arn:aws:iam::111122223333:user/alice", "AIDA\\n"),
        identity("111122223333", "arn:aws:iam::111122223333:user/alice", &"A".repeat(300)),
    ] {
        let error = of(200, &body).await.unwrap_err();
        assert!(matches!(error, VerifyError::Unavailable { .. }), "{body}: {error}");
    }
}

#[tokio::test]
async fn what_sts_refuses_is_denied_in_its_words() {
    let json = |code: &str, message: &str| {
        format!(r#"{{"Error":{{"Code":"{code}","Message":"{message}","Type":"Sender"}},"RequestId":"f00"}}"#)
    };
    let denied = |code: &str, message: &str, status| {
        Err(VerifyError::Denied { code: code.to_owned(), message: message.to_owned(), status })
    };
    let words = "The security token included in the request is invalid.";
    assert_eq!(
        of(403, &json("InvalidClientTokenId", words)).await,
        denied("InvalidClientTokenId", words, 403)
    );
    assert_eq!(of(400, &json("ExpiredToken", "old")).await, denied("ExpiredToken", "old", 400));
    let xml = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>m</Message></Error></ErrorResponse>";
    assert_eq!(of(403, xml).await, denied("AccessDenied", "m", 403));
    // AWS's own words for it may repeat the request, and with it a session token.
    let mismatch =
        of(403, &json("SignatureDoesNotMatch", "The Canonical String is X-Amz-Security-Token=planted")).await;
    let mismatch = mismatch.unwrap_err().to_string();
    assert!(mismatch.contains("another cluster's id") && !mismatch.contains("planted"), "{mismatch}");
    let long = of(403, &json("AccessDenied", &"m".repeat(10_000))).await.unwrap_err();
    assert!(long.to_string().len() < 400, "{long}");
}

/// A token whose words are in STS's message can't make the webhook take it for overloaded: that would keep others out.
#[tokio::test]
async fn throttling_is_told_by_codes_alone() {
    let json =
        |code: &str, message: &str| format!(r#"{{"Error":{{"Code":"{code}","Message":"{message}"}}}}"#);
    let throttled = |seconds| Err(VerifyError::Throttled { retry_after: Duration::from_secs(seconds) });
    assert_eq!(of(400, &json("Throttling", "Rate exceeded")).await, throttled(1));
    assert_eq!(of(400, &json("ThrottlingException", "Rate exceeded")).await, throttled(1));
    assert_eq!(of(429, "").await, throttled(1));
    let error = of(403, &json("AccessDenied", "Throttling")).await.unwrap_err();
    assert!(matches!(error, VerifyError::Denied { .. }), "{error}");
    for (value, seconds) in [("7", 7), ("0", 1), ("86400", 30), ("soon", 1), ("-1", 1)] {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        let answers = Answers::Fixed(400, headers, Bytes::from(json("Throttling", "")));
        assert_eq!(answer(answers).await, throttled(seconds), "{value}");
    }
}

#[tokio::test]
async fn what_is_no_word_of_sts_is_no_refusal() {
    for (status, body) in [
        (500, r#"{"Error":{"Code":"InternalFailure","Message":"m"}}"#),
        (503, "<html>"),
        (502, ""),
        (301, ""),
        (302, "https://evil.example"),
        (204, ""),
    ] {
        let error = of(status, body).await.unwrap_err();
        assert!(matches!(error, VerifyError::Unavailable { .. }), "{status}: {error}");
    }
    let error = answer(Answers::Nothing).await.unwrap_err().to_string();
    assert_eq!(error, "STS could not be asked: `sts.eu-central-1.amazonaws.com` can't be resolved: refused");
}
