use std::collections::BTreeMap;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Fields};
use ringwall_detect::Detector;
use ringwall_detect::finding::Place;
use ringwall_detect::output::{Scope, ocsf};
use ringwall_lake::{Class, Lake, Location, NAMED_COLUMNS, Row, Settings, schema};
use serde_json::Value;

use crate::support::{audit_rows, shop, texts, trail_rows, visible};

/// What a row holds, by the paths of its columns.
fn cells(batch: &RecordBatch, row: usize) -> BTreeMap<String, String> {
    let mut cells = BTreeMap::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        add(field.name(), column, row, &mut cells);
    }
    cells
}

fn add(name: &str, column: &ArrayRef, row: usize, cells: &mut BTreeMap<String, String>) {
    if column.is_null(row) {
        return;
    }
    let value = match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Timestamp(..) => column.as_primitive::<TimestampMillisecondType>().value(row).to_string(),
        DataType::Struct(fields) => {
            for (field, child) in fields.iter().zip(column.as_struct().columns()) {
                add(&format!("{name}.{}", field.name()), child, row, cells);
            }
            return;
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            (0..items.len()).for_each(|at| add(&format!("{name}[{at}]"), &items, at, cells));
            return;
        }
        other => panic!("{other}"),
    };
    cells.insert(name.to_owned(), value);
}

async fn read_back(rows: Vec<Row>, class: Class) -> Vec<BTreeMap<String, String>> {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    let mut lake = Lake::open(location.clone(), Settings::default());
    for (row, position) in rows.into_iter().zip(1..) {
        lake.append(&shop(), position, row).unwrap();
    }
    lake.flush().await.unwrap();
    let batches = visible(&location, class).await;
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| cells(batch, row))).collect()
}

fn expect(cells: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (path, value) in expected {
        assert_eq!(cells.get(*path).map_or("", String::as_str), *value, "{path} of {cells:#?}");
    }
}

#[tokio::test]
async fn an_audit_event_is_api_activity() {
    let line = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"a-1","stage":"ResponseComplete",
        "requestURI":"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?fieldManager=kubectl","verb":"create",
        "user":{"username":"arn:aws:sts::111122223333:assumed-role/admin/jane","uid":"u","groups":["g1","g2"],
            "extra":{"accessKeyId":["ASIAX"],"sessionName":["jane"]}},
        "impersonatedUser":{"username":"root"},"sourceIPs":["192.0.2.7","10.0.0.1"],"userAgent":"kubectl/1.37",
        "objectRef":{"resource":"clusterrolebindings","name":"x","apiGroup":"rbac.authorization.k8s.io","apiVersion":"v1"},
        "responseStatus":{"code":403,"reason":"Forbidden","message":"no"},
        "requestObject":{"roleRef":{"kind":"ClusterRole","name":"cluster-admin"}},
        "requestReceivedTimestamp":"2026-11-20T10:00:00.123456Z","annotations":{"authorization.k8s.io/decision":"forbid"}}"#;
    let rows = read_back(audit_rows(line), Class::Events).await;
    let [row] = rows.as_slice() else { panic!() };
    let time = "1795168800123";
    expect(
        row,
        &[
            ("what", "create clusterrolebindings.rbac.authorization.k8s.io"),
            ("when_at", time),
            ("who", "arn:aws:sts::111122223333:assumed-role/admin/jane"),
            ("on_what", "clusterrolebindings/x"),
            ("where_seen", "audit/shop"),
            ("from_where", "192.0.2.7"),
            ("to_where", "kube-apiserver/shop"),
            ("as_whom", "root"),
            ("outcome", "denied"),
            ("class_uid", "6003"),
            ("category_uid", "6"),
            ("type_uid", "600301"),
            ("time", time),
            ("api.operation", "create"),
            ("api.version", "v1"),
            ("api.group.name", "rbac.authorization.k8s.io"),
            ("api.request.uid", "a-1"),
            ("api.response.code", "403"),
            ("api.response.error", "Forbidden"),
            ("actor.user.name", "arn:aws:sts::111122223333:assumed-role/admin/jane"),
            ("actor.user.groups[1].name", "g2"),
            ("actor.session.credential_uid", "ASIAX"),
            ("src_endpoint.ip", "192.0.2.7"),
            ("src_endpoint.intermediate_ips[0]", "10.0.0.1"),
            ("http_request.url.path", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"),
            ("http_request.url.query_string", "fieldManager=kubectl"),
            ("http_request.user_agent", "kubectl/1.37"),
            ("resources[0].name", "x"),
            ("cloud.account.uid", "111122223333"),
            ("status_id", "2"),
        ],
    );
    let unmapped: Value = serde_json::from_str(&row["unmapped"]).unwrap();
    assert_eq!(unmapped["requestObject"]["roleRef"]["name"], "cluster-admin");
    assert_eq!(unmapped["impersonatedUser"]["username"], "root");
    assert_eq!(unmapped["annotations"]["authorization.k8s.io/decision"], "forbid");
}

