//! A lake with a few days of two clusters and of CloudTrail, and the events as they are, for a naive twin.

use std::path::Path;

use ringwall_detect::finding::Place;
use ringwall_detect::output::Scope;
use ringwall_detect::{Detector, audit, cloudtrail};
use ringwall_lake::{Lake, Location, Origin, Partition, Row, Settings};
use serde_json::{Value, json};

/// Events as they are logged.
pub(crate) struct Made {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) audit: Vec<Value>,
    pub(crate) trail: Vec<Value>,
}

impl Made {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn audit_event(number: usize) -> Value {
    let day = 18 + number % 4;
    let users = ["jane", "system:serviceaccount:shop:checkout", "system:anonymous", "o'neil"];
    let resources = [
        ("pods", "exec"),
        ("secrets", ""),
        ("configmaps", ""),
        ("rolebindings", ""),
        ("serviceaccounts", "token"),
    ];
    let verbs = ["create", "get", "list", "delete"];
    let (resource, part) = resources[number % 5];
    let verb = verbs[number / 3 % 4];
    // One comes once, on the second day, with a client of its own.
    let is_odd = number == 1;
    let user = if is_odd { "mallory" } else { users[number % 3 + usize::from(number.is_multiple_of(11))] };
    let agent = if is_odd { "odd".to_owned() } else { format!("agent/{}", number % 13) };
    let code = if number.is_multiple_of(4) { 403 } else { 200 };
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Request", "auditID": format!("a-{number}"),
        "stage": "ResponseComplete", "requestURI": format!("/api/v1/namespaces/shop/{resource}/x{}", number % 7),
        "verb": verb, "user": {"username": user},
        "sourceIPs": [format!("192.0.2.{}", number % 9)], "userAgent": agent,
        "objectRef": {"resource": resource, "namespace": "shop", "name": format!("x{}", number % 7), "subresource": part},
        "responseStatus": {"code": code},
        "requestObject": {"spec": {"containers": [{"image": "evil:1", "securityContext": {"privileged": true}}]}},
        "requestReceivedTimestamp": format!("2026-11-{day}T10:{:02}:{:02}.000000Z", number / 60 % 60, number % 60),
    })
}

fn record(number: usize) -> Value {
    let names = ["AssumeRole", "CreateAccessEntry", "StopLogging", "GetCallerIdentity"];
    let sources = ["sts", "eks", "cloudtrail", "sts"];
    let region = ["eu-west-1", "us-east-1"][number % 2];
    let account = ["111122223333", "444455556666"][number % 2];
    json!({
        "eventVersion": "1.09", "eventID": format!("e-{number}"), "eventName": (names[number % 4]),
        "eventSource": format!("{}.amazonaws.com", sources[number % 4]),
        "eventTime": format!("2026-11-{}T11:00:00Z", 18 + number % 4),
        "awsRegion": region, "recipientAccountId": account,
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/jane", "accountId": "111122223333"},
        "sourceIPAddress": "192.0.2.1", "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/a"},
    })
}

/// Written in several flushes, as a service would.
pub(crate) async fn make() -> Made {
    let made = Made {
        folder: tempfile::tempdir().unwrap(),
        audit: (0..240).map(audit_event).collect(),
        trail: (0..40).map(record).collect(),
    };
    let mut lake = Lake::open(Location::folder(made.path()).unwrap(), Settings::default());
    let account = "111122223333";
    let mut detector = Detector::new();
    for (cluster, remainder) in [("shop", 0), ("bank", 1)] {
        let partition = Partition::new(cluster, account, "eu-west-1");
        let origin =
            Origin { account: account.into(), region: "eu-west-1".into(), cluster: cluster.into(), now: 0 };
        let place = Place { file: cluster.into(), line: 1 };
        for (number, event) in made.audit.iter().enumerate().filter(|(number, _)| number % 2 == remainder) {
            let mut rows = Vec::new();
            audit::read(&event.to_string(), &mut |event| {
                rows.extend(Row::audit(event, &origin));
                detector.audit(event, &place);
            })
            .unwrap();
            for row in rows {
                lake.append(&partition, number as u64, row).unwrap();
            }
            if number % 100 > 97 {
                lake.flush().await.unwrap();
            }
        }
        lake.flush().await.unwrap();
    }
    let partition = Partition::new("trail", account, "eu-west-1");
    let origin =
        Origin { account: account.into(), region: "eu-west-1".into(), cluster: "shop".into(), now: 0 };
    for (number, line) in made.trail.iter().enumerate() {
        let mut rows = Vec::new();
        cloudtrail::read(&line.to_string(), &mut |record| rows.push(Row::cloudtrail(record, &origin)))
            .unwrap();
        for row in rows {
            lake.append(&partition, number as u64, row).unwrap();
        }
    }
    let scope = Scope {
        account: Some(account.into()),
        region: Some("eu-west-1".into()),
        cluster: Some("shop".into()),
        ..Scope::default()
    };
    let findings = detector.findings();
    assert!(!findings.is_empty());
    // Twice, as when it is counted up.
    for position in [1000, 1001] {
        for finding in &findings {
            let mut finding = (*finding).clone();
            finding.count += position;
            lake.append(&partition, position, Row::finding(&finding, &scope)).unwrap();
        }
    }
    lake.flush().await.unwrap();
    made
}
