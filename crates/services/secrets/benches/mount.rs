//! Mounts of ten secrets each, first and again, beside reading the same secrets by the bare client, in the same run and from
//! the same stand-in for AWS on loopback: `cargo bench -p ringwall-secrets`.
//!
//! The stand-in answers at once, so what is measured is what the provider adds; it runs in the same process, which the peak
//! of memory includes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

#[expect(dead_code, reason = "a part of what the tests have")]
#[path = "../tests/it/world.rs"]
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringwall_awsclient::{Client, Config, Endpoints, Static};
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{World, request};

/// Volumes, as many as pods that EKS puts on a node.
const VOLUMES: usize = 250;

/// Secrets of each.
const SECRETS: usize = 10;

/// Volumes at a time.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() {
    let world = Arc::new(World::new().await);
    let value = "x".repeat(1024);
    let names: Vec<String> = (0..SECRETS).map(|number| format!("secret-{number}")).collect();
    world.change(|state| names.iter().for_each(|name| state.put(name, "1", &value)));
    let objects: String =
        names.iter().map(|name| format!("- {{objectName: {name}, objectType: secretsmanager}}\n")).collect();
    let endpoint = format!("http://127.0.0.1:{}", world.port);
    let mut config = Config::new("eu-west-1", Arc::new(Static::key("AKIDPROVIDER", String::from("secret"))));
    config.endpoints = Endpoints::all(endpoint.parse().unwrap());
    let client = Client::new(config).unwrap();

    println!("{VOLUMES} volumes of {SECRETS} secrets of 1 KiB, {AT_ONCE} at a time");
    let bare = measure(|_| {
        let (client, names) = (client.clone(), names.clone());
        async move {
            for name in &names {
                let body = json!({ "SecretId": name });
                client.json("secretsmanager", "secretsmanager.GetSecretValue", &body).await.unwrap();
            }
        }
    })
    .await;
    told("the bare client, one call after another", bare, bare);
    for what in ["first mounts", "mounts again, nothing changed"] {
        let mounted = measure(|number| {
            let (world, objects) = (Arc::clone(&world), objects.clone());
            async move {
                let mut request = request(&objects, &[]);
                request.target_path = format!("/pods/{number}");
                let response = world.client().mount(request).await.unwrap().into_inner();
                assert_eq!(response.files.len(), SECRETS);
            }
        })
        .await;
        let calls = world.change(|state| state.taken_calls());
        told(what, mounted, bare);
        let count = |action: &str| calls.iter().filter(|call| call.contains(action)).count();
        println!(
            "    calls: {} GetSecretValue, {} DescribeSecret, {} AssumeRoleWithWebIdentity",
            count("GetSecretValue"),
            count("DescribeSecret"),
            count("AssumeRoleWithWebIdentity")
        );
    }
    println!("peak of memory: {} MiB", peak() / 1024);
}

#[derive(Clone, Copy)]
struct Measured {
    a_second: f64,
    median: Duration,
    p99: Duration,
}

async fn measure<F: Future<Output = ()> + Send + 'static>(one: impl Fn(usize) -> F) -> Measured {
    let (mut times, mut running) = (Vec::new(), JoinSet::new());
    let begun = Instant::now();
    for number in 0..VOLUMES {
        if running.len() == AT_ONCE {
            times.push(running.join_next().await.unwrap().unwrap());
        }
        let one = one(number);
        running.spawn(async move {
            let begun = Instant::now();
            one.await;
            begun.elapsed()
        });
    }
    while let Some(time) = running.join_next().await {
        times.push(time.unwrap());
    }
    let all = begun.elapsed();
    times.sort();
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let a_second = VOLUMES as f64 / all.as_secs_f64();
    Measured { a_second, median: times[times.len() / 2], p99: times[times.len() * 99 / 100] }
}

fn told(what: &str, measured: Measured, bare: Measured) {
    let Measured { a_second, median, p99 } = measured;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{what}: {a_second:.0} volumes/s ({:.2} of the bare client), median {:.1} ms, p99 {:.1} ms",
        a_second / bare.a_second,
        milliseconds(median),
        milliseconds(p99)
    );
}

/// The most memory that this process had, in KiB, as Linux tells.
fn peak() -> u64 {
    let status = std::fs::read("/proc/self/status").unwrap();
    let status = String::from_utf8(status).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
