//! What is refused, and in which words.

use ringwall_sigv4::{ErrorKind, Lifetime, Parts, SignatureError, parse};

use crate::request::{Request, TIME, TOKEN, samples};

const HOST: (&str, &str) = ("host", "example.amazonaws.com");
const DATE: (&str, &str) = ("x-amz-date", "20150830T123600Z");
const MAC: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

fn refusal(query: Option<&str>, headers: &[(&str, &str)]) -> SignatureError {
    Request::new("GET", "/", query, headers, "").verify(TIME, Lifetime::Stated).unwrap_err()
}

/// `get-vanilla` with another `Authorization` header.
fn authorization(value: &str) -> SignatureError {
    refusal(None, &[HOST, DATE, ("authorization", &value.replace("=MAC", &format!("={MAC}")))])
}

#[test]
fn authorization_headers() {
    let scope = "20150830/us-east-1/service/aws4_request";
    for (value, expected) in [
        ("", SignatureError::NotAws),
        ("Bearer eyJ", SignatureError::NotAws),
        ("AWS AKIDEXAMPLE:x", SignatureError::NotAws),
        ("aws4-hmac-sha256 Credential=a", SignatureError::NotAws),
        ("AWS4-ECDSA-P256-SHA256 Credential=a", SignatureError::SigV4a),
        ("AWS4-HMAC-SHA256", SignatureError::NotKeyValue),
        ("AWS4-HMAC-SHA256 secret", SignatureError::NotKeyValue),
        ("AWS4-HMAC-SHA256 SignedHeaders=host", SignatureError::AuthorizationLacks("Credential")),
        ("AWS4-HMAC-SHA256 Credential=a/b", SignatureError::CredentialElements),
        ("AWS4-HMAC-SHA256 Credential=k/SCOPE", SignatureError::AuthorizationLacks("SignedHeaders")),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, SignedHeaders=host",
            SignatureError::AuthorizationLacks("Signature"),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, Credential=k/SCOPE, SignedHeaders=host, Signature=MAC",
            SignatureError::AuthorizationParameter,
        ),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, SignedHeaders=host, Signature=MAC",
            SignatureError::HeaderUnsigned("x-amz-date".to_owned()),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, SignedHeaders=x-amz-date, Signature=MAC",
            SignatureError::HostUnsigned,
        ),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, SignedHeaders=, Signature=MAC",
            SignatureError::SignedHeadersOrder,
        ),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, SignedHeaders=host;date;x-amz-date, Signature=MAC",
            SignatureError::SignedHeadersOrder,
        ),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, SignedHeaders=accept;host;x-amz-date, Signature=MAC",
            SignatureError::SignedHeader("accept".to_owned()),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, SignedHeaders=host;x-amz-date, Signature=5FA0",
            SignatureError::SignatureForm,
        ),
        (
            "AWS4-HMAC-SHA256 Credential=k/SCOPE, SignedHeaders=host;x-amz-date, Signature=MAC",
            SignatureError::DoesNotMatch,
        ),
    ] {
        assert_eq!(authorization(&value.replace("SCOPE", scope)), expected, "{value}");
    }
    for (credential, expected) in [
        ("AKIDEXAMPLE/20150830/us-east-1/service/aws5_request", SignatureError::Terminator),
        ("AKIDEXAMPLE/20150830/us-east-1/service/aws4_request/", SignatureError::CredentialElements),
        ("/20150830/us-east-1/service/aws4_request", SignatureError::CredentialElement("access key id")),
        ("a b/20150830/us-east-1/service/aws4_request", SignatureError::CredentialElement("access key id")),
        ("AKIDEXAMPLE/2015083/us-east-1/service/aws4_request", SignatureError::CredentialElement("date")),
        ("AKIDEXAMPLE/20150830//service/aws4_request", SignatureError::CredentialElement("region")),
        (
            "AKIDEXAMPLE/20150830/us-east-1/ser.vice/aws4_request",
            SignatureError::CredentialElement("service"),
        ),
        (
            "AKIDEXAMPLE/20150831/us-east-1/service/aws4_request",
            SignatureError::ScopeDate { scope: "20150831".to_owned(), day: "20150830".to_owned() },
        ),
    ] {
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={MAC}"
        );
        assert_eq!(authorization(&value), expected, "{credential}");
    }
}

