//! Every check of a token, offline.

use ringwall_authn::token::{MAX_TOKEN_BYTES, PREFIX, Rules, TokenError};

use crate::harness::{DATE, NOW, Signing, aws, endpoint, token_of};

/// A token that passes, as text to change.
fn url() -> String {
    Signing::default().url()
}

/// The error for a changed URL; it has to be refused.
fn error(change: impl FnOnce(String) -> String) -> TokenError {
    let changed = change(url());
    match aws("aws").read(&token_of(&changed), NOW) {
        Err(error) => error,
        Ok(_) => panic!("it is taken: {changed}"),
    }
}

/// The error for a URL in which a part is another.
fn swapped(from: &str, to: &str) -> TokenError {
    error(|url| {
        assert!(url.contains(from), "{from}");
        url.replacen(from, to, 1)
    })
}

fn taken(rules: &Rules, url: &str) {
    let token = rules.read(&token_of(url), NOW).unwrap_or_else(|error| panic!("{url}: {error}"));
    token.check_signature(rules).unwrap_or_else(|error| panic!("{url}: {error}"));
}

#[test]
fn what_clients_sign_passes() {
    taken(&aws("aws"), &url());
    taken(&aws("aws"), &Signing { session: true, ..Signing::default() }.url());
    taken(
        &aws("aws"),
        &Signing { headers: vec![("accept", "application/json")], ..Signing::default() }.url(),
    );
    for expires in [0, 1, 60, 900] {
        taken(&aws("aws"), &Signing { expires, ..Signing::default() }.url());
    }
    // The SDK for Go sorts the parameters.
    let url = url();
    let (head, query) = url.split_once('?').unwrap();
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    taken(&aws("aws"), &format!("{head}?{}", pairs.join("&")));
}

#[test]
fn what_is_no_token_is_refused() {
    let rules = aws("aws");
    let read = |text: &str| rules.read(text, NOW).unwrap_err();
    let long = format!("{PREFIX}{}", "A".repeat(MAX_TOKEN_BYTES));
    assert_eq!(read(&long), TokenError::TooLong { bytes: long.len() });
    for text in [
        "",
        "k8s-aws-v1",
        "K8s-aws-v1.aHR0",
        "k8s-aws-v2.aHR0",
        " k8s-aws-v1.aHR0",
        "eyJhbGciOiJSUzI1NiJ9.e30.x",
    ] {
        assert_eq!(read(text), TokenError::Prefix, "{text}");
    }
    let token = token_of(url());
    for text in [
        format!("{token}="),
        format!("{token}\n"),
        format!("{token} "),
        format!("{PREFIX}\n{}", &token[PREFIX.len()..]),
        format!("{PREFIX}a+/b"),
        format!("{PREFIX}A"),
        // Loose bits.
        format!("{PREFIX}aHR0cHN"),
        format!("{PREFIX}é"),
    ] {
        assert_eq!(read(&text), TokenError::Base64, "{text}");
    }
    for url in ["", "x", "https:/x", "https//x/"] {
        assert_eq!(read(&token_of(url)), TokenError::Url("it has no scheme"), "{url}");
    }
}

#[test]
fn the_longest_token_is_read() {
    let rules = aws("aws");
    let filler = |length| {
        url().replace("&X-Amz-Date", &format!("&X-Amz-Security-Token={}&X-Amz-Date", "A".repeat(length)))
    };
    let length = (0..4096).find(|length| token_of(filler(*length)).len() >= MAX_TOKEN_BYTES - 1).unwrap();
    rules.read(&token_of(filler(length)), NOW).unwrap();
    assert!(matches!(rules.read(&token_of(filler(length + 3)), NOW), Err(TokenError::TooLong { .. })));
}

