use std::fs::{self, OpenOptions};
use std::io::Write as _;

use crate::{Home, Running, count, exec, read};

#[tokio::test(flavor = "multi_thread")]
async fn files_are_followed_over_rotation_and_restarts() {
    let home = Home::new();
    let mut settings = home.settings();
    let folder = home.path("log");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("audit.log");
    settings.clusters[0].files = vec![folder.clone()];
    let append = |event: &serde_json::Value| {
        let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        writeln!(file, "{event}").unwrap();
    };
    append(&exec(1));
    let running = Running::start(&settings).await;
    let findings = running.until(|findings| count(findings) == 1).await;
    assert_eq!(findings[0]["evidence"][0]["file"], path.display().to_string());
    append(&exec(2));
    running.until(|findings| count(findings) == 2).await;
    running.stop().await;

    append(&exec(3));
    fs::rename(&path, folder.join("audit-1.log")).unwrap();
    append(&read(4));
    append(&exec(5));
    let running = Running::start(&settings).await;
    let findings = running.until(|findings| count(findings) == 4).await;
    let lines: Vec<_> =
        findings[0]["evidence"].as_array().unwrap().iter().map(|of| of["line"].clone()).collect();
    assert_eq!(lines, [1, 2, 3, 2]);
    assert_eq!(running.counted("ringwall_audit_events_total{cluster=\"shop\",outcome=\"judged\"}"), 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_filters_and_rules_are_read_again_when_they_change() {
    let home = Home::new();
    let mut settings = home.settings();
    let (list, filter, rules) = (home.path("list.txt"), home.path("filter.json"), home.path("rules"));
    fs::create_dir(&rules).unwrap();
    fs::write(&list, "192.0.2.1\n").unwrap();
    fs::write(
        &filter,
        r#"{"name":"none","action":"ARCHIVE","findingCriteria":{"criterion":{"type":{"eq":["x"]}}}}"#,
    )
    .unwrap();
    settings.lists = vec![list.display().to_string()];
    settings.filters = vec![filter.clone()];
    settings.rules = vec![ringwall_sigma::Origin { path: rules.clone(), is_dry_run: false }];
    let running = Running::start(&settings).await;
    running.send(&[read(1), exec(2)]).await;
    running.until(|findings| findings.len() == 1).await;

    fs::write(&list, "192.0.2.1\n10.0.3.0/24\n").unwrap();
    let rule = "title: A pod was read\nid: 5a0f5f0e-3a4e-4f5c-9a55-3b6f2a1f9c10\n\
                logsource: {product: kubernetes, service: audit}\n\
                detection: {s: {verb: get, objectRef.resource: pods}, condition: s}\nlevel: high\n";
    fs::write(rules.join("pods.yml"), rule).unwrap();
    running.audit.look();
    running.send(&[read(3)]).await;
    let types = |findings: &[serde_json::Value]| {
        findings.iter().map(|of| of["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let found = running.until(|findings| findings.len() >= 3).await;
    let types = types(&found);
    for name in ["Custom:Kubernetes/Ringwall.SigmaRule", "Discovery:Kubernetes/MaliciousIPCaller.Custom"] {
        assert!(types.iter().any(|of| of == name), "{name} is not in {types:?}");
    }

    // What is wrong changes nothing.
    fs::write(rules.join("bad.yml"), "title: {\n").unwrap();
    fs::write(&filter, "{").unwrap();
    running.audit.look();
    running.send(&[read(4)]).await;
    running.until(|findings| findings.iter().any(|of| of["service"]["count"] == 2)).await;

    fs::remove_file(rules.join("bad.yml")).unwrap();
    let all = r#"{"name":"all","action":"ARCHIVE","findingCriteria":{"criterion":{"severity":{"gte":0}}}}"#;
    fs::write(&filter, all).unwrap();
    running.audit.look();
    running.until(|findings| findings.is_empty()).await;
    assert!(running.findings(true).len() >= 3);
    running.stop().await;
}
