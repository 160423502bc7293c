use std::time::Duration;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::Value;

use crate::{Home, Running, exec, read, text};

/// Events whose findings count up over the whole time.
fn batches() -> Vec<Vec<Value>> {
    (0..12)
        .map(|batch: u64| {
            (0..20)
                .map(|at| if at % 7 == 3 { exec(batch * 20 + at) } else { read(batch * 20 + at) })
                .collect()
        })
        .collect()
}

fn told(findings: &[Value]) -> Vec<(String, u64, String, Value)> {
    let mut told: Vec<_> = findings
        .iter()
        .map(|finding| {
            let text = |of: &Value| of.as_str().unwrap().to_owned();
            let count = finding["service"]["count"].as_u64().unwrap();
            (
                text(&finding["id"]),
                count,
                text(&finding["service"]["eventLastSeen"]),
                finding["evidence"].clone(),
            )
        })
        .collect();
    told.sort_by(|one, other| one.0.cmp(&other.0));
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_restarted_finds_what_one_finds_that_is_not() {
    let total: u64 =
        batches().iter().flatten().filter(|event| event["verb"] == "create").count().try_into().unwrap();
    let whole = Home::new();
    let running = Running::start(&whole.settings()).await;
    for batch in batches() {
        running.send(&batch).await;
    }
    let wanted = told(&running.until(|findings| crate::count(findings) == total).await);
    running.stop().await;

    let home = Home::new();
    let mut running = Running::start(&home.settings()).await;
    for (number, batch) in batches().into_iter().enumerate() {
        running.send(&batch).await;
        if number % 3 == 2 {
            // Sometimes before it has looked at anything, sometimes after.
            tokio::time::sleep(Duration::from_millis(number as u64 * 40)).await;
            running.stop().await;
            running = Running::start(&home.settings()).await;
        }
    }
    let found = told(&running.until(|findings| crate::count(findings) == total).await);
    assert_eq!(found, wanted);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_gets_each_finding_once_over_restarts() {
    let home = Home::new();
    let mut settings = home.settings();
    let sinks = home.path("sinks.toml");
    let file = home.path("findings.jsonl");
    let toml = format!("[[sink]]\nname = \"file\"\nto.file.path = \"{}\"\n", file.display());
    std::fs::write(&sinks, toml).unwrap();
    settings.sinks = Some(sinks);
    for round in 0..3 {
        let running = Running::start(&settings).await;
        running.send(&[exec(round), read(round + 100)]).await;
        running.until(|findings| crate::count(findings) == round + 1).await;
        while text(&file).lines().count() < 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        running.stop().await;
    }
    let sent: Vec<Value> = text(&file).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(sent.len(), 1, "what went on within a quarter of an hour is not sent again: {sent:#?}");
    assert_eq!(sent[0]["service"]["count"], 1);

    settings.publish_every = Duration::ZERO;
    let running = Running::start(&settings).await;
    while text(&file).lines().count() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.stop().await;
    let last: Value = serde_json::from_str(text(&file).lines().last().unwrap()).unwrap();
    assert_eq!((&last["id"], &last["service"]["count"]), (&sent[0]["id"], &3.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lake_has_each_event_once_over_restarts() {
    let home = Home::new();
    let mut settings = home.settings();
    settings.lake = Some(home.path("lake").display().to_string());
    let total = batches().iter().flatten().filter(|event| event["verb"] == "create").count();
    for batches in batches().chunks(4) {
        let running = Running::start(&settings).await;
        for batch in batches {
            running.send(batch).await;
        }
        running.until(|findings| crate::count(findings) > 0).await;
        running.stop().await;
    }
    let running = Running::start(&settings).await;
    running.until(|findings| crate::count(findings) == total as u64).await;
    running.stop().await;
    assert_eq!(rows(&home.path("lake/ext/ringwall-events")), 240);
    assert!(rows(&home.path("lake/ext/ringwall-findings")) >= 1);
}

/// How many rows the files below a folder have.
fn rows(folder: &std::path::Path) -> i64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: std::path::PathBuf| match path.is_dir() {
        true => rows(&path),
        false => {
            let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
            reader.metadata().file_metadata().num_rows()
        }
    };
    entries.map(of).sum()
}