#[test]
fn bytes_that_are_not_visible_ascii_are_refused() {
    let refused = TokenError::Url("it has bytes that are no visible ASCII");
    for part in ["\0", "\n", "\r\n", "\t", " ", "\u{7f}", "é", "\u{200b}", "。"] {
        for at in [0, 5, 8, 20, url().len()] {
            assert_eq!(
                error(|url| format!("{}{part}{}", &url[..at], &url[at..])),
                refused,
                "{part:?} at {at}"
            );
        }
    }
    assert_eq!(aws("aws").read(&token_of(b"https://\xff/?"), NOW).unwrap_err(), refused);
}

#[test]
fn the_scheme_is_https() {
    for scheme in ["http", "HTTPS", "Https", "ftp", "", "https:https", "x"] {
        let wanted = TokenError::Scheme { found: scheme.to_owned(), wanted: "https" };
        assert_eq!(swapped("https://", &format!("{scheme}://")), wanted, "{scheme}");
    }
}

#[test]
fn the_path_is_the_root() {
    for (path, found) in
        [("?", ""), ("//?", "//"), ("/.?", "/."), ("/%2F?", "/%2F"), ("/x?", "/x"), ("/;a?", "/;a")]
    {
        assert_eq!(swapped("/?", path), TokenError::Path { found: found.to_owned() }, "{path}");
    }
    assert_eq!(error(|url| format!("{url}#")), TokenError::Url("it has a fragment"));
    assert_eq!(error(|url| url.replace("/?", "/#?")), TokenError::Url("it has a fragment"));
}

#[test]
fn a_query_string_has_one_reading() {
    for (from, to) in [
        ("Action=", "+Action="),
        ("Version", "%56ersion"),
        ("&Version", ";Version"),
        ("&Version", "&&Version"),
        ("&Version", "&=x&Version"),
        ("&Version=2011-06-15", "&Version"),
        ("%3B", ";"),
        ("2011-06-15", "2011+06-15"),
        ("2011-06-15", "2011%2006-15"),
        ("2011-06-15", "2011%0a06-15"),
        ("2011-06-15", "2011%0006-15"),
        ("2011-06-15", "%C3%A9"),
        ("2011-06-15", "%FF"),
        ("2011-06-15", "%"),
        ("2011-06-15", "%2"),
        ("2011-06-15", "%zz"),
        ("2011-06-15", "\"x\""),
        ("2011-06-15", "[x]"),
        ("2011-06-15", "a\\b"),
        ("2011-06-15", "a|b"),
        ("2011-06-15", "{a}"),
    ] {
        assert!(matches!(swapped(from, to), TokenError::Query(_)), "{from} -> {to}: {:?}", swapped(from, to));
    }
    assert!(matches!(error(|url| format!("{url}&")), TokenError::Query(_)));
    assert!(matches!(error(|url| url.split_once('?').unwrap().0.to_owned() + "?"), TokenError::Query(_)));
}

#[test]
fn each_parameter_is_listed_and_there_once() {
    let url = url();
    let names: Vec<&str> =
        url.split_once('?').unwrap().1.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
    assert_eq!(names.len(), 8);
    for name in names {
        let add = |name: &str, value: &str| error(|url| format!("{url}&{name}={value}"));
        let front = |name: &str| error(|url| url.replace("/?", &format!("/?{name}=x&")));
        // CVE-2022-2385.
        for other in [name.to_lowercase(), name.to_uppercase()] {
            for error in [add(&other, "x"), add(&other, ""), front(&other)] {
                assert!(matches!(error, TokenError::Duplicate { .. }), "{other}: {error}");
            }
        }
        for error in [add(name, "x"), add(name, ""), front(name)] {
            assert_eq!(error, TokenError::Several { name: name.to_owned() });
        }
    }
    for name in ["x-amz-content-sha256", "X-Amz-Foo", "RoleArn", "action2", "x_amz_date", "X-Amz-Date."] {
        assert_eq!(error(|url| format!("{url}&{name}=x")), TokenError::NotListed { name: name.to_owned() });
    }
    let long = "x".repeat(100);
    let shown = format!("{}…", "x".repeat(64));
    assert_eq!(error(|url| format!("{url}&{long}=x")), TokenError::NotListed { name: shown });
}

