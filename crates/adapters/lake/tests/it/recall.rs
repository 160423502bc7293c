use std::ops::ControlFlow;

use ringwall_lake::{Lake, Location, Recalled, Row, Settings, recall};
use serde_json::{Value, json};

use crate::support::{audit_rows, event_on, shop, trail_rows};

async fn recalled(rows: Vec<Row>) -> Vec<Recalled> {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    let mut lake = Lake::open(location.clone(), Settings::default());
    for (row, position) in rows.into_iter().zip(1..) {
        lake.append(&shop(), position, row).unwrap();
    }
    lake.flush().await.unwrap();
    let mut all = Vec::new();
    let unread = recall(&location, &mut |event| {
        all.push(event);
        ControlFlow::Continue(())
    })
    .await
    .unwrap();
    assert!(unread.is_empty(), "{unread:?}");
    all
}

#[tokio::test]
async fn an_audit_event_comes_back_without_what_is_not_kept() {
    let event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "a-1", "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/shop/pods?dryRun=All", "verb": "create",
        "user": {"username": "ann", "uid": "u-1", "groups": ["dev", "system:authenticated"], "extra": {"arn": ["arn:aws:iam::1:user/ann"]}},
        "sourceIPs": ["192.0.2.7", "10.0.0.1"], "userAgent": "kubectl/v1.34.1",
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "web", "apiVersion": "v1"},
        "responseStatus": {"code": 403, "reason": "Forbidden", "message": "no"},
        "requestObject": {"spec": {"containers": [{"name": "a", "image": "x", "securityContext": {"privileged": true}}]}},
        "annotations": {"authorization.k8s.io/decision": "forbid"},
        "requestReceivedTimestamp": "2026-11-20T09:00:00.000001Z"
    });
    let mut sent = event.clone();
    sent["requestObject"]["spec"]["containers"][0]["env"] = json!([{"name": "PASSWORD", "value": "planted"}]);
    let all = recalled(audit_rows(&sent.to_string())).await;
    let [one] = all.as_slice() else { panic!("{all:?}") };
    assert!(!one.is_record && one.row == 1 && one.file.ends_with(".parquet"), "{one:?}");
    let mut back: Value = serde_json::from_str(&one.json).unwrap();
    // Names of variables are kept, and what they hold is not.
    let container = &mut back["requestObject"]["spec"]["containers"][0];
    container.as_object_mut().unwrap().remove("env");
    assert!(!one.json.contains("planted"));
    assert_eq!(back, event);
}

#[tokio::test]
async fn a_record_comes_back() {
    let record = json!({
        "userIdentity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Ops/ann", "principalId": "AROA:ann",
            "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/Ops"}, "attributes": {"mfaAuthenticated": "true"}}
        },
        "eventTime": "2026-11-20T09:00:00Z", "eventSource": "eks.amazonaws.com", "eventName": "UpdateClusterConfig",
        "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.24", "userAgent": "aws-cli/2.31.0", "errorCode": "AccessDenied",
        "requestID": "r-1", "eventID": "e-1", "recipientAccountId": "111122223333", "eventType": "AwsApiCall",
        "requestParameters": {"name": "shop", "logging": {"clusterLogging": [{"types": ["audit"], "enabled": false}]}}
    });
    let all = recalled(trail_rows(&record.to_string())).await;
    let [one] = all.as_slice() else { panic!("{all:?}") };
    assert!(one.is_record);
    assert_eq!(serde_json::from_str::<Value>(&one.json).unwrap(), record);
}

#[tokio::test]
async fn days_come_in_their_order_and_it_ends_when_told() {
    let rows = || {
        vec![event_on("c", "2026-11-21", 1), event_on("b", "2026-11-20", 9), event_on("a", "2026-11-20", 2)]
    };
    let all = recalled(rows()).await;
    let id = |event: &Recalled| {
        serde_json::from_str::<Value>(&event.json).unwrap()["auditID"].as_str().unwrap().to_owned()
    };
    assert_eq!(all.iter().map(id).collect::<Vec<_>>(), ["a", "b", "c"]);
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    let mut lake = Lake::open(location.clone(), Settings::default());
    for (row, position) in rows().into_iter().zip(1..) {
        lake.append(&shop(), position, row).unwrap();
    }
    lake.flush().await.unwrap();
    let mut count = 0;
    recall(&location, &mut |_| {
        count += 1;
        ControlFlow::Break(())
    })
    .await
    .unwrap();
    assert_eq!(count, 1);
    std::fs::write(folder.path().join("ext/ringwall-events/broken.parquet"), "no").unwrap();
    let unread = recall(&location, &mut |_| ControlFlow::Continue(())).await.unwrap();
    assert_eq!(unread.len(), 1);
}
