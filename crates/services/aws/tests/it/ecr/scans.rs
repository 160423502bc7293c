//! Scanning: what is set, what is asked for, what was found.

use std::collections::BTreeMap;

use ringwall_oci::control::{Scan, ScanStatus};
use serde_json::{Value, json};

use super::{digest, ecr, manifest, put, repository};
use crate::harness::{ACCOUNT, Harness};

#[tokio::test]
async fn the_registrys_filters_and_the_repositorys_own_setting_count() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "prod/app").await;
    repository(&admin, "dev").await;
    let shown = async || {
        let input = json!({ "repositoryNames": ["prod/app", "dev", "none"] });
        let reply = ecr(&admin, "BatchGetRepositoryScanningConfiguration", input).await;
        let of = |at: usize| reply.ok()["scanningConfigurations"][at]["scanFrequency"].clone();
        assert_eq!(reply.ok()["failures"][0]["failureCode"], json!("REPOSITORY_NOT_FOUND"));
        (of(0), of(1))
    };
    assert_eq!(shown().await, (json!("MANUAL"), json!("MANUAL")));
    let own = json!({ "repositoryName": "dev", "imageScanningConfiguration": { "scanOnPush": true } });
    ecr(&admin, "PutImageScanningConfiguration", own).await.ok();
    assert_eq!(shown().await, (json!("MANUAL"), json!("SCAN_ON_PUSH")));
    let rules = json!({ "scanType": "BASIC", "rules": [{
        "scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{ "filter": "prod*", "filterType": "WILDCARD" }],
    }] });
    ecr(&admin, "PutRegistryScanningConfiguration", rules.clone()).await.ok();
    let got = ecr(&admin, "GetRegistryScanningConfiguration", json!({})).await;
    assert_eq!(got.ok()["scanningConfiguration"], rules);
    assert_eq!(shown().await, (json!("SCAN_ON_PUSH"), json!("SCAN_ON_PUSH")));
    let bad = json!({ "scanType": "BASIC", "rules": [{
        "scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [],
    }] });
    assert_eq!(
        ecr(&admin, "PutRegistryScanningConfiguration", bad).await.code(),
        "InvalidParameterException"
    );
    let enhanced = json!({ "scanType": "ENHANCED", "rules": [{
        "scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{ "filter": "prod", "filterType": "WILDCARD" }],
    }] });
    ecr(&admin, "PutRegistryScanningConfiguration", enhanced).await.ok();
    assert_eq!(shown().await, (json!("CONTINUOUS_SCAN"), Value::Null));
}

#[tokio::test]
async fn a_scan_is_asked_for_and_its_findings_are_shown() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    repository(&admin, "app").await;
    let manifest = manifest(&admin, "app", "one").await;
    put(&admin, "app", &manifest, Some("v1")).await.ok();
    let digest = digest(manifest.as_bytes());
    let of = json!({ "repositoryName": "app", "imageId": { "imageTag": "v1" } });
    assert_eq!(ecr(&admin, "DescribeImageScanFindings", of.clone()).await.code(), "ScanNotFoundException");
    let started = ecr(&admin, "StartImageScan", of.clone()).await;
    assert_eq!(started.ok()["imageScanStatus"]["status"], json!("IN_PROGRESS"));
    assert_eq!(ecr(&admin, "StartImageScan", of.clone()).await.code(), "LimitExceededException");
    let pending = ecr(&admin, "DescribeImageScanFindings", of.clone()).await;
    assert_eq!(pending.ok()["imageScanStatus"]["status"], json!("PENDING"));

    // What the scanner does.
    let control = harness.control();
    let id = control.scans.scan_all(None, 10).await.unwrap()[0].place.name.clone();
    let id = id.split('@').next().unwrap();
    let findings: Vec<Value> = (0..600)
        .map(|at| json!({ "name": format!("CVE-{at}"), "severity": "HIGH", "uri": "https://example.com" }))
        .collect();
    let scan = Scan {
        status: ScanStatus::Complete,
        description: Some("The scan was completed successfully.".to_owned()),
        enhanced: false,
        requested: None,
        completed: Some(harness.now()),
        source_updated: Some(harness.now()),
        counts: BTreeMap::from([("HIGH".to_owned(), 600)]),
        pages: 0,
    };
    control.put_scan(ACCOUNT, id, &digest, scan.clone(), &findings).await.unwrap();
    let mut input = of.clone();
    input["maxResults"] = 170.into();
    let mut seen = Vec::new();
    loop {
        let page = ecr(&admin, "DescribeImageScanFindings", input.clone()).await;
        let found = &page.ok()["imageScanFindings"];
        assert_eq!(found["findingSeverityCounts"], json!({ "HIGH": 600 }));
        seen.extend(found["findings"].as_array().unwrap().iter().map(|one| one["name"].clone()));
        match &page.ok()["nextToken"] {
            Value::Null => break,
            token => input["nextToken"] = token.clone(),
        }
    }
    let expected: Vec<Value> = findings.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(seen, expected);
    let input = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "v1" }] });
    let described = ecr(&admin, "DescribeImages", input).await;
    let detail = &described.ok()["imageDetails"][0];
    assert_eq!(detail["imageScanFindingsSummary"]["findingSeverityCounts"], json!({ "HIGH": 600 }));
    // A later scan that found less leaves nothing of the earlier one.
    control.put_scan(ACCOUNT, id, &digest, scan, &findings[..1]).await.unwrap();
    let found = ecr(&admin, "DescribeImageScanFindings", of.clone()).await;
    assert_eq!(found.ok()["imageScanFindings"]["findings"].as_array().unwrap().len(), 1);
    assert!(control.findings(ACCOUNT, id, &digest, 1).await.unwrap().is_empty());
    harness.pass(24 * 60 * 60 + 1);
    ecr(&admin, "StartImageScan", of).await.ok();
    // An image that is pushed again after it was deleted has no findings of the one before.
    let delete = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "v1" }] });
    ecr(&admin, "BatchDeleteImage", delete).await.ok();
    put(&admin, "app", &manifest, Some("v1")).await.ok();
    let of = json!({ "repositoryName": "app", "imageId": { "imageTag": "v1" } });
    assert_eq!(ecr(&admin, "DescribeImageScanFindings", of).await.code(), "ScanNotFoundException");
}