#[test]
fn the_action_is_get_caller_identity() {
    for action in ["getcalleridentity", "GetSessionToken", "", "GetCallerIdentity%2C"] {
        let error = swapped("GetCallerIdentity", action);
        assert!(matches!(error, TokenError::Action { .. }), "{action}: {error}");
    }
    assert_eq!(swapped("Action=GetCallerIdentity&", ""), TokenError::Action { found: String::new() });
}

#[test]
fn the_cluster_is_signed() {
    for names in ["host", "host%3Bx-k8s-aws-idx", "host%2Cx-k8s-aws-id", "host%3B", "", "x-k8s-aws-i"] {
        assert_eq!(swapped("host%3Bx-k8s-aws-id", names), TokenError::ClusterUnsigned, "{names}");
    }
}

#[test]
fn expires_is_a_number_of_seconds() {
    for expires in ["", "901", "-1", "%2B60", "60s", "6e1", "0x3c", "60.0", "4294967296", "٦"] {
        let error = swapped("X-Amz-Expires=60", &format!("X-Amz-Expires={expires}"));
        let expected = if expires == "٦" {
            TokenError::Url("it has bytes that are no visible ASCII")
        } else {
            TokenError::Expires
        };
        assert_eq!(error, expected, "{expires}");
    }
    assert_eq!(swapped("&X-Amz-Expires=60", ""), TokenError::Expires);
}

#[test]
fn the_date_is_within_a_quarter_of_an_hour() {
    let rules = aws("aws");
    let read = |now| rules.read(&token_of(url()), now);
    assert_eq!(read(NOW + 900).unwrap().expires(), NOW + 900);
    assert!(matches!(read(NOW + 901), Err(TokenError::Expired { .. })));
    read(NOW - 900).unwrap();
    assert!(matches!(read(NOW - 901), Err(TokenError::NotYet { .. })));
    assert_eq!(read(i64::MAX), Err(TokenError::Clock));
    assert_eq!(
        read(NOW + 3600).unwrap_err().to_string(),
        "the token was signed at 20231114T221320Z and ended 15 min later; now is 20231114T231320Z (hint: kubectl gets a new one; \
         else the clocks differ)"
    );
    for (date, expected) in [
        ("", TokenError::NoDate),
        ("20231114", TokenError::Date),
        ("20231114T221320", TokenError::Date),
        ("20231114T221320z", TokenError::Date),
        ("20231114T221320.5Z", TokenError::Date),
        ("20231114T221360Z", TokenError::Date),
        ("20231131T221320Z", TokenError::Date),
        ("2023-11-14T22:13:20Z", TokenError::Date),
        ("1700000000", TokenError::Date),
    ] {
        assert_eq!(swapped(&format!("X-Amz-Date={DATE}"), &format!("X-Amz-Date={date}")), expected, "{date}");
    }
    assert_eq!(swapped(&format!("&X-Amz-Date={DATE}"), ""), TokenError::NoDate);
}

#[test]
fn the_order_is_the_references() {
    // Each has everything wrong that comes after what is told.
    let date = "&X-Amz-Date=1&x-amz-date=2";
    assert!(matches!(swapped("https://sts.", "http://evil."), TokenError::Scheme { .. }));
    assert!(matches!(swapped("amazonaws.com/?", &format!("example.com/x?{date}&")), TokenError::Host { .. }));
    assert!(matches!(swapped("/?", &format!("/x?{date}&")), TokenError::Path { .. }));
    assert!(matches!(error(|url| format!("{url}&evil=1&action=x&Action=y")), TokenError::Duplicate { .. }));
    assert!(matches!(error(|url| format!("{url}&evil=1&Action=y")), TokenError::NotListed { .. }));
    let action = error(|url| url.replace("GetCallerIdentity", "X").replace("%3Bx-k8s-aws-id", ""));
    assert!(matches!(action, TokenError::Action { .. }));
    let cluster = error(|url| url.replace("%3Bx-k8s-aws-id", "").replace("Expires=60", "Expires=x"));
    assert_eq!(cluster, TokenError::ClusterUnsigned);
    assert_eq!(error(|url| url.replace("Expires=60", "Expires=x").replace(DATE, "x")), TokenError::Expires);
}

