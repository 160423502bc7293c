//! What holds for any bytes that the token webhook reads beside tokens. Fuzz targets call it, and a test that replays their
//! corpora.
#![allow(dead_code, reason = "each fuzz target calls one of these")]

use std::sync::LazyLock;

use ringwall_authn::fuzz;
use ringwall_authn::sources::RESERVED;
use ringwall_authn::token::{Hosts, PREFIX, Rules as TokenRules, Token};
use ringwall_awsclient::http::HttpResponse;
use ringwall_awsclient::partition::Partition;
use ringwall_rbac::entry::{Caller, Mappings, Rules};

/// 2023-11-14T22:13:20Z.
const NOW: i64 = 1_700_000_000;

const CALLERS: [&str; 4] = [
    "arn:aws:iam::111122223333:user/ann",
    "arn:aws:sts::111122223333:assumed-role/dev/ann@example.com",
    "arn:aws:sts::111122223333:assumed-role/nodes/i-0123456789abcdef0",
    "arn:aws:iam::111122223333:root",
];

/// Bytes as each review that an apiserver sends. Tells whether they are one of a token, and one of access.
pub(crate) fn reviews(bytes: &[u8]) -> (bool, bool) {
    let token = fuzz::token_review(bytes);
    match &token {
        Ok((answer, length)) => {
            assert!(*length > 0 && *length <= bytes.len());
            assert_eq!(answer["status"]["authenticated"], false);
            let version = answer.get("apiVersion").and_then(|version| version.as_str());
            assert!(version.is_none_or(|version| version.starts_with("authentication.k8s.io/v1")));
        }
        Err(why) => assert!(!why.is_empty()),
    }
    let access = fuzz::subject_access_review(bytes);
    match &access {
        Ok((answer, _)) => {
            assert_eq!(
                (&answer["status"]["allowed"], &answer["kind"]),
                (&false.into(), &"SubjectAccessReview".into())
            );
        }
        Err(why) => assert!(!why.is_empty()),
    }
    assert!(token.is_err() || access.is_err(), "both at once");
    (token.is_ok(), access.is_ok_and(|(_, asks)| asks))
}

/// Bytes as a manifest of aws-auth, and as a file of mappings. Tells how many mappings each has; nobody gets a reserved name
/// by one.
pub(crate) fn mappings(bytes: &[u8]) -> [Option<usize>; 2] {
    let reserved = RESERVED.map(Into::into).to_vec();
    let rules = Rules { reserved_names: reserved, wildcards: true, ..Rules::default() };
    [fuzz::aws_auth(bytes, rules.clone()), fuzz::mapping_file(bytes, rules)].map(|read| {
        let mappings = read.map_err(|why| assert!(!why.is_empty())).ok()?;
        for name in identified(&mappings) {
            assert!(!RESERVED.iter().any(|reserved| name.starts_with(reserved)), "{name}");
        }
        Some(mappings.all().len())
    })
}

/// Bytes as the copy of a cluster's access entries. Tells how many there are.
pub(crate) fn access_entries(bytes: &[u8]) -> Option<usize> {
    let read = fuzz::access_entries(bytes, "storefront", &Rules::default());
    let mappings = read.map_err(|why| assert!(!why.is_empty())).ok()?;
    _ = identified(&mappings);
    Some(mappings.all().len())
}

/// The names that callers get.
fn identified(mappings: &Mappings) -> Vec<String> {
    let name = |arn: &&str| {
        let caller = Caller { unique_id: Some("AROAEXAMPLE"), ..Caller::new(arn.parse().expect("an ARN")) };
        let found = mappings.identify(&caller).identity().map(|identity| identity.user.clone());
        assert_eq!(found, mappings.identify(&caller).identity().map(|identity| identity.user.clone()));
        found.map(|user| user.name)
    };
    CALLERS.iter().filter_map(name).collect()
}

/// A line with a status, and a body, as STS's answer. Tells whether a caller is believed.
pub(crate) fn sts_answer(bytes: &[u8]) -> bool {
    static TOKEN: LazyLock<Token> = LazyLock::new(|| {
        let url = format!(
            "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20231114%2Feu-central-1%2Fsts%2Faws4_request&X-Amz-Date=20231114T221320Z\
             &X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature={}",
            "0".repeat(64)
        );
        let partition = Partition::named("aws").expect("a partition");
        let rules = TokenRules::new("storefront", Hosts::Aws { partition, region: None }).expect("an id");
        let encoded = data_encoding::BASE64URL_NOPAD.encode(url.as_bytes());
        rules.read(&format!("{PREFIX}{encoded}"), NOW).expect("a token")
    });
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return false };
    let (status, body) = bytes.split_at(end);
    let Ok(status) = http::StatusCode::from_bytes(status) else { return false };
    let body = bytes::Bytes::copy_from_slice(body.get(1..).unwrap_or_default());
    match fuzz::sts_answer(&TOKEN, &HttpResponse { status, headers: http::HeaderMap::new(), body }) {
        Ok(caller) => {
            assert_eq!((status.as_u16(), &caller.account), (200, &caller.arn.account));
            assert!(!caller.user_id.is_empty() && caller.canonical_arn.starts_with("arn:"));
            true
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty() && told.len() < 8_192, "{} bytes", told.len());
            false
        }
    }
}
