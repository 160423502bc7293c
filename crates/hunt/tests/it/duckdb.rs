//! DuckDB reads the same files, and answers the same queries in the same way. `cargo xtask test` installs it and says where it is.

use std::io::Write as _;
use std::process::{Command, Stdio};

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use ringwall_hunt::{Limits, QUERIES, context, register};
use ringwall_lake::Location;
use serde_json::{Map, Value, json};

use crate::lake::make;
use crate::queries::values;

/// Which Python has it.
const VARIABLE: &str = "RINGWALL_DUCKDB";

#[tokio::test]
#[ignore = "needs DuckDB; cargo xtask test runs it"]
async fn it_answers_the_same() {
    let made = make().await;
    let mut queries: Map<String, Value> = QUERIES
        .iter()
        .map(|query| (query.name.to_owned(), query.sql(&values(query)).unwrap().into()))
        .collect();
    let all = "SELECT class_uid, type_uid, time, severity, metadata['product']['name'], cloud['account']['uid'],
        actor['user']['name'], api['operation'], api['response']['code'], src_endpoint['ip'], resources[1]['name'],
        http_request['url']['path'], unmapped, who, what, when_at, response_code, event_id FROM events ORDER BY event_id";
    queries.insert("all".to_owned(), all.into());
    let python = std::env::var_os(VARIABLE).expect("cargo xtask test says where DuckDB is");
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/lake/ask.py");
    let mut peer =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let asked = json!({"lake": made.path(), "queries": queries}).to_string();
    peer.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let output = peer.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();

    let context = context(&Limits::default()).unwrap();
    register(&context, &Location::folder(made.path()).unwrap()).await.unwrap();
    let mut rows = 0;
    for (name, sql) in &queries {
        let batches = context.sql(sql.as_str().unwrap()).await.unwrap().collect().await.unwrap();
        let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.3fZ"));
        let mut ours: Vec<Vec<String>> = Vec::new();
        for batch in &batches {
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
                .collect();
            ours.extend(
                (0..batch.num_rows())
                    .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()),
            );
        }
        let mut theirs: Vec<Vec<String>> = serde_json::from_value(answers[name].clone()).unwrap();
        // Rows that the query's own order leaves equal may stand in any.
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{name}");
        rows += ours.len();
    }
    assert!(rows > made.audit.len());
}