#[test]
fn presigned_requests() {
    let (_, token) = samples().pop().unwrap();
    let query = token.query.clone().unwrap();
    let changed = |from: &str, to: &str| {
        let query = Some(query.replace(from, to)).filter(|changed| *changed != query);
        Request { query: Some(query.unwrap()), ..token.clone() }.verify(TIME, Lifetime::Stated).unwrap_err()
    };
    for (from, to, expected) in [
        ("X-Amz-Algorithm", "x-amz-algorithm", SignatureError::AuthParameter("X-Amz-Algorithm")),
        ("&X-Amz-Date", "&x-amz-date=1&X-Amz-Date", TWO_SPELLINGS),
        ("&X-Amz-Date", "&X-Amz-Date=1&X-Amz-Date", SignatureError::AuthParameter("X-Amz-Date")),
        ("Action=", "action=GetCallerIdentity&Action=", TWO_SPELLINGS),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", SignatureError::SigV4a),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", SignatureError::Algorithm),
        ("X-Amz-Credential", "X-Credential", SignatureError::QueryLacks),
        ("Expires=60", "Expires=604801", SignatureError::Expires),
        ("Expires=60", "Expires=-1", SignatureError::Expires),
        ("Expires=60", "Expires=%2B1", SignatureError::Expires),
        ("Expires=60", "Expires=", SignatureError::Expires),
        ("20150830T123600Z", "20150830T123660Z", SignatureError::Date),
        ("Expires=60", "Expires=61", SignatureError::DoesNotMatch),
        ("X-Amz-Date", "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Date", UNSIGNED_PAYLOAD),
        ("X-Amz-Date", "X-Amz-Content-Sha256=00&X-Amz-Date", SignatureError::ContentSha256),
    ] {
        assert_eq!(changed(from, to), expected, "{from} to {to}");
    }
    let with = |name: &str| {
        let mut token = token.clone();
        token.headers.push((name.to_owned(), TOKEN.to_owned()));
        token.verify(TIME, Lifetime::Stated).unwrap_err()
    };
    assert_eq!(with("x-amz-security-token"), SignatureError::HeaderOfPresigned("x-amz-security-token"));
    assert_eq!(with("x-amz-date"), SignatureError::HeaderOfPresigned("x-amz-date"));
    assert_eq!(with("authorization"), SignatureError::TwoMechanisms);
    assert_eq!(with("x-k8s-aws-id"), SignatureError::SignedHeader("x-k8s-aws-id".to_owned()));
    assert_eq!(with("x-amz-target"), SignatureError::HeaderUnsigned("x-amz-target".to_owned()));
}

const TWO_SPELLINGS: SignatureError =
    SignatureError::MalformedQuery("the names of two parameters differ in case only");
const UNSIGNED_PAYLOAD: SignatureError = SignatureError::Payload("UNSIGNED-PAYLOAD");

#[test]
fn requests_that_are_none() {
    let malformed = |method: &str, path: &str, query: &str, header: (&str, &str)| {
        let request = Request::new(method, path, Some(query), &[header], "");
        let error = request.verify(TIME, Lifetime::Stated).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{request:?}: {error}");
        error.to_string()
    };
    for method in ["", "get", "GET ", "G\nT", "GÉT", &"G".repeat(33)] {
        malformed(method, "/", "", HOST);
    }
    for path in ["", "*", "a", "/a?", "/a#", "/a b", "/\n", "/\u{7f}"] {
        malformed("GET", path, "", HOST);
    }
    for query in [
        "&", "a=1&", "&a=1", "a=1&&b=2", "=1", "a=%", "a=%2", "a=%zz", "a=%ff", "a=%c3%28", "a b", "a=\n",
        "a=#",
    ] {
        malformed("GET", "/", query, HOST);
    }
    for name in ["", "Host", "x amz", "x:y", "é", "x\n"] {
        malformed("GET", "/", "", (name, ""));
    }
    let (many, long) = ("a&".repeat(256) + "a", "a".repeat(16 * 1024 + 1));
    assert_eq!(
        malformed("GET", "/", &many, HOST),
        "the request's query string is too large: more than 256 parameters"
    );
    malformed("GET", "/", &long, HOST);
    malformed("GET", &format!("/{}", "a".repeat(8 * 1024)), "", HOST);
    for value in ["a\nb:c", "a\rb", "\0", "\u{7f}"] {
        let signed = Request::new("GET", "/", None, &[HOST, ("a", value)], "").signed("service", None);
        assert_eq!(signed, Err(SignatureError::Malformed("header value")), "{value:?}");
    }
    let headers: Vec<(&str, &str)> = vec![("a", ""); 129];
    assert_eq!(refusal(None, &headers).kind(), ErrorKind::Malformed);
    let authority = |authority| {
        let request = Request::new("GET", "/", None, &[HOST], "");
        Request { authority: Some(String::from(authority)), ..request }.verify(TIME, Lifetime::Stated)
    };
    assert_eq!(authority("evil.example"), Err(SignatureError::Malformed("host")));
    assert_eq!(authority(HOST.1), Err(SignatureError::MissingAuthenticationToken));
}