#[tokio::test]
async fn a_record_of_cloudtrail_is_api_activity() {
    let line = r#"{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAX:jane",
        "arn":"arn:aws:sts::111122223333:assumed-role/admin/jane","accountId":"111122223333","accessKeyId":"ASIAX",
        "sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/admin"},
            "attributes":{"creationDate":"2026-11-20T09:00:00Z","mfaAuthenticated":"true"}}},
        "eventTime":"2026-11-20T10:00:00Z","eventSource":"eks.amazonaws.com","eventName":"CreateAccessEntry",
        "awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli","eventID":"e-1","requestID":"r-1",
        "requestParameters":{"name":"shop","principalArn":"arn:aws:iam::111122223333:role/evil"},
        "recipientAccountId":"444455556666","tlsDetails":{"clientProvidedHostHeader":"eks.us-east-1.amazonaws.com"}}"#;
    let rows = read_back(trail_rows(line), Class::Events).await;
    expect(
        &rows[0],
        &[
            ("what", "eks:CreateAccessEntry"),
            ("who", "arn:aws:sts::111122223333:assumed-role/admin/jane"),
            ("on_what", "arn:aws:iam::111122223333:role/evil"),
            ("where_seen", "cloudtrail/444455556666"),
            ("from_where", "192.0.2.7"),
            ("to_where", "eks.us-east-1.amazonaws.com"),
            ("outcome", "succeeded"),
            ("type_uid", "600301"),
            ("actor.session.issuer", "arn:aws:iam::111122223333:role/admin"),
            ("actor.session.is_mfa", "true"),
            ("api.service.name", "eks.amazonaws.com"),
            ("api.request.uid", "r-1"),
            ("metadata.uid", "e-1"),
            ("cloud.account.uid", "444455556666"),
            ("cloud.region", "us-east-1"),
        ],
    );
}

#[test]
fn events_whose_request_was_only_received_are_no_rows() {
    let line = r#"{"auditID":"1","stage":"RequestReceived","verb":"get","user":{"username":"u"}}"#;
    assert!(audit_rows(line).is_empty());
}

