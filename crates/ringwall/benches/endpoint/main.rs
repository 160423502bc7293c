//! What the AWS endpoint bears, next to moto's server in the same run: `cargo bench -p ringwall --bench endpoint`, with
//! `--profile dist` for what is shipped.
//!
//! The same requests go to both, over loopback and plain HTTP, from 1 to 256 clients that each wait for an answer before
//! they ask again; then to Ringwall over TLS. At half of its own peak, asked at fixed times whether or not answers have
//! come, its latencies are taken. `cargo xtask moto` sets moto up; without it Ringwall is measured alone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark stops at the first surprise"
)]

#[path = "../shared/home.rs"]
mod home;
mod load;
mod mix;
#[path = "../shared/process.rs"]
mod process;
mod servers;
mod wire;

use std::rc::Rc;
use std::time::Duration;

use home::Home;
use load::{closed, open};
use mix::Mix;
use servers::Server;

/// Clients at once.
const CLIENTS: [usize; 5] = [1, 8, 32, 64, 256];

/// How long each number of clients asks.
const MEASURE: Duration = Duration::from_secs(4);

/// How long the latencies are taken for.
const OPEN: Duration = Duration::from_secs(10);

/// What issue 3 asks for: peak as a multiple of moto's, and p99 at half of the peak.
const TIMES_MOTO: f64 = 50.0;
const P99: Duration = Duration::from_millis(10);

fn main() {
    let home = Home::new();
    let plain = Server::ringwall(&home, false);
    let mix = Rc::new(Mix::prepare(&plain, &Mix::all(&plain)));
    println!("mix: {}", mix.names.join(", "));
    println!(
        "{:<15} {:>8} {:>11} {:>15} {:>12}",
        "server", "clients", "requests/s", "CPU a request", "peak memory"
    );
    let ours = peak(&plain, &mix);
    let latencies = open(&plain, &mix, ours / 2.0, OPEN);
    println!("ringwall at half of its peak, {:.0} requests/s: {latencies}", ours / 2.0);
    drop(plain);

    let encrypted = Server::ringwall(&home, true);
    let over_tls = peak(&encrypted, &Rc::new(mix.again(&encrypted)));
    drop(encrypted);
    println!("TLS costs {:.0} % of the peak", 100.0 * (1.0 - over_tls / ours));

    verdict("p99 at half of the peak", latencies.quantile(0.99) < P99, &format!("under {P99:?}"));
    let Some(moto) = Server::moto() else {
        println!("moto is not set up (hint: `cargo xtask moto`)");
        return;
    };
    let theirs = peak(&moto, &Rc::new(Mix::prepare(&moto, &mix.names)));
    let times = ours / theirs;
    verdict(&format!("{times:.1} times moto"), times >= TIMES_MOTO, &format!("at least {TIMES_MOTO}"));
}

/// Requests a second with as many clients as it bears best.
fn peak(server: &Server, mix: &Rc<Mix>) -> f64 {
    let mut peak = 0.0_f64;
    for clients in CLIENTS {
        let rate = closed(server, mix, clients, MEASURE);
        let (answered, processor) = (rate.answered, rate.processor.as_secs_f64() * 1e6);
        let memory = server.peak_memory() >> 20;
        println!("{:<15} {clients:>8} {answered:>11.0} {processor:>12.1} µs {memory:>8} MiB", server.name);
        peak = peak.max(answered);
    }
    peak
}

fn verdict(what: &str, met: bool, goal: &str) {
    println!("{what}: goal {goal}, {}", if met { "met" } else { "MISSED" });
}
