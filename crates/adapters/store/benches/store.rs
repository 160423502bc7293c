//! What a read and a commit cost, each beside what it can't be quicker than, in the same run:
//! `cargo bench -p ringwall-store`.
//!
//! On SQLite, in the target folder; with `RINGWALL_BENCH_POSTGRES=postgres://…`, an empty database, on that too.
//! A read of SQLite is handed from one thread to another and back, so that its cost depends on where the system puts them:
//! `taskset -c 0 cargo bench …` gives steady figures for single reads.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use ringwall_store::{Batch, Expect, Options, Place, Scan, Store, Table};
use serde::{Deserialize, Serialize};
use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;

const ACCOUNT: &str = "123456789012";
const KIND: &str = "iam/role";
/// Records of the store: the roles of a large account.
const RECORDS: usize = 5_000;
/// Rounds, of which the median counts.
const ROUNDS: usize = 15;
/// Clients that commit at the same time.
const CLIENTS: usize = 64;
/// Commits of each client.
const COMMITS: usize = 10;

#[derive(Clone, Serialize, Deserialize)]
struct Role {
    path: String,
    trust_policy: String,
    policies: Vec<String>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let sqlite = format!("sqlite:{}/store.db", folder.path().display());
    runtime.block_on(measure("SQLite", &sqlite));
    if let Ok(postgres) = std::env::var("RINGWALL_BENCH_POSTGRES") {
        runtime.block_on(measure("PostgreSQL", &postgres));
    }
}

async fn measure(database: &str, address: &str) {
    let store = Store::open(address, Options::default()).await.unwrap();
    let table: Table<Role> = Table::new(&store, KIND);
    let role = Role {
        path: "/".to_owned(),
        trust_policy: "x".repeat(500),
        policies: vec!["y".repeat(1_000), "z".repeat(500)],
    };
    let names: Vec<String> = (0..RECORDS).map(|at| format!("Role{at:05}")).collect();
    for names in names.chunks(500) {
        let mut batch = Batch::new();
        for name in names {
            table.put(&mut batch, ACCOUNT, "", name, &role, Expect::Absent);
        }
        store.commit(batch).await.unwrap();
    }
    println!("{database}: {RECORDS} records of {} bytes", serde_json::to_vec(&role).unwrap().len());
    memory(&table, &names, &role).await;
    // As the store has it: no question to the connection before each read.
    let bare = AnyPoolOptions::new().max_connections(4).test_before_acquire(false);
    let raw = bare.connect(&address.replacen("sqlite:", "sqlite://", 1)).await.unwrap();
    reads(&store, &table, &raw, &names).await;
    commits(&store, &raw, address.starts_with("sqlite:")).await;
    raw.close().await;
    store.close().await;
}

async fn memory(table: &Table<Role>, names: &[String], role: &Role) {
    let map: HashMap<(String, String, String), Arc<Role>> = names
        .iter()
        .map(|name| ((ACCOUNT.to_owned(), String::new(), name.clone()), Arc::new(role.clone())))
        .collect();
    for name in names {
        table.get(ACCOUNT, "", name).await.unwrap().unwrap();
    }
    let (mut own, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for name in names {
            black_box(table.get(ACCOUNT, "", name).await.unwrap());
        }
        own.push(begun.elapsed().as_secs_f64() / names.len() as f64);
        let begun = Instant::now();
        for name in names {
            // The three parts are the key, and std's map takes a whole one.
            let key = (ACCOUNT.to_owned(), String::new(), name.clone());
            black_box(map.get(&key).cloned());
        }
        bare.push(begun.elapsed().as_secs_f64() / names.len() as f64);
    }
    tell("a row from memory", median(own), "HashMap::get", median(bare));
}

