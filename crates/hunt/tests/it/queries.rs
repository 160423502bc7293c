use std::collections::{BTreeMap, BTreeSet};

use datafusion::prelude::SessionContext;
use ringwall_hunt::{Format, HuntError, Limits, QUERIES, context, hunt, register, statement};
use ringwall_lake::{CompactSettings, Location, compact};
use serde_json::Value;

use crate::lake::{Made, make};

pub(crate) async fn ask(context: &SessionContext, sql: &str) -> Result<String, HuntError> {
    let mut out = Vec::new();
    hunt(context, sql, &Limits::default(), Format::Csv, &mut out).await?;
    Ok(String::from_utf8(out).unwrap())
}

async fn opened(made: &Made) -> SessionContext {
    let context = context(&Limits::default()).unwrap();
    register(&context, &Location::folder(made.path()).unwrap()).await.unwrap();
    context
}

/// What every query that is ready made is given here.
pub(crate) fn values(query: &ringwall_hunt::Query) -> Vec<(String, String)> {
    let value = |key: &str| match key {
        "who" => "jane",
        "object" => "shop/secrets/x1",
        "address" => "192.0.2.1",
        "day" => "20261119",
        "image" => "evil",
        other => panic!("{other}"),
    };
    query.needs().map(|key| (key.to_owned(), value(key).to_owned())).collect()
}

/// Counts, by a query and by going through the events.
#[tokio::test]
async fn a_naive_twin_counts_the_same() {
    let made = make().await;
    let context = opened(&made).await;
    let mut twin: BTreeMap<(String, String), usize> = BTreeMap::new();
    for event in &made.audit {
        let who = event["user"]["username"].as_str().unwrap();
        let denied = event["responseStatus"]["code"] == 403;
        let key = (who.to_owned(), if denied { "denied" } else { "succeeded" }.to_owned());
        *twin.entry(key).or_default() += 1;
    }
    let sql = "SELECT who, outcome, count(*) FROM events WHERE log = 'audit' GROUP BY who, outcome ORDER BY who, outcome";
    let expected: Vec<String> =
        twin.iter().map(|((who, outcome), count)| format!("{who},{outcome},{count}")).collect();
    let told = ask(&context, sql).await.unwrap();
    assert_eq!(told.lines().skip(1).collect::<Vec<_>>(), expected);
    let days: BTreeSet<&str> =
        made.trail.iter().map(|record| record["eventTime"].as_str().unwrap().get(..10).unwrap()).collect();
    let told = ask(&context, "SELECT count(DISTINCT day), count(*) FROM events WHERE log = 'cloudtrail'")
        .await
        .unwrap();
    assert_eq!(told.lines().nth(1), Some(format!("{},{}", days.len(), made.trail.len()).as_str()));
    // Compacted, it answers the same.
    let settings = CompactSettings::at(1_796_000_000_000);
    let done = compact(&Location::folder(made.path()).unwrap(), &settings).await.unwrap();
    assert!(done.made > 0);
    let after = ask(&opened(&made).await, sql).await.unwrap();
    assert_eq!(after.lines().skip(1).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn of_a_day_an_account_or_a_region_its_files_alone_are_read() {
    let made = make().await;
    let context = opened(&made).await;
    for (condition, path) in [
        ("day = '20261119'", "eventDay=20261119"),
        ("account = '444455556666'", "accountId=444455556666"),
        ("region = 'us-east-1'", "region=us-east-1"),
        ("day BETWEEN '20261119' AND '20261119' AND who = 'jane'", "eventDay=20261119"),
    ] {
        let mut out = Vec::new();
        let sql = format!("EXPLAIN SELECT who FROM events WHERE {condition}");
        hunt(&context, &sql, &Limits::default(), Format::Csv, &mut out).await.unwrap();
        let plan = String::from_utf8(out).unwrap();
        let files: Vec<&str> =
            plan.split([',', '[', ']', '{', ' ']).filter(|word| word.contains(".parquet")).collect();
        assert!(!files.is_empty() && files.iter().all(|file| file.contains(path)), "{condition}: {plan}");
    }
    // Without a condition it is all of them, so that the test above can fail.
    let all = ask(&context, "EXPLAIN SELECT who FROM events").await.unwrap();
    assert!(all.contains("eventDay=20261118") && all.contains("eventDay=20261121"), "{all}");
    assert!(
        ask(&context, "EXPLAIN SELECT who FROM events WHERE who = 'jane'")
            .await
            .unwrap()
            .contains("predicate=who")
    );
}

#[tokio::test]
async fn each_query_that_is_ready_made_is_answered() {
    let made = make().await;
    let context = opened(&made).await;
    let mut empty = Vec::new();
    for query in QUERIES {
        let sql = query.sql(&values(query)).unwrap();
        let told = ask(&context, &sql).await.unwrap_or_else(|error| panic!("{}: {error}\n{sql}", query.name));
        if told.lines().count() < 2 {
            empty.push(query.name);
        }
    }
    // Nothing of these is in this lake.
    let expected = ["impersonation", "roles", "host-paths", "certificates", "node-proxy", "webhooks"];
    assert!(empty.iter().all(|name| expected.contains(name) || name.starts_with("findings")), "{empty:?}");
    let latest =
        ask(&context, "SELECT count(*), count(DISTINCT finding_id), min(count) > 1001 FROM findings_latest")
            .await
            .unwrap();
    let cells: Vec<&str> = latest.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((cells[0], cells[2]), (cells[1], "true"), "{latest}");
    assert_ne!(cells[0], "0");
}

#[tokio::test]
async fn nothing_is_written() {
    let made = make().await;
    let context = opened(&made).await;
    let before = std::fs::read_dir(made.path()).unwrap().count();
    for sql in [
        "DROP VIEW events",
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO lake_events SELECT * FROM lake_events",
        "COPY (SELECT 1) TO '/tmp/ringwall-hunt-test.parquet'",
        "SET datafusion.execution.batch_size = 1",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
    ] {
        let error = ask(&context, sql).await.unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("read alone")), "{sql}: {error}");
    }
    ask(&context, "SELECT * FROM '/etc/passwd'").await.unwrap_err();
    assert_eq!(std::fs::read_dir(made.path()).unwrap().count(), before);
}

