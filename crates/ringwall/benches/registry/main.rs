//! What the registry bears, next to Debian's docker-registry and a bare server of files in the same run, by the same client
//! over loopback: `cargo bench -p ringwall --bench registry`, with `--profile dist` for what is shipped.
//!
//! Ringwall is the whole program: each request is authenticated, decided by policies and recorded in the trail; docker-registry
//! lets everybody in. Blobs are pushed as clients push them, with POST and PUT. The bare server sends files by `sendfile` and
//! knows nothing else. `-- memory` pushes and pulls 1 GiB on 16 connections, which takes 16 GiB of disk, and tells the most
//! memory that was in use.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark stops at the first surprise"
)]

mod bare;
mod client;
#[path = "../shared/home.rs"]
mod home;
#[path = "../shared/process.rs"]
mod process;
mod servers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Blob, Connection};
use home::Home;
use servers::Server;

/// Sizes of blobs, and how many of each are pushed and pulled.
const SIZES: [(u64, usize); 5] =
    [(1 << 10, 1024), (64 << 10, 512), (1 << 20, 128), (64 << 20, 8), (1 << 30, 2)];

/// Connections at once.
const CONNECTIONS: usize = 8;

/// Manifests that are pulled by tag.
const MANIFESTS: usize = 8192;

/// What the issue asks for.
const TIMES_PUSHES: f64 = 3.0;
const OF_BARE: f64 = 1.2;
const MEMORY: u64 = 100_000_000;

fn main() {
    if bare::is_asked() {
        return bare::serve();
    }
    let home = Home::new();
    let ours = Server::ringwall(&home);
    if std::env::args().any(|argument| argument == "memory") {
        return memory(&ours);
    }
    let Some(theirs) = Server::debian() else {
        println!("docker-registry is not installed (hint: apt-get install docker-registry)");
        return;
    };
    println!("{:>10} {:>14} {:>12} {:>12} {:>7}", "size", "", "ringwall/s", "docker/s", "times");
    for (number, (size, count)) in SIZES.into_iter().enumerate() {
        let blobs: Arc<Vec<Blob>> = Arc::new((0..count).map(|each| Blob::new(number, each, size)).collect());
        let pushed = [&ours, &theirs].map(|server| rate(server, &blobs, Connection::push));
        row(size, "push", pushed, Some(TIMES_PUSHES));
        let pulled = [&ours, &theirs].map(|server| rate(server, &blobs, Connection::pull));
        row(size, "pull", pulled, (size >= 1 << 20).then_some(1.0));
        let bare = bare::Bare::with(&blobs[0]);
        let of_file = rate(&bare.server, &Arc::new(vec![blobs[0].clone(); count]), Connection::pull);
        verdict(
            &format!("a bare server is {:.2} times as fast", of_file / pulled[0]),
            of_file / pulled[0] <= OF_BARE,
        );
    }
    let tagged = [&ours, &theirs].map(manifests);
    row(0, "manifest by tag", tagged, Some(TIMES_PUSHES));
    for server in [&ours, &theirs] {
        println!("{}: at most {} MiB of memory", server.name, server.peak_memory() >> 20);
    }
}

/// How often a second something is done with blobs, by so many connections.
fn rate(server: &Server, blobs: &Arc<Vec<Blob>>, work: fn(&mut Connection, &Blob)) -> f64 {
    let begun = Instant::now();
    let threads: Vec<_> = (0..CONNECTIONS.min(blobs.len()))
        .map(|first| {
            let (target, blobs) = (server.target.clone(), Arc::clone(blobs));
            std::thread::spawn(move || {
                let mut connection = Connection::new(&target);
                blobs.iter().skip(first).step_by(CONNECTIONS).for_each(|blob| work(&mut connection, blob));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    blobs.len() as f64 / begun.elapsed().as_secs_f64()
}

fn manifests(server: &Server) -> f64 {
    Connection::new(&server.target).push_image();
    let begun = Instant::now();
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let target = server.target.clone();
            std::thread::spawn(move || {
                let mut connection = Connection::new(&target);
                (0..MANIFESTS / CONNECTIONS).for_each(|_| connection.pull_image());
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    MANIFESTS as f64 / begun.elapsed().as_secs_f64()
}

fn row(size: u64, what: &str, [ours, theirs]: [f64; 2], goal: Option<f64>) {
    let times = ours / theirs;
    println!("{:>7}KiB {what:>14} {ours:>12.1} {theirs:>12.1} {times:>7.2}", size >> 10);
    if let Some(goal) = goal {
        verdict(&format!("{what}: {times:.1} times docker-registry, at least {goal}"), times >= goal);
    }
}

fn verdict(what: &str, met: bool) {
    println!("           {what}: {}", if met { "met" } else { "MISSED" });
}

/// 16 connections with 1 GiB each.
fn memory(server: &Server) {
    const AT_ONCE: usize = 16;
    let blobs: Vec<Blob> = (0..AT_ONCE).map(|each| Blob::new(9, each, 1 << 30)).collect();
    for (what, work) in [("push", Connection::push as fn(&mut Connection, &Blob)), ("pull", Connection::pull)]
    {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for blob in &blobs {
                scope.spawn(|| work(&mut Connection::new(&server.target), blob));
            }
        });
        let took: Duration = begun.elapsed();
        let peak = server.peak_memory();
        println!(
            "{what} of 16 GiB on {AT_ONCE} connections: {took:.1?}, at most {} MB of memory",
            peak / 1_000_000
        );
        verdict("under 100 MB", peak < MEMORY);
    }
}
