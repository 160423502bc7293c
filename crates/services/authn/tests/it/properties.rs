//! Generated tokens, next to the reference written down again: what is taken here is taken there, and what is taken there only
//! could be read in two ways.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use ringwall_authn::token::TokenError;

use crate::harness::{DATE, NOW, aws, token_of};
use crate::naive;

/// A parameter as it is, or nearly.
fn parameter() -> impl Strategy<Value = String> {
    let names = select(vec![
        "Action",
        "action",
        "ACTION",
        "Version",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "x-amz-credential",
        "X-Amz-Date",
        "x-amz-date",
        "X-Amz-Expires",
        "x-amz-expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "x-amz-signedheaders",
        "X-Amz-Extra",
        "%41ction",
        "",
    ]);
    let values = select(vec![
        "GetCallerIdentity",
        "2011-06-15",
        "AKIA%2F20231114%2Feu-central-1%2Fsts%2Faws4_request",
        "AKIA/x",
        DATE,
        "20231114T215819Z",
        "20231114T215820Z",
        "20231114T215820.5Z",
        "20231114T222821Z",
        "60",
        "900",
        "901",
        "-1",
        "+60",
        "%2B60",
        "060",
        "host%3Bx-k8s-aws-id",
        "x-k8s-aws-id",
        "host%3BX-K8S-AWS-ID",
        "host;x-k8s-aws-id",
        "host",
        "",
        "a%20b",
        "a+b",
        "%",
        "%zz",
        "%00",
        "a%3Db",
        "a=b",
    ]);
    (names, values, any::<bool>()).prop_map(|(name, value, marked)| {
        if marked || !value.is_empty() { format!("{name}={value}") } else { name.to_owned() }
    })
}

/// What a token has, each a little wrong at times.
fn usual() -> impl Strategy<Value = Vec<String>> {
    let one = |name: &'static str, all: Vec<&'static str>| prop_oneof![8 => Just(Some(format!("{name}={}", all[0]))), 1 => select(all).prop_map(move |value| Some(format!("{name}={value}"))), 1 => Just(None)];
    (
        one("Action", vec!["GetCallerIdentity", "GetSessionToken"]),
        one("Version", vec!["2011-06-15", ""]),
        one("X-Amz-Credential", vec!["AKIA%2F20231114%2Feu-central-1%2Fsts%2Faws4_request", ""]),
        one("X-Amz-Date", vec![DATE, "20231114T215819Z", "20231114T215820Z", "20231114", ""]),
        one("X-Amz-Expires", vec!["60", "0", "900", "901", "%2B1", ""]),
        one("X-Amz-SignedHeaders", vec!["host%3Bx-k8s-aws-id", "X-K8S-AWS-ID", "host"]),
    )
        .prop_map(|all| <[Option<String>; 6]>::from(all).into_iter().flatten().collect())
}

fn url() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![20 => Just("https"), 1 => select(vec!["http", "HTTPS", "", "ftp"])];
    let host = prop_oneof![
        20 => Just("sts.eu-central-1.amazonaws.com"),
        3 => select(vec![
            "sts.amazonaws.com", "sts-fips.us-east-1.amazonaws.com", "sts.cn-north-1.amazonaws.com.cn", "sts.x.amazonaws.com",
            "STS.x.amazonaws.com", "sts.X.amazonaws.com", "sts.x.amazonaws.com:443", "user@sts.x.amazonaws.com", "evil.example", "",
        ]),
    ];
    let path = prop_oneof![20 => Just("/"), 1 => select(vec!["", "//", "/%2F", "/.", "%2F", "/x", "/#"])];
    let extra = prop_oneof![4 => Just(Vec::new()), 3 => prop::collection::vec(parameter(), 1..3)];
    let join = prop_oneof![30 => Just("&"), 1 => select(vec![";", "&&", "&amp;"])];
    (scheme, host, path, usual(), extra, join, any::<prop::sample::Index>()).prop_map(
        |(scheme, host, path, mut pairs, extra, join, at)| {
            for pair in extra {
                pairs.insert(at.index(pairs.len() + 1), pair);
            }
            format!("{scheme}://{host}{path}?{}", pairs.join(join))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_are_read_as_the_reference_reads_them(url in url(), partition in select(vec!["aws", "aws-cn"])) {
        let ours = aws(partition).read(&token_of(&url), NOW);
        let theirs = naive::verify(&url, partition, NOW);
        match (&ours, &theirs) {
            (Ok(token), Ok(id)) => prop_assert_eq!(token.access_key_id(), id),
            (Ok(_), Err(why)) => prop_assert!(false, "only we take {}: {}", url, why),
            (Err(error), Ok(_)) => {
                let stricter = match error {
                    // A fragment, escapes in names, marks that some readers take for others.
                    TokenError::Url(_) | TokenError::Query(_) => true,
                    // Upper case, user information.
                    TokenError::Scheme { found, .. } | TokenError::Host { found, .. } => {
                        *found != found.to_lowercase() || found.contains('@')
                    }
                    TokenError::Path { found } => found.contains('%'),
                    TokenError::Expires => url.contains("%2B"),
                    TokenError::Date => url.contains('.'),
                    TokenError::NotYet { .. } => true,
                    _ => false,
                };
                prop_assert!(stricter, "only the reference takes {}: {}", url, error);
            }
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let rules = aws("aws");
        prop_assert!(rules.read(&text, NOW).is_err());
        prop_assert!(rules.read(&token_of(&text), NOW).is_err());
        prop_assert!(rules.read(&token_of(&bytes), NOW).is_err());
    }
}

#[test]
fn generated_tokens_are_of_both_kinds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let taken = (0..2000)
        .filter(|_| {
            let url = url().new_tree(&mut runner).unwrap().current();
            aws("aws").read(&token_of(&url), NOW).is_ok()
        })
        .count();
    assert!((200..1800).contains(&taken), "{taken}");
}
