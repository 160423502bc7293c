//! Generated requests: what is signed is accepted, the naive twin agrees, and a change at random passes only where nothing that
//! is signed changes.

use proptest::prelude::*;
use ringwall_sigv4::Lifetime;

use crate::request::{KEY_ID, Request, SECRET, TIME, TOKEN};
use crate::{naive, peer};

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// Requests without a signature, such as a client of AWS may send and worse ones.
fn requests() -> impl Strategy<Value = Request> {
    let segment = prop_oneof![
        3 => "[a-zA-Z0-9._~-]{1,6}",
        1 => "(%[0-9a-fA-F]{2}|[!$&'()*+,;=:@é]){1,3}",
        1 => prop_oneof![Just(""), Just("."), Just("..")].prop_map(str::to_owned),
    ];
    let path = prop::collection::vec(segment, 0..5).prop_map(|segments| format!("/{}", segments.join("/")));
    let text = || prop_oneof![3 => "[a-zA-Z0-9._~-]{1,6}", 1 => "([+/:;,!']|%2[0-9a-fA-F]|%C3%A9){1,3}"];
    let pair = (text(), prop::option::of(prop_oneof![Just(String::new()), text()]))
        .prop_map(|(name, value)| value.map_or(name.clone(), |value| format!("{name}={value}")));
    let query = prop::option::of(prop::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join("&")));
    let value = "[ \t]{0,2}[!-~é]{0,5}( {1,3}[!-~]{1,5}){0,2}[ \t]{0,2}";
    let headers = prop::collection::btree_map("x-[a-z0-9-]{1,8}|content-type|user-agent|accept", value, 0..6);
    let method = prop_oneof![Just("GET"), Just("POST"), Just("DELETE")];
    let body = prop::collection::vec(any::<u8>(), 0..40);
    (method, path, query, headers, body, any::<bool>()).prop_map(
        |(method, path, query, headers, body, h2)| {
            let mut request = Request::new(method, &path, query.as_deref(), &[], "");
            request.headers.extend(headers);
            request.body = body;
            match h2 {
                true => request.authority = Some("localhost:8443".to_owned()),
                false => request.headers.push(("host".to_owned(), "localhost:8443".to_owned())),
            }
            request
        },
    )
}

/// The request, signed in one of the ways. `None` if it can't be, since the names of two parameters differ in case only.
fn signed(request: &Request, presigned: bool, token: bool) -> Option<Request> {
    let token = token.then_some(TOKEN);
    let signed = if presigned { request.presigned("eks", token, 900) } else { request.signed("eks", token) };
    signed.ok()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_signed_is_accepted(request in requests(), presigned: bool, token: bool) {
        let Some(signed) = signed(&request, presigned, token) else {
            let names = request.with(|parts| parts.query_pairs().map(|_| ()));
            prop_assert!(names.is_err(), "not signed: {request:?}");
            return Ok(());
        };
        prop_assert_eq!(signed.verify(TIME, Lifetime::Stated), Ok(()));
        let twin = naive::read(&signed).unwrap();
        prop_assert_eq!(naive::signature(SECRET, &twin.string_to_sign), twin.signature);
        let own = request.with(|parts| parts.query_pairs().map(|pairs| format!("{pairs:?}")));
        let read = signed.presented(|presented| format!("{:?}", presented.query_pairs().collect::<Vec<_>>()));
        prop_assert_eq!(own, read);
    }

    /// As somebody else's client signs it, of all headers or of those that have to be.
    #[test]
    fn what_the_twin_signs_is_accepted(mut request in requests(), few: bool) {
        request.headers.push(("x-amz-date".to_owned(), "20150830T123600Z".to_owned()));
        let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).chain(["host"]).collect();
        names.retain(|name| !few || ["host", "x-amz-date"].contains(name) || name.starts_with("x-amz-"));
        names.sort_unstable();
        names.dedup();
        let names = names.join(";");
        let scope = "20150830/us-east-1/eks/aws4_request";
        let authorization = |signature: &str| {
            let text = format!("AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={names}, Signature={signature}");
            ("authorization".to_owned(), text)
        };
        let mut unsigned = request.clone();
        unsigned.headers.push(authorization("0"));
        let signature = naive::signature(SECRET, &naive::read(&unsigned).unwrap().string_to_sign);
        let mut signed = request.clone();
        signed.headers.push(authorization(&signature));
        let answer = signed.verify(TIME, Lifetime::Stated);
        let readable = request.with(|parts| parts.query_pairs().is_ok());
        prop_assert_eq!(answer.is_ok(), readable, "{:?}", answer);
    }

    /// AWS's own signer for Rust.
    #[test]
    fn what_the_sdk_signs_is_accepted(mut request in requests(), presigned: bool, token: bool) {
        // It signs tabs around a value, which HTTP takes away on the way.
        request.headers.iter_mut().for_each(|(_, value)| *value = value.replace('\t', ""));
        // Where a dot segment is last, the SDKs for Rust and for Python sign different paths.
        prop_assume!(!["/.", "/.."].iter().any(|end| request.path.ends_with(end)));
        let token = token.then_some(TOKEN);
        let Ok(signed) = peer::signed(&request, "eks", token, presigned.then_some(900)) else { return Ok(()) };
        let answer = signed.verify(TIME, Lifetime::Stated);
        let readable = request.with(|parts| parts.query_pairs().is_ok());
        prop_assert_eq!(answer.is_ok(), readable, "{:?}: {:?}", answer, signed);
    }

    #[test]
    fn a_change_passes_only_if_nothing_signed_changes(
        request in requests(),
        presigned: bool,
        part in 0_usize..5,
        at: prop::sample::Index,
        char in prop_oneof![Just('\0'), any::<char>(), "[ -~]".prop_map(|text| text.chars().next().unwrap())],
        remove: bool,
    ) {
        let Some(signed) = signed(&request, presigned, false) else { return Ok(()) };
        let mut changed = signed.clone();
        let headers = changed.headers.len();
        let text = match part {
            0 => &mut changed.method,
            1 => &mut changed.path,
            2 => changed.query.get_or_insert_default(),
            _ if headers == 0 => changed.authority.get_or_insert_default(),
            3 => &mut changed.headers[at.index(headers)].0,
            _ => &mut changed.headers[at.index(headers)].1,
        };
        let mut chars: Vec<char> = text.chars().collect();
        let place = at.index(chars.len() + 1);
        if remove && place < chars.len() {
            chars.remove(place);
        }
        if char != '\0' {
            chars.insert(place.min(chars.len()), char);
        }
        *text = chars.into_iter().collect();
        if changed.verify(TIME, Lifetime::Stated).is_ok() {
            prop_assert_eq!(naive::read(&changed), naive::read(&signed));
        }
    }

    #[test]
    fn no_request_makes_it_panic(
        method in ".{0,4}", path in ".{0,12}", query in prop::option::of("\\PC{0,20}"), value in ".{0,20}", part in ".{0,30}",
    ) {
        let authorization = format!("AWS4-HMAC-SHA256 {part}");
        let request = Request::new(&method, &path, query.as_deref(), &[("authorization", &authorization), ("host", &value)], "");
        prop_assert!(request.verify(TIME, Lifetime::Stated).is_err());
    }
}
