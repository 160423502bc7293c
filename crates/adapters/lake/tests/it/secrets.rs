use ringwall_lake::{Class, Lake, Location, Settings};
use serde_json::json;

use crate::support::{audit_rows, files, shop, trail_rows, visible};

/// What is planted, and what must be nowhere: as it is, and in base64.
const PLANTED: [&str; 2] = ["hunter2-planted", "aHVudGVyMi1wbGFudGVk"];

fn event(change: serde_json::Value) -> String {
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "1",
        "stage": "ResponseComplete", "verb": "create", "user": {"username": "jane"}, "requestURI": "/api/v1/namespaces/a/secrets",
        "responseStatus": {"code": 201}, "requestReceivedTimestamp": "2026-11-20T10:00:00Z",
    });
    event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    event.to_string()
}

#[tokio::test]
async fn a_planted_secret_is_in_no_file() {
    let [plain, base64] = PLANTED;
    let reference = |resource: &str, part: &str| json!({"resource": resource, "namespace": "a", "name": "n", "subresource": part});
    let audit = [
        json!({"objectRef": reference("secrets", ""), "requestObject": {"data": {"password": base64}, "stringData": {"name": plain}},
            "responseObject": {"kind": "Secret", "metadata": {"name": "n"}, "data": {"password": base64}}}),
        json!({"objectRef": reference("secrets", ""), "verb": "patch",
            "requestObject": [{"op": "replace", "path": "/data/password", "value": base64}]}),
        json!({"objectRef": reference("secrets", ""), "responseStatus": {"code": 422, "reason": "Invalid",
            "message": format!("Secret \"n\" is invalid: data: Invalid value: \"{plain}\"")}}),
        json!({"objectRef": reference("secrets", ""), "verb": "list", "responseObject":
            {"kind": "SecretList", "items": [{"metadata": {"name": "n"}, "data": {"name": base64}}]}}),
        json!({"objectRef": reference("configmaps", ""), "requestObject": {"data": {"image": plain}}}),
        json!({"objectRef": reference("serviceaccounts", "token"), "requestObject": {"spec": {"audiences": ["a"]}},
            "responseObject": {"status": {"token": plain}}}),
        json!({"objectRef": reference("tokenreviews", ""), "requestObject": {"spec": {"token": plain}},
            "responseObject": {"spec": {"token": plain}}}),
        json!({"objectRef": reference("pods", ""), "requestObject": {
            "metadata": {"name": "n", "labels": {"image": plain},
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"image\":\"{plain}\"}}")}},
            "spec": {"containers": [{"name": "c", "image": "i", "command": [plain], "args": [plain],
                "env": [{"name": "P", "value": plain}], "readinessProbe": {"httpGet": {"httpHeaders": [{"name": "a", "value": plain}]}}}]}}}),
        json!({"objectRef": reference("pods", ""), "verb": "patch",
            "requestObject": [{"op": "add", "path": "/spec/containers/0/env/-", "value": {"name": plain, "value": plain}}]}),
        json!({"objectRef": reference("pods", ""), "annotations":
            {"patch.webhook.admission.k8s.io/round_0_index_0": format!("{{\"patch\":[{{\"value\":\"{plain}\"}}]}}")}}),
        json!({"objectRef": reference("services", "proxy"),
            "requestURI": format!("/api/v1/namespaces/a/services/n/proxy/login?user=jane&pass={plain}")}),
        json!({"objectRef": reference("pods", "log"),
            "requestURI": format!("/api/v1/namespaces/a/pods/n/log?access_token={plain}")}),
        json!({"objectRef": reference("certificatesigningrequests", ""), "requestObject": {"spec": {"request": base64}}}),
    ];
    let trail = [
        json!({"eventID": "1", "eventName": "AssumeRole", "eventSource": "sts.amazonaws.com", "eventTime": "2026-11-20T10:00:00Z",
            "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/a"},
            "responseElements": {"credentials": {"accessKeyId": "ASIAEXAMPLE", "sessionToken": plain, "secretAccessKey": plain}}}),
        json!({"eventID": "2", "eventName": "CreateSecret", "eventSource": "secretsmanager.amazonaws.com",
            "eventTime": "2026-11-20T10:00:00Z", "requestParameters": {"name": "n", "secretString": plain}}),
        json!({"eventID": "3", "eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com",
            "eventTime": "2026-11-20T10:00:00Z", "errorMessage": plain,
            "responseElements": {"accessKey": {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": plain}}}),
    ];
    let folder = tempfile::tempdir().unwrap();
    let location = Location::folder(folder.path()).unwrap();
    let mut lake = Lake::open(location.clone(), Settings::default());
    let rows = audit.into_iter().flat_map(|change| audit_rows(&event(change)));
    let rows = rows.chain(trail.iter().flat_map(|record| trail_rows(&record.to_string())));
    let mut count = 0;
    for (row, position) in rows.zip(1..) {
        lake.append(&shop(), position, row).unwrap();
        count = position;
    }
    lake.flush().await.unwrap();
    assert_eq!(count, 16);
    // Compressed, a value need not stand there as it is: every value of every column is looked at.
    let batches = visible(&location, Class::Events).await;
    let printed = format!("{batches:?}");
    assert!(
        printed.contains("arn:aws:iam::111122223333:role/a") && printed.contains("/spec/containers/0/env/-")
    );
    for planted in PLANTED {
        assert!(!printed.contains(planted), "{planted}");
        for file in files(folder.path()) {
            let bytes = std::fs::read(file).unwrap();
            assert!(!bytes.windows(planted.len()).any(|window| window == planted.as_bytes()));
        }
    }
}