#[test]
fn what_sts_would_refuse_whoever_signed_costs_no_call() {
    let rules = aws("aws");
    let refused = |url: &str| {
        let token = rules.read(&token_of(url), NOW).unwrap_or_else(|error| panic!("{url}: {error}"));
        token.check_signature(&rules).unwrap_err()
    };
    let url = url();
    for (from, to) in [
        ("Action", "action"),
        ("X-Amz-Date", "x-amz-date"),
        ("host%3B", ""),
        ("host%3Bx-k8s-aws-id", "x-k8s-aws-id%3Bhost"),
        ("x-k8s-aws-id", "X-K8s-Aws-Id"),
        ("host%3B", "host%3Buser-agent%3B"),
        ("host%3Bx", "host%3Bhost%3Bx"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", ""),
        ("%2F20231114%2F", "%2F20231113%2F"),
        ("%2Fsts%2F", "%2Fs3%2F"),
        ("%2Faws4_request", ""),
        ("aws4_request", "aws4_requests"),
        ("&X-Amz-Signature=", "&X-Amz-Signature=0"),
        ("AKIAIOSFODNN7EXAMPLE", ""),
        ("X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20231114%2Feu-central-1%2Fsts%2Faws4_request&", ""),
    ] {
        assert!(url.contains(from), "{from}");
        let error = refused(&url.replacen(from, to, 1));
        assert!(matches!(error, TokenError::Signature(_) | TokenError::Request), "{from} -> {to}: {error}");
    }
    assert_eq!(refused(&url.replace("2011-06-15", "2010-05-08")), TokenError::Request);
    assert_eq!(refused(&url.replace("&Version=2011-06-15", "")), TokenError::Request);
    let elsewhere = Signing { region: "eu-west-1".to_owned(), ..Signing::default() };
    let (signed, host) = ("eu-west-1".to_owned(), "eu-central-1".to_owned());
    assert_eq!(refused(&elsewhere.url()), TokenError::ScopeRegion { signed, host });
    // The global host is signed for whatever region its clients take for it, and an endpoint of one's own for any.
    taken(&rules, &Signing { host: "sts.amazonaws.com".to_owned(), ..Signing::default() }.url());
    let own = Signing { host: "sts.example.com:8443".to_owned(), ..Signing::default() };
    taken(&endpoint("https://sts.example.com:8443"), &own.url());
}

#[test]
fn a_token_of_another_cluster_is_for_sts_to_refuse() {
    let rules = aws("aws");
    let token = Signing { cluster: "other".to_owned(), ..Signing::default() }.token();
    rules.read(&token, NOW).unwrap().check_signature(&rules).unwrap();
}

#[test]
fn no_message_shows_a_signature_or_a_session_token() {
    let rules = aws("aws");
    let token = Signing { session: true, ..Signing::default() }.token();
    let read = rules.read(&token, NOW).unwrap();
    assert_eq!(
        format!("{read:?}"),
        "Token { host: \"sts.eu-central-1.amazonaws.com\", access_key_id: \"ASIAIOSFODNN7EXAMPLE\", signed_at: 1700000000, .. }"
    );
}

#[test]
fn cluster_ids_are_headers() {
    use ringwall_authn::token::Hosts;
    let hosts = || Hosts::Endpoint("https://sts.example.com".parse().unwrap());
    for id in ["storefront", "prod.k8s.example.com", "a/b_c-1"] {
        Rules::new(id, hosts()).unwrap();
    }
    for id in ["", "a b", "a\n", "é", &"x".repeat(257)] {
        Rules::new(id, hosts()).unwrap_err();
    }
}