#[test]
fn signatures_that_are_too_large() {
    let too_large = |error: SignatureError| {
        assert!(matches!(error, SignatureError::TooLarge { .. }), "{error}");
    };
    let scope = "20150830/us-east-1/service/aws4_request";
    too_large(authorization(&format!("AWS4-HMAC-SHA256 Credential={}", "a".repeat(8 * 1024))));
    let names: Vec<String> = (0..65).map(|number| format!("a{number:02}")).collect();
    let headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let value =
        format!("AWS4-HMAC-SHA256 Credential=k/{scope}, SignedHeaders={}, Signature={MAC}", names.join(";"));
    too_large(refusal(None, &[headers.as_slice(), &[HOST, DATE, ("authorization", &value)]].concat()));
    let value =
        format!("AWS4-HMAC-SHA256 Credential=k/{scope}, SignedHeaders=a;host;x-amz-date, Signature={MAC}");
    let long = "a".repeat(16 * 1024 + 1);
    too_large(refusal(None, &[("a", &long), HOST, DATE, ("authorization", &value)]));
    let value = value.replace("k/", &format!("{}/", "k".repeat(129)));
    assert_eq!(
        refusal(None, &[("a", ""), HOST, DATE, ("authorization", &value)]),
        SignatureError::CredentialElement("access key id")
    );
}

#[test]
fn payloads_are_hashed() {
    let claim = |value: &str| {
        let request = Request::new("POST", "/", None, &[HOST, ("x-amz-content-sha256", value)], "a");
        request.signed("service", None).and_then(|signed| signed.verify(TIME, Lifetime::Stated))
    };
    let hash = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    assert_eq!(claim(hash), Ok(()));
    assert_eq!(claim(&hash.to_uppercase()), Err(SignatureError::ContentSha256));
    assert_eq!(claim("UNSIGNED-PAYLOAD"), Err(UNSIGNED_PAYLOAD));
    for streaming in ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"] {
        assert_eq!(claim(streaming), Err(SignatureError::Payload("STREAMING-*")));
    }
}

#[test]
fn nothing_that_is_said_to_be_signed_passes_for_anonymous() {
    let parsed = |query, headers: &[(&str, &str)]| {
        let parts = Parts { method: "GET", path: "/", query, headers, authority: None };
        parse(&parts).map(|presented| presented.is_some())
    };
    assert_eq!(parsed(Some("Action=AssumeRoleWithWebIdentity"), &[HOST]), Ok(false));
    assert!(parsed(None, &[HOST, ("authorization", "")]).is_err());
    for parameter in ["X-Amz-Signature=", "X-Amz-Security-Token=a", "x-amz-credential", "X%2DAmz-Date=1"] {
        assert!(parsed(Some(parameter), &[HOST]).is_err(), "{parameter}");
    }
}

#[test]
fn a_content_type_that_is_not_signed_is_not_given() {
    let mut request = Request::new("POST", "/", None, &[HOST], "").signed("service", None).unwrap();
    request.headers.push(("content-type".to_owned(), "text/plain".to_owned()));
    assert_eq!(request.verify(TIME, Lifetime::Stated), Ok(()));
    let given = |name: &str| request.presented(|presented| presented.signed_header(name).map(str::to_owned));
    assert_eq!(given("content-type"), Ok(None));
    assert_eq!(given("host"), Ok(Some(HOST.1.to_owned())));
}

#[test]
fn another_service_is_refused_in_words_of_aws() {
    let request = Request::new("GET", "/", None, &[HOST], "").signed("iam", None).unwrap();
    let error = request.presented(|presented| presented.require_service("sts")).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "Credential should be scoped to correct service: 'sts'.");
    assert_eq!(error.kind(), ErrorKind::SignatureDoesNotMatch);
}

#[test]
fn nothing_is_signed_twice_or_half() {
    let signed = Request::new("GET", "/", Some("a=b"), &[HOST], "").signed("iam", None).unwrap();
    assert_eq!(signed.signed("iam", None), Err(SignatureError::AlreadySigned("authorization")));
    let presigned = Request::new("GET", "/", Some("a=b"), &[HOST], "").presigned("iam", None, 60).unwrap();
    assert_eq!(presigned.presigned("iam", None, 60), Err(SignatureError::AlreadySigned("X-Amz-*")));
    assert_eq!(presigned.signed("iam", None), Err(SignatureError::TwoMechanisms));
    let hostless = Request::new("GET", "/", None, &[], "");
    assert_eq!(hostless.signed("iam", None), Err(SignatureError::HostUnsigned));
    assert!(hostless.presigned("iam", None, 604_801).is_err());
}

/// What comes into logs has nothing in it that opens anything.
#[test]
fn nothing_secret_is_shown() {
    for (name, sample) in samples() {
        let secrets = ["wJalr", "EXAMPLE+/token", "EXAMPLE%2B"];
        let shown = sample.presented(|presented| format!("{presented:?} {:?}", presented.parts())).unwrap();
        assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{name}: {shown}");
        assert!(!shown.contains("ignature"), "{name}: {shown}");
    }
    let error = authorization("AWS4-HMAC-SHA256 swordfish").to_string()
        + &authorization("Basic swordfish").to_string();
    assert!(!error.contains("swordfish"), "{error}");
}
