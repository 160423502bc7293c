//! What only an attacker sends: much, deep, and broken anywhere.

use proptest::prelude::*;
use ringwall_protocol::{Accept, MAX_BODY, MAX_NAME_PARTS, MAX_PARAMETERS};

use crate::request::Request;

#[test]
fn a_form_has_bounds() {
    let too_many: String = (0..MAX_PARAMETERS).map(|at| format!("&p{at}=")).collect();
    let too_deep = format!("&{}=", vec!["a"; MAX_NAME_PARTS + 1].join("."));
    let too_long = format!("&a={}", "a".repeat(MAX_BODY));
    for (rest, message) in [
        (too_many, "The request has more than 10000 parameters"),
        (too_deep, "The request has more than 16 parts in the name of a parameter"),
        (too_long, "The request has more than 2097152 bytes"),
    ] {
        let refusal = Request::iam("GetUser", &rest).refusal();
        assert_eq!(refusal, ("RequestEntityTooLarge", message.to_owned()));
    }
    // As many as may be, as deep as may be.
    let names: String =
        (0..MAX_PARAMETERS - 3).map(|at| format!("&{at}{}=", ".a".repeat(MAX_NAME_PARTS - 1))).collect();
    assert!(Request::iam("GetUser", &names).read().is_ok());
}

#[test]
fn a_body_of_json_has_bounds() {
    let body = format!(r#"{{"a":"{}"}}"#, "a".repeat(MAX_BODY));
    assert_eq!(Request::json("TrentService.ListKeys", &body).refusal().0, "RequestEntityTooLarge");
    let deep = "[".repeat(1_000_000);
    assert_eq!(Request::json("TrentService.ListKeys", &deep).refusal().0, "SerializationException");
}

/// Requests that are read, to break.
fn samples() -> Vec<Request> {
    vec![
        Request::iam("TagUser", "&UserName=a&Tags.member.1.Key=k&Tags.member.1.Value=v"),
        Request::ec2(
            "AuthorizeSecurityGroupIngress",
            "&GroupId=sg-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0%2F8",
        ),
        Request::json(
            "TrentService.Encrypt",
            r#"{"KeyId":"a","Plaintext":"AAEC","EncryptionContext":{"a":"1"}}"#,
        ),
        Request::rest("POST", &["tags", "a"], r#"{"tags":{"k":"v"}}"#),
    ]
}

#[test]
fn the_samples_are_read() {
    assert!(samples().iter().all(|request| request.read().is_ok()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is broken, there is an answer, and one of this client's fault.
    #[test]
    fn any_break_has_an_answer(
        which in 0usize..4,
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..4),
        removed in 0usize..4,
    ) {
        let mut request = samples().swap_remove(which);
        let start = at.index(request.body.len() + 1);
        let end = (start + removed).min(request.body.len());
        request.body.splice(start..end, bytes);
        if let Err(error) = request.read() {
            prop_assert!((400..500).contains(&error.status));
            prop_assert!(!error.answer(Accept::Usual, "id").body.is_empty());
        }
    }

    #[test]
    fn any_text_as_name_or_path_has_an_answer(text in ".*", parts in prop::collection::vec(".*", 0..5)) {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        for request in [Request::form(&text), Request::json(&text, &text), Request::rest("GET", &parts, &text)] {
            if let Err(error) = request.read() {
                prop_assert!((400..500).contains(&error.status));
            }
        }
    }
}