async fn reads(store: &Store, table: &Table<Role>, raw: &AnyPool, names: &[String]) {
    let cold: Table<Role> = Table::with_cache(store, table.kind(), 0);
    let few: Vec<&String> = names.iter().step_by(10).collect();
    let (mut own, mut typed, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for name in &few {
            black_box(store.get(&Place::new(ACCOUNT, "", KIND, name.as_str())).await.unwrap().unwrap());
        }
        own.push(begun.elapsed().as_secs_f64() / few.len() as f64);
        let begun = Instant::now();
        for name in &few {
            black_box(cold.get(ACCOUNT, "", name).await.unwrap().unwrap());
        }
        typed.push(begun.elapsed().as_secs_f64() / few.len() as f64);
        let begun = Instant::now();
        for name in &few {
            let query = sqlx::query(
                "SELECT body FROM ringwall_records WHERE kind = $1 AND account = $2 AND region = $3 AND name = $4",
            );
            let row = query.bind(KIND).bind(ACCOUNT).bind("").bind(name.as_str()).fetch_one(raw).await;
            black_box(row.unwrap());
        }
        bare.push(begun.elapsed().as_secs_f64() / few.len() as f64);
    }
    let bare = median(bare);
    tell("a record from the database", median(own), "bare sqlx", bare);
    tell("a row from the database", median(typed), "bare sqlx", bare);
    let begun = Instant::now();
    let page = store.scan(ACCOUNT, "", KIND, Scan::default()).await.unwrap();
    println!("  a page of {}: {:.1} ms", page.len(), begun.elapsed().as_secs_f64() * 1e3);
}

/// Many clients at once: the store's commits, and a transaction for each.
async fn commits(store: &Store, raw: &AnyPool, is_sqlite: bool) {
    let body = vec![b'x'; 2_000];
    let (mut own, mut bare) = (Vec::new(), Vec::new());
    let begin = if is_sqlite {
        sqlx::raw_sql("PRAGMA synchronous = FULL").execute(raw).await.unwrap();
        "BEGIN IMMEDIATE"
    } else {
        "BEGIN"
    };
    for round in 0..3 {
        let begun = Instant::now();
        each_client(|client| {
            let (store, body) = (store.clone(), body.clone());
            async move {
                for at in 0..COMMITS {
                    let mut batch = Batch::new();
                    let name = format!("{round} {client} {at}");
                    batch.put(Place::new("", "", "bench/own", name), body.clone(), Expect::Absent);
                    store.commit(batch).await.unwrap();
                }
            }
        })
        .await;
        own.push(begun.elapsed().as_secs_f64() / (CLIENTS * COMMITS) as f64);
        // Writers wait for each other anyway; one after the other is the kindest way to do without groups.
        let begun = Instant::now();
        for at in 0..CLIENTS * COMMITS {
            let mut transaction = raw.begin_with(begin).await.unwrap();
            sqlx::query("UPDATE ringwall_meta SET generation = generation + 1")
                .execute(&mut *transaction)
                .await
                .unwrap();
            sqlx::query(
                "INSERT INTO ringwall_records (kind, account, region, name, revision, body, deleted)
                 SELECT 'bench/bare', '', '', $1, generation, $2, 0 FROM ringwall_meta",
            )
            .bind(format!("{round} {at}"))
            .bind(body.as_slice())
            .execute(&mut *transaction)
            .await
            .unwrap();
            transaction.commit().await.unwrap();
        }
        bare.push(begun.elapsed().as_secs_f64() / (CLIENTS * COMMITS) as f64);
    }
    let (own, bare) = (median(own), median(bare));
    println!(
        "  commits of {CLIENTS} clients: {:.0}/s, a transaction each {:.0}/s, {:.1} times",
        1.0 / own,
        1.0 / bare,
        bare / own
    );
    let mut alone = Vec::new();
    for at in 0..100 {
        let mut batch = Batch::new();
        batch.put(Place::new("", "", "bench/alone", at.to_string()), body.clone(), Expect::Absent);
        let begun = Instant::now();
        store.commit(batch).await.unwrap();
        alone.push(begun.elapsed().as_secs_f64());
    }
    println!("  a commit alone: {:.2} ms", median(alone) * 1e3);
}

async fn each_client<F: Future<Output = ()> + Send + 'static>(work: impl Fn(usize) -> F) {
    let tasks: Vec<_> = (0..CLIENTS).map(|client| tokio::spawn(work(client))).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

fn tell(what: &str, own: f64, than: &str, bare: f64) {
    println!("  {what}: {:.3} µs, {than} {:.3} µs, {:.2} times", own * 1e6, bare * 1e6, own / bare);
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