#[tokio::test]
async fn of_whatever_is_missing_the_rest_is_there() {
    let mut rows = audit_rows(r#"{"auditID":"1","verb":"get","user":{"username":7},"objectRef":[]}"#);
    rows.extend(trail_rows(
        r#"{"eventID":"2","eventName":"X","eventSource":"y.amazonaws.com","resources":"z"}"#,
    ));
    let read = read_back(rows, Class::Events).await;
    assert_eq!(read.len(), 2);
    for row in &read {
        required(row, "api_activity");
    }
}

/// What OCSF demands, and what it demands one of.
fn required(row: &BTreeMap<String, String>, class: &str) {
    let facts: Value =
        serde_json::from_str(include_str!("../../../../../cases/lake/ocsf-required.json")).unwrap();
    let has = |path: &str| {
        row.keys().any(|key| {
            key == path || key.starts_with(&format!("{path}.")) || key.starts_with(&format!("{path}["))
        })
    };
    for path in facts[class]["required"].as_array().unwrap() {
        assert!(has(path.as_str().unwrap()), "{path} of {row:#?}");
    }
    for paths in facts[class]["one_of"].as_array().unwrap() {
        assert!(
            paths.as_array().unwrap().iter().any(|path| has(path.as_str().unwrap())),
            "{paths} of {row:#?}"
        );
    }
    for (path, values) in facts[class]["values"].as_object().unwrap() {
        let value = row.get(path).map_or("", String::as_str);
        let mut known = values.as_array().unwrap().iter().map(Value::to_string);
        assert!(known.any(|known| known == value), "{path}: {value}");
    }
}

#[tokio::test]
async fn each_case_makes_rows_that_ocsf_takes_and_findings_as_they_are() {
    let mut findings = 0;
    let scope = Scope {
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        cluster: Some("shop".into()),
        ..Scope::default()
    };
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/detect");
    for file in std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let (mut events, mut found, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        let text = String::from_utf8(std::fs::read(&file).unwrap()).unwrap();
        for line in text.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let mut detector = Detector::new();
            let place = Place { file: "audit.log".into(), line: 1 };
            for event in case["events"].as_array().into_iter().flatten().map(Value::to_string) {
                let _ = ringwall_detect::audit::read(&event, &mut |event| detector.audit(event, &place));
                events.extend(audit_rows(&event));
            }
            found.extend(detector.findings().into_iter().map(|finding| Row::finding(finding, &scope)));
            expected.extend(detector.findings().into_iter().map(|finding| ocsf(finding, &scope)));
        }
        for row in read_back(events, Class::Events).await {
            required(&row, "api_activity");
        }
        let mut read = read_back(found, Class::Findings).await;
        assert_eq!(read.len(), expected.len());
        let order = |id: &str, message: &str, time: &str| format!("{id} {message} {time}");
        read.sort_by_key(|row| order(&row["finding_id"], &row["message"], &row["time"]));
        expected.sort_by_key(|value| {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            order(&text(&value["finding_info"]["uid"]), &text(&value["message"]), &text(&value["time"]))
        });
        for (row, value) in read.iter().zip(&expected) {
            required(row, "detection_finding");
            whole(row, "", value);
        }
        findings += read.len();
    }
    assert!(findings > 50, "{findings}");
}

/// Each value of a finding's OCSF is in its row.
fn whole(row: &BTreeMap<String, String>, path: &str, value: &Value) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(_) if path == "unmapped" => assert_eq!(row[path], value.to_string()),
        Value::Object(members) => members.iter().for_each(|(name, value)| whole(row, &below(name), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| whole(row, &format!("{path}[{at}]"), item));
        }
        Value::String(text) => assert_eq!(row.get(path), Some(text), "{path}"),
        other => assert_eq!(row.get(path), Some(&other.to_string()), "{path}"),
    }
}

/// A name that SQL has for itself would have to be quoted in every query.
#[test]
fn columns_are_no_keywords() {
    let keywords =
        ["from", "in", "on", "to", "what", "when", "where", "who", "user", "group", "order", "time"];
    for name in NAMED_COLUMNS {
        assert!(!keywords.contains(&name) || matches!(name, "what" | "who"), "{name}");
        for class in Class::ALL {
            assert!(schema(class).field_with_name(name).is_ok());
        }
    }
    fn leaves(fields: &Fields) -> usize {
        fields
            .iter()
            .map(|field| match field.data_type() {
                DataType::Struct(fields) => leaves(fields),
                _ => 1,
            })
            .sum()
    }
    assert!(leaves(schema(Class::Events).fields()) > 60);
}

#[tokio::test]
async fn rows_are_sorted_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    let mut lake = Lake::open(location.clone(), Settings::default());
    for (position, second) in [(1, 30), (2, 10), (3, 20)] {
        lake.append(&shop(), position, crate::support::event(&second.to_string(), second)).unwrap();
    }
    lake.flush().await.unwrap();
    assert_eq!(texts(&visible(&location, Class::Events).await, "event_id"), ["10", "20", "30"]);
}
