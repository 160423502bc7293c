//! Tokens changed in every way at every place, verified to the end: none is believed of which the canonical request isn't the one
//! that was signed, and whoever is believed is who signed.
//!
//! `cargo test -p ringwall-authn --test it mutations -- --nocapture` tells how many there were, and which check refused them.

use std::collections::{BTreeMap, HashSet};

use data_encoding::BASE64URL_NOPAD;
use ringwall_authn::sts::VerifyError;
use ringwall_authn::token::{CLUSTER_HEADER, PREFIX};

use crate::harness::{Answers, CLUSTER, DATE, NOW, OPEN, Signing, Sts, aws, token_of, verifier};
use crate::mutants::{Add, mutants};
use crate::naive;

fn samples() -> Vec<Signing> {
    let with = |host: &str, region: &str, session| Signing {
        host: host.to_owned(),
        region: region.to_owned(),
        session,
        ..Signing::default()
    };
    vec![
        with("sts.eu-central-1.amazonaws.com", "eu-central-1", false),
        with("sts.amazonaws.com", "us-east-1", true),
        with("sts-fips.us-east-1.amazonaws.com", "us-east-1", false),
        with("sts.eu-west-1.api.aws", "eu-west-1", true),
        Signing { headers: vec![("accept", "application/json")], expires: 900, ..Signing::default() },
    ]
}

#[tokio::test]
async fn none_is_believed_that_was_not_signed() {
    let sts = Sts::new(Answers::Verifying);
    let verifier = verifier(aws("aws"), OPEN, &sts);
    let mut seen: HashSet<String> = HashSet::new();
    let mut kinds: HashSet<String> = HashSet::new();
    // By what refused them.
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let (mut other, mut forged, mut accepted, mut same) = (0, 0, 0, 0);
    for signing in samples() {
        let url = signing.url();
        let signed = request(&url, &signing.host).unwrap();
        let original = verifier.verify(&token_of(&url), NOW).await.unwrap();
        seen.insert(token_of(&url));
        let mut all = mutants(&url, &signing.host, CLUSTER);
        resigned(&signing, &mut |kind, token| all.push((kind, token)));
        for (kind, token) in all {
            if !seen.insert(token.clone()) {
                continue;
            }
            kinds.insert(kind.clone());
            let before = sts.calls();
            let refusal = match verifier.verify(&token, NOW).await {
                Err(VerifyError::Token(error)) => {
                    assert_eq!(sts.calls(), before);
                    let name = format!("{error:?}");
                    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
                    format!("offline: {name}")
                }
                Err(VerifyError::Denied { code, .. }) => format!("STS: {code}"),
                Err(error) => panic!("{kind}: {error}"),
                Ok(caller) => {
                    let asked = sts.last.lock().unwrap().clone().unwrap();
                    let canonical =
                        naive::canonical_request(asked.url.query().unwrap(), asked.url.authority(), CLUSTER);
                    let is_signed = canonical.as_ref() == Some(&signed);
                    accepted += usize::from(!is_signed);
                    same += usize::from(is_signed);
                    assert!(is_signed, "{kind} was believed: {token}");
                    assert_eq!(asked.headers[CLUSTER_HEADER], CLUSTER);
                    assert_eq!(*caller, *original, "{kind} means something else: {token}");
                    continue;
                }
            };
            *refused.entry(refusal).or_default() += 1;
            match canonical_request_of(&token) {
                Some(canonical) if canonical == signed => forged += 1,
                _ => other += 1,
            }
        }
    }
    println!(
        "{other} mutants whose canonical request is not the signed one, of {} kinds; {forged} with that, and",
        kinds.len()
    );
    println!("another signature, or not as a token is written");
    for (check, count) in &refused {
        println!("{count:>9} refused {check}");
    }
    println!("{accepted:>9} accepted\n{same:>9} accepted that are the signed request in another spelling");
    assert_eq!((accepted, refused.values().sum::<usize>()), (0, other + forged));
    assert!(other > 100_000 && kinds.len() > 150, "{other} of {} kinds", kinds.len());
    let by = |whom: &str| -> usize {
        refused.iter().filter(|(check, _)| check.starts_with(whom)).map(|(_, count)| count).sum()
    };
    assert!(by("STS") > 5_000 && by("offline") > 50_000 && same > 50, "{refused:?}, {same}");
}

fn request(url: &str, host: &str) -> Option<String> {
    naive::canonical_request(url.split_once('?')?.1, host, CLUSTER)
}

/// The canonical request of a token as it is written, if it has one: for a path of `/`, and without a fragment.
fn canonical_request_of(token: &str) -> Option<String> {
    let url = BASE64URL_NOPAD.decode(token.strip_prefix(PREFIX)?.as_bytes()).ok()?;
    let url = String::from_utf8(url).ok()?;
    let (authority, query) = url.strip_prefix("https://")?.split_once("/?")?;
    naive::canonical_request(query.split('#').next()?, authority, CLUSTER)
}

/// Signed again, by whom or for what it should not be.
fn resigned(signing: &Signing, add: Add<'_>) {
    let url = |change: &dyn Fn(&mut Signing)| {
        let mut other = signing.clone();
        change(&mut other);
        other.url()
    };
    for id in ["", "other", "Storefront", "storefront ", "storefront2", "store"] {
        if !id.is_empty() {
            add("for another cluster".to_owned(), token_of(url(&|other| other.cluster = id.to_owned())));
        }
    }
    let other_key = ringwall_model::Secret::from(String::from("another key"));
    add("by another key".to_owned(), token_of(url(&|other| other.secret = other_key.clone())));
    add("for another service".to_owned(), token_of(url(&|other| other.service = "iam")));
    add("in the past".to_owned(), token_of(url(&|other| other.time = NOW - 901)));
    add("in the future".to_owned(), token_of(url(&|other| other.time = NOW + 901)));
    add("with a header more".to_owned(), token_of(url(&|other| other.headers.push(("x-extra", "1")))));
    add(
        "with another accept".to_owned(),
        token_of(url(&|other| other.headers = vec![("accept", "text/xml")])),
    );
    for host in ["sts.us-west-2.amazonaws.com", "evil.example", "sts.eu-central-1.amazonaws.com:443"] {
        add(format!("for {host}"), token_of(url(&|other| other.host = host.to_owned())));
        let signed_there = url(&|other| other.host = host.to_owned());
        add(format!("for {host}, sent here"), token_of(signed_there.replacen(host, &signing.host, 1)));
    }
    for region in ["us-west-2", "xx-west-1"] {
        if !signing.host.ends_with("sts.amazonaws.com") {
            add("for another region".to_owned(), token_of(url(&|other| other.region = region.to_owned())));
        }
    }
    assert!(signing.url().contains(DATE));
}
