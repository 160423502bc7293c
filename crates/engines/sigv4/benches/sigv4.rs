//! How fast requests are verified, beside the naive twin of the tests and beside AWS's SDK for Rust signing the same request,
//! in the same run: `cargo bench -p ringwall-sigv4`.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a benchmark stops at the first surprise, and uses a part of what the tests have"
)]

#[path = "../tests/it/naive.rs"]
mod naive;
#[path = "../tests/it/peer.rs"]
mod peer;
#[path = "../tests/it/request.rs"]
mod request;

use std::hint::black_box;
use std::time::Instant;

use request::{Request, SECRET, TIME, TOKEN, samples};
use ringwall_model::Secret;
use ringwall_sigv4::{Lifetime, Parts, parse, signing_key};

/// Of so many rounds the median counts.
const ROUNDS: usize = 101;
/// Requests of a round, so that the clock costs nothing.
const REQUESTS: usize = 200;

fn main() {
    for (name, request) in samples() {
        let (secret, token) = (Secret::from(SECRET.to_owned()), request.with(has_token).then_some(TOKEN));
        let verify = |cached: bool| {
            request.with(|parts| {
                let key = |scope: &ringwall_sigv4::Scope<'_>| {
                    signing_key(&secret, &scope.date, &scope.region, &scope.service).unwrap()
                };
                let kept = key(parse(parts).unwrap().unwrap().scope());
                median(|| {
                    let presented = parse(black_box(parts)).unwrap().unwrap();
                    let fresh = (!cached).then(|| key(presented.scope()));
                    let key = fresh.as_ref().unwrap_or(&kept);
                    presented.verify(&request.body, key, TIME, Lifetime::Stated).unwrap();
                })
            })
        };
        let (own, fresh) = (verify(true), verify(false));
        let twin = median(|| {
            let signed = naive::read(black_box(&request)).unwrap();
            assert_eq!(naive::signature(SECRET, &signed.string_to_sign), signed.signature);
        });
        let unsigned = unsigned(&request);
        let expires = token.filter(|_| name.starts_with("token")).map(|_| 60);
        let sdk = median(|| {
            black_box(peer::signed(black_box(&unsigned), "sts", token, expires).unwrap());
        });
        println!("{name}, {} signed headers:", request.presented(|it| it.signed_headers().count()).unwrap());
        println!("  parsed and verified: {own:.2} µs; with a signing key made for it: {fresh:.2} µs");
        println!("  naive twin: {twin:.2} µs, {:.1} times", twin / own);
        println!("  the SDK for Rust, signing: {sdk:.2} µs, {:.1} times", sdk / own);
    }
}

fn has_token(parts: &Parts<'_>) -> bool {
    parse(parts).unwrap().unwrap().session_token().is_some()
}

/// The request before it was signed.
fn unsigned(request: &Request) -> Request {
    let mut request = request.clone();
    request.headers.retain(|(name, _)| {
        !["authorization", "x-amz-date", "x-amz-security-token"].contains(&name.as_str())
    });
    if let Some(query) = &request.query {
        let own: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-")).collect();
        request.query = Some(own.join("&"));
    }
    request
}

/// Microseconds of one.
fn median(mut run: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            (0..REQUESTS).for_each(|_| run());
            begun.elapsed().as_secs_f64() * 1e6 / REQUESTS as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}