#[tokio::test]
async fn errors_have_hints_and_limits_hold() {
    let made = make().await;
    let context = opened(&made).await;
    let error = ask(&context, "SELECT whoo FROM events").await.unwrap_err();
    assert!(error.to_string().contains("who") && error.hint().unwrap().contains("where_seen"), "{error}");
    let error = ask(&context, "SELECT 1 FROM event").await.unwrap_err();
    assert!(error.hint().unwrap().contains("findings_latest"), "{error}");
    let mut out = Vec::new();
    let few = Limits { rows: 3, ..Limits::default() };
    let told = hunt(&context, "SELECT who FROM events", &few, Format::Json, &mut out).await.unwrap();
    assert_eq!((told.rows, told.more), (3, true));
    let lines: Vec<Value> = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    let hasty = Limits { time: std::time::Duration::ZERO, ..Limits::default() };
    // What statistics of the files would not answer.
    let endless = "SELECT sum(length(a.who || b.who || c.who)) FROM events a, events b, events c";
    let error = hunt(&context, endless, &hasty, Format::Csv, &mut Vec::new()).await.unwrap_err();
    assert!(matches!(error, HuntError::Time(0)), "{error}");
    assert!(statement("who-did-wat", &[]).unwrap_err().to_string().contains("`who-did-what` is one"));
    let mut table = Vec::new();
    hunt(&context, "SELECT 'a' || chr(27) || '[31m' AS x", &Limits::default(), Format::Text, &mut table)
        .await
        .unwrap();
    assert_eq!(String::from_utf8(table).unwrap(), "x\na�[31m\n");
}
