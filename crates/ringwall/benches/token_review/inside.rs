//! The measurement, in namespaces of its own.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::home::Home;
use crate::load::{Measured, run};
use crate::servers::{Sts, Webhook};
use crate::tokens::Tokens;

/// What tokens are for, and where the peer asks.
pub(crate) const HOST: &str = "sts.us-east-1.amazonaws.com";
pub(crate) const REGION: &str = "us-east-1";

/// Clients at once, each of which waits for its answer: as many as an apiserver's webhook has in hand at a busy time.
const CLIENTS: usize = 32;

/// How long each is measured.
const MEASURE: Duration = Duration::from_secs(5);

/// Tokens of a cluster with some hundred people and nodes.
const LIVE_TOKENS: usize = 200;

/// What issue 4 asks for.
const TIMES_PEER: f64 = 5.0;
const SHARE_OF_CALLS: f64 = 0.1;

pub(crate) fn measure() {
    let home = Home::new();
    own_names(&home);
    let sts = Sts::start(&home);
    let tokens = Tokens::new(&home);
    println!(
        "{:<24} {:<9} {:>10} {:>9} {:>9} {:>14} {:>11}",
        "webhook", "tokens", "reviews/s", "p50", "p99", "STS calls/1000", "peak memory"
    );
    let ours = both(&Webhook::ours(&home), &sts, &tokens);
    let Some(peer) = Webhook::peer(&home) else {
        println!("aws-iam-authenticator is not built (hint: `cargo xtask iam-authenticator`)");
        return;
    };
    let theirs = both(&peer, &sts, &tokens);
    let times = ours.rate() / theirs.rate();
    let share = ours.calls_per_review() / theirs.calls_per_review();
    verdict(
        &format!("{times:.1} times the peer's throughput"),
        times >= TIMES_PEER,
        &format!("at least {TIMES_PEER}"),
    );
    verdict(
        &format!("{share:.4} of the peer's STS calls a review"),
        share <= SHARE_OF_CALLS,
        &format!("at most {SHARE_OF_CALLS}"),
    );
}

/// A cluster's tokens, which is what is compared; and before it every review with a new one.
fn both(webhook: &Webhook, sts: &Sts, tokens: &Tokens) -> Measured {
    let new = run(webhook, sts, tokens, None, CLIENTS, MEASURE);
    show(webhook, "all new", &new);
    let live = run(webhook, sts, tokens, Some(LIVE_TOKENS), CLIENTS, MEASURE);
    show(webhook, &LIVE_TOKENS.to_string(), &live);
    live
}

fn show(webhook: &Webhook, tokens: &str, measured: &Measured) {
    let ms = |share| format!("{:.2} ms", measured.quantile(share).as_secs_f64() * 1e3);
    println!(
        "{:<24} {tokens:<9} {:>10.0} {:>9} {:>9} {:>14.1} {:>7} MiB",
        webhook.name,
        measured.rate(),
        ms(0.5),
        ms(0.99),
        1000.0 * measured.calls_per_review(),
        webhook.peak_memory() >> 20
    );
}

/// Loopback works, and STS's name is this machine's.
fn own_names(home: &Home) {
    let hosts = home.path("hosts");
    fs::write(&hosts, format!("127.0.0.1 localhost {HOST}\n")).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).status();
        assert!(status.is_ok_and(|status| status.success()), "`{program} {arguments:?}` failed");
    };
    run("ip", &["link", "set", "lo", "up"]);
    run("mount", &["--bind", hosts.to_str().unwrap(), "/etc/hosts"]);
}

fn verdict(what: &str, met: bool, goal: &str) {
    println!("{what}: goal {goal}, {}", if met { "met" } else { "MISSED" });
}
